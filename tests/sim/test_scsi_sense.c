/* Both sense formats, byte for byte. */
#include "scsi_sense.h"
#include "test.h"

static uint8_t out[SCSI_SENSE_SIZE];

static void expect(const struct scsi_sense *sense, bool descriptors, const uint8_t *bytes,
                   size_t length) {
    assert_int_equal(scsi_sense_format(sense, descriptors, out), length);
    assert_memory_equal(out, bytes, length);
}

static void test_plain(void **state) {
    (void)state;
    const struct scsi_sense sense = {.key = SENSE_ILLEGAL_REQUEST,
                                     .additional = ASC_INVALID_OPCODE};
    expect(&sense, false,
           (uint8_t[]){0x70, 0, 5, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0}, 18);
    expect(&sense, true, (uint8_t[]){0x72, 5, 0x20, 0, 0, 0, 0, 0}, 8);
}

static void test_information(void **state) {
    (void)state;
    struct scsi_sense sense = {.key = SENSE_MEDIUM_ERROR,
                               .additional = ASC_UNRECOVERED_READ,
                               .has_information = true,
                               .information = 0x12345678};
    expect(&sense, false,
           (uint8_t[]){0xf0, 0, 3, 0x12, 0x34, 0x56, 0x78, 0x0a, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0},
           18);
    sense.information = 0x123456789a;
    expect(&sense, false, /* does not fit */
           (uint8_t[]){0x70, 0, 3, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0}, 18);
    expect(&sense, true, (uint8_t[]){0x72, 3, 0x11, 0, 0, 0,    0,    12,   0,    0x0a,
                                     0x80, 0, 0,    0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a},
           20);
}

static void test_progress(void **state) {
    (void)state;
    const struct scsi_sense sense = {.key = SENSE_NOT_READY,
                                     .additional = ASC_SANITIZE_IN_PROGRESS,
                                     .has_progress = true,
                                     .progress = 0x8001};
    expect(&sense, false,
           (uint8_t[]){0x70, 0, 2, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 4, 0x1b, 0, 0x80, 0x80, 0x01}, 18);
    expect(&sense, true, (uint8_t[]){0x72, 2, 4, 0x1b, 0, 0, 0, 8, 2, 6, 0, 0, 0x80, 0x80, 0x01, 0},
           16);
}

static const struct ata_registers_out registers = {
    .status = 0x50, .error = 0x04, .count = 0x8102, .lba = 0xa6a5a4a3a2a1, .device = 0x40};

static void test_registers_extended(void **state) {
    (void)state;
    struct scsi_sense sense = {.key = SENSE_RECOVERED,
                               .additional = ASC_ATA_REGISTERS,
                               .registers = &registers,
                               .extend = true};
    expect(&sense, true,
           (uint8_t[]){0x72, 1,    0,    0x1d, 0,    0,    0,    14,   9,    12,   1,
                       0x04, 0x81, 0x02, 0xa4, 0xa1, 0xa5, 0xa2, 0xa6, 0xa3, 0x40, 0x50},
           22);
    expect(&sense, false,
           (uint8_t[]){0x70, 0, 1, 0x04, 0x50, 0x40, 0x02, 0x0a, 0xe0, 0xa1, 0xa2, 0xa3, 0, 0x1d, 0,
                       0, 0, 0},
           18);
    struct ata_registers_out low = registers;
    low.count = 2;
    low.lba = 0xa3a2a1;
    sense.registers = &low;
    assert_int_equal(scsi_sense_format(&sense, false, out), 18);
    assert_int_equal(out[8], 0x80);
}

static void test_registers_of_a_28_bit_command(void **state) {
    (void)state;
    const struct scsi_sense sense = {
        .key = SENSE_RECOVERED, .additional = ASC_ATA_REGISTERS, .registers = &registers};
    expect(&sense, true, (uint8_t[]){0x72, 1, 0,    0x1d, 0,    0, 0,    14, 9,    12,   0,
                                     0x04, 0, 0x02, 0,    0xa1, 0, 0xa2, 0,  0xa3, 0x40, 0x50},
           22);
    assert_int_equal(scsi_sense_format(&sense, false, out), 18);
    assert_int_equal(out[8], 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_plain),
    cmocka_unit_test(test_information),
    cmocka_unit_test(test_progress),
    cmocka_unit_test(test_registers_extended),
    cmocka_unit_test(test_registers_of_a_28_bit_command),
};

TEST_MAIN(tests)
