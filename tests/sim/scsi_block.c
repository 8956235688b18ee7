/* The commands about blocks, readiness and the like that every SCSI disk has (SBC, SPC). */
#include "fields.h"
#include "scsi.h"

#include <stdlib.h>
#include <string.h>

/* Where the LBA and the length are follows from the length of the CDB. */
struct scsi_access scsi_access_of(const struct drive_request *request) {
    const uint8_t *cdb = request->cdb;
    const uint8_t protect = cdb[1] >> 5;
    switch (cdb[0] >> 5) {
    case 0: /* 6 bytes: 21 bits of LBA, and 0 blocks mean 256 */
        return (struct scsi_access){load_be(cdb + 1, 3) & 0x1fffff, cdb[4] ? cdb[4] : 256,
                                    request->data, 0};
    case 1:
    case 2:
        return (struct scsi_access){load_be(cdb + 2, 4), load_be(cdb + 7, 2), request->data,
                                    protect};
    default:
        return (struct scsi_access){load_be(cdb + 2, 8), load_be(cdb + 10, 4), request->data,
                                    protect};
    }
}

bool scsi_may_access(struct scsi_unit *unit, struct drive_request *request,
                     const struct scsi_access *access) {
    const uint64_t blocks = unit->device->blocks(unit);
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    if (!unit->device->ready(unit, &sense)) {
        scsi_check(unit, request, &sense);
        return false;
    }
    if (access->lba > blocks || access->blocks > blocks - access->lba) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
        return false;
    }
    return true;
}

void scsi_run_read(struct scsi_unit *unit, struct drive_request *request) {
    const struct scsi_access access = scsi_access_of(request);
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    const size_t bytes = access.blocks * unit->device->transfer_bytes(unit, access.protect);
    if (!scsi_may_access(unit, request, &access))
        return;
    if (bytes > request->data_size) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    const bool ok = access.blocks == 0 || unit->device->read(unit, &access, &sense);
    if (ok)
        request->transferred = bytes;
    scsi_end(unit, request, ok, &sense);
}

/* FUA (SBC); CDBs of 6 bytes have none. */
static bool forces_unit_access(const uint8_t *cdb) {
    enum { FUA = 0x08 };
    return cdb[0] >> 5 != 0 && (cdb[1] & FUA) != 0;
}

void scsi_run_write(struct scsi_unit *unit, struct drive_request *request) {
    const struct scsi_access access = scsi_access_of(request);
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    if (!scsi_may_access(unit, request, &access))
        return;
    bool ok = access.blocks == 0 || unit->device->write(unit, &access, &sense);
    if (ok && forces_unit_access(request->cdb))
        ok = unit->device->flush(unit, &sense);
    scsi_end(unit, request, ok, &sense);
}

/* Reads without giving it back; comparing (BYTCHK) is not there. */
void scsi_run_verify(struct scsi_unit *unit, struct drive_request *request) {
    enum { COMPARE = 0x06 };
    struct scsi_access access = scsi_access_of(request);
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    if (request->cdb[1] & COMPARE) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    if (!scsi_may_access(unit, request, &access))
        return;
    const uint64_t end = access.lba + access.blocks;
    bool ok = true;
    access.blocks = 1;
    access.data = malloc(unit->device->transfer_bytes(unit, access.protect));
    for (; ok && access.data != NULL && access.lba < end; access.lba++)
        ok = unit->device->read(unit, &access, &sense);
    free(access.data);
    scsi_end(unit, request, ok, &sense);
}

void scsi_run_flush(struct scsi_unit *unit, struct drive_request *request) {
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    scsi_end(unit, request, unit->device->ready(unit, &sense) && unit->device->flush(unit, &sense),
             &sense);
}

void scsi_run_start_stop(struct scsi_unit *unit, struct drive_request *request) {
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    scsi_end(unit, request, unit->device->start(unit, request->cdb[4] & 1, &sense), &sense);
}

void scsi_run_test_unit_ready(struct scsi_unit *unit, struct drive_request *request) {
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    scsi_end(unit, request, unit->device->ready(unit, &sense), &sense);
}

/* The state is parameter data of a command that is GOOD; a unit attention is told here too. */
void scsi_run_request_sense(struct scsi_unit *unit, struct drive_request *request) {
    enum { DESC = 1 };
    uint8_t out[SCSI_SENSE_SIZE];
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    if (unit->unit_attention != 0)
        sense =
            (struct scsi_sense){.key = SENSE_UNIT_ATTENTION, .additional = unit->unit_attention};
    else
        (void)unit->device->ready(unit, &sense);
    unit->unit_attention = 0;
    const size_t length = scsi_sense_format(&sense, request->cdb[1] & DESC, out);
    scsi_reply(unit, request, out, length);
}

