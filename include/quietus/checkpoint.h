/*
 * How far an overwrite is, told by the disk's thread to whoever keeps it for the time after a power
 * cut (resume.h).
 */
#ifndef QUIETUS_CHECKPOINT_H
#define QUIETUS_CHECKPOINT_H

#include "quietus/pattern.h"

#include <jansson.h>

struct checkpoint;

/* How far it is: everything up to position (bytes, over all areas in their order) holds this pass's
 * pattern, and the disk has flushed its cache since. */
struct overwrite_point {
    unsigned pass; /* from 1 */
    const struct pattern *pattern;
    uint64_t position;
    const json_t *done;    /* array: the passes before, as the evidence has them */
    const json_t *earlier; /* the state that it was taken up from itself, or NULL */
};

/* Copies it, and returns at once. */
void checkpoint_reached(struct checkpoint *checkpoint, const struct overwrite_point *point);

#endif
