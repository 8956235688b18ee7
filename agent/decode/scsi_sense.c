#include "quietus/scsi.h"

#include <stdio.h>
#include <string.h>

enum {
    RESPONSE_FIXED_CURRENT = 0x70,
    RESPONSE_FIXED_DEFERRED = 0x71,
    RESPONSE_DESCRIPTOR_CURRENT = 0x72,
    RESPONSE_DESCRIPTOR_DEFERRED = 0x73,
    DESCRIPTOR_INFORMATION = 0x00,
    DESCRIPTOR_SENSE_KEY_SPECIFIC = 0x02,
    DESCRIPTOR_ATA_STATUS = 0x09,
    DESCRIPTOR_PROGRESS = 0x0a,
    ASC_ATA_REGISTERS = 0x00,
    ASCQ_ATA_REGISTERS = 0x1d,
};

/* SAT: ATA Status Return descriptor, 14 bytes. */
static void decode_ata_descriptor(const uint8_t *d, struct ata_registers *out) {
    *out = (struct ata_registers){
        .valid = true,
        .high_valid = bit(d[2], 0),
        .error = d[3],
        .count = get_be16(d + 4),
        .lba = (uint64_t)d[7] | (uint64_t)d[9] << 8 | (uint64_t)d[11] << 16 | (uint64_t)d[6] << 24 |
               (uint64_t)d[8] << 32 | (uint64_t)d[10] << 40,
        .device = d[12],
        .status = d[13],
    };
    if (out->high_valid)
        return;
    out->count &= 0xff;
    out->lba &= 0xffffff;
}

static void decode_descriptor(const uint8_t *d, size_t length, struct scsi_sense *out) {
    switch (d[0]) {
    case DESCRIPTOR_INFORMATION:
        if (length >= 12 && bit(d[2], 7)) {
            out->information_valid = true;
            out->information = get_be64(d + 4);
        }
        break;
    case DESCRIPTOR_SENSE_KEY_SPECIFIC:
        if (length >= 7 && bit(d[4], 7)) {
            out->progress_valid = true;
            out->progress = get_be16(d + 5);
        }
        break;
    case DESCRIPTOR_PROGRESS:
        if (length >= 8) {
            out->progress_valid = true;
            out->progress = get_be16(d + 6);
        }
        break;
    case DESCRIPTOR_ATA_STATUS:
        if (length >= 14)
            decode_ata_descriptor(d, &out->ata);
        break;
    default:
        break;
    }
}

static void decode_descriptor_format(struct bytes data, struct scsi_sense *out) {
    out->descriptor_format = true;
    out->valid = data.length >= 4;
    if (!out->valid)
        return;
    out->key = data.data[1] & 0xf;
    out->asc = data.data[2];
    out->ascq = data.data[3];
    if (data.length < 8)
        return;
    size_t end = 8 + (size_t)data.data[7];
    if (end > data.length)
        end = data.length;
    size_t at = 8;
    while (at + 2 <= end) {
        const size_t length = 2 + (size_t)data.data[at + 1];
        if (at + length > end)
            break;
        decode_descriptor(data.data + at, length, out);
        at += length;
    }
}

/*
 * SAT's fixed format: ERROR, STATUS, DEVICE and COUNT 7:0 where INFORMATION is, LBA 23:0 in bytes 9
 * to
 * 11. The upper halves are lost but for one bit each (DEVICE-FACTS A.3). Kernels before 6.11 put
 * the registers of a failed command into bytes 8 to 11, with 21/04: those are not read as registers
 * here, since nothing in them tells them apart from others.
 */
static void decode_fixed_ata(const uint8_t *d, struct ata_registers *out) {
    *out = (struct ata_registers){
        .valid = true,
        .high_valid = bit(d[8], 7) && !bit(d[8], 6) && !bit(d[8], 5),
        .count_high_set = bit(d[8], 6),
        .lba_high_set = bit(d[8], 5),
        .error = d[3],
        .status = d[4],
        .device = d[5],
        .count = d[6],
        .lba = (uint64_t)d[9] | (uint64_t)d[10] << 8 | (uint64_t)d[11] << 16,
    };
}