void scsi_run_read_capacity_10(struct scsi_unit *unit, struct drive_request *request) {
    const uint64_t last = unit->device->blocks(unit) - 1;
    uint8_t out[8];
    store_be(out, 4, last > UINT32_MAX ? UINT32_MAX : last);
    store_be(out + 4, 4, unit->device->identity(unit).block_bytes);
    scsi_reply(unit, request, out, sizeof out);
}

void scsi_run_read_capacity_16(struct scsi_unit *unit, struct drive_request *request) {
    enum { UNMAPS = 0x80, READS_ZERO = 0x40 };
    const struct scsi_identity identity = unit->device->identity(unit);
    uint8_t out[32] = {0};
    store_be(out, 8, unit->device->blocks(unit) - 1);
    store_be(out + 8, 4, identity.block_bytes);
    for (uint32_t size = identity.block_bytes; size < identity.physical_bytes; size *= 2)
        out[13]++;
    if (identity.protection != 0) /* PROT_EN, P_TYPE */
        out[12] = (uint8_t)(1 | (identity.protection - 1) << 1);
    if (identity.unmaps)
        out[14] = (uint8_t)(UNMAPS | (identity.reads_zero_after_unmap ? READS_ZERO : 0));
    scsi_reply(unit, request, out, sizeof out);
}

/* List: 8 bytes of header, then 16 for each range (DEVICE-FACTS B.6). */
void scsi_run_unmap(struct scsi_unit *unit, struct drive_request *request) {
    enum { HEADER = 8, DESCRIPTOR = 16 };
    const size_t length = load_be(request->cdb + 7, 2);
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    if (!unit->device->identity(unit).unmaps) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
        return;
    }
    if (length != 0 && length < HEADER) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_PARAMETER_LIST_LENGTH);
        return;
    }
    for (size_t at = HEADER; at + DESCRIPTOR <= length; at += DESCRIPTOR) {
        const uint8_t *descriptor = request->data + at;
        const struct scsi_access range = {.lba = load_be(descriptor, 8),
                                          .blocks = load_be(descriptor + 8, 4)};
        if (!scsi_may_access(unit, request, &range))
            return;
        if (range.blocks != 0 && !unit->device->unmap(unit, range.lba, range.blocks, &sense)) {
            scsi_check(unit, request, &sense);
            return;
        }
    }
    scsi_good(unit, request);
}

void scsi_run_report_luns(struct scsi_unit *unit, struct drive_request *request) {
    const uint8_t out[16] = {0, 0, 0, 8}; /* one unit, number 0 */
    scsi_reply(unit, request, out, sizeof out);
}

/* Page 00h, the list, and 2Fh, informational exceptions (5Dh: failure predicted). */
void scsi_run_log_sense(struct scsi_unit *unit, struct drive_request *request) {
    enum { PAGE_LIST = 0x00, PAGE_EXCEPTIONS = 0x2f };
    static const uint8_t list[] = {PAGE_LIST, 0, 0, 2, PAGE_LIST, PAGE_EXCEPTIONS};
    uint8_t exceptions[12] = {PAGE_EXCEPTIONS, 0, 0, 8, 0, 0, 0x03, 4};
    const uint8_t page = request->cdb[2] & 0x3f;
    if (request->cdb[3] != 0 || (page != PAGE_LIST && page != PAGE_EXCEPTIONS)) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    if (unit->drive->description->smart_failing)
        exceptions[8] = 0x5d;
    if (page == PAGE_LIST)
        scsi_reply(unit, request, list, sizeof list);
    else
        scsi_reply(unit, request, exceptions, sizeof exceptions);
}

/* One command at a time; the list of all is not there. */
void scsi_run_report_opcodes(struct scsi_unit *unit, struct drive_request *request) {
    enum { ALL = 0, NOT_SUPPORTED = 1, SUPPORTED = 3 };
    const uint8_t option = request->cdb[2] & 7;
    const uint8_t asked[2] = {request->cdb[3], request->cdb[5] & 0x1f};
    uint8_t out[20] = {0, NOT_SUPPORTED};
    if (option == ALL || option > 3) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    const struct scsi_row *row = scsi_find_row(unit, asked);
    size_t length = 4;
    if (row != NULL) {
        out[1] = SUPPORTED;
        store_be(out + 2, 2, row->cdb_length);
        memset(out + 4, 0xff, row->cdb_length);
        out[4] = asked[0];
        length += row->cdb_length;
    }
    scsi_reply(unit, request, out, length);
}
