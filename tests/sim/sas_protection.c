#include "sas_protection.h"

#include "fields.h"
#include "scsi_sense.h"

enum { GUARD_AT = 0, APPLICATION_AT = 2, REFERENCE_AT = 4 };

#define NOT_CHECKED_APPLICATION 0xffff
#define NOT_CHECKED_REFERENCE   0xffffffff

uint16_t protection_guard(const uint8_t *data, size_t bytes) {
    /* Of each value of the four highest bits, by T10 DIF's polynomial, 8BB7h. */
    static const uint16_t of_bits[16] = {
        0x0000, 0x8bb7, 0x9cd9, 0x176e, 0xb205, 0x39b2, 0x2edc, 0xa56b,
        0xefbd, 0x640a, 0x7364, 0xf8d3, 0x5db8, 0xd60f, 0xc161, 0x4ad6,
    };
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes; i++) {
        crc = (uint16_t)(crc << 4 ^ of_bits[crc >> 12 ^ data[i] >> 4]);
        crc = (uint16_t)(crc << 4 ^ of_bits[crc >> 12 ^ (data[i] & 15)]);
    }
    return crc;
}

/* Type 3 leaves the reference tag to the host. */
void protection_put(uint8_t *block, uint32_t data_bytes, unsigned type, uint64_t lba) {
    uint8_t *protection = block + data_bytes;
    store_be(protection + GUARD_AT, 2, protection_guard(block, data_bytes));
    store_be(protection + APPLICATION_AT, 2, 0);
    store_be(protection + REFERENCE_AT, 4, type == 3 ? NOT_CHECKED_REFERENCE : (uint32_t)lba);
}

/* All ones: "do not check" (type 3: in both tags). */
static bool is_exempt(const uint8_t *protection, unsigned type) {
    return load_be(protection + APPLICATION_AT, 2) == NOT_CHECKED_APPLICATION &&
           (type != 3 || load_be(protection + REFERENCE_AT, 4) == NOT_CHECKED_REFERENCE);
}

uint16_t protection_check(const uint8_t *block, uint32_t data_bytes, unsigned type, uint64_t lba,
                          unsigned checks) {
    const uint8_t *protection = block + data_bytes;
    if (is_exempt(protection, type))
        return 0;
    if ((checks & PROTECTION_GUARD) &&
        load_be(protection + GUARD_AT, 2) != protection_guard(block, data_bytes))
        return ASC_GUARD_CHECK;
    if ((checks & PROTECTION_REFERENCE) && type != 3 &&
        load_be(protection + REFERENCE_AT, 4) != (uint32_t)lba)
        return ASC_REFERENCE_TAG_CHECK;
    return 0;
}
