#include "quietus/scsi.h"
#include "quietus/scsi_reservation.h"

#include "test.h"

#include <errno.h>

static struct scsi_sense sense_of(const char *hex) {
    uint8_t data[64];
    struct scsi_sense out;
    const size_t length = strlen(hex) / 2;
    assert_int_equal(hex_decode(data, length, hex), 0);
    scsi_decode_sense((struct bytes){data, length}, &out);
    return out;
}

/* What libata returned for SMART RETURN STATUS, descriptor format. */
static void test_sense_ata_descriptor(void **state) {
    (void)state;
    const struct scsi_sense sense = sense_of("7201001d0000000e090c000000000000004f00c20050");
    assert_true(sense.valid && sense.descriptor_format && sense.ata.valid);
    assert_int_equal(sense.key, SENSE_RECOVERED_ERROR);
    assert_int_equal(sense.ata.status, 0x50);
    assert_int_equal(sense.ata.lba, 0xc24f00);
    assert_false(sense.ata.high_valid);
}

static void test_sense_ata_descriptor_48_bit(void **state) {
    (void)state;
    const struct scsi_sense sense = sense_of("7201001d0000000e090c01045678112233445566"
                                             "4050");
    assert_true(sense.ata.valid && sense.ata.high_valid);
    assert_int_equal(sense.ata.count, 0x5678);
    assert_int_equal(sense.ata.error, 0x04);
    assert_int_equal(sense.ata.lba, 0x553311664422);
}

/* The ATA descriptor is not always the first. */
static void test_sense_ata_descriptor_second(void **state) {
    (void)state;
    const struct scsi_sense sense =
        sense_of("7201001d0000001a000a80000000000000000042090c00000000000000000000"
                 "4050");
    assert_true(sense.information_valid);
    assert_int_equal(sense.information, 0x42);
    assert_true(sense.ata.valid);
    assert_int_equal(sense.ata.status, 0x50);
}

/* SAT's fixed format loses the upper half of COUNT: it must not be read as zero. */
static void test_sense_ata_fixed(void **state) {
    (void)state;
    const struct scsi_sense sense = sense_of("700001045140000a80112233001d00000000");
    assert_true(sense.ata.valid && sense.ata.high_valid);
    assert_int_equal(sense.ata.error, 0x04);
    assert_int_equal(sense.ata.status, 0x51);
    assert_int_equal(sense.ata.lba, 0x332211);
    const struct scsi_sense upper = sense_of("700001005040000ac0ffff00001d00000000");
    assert_true(upper.ata.valid);
    assert_false(upper.ata.high_valid);
}

/* The older kernels' form of a failure is not taken for registers. */
static void test_sense_old_kernel_failure(void **state) {
    (void)state;
    const struct scsi_sense sense = sense_of("700005000000000a0451400121040000");
    assert_true(sense.valid);
    assert_int_equal(sense.key, SENSE_ILLEGAL_REQUEST);
    assert_int_equal(sense.asc, 0x21);
    assert_false(sense.ata.valid);
}

/* As kernel 6.12 answers to a SANITIZE STATUS EXT that is aborted: reason 1. */
static void test_registers_of_a_failed_pass_through(void **state) {
    (void)state;
    uint8_t data[18];
    struct ata_registers registers = {0};
    assert_int_equal(hex_decode(data, 18, "f0000b045100000a80010000000000000000"), 0);
    assert_false(sense_of("f0000b045100000a80010000000000000000").ata.valid);
    assert_true(scsi_decode_pass_through_failure((struct bytes){data, 18}, &registers));
    assert_true(registers.valid && registers.high_valid);
    assert_int_equal(registers.error, 0x04);
    assert_int_equal(registers.status, 0x51);
    assert_int_equal(registers.lba, 1);
    registers = (struct ata_registers){0};
    assert_false(scsi_decode_pass_through_failure((struct bytes){data, 13}, &registers));
    data[4] = 0x50; /* no error: then it is no failed command's */
    assert_false(scsi_decode_pass_through_failure((struct bytes){data, 18}, &registers));
    data[4] = 0x51;
    data[0] = 0x70; /* INFORMATION is not valid */
    assert_false(scsi_decode_pass_through_failure((struct bytes){data, 18}, &registers));
    assert_false(registers.valid);
}

