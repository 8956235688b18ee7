/* The scan as a document and as a table. */
#include "quietus/clock.h"
#include "quietus/finding.h"
#include "quietus/json.h"

#include "internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

json_t *disk_identity_json(const struct disk_identity *identity) {
    json_t *object = json_new_object();
    json_put_text_if(object, "vendor", identity->vendor);
    json_put_text(object, "model", identity->model);
    json_put_text(object, "serial", identity->serial);
    json_put_text(object, "firmware", identity->firmware);
    json_put_text(object, "wwn", identity->wwn);
    json_put_count(object, "capacity", identity->capacity);
    return object;
}

json_t *ata_json(const struct ata_identify *ata) {
    json_t *object = json_new_object();
    const struct ata_security *security = &ata->security;
    json_t *s = json_new_object();
    json_put_flag(s, "supported", security->supported);
    json_put_flag(s, "enabled", security->enabled);
    json_put_flag(s, "locked", security->locked);
    json_put_flag(s, "frozen", security->frozen);
    json_put_flag(s, "count_expired", security->count_expired);
    json_put_flag(s, "enhanced_erase", security->enhanced_erase);
    json_put_count(s, "normal_erase_minutes", security->normal_minutes);
    json_put_count(s, "enhanced_erase_minutes", security->enhanced_minutes);
    json_put(object, "security", s);
    json_t *sanitize = json_new_object();
    json_put_flag(sanitize, "crypto_scramble", ata->sanitize.crypto_scramble);
    json_put_flag(sanitize, "block_erase", ata->sanitize.block_erase);
    json_put_flag(sanitize, "overwrite", ata->sanitize.overwrite);
    json_put(object, "sanitize", sanitize);
    json_put_flag(object, "hpa", ata->hpa_supported);
    json_put_flag(object, "dco", ata->dco_supported);
    json_put_flag(object, "amac", ata->amac_supported);
    json_put_flag(object, "encrypts_all", ata->encrypts_all);
    return object;
}

json_t *nvme_json(const struct nvme_controller *nvme) {
    json_t *object = json_new_object();
    json_t *sanitize = json_new_object();
    json_put_flag(sanitize, "crypto_erase", nvme->sanitize_crypto);
    json_put_flag(sanitize, "block_erase", nvme->sanitize_block);
    json_put_flag(sanitize, "overwrite", nvme->sanitize_overwrite);
    json_put(object, "sanitize", sanitize);
    json_t *format = json_new_object();
    json_put_flag(format, "supported", nvme->format_supported);
    json_put_flag(format, "crypto_erase", nvme->crypto_format);
    json_put_flag(format, "erases_all_namespaces", nvme->erase_all_namespaces);
    json_put(object, "format", format);
    json_put_text(object, "subsystem_nqn", nvme->subsystem_nqn);
    json_put_count(object, "rpmb_units", nvme->rpmb_units);
    if (nvme->unallocated_capacity <= INT64_MAX)
        json_put_count(object, "unallocated_capacity", nvme->unallocated_capacity);
    return object;
}

static const char *support_name(enum scsi_support support) {
    static const char *const names[] = {"unknown", "no", "yes"};
    return names[support];
}

static json_t *scsi_json(const struct disk *disk) {
    json_t *sanitize = json_new_object();
    json_put_text(sanitize, "overwrite", support_name(disk->scsi_sanitize_overwrite));
    json_put_text(sanitize, "block_erase", support_name(disk->scsi_sanitize_block));
    json_put_text(sanitize, "crypto_erase", support_name(disk->scsi_sanitize_crypto));
    json_t *object = json_new_object();
    json_put(object, "sanitize", sanitize);
    json_put_count(object, "protection_type", disk->protection_type);
    return object;
}

json_t *tcg_json(const struct tcg_discovery *tcg) {
    char text[96];
    json_t *object = json_new_object();
    json_put_text(object, "classes", tcg_classes_text(tcg, text, sizeof text));
    json_put_flag(object, "locking_reported", tcg->locking);
    json_put_flag(object, "locking_supported", tcg->locking_supported);
    json_put_flag(object, "locking_enabled", tcg->locking_enabled);
    json_put_flag(object, "locked", tcg->locked);
    json_put_flag(object, "media_encryption", tcg->media_encryption);
    json_put_flag(object, "mbr_shadow_enabled", tcg->shadow_enabled);
    json_put_flag(object, "mbr_shadow_done", tcg->shadow_done);
    json_put_flag(object, "single_user_mode", tcg->single_user);
    json_put_flag(object, "data_store", tcg->data_store);
    return object;
}

