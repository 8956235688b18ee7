#include "scsi_sense.h"

#include "fields.h"

#include <string.h>

enum {
    FIXED_CURRENT = 0x70,
    FIXED_VALID = 0x80, /* the information field is valid */
    DESCRIPTOR_CURRENT = 0x72,
    SENSE_KEY_SPECIFIC_VALID = 0x80,
    HEADER_SIZE = 8,
};

/* Each writes one descriptor and returns its size. */
static size_t information_descriptor(const struct scsi_sense *sense, uint8_t *out) {
    out[0] = 0x00;
    out[1] = 0x0a;
    out[2] = FIXED_VALID;
    store_be(out + 4, 8, sense->information);
    return 12;
}

static size_t progress_descriptor(const struct scsi_sense *sense, uint8_t *out) {
    out[0] = 0x02;
    out[1] = 0x06;
    out[4] = SENSE_KEY_SPECIFIC_VALID;
    store_be(out + 5, 2, sense->progress);
    return 8;
}

/* SAT, ATA Status Return sense data descriptor. */
static size_t registers_descriptor(const struct scsi_sense *sense, uint8_t *out) {
    const struct ata_registers_out *registers = sense->registers;
    out[0] = 0x09;
    out[1] = 0x0c;
    out[2] = sense->extend;
    out[3] = registers->error;
    out[4] = sense->extend ? (uint8_t)(registers->count >> 8) : 0;
    out[5] = (uint8_t)registers->count;
    out[6] = sense->extend ? (uint8_t)(registers->lba >> 24) : 0;
    out[7] = (uint8_t)registers->lba;
    out[8] = sense->extend ? (uint8_t)(registers->lba >> 32) : 0;
    out[9] = (uint8_t)(registers->lba >> 8);
    out[10] = sense->extend ? (uint8_t)(registers->lba >> 40) : 0;
    out[11] = (uint8_t)(registers->lba >> 16);
    out[12] = registers->device;
    out[13] = registers->status;
    return 14;
}

static size_t format_descriptors(const struct scsi_sense *sense, uint8_t *out) {
    size_t length = HEADER_SIZE;
    out[0] = DESCRIPTOR_CURRENT;
    out[1] = (uint8_t)sense->key;
    store_be(out + 2, 2, sense->additional);
    if (sense->has_information)
        length += information_descriptor(sense, out + length);
    if (sense->has_progress)
        length += progress_descriptor(sense, out + length);
    if (sense->registers)
        length += registers_descriptor(sense, out + length);
    out[7] = (uint8_t)(length - HEADER_SIZE);
    return length;
}

/* SAT puts the registers where the information and the command-specific information would be. The
 * upper COUNT and LBA bytes are reduced to "is not zero". */
static void put_fixed_registers(const struct scsi_sense *sense, uint8_t *out) {
    const struct ata_registers_out *registers = sense->registers;
    const bool upper_count = sense->extend && registers->count >> 8 != 0;
    const bool upper_lba = sense->extend && registers->lba >> 24 != 0;
    out[3] = registers->error;
    out[4] = registers->status;
    out[5] = registers->device;
    out[6] = (uint8_t)registers->count;
    out[8] =
        (uint8_t)((sense->extend ? 0x80 : 0) | (upper_count ? 0x40 : 0) | (upper_lba ? 0x20 : 0));
    out[9] = (uint8_t)registers->lba;
    out[10] = (uint8_t)(registers->lba >> 8);
    out[11] = (uint8_t)(registers->lba >> 16);
}

static size_t format_fixed(const struct scsi_sense *sense, uint8_t *out) {
    out[0] = FIXED_CURRENT;
    out[2] = (uint8_t)sense->key;
    out[7] = SCSI_FIXED_SENSE_LENGTH - HEADER_SIZE;
    store_be(out + 12, 2, sense->additional);
    if (sense->has_information && sense->information <= UINT32_MAX) {
        out[0] |= FIXED_VALID;
        store_be(out + 3, 4, sense->information);
    }
    if (sense->has_progress) {
        out[15] = SENSE_KEY_SPECIFIC_VALID;
        store_be(out + 16, 2, sense->progress);
    }
    if (sense->registers)
        put_fixed_registers(sense, out);
    return SCSI_FIXED_SENSE_LENGTH;
}

uint8_t scsi_sense_format(const struct scsi_sense *sense, bool descriptors,
                          uint8_t out[SCSI_SENSE_SIZE]) {
    memset(out, 0, SCSI_SENSE_SIZE);
    return (uint8_t)(descriptors ? format_descriptors(sense, out) : format_fixed(sense, out));
}
