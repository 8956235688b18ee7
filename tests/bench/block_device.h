/* A block device by its node, as a disk that takes no commands. */
#ifndef QUIETUS_BENCH_BLOCK_DEVICE_H
#define QUIETUS_BENCH_BLOCK_DEVICE_H

#include "quietus/disk.h"

/* NULL, with a message, if it is none. The caller ends it with disk_free. */
struct disk *block_device(const char *node);

#endif
