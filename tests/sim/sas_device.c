/* What INQUIRY and readiness say of the disk. */
#include "fields.h"
#include "sas.h"

#include <stdio.h>
#include <string.h>

static const uint8_t ranges_page[] = {0xb9};

/* While it works on an erase, how far it is; when one failed, that. */
bool sas_condition_sense(const struct sas *sas, struct scsi_sense *sense) {
    static const struct {
        enum scsi_sense_key key;
        uint16_t additional;
    } of[SAS_CONDITIONS] = {
        [SAS_SANITIZING] = {SENSE_NOT_READY, ASC_SANITIZE_IN_PROGRESS},
        [SAS_SANITIZE_FAILED] = {SENSE_MEDIUM_ERROR, ASC_SANITIZE_FAILED},
        [SAS_FORMATTING] = {SENSE_NOT_READY, ASC_FORMAT_IN_PROGRESS},
        [SAS_FORMAT_CORRUPT] = {SENSE_MEDIUM_ERROR, ASC_FORMAT_CORRUPT},
        [SAS_FORMAT_FAILED] = {SENSE_MEDIUM_ERROR, ASC_FORMAT_FAILED},
    };
    const enum sas_condition condition = sas->state->condition;
    if (condition == SAS_USABLE)
        return false;
    *sense = (struct scsi_sense){.key = of[condition].key, .additional = of[condition].additional};
    const enum erase_operation which = sas->drive->state->operation.which;
    if (operation_running(sas->drive) &&
        drive_misbehaves(sas->drive, MISBEHAVE_NO_PROGRESS, which) == NULL) {
        sense->has_progress = true;
        sense->progress = (uint16_t)operation_progress(sas->drive);
    }
    return true;
}

static bool ready(struct scsi_unit *unit, struct scsi_sense *sense) {
    const struct sas *sas = sas_of(unit);
    if (sas_condition_sense(sas, sense))
        return false;
    if (!sas->stopped)
        return true;
    *sense = (struct scsi_sense){.key = SENSE_NOT_READY, .additional = ASC_START_NEEDED};
    return false;
}

static uint64_t blocks(const struct scsi_unit *unit) {
    return sas_visible_blocks(sas_of(unit));
}

static bool flush(struct scsi_unit *unit, struct scsi_sense *sense) {
    media_flush(unit->drive->media);
    (void)sense;
    return true;
}

static bool start(struct scsi_unit *unit, bool on, struct scsi_sense *sense) {
    (void)sense;
    if (!on)
        media_flush(unit->drive->media);
    sas_of(unit)->stopped = !on;
    return true;
}

/* What reads do after an erase, as it says; "read-errors … announced" makes it say so. */
static uint8_t announced(const struct sas *sas, enum erase_operation which, uint32_t described) {
    enum { ERROR = 2, WRITE_REQUIRED = 3 };
    const struct misbehaviour *line = drive_misbehaves(sas->drive, MISBEHAVE_READ_ERRORS, which);
    if (line == NULL || !line->announced)
        return (uint8_t)described;
    return strcmp(line->word, "deallocated") == 0 ? WRITE_REQUIRED : ERROR;
}

static struct scsi_identity identity(struct scsi_unit *unit) {
    const struct sas *sas = sas_of(unit);
    const struct drive_description *description = unit->drive->description;
    const struct scsi_description *own = &description->scsi;
    const struct sas_layout *layout = &sas->state->layout;
    struct scsi_identity out = {
        .naa = description->wwn,
        .target = own->target ? own->target : description->wwn,
        .names_target = true,
        .rotation = description->flash ? 1 : (uint16_t)own->rotation,
        .block_bytes = layout->block_bytes,
        .physical_bytes =
            own->physical_sector > layout->block_bytes ? own->physical_sector : layout->block_bytes,
        .unmaps = own->unmap,
        .reads_zero_after_unmap = own->unmap,
        .writes_same = true,
        .protects = own->protects,
        .protection = layout->protection,
        .after_block_erase = announced(sas, OP_SCSI_SANITIZE_BLOCK, own->after_block_erase),
        .after_crypto_erase = announced(sas, OP_SCSI_SANITIZE_CRYPTO, own->after_crypto_erase),
    };
    (void)snprintf(out.vendor, sizeof out.vendor, "%s", own->vendor);
    (void)snprintf(out.product, sizeof out.product, "%.16s", description->model);
    (void)snprintf(out.revision, sizeof out.revision, "%.4s", description->firmware);
    (void)snprintf(out.serial, sizeof out.serial, "%.20s", drive_serial(unit->drive));
    return out;
}

/* Concurrent positioning ranges (SBC-5, as Linux reads them): 32 bytes each, behind 64. */
static size_t vital_page(struct scsi_unit *unit, uint8_t page, uint8_t *out, size_t size) {
    enum { HEADER = 64, RANGE = 32, FIRST_AT = 8, COUNT_AT = 16 };
    const uint32_t ranges = sas_of(unit)->drive->description->scsi.actuators;
    if (page != ranges_page[0] || ranges == 0 || HEADER + RANGE * (size_t)ranges > size)
        return 0;
    const uint64_t all = blocks(unit);
    for (uint32_t i = 0; i < ranges; i++) {
        uint8_t *range = out + HEADER + RANGE * i;
        const uint64_t first = all / ranges * i;
        range[0] = (uint8_t)i;
        store_be(range + FIRST_AT, 8, first);
        store_be(range + COUNT_AT, 8, i + 1 < ranges ? all / ranges : all - first);
    }
    return HEADER + RANGE * (size_t)ranges;
}

const struct scsi_device sas_device = {
    .rows = sas_rows,
    .row_count = SAS_ROWS,
    .identity = identity,
    .blocks = blocks,
    .transfer_bytes = sas_transfer_bytes,
    .admits = sas_admits,
    .ready = ready,
    .read = sas_read,
    .write = sas_write,
    .unmap = sas_unmap,
    .flush = flush,
    .start = start,
    .vital_page = vital_page,
    .vital_pages = ranges_page,
    .vital_page_count = sizeof ranges_page,
};
