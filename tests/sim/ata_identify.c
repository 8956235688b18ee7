/* IDENTIFY DEVICE data, from the description and the state (DEVICE-FACTS A.4; other words: ACS). */
#include "ata.h"
#include "fields.h"

#include <string.h>

static void put(uint8_t *data, unsigned word, uint16_t value) {
    store_le(data + 2 * (size_t)word, 2, value);
}

void ata_seal(uint8_t block[ATA_BLOCK]) {
    uint8_t sum = 0;
    block[510] = 0xa5;
    for (unsigned i = 0; i < ATA_BLOCK - 1; i++)
        sum = (uint8_t)(sum + block[i]);
    block[511] = (uint8_t)-sum;
}

void ata_store_text(uint8_t *to, size_t size, const char *text) {
    store_text(to, size, text);
    for (size_t i = 0; i + 1 < size; i += 2) {
        const uint8_t first = to[i];
        to[i] = to[i + 1];
        to[i + 1] = first;
    }
}

/* In units of two minutes; the largest value means "longer than can be said". */
uint16_t ata_erase_time_word(uint64_t ms, bool extended_format) {
    const uint64_t unit = 2 * UINT64_C(60000);
    const uint16_t limit = extended_format ? 0x7fff : 0xff;
    if (ms == TIME_NOT_REPORTED || ms == 0)
        return 0;
    const uint64_t units = ms / unit + (ms % unit != 0);
    return (uint16_t)((units < limit ? units : limit) | (extended_format ? 0x8000 : 0));
}

/* From memory of Opal: while its Locking SP is active, ATA security is not there. */
bool ata_security_supported(const struct ata *ata) {
    return ata_description(ata)->ata.security && !ata->saved->security_hidden &&
           !tcg_is_active(ata->drive);
}

static bool is_hidden(const struct ata *ata, enum erase_operation operation) {
    return drive_misbehaves(ata->drive, MISBEHAVE_HIDDEN, operation) != NULL;
}

bool ata_security_enhanced_announced(const struct ata *ata) {
    return ata_security_enhanced_supported(ata) && !is_hidden(ata, OP_SECURITY_ERASE_ENHANCED);
}

bool ata_security_enhanced_supported(const struct ata *ata) {
    return ata_security_supported(ata) && ata_description(ata)->ata.security_enhanced;
}

struct ata_sanitize_abilities ata_sanitize_abilities(const struct ata *ata) {
    const struct drive_description *description = ata_description(ata);
    return (struct ata_sanitize_abilities){
        .crypto_scramble = description->sanitize_crypto,
        .block_erase = description->sanitize_block,
        .overwrite = description->sanitize_overwrite,
        .antifreeze_lock = description->ata.antifreeze,
    };
}

struct ata_sanitize_abilities ata_sanitize_announced(const struct ata *ata) {
    struct ata_sanitize_abilities out = ata_sanitize_abilities(ata);
    out.crypto_scramble &= !is_hidden(ata, OP_ATA_SANITIZE_CRYPTO);
    out.block_erase &= !is_hidden(ata, OP_ATA_SANITIZE_BLOCK);
    out.overwrite &= !is_hidden(ata, OP_ATA_SANITIZE_OVERWRITE);
    return out;
}

static void put_names(const struct ata *ata, uint8_t *data) {
    const struct drive_description *description = ata_description(ata);
    ata_store_text(data + 20, 20, drive_serial(ata->drive));
    ata_store_text(data + 46, 8, description->firmware);
    ata_store_text(data + 54, 40, description->model);
    for (unsigned i = 0; i < 4; i++)
        put(data, 108 + i, (uint16_t)(description->wwn >> (48 - 16 * i)));
}

static unsigned log2_of(uint32_t value) {
    unsigned log = 0;
    while (value > 1) {
        value >>= 1;
        log++;
    }
    return log;
}

static void put_capacity(const struct ata *ata, uint8_t *data) {
    enum { VALID = 0x4000, MULTIPLE_LOGICAL = 1 << 13, LONG_LOGICAL = 1 << 12 };
    const struct drive_description *description = ata_description(ata);
    const uint64_t sectors = ata->accessible_sectors;
    const uint32_t physical = ata_physical_sector(ata);
    uint16_t sizes = VALID;
    store_le(data + 120, 4, sectors > 0xfffffff ? 0xfffffff : sectors);
    store_le(data + 200, 8, sectors);
    if (physical > description->sector)
        sizes |= (uint16_t)(MULTIPLE_LOGICAL | log2_of(physical / description->sector));
    if (description->sector > ATA_BLOCK) {
        sizes |= LONG_LOGICAL;
        store_le(data + 234, 4, description->sector / 2);
    }
    put(data, 106, sizes);
}

/* What every drive of these years has: geometry of old, PIO and DMA modes, SATA speeds. */
static void put_fixed(uint8_t *data) {
    static const struct {
        uint8_t word;
        uint16_t value;
    } words[] = {
        {0, 0x0040},  {1, 0x3fff},  {2, 0xc837},  {3, 16},      {6, 63},
        {47, 0x8010}, {49, 0x2f00}, {50, 0x4000}, {53, 0x0006}, {63, 0x0007},
        {64, 0x0003}, {65, 120},    {66, 120},    {67, 120},    {68, 120},
        {75, 31},     {76, 0x010e}, {77, 0x0006}, {80, 0x0ff0}, {222, 0x107f},
    };
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        put(data, words[i].word, words[i].value);
}

