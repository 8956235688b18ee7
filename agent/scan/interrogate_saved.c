/* What sysfs keeps of a disk's own pages: for saved trees, and for disks that do not answer. */
#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <inttypes.h>
#include <string.h>

enum { PAGE_LIMIT = 4096 };

/* Reads a page that sysfs has as a binary attribute of the SCSI device; empty if it has none. */
static struct bytes saved_page(const char *root, const struct disk *disk, const char *name,
                               char **memory) {
    char path[PATH_MAX];
    size_t length = 0;
    *memory = NULL;
    if (disk->path_count == 0)
        return (struct bytes){0};
    path_format(path, root, "/sys/class/scsi_device/%s/device/%s", disk->paths[0].address, name);
    if (file_read(path, PAGE_LIMIT, memory, &length))
        return (struct bytes){0};
    return (struct bytes){(const uint8_t *)*memory, length};
}

static void take_scsi_names(const char *root, struct disk *disk) {
    AUTO_FREE char *serial = NULL;
    AUTO_FREE char *names = NULL;
    AUTO_FREE char *characteristics = NULL;
    struct scsi_designators designators;
    struct scsi_characteristics decoded;
    (void)scsi_decode_vpd_serial(saved_page(root, disk, "vpd_pg80", &serial), disk->identity.serial,
                                 sizeof disk->identity.serial);
    if (scsi_decode_vpd_identification(saved_page(root, disk, "vpd_pg83", &names), &designators) ==
        0) {
        text_copy(disk->identity.wwn, sizeof disk->identity.wwn, designators.logical_unit);
        disk_take_scsi_designators(disk, &designators);
    }
    if (scsi_decode_vpd_characteristics(saved_page(root, disk, "vpd_pgb1", &characteristics),
                                        &decoded) == 0)
        disk_take_scsi_characteristics(disk, &decoded);
}

static void take_ata_page(const char *root, struct disk *disk) {
    AUTO_FREE char *memory = NULL;
    struct bytes raw;
    struct ata_identify identify;
    if (scsi_decode_vpd_ata(saved_page(root, disk, "vpd_pg89", &memory), &raw) ||
        ata_decode_identify(raw, &identify))
        return;
    disk_take_ata(disk, &identify);
    text_copy(disk->identity.model, sizeof disk->identity.model, identify.model);
    text_copy(disk->identity.serial, sizeof disk->identity.serial, identify.serial);
    text_copy(disk->identity.firmware, sizeof disk->identity.firmware, identify.firmware);
    disk->identity.vendor[0] = '\0';
    if (identify.wwn != 0)
        (void)snprintf(disk->identity.wwn, sizeof disk->identity.wwn, "naa.%016" PRIx64,
                       identify.wwn);
}

static void take_namespace_name(const char *root, struct disk *disk) {
    char folder[PATH_MAX];
    char wwid[128];
    if (disk->area_count == 0 || strncmp(disk->areas[0].node, "/dev/", 5) != 0)
        return;
    path_format(folder, root, "/sys/class/block/%s", disk->areas[0].node + 5);
    /* Without a name of its own a namespace gets one that the kernel made up ("nvme.…"). */
    if (sysfs_text(folder, "wwid", wwid, sizeof wwid) == 0 && strncmp(wwid, "eui.", 4) == 0)
        text_copy(disk->identity.wwn, sizeof disk->identity.wwn, wwid);
}

void interrogate_saved(const char *root, struct disk *disk) {
    if (disk->commands == COMMANDS_SCSI || disk->commands == COMMANDS_ATA)
        take_scsi_names(root, disk);
    if (disk->commands == COMMANDS_ATA)
        take_ata_page(root, disk);
    if (disk->commands == COMMANDS_NVME)
        take_namespace_name(root, disk);
    disk_take_block_capacity(disk);
}

void disk_take_block_capacity(struct disk *disk) {
    if (disk->identity.capacity != 0)
        return;
    for (unsigned i = 0; i < disk->area_count; i++) {
        const struct disk_area *area = &disk->areas[i];
        if (__builtin_add_overflow(disk->identity.capacity, area->lba_count * area->lba_size,
                                   &disk->identity.capacity))
            disk->identity.capacity = INT64_MAX;
    }
}
