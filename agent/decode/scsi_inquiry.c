#include "quietus/scsi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    VPD_SUPPORTED = 0x00,
    VPD_SERIAL = 0x80,
    VPD_IDENTIFICATION = 0x83,
    VPD_ATA = 0x89,
    VPD_CHARACTERISTICS = 0xb1,
    VPD_HEADER = 4,
    VPD_ATA_IDENTIFY = 60,
};

int scsi_decode_inquiry(struct bytes data, struct scsi_inquiry *out) {
    const uint8_t *d = data.data;
    if (data.length < 36 || d[4] + 5U < 36)
        return -EINVAL;
    *out = (struct scsi_inquiry){
        .qualifier = d[0] >> 5,
        .type = d[0] & 0x1f,
        .removable = bit(d[1], 7),
        .protect = bit(d[5], 0),
    };
    text_from_field(out->vendor, sizeof out->vendor, d + 8, 8);
    text_from_field(out->product, sizeof out->product, d + 16, 16);
    text_from_field(out->revision, sizeof out->revision, d + 32, 4);
    return 0;
}

/* The page's payload, cut to what the page itself says; -EINVAL if it is another page or cut short.
 */
static int page_payload(struct bytes data, uint8_t page, struct bytes *payload) {
    if (data.length < VPD_HEADER || data.data[1] != page)
        return -EINVAL;
    const size_t length = get_be16(data.data + 2);
    if (VPD_HEADER + length > data.length)
        return -EINVAL;
    *payload = (struct bytes){data.data + VPD_HEADER, length};
    return 0;
}

int scsi_decode_vpd_supported(struct bytes data, bool pages[256]) {
    struct bytes payload;
    const int error = page_payload(data, VPD_SUPPORTED, &payload);
    if (error)
        return error;
    memset(pages, 0, 256 * sizeof *pages);
    for (size_t i = 0; i < payload.length; i++)
        pages[payload.data[i]] = true;
    return 0;
}

int scsi_decode_vpd_serial(struct bytes data, char *out, size_t size) {
    struct bytes payload;
    const int error = page_payload(data, VPD_SERIAL, &payload);
    if (error)
        return error;
    text_from_field(out, size, payload.data, payload.length);
    return 0;
}

/* A designator of the target port (association 1) tells its protocol if PIV is set (SPC-4 7.8.6.1;
 * the codes: SPC-4 7.6.1). */
static bool names_sas_port(const uint8_t *designator) {
    enum { PROTOCOL_SAS = 6, TARGET_PORT = 1 };
    return bit(designator[1], 7) && (designator[1] >> 4 & 3) == TARGET_PORT &&
           designator[0] >> 4 == PROTOCOL_SAS;
}

enum designator_rank { RANK_NONE, RANK_SCSI_NAME, RANK_EUI64, RANK_NAA };

static enum designator_rank rank_of(uint8_t type) {
    switch (type) {
    case 2:
        return RANK_EUI64;
    case 3:
        return RANK_NAA;
    case 8:
        return RANK_SCSI_NAME;
    default:
        return RANK_NONE;
    }
}

static void name_designator(enum designator_rank rank, struct bytes value, char *out, size_t size) {
    if (rank == RANK_SCSI_NAME) {
        text_from_field(out, size, value.data, value.length);
        return;
    }
    char hex[2 * 16 + 1];
    if (value.length > 16 || value.length == 0 || bytes_all(value.data, value.length, 0))
        return;
    hex_encode(hex, value.data, value.length);
    (void)snprintf(out, size, "%s.%s", rank == RANK_NAA ? "naa" : "eui", hex);
}

int scsi_decode_vpd_identification(struct bytes data, struct scsi_designators *out) {
    struct bytes payload;
    const int error = page_payload(data, VPD_IDENTIFICATION, &payload);
    if (error)
        return error;
    *out = (struct scsi_designators){{0}, {0}, false};
    enum designator_rank best[2] = {RANK_NONE, RANK_NONE};
    for (size_t at = 0; at + 4 <= payload.length;) {
        const uint8_t *d = payload.data + at;
        const size_t length = d[3];
        if (at + 4 + length > payload.length)
            return -EINVAL;
        at += 4 + length;
        out->sas_port = out->sas_port || names_sas_port(d);
        const unsigned association = d[1] >> 4 & 3;
        const enum designator_rank rank = rank_of(d[1] & 0xf);
        if (association == 1 || association == 3)
            continue;
        const unsigned which = association == 0 ? 0 : 1;
        if (rank <= best[which])
            continue;
        char name[TEXT_FIELD_SIZE] = "";
        name_designator(rank, (struct bytes){d + 4, length}, name, sizeof name);
        if (name[0] == '\0')
            continue;
        best[which] = rank;
        text_copy(which == 0 ? out->logical_unit : out->target_device, TEXT_FIELD_SIZE, name);
    }
    return 0;
}

int scsi_decode_vpd_ata(struct bytes data, struct bytes *identify) {
    struct bytes payload;
    const int error = page_payload(data, VPD_ATA, &payload);
    if (error)
        return error;
    if (data.length < VPD_ATA_IDENTIFY + ATA_IDENTIFY_SIZE)
        return -EINVAL;
    *identify = (struct bytes){data.data + VPD_ATA_IDENTIFY, ATA_IDENTIFY_SIZE};
    return 0;
}

int scsi_decode_vpd_characteristics(struct bytes data, struct scsi_characteristics *out) {
    struct bytes payload;
    const int error = page_payload(data, VPD_CHARACTERISTICS, &payload);
    if (error)
        return error;
    if (payload.length < 5)
        return -EINVAL;
    *out = (struct scsi_characteristics){
        .rotation_rate = get_be16(payload.data),
        .after_block_erase = payload.data[3] >> 6,
        .after_crypto_erase = payload.data[3] >> 4 & 3,
        .zoned = payload.data[4] >> 4 & 3,
    };
    return 0;
}