/* Words 82 to 87, 119, 120: what is there, and what of it is on. */
static void put_feature_sets(const struct ata *ata, uint8_t *data) {
    enum { VALID = 0x4000, WORDS_119_120 = 0x8000, READ_WRITE_LOG_DMA = 1 << 3, AMAC = 1 << 8 };
    enum {
        SMART = 1 << 0,
        SECURITY = 1 << 1,
        POWER = 1 << 3,
        WRITE_CACHE = 1 << 5,
        READ_AHEAD = 1 << 6,
        HPA = 1 << 10
    };
    enum {
        PUIS = 1 << 5,
        PUIS_NEEDS_SPIN_UP = 1 << 6,
        LBA48 = 1 << 10,
        DCO = 1 << 11,
        FLUSH = 1 << 12,
        FLUSH_EXT = 1 << 13
    };
    enum { SMART_LOGS = 1 << 0, LOGS = 1 << 5, FUA = 1 << 6, WWN = 1 << 8 };
    const struct ata_description *own = &ata_description(ata)->ata;
    const uint16_t third = VALID | SMART_LOGS | LOGS | FUA | WWN;
    const uint16_t fourth = VALID | READ_WRITE_LOG_DMA | (own->amac ? AMAC : 0);
    const uint16_t second = PUIS_NEEDS_SPIN_UP | LBA48 | FLUSH | FLUSH_EXT | (own->dco ? DCO : 0);
    const uint16_t first = POWER | (own->hpa ? HPA : 0);
    put(data, 82,
        (uint16_t)(first | SMART | WRITE_CACHE | READ_AHEAD |
                   (ata_security_supported(ata) ? SECURITY : 0)));
    put(data, 83, VALID | PUIS | second);
    put(data, 84, third);
    put(data, 85,
        (uint16_t)(first | (ata->smart ? SMART : 0) | (ata->write_cache ? WRITE_CACHE : 0) |
                   (ata->read_ahead ? READ_AHEAD : 0) |
                   (ata_security_supported(ata) && ata->saved->security.enabled ? SECURITY : 0)));
    put(data, 86, (uint16_t)(WORDS_119_120 | second | (ata->saved->starts_in_standby ? PUIS : 0)));
    put(data, 87, third);
    put(data, 119, fourth);
    put(data, 120, fourth);
}

static void put_security(const struct ata *ata, uint8_t *data) {
    const struct ata_description *own = &ata_description(ata)->ata;
    if (!ata_security_supported(ata))
        return;
    put(data, 89, ata_erase_time_word(own->erase_time, own->erase_time_extended));
    if (ata_security_enhanced_announced(ata))
        put(data, 90, ata_erase_time_word(own->erase_time_enhanced, own->erase_time_extended));
    put(data, 92, ata->saved->security.master_id);
    put(data, 128, ata_security_word(&ata->saved->security, ata_security_enhanced_announced(ata)));
}

/* Word 59; its low part is about READ MULTIPLE. */
static uint16_t sanitize_word(const struct ata *ata) {
    enum {
        ANTIFREEZE = 1 << 10,
        PERMITS_ACS3 = 1 << 11,
        SANITIZE = 1 << 12,
        CRYPTO = 1 << 13,
        OVERWRITE = 1 << 14,
        BLOCK = 1 << 15
    };
    const struct ata_sanitize_abilities can = ata_sanitize_announced(ata);
    if (!can.crypto_scramble && !can.overwrite && !can.block_erase)
        return 0;
    return (uint16_t)(SANITIZE | PERMITS_ACS3 | (can.crypto_scramble ? CRYPTO : 0) |
                      (can.overwrite ? OVERWRITE : 0) | (can.block_erase ? BLOCK : 0) |
                      (can.antifreeze_lock ? ANTIFREEZE : 0));
}

static void put_capabilities(const struct ata *ata, uint8_t *data) {
    enum {
        VALID = 0x4000,
        MULTIPLE_VALID = 1 << 8,
        ENCRYPTS = 1 << 4,
        TRIM_ZEROES = 1 << 5,
        TRIM_DETERMINISTIC = 1 << 14,
        SSP = 1 << 6
    };
    const struct drive_description *description = ata_description(ata);
    const struct ata_description *own = &description->ata;
    put(data, 48, (uint16_t)(VALID | (own->trusted || ata_description(ata)->tcg.present ? 1 : 0)));
    put(data, 59,
        (uint16_t)(sanitize_word(ata) | (ata->multiple ? MULTIPLE_VALID | ata->multiple : 0)));
    put(data, 69,
        (uint16_t)((description->encrypts ? ENCRYPTS : 0) |
                   (own->trim && own->trim_zeroes ? TRIM_ZEROES : 0) |
                   (own->trim && own->trim_deterministic ? TRIM_DETERMINISTIC : 0)));
    put(data, 78, own->settings_preservation ? SSP : 0);
    put(data, 79, ata->settings_preserved ? SSP : 0);
    put(data, 88, (uint16_t)(0x007f | 1 << (8 + ata->transfer_mode)));
    put(data, 105, own->trim ? 8 : 0);
    put(data, 169, own->trim ? 1 : 0);
    put(data, 217, description->flash ? 1 : (uint16_t)own->rotation);
}

void ata_identify_data(const struct ata *ata, uint8_t out[ATA_BLOCK]) {
    memset(out, 0, ATA_BLOCK);
    put_fixed(out);
    put_names(ata, out);
    put_capacity(ata, out);
    put_feature_sets(ata, out);
    put_capabilities(ata, out);
    put_security(ata, out);
    ata_seal(out);
}
