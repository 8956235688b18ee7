#include "scsi.h"

#include "fields.h"

#include <string.h>

/* Opcode, action, CDB length, flags, data, and where the CDB says how much. */
static const struct scsi_row common[] = {
    {0x00, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_NONE, 0, 0, scsi_run_test_unit_ready, NULL},
    {0x03, SCSI_ANY_ACTION, 6, SCSI_SPARED, SCSI_DATA_IN, 4, 1, scsi_run_request_sense, NULL},
    {0x08, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_BLOCKS_IN, 4, 1, scsi_run_read, NULL},
    {0x0a, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_BLOCKS_OUT, 4, 1, scsi_run_write, NULL},
    {0x12, SCSI_ANY_ACTION, 6, SCSI_SPARED, SCSI_DATA_IN, 3, 2, scsi_run_inquiry, NULL},
    {0x15, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_OUT, 4, 1, scsi_run_mode_select, NULL},
    {0x1a, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_IN, 4, 1, scsi_run_mode_sense, NULL},
    {0x1b, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_NONE, 0, 0, scsi_run_start_stop, NULL},
    {0x25, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_SPECIAL, 0, 0, scsi_run_read_capacity_10, NULL},
    {0x28, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_BLOCKS_IN, 7, 2, scsi_run_read, NULL},
    {0x2a, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_BLOCKS_OUT, 7, 2, scsi_run_write, NULL},
    {0x2f, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_NONE, 7, 2, scsi_run_verify, NULL},
    {0x35, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_NONE, 0, 0, scsi_run_flush, NULL},
    {0x42, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_OUT, 7, 2, scsi_run_unmap, NULL},
    {0x4d, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_IN, 7, 2, scsi_run_log_sense, NULL},
    {0x55, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_OUT, 7, 2, scsi_run_mode_select, NULL},
    {0x5a, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_IN, 7, 2, scsi_run_mode_sense, NULL},
    {0x88, SCSI_ANY_ACTION, 16, 0, SCSI_DATA_BLOCKS_IN, 10, 4, scsi_run_read, NULL},
    {0x8a, SCSI_ANY_ACTION, 16, 0, SCSI_DATA_BLOCKS_OUT, 10, 4, scsi_run_write, NULL},
    {0x8f, SCSI_ANY_ACTION, 16, 0, SCSI_DATA_NONE, 10, 4, scsi_run_verify, NULL},
    {0x91, SCSI_ANY_ACTION, 16, 0, SCSI_DATA_NONE, 0, 0, scsi_run_flush, NULL},
    {0x9e, 0x10, 16, 0, SCSI_DATA_IN, 10, 4, scsi_run_read_capacity_16, NULL},
    {0xa0, SCSI_ANY_ACTION, 12, SCSI_SPARED, SCSI_DATA_IN, 6, 4, scsi_run_report_luns, NULL},
    {0xa3, 0x0c, 12, 0, SCSI_DATA_IN, 6, 4, scsi_run_report_opcodes, NULL},
};

static const struct scsi_row *find_in(const struct scsi_row *rows, size_t count,
                                      const uint8_t *cdb) {
    for (size_t i = 0; i < count; i++)
        if (rows[i].opcode == cdb[0] &&
            (rows[i].action == SCSI_ANY_ACTION || rows[i].action == (cdb[1] & 0x1f)))
            return &rows[i];
    return NULL;
}

const struct scsi_row *scsi_find_row(const struct scsi_unit *unit, const uint8_t *cdb) {
    const struct scsi_row *row = find_in(unit->device->rows, unit->device->row_count, cdb);
    return row != NULL ? row : find_in(common, sizeof common / sizeof *common, cdb);
}

enum drive_direction scsi_data_of(const struct scsi_unit *unit, const struct drive_request *request,
                                  size_t *length) {
    const struct scsi_row *row = scsi_find_row(unit, request->cdb);
    *length = 0;
    if (row == NULL || row->data == SCSI_DATA_NONE)
        return DATA_NONE;
    if (row->length != NULL)
        return row->length(unit, request, length);
    if (row->data == SCSI_DATA_SPECIAL) { /* READ CAPACITY(10) has no allocation length */
        *length = 8;
        return DATA_FROM_DRIVE;
    }
    *length = load_be(request->cdb + row->length_at, row->length_bytes);
    if (row->data == SCSI_DATA_BLOCKS_IN || row->data == SCSI_DATA_BLOCKS_OUT) {
        if (*length == 0 && row->cdb_length == 6)
            *length = 256;
        *length *= unit->device->transfer_bytes(unit, scsi_access_of(request).protect);
    }
    if (*length == 0)
        return DATA_NONE;
    return row->data == SCSI_DATA_IN || row->data == SCSI_DATA_BLOCKS_IN ? DATA_FROM_DRIVE
                                                                         : DATA_TO_DRIVE;
}

