/* SNTP (RFC 4330, RFC 5905): the one packet that asks a server for the time, and its answer. */
#ifndef QUIETUS_SNTP_H
#define QUIETUS_SNTP_H

#include "quietus/bytes.h"

enum { SNTP_PACKET_SIZE = 48 };

struct sntp_answer {
    unsigned stratum;
    int64_t received_ms; /* when the question came to the server, since 1970 */
    int64_t sent_ms;     /* when the answer left it */
    int64_t error_ms;    /* how wrong the server may be by its own account */
};

/* The cookie stands where a client's own time would: the answer repeats it, and nobody who has not
 * seen the question can. */
void sntp_question(uint8_t out[SNTP_PACKET_SIZE], uint64_t cookie);

/* -EINVAL: no answer to this question. -EAGAIN: from a server that does not know the time itself.
 */
int sntp_decode(struct bytes packet, uint64_t cookie, struct sntp_answer *out);

#endif