static void test_sense_progress(void **state) {
    (void)state;
    const struct scsi_sense fixed = sense_of("700002000000000a00000000041b00804000");
    assert_true(fixed.progress_valid);
    assert_int_equal(fixed.progress, 0x4000);
    const struct scsi_sense descriptor = sense_of("7202041b000000080206000080800000");
    assert_true(descriptor.progress_valid);
    assert_int_equal(descriptor.progress, 0x8000);
    const struct scsi_sense not_ready_no_progress =
        sense_of("700002000000000a00000000041b00000000");
    assert_false(not_ready_no_progress.progress_valid);
}

/* Short, truncated and wild sense says nothing, and reads nothing out of bounds. */
static void test_sense_hostile(void **state) {
    (void)state;
    static const char *const hopeless[] = {
        "", "70", "7000", "720100", "00000000000000000000000000000000", "ffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < COUNT_OF(hopeless); i++)
        assert_false(sense_of(hopeless[i]).valid);
    assert_false(sense_of("7201001d0000000e090c0000").ata.valid);
    assert_false(sense_of("7201001d000000ff09ff0000000000000000000000000000").ata.valid);
    assert_false(sense_of("7201001d0000000e0902000000000000004f00c20050").ata.valid);
}

static void test_sense_text(void **state) {
    (void)state;
    char text[128];
    const struct scsi_sense opcode = sense_of("7205200000000000");
    assert_string_equal(scsi_sense_text(&opcode, text, sizeof text),
                        "illegal request: invalid opcode (5/20/00)");
    const struct scsi_sense none = {0};
    assert_string_equal(scsi_sense_text(&none, text, sizeof text), "no usable sense data");
}

static void test_inquiry(void **state) {
    (void)state;
    const struct bytes page = fixture_page("sas.inquiry.hex");
    struct scsi_inquiry out;
    assert_int_equal(scsi_decode_inquiry(page, &out), 0);
    assert_string_equal(out.vendor, "QEMU");
    assert_string_equal(out.product, "QEMU HARDDISK");
    assert_int_equal(out.type, SCSI_TYPE_DISK);
    assert_int_equal(scsi_decode_inquiry((struct bytes){page.data, 35}, &out), -EINVAL);
    free((void *)page.data);
}

static void test_inquiry_hostile_text(void **state) {
    (void)state;
    uint8_t data[36] = {0, 0, 6, 2, 31};
    struct scsi_inquiry out;
    put_padded(data + 8, 8, "A\"B\\");
    memcpy(data + 16, "\x1b[2J\nPRODUCT \xff\xfe ", 16);
    put_padded(data + 32, 4, "1");
    assert_int_equal(scsi_decode_inquiry((struct bytes){data, 36}, &out), 0);
    assert_string_equal(out.vendor, "A\"B\\\\");
    assert_string_equal(out.product, "\\x1b[2J\\x0aPRODUCT \\xff\\xfe");
}

static void test_vpd_names(void **state) {
    (void)state;
    struct scsi_designators out;
    const struct bytes sas = fixture_page("sas.vpd0x83.hex");
    assert_int_equal(scsi_decode_vpd_identification(sas, &out), 0);
    assert_string_equal(out.logical_unit, "naa.5000c50012345678");
    free((void *)sas.data);
    /* Association 1 names the port, not the disk: two paths must not look like two disks. */
    static const uint8_t port_first[] = {0,    0x83, 0,    24, 1, 0x93, 0, 8,    0x50, 0,
                                         0xc5, 0,    0,    0,  0, 1,    1, 0x03, 0,    8,
                                         0x50, 0,    0xc5, 0,  0, 0,    0, 2};
    assert_int_equal(
        scsi_decode_vpd_identification((struct bytes){port_first, sizeof port_first}, &out), 0);
    assert_string_equal(out.logical_unit, "naa.5000c50000000002");
    assert_string_equal(out.target_device, "");
    assert_false(out.sas_port); /* its protocol identifier says Fibre Channel */
}

/* What tells a SAS disk where the kernel's driver does not: only of a port, and only where PIV says
 * that the protocol is named at all. */
static void test_vpd_tells_a_sas_port(void **state) {
    (void)state;
    static const struct {
        uint8_t protocol, association;
        bool sas;
    } cases[] = {{0x61, 0x93, true},  {0x61, 0x13, false}, {0x61, 0x83, false},
                 {0x61, 0xa3, false}, {0x51, 0x93, false}, {0x61, 0x94, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t page[] = {
            0, 0x83, 0, 12, cases[i].protocol, cases[i].association, 0, 8, 0x50, 0, 0xc5, 0,
            0, 0,    0, 1};
        struct scsi_designators out;
        assert_int_equal(scsi_decode_vpd_identification((struct bytes){page, sizeof page}, &out),
                         0);
        assert_int_equal(out.sas_port, cases[i].sas);
    }
}

static void test_vpd_hostile(void **state) {
    (void)state;
    struct scsi_designators names;
    bool pages[256];
    char serial[32];
    static const uint8_t overlong[] = {0, 0x83, 0, 4, 1, 3, 0, 200};
    static const uint8_t claims_more[] = {0, 0x80, 0xff, 0xff, 'A'};
    assert_int_equal(
        scsi_decode_vpd_identification((struct bytes){overlong, sizeof overlong}, &names), -EINVAL);
    assert_int_equal(scsi_decode_vpd_serial((struct bytes){claims_more, sizeof claims_more}, serial,
                                            sizeof serial),
                     -EINVAL);
    assert_int_equal(scsi_decode_vpd_supported((struct bytes){claims_more, 4}, pages), -EINVAL);
    assert_int_equal(scsi_decode_vpd_supported((struct bytes){claims_more, 0}, pages), -EINVAL);
}

static void test_vpd_characteristics(void **state) {
    (void)state;
    const struct bytes page = fixture_page("sas.vpd0xb1.hex");
    struct scsi_characteristics out;
    assert_int_equal(scsi_decode_vpd_characteristics(page, &out), 0);
    assert_int_equal(out.rotation_rate, 10000);
    free((void *)page.data);
    static const uint8_t ssd[] = {0, 0xb1, 0, 5, 0, 1, 0, 0xb0, 0x10};
    assert_int_equal(scsi_decode_vpd_characteristics((struct bytes){ssd, sizeof ssd}, &out), 0);
    assert_int_equal(out.rotation_rate, 1);
    assert_int_equal(out.after_block_erase, 2);
    assert_int_equal(out.after_crypto_erase, 3);
    assert_int_equal(out.zoned, 1);
}

static void test_capacity(void **state) {
    (void)state;
    struct scsi_capacity out;
    uint8_t data[32] = {0, 0, 0, 1, 0xd1, 0xc0, 0xbe, 0xaf, 0, 0, 2, 8, 0x03, 0x03};
    assert_int_equal(scsi_decode_capacity_16((struct bytes){data, 32}, &out), 0);
    assert_int_equal(out.blocks, 0x1d1c0beb0);
    assert_int_equal(out.block_size, 520);
    assert_int_equal(out.protection_type, 2);
    assert_int_equal(scsi_decode_capacity_16((struct bytes){data, 11}, &out), -EINVAL);
    put_be32(data + 8, 0);
    assert_int_equal(scsi_decode_capacity_16((struct bytes){data, 32}, &out), -EINVAL);
    static const uint8_t absurd[32] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0};
    assert_int_equal(scsi_decode_capacity_16((struct bytes){absurd, 32}, &out), -EINVAL);
    static const uint8_t too_large[8] = {0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0};
    assert_int_equal(scsi_decode_capacity_10((struct bytes){too_large, 8}, &out), -EINVAL);
}

static void test_write_protect_and_log(void **state) {
    (void)state;
    bool protected;
    uint8_t asc;
    uint8_t ascq;
    static const uint8_t mode[8] = {0, 6, 0, 0x90};
    assert_int_equal(scsi_decode_mode_write_protect((struct bytes){mode, 8}, &protected), 0);
    assert_true(protected);
    static const uint8_t log[] = {0x2f, 0, 0, 8, 0, 0, 3, 4, 0x5d, 0x10, 30, 0};
    assert_int_equal(scsi_decode_log_exceptions((struct bytes){log, sizeof log}, &asc, &ascq), 0);
    assert_int_equal(asc, 0x5d);
    assert_int_equal(ascq, 0x10);
    assert_int_equal(scsi_decode_log_exceptions((struct bytes){log, 9}, &asc, &ascq), -EINVAL);
}

static void test_log_temperature(void **state) {
    (void)state;
    int degrees = -1;
    uint8_t log[] = {0x0d, 0, 0, 12, 0, 0, 3, 2, 0, 34, 0, 1, 3, 2, 0, 60};
    const struct bytes page = {log, sizeof log};
    assert_int_equal(scsi_decode_log_temperature(page, &degrees), 0);
    assert_int_equal(degrees, 34);
    assert_int_equal(scsi_decode_log_temperature((struct bytes){log, 10}, &degrees), 0);
    assert_int_equal(scsi_decode_log_temperature((struct bytes){log, 9}, &degrees), -EINVAL);
    log[9] = 0xff; /* not available */
    assert_int_equal(scsi_decode_log_temperature(page, &degrees), 0);
    assert_int_equal(degrees, 0);
    static const size_t wrong[] = {0, 5, 7}; /* another page, another parameter, too short */
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        log[wrong[i]] ^= 3;
        assert_int_equal(scsi_decode_log_temperature(page, &degrees), -EINVAL);
        log[wrong[i]] ^= 3;
    }
}

