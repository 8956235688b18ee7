/* Which SCSI devices are made by a RAID controller, and what it keeps to itself. */
#ifndef QUIETUS_SCAN_VOLUMES_H
#define QUIETUS_SCAN_VOLUMES_H

#include "quietus/scan.h"

/* Sets what is known of the disk as a volume or as a hidden member; its names, controller and nodes
 * are known already. folder: the SCSI device's. */
void volume_note(const char *root, const char *folder, struct disk *disk);

/* Adds a finding for each RAID controller behind which there is, or may be, more than is shown. */
void scan_find_controllers(const char *root, struct scan *scan);

#endif
