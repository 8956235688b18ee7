/*
 * Reads many places of a disk with many requests in flight; in at most as much memory as the writer
 * (buffers.h), and never at the same time. Places that follow each other on the disk are one
 * request; if it fails each is read alone, so that what is reported is of each place.
 */
#ifndef QUIETUS_VERIFY_READER_H
#define QUIETUS_VERIFY_READER_H

#include "quietus/device.h"
#include "quietus/layout.h"
#include "quietus/progress.h"

struct reader {
    struct device *device;
    struct progress *progress;
    uint64_t count;
    bool whole; /* the places are all of the disk, or nearly: larger requests, fewer at a time */
    /* The i-th place to read, a unit of the disk's layout; asked for once each, in this order. */
    struct place_unit (*place)(void *user, uint64_t i);
    /* Called once for each place: with its data, or with NULL and a negative errno. */
    void (*done)(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                 int error);
    void *user;
    const bool *enough; /* once it is true nothing more is read: -EIO; or NULL */
};

/*
 * 0 when every place has been reported to done; negative errno if reading could not go on (-ETIME:
 * the disk has fallen silent), and then buffers that the kernel may still write to are abandoned.
 */
int reader_run(const struct reader *reader);

#endif
