/* INQUIRY: standard data and vital product data pages (DEVICE-FACTS B.1). */
#include "fields.h"
#include "scsi.h"

#include <string.h>

enum { REPLY_SIZE = 1024, PAGE_HEADER = 4 };

static size_t standard_data(const struct scsi_identity *identity, uint8_t *out) {
    enum { LENGTH = 96, VERSION_SPC4 = 6, FORMAT = 2, QUEUES = 0x02, PROTECT = 0x01 };
    out[2] = VERSION_SPC4;
    out[3] = FORMAT;
    out[4] = LENGTH - 5;
    out[5] = identity->protects ? PROTECT : 0;
    out[7] = QUEUES;
    store_text(out + 8, 8, identity->vendor);
    store_text(out + 16, 16, identity->product);
    store_text(out + 32, 4, identity->revision);
    return LENGTH;
}

static size_t serial_page(const struct scsi_identity *identity, uint8_t *out) {
    const size_t length = strlen(identity->serial);
    const size_t field = identity->serial_field > length ? identity->serial_field : length;
    memset(out + PAGE_HEADER, ' ', field);
    memcpy(out + PAGE_HEADER + field - length, identity->serial, length);
    return PAGE_HEADER + field;
}

static size_t naa_designator(uint8_t *out, uint8_t association, uint64_t naa) {
    enum { BINARY = 1, NAA = 3, SAS = 0x60, PROTOCOL_VALID = 0x80 };
    out[0] = (uint8_t)(BINARY | (association ? SAS : 0));
    out[1] = (uint8_t)((association ? PROTOCOL_VALID : 0) | association << 4 | NAA);
    out[3] = 8;
    store_be(out + 4, 8, naa);
    return 12;
}

static size_t vendor_designator(uint8_t *out, const char *text) {
    enum { ASCII = 2, T10_VENDOR = 1 };
    const size_t length = strlen(text);
    if (length == 0)
        return 0;
    out[0] = ASCII;
    out[1] = T10_VENDOR;
    out[3] = (uint8_t)length;
    memcpy(out + 4, text, length);
    return 4 + length;
}

/* Which of the target's ports this is, from 1. */
static size_t port_number_designator(uint8_t *out, uint8_t association, uint16_t number) {
    enum { BINARY = 1, RELATIVE_PORT = 4, SAS = 0x60, PROTOCOL_VALID = 0x80 };
    out[0] = BINARY | SAS;
    out[1] = (uint8_t)(PROTOCOL_VALID | association << 4 | RELATIVE_PORT);
    out[3] = 4;
    store_be(out + 6, 2, number);
    return 8;
}

/* The unit's own name is the same on every path; the port's is not. */
static size_t designators_page(const struct scsi_identity *identity, uint16_t path, uint8_t *out) {
    enum { UNIT = 0, TARGET_PORT = 1, TARGET_DEVICE = 2, PORTS = 2 };
    size_t length = PAGE_HEADER;
    length += naa_designator(out + length, UNIT, identity->naa);
    length += vendor_designator(out + length, identity->designator);
    length += naa_designator(out + length, TARGET_PORT, identity->target + 1 + path);
    if (!identity->names_target)
        return length;
    length += port_number_designator(out + length, TARGET_PORT, (uint16_t)(path + 1));
    length += naa_designator(out + length, TARGET_DEVICE, identity->target + 1 + PORTS);
    return length;
}

static size_t limits_page(const struct scsi_identity *identity, uint8_t *out) {
    enum { LENGTH = 64, MAX_TRANSFER = 65535, MAX_DESCRIPTORS = 255 };
    store_be(out + 8, 4, MAX_TRANSFER);
    if (identity->unmaps) {
        store_be(out + 20, 4, UINT32_MAX);
        store_be(out + 24, 4, MAX_DESCRIPTORS);
        store_be(out + 28, 4, 1);
    }
    return LENGTH;
}

static size_t characteristics_page(const struct scsi_identity *identity, uint8_t *out) {
    enum { LENGTH = 64 };
    store_be(out + 4, 2, identity->rotation);
    out[7] = (uint8_t)(identity->after_block_erase << 6 | identity->after_crypto_erase << 4);
    return LENGTH;
}

static size_t provisioning_page(const struct scsi_identity *identity, uint8_t *out) {
    enum { LENGTH = 8, UNMAPS = 0x80, UNMAPS_BY_WRITE_SAME = 0x60, READS_ZERO = 0x04, THIN = 2 };
    if (identity->unmaps) {
        out[5] = (uint8_t)(UNMAPS | (identity->writes_same ? UNMAPS_BY_WRITE_SAME : 0) |
                           (identity->reads_zero_after_unmap ? READS_ZERO : 0));
        out[6] = THIN;
    }
    return LENGTH;
}

/* A page of the device's own that this unit has. */
static uint8_t *put_own(struct scsi_unit *unit, uint8_t page, uint8_t *at) {
    uint8_t scratch[REPLY_SIZE] = {0};
    if (unit->device->vital_page(unit, page, scratch, sizeof scratch) > 0)
        *at++ = page;
    return at;
}

static size_t list_page(struct scsi_unit *unit, uint8_t *out) {
    static const uint8_t common[] = {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2};
    const struct scsi_device *device = unit->device;
    uint8_t *at = out + PAGE_HEADER;
    unsigned own = 0;
    for (unsigned i = 0; i < sizeof common; i++) { /* ascending, the device's own among them */
        for (; own < device->vital_page_count && device->vital_pages[own] < common[i]; own++)
            at = put_own(unit, device->vital_pages[own], at);
        *at++ = common[i];
    }
    for (; own < device->vital_page_count; own++)
        at = put_own(unit, device->vital_pages[own], at);
    return (size_t)(at - out);
}

/* 0: no such page. */
static size_t vital_page(struct scsi_unit *unit, const struct drive_request *request,
                         uint8_t *out) {
    const struct scsi_identity identity = unit->device->identity(unit);
    switch (request->cdb[2]) {
    case 0x00:
        return list_page(unit, out);
    case 0x80:
        return serial_page(&identity, out);
    case 0x83:
        return designators_page(&identity, request->controller, out);
    case 0xb0:
        return limits_page(&identity, out);
    case 0xb1:
        return characteristics_page(&identity, out);
    case 0xb2:
        return provisioning_page(&identity, out);
    default:
        return unit->device->vital_page == NULL
                   ? 0
                   : unit->device->vital_page(unit, request->cdb[2], out, REPLY_SIZE);
    }
}

void scsi_run_inquiry(struct scsi_unit *unit, struct drive_request *request) {
    enum { EVPD = 1 };
    uint8_t out[REPLY_SIZE] = {0};
    size_t length = 0;
    if (request->cdb[1] & EVPD) {
        length = vital_page(unit, request, out);
        out[1] = request->cdb[2];
        if (length > 0)
            store_be(out + 2, 2, length - PAGE_HEADER);
    } else if (request->cdb[2] == 0) {
        const struct scsi_identity identity = unit->device->identity(unit);
        length = standard_data(&identity, out);
    }
    if (length == 0)
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
    else
        scsi_reply(unit, request, out, length);
}
