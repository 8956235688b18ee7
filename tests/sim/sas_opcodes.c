/* The commands of the native disk besides those of every SCSI disk, and what it says of them. */
#include "sas.h"

#include <string.h>

const struct scsi_row sas_rows[SAS_ROWS] = {
    {0x04, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_SPECIAL, 0, 0, sas_run_format, sas_format_length},
    {0x07, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_SPECIAL, 0, 0, sas_run_reassign, sas_reassign_length},
    {0x15, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_OUT, 4, 1, sas_run_mode_select, NULL},
    {0x1a, SCSI_ANY_ACTION, 6, 0, SCSI_DATA_IN, 4, 1, sas_run_mode_sense, NULL},
    {0x37, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_IN, 7, 2, sas_run_read_defects, NULL},
    {0x41, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_SPECIAL, 0, 0, sas_run_write_same,
     sas_write_same_length},
    {0x48, 0x01, 10, 0, SCSI_DATA_OUT, 7, 2, sas_run_sanitize, NULL},
    {0x48, 0x02, 10, 0, SCSI_DATA_OUT, 7, 2, sas_run_sanitize, NULL},
    {0x48, 0x03, 10, 0, SCSI_DATA_OUT, 7, 2, sas_run_sanitize, NULL},
    {0x48, 0x1f, 10, 0, SCSI_DATA_OUT, 7, 2, sas_run_sanitize, NULL},
    {0x4d, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_IN, 7, 2, sas_run_log_sense, NULL},
    {0x55, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_OUT, 7, 2, sas_run_mode_select, NULL},
    {0x5a, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_IN, 7, 2, sas_run_mode_sense, NULL},
    {0x5e, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_IN, 7, 2, sas_run_reserve_in, NULL},
    {0x5f, SCSI_ANY_ACTION, 10, 0, SCSI_DATA_OUT, 5, 4, sas_run_reserve_out, NULL},
    {0x93, SCSI_ANY_ACTION, 16, 0, SCSI_DATA_SPECIAL, 0, 0, sas_run_write_same,
     sas_write_same_length},
    {0xa2, SCSI_ANY_ACTION, 12, 0, SCSI_DATA_SPECIAL, 0, 0, sas_run_security_in,
     sas_security_length},
    {0xa3, 0x0c, 12, 0, SCSI_DATA_IN, 6, 4, sas_run_report_opcodes, NULL},
    {0xb5, SCSI_ANY_ACTION, 12, 0, SCSI_DATA_SPECIAL, 0, 0, sas_run_security_out,
     sas_security_length},
    {0xb7, SCSI_ANY_ACTION, 12, 0, SCSI_DATA_IN, 6, 4, sas_run_read_defects, NULL},
};

/* What it does not have, or hides, of the commands that have a row. */
static bool is_offered(const struct sas *sas, uint8_t opcode, uint8_t action) {
    enum {
        FORMAT_UNIT = 0x04,
        UNMAP = 0x42,
        SANITIZE = 0x48,
        SECURITY_IN = 0xa2,
        SECURITY_OUT = 0xb5
    };
    switch (opcode) {
    case FORMAT_UNIT:
        return drive_misbehaves(sas->drive, MISBEHAVE_HIDDEN, OP_SCSI_FORMAT) == NULL;
    case UNMAP:
        return sas_description(sas)->unmap;
    case SECURITY_IN:
    case SECURITY_OUT:
        return sas->drive->description->tcg.present;
    case SANITIZE:
        return sas_can_sanitize(sas, action) &&
               drive_misbehaves(sas->drive, MISBEHAVE_HIDDEN, sas_sanitize_operation(action)) ==
                   NULL;
    default:
        return true;
    }
}

void sas_run_report_opcodes(struct scsi_unit *unit, struct drive_request *request) {
    static const uint8_t not_supported[4] = {0, 1};
    const struct sas *sas = sas_of(unit);
    const uint8_t *cdb = request->cdb;
    if (!sas_description(sas)->reports_opcodes)
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
    else if ((cdb[2] & 7) != 0 && !is_offered(sas, cdb[3], cdb[5] & 0x1f))
        scsi_reply(unit, request, not_supported, sizeof not_supported);
    else
        scsi_run_report_opcodes(unit, request);
}
