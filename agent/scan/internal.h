/* What the files of the scan share. */
#ifndef QUIETUS_SCAN_INTERNAL_H
#define QUIETUS_SCAN_INTERNAL_H

#include "quietus/device.h"
#include "quietus/scan.h"

#include <limits.h>

/* Finders: add skeletons of the disks that the kernel shows (nodes, bus, sizes). */
void scan_find_scsi(const char *root, struct scan *scan);
void scan_find_nvme(const char *root, struct scan *scan);
void scan_find_block(const char *root, struct scan *scan);
/* After the others: disks for the block devices that none of them has taken. */
void scan_find_rest(const char *root, struct scan *scan);
/* The disks behind RAID controllers; without ask (saved trees) findings alone. After the finder of
 * SCSI disks: of these it marks the controllers' volumes. */
void scan_find_raid(const char *root, bool ask, struct scan *scan);
/* The disks behind one controller, whose node is known. */
void scan_list_raid(const struct raid_address *controller, const char *driver, struct scan *scan);
/* Asks such a disk what it is, before it is interrogated; false: no disk. */
bool raid_prepare(struct disk *disk);
/* Whether ATA registers come back from such a disk. */
bool raid_registers_come_back(struct device *device, const struct disk *disk);
/* Whether the second is the first, seen through the controller. */
bool raid_is_same(const struct disk *direct, const struct disk *behind);
/* Adds findings for storage controllers without a driver. */
void scan_find_unreached(const char *root, struct scan *scan);

/* A number of "host:channel:target:lun", counted from 0; UINT_MAX if there is none. */
unsigned scsi_address_number(const char *address, unsigned index);

/* Appends a disk and gives it back. */
struct disk *scan_add(struct scan *scan, enum disk_bus bus);
/* Adds an area for the block device of that name, with its sizes as the block layer has them. */
struct disk_area *scan_add_area(const char *root, struct disk *disk, const char *name);

/* As scan_find_again, for a tree elsewhere. */
int scan_find_again_below(const char *root, const struct disk *lost, struct device **out);
/* The greatest number of a block device (diskseq); 0 before Linux 5.15. */
uint64_t scan_newest_block_device(const char *root);
/*
 * Whether a skeleton is some other disk for sure, and need not be asked, which may take long: it
 * has been there since before the scan that found the lost one, or the kernel knows its serial
 * number (NVMe).
 */
bool scan_is_another(const char *root, const struct disk *candidate, const struct disk *lost);
/* Makes one disk of those that are paths to one. */
void scan_merge_paths(struct scan *scan);
/*
 * parts.c: makes one disk of the logical units of one device (a disk with two actuators). Only
 * where they share a target's address, the device's name and the serial number, so that neither the
 * volumes of a storage array nor disks with equal names are taken for parts of one.
 */
void scan_join_parts(struct scan *scan);
/* Says of those that only name the same device that they do. */
void scan_note_units(struct scan *scan);
/* Sets has_twin; once every disk is there once. */
void scan_note_twins(struct scan *scan);

/* Fills a skeleton from the disk's own answers; the second, over a device that is open. */
void interrogate(struct disk *disk);
void interrogate_device(struct device *device, struct disk *disk);
/* Fills a skeleton from the pages that sysfs keeps, for saved trees and disks that do not answer.
 */
void interrogate_saved(const char *root, struct disk *disk);
/* What both have in common: puts decoded answers into the disk. */
void disk_take_ata(struct disk *disk, const struct ata_identify *identify);
/* The capacity as the block layer has it, if the disk did not tell its own. */
void disk_take_block_capacity(struct disk *disk);
void disk_take_scsi_characteristics(struct disk *disk, const struct scsi_characteristics *page);
void disk_take_scsi_designators(struct disk *disk, const struct scsi_designators *page);

/* Reads what libblkid recognises on the disk's areas. */
void content_read(const char *root, struct disk *disk);

/* Finds out what uses the disk, and whether this system was booted from it. */
void use_check(const char *root, struct disk *disk);
/* Of several disks with the boot medium's UUID, which are it; once every disk is there once. */
void use_judge_media(struct scan *scan);

#endif