/* Laid out as in two makers' SCSI manuals: dates, then what it may have and what it has had. */
static void test_log_starts(void **state) {
    (void)state;
    uint32_t starts = 0;
    uint8_t log[] = {
        0x0e, 0, 0, 36, /**/ 0, 1,   3,    6,    '2',    '0', '2', '4', '0',  '1', /**/
        0,    2, 3, 6,  ' ',    ' ', ' ',  ' ',  ' ',    ' ',                      /**/
        0,    3, 3, 4,  0,      0,   0xc3, 0x50, /**/ 0, 4,   3,   4,   0x11, 0x22, 0x33, 0x44};
    enum { LENGTH = sizeof log, CODE = 33, SIZE = 35 };
    const struct bytes page = {log, LENGTH};
    assert_int_equal(scsi_decode_log_starts(page, &starts), 0);
    assert_int_equal(starts, 0x11223344);
    assert_int_equal(scsi_decode_log_starts((struct bytes){log, LENGTH - 1}, &starts), -EINVAL);
    assert_int_equal(scsi_decode_log_starts((struct bytes){log, 32}, &starts), -ENODATA);
    assert_int_equal(scsi_decode_log_starts((struct bytes){log, 3}, &starts), -EINVAL);
    log[3] = 35; /* the page ends within the counter */
    assert_int_equal(scsi_decode_log_starts(page, &starts), -EINVAL);
    log[3] = 255; /* and says that it is longer than what came */
    assert_int_equal(scsi_decode_log_starts(page, &starts), 0);
    log[CODE] = 6;
    assert_int_equal(scsi_decode_log_starts(page, &starts), -ENODATA);
    log[CODE] = 4;
    log[SIZE] = 2;
    assert_int_equal(scsi_decode_log_starts(page, &starts), -EINVAL);
    log[0] = 0x0d;
    assert_int_equal(scsi_decode_log_starts(page, &starts), -EINVAL);
}

