/* Logical units of one device, which are parts of one disk: several actuators (DEVICE-FACTS B). */
#include "quietus/json.h"

#include "internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The same host, channel and target: what the last number of an address is a unit of. */
static bool is_same_target(const char *a, const char *b) {
    const char *unit_of_a = strrchr(a, ':');
    const char *unit_of_b = strrchr(b, ':');
    return unit_of_a && unit_of_b && unit_of_a - a == unit_of_b - b &&
           strncmp(a, b, (size_t)(unit_of_a - a)) == 0;
}

static bool share_a_target(const struct disk *a, const struct disk *b) {
    for (unsigned i = 0; i < a->path_count; i++) {
        for (unsigned k = 0; k < b->path_count; k++) {
            if (is_same_target(a->paths[i].address, b->paths[k].address))
                return true;
        }
    }
    return false;
}

static bool is_other_unit(const struct disk *a, const struct disk *b) {
    return a != b && a->bus == b->bus && disk_bus_is_local(a->bus) &&
           a->commands == COMMANDS_SCSI && b->commands == COMMANDS_SCSI &&
           a->target_device[0] != '\0' && strcmp(a->target_device, b->target_device) == 0 &&
           strcmp(a->identity.wwn, b->identity.wwn) != 0;
}

/*
 * Arrays show volumes as units of one target, too, but each with a serial number of its own; the
 * units of a disk have the disk's.
 */
static bool is_other_part(const struct disk *a, const struct disk *b) {
    const struct disk_identity *one = &a->identity;
    const struct disk_identity *other = &b->identity;
    return is_other_unit(a, b) && a->bus == BUS_SAS && !raid_is_behind(&a->raid) &&
           !raid_is_behind(&b->raid) && !disk_is_volume(a) && !disk_is_volume(b) &&
           one->wwn[0] != '\0' && other->wwn[0] != '\0' && one->serial[0] != '\0' &&
           strcmp(one->serial, other->serial) == 0 && strcmp(one->vendor, other->vendor) == 0 &&
           strcmp(one->model, other->model) == 0 && share_a_target(a, b);
}

/* A unit that did not come up is no disk here, and nobody would miss it: the device does. */
static void note_missing_units(struct scan *scan, struct disk *disk) {
    unsigned here = 0;
    for (size_t k = 0; k < scan->disk_count; k++) {
        const struct disk *other = scan->disks[k];
        if (other == disk || share_a_target(disk, other))
            here += other->part_count ? other->part_count : 1;
    }
    if (disk->units_reported <= here)
        return;
    disk->units_missing = disk->units_reported - here;
    for (unsigned i = 0; i < disk->part_count; i++)
        disk->parts[i]->units_missing = disk->units_missing;
    disk_finding(disk,
                 "its device says that it has %u logical units, and %u of them are no disks here",
                 disk->units_reported, disk->units_missing);
}

void scan_note_units(struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct disk *disk = scan->disks[i];
        for (size_t k = 0; k < scan->disk_count; k++) {
            if (!is_other_unit(disk, scan->disks[k]))
                continue;
            disk->units = disk->units ? disk->units + 1 : 2;
            disk_finding(disk, "it names the same device (%s) as %s: each is erased for itself",
                         disk->target_device, disk_node(scan->disks[k]));
        }
        note_missing_units(scan, disk);
    }
}

static unsigned unit_number(const struct disk *part) {
    enum { UNIT = 3 };
    return scsi_address_number(part->paths[0].address, UNIT);
}

static int compare_parts(const void *a, const void *b) {
    const unsigned one = unit_number(*(struct disk *const *)a);
    const unsigned other = unit_number(*(struct disk *const *)b);
    return one < other ? -1 : one > other;
}

static enum scsi_support less_of(enum scsi_support a, enum scsi_support b) {
    return a < b ? a : b;
}

static void add_nodes(struct disk *whole, const struct disk *part) {
    for (unsigned i = 0; i < part->area_count && whole->area_count < DISK_AREAS; i++)
        whole->areas[whole->area_count++] = part->areas[i];
    for (unsigned i = 0; i < part->path_count; i++) {
        if (whole->path_count == DISK_PATHS) {
            disk_finding(whole, "more than %d paths; the parts have them all", DISK_PATHS);
            return;
        }
        whole->paths[whole->path_count++] = part->paths[i];
    }
}

