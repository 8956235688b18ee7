/* Where a disk is in the server, for the person who has to find it. */
#ifndef QUIETUS_SCAN_PLACE_H
#define QUIETUS_SCAN_PLACE_H

#include "quietus/scan.h"

/* Fills disk->place from sysfs; after the disk's paths are all there. */
void place_find(const char *root, struct disk *disk);

/* Every bay of every enclosure, with what the enclosure says of it: an array of objects. */
json_t *place_bays(const char *root);

#endif