static void test_supported_opcodes(void **state) {
    (void)state;
    enum scsi_support out;
    static const struct {
        uint8_t value;
        enum scsi_support expected;
    } cases[] = {{0, SCSI_SUPPORT_UNKNOWN},
                 {1, SCSI_NOT_SUPPORTED},
                 {3, SCSI_SUPPORTED},
                 {5, SCSI_SUPPORTED},
                 {2, SCSI_SUPPORT_UNKNOWN}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const uint8_t data[4] = {0, cases[i].value};
        assert_int_equal(scsi_decode_one_command((struct bytes){data, 4}, &out), 0);
        assert_int_equal(out, cases[i].expected);
    }
}

static void test_reservations(void **state) {
    (void)state;
    struct scsi_registrations keys;
    struct scsi_reservation held;
    /* Generation 7, 17 keys, of which two are in the data. */
    static const uint8_t two[] = {0, 0, 0, 7, 0, 0, 0, 136, 0, 0, 0, 0, 0, 0,
                                  0, 1, 0, 0, 0, 0, 0, 0,   0, 2, 9, 9, 9, 9};
    assert_int_equal(scsi_decode_registrations((struct bytes){two, sizeof two}, &keys), 0);
    assert_int_equal(keys.count, 17);
    assert_int_equal(keys.key_count, 2);
    assert_int_equal(keys.keys[1], 2);
    assert_int_equal(scsi_decode_registrations((struct bytes){two, 7}, &keys), -EINVAL);
    uint8_t many[8 + 32 * 8] = {[6] = 1}; /* 32 keys */
    assert_int_equal(scsi_decode_registrations((struct bytes){many, sizeof many}, &keys), 0);
    assert_int_equal(keys.count, 32);
    assert_int_equal(keys.key_count, 16);

    static const uint8_t none[8] = {0, 0, 0, 7};
    assert_int_equal(scsi_decode_reservation((struct bytes){none, 8}, &held), 0);
    assert_false(held.held);
    static const uint8_t one[24] = {[7] = 16, [8] = 0xab, [15] = 0xcd, [21] = 0x06};
    assert_int_equal(scsi_decode_reservation((struct bytes){one, 24}, &held), 0);
    assert_true(held.held);
    assert_true(held.key == UINT64_C(0xab000000000000cd));
    assert_string_equal(scsi_reservation_type_name(held.type),
                        "exclusive access, registrants only");
    assert_int_equal(scsi_decode_reservation((struct bytes){one, 23}, &held), -EINVAL);
    assert_string_equal(scsi_reservation_type_name(2), "of an unknown type");
    assert_string_equal(scsi_reservation_type_name(15), "of an unknown type");
}

