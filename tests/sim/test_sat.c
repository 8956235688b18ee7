/* The SCSI/ATA translation: pages, capacity, pass-through and its sense, blocking commands. */
#include "ata_host.h"
#include "scsi.h"
#include "test.h"

static struct ata_host host;

enum { CHECK = 0x20, IN = 0x0e, OUT = 0x06 }; /* byte 2 of a pass-through */
enum { NON_DATA = 3, PIO_IN = 4, PIO_OUT = 5, DMA = 6, UDMA_IN = 10, FPDMA = 12 };

static const char disk[] = "family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\n"
                           "serial = SER1\nmodel = A MODEL WITH A LONG NAME\nfirmware = AB12CD34\n"
                           "wwn = 0x5000c500aabbccdd\nsanitize = overwrite\n";

/* Opens it and takes the unit attention of power-on. */
static void begin(const char *lines) {
    host.drive = test_drive(lines);
    static const uint8_t ready[6];
    const struct drive_request *request = scsi_send(&host, ready, 6);
    assert_int_equal(request->scsi_status, SCSI_CHECK_CONDITION);
    assert_int_equal(request->sense[2] & 0xf, SENSE_UNIT_ATTENTION);
    assert_int_equal(load_be(request->sense + 12, 2), ASC_POWER_ON_OR_RESET);
    assert_int_equal(scsi_send(&host, ready, 6)->scsi_status, SCSI_GOOD);
}

static const struct drive_request *scsi(const uint8_t *cdb, uint8_t length) {
    return scsi_send(&host, cdb, length);
}
#define SCSI(...) scsi((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect_good(const struct drive_request *request, size_t transferred) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->scsi_status, SCSI_GOOD);
    assert_int_equal(request->transferred, transferred);
}

/* Fixed sense. */
static void expect_sense(const struct drive_request *request, uint8_t key, uint16_t additional) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->scsi_status, SCSI_CHECK_CONDITION);
    assert_int_equal(request->sense[0] & 0x7f, 0x70);
    assert_int_equal(request->sense[2], key);
    assert_int_equal(load_be(request->sense + 12, 2), additional);
}

static void use_descriptors(void) {
    memset(host.data, 0, 64);
    host.data[4] = 0x0a;
    host.data[5] = 0x0a;
    host.data[6] = 0x04;
    expect_good(SCSI(0x15, 0x10, 0, 0, 16, 0), 0);
}

static void inquiry(void **state) {
    (void)state;
    begin(disk);
    expect_good(SCSI(0x12, 0, 0, 0, 255, 0), 96);
    assert_memory_equal(host.data + 8, "ATA     A MODEL WITH A LCD34", 28);
    expect_good(SCSI(0x12, 0, 0, 0, 5, 0), 5);
    expect_good(SCSI(0x12, 1, 0, 0, 255, 0), 11);
    assert_memory_equal(host.data, "\0\0\0\x07\x00\x80\x83\x89\xb0\xb1\xb2", 11);
    expect_good(SCSI(0x12, 1, 0x80, 0, 255, 0), 24);
    assert_memory_equal(host.data, "\0\x80\0\x14                SER1", 24);
    expect_good(SCSI(0x12, 1, 0x83, 0, 255, 0), 100);
    assert_memory_equal(host.data + 4, "\x01\x03\x00\x08\x50\x00\xc5\x00\xaa\xbb\xcc\xdd", 12);
    assert_memory_equal(host.data + 16,
                        "\x02\x01\0\x44"
                        "ATA     A MODEL WITH",
                        24);
    assert_memory_equal(host.data + 88, "\x61\x93\x00\x08\x50\x00\xc5\x00\xaa\xbb\xcc\xde", 12);
    expect_good(SCSI(0x12, 1, 0x89, 2, 0x3c, 0), 572);
    assert_int_equal(load_be(host.data + 2, 2), 0x238);
    assert_int_equal(host.data[56], 0xec);
    assert_memory_equal(host.data + 60 + 20, "ES1R", 4);
    expect_good(SCSI(0x12, 1, 0xb1, 0, 255, 0), 64);
    assert_int_equal(load_be(host.data + 4, 2), 7200);
    expect_good(SCSI(0x12, 1, 0xb0, 0, 255, 0), 64);
    expect_good(SCSI(0x12, 1, 0xb2, 0, 255, 0), 8);
    expect_sense(SCSI(0x12, 1, 0xb9, 0, 255, 0), 5, 0x2400);
    expect_sense(SCSI(0x12, 0, 0x80, 0, 255, 0), 5, 0x2400);
    expect_good(SCSI(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0), 16);
    test_end(host.drive);
}

