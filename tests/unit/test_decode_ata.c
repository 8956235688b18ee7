#include "quietus/ata.h"

#include "test.h"

#include <errno.h>

static struct ata_identify decode(const uint8_t data[512]) {
    struct ata_identify out;
    assert_int_equal(ata_decode_identify((struct bytes){data, 512}, &out), 0);
    return out;
}

static void test_identify_names_and_capacity(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "TEST DISK 4T", "SER123", 7814037168);
    const struct ata_identify out = decode(data);
    assert_string_equal(out.model, "TEST DISK 4T");
    assert_string_equal(out.serial, "SER123");
    assert_string_equal(out.firmware, "FW01");
    assert_int_equal(out.sectors, 7814037168);
    assert_int_equal(out.logical_sector_size, 512);
    assert_int_equal(out.wwn, 0x5000c50012345678);
    assert_int_equal(out.rotation_rate, 7200);
    assert_true(out.checksum_present && out.checksum_good);
}

static void test_identify_4kn_and_512e(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "M", "S", 1000);
    set_word(data, 106, 0x6003); /* eight logical sectors in a physical one */
    assert_int_equal(decode(data).physical_sector_size, 4096);
    assert_int_equal(decode(data).logical_sector_size, 512);
    set_word(data, 106, 0x5000); /* logical sectors of 2048 words */
    set_word(data, 117, 2048);
    assert_int_equal(decode(data).logical_sector_size, 4096);
    assert_int_equal(decode(data).physical_sector_size, 4096);
}

/* No document could hold the capacity in bytes. */
static void test_identify_absurd_capacity(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "M", "S", 1ULL << 53);
    assert_int_equal(decode(data).sectors, 1ULL << 53);
    make_identify(data, "M", "S", 1ULL << 54);
    assert_int_equal(decode(data).sectors, 0);
    make_identify(data, "M", "S", 1000);
    set_word(data, 106, 0x700f); /* logical sectors of a MiB, 32768 of them in a physical one */
    set_word(data, 118, 0x0008);
    assert_int_equal(decode(data).logical_sector_size, 512);
    assert_int_equal(decode(data).physical_sector_size, 512U << 15);
}

static void test_identify_security(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "M", "S", 1000);
    set_word(data, 128, 0x0029 | 1 << 8); /* supported, frozen, enhanced, maximum */
    set_word(data, 89, 0x8000 | 300);     /* 15-bit form */
    set_word(data, 90, 0x00ff);           /* 8-bit form, longest */
    set_word(data, 92, 0xfffe);
    const struct ata_security security = decode(data).security;
    assert_true(security.supported && security.frozen && security.enhanced_erase);
    assert_true(security.master_maximum);
    assert_false(security.enabled || security.locked || security.count_expired);
    assert_int_equal(security.normal_minutes, 600);
    assert_int_equal(security.enhanced_minutes, 510);
    assert_int_equal(security.master_id, 0xfffe);
}

static void test_identify_sanitize_needs_the_feature_set(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "M", "S", 1000);
    set_word(data, 59, 0xe000); /* three commands, but bit 12 is clear */
    assert_false(decode(data).sanitize.crypto_scramble);
    set_word(data, 59, 0xf000);
    const struct ata_sanitize sanitize = decode(data).sanitize;
    assert_true(sanitize.supported && sanitize.crypto_scramble && sanitize.overwrite &&
                sanitize.block_erase);
    set_word(data, 59, 0xffff); /* not implemented */
    assert_false(decode(data).sanitize.supported);
}

static void test_identify_words_without_validity_are_ignored(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "M", "S", 1000);
    set_word(data, 83, 0xffff);
    set_word(data, 84, 0);
    set_word(data, 87, 0);
    set_word(data, 106, 0xffff);
    const struct ata_identify out = decode(data);
    assert_false(out.lba48);
    assert_int_equal(out.wwn, 0);
    assert_int_equal(out.logical_sector_size, 512);
}

