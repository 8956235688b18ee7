/* Disks behind RAID controllers, and which of the kernel's disks are such controllers' volumes. */
#include "quietus/ask.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* By the name that the driver gives its SCSI hosts. */
static const struct {
    const char *name;
    enum raid_driver driver;
} drivers[] = {
    {"megaraid_sas", RAID_MEGARAID},
    {"hpsa", RAID_CCISS},
    {"smartpqi", RAID_CCISS},
};

__attribute__((format(printf, 2, 3))) static void add_finding(struct scan *scan, const char *format,
                                                              ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_add_text(scan->findings, text);
}

/* A number and what has to follow it; NULL: something else is there. */
static const char *read_number(const char *text, char after, unsigned *out) {
    char *end;
    if (*text < '0' || *text > '9')
        return NULL;
    *out = (unsigned)strtoul(text, &end, 10);
    return *end == after ? end + (after != '\0') : NULL;
}

/* "0:2:1:0" */
static bool read_address(const char *address, unsigned *host, unsigned *channel) {
    const char *rest = read_number(address, ':', host);
    return rest && read_number(rest, ':', channel);
}

/* The sg node of the controller itself (a SCSI device of type 0Ch), else of anything on its host.
 */
static void find_sg(const char *root, unsigned wanted, char *out, size_t size) {
    enum { TYPE_CONTROLLER = 0x0c };
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char **names;
    unsigned host;
    unsigned channel;
    bool found_controller = false;
    out[0] = '\0';
    path_format(folder, root, "/sys/class/scsi_device");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count && !found_controller; i++) {
        char **generics;
        if (!read_address(names[i], &host, &channel) || host != wanted)
            continue;
        path_format(path, folder, "/%s/device", names[i]);
        found_controller = sysfs_number(path, "type", -1) == TYPE_CONTROLLER;
        path_format(path, folder, "/%s/device/scsi_generic", names[i]);
        const size_t nodes = folder_names(path, &generics);
        if (nodes > 0 && (out[0] == '\0' || found_controller))
            (void)snprintf(out, size, "/dev/%.50s", generics[0]);
        folder_free_names(generics, nodes);
    }
    folder_free_names(names, count);
}

static int find_node(const char *root, struct raid_address *controller) {
    if (controller->driver == RAID_MEGARAID)
        return raid_megaraid_node(controller->node, sizeof controller->node);
    find_sg(root, controller->host, controller->node, sizeof controller->node);
    return controller->node[0] ? 0 : -ENODEV;
}

static void describe(struct disk *disk) {
    const struct raid_place *raid = &disk->raid;
    char slot[48] = "";
    if (raid->has_slot)
        (void)snprintf(slot, sizeof slot, ", enclosure %u slot %u", raid->enclosure, raid->slot);
    disk_finding(disk, "behind a RAID controller (%s, SCSI host %u%s), which has it as: %s",
                 raid_driver_name(raid->address.driver), raid->address.host, slot, raid->state);
    if (raid->role == RAID_MEMBER)
        disk_finding(disk, "a volume may be made of it: it is erased only where its own serial "
                           "number or WWN is named, and that breaks the volume");
}

static void add_disk(const struct raid_address *controller, const struct raid_entry *entry,
                     struct scan *scan) {
    struct disk *disk = scan_add(scan, BUS_SAS);
    struct raid_place *raid = &disk->raid;
    raid->address = *controller;
    raid->address.device_id = entry->device_id;
    memcpy(raid->address.lun, entry->lun, sizeof raid->address.lun);
    raid->has_slot = entry->has_slot;
    raid->enclosure = entry->enclosure;
    raid->slot = entry->slot;
    disk->commands = COMMANDS_SCSI;
    const int error = raid_ask_state(&raid->address, entry, raid);
    struct disk_path *path = &disk->paths[disk->path_count++];
    if (controller->driver == RAID_MEGARAID)
        (void)snprintf(path->node, sizeof path->node, "megaraid%u/%u", controller->host,
                       entry->device_id);
    else
        (void)snprintf(path->node, sizeof path->node, "cciss%u/%02x%02x%02x%02x%02x%02x%02x%02x",
                       controller->host, entry->lun[0], entry->lun[1], entry->lun[2], entry->lun[3],
                       entry->lun[4], entry->lun[5], entry->lun[6], entry->lun[7]);
    (void)snprintf(path->address, sizeof path->address, "%s", controller->node);
    if (error)
        disk_finding(disk, "the controller does not say what it does with it: %s",
                     strerror(-error));
    describe(disk);
}

static void not_listed(const struct raid_address *controller, const char *driver, int error,
                       struct scan *scan) {
    add_finding(scan,
                "RAID controller (%s, SCSI host %u): the disks behind it could not be listed (%s: "
                "%s); run as root, or set the controller to HBA or JBOD mode so that the kernel "
                "sees them",
                driver, controller->host, controller->node[0] ? controller->node : "no node for it",
                strerror(-error));
}

