#include "quietus/ata.h"

#include <errno.h>

static uint16_t word(const uint8_t *data, unsigned index) {
    return get_le16(data + (size_t)2 * index);
}

/* ATA leaves a word 0000h or FFFFh where it does not implement it (ACS, IDENTIFY overview). */
static uint16_t reported_word(const uint8_t *data, unsigned index) {
    const uint16_t value = word(data, index);
    return value == 0xffff ? 0 : value;
}

/* Words 83, 84, 86, 87, 106, 119 and their like are valid if bits 15:14 are 01b. */
static uint16_t signed_word(const uint8_t *data, unsigned index) {
    const uint16_t value = word(data, index);
    return value >> 14 == 1 ? value : 0;
}

/* Words 89 and 90: bit 15 tells whether 15 or 8 bits count, in units of two minutes. */
static uint32_t erase_minutes(uint16_t value) {
    const uint32_t units = bit(value, 15) ? value & 0x7fffU : value & 0xffU;
    return units * 2;
}

static void decode_security(const uint8_t *data, struct ata_security *out) {
    const uint16_t status = reported_word(data, 128);
    *out = (struct ata_security){
        .supported = bit(status, 0),
        .enabled = bit(status, 1),
        .locked = bit(status, 2),
        .frozen = bit(status, 3),
        .count_expired = bit(status, 4),
        .enhanced_erase = bit(status, 5),
        .master_maximum = bit(status, 8),
        .master_id = word(data, 92),
        .normal_minutes = erase_minutes(reported_word(data, 89)),
        .enhanced_minutes = erase_minutes(reported_word(data, 90)),
    };
}

static void decode_sanitize(const uint8_t *data, struct ata_sanitize *out) {
    const uint16_t value = reported_word(data, 59);
    const bool supported = bit(value, 12);
    *out = (struct ata_sanitize){
        .supported = supported,
        .crypto_scramble = supported && bit(value, 13),
        .overwrite = supported && bit(value, 14),
        .block_erase = supported && bit(value, 15),
        .antifreeze_lock = supported && bit(value, 10),
    };
}

static void decode_capacity(const uint8_t *data, struct ata_identify *out) {
    out->lba48 = bit(signed_word(data, 83), 10);
    out->sectors = get_le32(data + 120);
    if (out->lba48)
        out->sectors = get_le64(data + 200);
    if (bit(reported_word(data, 69), 3) && get_le64(data + 460) != 0)
        out->sectors = get_le64(data + 460);

    out->logical_sector_size = 512;
    const uint16_t sizes = signed_word(data, 106);
    const uint32_t logical_words = get_le32(data + 234);
    if (bit(sizes, 12) && logical_words >= 256 && logical_words <= 32768)
        out->logical_sector_size = logical_words * 2;
    out->physical_sector_size = out->logical_sector_size;
    if (bit(sizes, 13))
        out->physical_sector_size <<= sizes & 0xf;
    if (out->sectors > INT64_MAX / out->logical_sector_size)
        out->sectors = 0;
}

static uint64_t decode_wwn(const uint8_t *data) {
    if (!bit(signed_word(data, 84), 8) && !bit(signed_word(data, 87), 8))
        return 0;
    uint64_t wwn = 0;
    for (unsigned i = 108; i <= 111; i++)
        wwn = wwn << 16 | word(data, i);
    return wwn == UINT64_MAX ? 0 : wwn;
}

static uint8_t sum_of(const uint8_t *data, size_t length) {
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum;
}

int ata_decode_identify(struct bytes data, struct ata_identify *out) {
    if (data.length < ATA_IDENTIFY_SIZE || bytes_all(data.data, ATA_IDENTIFY_SIZE, data.data[0]))
        return -EINVAL;
    const uint8_t *d = data.data;
    const uint16_t general = word(d, 0);
    if (bit(general, 15) && general != 0x848a) /* 848Ah: CFA, an ATA device all the same */
        return -EINVAL;

    *out = (struct ata_identify){
        .wwn = decode_wwn(d),
        .rotation_rate = reported_word(d, 217),
        .checksum_present = d[510] == 0xa5,
        .checksum_good = d[510] == 0xa5 && sum_of(d, ATA_IDENTIFY_SIZE) == 0,
        .smart_supported = bit(reported_word(d, 82), 0),
        .smart_enabled = bit(reported_word(d, 85), 0),
        .logs = bit(signed_word(d, 84), 5) || bit(signed_word(d, 87), 5),
        .hpa_supported = bit(reported_word(d, 82), 10),
        .dco_supported = bit(signed_word(d, 83), 11),
        .amac_supported = bit(signed_word(d, 119), 8),
        .trusted_computing = signed_word(d, 48) != 0 && bit(word(d, 48), 0),
        .encrypts_all = bit(reported_word(d, 69), 4),
        .trim = bit(reported_word(d, 169), 0),
    };
    text_from_ata_field(out->serial, sizeof out->serial, d + 20, 20);
    text_from_ata_field(out->firmware, sizeof out->firmware, d + 46, 8);
    text_from_ata_field(out->model, sizeof out->model, d + 54, 40);
    decode_security(d, &out->security);
    decode_sanitize(d, &out->sanitize);
    decode_capacity(d, out);
    return 0;
}

/* Words 3 to 6 are the last LBA. */
int ata_decode_dco(struct bytes data, uint64_t *sectors) {
    if (data.length < ATA_IDENTIFY_SIZE || data.data[510] != 0xa5 ||
        sum_of(data.data, ATA_IDENTIFY_SIZE) != 0)
        return -EINVAL;
    const uint64_t last = get_le64(data.data + 6);
    if (last >> 48 != 0)
        return -EINVAL;
    *sectors = last + 1;
    return 0;
}

/* The lowest byte, as Linux's drivetemp and smartmontools take it; those above are extremes and
 * counts. No standard says so: what no drive has is not taken. */
static void take_temperature(uint64_t raw, struct ata_smart *out) {
    enum { WARMEST = 125 };
    const uint8_t degrees = (uint8_t)raw;
    if (degrees != 0 && degrees <= WARMEST)
        out->temperature = degrees;
}

int ata_decode_smart(struct bytes data, struct ata_smart *out) {
    enum { ATTRIBUTES = 2, ATTRIBUTE_SIZE = 12, ATTRIBUTE_COUNT = 30 };
    if (data.length < 512 || bytes_all(data.data, 512, 0) || sum_of(data.data, 512) != 0)
        return -EINVAL;
    *out = (struct ata_smart){0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        const uint8_t *attribute = data.data + ATTRIBUTES + (size_t)i * ATTRIBUTE_SIZE;
        const uint64_t raw = get_le64(attribute + 4) >> 8 & 0xffffffffffff;
        switch (attribute[0]) {
        case 5:
            out->reallocated = raw;
            break;
        case 9:
            out->power_on_hours = raw & 0xffffffff; /* some vendors put minutes above */
            break;
        case 12:
            out->power_cycles = raw & 0xffffffff; /* no drive has had more */
            break;
        case 190: /* the air's, for some makers: where there is nothing better */
            if (!out->temperature)
                take_temperature(raw, out);
            break;
        case 194:
            take_temperature(raw, out);
            break;
        case 197:
            out->pending = raw;
            break;
        case 198:
            out->offline_uncorrectable = raw;
            break;
        default:
            break;
        }
    }
    return 0;
}
