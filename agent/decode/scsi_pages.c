#include "quietus/scsi.h"

#include <errno.h>
#include <string.h>

/* In bytes it has to fit the 63 bits that documents have; no disk is nearly as large. */
static bool is_plausible(const struct scsi_capacity *capacity) {
    return capacity->block_size >= 256 && capacity->block_size <= 65536 &&
           capacity->blocks <= INT64_MAX / capacity->block_size;
}

/* SPC, REPORT LUNS parameter data: the list's length in bytes, whatever of it was asked for. */
int scsi_decode_units(struct bytes data, unsigned *count) {
    enum { HEADER = 8, UNIT = 8, MOST = 65536 };
    if (data.length < HEADER)
        return -EINVAL;
    const uint32_t bytes = get_be32(data.data);
    if (bytes % UNIT != 0 || bytes / UNIT > MOST)
        return -EINVAL;
    *count = bytes / UNIT;
    return 0;
}

int scsi_decode_capacity_16(struct bytes data, struct scsi_capacity *out) {
    if (data.length < 12)
        return -EINVAL;
    const uint64_t last = get_be64(data.data);
    *out = (struct scsi_capacity){
        .blocks = last == UINT64_MAX ? 0 : last + 1,
        .block_size = get_be32(data.data + 8),
    };
    if (data.length >= 32) {
        const uint8_t protection = data.data[12];
        out->protection_type = bit(protection, 0) ? (uint8_t)((protection >> 1 & 7) + 1) : 0;
        out->physical_exponent = data.data[13] & 0xf;
        out->provisioned = bit(data.data[14], 7);
    }
    return is_plausible(out) ? 0 : -EINVAL;
}

int scsi_decode_capacity_10(struct bytes data, struct scsi_capacity *out) {
    if (data.length < 8)
        return -EINVAL;
    const uint32_t last = get_be32(data.data);
    if (last == UINT32_MAX) /* larger than this command can say */
        return -EINVAL;
    *out = (struct scsi_capacity){
        .blocks = (uint64_t)last + 1,
        .block_size = get_be32(data.data + 4),
    };
    return is_plausible(out) ? 0 : -EINVAL;
}

/* SPC mode parameter header (10) and SBC block descriptors: 8 bytes short, 16 long. */
enum { MODE_HEADER = 8, SHORT_DESCRIPTOR = 8, LONG_DESCRIPTOR = 16 };

int scsi_decode_block_descriptor(struct bytes data, struct scsi_block_descriptor *out) {
    if (data.length < MODE_HEADER)
        return -EINVAL;
    const bool is_long = bit(data.data[4], 0);
    const size_t length = get_be16(data.data + 6);
    const uint8_t *d = data.data + MODE_HEADER;
    if (length < (is_long ? LONG_DESCRIPTOR : SHORT_DESCRIPTOR) ||
        data.length < MODE_HEADER + length)
        return -EINVAL;
    *out = (struct scsi_block_descriptor){
        .is_long = is_long,
        .blocks = is_long ? get_be64(d) : get_be32(d),
        .block_size = is_long ? get_be32(d + 12) : get_be32(d + 4) & 0xffffff,
    };
    return 0;
}

static void put_be(uint8_t *out, unsigned size, uint64_t value) {
    for (unsigned i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

size_t scsi_encode_block_descriptor(const struct scsi_block_descriptor *descriptor, uint8_t *list) {
    const size_t size = descriptor->is_long ? LONG_DESCRIPTOR : SHORT_DESCRIPTOR;
    memset(list, 0, MODE_HEADER + size);
    list[4] = descriptor->is_long;
    list[7] = (uint8_t)size;
    uint8_t *d = list + MODE_HEADER;
    if (descriptor->is_long) {
        put_be(d, 8, descriptor->blocks);
        put_be(d + 12, 4, descriptor->block_size);
    } else {
        put_be(d, 4, descriptor->blocks);
        put_be(d + 5, 3, descriptor->block_size);
    }
    return MODE_HEADER + size;
}

int scsi_decode_mode_write_protect(struct bytes data, bool *write_protected) {
    if (data.length < 8)
        return -EINVAL;
    *write_protected = bit(data.data[3], 7);
    return 0;
}

int scsi_decode_log_exceptions(struct bytes data, uint8_t *asc, uint8_t *ascq) {
    enum { HEADER = 4, PARAMETER = 4 };
    const uint8_t *d = data.data;
    if (data.length < HEADER + PARAMETER + 2 || (d[0] & 0x3f) != 0x2f)
        return -EINVAL;
    if (get_be16(d + HEADER) != 0 || d[HEADER + 3] < 2)
        return -EINVAL;
    *asc = d[HEADER + PARAMETER];
    *ascq = d[HEADER + PARAMETER + 1];
    return 0;
}

/* Temperature log page of SPC (DEVICE-FACTS B.6; as sg3_utils reads it): parameter 0000h is the
 * temperature now, in its second byte. */
int scsi_decode_log_temperature(struct bytes data, int *degrees) {
    enum { HEADER = 4, PARAMETER = 4, NOT_AVAILABLE = 0xff };
    const uint8_t *d = data.data;
    if (data.length < HEADER + PARAMETER + 2 || (d[0] & 0x3f) != 0x0d)
        return -EINVAL;
    if (get_be16(d + HEADER) != 0 || d[HEADER + 3] < 2)
        return -EINVAL;
    const uint8_t value = d[HEADER + PARAMETER + 1];
    *degrees = value == NOT_AVAILABLE ? 0 : value;
    return 0;
}

/*
 * Start-stop cycle counter log page of SPC (as disk makers' SCSI manuals have it): parameters, of
 * which 0004h is the accumulated start-stop cycles, four bytes.
 */
int scsi_decode_log_starts(struct bytes data, uint32_t *out) {
    enum { HEADER = 4, PARAMETER = 4, ACCUMULATED = 4, COUNTER = 4 };
    const uint8_t *d = data.data;
    if (data.length < HEADER || (d[0] & 0x3f) != 0x0e)
        return -EINVAL;
    const size_t told = HEADER + (size_t)get_be16(d + 2);
    const size_t end = told < data.length ? told : data.length;
    for (size_t at = HEADER; at + PARAMETER <= end; at += PARAMETER + (size_t)d[at + 3]) {
        if (get_be16(d + at) != ACCUMULATED)
            continue;
        if (d[at + 3] != COUNTER || at + PARAMETER + COUNTER > end)
            return -EINVAL;
        *out = get_be32(d + at + PARAMETER);
        return 0;
    }
    return -ENODATA;
}

int scsi_decode_one_command(struct bytes data, enum scsi_support *out) {
    if (data.length < 4)
        return -EINVAL;
    switch (data.data[1] & 7) {
    case 1:
        *out = SCSI_NOT_SUPPORTED;
        break;
    case 3:
    case 5:
        *out = SCSI_SUPPORTED;
        break;
    default:
        *out = SCSI_SUPPORT_UNKNOWN;
        break;
    }
    return 0;
}