void scan_list_raid(const struct raid_address *controller, const char *driver, struct scan *scan) {
    struct raid_entry *entries = memory_new(RAID_ENTRIES, sizeof *entries);
    size_t count = 0;
    const int error = raid_list(controller, entries, &count);
    if (error)
        not_listed(controller, driver, error, scan);
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].not_a_disk)
            add_disk(controller, &entries[i], scan);
    }
    free(entries);
}

/* MegaRAID has its volumes from channel 2 on; hpsa and smartpqi tell a level of them alone. */
static bool is_volume(const char *root, enum raid_driver driver, const char *address,
                      unsigned channel) {
    enum { FIRST_VOLUME_CHANNEL = 2 };
    char folder[PATH_MAX];
    char level[64];
    if (driver == RAID_MEGARAID)
        return channel >= FIRST_VOLUME_CHANNEL;
    path_format(folder, root, "/sys/class/scsi_device/%s/device", address);
    return sysfs_text(folder, "raid_level", level, sizeof level) == 0 && level[0] != '\0' &&
           strcmp(level, "N/A") != 0;
}

static void mark_volumes(const char *root, const struct raid_address *controller,
                         struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct disk *disk = scan->disks[i];
        unsigned host;
        unsigned channel;
        if (disk->path_count == 0 || raid_is_behind(&disk->raid) ||
            !read_address(disk->paths[0].address, &host, &channel) || host != controller->host ||
            !is_volume(root, controller->driver, disk->paths[0].address, channel))
            continue;
        disk->raid.role = RAID_VOLUME;
        disk->raid.address.driver = controller->driver;
        disk->raid.address.host = controller->host;
        disk_finding(disk, "a volume of a RAID controller: what it is made of is behind it");
    }
}

static void find_host(const char *root, const char *name, bool ask, struct scan *scan) {
    char folder[PATH_MAX];
    char driver[64];
    struct raid_address controller = {0};
    unsigned host;
    path_format(folder, root, "/sys/class/scsi_host/%s", name);
    (void)sysfs_text(folder, "proc_name", driver, sizeof driver);
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (strcmp(driver, drivers[i].name) == 0)
            controller.driver = drivers[i].driver;
    }
    if (controller.driver == RAID_DRIVER_NONE || strncmp(name, "host", 4) != 0 ||
        !read_number(name + 4, '\0', &host) || host > UINT16_MAX)
        return;
    controller.host = (uint16_t)host;
    mark_volumes(root, &controller, scan);
    const int error = ask ? find_node(root, &controller) : 0;
    if (error)
        not_listed(&controller, driver, error, scan);
    else if (ask)
        scan_list_raid(&controller, driver, scan);
    else
        add_finding(scan,
                    "RAID controller (%s, SCSI host %u): the disks behind it can be listed on the "
                    "machine alone",
                    driver, host);
}

void scan_find_raid(const char *root, bool ask, struct scan *scan) {
    char folder[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/class/scsi_host");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++)
        find_host(root, names[i], ask, scan);
    folder_free_names(names, count);
}

/* What the list does not tell: whether it is a disk at all, and which commands it takes. */
bool raid_prepare(struct disk *disk) {
    struct device *device;
    struct scsi_inquiry inquiry;
    if (device_open(disk, &device))
        return true; /* whoever opens it next tells why */
    const int error = ask_scsi_inquiry(device, &inquiry);
    device_close(device);
    if (error)
        return true;
    disk->raid.not_a_disk =
        inquiry.type != SCSI_TYPE_DISK && inquiry.type != SCSI_TYPE_HOST_MANAGED_ZONED;
    if (strcmp(inquiry.vendor, "ATA") == 0) {
        disk->commands = COMMANDS_ATA;
        disk->bus = BUS_SATA;
    }
    return !disk->raid.not_a_disk;
}

/* A question that a working drive answers in its registers, and in nothing else. */
bool raid_registers_come_back(struct device *device, const struct disk *disk) {
    struct ata_sanitize_status status;
    bool failing;
    if (disk->ata.sanitize.supported)
        return ask_ata_sanitize_status(device, &status) == 0 && status.known;
    return disk->ata.smart_supported && ask_ata_failing(device, &failing) == 0;
}

/* One disk, seen directly and through its controller. Only where the controller says so, and the
 * whole identity agrees. */
bool raid_is_same(const struct disk *direct, const struct disk *behind) {
    unsigned host;
    unsigned channel;
    return behind->raid.role == RAID_EXPOSED && direct->raid.role == RAID_ROLE_NONE &&
           direct->path_count > 0 && read_address(direct->paths[0].address, &host, &channel) &&
           host == behind->raid.address.host && direct->identity.serial[0] != '\0' &&
           disk_identity_same(&direct->identity, &behind->identity, NULL);
}
