/* MODE SENSE and MODE SELECT: caching (08h) and control (0Ah) pages. */
#include "fields.h"
#include "scsi.h"

#include <string.h>

enum {
    PAGE_CACHING = 0x08,
    PAGE_CONTROL = 0x0a,
    PAGE_ALL = 0x3f,
    CACHING_LENGTH = 20,
    CONTROL_LENGTH = 12,
    WRITE_CACHE = 0x04,      /* WCE, byte 2 of 08h */
    DESCRIPTOR_SENSE = 0x04, /* D_SENSE, byte 2 of 0Ah */
    MAX_REPLY = 8 + 8 + CACHING_LENGTH + CONTROL_LENGTH,
};

enum page_control { CURRENT = 0, CHANGEABLE = 1, DEFAULT = 2, SAVED = 3 };

static size_t caching_page(const struct scsi_unit *unit, enum page_control control, uint8_t *out) {
    const bool on = control == CURRENT ? unit->device->write_cache(unit) : true;
    out[0] = PAGE_CACHING;
    out[1] = CACHING_LENGTH - 2;
    out[2] = on ? WRITE_CACHE : 0;
    return CACHING_LENGTH;
}

static size_t control_page(const struct scsi_unit *unit, enum page_control control, uint8_t *out) {
    const bool on = control == CHANGEABLE || (control == CURRENT && unit->descriptor_sense);
    out[0] = PAGE_CONTROL;
    out[1] = CONTROL_LENGTH - 2;
    out[2] = on ? DESCRIPTOR_SENSE : 0;
    return CONTROL_LENGTH;
}

static size_t pages(const struct scsi_unit *unit, uint8_t page, enum page_control control,
                    uint8_t *out) {
    size_t length = 0;
    if (page == PAGE_CACHING || page == PAGE_ALL)
        length += caching_page(unit, control, out + length);
    if (page == PAGE_CONTROL || page == PAGE_ALL)
        length += control_page(unit, control, out + length);
    return length;
}

/* Number of blocks (as far as it fits) and their length. */
static size_t block_descriptor(struct scsi_unit *unit, uint8_t *out) {
    const uint64_t blocks = unit->device->blocks(unit);
    store_be(out, 4, blocks > UINT32_MAX ? UINT32_MAX : blocks);
    store_be(out + 4, 4, unit->device->identity(unit).block_bytes);
    out[4] = 0; /* density code; the length has three bytes */
    return 8;
}

void scsi_run_mode_sense(struct scsi_unit *unit, struct drive_request *request) {
    enum { NO_DESCRIPTORS = 0x08, FORCED_UNIT_ACCESS = 0x10 };
    const bool ten = request->cdb[0] == 0x5a;
    const enum page_control control = (enum page_control)(request->cdb[2] >> 6);
    const size_t header = ten ? 8 : 4;
    uint8_t out[MAX_REPLY] = {0};
    size_t length = header;
    if (!(request->cdb[1] & NO_DESCRIPTORS))
        length += block_descriptor(unit, out + length);
    const size_t descriptors = length - header;
    const size_t found = pages(unit, request->cdb[2] & 0x3f, control, out + length);
    if (found == 0 || control == SAVED || request->cdb[3] != 0) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    length += found;
    store_be(out, ten ? 2 : 1, length - (ten ? 2 : 1));
    out[ten ? 3 : 2] = FORCED_UNIT_ACCESS;
    store_be(out + header - (ten ? 2 : 1), ten ? 2 : 1, descriptors);
    scsi_reply(unit, request, out, length);
}

static bool select_page(struct scsi_unit *unit, const uint8_t *page) {
    switch (page[0] & 0x3f) {
    case PAGE_CACHING:
        return page[1] == CACHING_LENGTH - 2 &&
               unit->device->set_write_cache(unit, page[2] & WRITE_CACHE);
    case PAGE_CONTROL:
        if (page[1] != CONTROL_LENGTH - 2)
            return false;
        unit->descriptor_sense = page[2] & DESCRIPTOR_SENSE;
        return true;
    default:
        return false;
    }
}

void scsi_run_mode_select(struct scsi_unit *unit, struct drive_request *request) {
    const bool ten = request->cdb[0] == 0x55;
    const size_t header = ten ? 8 : 4;
    const size_t length = load_be(request->cdb + (ten ? 7 : 4), ten ? 2 : 1);
    if (length == 0) {
        scsi_good(unit, request);
        return;
    }
    if (length < header) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_PARAMETER_LIST_LENGTH);
        return;
    }
    size_t at =
        header + load_be(request->data + header - (ten ? 2 : 1), ten ? 2 : 1); /* descriptors */
    while (at + 2 <= length) {
        const uint8_t *page = request->data + at;
        const size_t page_length = 2 + (size_t)page[1];
        if (at + page_length > length || page_length < 3 || !select_page(unit, page)) {
            scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_LIST);
            return;
        }
        at += page_length;
    }
    scsi_good(unit, request);
}
