#include "quietus/scsi_reservation.h"

#include <errno.h>
#include <string.h>

enum { HEADER = 8, KEY = 8 };

int scsi_decode_registrations(struct bytes data, struct scsi_registrations *out) {
    *out = (struct scsi_registrations){0};
    if (data.length < HEADER)
        return -EINVAL;
    out->count = get_be32(data.data + 4) / KEY;
    for (size_t at = HEADER; at + KEY <= data.length && out->key_count < out->count; at += KEY) {
        if (out->key_count == sizeof out->keys / sizeof *out->keys)
            break;
        out->keys[out->key_count++] = get_be64(data.data + at);
    }
    return 0;
}

int scsi_decode_reservation(struct bytes data, struct scsi_reservation *out) {
    enum { LENGTH = 16, TYPE_AT = 21, TYPE_MASK = 0x0f };
    *out = (struct scsi_reservation){0};
    if (data.length < HEADER)
        return -EINVAL;
    if (get_be32(data.data + 4) == 0)
        return 0;
    if (get_be32(data.data + 4) < LENGTH || data.length < HEADER + LENGTH)
        return -EINVAL;
    out->held = true;
    out->key = get_be64(data.data + HEADER);
    out->type = data.data[TYPE_AT] & TYPE_MASK;
    return 0;
}

const char *scsi_reservation_type_name(uint8_t type) {
    static const char *const names[] = {
        [1] = "write exclusive",
        [3] = "exclusive access",
        [5] = "write exclusive, registrants only",
        [6] = "exclusive access, registrants only",
        [7] = "write exclusive, all registrants",
        [8] = "exclusive access, all registrants",
    };
    const bool known = type < sizeof names / sizeof *names && names[type];
    return known ? names[type] : "of an unknown type";
}

void scsi_encode_reserve_out(uint64_t key, uint64_t action_key,
                             uint8_t list[SCSI_RESERVE_OUT_LIST]) {
    memset(list, 0, SCSI_RESERVE_OUT_LIST);
    put_be64(list, key);
    put_be64(list + KEY, action_key);
}

int scsi_decode_defect_count(struct bytes data, bool is_12, uint64_t *out) {
    enum { HEADER_10 = 4, HEADER_12 = 8, FORMAT_MASK = 0x07 };
    /* Bytes of an entry by format (SBC): short block, three of 8, from index, by sector; the last
     * two are a vendor's and reserved. */
    static const uint8_t sizes[] = {4, 8, 8, 8, 8, 8, 0, 0};
    if (data.length < (is_12 ? HEADER_12 : HEADER_10))
        return -EINVAL;
    const uint8_t size = sizes[data.data[1] & FORMAT_MASK];
    if (size == 0)
        return -EINVAL;
    *out = (is_12 ? get_be32(data.data + 4) : get_be16(data.data + 2)) / size;
    return 0;
}
