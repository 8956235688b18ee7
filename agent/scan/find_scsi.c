/* Disks behind SCSI host adapters, libata and USB: everything that the kernel's SCSI layer has. */
#include "quietus/json.h"
#include "quietus/sysfs.h"

#include "internal.h"
#include "pci.h"
#include "remote.h"
#include "volumes.h"

#include <stdlib.h>
#include <string.h>

/* The way to the device in the kernel's tree tells the bus; the first that matches counts. */
static const struct {
    const char *part;
    enum disk_bus bus;
} buses[] = {
    {"/usb", BUS_USB},  {"/session", BUS_ISCSI},   {"/rport-", BUS_FIBRE_CHANNEL},
    {"/ata", BUS_SATA}, {"/end_device-", BUS_SAS}, {"/virtio", BUS_SCSI},
};

unsigned scsi_address_number(const char *address, unsigned index) {
    for (; index > 0 && address; index--) {
        address = strchr(address, ':');
        address = address ? address + 1 : NULL;
    }
    char *end = NULL;
    const unsigned long number = address ? strtoul(address, &end, 10) : ULONG_MAX;
    return end && end != address && number < UINT_MAX ? (unsigned)number : UINT_MAX;
}

static enum disk_bus bus_of(const char *root, const char *folder, const char *address) {
    char real[PATH_MAX];
    const enum disk_bus network = network_of_host(root, address);
    if (network != BUS_UNKNOWN)
        return network;
    if (!realpath(folder, real))
        return BUS_UNKNOWN;
    for (size_t i = 0; i < sizeof buses / sizeof *buses; i++) {
        if (strstr(real, buses[i].part))
            return buses[i].bus;
    }
    return BUS_SCSI;
}

static void first_name(const char *folder, const char *sub, char *out, size_t size) {
    char path[PATH_MAX];
    char **names;
    path_format(path, folder, "/%s", sub);
    const size_t count = folder_names(path, &names);
    text_copy(out, size, count > 0 ? names[0] : "");
    folder_free_names(names, count);
}

/* A SATA disk shows as vendor "ATA" behind every SATL (SAT, INQUIRY). USB bridges translate too,
 * but are not to be trusted with ATA commands (DEVICE-FACTS E.3). */
static enum command_set commands_of(enum disk_bus bus, const char *vendor) {
    if (bus == BUS_USB || strcmp(vendor, "ATA") != 0)
        return COMMANDS_SCSI;
    return COMMANDS_ATA;
}

/* What the kernel makes a /dev/sdX of. */
static bool is_disk(int64_t type) {
    return type == SCSI_TYPE_DISK || type == SCSI_TYPE_HOST_MANAGED_ZONED ||
           type == SCSI_TYPE_OPTICAL_MEMORY || type == SCSI_TYPE_SIMPLIFIED_DISK;
}

static void add_path(struct disk *disk, const char *generic, const char *block,
                     const char *address) {
    struct disk_path *path = &disk->paths[disk->path_count++];
    (void)snprintf(path->node, sizeof path->node, "/dev/%.50s", generic[0] ? generic : block);
    text_copy(path->address, sizeof path->address, address);
}

static void find_one(const char *root, const char *folder, const char *address, struct scan *scan) {
    char block[32];
    char generic[32];
    char text[64];
    if (!is_disk(sysfs_number(folder, "type", -1)))
        return;
    const enum disk_bus bus = bus_of(root, folder, address);
    struct disk *disk = scan_add(scan, bus);
    (void)sysfs_field(folder, "vendor", disk->identity.vendor, sizeof disk->identity.vendor);
    (void)sysfs_field(folder, "model", disk->identity.model, sizeof disk->identity.model);
    (void)sysfs_field(folder, "rev", disk->identity.firmware, sizeof disk->identity.firmware);
    disk->commands = commands_of(bus, disk->identity.vendor);
    disk->virtual_medium = bus == BUS_USB && is_bmc_medium(&disk->identity);
    pci_controller_of(folder, &disk->controller);
    first_name(folder, "block", block, sizeof block);
    first_name(folder, "scsi_generic", generic, sizeof generic);
    if (generic[0] != '\0' || block[0] != '\0')
        add_path(disk, generic, block, address);
    if (block[0] != '\0')
        (void)scan_add_area(root, disk, block);
    else
        disk_finding(disk, "the kernel offers no block device for it");
    (void)sysfs_text(folder, "state", text, sizeof text);
    if (strcmp(text, "running") != 0)
        disk_finding(disk, "the kernel has it in state '%s'", text);
    if (!disk_not_local(disk))
        volume_note(root, folder, disk);
}

void scan_find_scsi(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/class/scsi_device");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(device, folder, "/%s/device", names[i]);
        find_one(root, device, names[i], scan);
    }
    folder_free_names(names, count);
}
