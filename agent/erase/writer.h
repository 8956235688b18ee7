/* Writes a pattern over all areas of a disk. */
#ifndef QUIETUS_ERASE_WRITER_H
#define QUIETUS_ERASE_WRITER_H

#include "quietus/armed.h"
#include "quietus/overwrite_state.h"
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
    uint64_t written; /* bytes that the device acknowledged; on the medium once it has flushed */
    unsigned requests_failed; /* at the first try, whatever became of their sectors */
    uint64_t bad_lbas;
    struct bad_range bad[WRITER_RANGES_KEPT];
    unsigned bad_count; /* kept in the list; bad_lbas counts all */
    int first_error;    /* negative errno of the first write that failed, or 0 */
    int flush_error;    /* of the first flush before the end that failed, or 0 */
};

/*
 * A pass is given up when so many requests have failed at the first try: each may take the kernel
 * half a minute. And so often is a sector tried that fails: in its request, in that once more, and
 * in each half of it down to the sector alone (1024 sectors of 512 bytes; fewer of larger ones).
 */
enum { WRITER_MOST_FAILED = 64, WRITER_MOST_TRIES = 12 };

/* How often the disk's cache is flushed to tell how far it is; the first time early, since what an
 * order says about the disk's content fits no more by then. */
enum { WRITER_FIRST_POINT = OVERWRITE_FIRST_POINT, WRITER_POINT_MS = 10000 };

struct write_job {
    struct armed *armed;
    const struct layout *layout;
    const struct pattern *pattern;
    struct progress *progress;
    uint64_t from; /* what lies below this (bytes, over all areas in their order) is left alone */
    unsigned crawl_minutes; /* how long it may be too slow (progress.h); 0: as is usual */
    /* Told now and then that everything below a position is written and flushed; NULL: nobody. */
    void (*reached)(void *user, uint64_t position);
    void *user;
};

/*
 * Writes every LBA once. A request that fails is narrowed down to the sectors that fail, and the
 * rest of the disk is written all the same. 0 when the whole disk has been gone through, whatever
 * the report says; a negative errno if it was given up: -ETIME when the disk fell silent (buffers
 * are abandoned, the kernel may still read them), -EIO when too much of it fails to go on,
 * -ETIMEDOUT when it is too slow, -ECANCELED when the run was given up.
 */
int writer_run(const struct write_job *job, struct write_report *report);

#endif
