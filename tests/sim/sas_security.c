/* SECURITY PROTOCOL IN and OUT (SPC): byte 1 the protocol, 2 and 3 specific to it, bit 7 of byte 4
 * that lengths are in units of 512 bytes. */
#include "fields.h"
#include "sas.h"

#include <stdlib.h>

enum { BLOCKS = 0x80, BLOCK = 512, PROTOCOL_OUT = 0xb5, LONGEST = 1 << 20 };

enum drive_direction sas_security_length(const struct scsi_unit *unit,
                                         const struct drive_request *request, size_t *length) {
    (void)unit;
    *length = load_be(request->cdb + 6, 4) * (request->cdb[4] & BLOCKS ? BLOCK : 1);
    if (*length == 0 || *length > LONGEST) {
        *length = 0;
        return DATA_NONE;
    }
    return request->cdb[0] == PROTOCOL_OUT ? DATA_TO_DRIVE : DATA_FROM_DRIVE;
}

void sas_run_security_in(struct scsi_unit *unit, struct drive_request *request) {
    const uint16_t comid = (uint16_t)load_be(request->cdb + 2, 2);
    uint8_t *data = request->data;
    size_t length;
    (void)sas_security_length(unit, request, &length);
    if (length > request->data_size)
        length = request->data_size;
    if (!tcg_receive(unit->drive, request->cdb[1], comid, data, length)) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    request->transferred = length;
    scsi_good(unit, request);
}

void sas_run_security_out(struct scsi_unit *unit, struct drive_request *request) {
    const uint16_t comid = (uint16_t)load_be(request->cdb + 2, 2);
    size_t length;
    (void)sas_security_length(unit, request, &length);
    if (tcg_send(unit->drive, request->cdb[1], comid, request->data,
                 length < request->data_size ? length : request->data_size))
        scsi_good(unit, request);
    else
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
}
