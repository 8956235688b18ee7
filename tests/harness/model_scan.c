/* The simulated drive as the scan would have found it, and found again. */
#include "quietus/ask.h"
#include "quietus/memory.h"

#include "../../agent/scan/internal.h"
#include "model_internal.h"
#include "raid_model.h"

#include <errno.h>
#include <string.h>

static const char second_port[] = "/dev/sg1";

/* By the disk's first path, as the agent's own transport does. */
static struct device *open_plainly(struct model *model, const struct disk *disk) {
    const bool is_second = strcmp(disk->paths[0].node, second_port) == 0;
    return model_open_port(model, disk, is_second ? 1 : 0);
}

/* The kernel's probing of a disk takes the unit attention of its power-on. */
static void probe(struct model *model, const struct disk *disk) {
    enum { TRIES = 3, PROBE_TIMEOUT_MS = 30000 };
    struct device *device = model->path == MODEL_SAS ? open_plainly(model, disk) : NULL;
    for (int i = 0; device && i < TRIES; i++) {
        struct scsi_command ready = {.name = "TEST UNIT READY",
                                     .cdb = {SCSI_TEST_UNIT_READY},
                                     .cdb_length = 6,
                                     .timeout_ms = PROBE_TIMEOUT_MS};
        if (device_scsi(device, &ready) != 0 || ready.status == SCSI_GOOD)
            break;
    }
    device_close(device);
}

/* The kernel makes nodes again when the drive is back; who it is now has to be asked. */
static int find_by(struct model *model, const struct disk *lost, unsigned port,
                   struct device **out) {
    struct disk_identity identity;
    struct reason reason;
    struct device *device = model_open_port(model, lost, port);
    if (device_identity(device, &identity, &reason) != 0 ||
        !disk_identity_same(&lost->identity, &identity, &reason)) {
        device_close(device);
        return -ENODEV;
    }
    *out = device;
    return 0;
}

static int find(void *user, const struct disk *lost, struct device **out) {
    struct model *model = user;
    drive_advance(model->drive);
    if (model->is_off || !drive_present(model->drive))
        return -ENODEV;
    probe(model, lost);
    const int error = find_by(model, lost, 0, out);
    return error && model->ports == 2 ? find_by(model, lost, 1, out) : error;
}

struct device *model_open(struct model *model, const struct disk *disk) {
    struct device *device = open_plainly(model, disk);
    model_clock_of(model);
    device_set_finder(device, find, model, disk);
    return device;
}

static void add_nvme_areas(struct model *model, struct disk *disk) {
    uint32_t ids[1024];
    struct device *device = open_plainly(model, disk);
    const int count = ask_nvme_namespaces(device, false, ids);
    for (int i = 0; i < count && disk->area_count < DISK_AREAS; i++) {
        struct disk_area *area = &disk->areas[disk->area_count];
        struct nvme_namespace ns;
        if (ask_nvme_namespace(device, ids[i], &ns) != 0)
            continue;
        (void)snprintf(area->node, sizeof area->node, "/dev/nvme0n%u", ids[i]);
        area->nsid = ids[i];
        area->lba_size = ns.lba_size;
        area->lba_count = ns.size;
        disk->area_count++;
    }
    device_close(device);
}

static void add_ata_area(struct model *model, struct disk *disk) {
    struct ata_identify identify;
    struct device *device = open_plainly(model, disk);
    struct disk_area *area = &disk->areas[0];
    if (ask_ata_identify(device, &identify) == 0) {
        text_copy(area->node, sizeof area->node, "/dev/sda");
        area->lba_size = identify.logical_sector_size;
        area->lba_count = identify.sectors;
        disk->area_count = 1;
    }
    device_close(device);
}

/* Only sectors of a power of two become a block device (DEVICE-FACTS B.2). */
static bool kernel_takes(uint32_t sector) {
    return sector == 512 || sector == 1024 || sector == 2048 || sector == 4096;
}

static void add_sas_area(struct model *model, struct disk *disk) {
    struct scsi_capacity capacity;
    probe(model, disk);
    struct device *device = open_plainly(model, disk);
    if (ask_scsi_capacity(device, &capacity) == 0 && kernel_takes(capacity.block_size)) {
        struct disk_area *area = &disk->areas[disk->area_count++];
        text_copy(area->node, sizeof area->node, "/dev/sda");
        area->lba_size = capacity.block_size;
        area->lba_count = capacity.blocks;
    }
    device_close(device);
}

static const struct {
    enum disk_bus bus;
    enum command_set commands;
    enum disk_medium medium;
    void (*add_areas)(struct model *model, struct disk *disk);
} kinds[] = {
    [MODEL_NVME] = {BUS_NVME, COMMANDS_NVME, MEDIUM_FLASH, add_nvme_areas},
    [MODEL_LIBATA] = {BUS_SATA, COMMANDS_ATA, MEDIUM_UNKNOWN, add_ata_area},
    [MODEL_SATL] = {BUS_SATA, COMMANDS_ATA, MEDIUM_UNKNOWN, add_ata_area},
    [MODEL_SAS] = {BUS_SAS, COMMANDS_SCSI, MEDIUM_UNKNOWN, add_sas_area},
};

/* Every path is asked, and those that are one disk become one, as the scan does it. */
static struct disk *scan_port(struct model *model, unsigned port) {
    struct disk *disk = disk_new();
    disk->bus = kinds[model->path].bus;
    disk->commands = kinds[model->path].commands;
    disk->medium = kinds[model->path].medium;
    disk->path_count = 1;
    (void)snprintf(disk->paths[0].node, DISK_NODE_SIZE, "/dev/sg%u", port);
    (void)snprintf(disk->paths[0].address, DISK_NODE_SIZE, "%u:0:0:0", port);
    kinds[model->path].add_areas(model, disk);
    struct device *device = model_open_port(model, disk, port);
    interrogate_device(device, disk);
    device_close(device);
    return disk;
}

struct disk *model_scan(struct model *model) {
    struct disk *found[2];
    struct scan scan = {.disks = found, .disk_count = model->ports == 2 ? 2 : 1};
    model_clock_of(model);
    if (model_is_behind_raid(model)) {
        raid_model_use(model, model->faults);
        return raid_model_scan(model->path == MODEL_CCISS ? RAID_CCISS : RAID_MEGARAID);
    }
    for (unsigned i = 0; i < scan.disk_count; i++)
        found[i] = scan_port(model, i);
    scan_merge_paths(&scan);
    for (size_t i = 1; i < scan.disk_count; i++)
        disk_free(found[i]); /* not taken for the same disk: a test sees it by the paths */
    return found[0];
}
