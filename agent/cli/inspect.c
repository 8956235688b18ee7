#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/nvme_data.h"
#include "quietus/page_file.h"
#include "quietus/scan.h"

#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_SIZE_MOST = 8192 };

/* Each: a new object, or NULL if the page does not decode. */

static json_t *inspect_ata_identify(struct bytes data) {
    struct ata_identify ata;
    char wwn[24];
    if (ata_decode_identify(data, &ata))
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "model", ata.model);
    json_put_text(object, "serial", ata.serial);
    json_put_text(object, "firmware", ata.firmware);
    (void)snprintf(wwn, sizeof wwn, "naa.%016llx", (unsigned long long)ata.wwn);
    json_put_text(object, "wwn", ata.wwn ? wwn : "");
    json_put_count(object, "sectors", ata.sectors & INT64_MAX);
    json_put_count(object, "logical_sector_size", ata.logical_sector_size);
    json_put_count(object, "physical_sector_size", ata.physical_sector_size);
    json_put_count(object, "rotation_rate", ata.rotation_rate);
    json_put_text(object, "checksum",
                  !ata.checksum_present ? "none"
                  : ata.checksum_good   ? "good"
                                        : "wrong");
    json_put_flag(object, "smart_supported", ata.smart_supported);
    json_put_flag(object, "smart_enabled", ata.smart_enabled);
    json_put_flag(object, "trusted_computing", ata.trusted_computing);
    json_put_flag(object, "trim", ata.trim);
    json_t *details = ata_json(&ata);
    (void)json_object_update(object, details);
    json_decref(details);
    return object;
}

static json_t *inspect_ata_smart(struct bytes data) {
    struct ata_smart smart;
    if (ata_decode_smart(data, &smart))
        return NULL;
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"reallocated", smart.reallocated},
        {"pending", smart.pending},
        {"offline_uncorrectable", smart.offline_uncorrectable},
        {"power_on_hours", smart.power_on_hours},
        {"power_cycles", smart.power_cycles},
        {"temperature", smart.temperature ? (uint64_t)smart.temperature : UINT64_MAX},
    };
    json_t *object = json_new_object();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (values[i].value != UINT64_MAX)
            json_put_count(object, values[i].name, values[i].value);
    }
    return object;
}

static json_t *inspect_scsi_inquiry(struct bytes data) {
    struct scsi_inquiry inquiry;
    if (scsi_decode_inquiry(data, &inquiry))
        return NULL;
    json_t *object = json_new_object();
    json_put_count(object, "qualifier", inquiry.qualifier);
    json_put_count(object, "type", inquiry.type);
    json_put_flag(object, "removable", inquiry.removable);
    json_put_flag(object, "protect", inquiry.protect);
    json_put_text(object, "vendor", inquiry.vendor);
    json_put_text(object, "product", inquiry.product);
    json_put_text(object, "revision", inquiry.revision);
    return object;
}

static json_t *vpd_supported_json(struct bytes data) {
    bool pages[256];
    if (scsi_decode_vpd_supported(data, pages))
        return NULL;
    json_t *list = json_new_array();
    for (int i = 0; i < 256; i++) {
        if (pages[i])
            json_add(list, json_integer(i));
    }
    json_t *object = json_new_object();
    json_put(object, "pages", list);
    return object;
}

static json_t *vpd_names_json(struct bytes data) {
    struct scsi_designators designators;
    if (scsi_decode_vpd_identification(data, &designators))
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "logical_unit", designators.logical_unit);
    json_put_text(object, "target_device", designators.target_device);
    return object;
}

static json_t *vpd_serial_json(struct bytes data) {
    char serial[4 * 256 + 1];
    if (scsi_decode_vpd_serial(data, serial, sizeof serial))
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "serial", serial);
    return object;
}

static json_t *vpd_characteristics_json(struct bytes data) {
    struct scsi_characteristics page;
    if (scsi_decode_vpd_characteristics(data, &page))
        return NULL;
    json_t *object = json_new_object();
    json_put_count(object, "rotation_rate", page.rotation_rate);
    json_put_count(object, "reads_after_block_erase", page.after_block_erase);
    json_put_count(object, "reads_after_crypto_erase", page.after_crypto_erase);
    json_put_count(object, "zoned", page.zoned);
    return object;
}

static json_t *inspect_scsi_vpd(struct bytes data) {
    struct bytes identify;
    if (data.length < 4)
        return NULL;
    switch (data.data[1]) {
    case 0x00:
        return vpd_supported_json(data);
    case 0x80:
        return vpd_serial_json(data);
    case 0x83:
        return vpd_names_json(data);
    case 0x89:
        return scsi_decode_vpd_ata(data, &identify) ? NULL : inspect_ata_identify(identify);
    case 0xb1:
        return vpd_characteristics_json(data);
    default:
        return NULL;
    }
}

static json_t *inspect_scsi_capacity(struct bytes data) {
    struct scsi_capacity capacity;
    if (scsi_decode_capacity_16(data, &capacity))
        return NULL;
    json_t *object = json_new_object();
    json_put_count(object, "blocks", capacity.blocks & INT64_MAX);
    json_put_count(object, "block_size", capacity.block_size);
    json_put_count(object, "protection_type", capacity.protection_type);
    json_put_flag(object, "provisioned", capacity.provisioned);
    return object;
}