static json_t *actuators_json(const struct disk_area *area) {
    json_t *list = json_new_array();
    for (unsigned i = 0; i < area->actuator_count; i++) {
        json_t *range = json_new_object();
        json_put_count(range, "first_sector", area->actuators[i].first);
        json_put_count(range, "sectors", area->actuators[i].count);
        json_add(list, range);
    }
    return list;
}

static json_t *areas_json(const struct disk *disk) {
    json_t *areas = json_new_array();
    for (unsigned i = 0; i < disk->area_count; i++) {
        const struct disk_area *area = &disk->areas[i];
        json_t *object = json_new_object();
        json_put_text(object, "node", area->node);
        if (area->nsid != 0)
            json_put_count(object, "namespace", area->nsid);
        json_put_count(object, "lba_size", area->lba_size);
        json_put_count(object, "lba_count", area->lba_count);
        json_put_flag(object, "read_only", area->read_only);
        if (area->actuator_count > 0)
            json_put(object, "actuators", actuators_json(area));
        json_add(areas, object);
    }
    return areas;
}

static json_t *paths_json(const struct disk *disk) {
    json_t *paths = json_new_array();
    for (unsigned i = 0; i < disk->path_count; i++) {
        json_t *object = json_new_object();
        json_put_text(object, "node", disk->paths[i].node);
        json_put_text(object, "address", disk->paths[i].address);
        if (disk->paths[i].state != PATH_ANSWERS)
            json_put_text(object, "state", path_state_name(disk->paths[i].state));
        json_add(paths, object);
    }
    return paths;
}

static const char *health_name(enum disk_health_state state) {
    static const char *const names[] = {"unknown", "good", "failing"};
    return names[state];
}

