/*
 * All areas of a disk as one row of sample units, in the order of the areas. A unit is 4 KiB, or
 * the most whole sectors that fit in 4 KiB, or one sector if it is larger; the last of an area may
 * be shorter.
 */
#ifndef QUIETUS_LAYOUT_H
#define QUIETUS_LAYOUT_H

#include "quietus/disk.h"

enum { LAYOUT_UNIT = 4096, LAYOUT_LARGEST_UNIT = 65536 };

struct layout_area {
    uint64_t bytes;
    uint32_t lba_size;
    uint32_t unit; /* bytes */
    uint64_t units;
    bool reachable; /* has a block device to read and write it by */
};

struct layout {
    struct layout_area areas[DISK_AREAS];
    unsigned area_count;
    uint64_t units; /* of all areas */
    uint64_t bytes;
};

/* A range that is read at once: one unit. */
struct place_unit {
    unsigned area;
    uint64_t offset;
    uint32_t length;
};

void layout_make(const struct disk_area *areas, unsigned count, struct layout *out);

/* Bytes of the largest unit of any area. */
uint32_t layout_largest_unit(const struct layout *layout);

/* index < layout->units. */
struct place_unit layout_unit(const struct layout *layout, uint64_t index);

/* The index of the unit that holds a byte of an area. */
uint64_t layout_index(const struct layout *layout, unsigned area, uint64_t offset);

#endif
