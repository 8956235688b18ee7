/* ATA: IDENTIFY, SMART, what SANITIZE STATUS returns, and the encoding of pass-through. */
#include "quietus/ata.h"

#include "fuzz.h"

/* Half of the inputs get a right checksum, which mutation would hardly ever find. */
static void seal(uint8_t *page) {
    uint8_t sum = 0;
    for (int i = 0; i < 511; i++)
        sum = (uint8_t)(sum + page[i]);
    page[511] = (uint8_t)-sum;
}

static void check_identify(struct bytes page) {
    struct ata_identify out;
    if (ata_decode_identify(page, &out))
        return;
    REQUIRE(page.length >= ATA_IDENTIFY_SIZE);
    REQUIRE_ASCII(out.serial);
    REQUIRE_ASCII(out.model);
    REQUIRE_ASCII(out.firmware);
    REQUIRE(out.logical_sector_size >= 512 && out.physical_sector_size >= out.logical_sector_size);
    /* A capacity in bytes is what documents have: JSON's integers have 63 bits. */
    REQUIRE(out.sectors <= INT64_MAX / out.logical_sector_size);
    REQUIRE(out.checksum_present || !out.checksum_good);
}

static void check_sanitize_status(const uint8_t *data, size_t size) {
    if (size < 16)
        return;
    const struct ata_registers registers = {
        .valid = data[0] & 1,
        .high_valid = bit(data[0], 1),
        .count_high_set = bit(data[0], 2),
        .status = data[1],
        .error = data[2],
        .device = data[3],
        .count = get_le16(data + 4),
        .lba = get_le64(data + 8) & 0xffffffffffff,
    };
    struct ata_sanitize_status status;
    ata_decode_sanitize_status(&registers, &status);
    REQUIRE(registers.valid || !status.known);
    /* Nothing is claimed of registers that say nothing. */
    if (!status.known)
        REQUIRE(!status.completed && !status.in_progress && !status.failed && !status.frozen);
    REQUIRE(!status.failed || !status.completed);
    REQUIRE(!status.inferred || !(status.completed && status.in_progress));
}

static void check_pass_through(const uint8_t *data, size_t size) {
    if (size < 16)
        return;
    const struct ata_taskfile taskfile = {
        .protocol = (enum ata_protocol)(ATA_NON_DATA + data[0] % 4),
        .extended = bit(data[1], 0),
        .features = get_le16(data + 2),
        .count = get_le16(data + 4),
        .lba = get_le64(data + 8) & 0xffffffffffff,
        .device = data[6],
        .command = data[7],
    };
    uint8_t *cdb = malloc(16);
    REQUIRE(cdb);
    ata_encode_pass_through(&taskfile, cdb);
    REQUIRE(cdb[0] == 0x85 && cdb[14] == taskfile.command && cdb[15] == 0);
    const uint64_t lba = (uint64_t)cdb[8] | (uint64_t)cdb[10] << 8 | (uint64_t)cdb[12] << 16 |
                         (uint64_t)cdb[7] << 24 | (uint64_t)cdb[9] << 32 | (uint64_t)cdb[11] << 40;
    REQUIRE(lba == taskfile.lba);
    free(cdb);
}

static void check_logs(struct bytes page) {
    uint16_t pages = 0;
    uint32_t count = 0;
    for (unsigned log = 0; log < 256; log++) {
        if (ata_decode_log_directory(page, (uint8_t)log, &pages) == 0)
            REQUIRE(page.length >= 512 && log != 0);
    }
    if (ata_decode_power_on_resets(page, &count) == 0)
        REQUIRE(page.length >= 512 && page.data[2] == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ata_smart smart;
    const struct bytes page = fuzz_copy(data, size);
    if (size > 512 && data[512] & 1)
        seal((uint8_t *)page.data);
    check_identify(page);
    if (ata_decode_smart(page, &smart) == 0)
        REQUIRE(smart.temperature >= 0 && smart.temperature <= 125);
    check_logs(page);
    require_page_documents("ata", page);
    check_sanitize_status(data, size);
    check_pass_through(data, size);
    free((void *)page.data);
    return 0;
}
