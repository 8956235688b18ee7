/* ATA PASS-THROUGH (12) and (16): DEVICE-FACTS A.2 and A.3. */
#include "fields.h"
#include "sat.h"

#include <string.h>

enum { PASS_THROUGH_16 = 0x85 };

/* The protocols that libata has; the others are refused. */
enum protocol {
    NON_DATA = 3,
    PIO_IN = 4,
    PIO_OUT = 5,
    DMA = 6,
    UDMA_IN = 10,
    UDMA_OUT = 11,
    FPDMA = 12,
};

/* Byte 2 of the CDB. */
enum {
    CHECK_CONDITION = 0x20,
    TYPE_SECTORS = 0x10, /* lengths count logical sectors, not 512 bytes */
    FROM_DRIVE = 0x08,
    COUNTS_BLOCKS = 0x04, /* lengths count blocks, not bytes */
    LENGTH_WHERE = 0x03,
};
enum { LENGTH_NONE = 0, LENGTH_FEATURES = 1, LENGTH_COUNT = 2, LENGTH_TRANSPORT = 3 };

static enum protocol protocol_of(const uint8_t *cdb) {
    return (enum protocol)(cdb[1] >> 1 & 0x0f);
}

static bool is_extended(const uint8_t *cdb) {
    return cdb[0] == PASS_THROUGH_16 && (cdb[1] & 1);
}

/* In the 16-byte form every register is two bytes, the upper ("previous") one first. */
static struct ata_registers_in registers_of(const uint8_t *cdb) {
    if (cdb[0] != PASS_THROUGH_16)
        return (struct ata_registers_in){.features = cdb[3],
                                         .count = cdb[4],
                                         .lba = load_le(cdb + 5, 3),
                                         .device = cdb[8],
                                         .command = cdb[9]};
    struct ata_registers_in in = {
        .features = cdb[4],
        .count = cdb[6],
        .lba = (uint64_t)cdb[8] | (uint64_t)cdb[10] << 8 | (uint64_t)cdb[12] << 16,
        .device = cdb[13],
        .command = cdb[14],
    };
    if (is_extended(cdb)) {
        in.features |= (uint16_t)(cdb[3] << 8);
        in.count |= (uint16_t)(cdb[5] << 8);
        in.lba |= (uint64_t)cdb[7] << 24 | (uint64_t)cdb[9] << 32 | (uint64_t)cdb[11] << 40;
    }
    return in;
}

/* In units or bytes; the length that only the transport knows is not known here. */
static size_t units_of(const uint8_t *cdb) {
    const struct ata_registers_in in = registers_of(cdb);
    switch (cdb[2] & LENGTH_WHERE) {
    case LENGTH_FEATURES:
        return in.features ? in.features : (is_extended(cdb) ? 0x10000 : 0x100);
    case LENGTH_COUNT:
        return in.count ? in.count : (is_extended(cdb) ? 0x10000 : 0x100);
    default:
        return 0;
    }
}

static size_t unit_bytes(const uint8_t *cdb, size_t sector) {
    if (!(cdb[2] & COUNTS_BLOCKS))
        return 1;
    return cdb[2] & TYPE_SECTORS ? sector : ATA_BLOCK;
}

static enum drive_direction direction_of(const uint8_t *cdb) {
    switch (protocol_of(cdb)) {
    case PIO_IN:
    case UDMA_IN:
        return DATA_FROM_DRIVE;
    case PIO_OUT:
    case UDMA_OUT:
        return DATA_TO_DRIVE;
    case DMA:
    case FPDMA:
        return cdb[2] & FROM_DRIVE ? DATA_FROM_DRIVE : DATA_TO_DRIVE;
    case NON_DATA:
        break;
    }
    return DATA_NONE;
}

enum drive_direction sat_pass_through_length(const struct scsi_unit *unit,
                                             const struct drive_request *request, size_t *length) {
    const uint8_t *cdb = request->cdb;
    const uint8_t where = cdb[2] & LENGTH_WHERE;
    const enum drive_direction direction = where == LENGTH_NONE ? DATA_NONE : direction_of(cdb);
    *length = 0;
    if (direction == DATA_NONE)
        return DATA_NONE;
    *length = where == LENGTH_TRANSPORT
                  ? request->data_size
                  : units_of(cdb) * unit_bytes(cdb, unit->drive->description->sector);
    return direction;
}

static bool is_valid(const uint8_t *cdb) {
    switch (protocol_of(cdb)) {
    case NON_DATA:
        return (cdb[2] & LENGTH_WHERE) == LENGTH_NONE;
    case PIO_IN:
        return (cdb[2] & FROM_DRIVE) != 0;
    case PIO_OUT:
        return (cdb[2] & FROM_DRIVE) == 0;
    case DMA:
    case UDMA_IN:
    case UDMA_OUT:
    case FPDMA:
        return true;
    }
    return false;
}

/* Queued reads and writes have their count in FEATURES; the drive takes them as plain ones. */
static void unqueue(struct ata_registers_in *in) {
    if (in->command != ATA_READ_FPDMA_QUEUED && in->command != ATA_WRITE_FPDMA_QUEUED)
        return;
    in->command = in->command == ATA_READ_FPDMA_QUEUED ? ATA_READ_DMA_EXT : ATA_WRITE_DMA_EXT;
    in->count = in->features;
    in->features = 0;
}

void sat_run_pass_through(struct scsi_unit *unit, struct drive_request *request) {
    struct sat *sat = unit->owner;
    size_t length;
    if (!is_valid(request->cdb)) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    (void)sat_pass_through_length(unit, request, &length);
    sat->inner = (struct drive_request){
        .protocol = PROTOCOL_ATA,
        .ata = registers_of(request->cdb),
        .data = request->data,
        .data_size = length < request->data_size ? length : request->data_size,
        .state = REQUEST_PENDING,
    };
    unqueue(&sat->inner.ata);
    sat->outer = request;
    if (ata_execute(sat->ata, &sat->inner))
        sat_pass_through_end(sat);
}

/* Controllers that do not hand the registers on. */
static void spoil(const struct sat *sat, struct ata_registers_out *out) {
    const struct misbehaviour *bad =
        drive_misbehaves(sat->ata->drive, MISBEHAVE_REGISTERS, OP_NONE);
    if (bad == NULL)
        return;
    *out = (struct ata_registers_out){0};
    if (strcmp(bad->word, "garbage") == 0)
        *out = (struct ata_registers_out){
            .status = 0x7f, .error = 0x5a, .count = 0xa55a, .lba = 0x5aa55aa55aa5, .device = 0xff};
}

void sat_pass_through_end(struct sat *sat) {
    struct drive_request *outer = sat->outer;
    struct ata_registers_out out = sat->inner.ata_out;
    const bool failed = out.status & (ATA_STATUS_ERR | ATA_STATUS_DEVICE_FAULT);
    sat->outer = NULL;
    outer->transferred = sat->inner.transferred;
    if (!failed && !(outer->cdb[2] & CHECK_CONDITION)) {
        scsi_good(&sat->unit, outer);
        return;
    }
    struct scsi_sense sense = {.key = SENSE_RECOVERED, .additional = ASC_ATA_REGISTERS};
    if (failed)
        sense = sat_sense_of(&out);
    spoil(sat, &out);
    sense.registers = &out;
    sense.extend = is_extended(outer->cdb);
    sense.has_information = false;
    scsi_check(&sat->unit, outer, &sense);
}