static void test_identify_wrong_checksum_is_told(void **state) {
    (void)state;
    uint8_t data[512];
    make_identify(data, "M", "S", 1000);
    data[100] ^= 1;
    assert_true(decode(data).checksum_present);
    assert_false(decode(data).checksum_good);
}

static void test_identify_refuses_what_is_none(void **state) {
    (void)state;
    uint8_t data[512];
    struct ata_identify out;
    make_identify(data, "M", "S", 1000);
    assert_int_equal(ata_decode_identify((struct bytes){data, 511}, &out), -EINVAL);
    memset(data, 0, sizeof data);
    assert_int_equal(ata_decode_identify((struct bytes){data, 512}, &out), -EINVAL);
    memset(data, 0xff, sizeof data);
    assert_int_equal(ata_decode_identify((struct bytes){data, 512}, &out), -EINVAL);
    make_identify(data, "M", "S", 1000);
    set_word(data, 0, 0x8580); /* a packet device */
    assert_int_equal(ata_decode_identify((struct bytes){data, 512}, &out), -EINVAL);
}

static void test_identify_of_qemu_as_hdparm_prints_it(void **state) {
    (void)state;
    const struct bytes page = fixture_page("sata.identify.hdparm");
    struct ata_identify out;
    assert_int_equal(page.length, 512);
    assert_int_equal(ata_decode_identify(page, &out), 0);
    assert_string_equal(out.serial, "S-SATA");
    assert_string_equal(out.model, "QEMU HARDDISK");
    assert_int_equal(out.wwn, 0x5000c500aabbccdd);
    assert_int_equal(out.sectors, 131072);
    /* Word 128 is 0: F5h "succeeds" on this drive, and security erase must not be offered. */
    assert_false(out.security.supported);
    free((void *)page.data);
}

static void test_smart_attributes(void **state) {
    (void)state;
    uint8_t data[512] = {0};
    const uint8_t ids[] = {5, 9, 197, 198, 12};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        data[2 + 12 * i] = ids[i];
        data[2 + 12 * i + 5] = (uint8_t)(10 + i);
    }
    data[2 + 12 * 1 + 9] = 7; /* beyond the 32 bits that count of power-on hours */
    data[2 + 12 * 4 + 9] = 7; /* and of power cycles */
    uint8_t sum = 0;
    for (int i = 0; i < 511; i++)
        sum = (uint8_t)(sum + data[i]);
    data[511] = (uint8_t)-sum;
    struct ata_smart out;
    assert_int_equal(ata_decode_smart((struct bytes){data, 512}, &out), 0);
    assert_int_equal(out.reallocated, 10);
    assert_int_equal(out.power_on_hours, 11);
    assert_int_equal(out.pending, 12);
    assert_int_equal(out.offline_uncorrectable, 13);
    assert_int_equal(out.power_cycles, 14);
    assert_int_equal(out.temperature, 0);
    data[3] ^= 1;
    assert_int_equal(ata_decode_smart((struct bytes){data, 512}, &out), -EINVAL);
}

static int temperature_of(const uint8_t ids[2], const uint8_t degrees[2]) {
    uint8_t data[512] = {0x10};
    struct ata_smart out;
    uint8_t sum = 0;
    for (size_t i = 0; i < 2; i++) {
        data[2 + 12 * i] = ids[i];
        data[2 + 12 * i + 5] = degrees[i];
        data[2 + 12 * i + 7] = 20; /* the lowest so far */
    }
    for (int i = 0; i < 511; i++)
        sum = (uint8_t)(sum + data[i]);
    data[511] = (uint8_t)-sum;
    assert_int_equal(ata_decode_smart((struct bytes){data, 512}, &out), 0);
    return out.temperature;
}

