/* What is behind the translation: SCSI commands carried out by ATA commands, and the pages that say
 * so (SAT; DEVICE-FACTS B.1, B.4). */
#include "fields.h"
#include "sat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ata *ata_behind(const struct scsi_unit *unit) {
    return ((struct sat *)unit->owner)->ata;
}

struct scsi_sense sat_sense_of(const struct ata_registers_out *out) {
    if (out->error & ATA_ERROR_UNCORRECTABLE)
        return (struct scsi_sense){.key = SENSE_MEDIUM_ERROR,
                                   .additional = ASC_UNRECOVERED_READ,
                                   .has_information = true,
                                   .information = out->lba};
    if (out->status & ATA_STATUS_DEVICE_FAULT)
        return (struct scsi_sense){.key = SENSE_HARDWARE_ERROR, .additional = ASC_INTERNAL_FAILURE};
    if (out->error & ATA_ERROR_ID_NOT_FOUND)
        return (struct scsi_sense){.key = SENSE_ILLEGAL_REQUEST,
                                   .additional = ASC_LBA_OUT_OF_RANGE};
    return (struct scsi_sense){.key = SENSE_ABORTED_COMMAND, .additional = ASC_NONE};
}

/* Carries out one ATA command of the translation's own. */
static bool run(struct scsi_unit *unit, struct drive_request *inner, struct scsi_sense *sense) {
    inner->protocol = PROTOCOL_ATA;
    inner->ata.device = ATA_DEVICE_LBA;
    inner->state = REQUEST_PENDING;
    if (!ata_execute(ata_behind(unit), inner)) { /* it sleeps */
        *sense = (struct scsi_sense){.key = SENSE_NOT_READY, .additional = 0x0402};
        return false;
    }
    if (!(inner->ata_out.status & (ATA_STATUS_ERR | ATA_STATUS_DEVICE_FAULT)))
        return true;
    *sense = sat_sense_of(&inner->ata_out);
    return false;
}

static bool run_plain(struct scsi_unit *unit, uint8_t command, uint16_t features, uint16_t count,
                      struct scsi_sense *sense) {
    struct drive_request inner = {
        .ata = {.command = command, .features = features, .count = count}};
    return run(unit, &inner, sense);
}

static uint64_t blocks(const struct scsi_unit *unit) {
    return ata_behind(unit)->accessible_sectors;
}

/* While it sanitizes or is locked it is no disk to anybody. */
static bool ready(struct scsi_unit *unit, struct scsi_sense *sense) {
    const struct ata_saved *saved = ata_behind(unit)->saved;
    if (saved->sanitize.state == SD2_IN_OPERATION)
        *sense = (struct scsi_sense){.key = SENSE_NOT_READY,
                                     .additional = ASC_SANITIZE_IN_PROGRESS,
                                     .has_progress = true,
                                     .progress = (uint16_t)operation_progress(unit->drive)};
    else if (saved->sanitize.state == SD3_FAILED)
        *sense = (struct scsi_sense){.key = SENSE_MEDIUM_ERROR, .additional = ASC_SANITIZE_FAILED};
    else if (ata_security_denies_media(&saved->security))
        *sense =
            (struct scsi_sense){.key = SENSE_DATA_PROTECT, .additional = ASC_SECURITY_CONFLICT};
    else
        return true;
    return false;
}

/* Reads and writes in pieces of what one ATA command can have. */
static bool transfer(struct scsi_unit *unit, uint8_t command, struct ata_range range, uint8_t *data,
                     struct scsi_sense *sense) {
    const size_t sector = unit->drive->description->sector;
    while (range.sectors > 0) {
        const uint64_t count = range.sectors < 0x10000 ? range.sectors : 0x10000;
        struct drive_request inner = {
            .ata = {.command = command, .count = (uint16_t)count, .lba = range.lba},
            .data_size = count * sector};
        inner.data = data;
        if (!run(unit, &inner, sense))
            return false;
        range.lba += count;
        range.sectors -= count;
        data += count * sector;
    }
    return true;
}

static bool read_blocks(struct scsi_unit *unit, const struct scsi_access *access,
                        struct scsi_sense *sense) {
    return transfer(unit, ATA_READ_DMA_EXT, (struct ata_range){access->lba, access->blocks},
                    access->data, sense);
}

static bool write_blocks(struct scsi_unit *unit, const struct scsi_access *access,
                         struct scsi_sense *sense) {
    return transfer(unit, ATA_WRITE_DMA_EXT, (struct ata_range){access->lba, access->blocks},
                    access->data, sense);
}

static uint32_t transfer_bytes(const struct scsi_unit *unit, uint8_t protect) {
    (void)protect; /* no protection information */
    return unit->drive->description->sector;
}