static void decode_fixed_format(struct bytes data, struct scsi_sense *out) {
    const uint8_t *d = data.data;
    out->valid = data.length >= 14;
    if (!out->valid)
        return;
    out->key = d[2] & 0xf;
    out->asc = d[12];
    out->ascq = d[13];
    const bool is_ata = out->asc == ASC_ATA_REGISTERS && out->ascq == ASCQ_ATA_REGISTERS;
    if (is_ata) {
        decode_fixed_ata(d, &out->ata);
        return;
    }
    if (bit(d[0], 7)) {
        out->information_valid = true;
        out->information = get_be32(d + 3);
    }
    const bool progress_key = out->key == SENSE_NO_SENSE || out->key == SENSE_NOT_READY;
    if (data.length >= 18 && progress_key && bit(d[15], 7)) {
        out->progress_valid = true;
        out->progress = get_be16(d + 16);
    }
}

bool scsi_decode_pass_through_failure(struct bytes data, struct ata_registers *out) {
    enum { ATA_ERROR = 0x01, ATA_DEVICE_FAULT = 0x20 };
    struct ata_registers registers;
    if (data.length < 14 || data.data[0] != (0x80 | RESPONSE_FIXED_CURRENT))
        return false;
    decode_fixed_ata(data.data, &registers);
    if (!(registers.status & (ATA_ERROR | ATA_DEVICE_FAULT)))
        return false;
    *out = registers;
    return true;
}

void scsi_decode_sense(struct bytes data, struct scsi_sense *out) {
    *out = (struct scsi_sense){0};
    if (data.length < 1)
        return;
    const uint8_t code = data.data[0] & 0x7f;
    out->deferred = code == RESPONSE_FIXED_DEFERRED || code == RESPONSE_DESCRIPTOR_DEFERRED;
    if (code == RESPONSE_FIXED_CURRENT || code == RESPONSE_FIXED_DEFERRED)
        decode_fixed_format(data, out);
    if (code == RESPONSE_DESCRIPTOR_CURRENT || code == RESPONSE_DESCRIPTOR_DEFERRED)
        decode_descriptor_format(data, out);
}

static const char *const key_names[16] = {
    "no sense",       "recovered error", "not ready",      "medium error",
    "hardware error", "illegal request", "unit attention", "data protect",
    "blank check",    "vendor specific", "copy aborted",   "aborted command",
    "reserved",       "volume overflow", "miscompare",     "completed",
};

/* DEVICE-FACTS B.4. ASCQ FFh in the table stands for any. */
static const struct {
    uint8_t asc;
    uint8_t ascq;
    const char *text;
} code_names[] = {
    {0x00, 0x00, "no additional information"},
    {0x00, 0x1d, "ATA registers returned"},
    {0x04, 0x04, "format in progress"},
    {0x04, 0x1b, "sanitize in progress"},
    {0x04, 0xff, "logical unit not ready"},
    {0x0c, 0xff, "write error"},
    {0x10, 0xff, "protection information check failed"},
    {0x11, 0x15, "write after sanitize required"},
    {0x11, 0xff, "unrecovered read error"},
    {0x20, 0x00, "invalid opcode"},
    {0x20, 0xff, "access denied"},
    {0x21, 0xff, "LBA out of range"},
    {0x24, 0xff, "invalid field in the command"},
    {0x25, 0xff, "logical unit not supported"},
    {0x26, 0xff, "invalid field in the parameter list"},
    {0x27, 0xff, "write protected"},
    {0x29, 0xff, "power on or reset"},
    {0x2a, 0xff, "parameters changed"},
    {0x31, 0x00, "medium format corrupted"},
    {0x31, 0x01, "format failed"},
    {0x31, 0x03, "sanitize failed"},
    {0x3a, 0xff, "medium not present"},
    {0x3f, 0xff, "target conditions changed"},
    {0x44, 0xff, "internal target failure"},
    {0x5d, 0xff, "failure predicted"},
    {0x74, 0xff, "security error"},
};

static const char *code_name(uint8_t asc, uint8_t ascq) {
    for (size_t i = 0; i < sizeof code_names / sizeof *code_names; i++) {
        if (code_names[i].asc == asc && (code_names[i].ascq == ascq || code_names[i].ascq == 0xff))
            return code_names[i].text;
    }
    return "unnamed condition";
}

char *scsi_sense_text(const struct scsi_sense *sense, char *out, size_t size) {
    if (!sense->valid)
        return text_copy(out, size, "no usable sense data");
    (void)snprintf(out, size, "%s: %s (%x/%02x/%02x)", key_names[sense->key & 15],
                   code_name(sense->asc, sense->ascq), sense->key, sense->asc, sense->ascq);
    return out;
}
