/* A disk's progress as somebody who looks at it now and then has seen it. */
#ifndef QUIETUS_PROGRESS_SEEN_H
#define QUIETUS_PROGRESS_SEEN_H

#include "quietus/progress.h"

struct progress_seen {
    enum phase phase;
    unsigned part;
    unsigned parts;
    uint64_t done;
    uint64_t total;
    uint64_t flushed;    /* of an overwrite */
    int64_t since_ms;    /* start of the phase's part, for the rate */
    uint64_t since_done; /* what was done then: an overwrite may have been taken up */
};

/* Takes over what the disk's thread has written; true if it has entered another phase or part. */
bool progress_look(const struct progress *progress, struct progress_seen *seen);

/* What was done per second since the part began or was taken up; 0: not known. */
uint64_t progress_rate(const struct progress_seen *seen);

#endif
