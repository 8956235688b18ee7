/* Block devices that are disks but neither SCSI nor NVMe. */
#include "quietus/json.h"
#include "quietus/sysfs.h"

#include "internal.h"
#include "pci.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* By the beginning of the name; everything else in /sys/block is SCSI, NVMe, or no hardware. */
static const struct {
    const char *prefix;
    enum disk_bus bus;
} families[] = {
    {"vd", BUS_VIRTIO},
    {"xvd", BUS_VIRTIO},
    {"mmcblk", BUS_MMC},
    {"pmem", BUS_UNKNOWN},
};

/* "mmcblk0boot0": a part of the eMMC mmcblk0, and no disk. */
static bool is_boot_area(const char *name) {
    return strncmp(name, "mmcblk", 6) == 0 && strstr(name, "boot") != NULL;
}

static void find_one(const char *root, const char *name, enum disk_bus bus, struct scan *scan) {
    char folder[PATH_MAX];
    path_format(folder, root, "/sys/block/%s", name);
    struct disk *disk = scan_add(scan, bus);
    (void)scan_add_area(root, disk, name);
    (void)sysfs_field(folder, "serial", disk->identity.serial, sizeof disk->identity.serial);
    (void)sysfs_field(folder, "device/name", disk->identity.model, sizeof disk->identity.model);
    pci_controller_of(folder, &disk->controller);
    if (bus == BUS_MMC)
        disk->medium = MEDIUM_FLASH;
    if (sysfs_number(folder, "device/raw_rpmb_size_mult", 0) > 0)
        disk_finding(disk, "it has an RPMB area, which cannot be erased from outside");
    if (strncmp(name, "pmem", 4) == 0)
        disk_finding(disk, "persistent memory (NVDIMM): only its block device can be overwritten");
}

void scan_find_block(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/block");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof families / sizeof *families && !is_boot_area(names[i]); k++) {
            if (strncmp(names[i], families[k].prefix, strlen(families[k].prefix)) == 0)
                find_one(root, names[i], families[k].bus, scan);
        }
    }
    folder_free_names(names, count);
}

static struct disk *disk_with_node(const struct scan *scan, const char *node) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        for (unsigned k = 0; k < scan->disks[i]->area_count; k++) {
            if (strcmp(scan->disks[i]->areas[k].node, node) == 0)
                return scan->disks[i];
        }
    }
    return NULL;
}

/* A block device that is made by hardware, and neither one path of several (hidden) nor optical. */
static bool is_storage(const char *folder) {
    char path[PATH_MAX];
    path_format(path, folder, "/device");
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
           sysfs_number(folder, "hidden", 0) == 0 &&
           sysfs_number(folder, "device/type", -1) != SCSI_TYPE_OPTICAL_DRIVE;
}

static void note_boot_area(const struct scan *scan, const char *name) {
    char node[DISK_NODE_SIZE];
    (void)snprintf(node, sizeof node, "/dev/%.*s", (int)(strstr(name, "boot") - name), name);
    struct disk *disk = disk_with_node(scan, node);
    if (disk)
        disk_finding(disk, "it has a boot area (%s), which is not erased", name);
}

/* Law 3: what nobody here knows is a disk for all that, and gets its line. */
void scan_find_rest(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/block");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        char node[DISK_NODE_SIZE];
        (void)snprintf(node, sizeof node, "/dev/%.50s", names[i]);
        path_format(device, folder, "/%s", names[i]);
        if (is_boot_area(names[i])) {
            note_boot_area(scan, names[i]);
        } else if (is_storage(device) && !disk_with_node(scan, node)) {
            find_one(root, names[i], BUS_UNKNOWN, scan);
            disk_finding(scan->disks[scan->disk_count - 1],
                         "of a kind that is not known here: only its block device can be "
                         "overwritten");
        }
    }
    folder_free_names(names, count);
}