static void reads_writes_and_capacity(void **state) {
    (void)state;
    begin("family = ata\nsize = 8M\nsector = 512\nphysical-sector = 4096\nfeatures = trim\n"
          "trim-zeroes = yes\nspare = 1M\n");
    expect_good(SCSI(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 8);
    assert_memory_equal(host.data, "\0\0\x3f\xff\0\0\x02\0", 8);
    expect_good(SCSI(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), 32);
    assert_memory_equal(host.data, "\0\0\0\0\0\0\x3f\xff\0\0\x02\0\0\x03\xc0\0", 16);
    memset(host.data, 0x42, 8192);
    expect_good(SCSI(0x2a, 0, 0, 0, 0, 8, 0, 0, 16, 0), 0);
    memset(host.data, 0, 8192);
    expect_good(SCSI(0x88, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0), 8192);
    assert_int_equal(host.data[8191], 0x42);
    expect_good(SCSI(0x08, 0, 0, 8, 1, 0), 512);
    expect_good(SCSI(0x2f, 0, 0, 0, 0, 8, 0, 0, 16, 0), 0);
    expect_good(SCSI(0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0);
    memset(host.data, 0, 64);
    host.data[8 + 7] = 8;
    host.data[8 + 11] = 8;
    expect_good(SCSI(0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0), 0);
    expect_good(SCSI(0x28, 0, 0, 0, 0, 8, 0, 0, 16, 0), 8192);
    assert_int_equal(host.data[0], 0);
    assert_int_equal(host.data[8191], 0x42);
    expect_sense(SCSI(0x28, 0, 0, 0, 0x3f, 0xff, 0, 0, 2, 0), 5, 0x2100);
    memset(host.data, 0, 64);
    host.data[8 + 1] = 1; /* an LBA of 49 bits: none that ATA could address */
    host.data[8 + 11] = 8;
    expect_sense(SCSI(0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0), 5, 0x2100);
    expect_sense(SCSI(0x48, 0x82, 0, 0, 0, 0, 0, 0, 0, 0), 5, 0x2000); /* no SANITIZE for SATA */
    expect_sense(SCSI(0x9e, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), 5, 0x2400);
    test_end(host.drive);
}

static void mode_pages(void **state) {
    (void)state;
    begin(disk);
    expect_good(SCSI(0x1a, 0x08, 0x08, 0, 255, 0), 24);
    assert_memory_equal(host.data, "\x17\x00\x10\x00\x08\x12\x04", 7);
    expect_good(SCSI(0x5a, 0x08, 0x0a, 0, 0, 0, 0, 0, 255, 0), 20);
    assert_memory_equal(host.data, "\x00\x12\x00\x10\x00\x00\x00\x00\x0a\x0a\x00", 11);
    expect_good(SCSI(0x1a, 0, 0x3f, 0, 255, 0), 44);
    assert_memory_equal(host.data + 3, "\x08\x00\x00\x40\x00\x00\x00\x02\x00\x08\x12", 11);
    memset(host.data, 0, 64);
    host.data[8] = 8;
    host.data[9] = 18;
    expect_good(SCSI(0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0), 0); /* write cache off */
    expect_good(SCSI(0x1a, 0x08, 0x08, 0, 255, 0), 24);
    assert_int_equal(host.data[6], 0);
    assert_int_equal(ata_identify_word(&host, 85) & 0x20, 0);
    use_descriptors();
    expect_good(SCSI(0x1a, 0x08, 0x0a, 0, 255, 0), 16);
    assert_int_equal(host.data[6], 4);
    assert_int_equal(SCSI(0x99, 0, 0, 0, 0, 0)->sense[0], 0x72);
    expect_good(SCSI(0x03, 0, 0, 0, 252, 0), 18); /* but REQUEST SENSE says what it wants */
    assert_int_equal(host.data[0], 0x70);
    expect_good(SCSI(0x03, 1, 0, 0, 252, 0), 8);
    assert_int_equal(SCSI(0x1a, 0x08, 0x1c, 0, 255, 0)->scsi_status, SCSI_CHECK_CONDITION);
    test_end(host.drive);
}

static void opcodes_are_reported(void **state) {
    (void)state;
    begin(disk);
    expect_good(SCSI(0xa3, 0x0c, 1, 0x85, 0, 0, 0, 0, 0, 64, 0, 0), 20);
    assert_int_equal(host.data[1], 3);
    assert_int_equal(load_be(host.data + 2, 2), 16);
    expect_good(SCSI(0xa3, 0x0c, 3, 0x48, 0, 1, 0, 0, 0, 64, 0, 0), 4);
    assert_int_equal(host.data[1], 1);
    test_end(host.drive);
}

/* --- ATA PASS-THROUGH --- */

static const struct ata_registers_in identify = {.command = 0xec, .count = 1};
static const struct ata_registers_in status = {.command = 0xb4, .device = 0x40};
static const struct ata_registers_in unknown = {.command = 0x99, .device = 0x40};

static void passes_every_protocol_that_it_has(void **state) {
    (void)state;
    begin(disk);
    expect_good(scsi_pass_through(&host, identify, PIO_IN, false, IN), 512);
    assert_memory_equal(host.data + 20, "ES1R", 4);
    expect_good(SCSI(0xa1, 0x08, 0x0e, 0, 1, 0, 0, 0, 0, 0xec, 0, 0), 512);
    static const uint8_t protocols[] = {DMA, UDMA_IN};
    const struct ata_registers_in read = {.command = 0x25, .count = 2, .lba = 16, .device = 0x40};
    for (size_t i = 0; i < COUNT_OF(protocols); i++)
        expect_good(scsi_pass_through(&host, read, protocols[i], true, IN), 1024);
    const struct ata_registers_in queued = {.command = 0x60, .features = 2, .device = 0x40};
    expect_good(scsi_pass_through(&host, queued, FPDMA, true, 0x0d), 1024);
    memset(host.data, 0x33, 512);
    const struct ata_registers_in write = {.command = 0x34, .count = 1, .lba = 16, .device = 0x40};
    expect_good(scsi_pass_through(&host, write, PIO_OUT, true, OUT), 0);
    expect_good(scsi_pass_through(&host, read, DMA, true, IN), 1024);
    assert_int_equal(host.data[511], 0x33);
    static const uint8_t refused[] = {0, 1, 2, 7, 8, 9, 13, 14, 15};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        expect_sense(scsi_pass_through(&host, identify, refused[i], false, 0), 5, 0x2400);
    expect_sense(scsi_pass_through(&host, identify, PIO_IN, false, OUT), 5, 0x2400);
    test_end(host.drive);
}

static void registers_as_descriptors(void **state) {
    (void)state;
    begin(disk);
    use_descriptors();
    const struct drive_request *request = scsi_pass_through(&host, status, NON_DATA, true, CHECK);
    assert_int_equal(request->scsi_status, SCSI_CHECK_CONDITION);
    static const uint8_t idle[] = {0x72, 1, 0, 0x1d, 0,    0, 0,    14, 9, 12,   1,
                                   0,    0, 0, 0,    0xff, 0, 0xff, 0,  0, 0x40, 0x50};
    assert_int_equal(request->sense_length, sizeof idle);
    assert_memory_equal(request->sense, idle, sizeof idle);

    const struct ata_registers_in overwrite = {
        .command = 0xb4, .features = 0x14, .count = 1, .lba = 0x4f5700000000, .device = 0x40};
    expect_good(scsi_pass_through(&host, overwrite, NON_DATA, true, 0), 0);
    test_pass(host.drive, 30000);
    request = scsi_pass_through(&host, status, NON_DATA, true, CHECK);
    assert_int_equal(request->sense[12], 0x40); /* COUNT 15:8: in progress */
    assert_int_equal(request->sense[15], 0x00);
    assert_int_equal(request->sense[17], 0x80); /* half of it */

    request = scsi_pass_through(&host, unknown, NON_DATA, false, 0);
    static const uint8_t aborted[] = {0x72, 0x0b, 0, 0, 0, 0, 0, 14, 9, 12,   0,
                                      4,    0,    0, 0, 0, 0, 0, 0,  0, 0x40, 0x51};
    assert_int_equal(request->sense_length, sizeof aborted);
    assert_memory_equal(request->sense, aborted, sizeof aborted);
    test_end(host.drive);
}

static void registers_in_fixed_form(void **state) {
    (void)state;
    begin(disk);
    const struct ata_registers_in overwrite = {
        .command = 0xb4, .features = 0x14, .count = 1, .lba = 0x4f5700000000, .device = 0x40};
    expect_good(scsi_pass_through(&host, overwrite, NON_DATA, true, 0), 0);
    test_pass(host.drive, 30000);
    const struct drive_request *request = scsi_pass_through(&host, status, NON_DATA, true, CHECK);
    static const uint8_t half[] = {0x70, 0,    1, 0, 0x50, 0x40, 0, 0x0a, 0xc0,
                                   0,    0x80, 0, 0, 0x1d, 0,    0, 0,    0};
    assert_int_equal(request->sense_length, sizeof half);
    assert_memory_equal(request->sense, half, sizeof half);
    test_end(host.drive);
}

static void in_operation_it_is_not_ready(void **state) {
    (void)state;
    begin(disk);
    const struct ata_registers_in overwrite = {
        .command = 0xb4, .features = 0x14, .count = 1, .lba = 0x4f5700000000, .device = 0x40};
    expect_good(scsi_pass_through(&host, overwrite, NON_DATA, true, 0), 0);
    test_pass(host.drive, 15000);
    expect_sense(SCSI(0x00, 0, 0, 0, 0, 0), 2, 0x041b);
    expect_sense(SCSI(0x28, 0, 0, 0, 0, 8, 0, 0, 1, 0), 2, 0x041b);
    expect_good(SCSI(0x03, 0, 0, 0, 252, 0), 18);
    assert_memory_equal(host.data + 12, "\x04\x1b\x00\x80\x40\x00", 6);
    test_end(host.drive);
}

static void a_blocking_command_stays_pending(void **state) {
    (void)state;
    begin(disk);
    memset(host.data, 0, 512);
    const struct ata_registers_in set = {.command = 0xf1, .count = 1};
    const struct ata_registers_in prepare = {.command = 0xf3};
    const struct ata_registers_in erase = {.command = 0xf4, .count = 1};
    expect_good(scsi_pass_through(&host, set, PIO_OUT, false, OUT), 0);
    expect_good(scsi_pass_through(&host, prepare, NON_DATA, false, 0), 0);
    const struct drive_request *request =
        scsi_pass_through(&host, erase, PIO_OUT, false, OUT | CHECK);
    assert_int_equal(request->state, REQUEST_PENDING);

    static uint8_t data[512];
    struct drive_request other = {
        .protocol = PROTOCOL_SCSI, .cdb_length = 6, .data = data, .data_size = sizeof data};
    drive_execute(host.drive, &other);
    assert_int_equal(other.state, REQUEST_DONE);
    assert_int_equal(other.scsi_status, SCSI_BUSY);
    test_pass(host.drive, 60001);
    expect_sense(request, 1, 0x001d);
    assert_int_equal(request->sense[4], 0x50);
    assert_int_equal(ata_identify_word(&host, 128), 0x0021);

    /* Given up, it goes on, and the next command is taken. */
    memset(host.data, 0, 512);
    expect_good(scsi_pass_through(&host, set, PIO_OUT, false, OUT), 0);
    expect_good(scsi_pass_through(&host, prepare, NON_DATA, false, 0), 0);
    (void)scsi_pass_through(&host, erase, PIO_OUT, false, OUT);
    assert_int_equal(host.request.state, REQUEST_PENDING);
    drive_forget(host.drive, &host.request);
    test_pass(host.drive, 60001);
    assert_int_equal(host.request.state, REQUEST_LOST);
    expect_good(SCSI(0x00, 0, 0, 0, 0, 0), 0);
    assert_int_equal(ata_identify_word(&host, 128), 0x0021);
    test_end(host.drive);
}

static void errors_of_the_drive(void **state) {
    (void)state;
    begin("family = ata\nsize = 8M\nmisbehave = read-error from=100 to=100\n"
          "misbehave = write-error from=200 to=200\n");
    const struct drive_request *request = SCSI(0x28, 0, 0, 0, 0, 96, 0, 0, 8, 0);
    expect_sense(request, 3, 0x1100);
    assert_int_equal(load_be(request->sense + 3, 4), 100);
    expect_sense(SCSI(0x2a, 0, 0, 0, 0, 200, 0, 0, 1, 0), 4, 0x4400);
    memset(host.data, 0, 512);
    const struct ata_registers_in set = {.command = 0xf1, .count = 1};
    expect_good(scsi_pass_through(&host, set, PIO_OUT, false, OUT), 0);
    drive_reset(host.drive, RESET_POWER);
    expect_sense(SCSI(0x00, 0, 0, 0, 0, 0), 6, 0x2900);
    expect_sense(SCSI(0x00, 0, 0, 0, 0, 0), 7, 0x7479); /* locked */
    expect_sense(SCSI(0x28, 0, 0, 0, 0, 96, 0, 0, 1, 0), 7, 0x7479);
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(inquiry),
    cmocka_unit_test(reads_writes_and_capacity),
    cmocka_unit_test(mode_pages),
    cmocka_unit_test(opcodes_are_reported),
    cmocka_unit_test(passes_every_protocol_that_it_has),
    cmocka_unit_test(registers_as_descriptors),
    cmocka_unit_test(registers_in_fixed_form),
    cmocka_unit_test(in_operation_it_is_not_ready),
    cmocka_unit_test(a_blocking_command_stays_pending),
    cmocka_unit_test(errors_of_the_drive),
};

TEST_MAIN(tests)
