/* Writes a pattern over all areas of a disk. */
#ifndef QUIETUS_ERASE_WRITER_H
#define QUIETUS_ERASE_WRITER_H

#include "quietus/armed.h"
#include "quietus/pattern.h"
#include "quietus/progress.h"

enum { WRITER_RANGES_KEPT = 256 };

/* LBAs that could not be written. */
struct bad_range {
    unsigned area;
    uint64_t lba;
    uint64_t count;
};

struct write_report {
    uint64_t written; /* bytes that the device acknowledged */
    uint64_t bad_lbas;
    struct bad_range bad[WRITER_RANGES_KEPT];
    unsigned bad_count; /* kept in the list; bad_lbas counts all */
    int first_error;    /* negative errno of the first write that failed, or 0 */
};

/*
 * Writes every LBA once. A request that fails is narrowed down to the sectors that fail, and the
 * rest of the disk is written all the same. 0 when the whole disk has been gone through, whatever
 * the report says; a negative errno if it was given up: -ETIME when the disk fell silent (buffers
 * are abandoned, the kernel may still read them), -EIO when too much of it fails to go on.
 */
int writer_run(struct armed *armed, const struct layout *layout, const struct pattern *pattern,
               struct progress *progress, struct write_report *report);

#endif