/* TRIM, a block of 64 entries at a time. */
static bool unmap(struct scsi_unit *unit, uint64_t lba, uint64_t count, struct scsi_sense *sense) {
    enum { ENTRY_SECTORS = 0xffff, ENTRY = 8 };
    while (count > 0) {
        uint8_t entries[ATA_BLOCK] = {0};
        for (size_t at = 0; at < sizeof entries && count > 0; at += ENTRY) {
            const uint64_t sectors = count < ENTRY_SECTORS ? count : ENTRY_SECTORS;
            store_le(entries + at, ENTRY, lba | sectors << 48);
            lba += sectors;
            count -= sectors;
        }
        struct drive_request inner = {
            .ata = {.command = ATA_DATA_SET_MANAGEMENT, .features = 1, .count = 1},
            .data = entries,
            .data_size = sizeof entries};
        if (!run(unit, &inner, sense))
            return false;
    }
    return true;
}

static bool flush(struct scsi_unit *unit, struct scsi_sense *sense) {
    return run_plain(unit, ATA_FLUSH_CACHE_EXT, 0, 0, sense);
}

static bool start(struct scsi_unit *unit, bool on, struct scsi_sense *sense) {
    return run_plain(unit, on ? ATA_IDLE_IMMEDIATE : ATA_STANDBY_IMMEDIATE, 0, 0, sense);
}

static bool write_cache(const struct scsi_unit *unit) {
    return ata_behind(unit)->write_cache;
}

static bool set_write_cache(struct scsi_unit *unit, bool on) {
    struct scsi_sense ignored;
    return run_plain(unit, ATA_SET_FEATURES,
                     on ? ATA_FEATURE_ENABLE_WRITE_CACHE : ATA_FEATURE_DISABLE_WRITE_CACHE, 0,
                     &ignored);
}

/* SAT: the revision is the last four characters of the firmware's, unless those are blank. */
static void put_revision(char out[5], const char *firmware) {
    const size_t length = strlen(firmware);
    (void)snprintf(out, 5, "%.4s", length > 4 ? firmware + 4 : firmware);
}

static struct scsi_identity identity(struct scsi_unit *unit) {
    const struct drive_description *description = unit->drive->description;
    struct scsi_identity out = {
        .vendor = "ATA     ",
        .serial_field = 20,
        .naa = description->wwn,
        .target = description->wwn,
        .rotation = description->flash ? 1 : (uint16_t)description->ata.rotation,
        .block_bytes = description->sector,
        .physical_bytes = ata_physical_sector(ata_behind(unit)),
        .unmaps = description->ata.trim,
        .reads_zero_after_unmap = description->ata.trim_zeroes,
    };
    (void)snprintf(out.product, sizeof out.product, "%.16s", description->model);
    (void)snprintf(out.serial, sizeof out.serial, "%.20s", drive_serial(unit->drive));
    (void)snprintf(out.designator, sizeof out.designator, "ATA     %-40.40s%-20.20s",
                   description->model, drive_serial(unit->drive));
    put_revision(out.revision, description->firmware);
    return out;
}

/* ATA Information (89h): who translates, the signature, and IDENTIFY DEVICE data. */
static size_t ata_information(struct scsi_unit *unit, uint8_t *out) {
    enum { LENGTH = 0x23c, SIGNATURE = 36, FIS_DEVICE_TO_HOST = 0x34, COMMAND = 56, DATA = 60 };
    struct ata_registers_out signature;
    drive_ata_signature(unit->drive, &signature);
    store_text(out + 8, 8, "SIM     ");
    store_text(out + 16, 16, "SATL            ");
    store_text(out + 32, 4, "1   ");
    out[SIGNATURE] = FIS_DEVICE_TO_HOST;
    out[SIGNATURE + 2] = signature.status;
    out[SIGNATURE + 3] = signature.error;
    store_le(out + SIGNATURE + 4, 3, signature.lba);
    out[SIGNATURE + 12] = (uint8_t)signature.count;
    out[COMMAND] = ATA_IDENTIFY_DEVICE;
    ata_identify_data(ata_behind(unit), out + DATA);
    return LENGTH;
}

static size_t vital_page(struct scsi_unit *unit, uint8_t page, uint8_t *out, size_t size) {
    (void)size;
    return page == 0x89 ? ata_information(unit, out) : 0;
}

static const struct scsi_row rows[] = {
    {0x85, SCSI_ANY_ACTION, 16, 0, SCSI_DATA_SPECIAL, 0, 0, sat_run_pass_through,
     sat_pass_through_length},
    {0xa1, SCSI_ANY_ACTION, 12, 0, SCSI_DATA_SPECIAL, 0, 0, sat_run_pass_through,
     sat_pass_through_length},
};

static const uint8_t vital_pages[] = {0x89};

const struct scsi_device sat_device = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .identity = identity,
    .blocks = blocks,
    .transfer_bytes = transfer_bytes,
    .ready = ready,
    .read = read_blocks,
    .write = write_blocks,
    .unmap = unmap,
    .flush = flush,
    .start = start,
    .write_cache = write_cache,
    .set_write_cache = set_write_cache,
    .vital_page = vital_page,
    .vital_pages = vital_pages,
    .vital_page_count = sizeof vital_pages,
};
