/* The general purpose logs: directory, device statistics, NCQ errors, IDENTIFY DEVICE data
 * (DEVICE-FACTS A.9; what it does not give: ACS, from memory). */
#include "ata.h"
#include "fields.h"

#include <string.h>

/* Each qword of a page of log 30h says by bit 63 that it is valid. */
#define QWORD_VALID (UINT64_C(1) << 63)

static void put_qword(uint8_t *page, unsigned offset, uint64_t value) {
    store_le(page + offset, 8, QWORD_VALID | value);
}

/* Offset 0 of every page: revision 1 and the page's number. */
static void put_header(uint8_t *page, uint8_t number) {
    put_qword(page, 0, (uint64_t)number << 16 | 1);
}

/* --- log 30h --- */

static void list_of_pages(uint8_t *page, const uint8_t *numbers, uint8_t count) {
    page[8] = count;
    memcpy(page + 9, numbers, count);
}

static void capacity_page(const struct ata *ata, uint8_t *page) {
    enum { MULTIPLE_LOGICAL = 62, LONG_LOGICAL = 61 };
    const struct drive_description *description = ata_description(ata);
    uint64_t sizes = 0;
    unsigned log = 0;
    for (uint32_t size = description->sector; size < ata_physical_sector(ata); size *= 2)
        log++;
    if (log > 0)
        sizes |= UINT64_C(1) << MULTIPLE_LOGICAL | log;
    if (description->sector > ATA_BLOCK)
        sizes |= UINT64_C(1) << LONG_LOGICAL;
    put_qword(page, 8, ata->accessible_sectors);
    put_qword(page, 16, sizes);
    put_qword(page, 24, description->sector / 2);
}

static void capabilities_page(const struct ata *ata, uint8_t *page) {
    enum { DEFINITIVE_ENDING_PATTERN = 51 };
    const bool overwrite = ata_sanitize_announced(ata).overwrite;
    put_qword(page, 8, overwrite ? UINT64_C(1) << DEFINITIVE_ENDING_PATTERN : 0);
}

static void settings_page(const struct ata *ata, uint8_t *page) {
    (void)ata;
    put_qword(page, 8, 0);
}

static void strings_page(const struct ata *ata, uint8_t *page) {
    ata_store_text(page + 8, 20, drive_serial(ata->drive));
    ata_store_text(page + 32, 8, ata_description(ata)->firmware);
    ata_store_text(page + 48, 40, ata_description(ata)->model);
}

static uint64_t security_capabilities(const struct ata *ata) {
    enum {
        ENCRYPTS = 1 << 0,
        SANITIZE = 1 << 1,
        CRYPTO = 1 << 2,
        OVERWRITE = 1 << 3,
        BLOCK = 1 << 4,
        ANTIFREEZE = 1 << 5,
        OVERRIDES_SECURITY = 1 << 7
    };
    const struct ata_sanitize_abilities can = ata_sanitize_announced(ata);
    const bool any = can.crypto_scramble || can.overwrite || can.block_erase;
    return (uint64_t)((ata_description(ata)->encrypts ? ENCRYPTS : 0) | (any ? SANITIZE : 0) |
                      (can.crypto_scramble ? CRYPTO : 0) | (can.overwrite ? OVERWRITE : 0) |
                      (can.block_erase ? BLOCK : 0) | (can.antifreeze_lock ? ANTIFREEZE : 0) |
                      (any && ata_description(ata)->ata.sanitize_overrides_security
                           ? OVERRIDES_SECURITY
                           : 0));
}

static void security_page(const struct ata *ata, uint8_t *page) {
    enum { MASTER_MAXIMUM = 1 << 6, WORD_128_LOW = 0x3f };
    const struct ata_security *security = &ata->saved->security;
    const struct ata_description *own = &ata_description(ata)->ata;
    if (ata_security_supported(ata)) {
        const bool enhanced = ata_security_enhanced_announced(ata);
        put_qword(page, 8, security->master_id);
        put_qword(page, 16,
                  (ata_security_word(security, enhanced) & WORD_128_LOW) |
                      (security->master_maximum ? MASTER_MAXIMUM : 0));
        put_qword(page, 24,
                  enhanced ? ata_erase_time_word(own->erase_time_enhanced, own->erase_time_extended)
                           : 0);
        put_qword(page, 32, ata_erase_time_word(own->erase_time, own->erase_time_extended));
    }
    put_qword(page, 40, own->trusted || ata_description(ata)->tcg.present ? 1 : 0);
    put_qword(page, 48, security_capabilities(ata));
}

static void sata_page(const struct ata *ata, uint8_t *page) {
    enum { GENERATIONS = 7, NCQ = 1 << 4, SSP_SUPPORTED = 1 << 18, SSP_ENABLED = 1 << 5 };
    const bool ssp = ata_description(ata)->ata.settings_preservation;
    put_qword(page, 8, (uint64_t)(GENERATIONS | NCQ | (ssp ? SSP_SUPPORTED : 0)));
    put_qword(page, 16, (uint64_t)(ata->settings_preserved ? SSP_ENABLED : 0));
}