void scsi_good(struct scsi_unit *unit, struct drive_request *request) {
    request->scsi_status = SCSI_GOOD;
    request->sense_length = 0;
    request_done(unit->drive, request);
}

void scsi_reply(struct scsi_unit *unit, struct drive_request *request, const uint8_t *data,
                size_t length) {
    size_t allowed;
    (void)scsi_data_of(unit, request, &allowed);
    if (allowed > request->data_size)
        allowed = request->data_size;
    request->transferred = length < allowed ? length : allowed;
    memcpy(request->data, data, request->transferred);
    scsi_good(unit, request);
}

/* What the description says against good sense. */
static bool wants_descriptors(const struct scsi_unit *unit, const struct misbehaviour *bad) {
    if (bad != NULL && strcmp(bad->word, "fixed") == 0)
        return false;
    if (bad != NULL && strcmp(bad->word, "descriptor") == 0)
        return true;
    return unit->descriptor_sense;
}

static void spoil(struct drive_request *request, const struct misbehaviour *bad) {
    if (strcmp(bad->word, "truncated") == 0)
        request->sense_length = 8;
    if (strcmp(bad->word, "empty") == 0)
        request->sense_length = 0;
    if (strcmp(bad->word, "garbage") == 0)
        for (unsigned i = 0; i < request->sense_length; i++)
            request->sense[i] = (uint8_t)(0x3b + 37 * i);
}

void scsi_check(struct scsi_unit *unit, struct drive_request *request,
                const struct scsi_sense *sense) {
    const struct misbehaviour *bad = drive_misbehaves(unit->drive, MISBEHAVE_SENSE, OP_NONE);
    request->scsi_status = SCSI_CHECK_CONDITION;
    request->sense_length = scsi_sense_format(sense, wants_descriptors(unit, bad), request->sense);
    if (bad != NULL)
        spoil(request, bad);
    request_done(unit->drive, request);
}

void scsi_refuse(struct scsi_unit *unit, struct drive_request *request, enum scsi_sense_key key,
                 uint16_t additional) {
    scsi_check(unit, request, &(struct scsi_sense){.key = key, .additional = additional});
}

void scsi_end(struct scsi_unit *unit, struct drive_request *request, bool ok,
              const struct scsi_sense *sense) {
    if (ok)
        scsi_good(unit, request);
    else
        scsi_check(unit, request, sense);
}

/* "unit-attention every": every other command finds one. */
static void raise_attention(struct scsi_unit *unit) {
    if (drive_misbehaves(unit->drive, MISBEHAVE_UNIT_ATTENTION, OP_NONE) == NULL)
        return;
    if (!unit->attention_was_told)
        unit->unit_attention = ASC_POWER_ON_OR_RESET;
    unit->attention_was_told = !unit->attention_was_told;
}

static bool tells_attention(struct scsi_unit *unit, struct drive_request *request,
                            const struct scsi_row *row) {
    if (row != NULL && (row->flags & SCSI_SPARED))
        return false;
    raise_attention(unit);
    if (unit->unit_attention == 0)
        return false;
    const uint16_t additional = unit->unit_attention;
    unit->unit_attention = 0;
    scsi_refuse(unit, request, SENSE_UNIT_ATTENTION, additional);
    return true;
}

static bool has_its_data(const struct scsi_unit *unit, const struct drive_request *request) {
    size_t length;
    return scsi_data_of(unit, request, &length) != DATA_TO_DRIVE || request->data_size >= length;
}

/* An opcode that is there for other service actions is a wrong field, not a wrong opcode. */
static uint16_t why_unknown(const struct scsi_unit *unit, const uint8_t *cdb) {
    for (uint8_t action = 0; action < 32; action++)
        if (scsi_find_row(unit, (const uint8_t[2]){cdb[0], action}) != NULL)
            return ASC_INVALID_FIELD_IN_CDB;
    return ASC_INVALID_OPCODE;
}

void scsi_execute(struct scsi_unit *unit, struct drive_request *request) {
    const struct scsi_row *row = scsi_find_row(unit, request->cdb);
    request->transferred = 0;
    if (tells_attention(unit, request, row))
        return;
    if (unit->device->admits != NULL && !unit->device->admits(unit, request))
        return;
    if (row == NULL)
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, why_unknown(unit, request->cdb));
    else if (!has_its_data(unit, request))
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
    else
        row->run(unit, request);
}