static json_t *inspect_scsi_sense(struct bytes data) {
    struct scsi_sense sense;
    char text[128];
    scsi_decode_sense(data, &sense);
    if (!sense.valid)
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "meaning", scsi_sense_text(&sense, text, sizeof text));
    json_put_text(object, "format", sense.descriptor_format ? "descriptor" : "fixed");
    if (sense.progress_valid)
        json_put_count(object, "progress_of_65536", sense.progress);
    if (!sense.ata.valid)
        return object;
    json_put_count(object, "ata_status", sense.ata.status);
    json_put_count(object, "ata_error", sense.ata.error);
    json_put_count(object, "ata_count", sense.ata.count);
    json_put_count(object, "ata_lba", sense.ata.lba);
    json_put_flag(object, "ata_upper_registers", sense.ata.high_valid);
    return object;
}

static json_t *inspect_nvme_controller(struct bytes data) {
    struct nvme_controller nvme;
    if (nvme_decode_controller(data, &nvme))
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "model", nvme.model);
    json_put_text(object, "serial", nvme.serial);
    json_put_text(object, "firmware", nvme.firmware);
    json_put_count(object, "namespaces", nvme.namespaces);
    if (nvme.total_capacity <= INT64_MAX)
        json_put_count(object, "total_capacity", nvme.total_capacity);
    json_t *details = nvme_json(&nvme);
    (void)json_object_update(object, details);
    json_decref(details);
    return object;
}

static json_t *inspect_nvme_namespace(struct bytes data) {
    struct nvme_namespace ns;
    if (nvme_decode_namespace(data, &ns))
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "name", ns.name);
    json_put_count(object, "size", ns.size & INT64_MAX);
    json_put_count(object, "capacity", ns.capacity & INT64_MAX);
    json_put_count(object, "used", ns.used & INT64_MAX);
    json_put_count(object, "lba_size", ns.lba_size);
    json_put_count(object, "metadata_size", ns.metadata_size);
    json_put_count(object, "format_index", ns.format_index);
    json_put_count(object, "protection", ns.protection);
    json_put_flag(object, "shared", ns.shared);
    json_put_flag(object, "write_protected", ns.write_protected);
    return object;
}

static json_t *inspect_nvme_health(struct bytes data) {
    struct nvme_health health;
    if (nvme_decode_health(data, &health))
        return NULL;
    json_t *object = json_new_object();
    json_put_count(object, "critical_warning", health.critical_warning);
    json_put_count(object, "temperature_kelvin", health.temperature_kelvin);
    json_put_count(object, "spare_percent", health.spare_percent);
    json_put_count(object, "used_percent", health.used_percent);
    json_put_count(object, "power_on_hours", health.power_on_hours & INT64_MAX);
    json_put_count(object, "power_cycles", health.power_cycles & INT64_MAX);
    json_put_count(object, "unsafe_shutdowns", health.unsafe_shutdowns & INT64_MAX);
    json_put_count(object, "media_errors", health.media_errors & INT64_MAX);
    return object;
}

static json_t *inspect_nvme_sanitize_log(struct bytes data) {
    static const char *const states[] = {"never sanitized", "sanitized", "in progress", "failed",
                                         "sanitized, deallocated"};
    struct nvme_sanitize_log log;
    if (nvme_decode_sanitize_log(data, &log))
        return NULL;
    json_t *object = json_new_object();
    json_put_text(object, "state",
                  log.state < sizeof states / sizeof *states ? states[log.state] : "unknown");
    json_put_count(object, "progress_of_65536", log.progress);
    json_put_flag(object, "global_data_erased", log.global_data_erased);
    json_put_count(object, "command_dword10", log.command_dword10);
    return object;
}

static const struct kind {
    const char *option;
    json_t *(*inspect)(struct bytes data);
} kinds[] = {
    {"ata-identify", inspect_ata_identify},    {"ata-smart", inspect_ata_smart},
    {"scsi-inquiry", inspect_scsi_inquiry},    {"scsi-vpd", inspect_scsi_vpd},
    {"scsi-capacity", inspect_scsi_capacity},  {"scsi-sense", inspect_scsi_sense},
    {"nvme-id-ctrl", inspect_nvme_controller}, {"nvme-id-ns", inspect_nvme_namespace},
    {"nvme-smart-log", inspect_nvme_health},   {"nvme-sanitize-log", inspect_nvme_sanitize_log},
};

static int inspect_file(const struct kind *kind, const char *path) {
    uint8_t page[PAGE_SIZE_MOST];
    AUTO_FREE char *text = NULL;
    size_t length;
    struct reason reason;
    const int error = file_read(path, (size_t)PAGE_SIZE_MOST * 16, &text, &length);
    if (error)
        return cli_error("inspect", "%s: %s", path, strerror(-error));
    const int size = page_file_parse(text, length, page, sizeof page, &reason);
    if (size < 0)
        return cli_error("inspect", "%s: %s", path, reason.text);
    json_t *decoded = kind->inspect((struct bytes){page, (size_t)size});
    if (!decoded)
        return cli_error("inspect", "%s: %d bytes that are no such page (%s)", path, size,
                         kind->option);
    cli_print_json(decoded);
    return EXIT_GOOD;
}

int cli_inspect(int argc, char **argv) {
    enum { KINDS = sizeof kinds / sizeof *kinds };
    struct option options[KINDS + 1] = {0};
    for (int i = 0; i < KINDS; i++)
        options[i] = (struct option){kinds[i].option, required_argument, NULL, i + 1};
    int status = EXIT_USAGE;
    bool any = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option < 1 || option > KINDS)
            return cli_bad_option("inspect");
        any = true;
        status = inspect_file(&kinds[option - 1], optarg);
        if (status != EXIT_GOOD)
            return status;
    }
    if (!any || optind < argc)
        return cli_error("inspect", "takes the kind of page and its file, as --ata-identify FILE");
    return status;
}
