/*
 * Finds every disk of this machine and what is known of each. Changes nothing.
 */
#ifndef QUIETUS_SCAN_H
#define QUIETUS_SCAN_H

#include "quietus/device.h"
#include "quietus/server.h"

struct scan_options {
    const char *root; /* "" for this machine; else a saved tree of /sys, /dev and /proc */
    /* Disks that do not answer within this time are listed with what the kernel knows of them. */
    unsigned answer_seconds;
};

enum { SCAN_ANSWER_SECONDS = 90 };

struct scan {
    struct server server;
    struct disk **disks; /* sorted by node */
    size_t disk_count;
    json_t *findings; /* array (finding.h): storage that was seen and cannot be reached */
    json_t *bays; /* array: every bay of every enclosure, with "occupied"; NULL: not looked at */
};

/* Always gives a scan, with findings for what went wrong. End it with scan_free. */
void scan_run(const struct scan_options *options, struct scan *out);
void scan_free(struct scan *scan);

/*
 * Looks for one disk by its identity (a device_finder; user is not used): by hardware as the scan
 * does, but only its kind is asked.
 */
int scan_find_again(void *user, const struct disk *lost, struct device **out);

/*
 * Reads of a disk that is not local what the scan has not (disk_not_local), since an order names
 * it: what is on it, and with that whether it is the boot medium.
 */
void scan_look_closer(const char *root, struct disk *disk);

/* The scan as a document ("quietus.scan/1"); new references. */
json_t *scan_json(const struct scan *scan);
json_t *disk_json(const struct disk *disk);
json_t *disk_identity_json(const struct disk_identity *identity);
/* NULL if nothing is known of where it is. */
json_t *disk_place_json(const struct disk_place *place);

/* What of decoded pages belongs in a disk's document. */
json_t *tcg_json(const struct tcg_discovery *tcg);
json_t *ata_json(const struct ata_identify *ata);
json_t *nvme_json(const struct nvme_controller *nvme);

/* The scan as a table for people. */
void scan_print(const struct scan *scan, FILE *stream);

/* "gpt, 2 partitions: vfat "EFI", ext4 "root"" or "nothing recognised". Returns out. */
char *disk_content_text(const struct disk *disk, char *out, size_t size);

/* "nvme format (crypto, user data), overwrite". Returns out. */
char *disk_capabilities_text(const struct disk *disk, char *out, size_t size);

#endif