static void test_smart_temperature(void **state) {
    (void)state;
    static const struct {
        uint8_t ids[2];
        uint8_t raw[2];
        int degrees;
    } rows[] = {
        {{194, 9}, {38, 50}, 38},  {{190, 194}, {30, 38}, 38}, {{194, 190}, {38, 30}, 38},
        {{190, 5}, {31, 50}, 31},  {{190, 194}, {31, 0}, 31},  {{194, 190}, {255, 31}, 31},
        {{194, 190}, {126, 0}, 0}, {{5, 197}, {38, 38}, 0},    {{194, 9}, {125, 0}, 125},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(temperature_of(rows[i].ids, rows[i].raw), rows[i].degrees);
}

static void test_log_directory(void **state) {
    (void)state;
    uint8_t data[512] = {1, 0, [8] = 4, [9] = 2};
    uint16_t pages = 0;
    assert_int_equal(ata_decode_log_directory((struct bytes){data, 512}, 4, &pages), 0);
    assert_int_equal(pages, 0x0204);
    assert_int_equal(ata_decode_log_directory((struct bytes){data, 512}, 255, &pages), 0);
    assert_int_equal(pages, 0);
    assert_int_equal(ata_decode_log_directory((struct bytes){data, 511}, 4, &pages), -EINVAL);
    assert_int_equal(ata_decode_log_directory((struct bytes){data, 512}, 0, &pages), -EINVAL);
    data[0] = 0; /* no version: no directory */
    assert_int_equal(ata_decode_log_directory((struct bytes){data, 512}, 4, &pages), -EINVAL);
}

static void test_power_on_resets(void **state) {
    (void)state;
    static const struct {
        uint8_t at;
        uint8_t becomes;
        int error;
    } rows[] = {
        {15, 0x80, -ENODATA},                /* supported, and not valid now */
        {15, 0x40, -ENODATA}, {15, 0xf0, 0}, /* normalized, and with a condition: as good */
        {2, 3, -EINVAL},                     /* the page of rotating media */
        {0, 0, -ENODATA},                    /* revision 0: the page is not there */
        {12, 0xff, 0},                       /* beyond the 32 bits */
    };
    uint8_t good[512] = {1, 0, 1, [8] = 0x11, 0x22, 0x33, 0x44, [15] = 0xc0};
    uint32_t count = 0;
    assert_int_equal(ata_decode_power_on_resets((struct bytes){good, 512}, &count), 0);
    assert_int_equal(count, 0x44332211);
    assert_int_equal(ata_decode_power_on_resets((struct bytes){good, 511}, &count), -EINVAL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t data[512];
        memcpy(data, good, sizeof data);
        data[rows[i].at] = rows[i].becomes;
        count = 0;
        assert_int_equal(ata_decode_power_on_resets((struct bytes){data, 512}, &count),
                         rows[i].error);
        assert_int_equal(count, rows[i].error ? 0 : 0x44332211);
    }
}

/* General purpose logging: bit 5 of word 84 or 87, if that is valid. */
static void test_identify_logs(void **state) {
    (void)state;
    static const struct {
        uint16_t word84;
        uint16_t word87;
        bool logs;
    } rows[] = {{0x4020, 0, true},
                {0, 0x4020, true},
                {0x4000, 0x4000, false},
                {0x0020, 0, false},
                {0xffff, 0xffff, false}};
    uint8_t data[512];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        make_identify(data, "M", "S", 1000);
        set_word(data, 84, rows[i].word84);
        set_word(data, 87, rows[i].word87);
        assert_true(decode(data).logs == rows[i].logs);
    }
}

