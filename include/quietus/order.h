/*
 * Erase orders ("quietus.order/1"): what is to be erased on which server, on whose authority. A
 * signed order is checked here; whether it fits what the scan found is authorize.h.
 */
#ifndef QUIETUS_ORDER_H
#define QUIETUS_ORDER_H

#include "quietus/envelope.h"
#include "quietus/policy.h"
#include "quietus/server.h"

#include <jansson.h>

enum { ORDER_ID_SIZE = 80, ORDER_LIMIT = 1 << 20 };

struct order {
    json_t *document;
    char id[ORDER_ID_SIZE];
    char digest[ENVELOPE_DIGEST_SIZE];
    char signers[256];   /* names of the trusted keys that signed, for people */
    json_t *signer_keys; /* array: the ids of these keys */
    int64_t not_before;
    int64_t expires;
    struct policy policy;
};

/*
 * Opens an order: the envelope, a signature by a trusted key before anything of it is read, every
 * member's form, and the signatures that its approvals ask for. Members that are not known are
 * refused: they might limit what may be done. 0, or -EINVAL (form), -EACCES (signatures) with the
 * reason. End with order_free.
 */
int order_open(const char *text, size_t length, const struct trust *trust, struct order *out,
               struct reason *reason);
/* The form alone, of an unsigned document. */
int order_check_form(const json_t *document, struct order *out, struct reason *reason);
void order_free(struct order *order);

/* 0 if now (seconds since 1970) lies in the order's time, else -ETIME. */
int order_check_time(const struct order *order, int64_t now, struct reason *reason);

/*
 * The same, and how sure that is. Where the time is not the machine's own and nobody vouches for
 * it: an order that has expired by the machine's clock is not brought to life again (-ETIME); one
 * that would not be valid yet by it (the usual fault: a clock that lost its battery) is good, and
 * doubt says so for every certificate; as of one that has expired by the machine's clock, and by
 * the time that somebody vouches for has not. Else doubt is "".
 */
int order_judge_time(const struct order *order, int64_t now, struct reason *doubt,
                     struct reason *reason);

/*
 * 0 if every factor that the order names (serial, UUID, board serial, MACs) is this server's, and
 * at least two are named, placeholders not counted; else -EXDEV.
 */
int order_check_server(const struct order *order, const struct server *server,
                       struct reason *reason);

#endif
