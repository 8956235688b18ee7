/*
 * What is kept of an overwrite for the time after a power cut ("quietus.progress/1"): pure decoding
 * and comparing. resume.h has the whole story.
 */
#ifndef QUIETUS_OVERWRITE_STATE_H
#define QUIETUS_OVERWRITE_STATE_H

#include "quietus/policy.h"

enum { RESUME_STATE_LIMIT = 1 << 20 };

/* Nothing is told of before so many bytes are written, or all are: what so little of a disk holds
 * may be there by chance, and a pattern's own ends are blank. */
enum { OVERWRITE_FIRST_POINT = 4 << 20 };

/* A state's document, decoded; texts are borrowed from it. */
struct overwrite_state {
    const char *run_id;
    const char *begun_digest;
    const char *order_digest;
    unsigned pass; /* from 1 */
    uint64_t position;
    struct pattern pattern;
};

/* Pure. 0, or -EINVAL with the reason. */
int overwrite_state_decode(const json_t *document, struct overwrite_state *out,
                           struct reason *reason);

/* Whether it is of this disk as it is now, by an order with this digest and these passes. */
bool overwrite_state_fits(const json_t *document, const struct disk *disk, const char *order_digest,
                          const struct policy *policy, struct reason *reason);

/* The name of a disk's file. */
void overwrite_state_name(const struct disk_identity *identity, char out[80]);

/*
 * Opens a state: its envelope and the statement that its run has begun. A new reference to its
 * document; NULL with the reason if either is not intact or they do not belong together.
 */
json_t *overwrite_state_open(const char *text, size_t length, const char *begun,
                             size_t begun_length, struct reason *reason);

#endif
