/* What INQUIRY and readiness say of the disk. */
#include "sas.h"

#include <stdio.h>
#include <string.h>

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

/* Nothing is ever kept back. */
static bool flush(struct scsi_unit *unit, struct scsi_sense *sense) {
    (void)unit;
    (void)sense;
    return true;
}

static bool start(struct scsi_unit *unit, bool on, struct scsi_sense *sense) {
    (void)sense;
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
};
