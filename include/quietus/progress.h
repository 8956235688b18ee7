/*
 * How far a disk's thread is, for whoever watches. Written by that thread, read by others, without
 * locks.
 */
#ifndef QUIETUS_PROGRESS_H
#define QUIETUS_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_WAITING,
    PHASE_PREPARING,
    PHASE_SAMPLING, /* reads before a firmware erase, markers */
    PHASE_WRITING,
    PHASE_FORMATTING,
    PHASE_SANITIZING,
    PHASE_ERASING,  /* security erase: the drive says nothing until it is done */
    PHASE_EARLIER,  /* something from before this run is still under way in the drive */
    PHASE_VANISHED, /* it may come back under another name */
    PHASE_VERIFYING,
    PHASE_ENDED,
};

const char *phase_name(enum phase phase);

struct progress {
    atomic_int phase; /* enum phase */
    atomic_uint part; /* pass or namespace, from 1 */
    atomic_uint parts;
    /* Bytes or samples, within the part. Of an overwrite: bytes that the device has acknowledged;
     * it may have those past `flushed` in its cache alone. */
    atomic_uint_fast64_t done;
    atomic_uint_fast64_t total;
    atomic_uint_fast64_t flushed; /* of an overwrite: all below is written and flushed */
    /*
     * When the disk must have been heard of again, on clock_monotonic_ms: past it the thread is
     * given up. Moved on by every completed request; set far ahead before a command that may take
     * long.
     */
    atomic_int_fast64_t deadline_ms;
    /* Set by the watcher when it has given the run up: the thread may still wake up, and then must
     * begin nothing more that destroys. */
    atomic_bool given_up;
};

/* No request to a disk takes longer than this unless its command says so; the kernel's own retries
 * of a bad sector end well before. */
enum { PROGRESS_SILENCE_MS = 300000 };

/* A disk that answers, but is overwritten more slowly than this (bytes a second) on the average of
 * so many minutes, would take longer than it lasts: it is given up. More minutes: policy.h's
 * stall_minutes. */
enum { PROGRESS_CRAWL_BYTES = 200000, PROGRESS_CRAWL_MINUTES = 30, PROGRESS_CRAWL_LEAST = 10 };

void progress_start(struct progress *progress, enum phase phase, unsigned part, unsigned parts,
                    uint64_t total);
/* The disk has been heard of; done is the new count. */
void progress_heard(struct progress *progress, uint64_t done);
/* The next answer may take this long. */
void progress_expect(struct progress *progress, int64_t milliseconds);

#endif
