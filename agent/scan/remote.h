/* What looks like a disk and is none of this machine's. */
#ifndef QUIETUS_SCAN_REMOTE_H
#define QUIETUS_SCAN_REMOTE_H

#include "quietus/disk.h"

/* The network that a SCSI host brings its disks from, by the host's number at the beginning of an
 * address ("2:0:0:1"); BUS_UNKNOWN if it is none that the kernel calls so. */
enum disk_bus network_of_host(const char *root, const char *address);

/* True for what a BMC shows as a USB disk, by its INQUIRY names. */
bool is_bmc_medium(const struct disk_identity *identity);

#endif