static void test_defect_count(void **state) {
    (void)state;
    uint64_t count;
    static const uint8_t from_index[] = {0, 0x0c, 0, 0, 0, 0, 1, 0};
    assert_int_equal(scsi_decode_defect_count((struct bytes){from_index, 8}, true, &count), 0);
    assert_int_equal(count, 32);
    assert_int_equal(scsi_decode_defect_count((struct bytes){from_index, 7}, true, &count),
                     -EINVAL);
    static const uint8_t short_block[] = {0, 0x08, 0, 40};
    assert_int_equal(scsi_decode_defect_count((struct bytes){short_block, 4}, false, &count), 0);
    assert_int_equal(count, 10);
    static const uint8_t vendors[] = {0, 0x0e, 0, 40};
    assert_int_equal(scsi_decode_defect_count((struct bytes){vendors, 4}, false, &count), -EINVAL);
}

static void test_units(void **state) {
    (void)state;
    static const uint8_t two[] = {0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t odd[] = {0, 0, 0, 17, 0, 0, 0, 0};
    static const uint8_t absurd[] = {0xff, 0xff, 0xff, 0xf8, 0, 0, 0, 0};
    unsigned count = 7;
    assert_int_equal(scsi_decode_units((struct bytes){two, sizeof two}, &count), 0);
    assert_int_equal(count, 2); /* though the second did not fit */
    assert_int_equal(scsi_decode_units((struct bytes){two, 7}, &count), -EINVAL);
    assert_int_equal(scsi_decode_units((struct bytes){odd, sizeof odd}, &count), -EINVAL);
    assert_int_equal(scsi_decode_units((struct bytes){absurd, sizeof absurd}, &count), -EINVAL);
    assert_int_equal(count, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sense_ata_descriptor),
    cmocka_unit_test(test_sense_ata_descriptor_48_bit),
    cmocka_unit_test(test_sense_ata_descriptor_second),
    cmocka_unit_test(test_sense_ata_fixed),
    cmocka_unit_test(test_sense_old_kernel_failure),
    cmocka_unit_test(test_registers_of_a_failed_pass_through),
    cmocka_unit_test(test_sense_progress),
    cmocka_unit_test(test_sense_hostile),
    cmocka_unit_test(test_sense_text),
    cmocka_unit_test(test_inquiry),
    cmocka_unit_test(test_inquiry_hostile_text),
    cmocka_unit_test(test_vpd_names),
    cmocka_unit_test(test_vpd_tells_a_sas_port),
    cmocka_unit_test(test_vpd_hostile),
    cmocka_unit_test(test_vpd_characteristics),
    cmocka_unit_test(test_capacity),
    cmocka_unit_test(test_write_protect_and_log),
    cmocka_unit_test(test_log_temperature),
    cmocka_unit_test(test_log_starts),
    cmocka_unit_test(test_supported_opcodes),
    cmocka_unit_test(test_reservations),
    cmocka_unit_test(test_defect_count),
    cmocka_unit_test(test_units),
};
TEST_MAIN(tests)
