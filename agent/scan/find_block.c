/* Block devices that are disks but neither SCSI nor NVMe, and storage that cannot be reached. */
#include "quietus/json.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <string.h>

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

static void find_one(const char *root, const char *name, enum disk_bus bus, struct scan *scan) {
    char folder[PATH_MAX];
    path_format(folder, root, "/sys/block/%s", name);
    struct disk *disk = scan_add(scan, bus);
    (void)scan_add_area(root, disk, name);
    (void)sysfs_field(folder, "serial", disk->identity.serial, sizeof disk->identity.serial);
    (void)sysfs_field(folder, "device/name", disk->identity.model, sizeof disk->identity.model);
    if (bus == BUS_MMC)
        disk->medium = MEDIUM_FLASH;
    if (bus == BUS_UNKNOWN)
        disk_finding(disk, "persistent memory (NVDIMM): only its block device can be overwritten");
}

void scan_find_block(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/block");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        const bool boot_area = strstr(names[i], "boot") != NULL; /* mmcblk0boot0 */
        for (size_t k = 0; k < sizeof families / sizeof *families && !boot_area; k++) {
            if (strncmp(names[i], families[k].prefix, strlen(families[k].prefix)) == 0)
                find_one(root, names[i], families[k].bus, scan);
        }
    }
    folder_free_names(names, count);
}

/* PCI class 01h is mass storage; 0101h (IDE) functions without ports bind no driver on some boards,
 * which is worth a line all the same. */
void scan_find_unreached(const char *root, struct scan *scan) {
    enum { CLASS_STORAGE = 0x01 };
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/bus/pci/devices");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        char driver[64];
        char text[256];
        path_format(device, folder, "/%s", names[i]);
        const int64_t class = sysfs_number(device, "class", 0);
        sysfs_link_name(device, "driver", driver, sizeof driver);
        if (class >> 16 != CLASS_STORAGE || driver[0] != '\0')
            continue;
        (void)snprintf(
            text, sizeof text,
            "storage controller %s (PCI %04llx:%04llx, class %06llx) has no driver; disks "
            "behind it are not seen",
            names[i], (unsigned long long)sysfs_number(device, "vendor", 0),
            (unsigned long long)sysfs_number(device, "device", 0), (unsigned long long)class);
        json_add_text(scan->findings, text);
    }
    folder_free_names(names, count);
}