/* DEVICE-FACTS A.2: exact bytes. */
static void test_pass_through_bytes(void **state) {
    (void)state;
    uint8_t cdb[16];
    const struct ata_taskfile identify = {
        .protocol = ATA_PIO_IN, .count = 1, .command = ATA_IDENTIFY_DEVICE};
    const uint8_t expected_identify[16] = {0x85, 0x08, 0x0e, 0, 0, 0, 1,    0,
                                           0,    0,    0,    0, 0, 0, 0xec, 0};
    ata_encode_pass_through(&identify, cdb);
    assert_memory_equal(cdb, expected_identify, 16);

    const struct ata_taskfile smart = {.protocol = ATA_NON_DATA,
                                       .features = ATA_SMART_RETURN_STATUS,
                                       .lba = ATA_SMART_LBA,
                                       .command = ATA_SMART};
    const uint8_t expected_smart[16] = {0x85, 0x06, 0x20, 0, 0xda, 0, 0,    0,
                                        0,    0,    0x4f, 0, 0xc2, 0, 0xb0, 0};
    ata_encode_pass_through(&smart, cdb);
    assert_memory_equal(cdb, expected_smart, 16);

    const struct ata_taskfile extended = {.protocol = ATA_NON_DATA,
                                          .extended = true,
                                          .features = 0x1234,
                                          .count = 0x5678,
                                          .lba = 0x665544332211,
                                          .device = 0x40,
                                          .command = 0xb4};
    const uint8_t expected[16] = {0x85, 0x07, 0x20, 0x12, 0x34, 0x56, 0x78, 0x44,
                                  0x11, 0x55, 0x22, 0x66, 0x33, 0x40, 0xb4, 0};
    ata_encode_pass_through(&extended, cdb);
    assert_memory_equal(cdb, expected, 16);
}

static void test_sanitize_status(void **state) {
    (void)state;
    struct ata_sanitize_status status;
    struct ata_registers registers = {0};
    ata_decode_sanitize_status(&registers, &status);
    assert_false(status.known);
    registers = (struct ata_registers){
        .valid = true, .high_valid = true, .status = 0x50, .count = 0x4000, .lba = 0x8000};
    ata_decode_sanitize_status(&registers, &status);
    assert_true(status.known && status.in_progress && !status.completed && !status.inferred);
    assert_int_equal(status.progress, 0x8000);
    registers.count = 0xa000;
    registers.lba = 0xffff;
    ata_decode_sanitize_status(&registers, &status);
    assert_true(status.completed && status.frozen && !status.in_progress);
    /* Fixed format: only that something in COUNT 15:8 is set. */
    registers = (struct ata_registers){
        .valid = true, .status = 0x50, .count_high_set = true, .lba = 0x1000};
    ata_decode_sanitize_status(&registers, &status);
    assert_true(status.inferred && status.in_progress && !status.completed);
    registers.lba = 0xffff;
    ata_decode_sanitize_status(&registers, &status);
    assert_true(status.inferred && !status.in_progress && status.completed);
    registers.count_high_set = false;
    ata_decode_sanitize_status(&registers, &status);
    assert_true(!status.in_progress && !status.completed);
    /* An abort is the drive's word for a failure; another error says nothing. */
    registers = (struct ata_registers){.valid = true, .status = 0x51, .error = 0x04, .lba = 1};
    ata_decode_sanitize_status(&registers, &status);
    assert_true(status.known && status.failed && status.reason == 1);
    registers.error = 0x10;
    ata_decode_sanitize_status(&registers, &status);
    assert_false(status.known);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_identify_names_and_capacity),
    cmocka_unit_test(test_identify_4kn_and_512e),
    cmocka_unit_test(test_identify_absurd_capacity),
    cmocka_unit_test(test_identify_security),
    cmocka_unit_test(test_identify_sanitize_needs_the_feature_set),
    cmocka_unit_test(test_identify_words_without_validity_are_ignored),
    cmocka_unit_test(test_identify_wrong_checksum_is_told),
    cmocka_unit_test(test_identify_refuses_what_is_none),
    cmocka_unit_test(test_identify_of_qemu_as_hdparm_prints_it),
    cmocka_unit_test(test_smart_attributes),
    cmocka_unit_test(test_smart_temperature),
    cmocka_unit_test(test_log_directory),
    cmocka_unit_test(test_power_on_resets),
    cmocka_unit_test(test_identify_logs),
    cmocka_unit_test(test_pass_through_bytes),
    cmocka_unit_test(test_sanitize_status),
};
TEST_MAIN(tests)
