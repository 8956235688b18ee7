#include "quietus/disk.h"

#include "quietus/json.h"
#include "quietus/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const bus_names[] = {
    [BUS_UNKNOWN] = "unknown",
    [BUS_SATA] = "sata",
    [BUS_SAS] = "sas",
    [BUS_NVME] = "nvme",
    [BUS_USB] = "usb",
    [BUS_SCSI] = "scsi",
    [BUS_VIRTIO] = "virtio",
    [BUS_MMC] = "mmc",
    [BUS_FIBRE_CHANNEL] = "fc",
    [BUS_ISCSI] = "iscsi",
    [BUS_NVME_FABRICS] = "nvme-of",
};

const char *disk_bus_name(enum disk_bus bus) {
    return bus_names[bus];
}

bool disk_bus_is_local(enum disk_bus bus) {
    return bus != BUS_FIBRE_CHANNEL && bus != BUS_ISCSI && bus != BUS_NVME_FABRICS;
}

const char *disk_not_local(const struct disk *disk) {
    static const struct {
        enum disk_bus bus;
        const char *what;
    } networks[] = {
        {BUS_FIBRE_CHANNEL, "a disk of a storage network (Fibre Channel)"},
        {BUS_ISCSI, "a disk of a storage network (iSCSI)"},
        {BUS_NVME_FABRICS, "a disk of a storage network (NVMe over fabrics)"},
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        if (networks[i].bus == disk->bus)
            return networks[i].what;
    }
    return disk->virtual_medium ? "a virtual medium of the BMC" : NULL;
}

const char *disk_medium_name(enum disk_medium medium) {
    static const char *const names[] = {"unknown", "hdd", "flash"};
    return names[medium];
}

const char *path_state_name(enum path_state state) {
    static const char *const names[] = {"answers", "standby", "silent"};
    return names[state];
}

bool disk_identity_same(const struct disk_identity *expected, const struct disk_identity *found,
                        struct reason *reason) {
    const struct {
        const char *what;
        const char *expected;
        const char *found;
    } texts[] = {
        {"serial number", expected->serial, found->serial},
        {"model", expected->model, found->model},
        {"WWN", expected->wwn, found->wwn},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].expected, texts[i].found) == 0)
            continue;
        reason_set(reason, "it is another disk: its %s is '%.80s', not '%.80s'", texts[i].what,
                   texts[i].found, texts[i].expected);
        return false;
    }
    if (expected->capacity == found->capacity)
        return true;
    reason_set(reason, "its capacity is %" PRIu64 " bytes now, not %" PRIu64, found->capacity,
               expected->capacity);
    return false;
}

bool disk_can_be_mistaken(const struct disk *disk) {
    return disk->has_twin || (disk->identity.serial[0] == '\0' && disk->identity.wwn[0] == '\0');
}

struct disk *disk_new(void) {
    struct disk *disk = memory_new(1, sizeof *disk);
    disk->content = json_new_array();
    disk->content_ids = json_new_array();
    disk->findings = json_new_array();
    return disk;
}

void disk_free(struct disk *disk) {
    if (!disk)
        return;
    json_decref(disk->content);
    json_decref(disk->content_ids);
    json_decref(disk->findings);
    json_decref(disk->interrupted);
    for (unsigned i = 0; i < disk->part_count; i++)
        disk_free(disk->parts[i]);
    free(disk);
}

const char *disk_node(const struct disk *disk) {
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (disk->areas[i].node[0] != '\0')
            return disk->areas[i].node;
    }
    return disk->path_count > 0 ? disk->paths[0].node : "(no node)";
}

char *disk_name(const struct disk *disk, char *out, size_t size) {
    const struct disk_identity *id = &disk->identity;
    if (id->serial[0] != '\0')
        (void)snprintf(out, size, "%s (%s)", id->serial, id->model);
    else
        (void)snprintf(out, size, "%s (no serial number, %s)", disk_node(disk), id->model);
    return out;
}

char *disk_part_name(const struct disk *part, char *out, size_t size) {
    (void)snprintf(out, size, "%s (%s)", disk_node(part), part->identity.wwn);
    return out;
}

char *disk_place_text(const struct disk_place *place, char *out, size_t size) {
    const struct {
        const char *before;
        const char *value;
    } parts[] = {
        {"enclosure ", place->enclosure}, {"bay ", place->bay},   {"labelled ", place->label},
        {"slot ", place->slot},           {"port ", place->port},
    };
    out[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t used = strlen(out);
        if (parts[i].value[0] != '\0')
            (void)snprintf(out + used, size - used, "%s%s%s", used ? ", " : "", parts[i].before,
                           parts[i].value);
    }
    return out;
}

void disk_finding(struct disk *disk, const char *format, ...) {
    char text[512];
    char clean[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_add_text(disk->findings, text_printable(clean, sizeof clean, text));
}

bool disk_is_volume(const struct disk *disk) {
    return disk->volume || disk->raid.role == RAID_VOLUME;
}