static bool identify_page(const struct ata *ata, uint8_t number, uint8_t *page) {
    static const uint8_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 8};
    static void (*const fill[])(const struct ata *, uint8_t *) = {
        [2] = capacity_page, [3] = capabilities_page, [4] = settings_page,
        [5] = strings_page,  [6] = security_page,     [8] = sata_page};
    memset(page, 0, ATA_BLOCK);
    if (number == 1) { /* a copy, without the header */
        ata_identify_data(ata, page);
        return true;
    }
    put_header(page, number);
    if (number == 0)
        list_of_pages(page, numbers, sizeof numbers);
    else if (number < sizeof fill / sizeof *fill && fill[number] != NULL)
        fill[number](ata, page);
    return true; /* a page that is not there is empty */
}

/* --- the other logs --- */

enum { IDENTIFY_PAGES = 9, STATISTICS_PAGES = 4 };

static bool directory_page(const struct ata *ata, uint8_t number, uint8_t *page) {
    (void)ata;
    memset(page, 0, ATA_BLOCK);
    if (number != 0)
        return false;
    store_le(page, 2, 1); /* version */
    store_le(page + (size_t)2 * ATA_LOG_STATISTICS, 2, STATISTICS_PAGES);
    store_le(page + (size_t)2 * ATA_LOG_NCQ_ERROR, 2, 1);
    store_le(page + (size_t)2 * ATA_LOG_IDENTIFY, 2, IDENTIFY_PAGES);
    return true;
}

/* A statistic: bit 63 supported, bit 62 valid, and up to 56 bits. */
static void put_statistic(uint8_t *page, unsigned offset, uint64_t value) {
    store_le(page + offset, 8, UINT64_C(3) << 62 | value);
}

static bool statistics_page(const struct ata *ata, uint8_t number, uint8_t *page) {
    enum { GENERAL = 1, ROTATING = 3 };
    static const uint8_t numbers[] = {0, GENERAL, ROTATING};
    const struct ata_health health = ata_health_of(ata);
    memset(page, 0, ATA_BLOCK);
    store_le(page, 8, (uint64_t)number << 16 | 1);
    if (number == 0)
        list_of_pages(page, numbers, sizeof numbers);
    if (number == GENERAL) {
        if (ata_description(ata)->counts_power)
            put_statistic(page, 8, ata->drive->state->powered_on);
        put_statistic(page, 16, health.power_on_hours);
    }
    if (number == ROTATING)
        put_statistic(page, 32, health.reallocated);
    return number < STATISTICS_PAGES;
}

/* Nothing is wrong: NQ says that the last error was of no queued command. */
static bool ncq_error_page(const struct ata *ata, uint8_t number, uint8_t *page) {
    enum { NOT_QUEUED = 0x80 };
    (void)ata;
    memset(page, 0, ATA_BLOCK);
    page[0] = NOT_QUEUED;
    page[2] = ATA_STATUS_GOOD;
    page[511] = (uint8_t) - (NOT_QUEUED + ATA_STATUS_GOOD);
    return number == 0;
}

static const struct log {
    uint8_t address;
    uint8_t pages;
    bool (*fill)(const struct ata *ata, uint8_t number, uint8_t *page);
} logs[] = {
    {ATA_LOG_DIRECTORY, 1, directory_page},
    {ATA_LOG_STATISTICS, STATISTICS_PAGES, statistics_page},
    {ATA_LOG_NCQ_ERROR, 1, ncq_error_page},
    {ATA_LOG_IDENTIFY, IDENTIFY_PAGES, identify_page},
};

static const struct log *find_log(uint8_t address) {
    for (unsigned i = 0; i < sizeof logs / sizeof *logs; i++)
        if (logs[i].address == address)
            return &logs[i];
    return NULL;
}

/* LBA 7:0 is the log, LBA 15:8 and 39:32 the first page, COUNT the number of pages. */
enum ata_result ata_run_read_log(struct ata *ata, struct drive_request *request) {
    const struct ata_registers_in *in = &request->ata;
    const struct log *log = find_log((uint8_t)in->lba);
    const uint16_t first = (uint16_t)((in->lba >> 8 & 0xff) | (in->lba >> 24 & 0xff00));
    if (log == NULL || in->count == 0 || first + in->count > log->pages)
        return ATA_ABORTED;
    for (uint16_t i = 0; i < in->count; i++)
        (void)log->fill(ata, (uint8_t)(first + i), request->data + (size_t)i * ATA_BLOCK);
    request->transferred = (size_t)in->count * ATA_BLOCK;
    return ATA_DONE;
}