static void add_use(struct disk *whole, const struct disk *part) {
    whole->removable = whole->removable || part->removable;
    whole->hidden_member = whole->hidden_member || part->hidden_member;
    if (part->in_use && !whole->in_use) {
        whole->in_use = true;
        text_copy(whole->use_reason, sizeof whole->use_reason, part->use_reason);
    }
    whole->has_medium_uuid = whole->has_medium_uuid || part->has_medium_uuid;
    if (part->boot_medium && !whole->boot_medium) {
        whole->boot_medium = true;
        text_copy(whole->boot_reason, sizeof whole->boot_reason, part->boot_reason);
    }
}

static void add_content(struct disk *whole, const struct disk *part) {
    whole->content_known = whole->content_known && part->content_known;
    (void)json_array_extend(whole->content, part->content);
    (void)json_array_extend(whole->content_ids, part->content_ids);
}

/* The worst that a part says of itself is what counts for the whole, and the least that one can. */
static void add_state(struct disk *whole, const struct disk *part) {
    if (part->health.state == HEALTH_FAILING || whole->health.state == HEALTH_GOOD)
        whole->health = part->health;
    if (part->erase_state > whole->erase_state)
        whole->erase_state = part->erase_state;
    if (tcg_covers_media(&part->tcg) || !whole->tcg.known)
        whole->tcg = part->tcg;
    whole->tcg_unknown = whole->tcg_unknown || part->tcg_unknown;
    whole->scsi_sanitize_overwrite =
        less_of(whole->scsi_sanitize_overwrite, part->scsi_sanitize_overwrite);
    whole->scsi_sanitize_block = less_of(whole->scsi_sanitize_block, part->scsi_sanitize_block);
    whole->scsi_sanitize_crypto = less_of(whole->scsi_sanitize_crypto, part->scsi_sanitize_crypto);
    if (part->medium != whole->medium)
        whole->medium = MEDIUM_UNKNOWN;
}

static void add_findings(struct disk *whole, const struct disk *part) {
    size_t i;
    json_t *finding;
    json_array_foreach(part->findings, i, finding)
        disk_finding(whole, "%s: %s", disk_node(part), json_string_value(finding));
}

static struct disk *new_whole(const struct disk *first) {
    struct disk *whole = disk_new();
    whole->identity = first->identity;
    whole->identity.capacity = 0;
    text_copy(whole->identity.wwn, sizeof whole->identity.wwn, first->target_device);
    text_copy(whole->target_device, sizeof whole->target_device, first->target_device);
    whole->bus = first->bus;
    whole->controller = first->controller;
    whole->medium = first->medium;
    whole->rotation_rate = first->rotation_rate;
    whole->commands = first->commands;
    whole->health.state = HEALTH_GOOD;
    whole->scsi_sanitize_overwrite = SCSI_SUPPORTED;
    whole->scsi_sanitize_block = SCSI_SUPPORTED;
    whole->scsi_sanitize_crypto = SCSI_SUPPORTED;
    whole->content_known = true;
    return whole;
}

static void add_part(struct disk *whole, struct disk *part) {
    char size[32];
    whole->identity.capacity += part->identity.capacity;
    if (part->units_reported > whole->units_reported)
        whole->units_reported = part->units_reported;
    add_nodes(whole, part);
    add_use(whole, part);
    add_content(whole, part);
    add_state(whole, part);
    disk_finding(whole, "a part of it, logical unit %u: %s, %s, %s", unit_number(part),
                 disk_node(part), part->identity.wwn,
                 text_size(size, sizeof size, part->identity.capacity));
    add_findings(whole, part);
    whole->parts[whole->part_count++] = part;
}

/* Takes the parts over. */
static struct disk *join(struct disk **parts, unsigned count) {
    qsort(parts, count, sizeof *parts, compare_parts);
    struct disk *whole = new_whole(parts[0]);
    for (unsigned i = 0; i < count; i++)
        add_part(whole, parts[i]);
    json_sort_texts(whole->content_ids);
    return whole;
}

/* Takes those that are parts of one with disks[first] out of the list; how many there are. */
static unsigned take_parts(struct scan *scan, size_t first, struct disk *parts[DISK_PARTS]) {
    unsigned count = 0;
    parts[count++] = scan->disks[first];
    for (size_t i = first + 1; i < scan->disk_count && count < DISK_PARTS; i++) {
        if (!scan->disks[i] || !is_other_part(parts[0], scan->disks[i]))
            continue;
        parts[count++] = scan->disks[i];
        scan->disks[i] = NULL;
    }
    return count;
}

void scan_join_parts(struct scan *scan) {
    size_t kept = 0;
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct disk *parts[DISK_PARTS];
        if (!scan->disks[i])
            continue;
        const unsigned count = take_parts(scan, i, parts);
        scan->disks[kept++] = count > 1 ? join(parts, count) : parts[0];
    }
    scan->disk_count = kept;
}
