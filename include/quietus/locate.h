/*
 * The light beside a disk, by which a technician finds it. Switching it is the one thing here that
 * is written outside of an erase; it goes to the enclosure or the slot, never to the disk.
 */
#ifndef QUIETUS_LOCATE_H
#define QUIETUS_LOCATE_H

#include "quietus/disk.h"

/* root: as the scan's. 0; -ENODEV if it has no light that is known; or another negative errno, and
 * then nobody can say what the light shows. */
int locate_set(const char *root, const struct disk_place *place, bool on);

#endif
