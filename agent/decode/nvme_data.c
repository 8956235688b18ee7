#include "quietus/nvme_data.h"

#include <errno.h>
#include <nvme/types.h>
#include <stdio.h>
#include <string.h>

/* The low 64 bits of a 128-bit little-endian count; saturated if it is larger. */
static uint64_t saturated_128(const uint8_t *p) {
    return get_le64(p + 8) == 0 ? get_le64(p) : UINT64_MAX;
}

int nvme_decode_controller(struct bytes data, struct nvme_controller *out) {
    struct nvme_id_ctrl id;
    if (data.length < sizeof id || bytes_all(data.data, sizeof id, data.data[0]))
        return -EINVAL;
    memcpy(&id, data.data, sizeof id);
    const uint16_t oacs = get_le16((const uint8_t *)&id.oacs);
    const uint32_t sanicap = get_le32((const uint8_t *)&id.sanicap);
    *out = (struct nvme_controller){
        .vendor = get_le16((const uint8_t *)&id.vid),
        .controller_id = get_le16((const uint8_t *)&id.cntlid),
        .version = get_le32((const uint8_t *)&id.ver),
        .type = id.cntrltype,
        .multiple_ports = bit(id.cmic, 0),
        .multiple_controllers = bit(id.cmic, 1),
        .security_commands = bit(oacs, 0),
        .format_supported = bit(oacs, 1),
        .namespace_management = bit(oacs, 3),
        .format_all_namespaces = bit(id.fna, 0),
        .erase_all_namespaces = bit(id.fna, 1),
        .crypto_format = bit(id.fna, 2),
        .format_broadcast_refused = bit(id.fna, 3),
        .sanitize_crypto = bit(sanicap, 0),
        .sanitize_block = bit(sanicap, 1),
        .sanitize_overwrite = bit(sanicap, 2),
        .sanitize_no_deallocate_inhibited = bit(sanicap, 29),
        .total_capacity = saturated_128((const uint8_t *)&id.tnvmcap),
        .unallocated_capacity = saturated_128((const uint8_t *)&id.unvmcap),
        .namespaces = get_le32((const uint8_t *)&id.nn),
        .rpmb_units = get_le32((const uint8_t *)&id.rpmbs) & 7,
    };
    text_from_field(out->serial, sizeof out->serial, (const uint8_t *)id.sn, sizeof id.sn);
    text_from_field(out->model, sizeof out->model, (const uint8_t *)id.mn, sizeof id.mn);
    text_from_field(out->firmware, sizeof out->firmware, (const uint8_t *)id.fr, sizeof id.fr);
    text_from_field(out->subsystem_nqn, sizeof out->subsystem_nqn, (const uint8_t *)id.subnqn,
                    strnlen(id.subnqn, sizeof id.subnqn));
    return 0;
}

static void name_namespace(const struct nvme_id_ns *id, char out[NVME_NAME_SIZE]) {
    char hex[33];
    out[0] = '\0';
    if (!bytes_all(id->nguid, sizeof id->nguid, 0)) {
        hex_encode(hex, id->nguid, sizeof id->nguid);
        (void)snprintf(out, NVME_NAME_SIZE, "eui.%s", hex);
    } else if (!bytes_all(id->eui64, sizeof id->eui64, 0)) {
        hex_encode(hex, id->eui64, sizeof id->eui64);
        (void)snprintf(out, NVME_NAME_SIZE, "eui.%s", hex);
    }
}

int nvme_decode_namespace(struct bytes data, struct nvme_namespace *out) {
    struct nvme_id_ns id;
    if (data.length < sizeof id || bytes_all(data.data, sizeof id, data.data[0]))
        return -EINVAL;
    memcpy(&id, data.data, sizeof id);
    /* With more than 16 formats, bits 6:5 of FLBAS are the index's upper bits (NVM command set). */
    unsigned index = id.flbas & 0xf;
    if (id.nlbaf > 15)
        index |= (id.flbas >> 5 & 3U) << 4;
    if (index > 63 || index > id.nlbaf)
        return -EINVAL;
    const uint8_t *format = (const uint8_t *)&id.lbaf[index];
    const uint8_t exponent = format[2];
    const uint64_t size = get_le64((const uint8_t *)&id.nsze);
    /* In bytes it has to fit the 63 bits that documents have. */
    if (exponent < 9 || exponent > 16 || size > (uint64_t)INT64_MAX >> exponent)
        return -EINVAL;
    *out = (struct nvme_namespace){
        .size = size,
        .capacity = get_le64((const uint8_t *)&id.ncap),
        .used = get_le64((const uint8_t *)&id.nuse),
        .lba_size = 1U << exponent,
        .metadata_size = get_le16(format),
        .format_index = (uint8_t)index,
        .extended_metadata = bit(id.flbas, 4),
        .protection = id.dps,
        .shared = bit(id.nmic, 0),
        .write_protected = bit(id.nsattr, 0),
        .format_progress_reported = bit(id.fpi, 7),
        .format_remaining = id.fpi & 0x7f,
        .after_deallocate = id.dlfeat & 7,
    };
    name_namespace(&id, out->name);
    return 0;
}

int nvme_decode_namespace_list(struct bytes data, uint32_t ids[1024]) {
    if (data.length < NVME_DATA_SIZE)
        return -EINVAL;
    int count = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < 1024; i++) {
        const uint32_t id = get_le32(data.data + 4 * i);
        if (id == 0)
            break;
        if (id <= last)
            return -EINVAL;
        ids[count++] = id;
        last = id;
    }
    return count;
}

int nvme_decode_health(struct bytes data, struct nvme_health *out) {
    struct nvme_smart_log log;
    if (data.length < sizeof log)
        return -EINVAL;
    memcpy(&log, data.data, sizeof log);
    *out = (struct nvme_health){
        .critical_warning = log.critical_warning,
        .temperature_kelvin = get_le16(log.temperature),
        .spare_percent = log.avail_spare,
        .used_percent = log.percent_used,
        .data_units_written = saturated_128(log.data_units_written),
        .power_on_hours = saturated_128(log.power_on_hours),
        .power_cycles = saturated_128(log.power_cycles),
        .unsafe_shutdowns = saturated_128(log.unsafe_shutdowns),
        .media_errors = saturated_128(log.media_errors),
    };
    return 0;
}

int nvme_decode_boot_partition_log(struct bytes data, uint64_t *size) {
    enum { PAGE = 0x15, HEADER = 16, BPSZ_MASK = 0x7fff, BPSZ_SHIFT = 17 };
    if (data.length < HEADER || data.data[0] != PAGE)
        return -EINVAL;
    *size = (uint64_t)(get_le32(data.data + 4) & BPSZ_MASK) << BPSZ_SHIFT;
    return 0;
}

int nvme_decode_sanitize_log(struct bytes data, struct nvme_sanitize_log *out) {
    const uint8_t *d = data.data;
    if (data.length < 32)
        return -EINVAL;
    const uint16_t status = get_le16(d + 2);
    *out = (struct nvme_sanitize_log){
        .progress = get_le16(d),
        .state = status & 7,
        .passes = status >> 3 & 0x1f,
        .global_data_erased = bit(status, 8),
        .command_dword10 = get_le32(d + 4),
        .estimate_overwrite = get_le32(d + 8),
        .estimate_block = get_le32(d + 12),
        .estimate_crypto = get_le32(d + 16),
    };
    return 0;
}