json_t *disk_place_json(const struct disk_place *place) {
    const struct {
        const char *key;
        const char *value;
    } parts[] = {
        {"enclosure", place->enclosure}, {"bay", place->bay},   {"label", place->label},
        {"slot", place->slot},           {"port", place->port}, {"led", place->led},
    };
    json_t *object = json_new_object();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        json_put_text_if(object, parts[i].key, parts[i].value);
    if (json_object_size(object) > 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *raid_json(const struct disk *disk) {
    const struct raid_place *raid = &disk->raid;
    json_t *object = json_new_object();
    json_put_text(object, "driver", raid_driver_name(raid->address.driver));
    json_put_count(object, "host", raid->address.host);
    json_put_text(object, "role", raid_role_name(raid->role));
    json_put_text_if(object, "state", raid->state);
    if (raid->has_slot) {
        json_put_count(object, "enclosure", raid->enclosure);
        json_put_count(object, "slot", raid->slot);
    }
    if (disk->commands == COMMANDS_ATA && raid_is_behind(raid))
        json_put_flag(object, "returns_registers", !raid->no_registers);
    return object;
}

/* Each as a disk of its own. */
static json_t *parts_json(const struct disk *disk) {
    json_t *parts = json_new_array();
    for (unsigned i = 0; i < disk->part_count; i++)
        json_add(parts, disk_json(disk->parts[i]));
    return parts;
}

json_t *disk_json(const struct disk *disk) {
    json_t *object = disk_identity_json(&disk->identity);
    json_put_text(object, "bus", disk_bus_name(disk->bus));
    json_put_text(object, "medium", disk_medium_name(disk->medium));
    if (disk->rotation_rate)
        json_put_count(object, "rotation_rate", disk->rotation_rate);
    json_put_flag(object, "removable", disk->removable);
    json_put_flag(object, "local", !disk_not_local(disk));
    if (disk->controller.address[0] != '\0') {
        json_t *controller = json_new_object();
        json_put_text(controller, "address", disk->controller.address);
        json_put_text_if(controller, "driver", disk->controller.driver);
        json_put(object, "controller", controller);
    }
    json_t *place = disk_place_json(&disk->place);
    if (place)
        json_put(object, "place", place);
    if (disk->volume)
        json_put_text(object, "volume", disk->volume_kind);
    if (disk->hidden_member)
        json_put_flag(object, "hidden_member", true);
    json_put(object, "paths", paths_json(disk));
    if (disk->raid.role != RAID_ROLE_NONE)
        json_put(object, "raid", raid_json(disk));
    json_put(object, "areas", areas_json(disk));
    if (disk->part_count > 0)
        json_put(object, "parts", parts_json(disk));
    json_put_text_if(object, "target_device", disk->target_device);
    json_t *health = json_new_object();
    json_put_text(health, "state", health_name(disk->health.state));
    json_put_text_if(health, "detail", disk->health.detail);
    json_put(object, "health", health);
    if (disk->has_ata)
        json_put(object, "ata", ata_json(&disk->ata));
    if (disk->has_nvme) {
        json_put(object, "nvme", nvme_json(&disk->nvme));
        json_put_count(object, "unreached_namespaces", disk->unreached_namespaces);
        json_put_count(object, "boot_partition_bytes", disk->boot_partition_bytes);
    }
    if (disk->has_ata) {
        json_put_flag(object, "hidden_areas_known", disk->hidden_known);
        if (disk->hidden_known)
            json_put_count(object, "native_sectors", disk->native_sectors);
    }
    if (disk->tcg.known)
        json_put(object, "tcg", tcg_json(&disk->tcg));
    else if (disk->tcg_unknown)
        json_put_text(object, "tcg", "not known");
    if (disk->commands == COMMANDS_SCSI)
        json_put(object, "scsi", scsi_json(disk));
    json_put_flag(object, "content_known", disk->content_known);
    if (disk->content_known) {
        json_put(object, "content", json_deep_copy(disk->content));
        json_put(object, "content_ids", json_deep_copy(disk->content_ids));
    }
    json_put_flag(object, "boot_medium", disk->boot_medium);
    json_put_text_if(object, "boot_reason", disk->boot_reason);
    json_put_flag(object, "in_use", disk->in_use);
    json_put_text_if(object, "use_reason", disk->use_reason);
    json_put(object, "findings", json_deep_copy(disk->findings));
    return object;
}

json_t *scan_json(const struct scan *scan) {
    char now[CLOCK_TEXT_SIZE];
    json_t *object = json_new_object();
    json_put_text(object, "schema", "quietus.scan/1");
    json_put_text(object, "time", clock_text(now, clock_now()));
    json_put(object, "server", server_json(&scan->server));
    json_t *disks = json_new_array();
    for (size_t i = 0; i < scan->disk_count; i++)
        json_add(disks, disk_json(scan->disks[i]));
    json_put(object, "disks", disks);
    if (json_array_size(scan->bays) > 0)
        json_put(object, "bays", json_deep_copy(scan->bays));
    json_put(object, "findings", json_deep_copy(scan->findings));
    return object;
}

/* Appends to a text that is being put together; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void append(char *out, size_t size, const char *format,
                                                         ...) {
    const size_t used = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(out + used, size - used, format, arguments);
    va_end(arguments);
}

static void append_signatures(char *out, size_t size, const json_t *signatures) {
    size_t i;
    json_t *entry;
    json_array_foreach(signatures, i, entry) {
        append(out, size, "%s%s", out[0] ? ", " : "", json_text(entry, "type"));
        if (json_text(entry, "label")[0] != '\0')
            append(out, size, " \"%s\"", json_text(entry, "label"));
    }
}

char *disk_content_text(const struct disk *disk, char *out, size_t size) {
    size_t i;
    json_t *area;
    out[0] = '\0';
    if (!disk->content_known)
        return text_copy(out, size, "not read");
    json_array_foreach(disk->content, i, area) {
        append_signatures(out, size, json_object_get(area, "signatures"));
        const json_t *table = json_object_get(area, "table");
        if (!table)
            continue;
        const json_t *partitions = json_object_get(table, "partitions");
        append(out, size, "%s%s table with %zu partitions", out[0] ? ", " : "",
               json_text(table, "type"), json_array_size(partitions));
        size_t p;
        json_t *partition;
        json_array_foreach(partitions, p, partition)
            append_signatures(out, size, json_object_get(partition, "signatures"));
    }
    return out[0] ? out : text_copy(out, size, "nothing recognised");
}

char *disk_capabilities_text(const struct disk *disk, char *out, size_t size) {
    const struct {
        bool offered;
        const char *name;
    } list[] = {
        {disk->has_nvme && disk->nvme.sanitize_crypto, "sanitize crypto"},
        {disk->has_nvme && disk->nvme.sanitize_block, "sanitize block"},
        {disk->has_nvme && disk->nvme.sanitize_overwrite, "sanitize overwrite"},
        {disk->has_nvme && disk->nvme.format_supported && disk->nvme.crypto_format,
         "format crypto"},
        {disk->has_nvme && disk->nvme.format_supported, "format user data"},
        {disk->has_ata && disk->ata.sanitize.crypto_scramble, "sanitize crypto"},
        {disk->has_ata && disk->ata.sanitize.block_erase, "sanitize block"},
        {disk->has_ata && disk->ata.sanitize.overwrite, "sanitize overwrite"},
        {disk->has_ata && disk->ata.security.enhanced_erase, "enhanced security erase"},
        {disk->has_ata && disk->ata.security.supported, "security erase"},
        {disk->scsi_sanitize_crypto == SCSI_SUPPORTED, "sanitize crypto"},
        {disk->scsi_sanitize_block == SCSI_SUPPORTED, "sanitize block"},
        {disk->scsi_sanitize_overwrite == SCSI_SUPPORTED, "sanitize overwrite"},
        {disk->area_count > 0 && !disk->areas[0].read_only, "overwrite"},
    };
    out[0] = '\0';
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (list[i].offered)
            append(out, size, "%s%s", out[0] ? ", " : "", list[i].name);
    }
    return out[0] ? out : text_copy(out, size, "nothing");
}

static void print_heading(const struct scan *scan, FILE *stream) {
    const struct server *server = &scan->server;
    (void)fprintf(stream, "Server   %s%s%s, serial %s, UUID %s\n", server->vendor,
                  server->vendor[0] ? " " : "", server->product[0] ? server->product : "(unnamed)",
                  server->serial[0] ? server->serial : "none",
                  server->uuid[0] ? server->uuid : "none");
    (void)fprintf(stream, "Disks    %zu\n\n", scan->disk_count);
    if (scan->disk_count > 0)
        (void)fprintf(stream, "%-14s %-6s %-7s %9s  %-7s %-24s %s\n", "NODE", "BUS", "MEDIUM",
                      "SIZE", "HEALTH", "MODEL", "SERIAL");
}

static void print_lines(const struct disk *disk, FILE *stream) {
    char text[1024];
    size_t i;
    json_t *finding;
    (void)fprintf(stream, "    holds   %s\n", disk_content_text(disk, text, sizeof text));
    (void)fprintf(stream, "    offers  %s\n", disk_capabilities_text(disk, text, sizeof text));
    if (disk->identity.wwn[0] != '\0')
        (void)fprintf(stream, "    name    %s, firmware %s\n", disk->identity.wwn,
                      disk->identity.firmware[0] ? disk->identity.firmware : "not reported");
    if (disk_place_text(&disk->place, text, sizeof text)[0] != '\0')
        (void)fprintf(stream, "    place   %s\n", text);
    if (disk->health.detail[0] != '\0')
        (void)fprintf(stream, "    health  %s\n", disk->health.detail);
    if (disk->boot_medium)
        (void)fprintf(stream, "    BOOT    %s\n", disk->boot_reason);
    if (disk->in_use)
        (void)fprintf(stream, "    IN USE  %s\n", disk->use_reason);
    if (disk->area_count > 0 && disk->areas[0].read_only)
        (void)fprintf(stream, "    LOCKED  it is write protected\n");
    json_array_foreach(disk->findings, i, finding)(void)
        fprintf(stream, "    note    %s\n", json_string_value(finding));
}

void scan_print(const struct scan *scan, FILE *stream) {
    size_t k;
    json_t *finding;
    print_heading(scan, stream);
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *disk = scan->disks[i];
        char size[32];
        (void)fprintf(stream, "%-14s %-6s %-7s %9s  %-7s %-24s %s\n", disk_node(disk),
                      disk_bus_name(disk->bus), disk_medium_name(disk->medium),
                      text_size(size, sizeof size, disk->identity.capacity),
                      health_name(disk->health.state), disk->identity.model,
                      disk->identity.serial[0] ? disk->identity.serial : "(none)");
        print_lines(disk, stream);
    }
    json_array_foreach(scan->findings, k, finding) {
        char text[1024];
        (void)fprintf(stream, "\n%s: %s\n", finding_label(finding),
                      finding_text(finding, text, sizeof text));
        if (finding_remedy(finding)[0] != '\0')
            (void)fprintf(stream, "    remedy  %s\n", finding_remedy(finding));
    }
}
