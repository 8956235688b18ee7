/* Looking into what a scan has found. */
#ifndef QUIETUS_SCANNED_H
#define QUIETUS_SCANNED_H

#include "quietus/scan.h"

/* Scans a tree of /sys and /dev in a folder; the caller ends it with scan_free. */
struct scan scan_tree(const char *root);
/* The disk with that node; fails the test if there is none. */
const struct disk *disk_at(const struct scan *scan, const char *node);
/* Whether one of these texts (findings, exceptions) has that part. */
bool any_has(const json_t *texts, const char *part);

#endif
