/* Each thing that an ATA drive, or the translation in front of it, can be told to do wrong. */
#include "ata_host.h"
#include "scsi.h"
#include "test.h"

static struct ata_host host;
static char lines[1024];

enum { PLANTED = 256 }; /* 8 MiB are 2048 pages, one in eight planted */

static const uint64_t DAY = UINT64_C(24) * 3600 * 1000;

static const uint64_t BLOCK = 0x426b4572, CRYPTO = 0x43727970;

static void begin(const char *kind, const char *misbehaviour) {
    (void)snprintf(lines, sizeof lines,
                   "family = ata\nsize = 8M\nspare = 1M\nencrypts = no\n%s\nmisbehave = %s\n", kind,
                   misbehaviour);
    host.drive = test_drive(lines);
}

static const char flash[] = "medium = flash\nsanitize = crypto block overwrite\n"
                            "plant = one every=8 stale=4";
static const char disk[] = "medium = magnetic\nsanitize = overwrite\n"
                           "plant = one every=8 remapped=3";

static void block_erase(void) {
    assert_ata_good(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x12, 0, BLOCK));
}

static struct drive_request *security_erase(uint16_t flags) {
    assert_ata_good(ata_password(&host, ATA_SECURITY_SET_PASSWORD, 0, "x"));
    assert_ata_good(ata_simple(&host, ATA_SECURITY_ERASE_PREPARE, 0, 0));
    return ata_password(&host, ATA_SECURITY_ERASE_UNIT, flags, "x");
}

static void expect_status(uint16_t count, uint16_t lba) {
    assert_ata_good(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 0));
    assert_int_equal(host.request.ata_out.count, count);
    assert_int_equal(host.request.ata_out.lba, lba);
}

static void lie(void **state) {
    (void)state;
    begin(flash, "lie ata-sanitize-block");
    block_erase();
    test_pass(host.drive, 10000);
    expect_status(0x4000, 0x8000); /* it plays its part */
    test_pass(host.drive, 10001);
    expect_status(0x8000, 0xffff);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED);
    test_end(host.drive);

    begin(disk, "lie security-erase");
    const struct drive_request *request = security_erase(0);
    test_pass(host.drive, 60001);
    assert_ata_good(request);
    assert_int_equal(ata_identify_word(&host, 128), 0x0021);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED);
    test_end(host.drive);
}

static void ignore(void **state) {
    (void)state;
    begin(flash, "ignore ata-sanitize-block");
    block_erase();
    expect_status(0x0000, 0xffff);
    test_pass(host.drive, 30000);
    expect_status(0x0000, 0xffff);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED);
    test_end(host.drive);

    begin(disk, "ignore security-erase");
    assert_ata_good(security_erase(0)); /* at once */
    assert_int_equal(ata_identify_word(&host, 128) & 2, 2);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED);
    test_end(host.drive);
}

static void parts_that_are_left(void **state) {
    (void)state;
    begin(flash, "partial ata-sanitize-block from=0 to=8191"); /* half of the sectors */
    block_erase();
    test_pass(host.drive, 20001);
    expect_status(0x8000, 0xffff);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED / 2);
    test_end(host.drive);

    begin(flash, "keep-spare ata-sanitize-block");
    assert_int_not_equal(planted_pages(host.drive, PAGE_STALE), 0);
    block_erase();
    test_pass(host.drive, 20001);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), 0);
    assert_int_equal(planted_pages(host.drive, PAGE_STALE), 4);
    test_end(host.drive);

    begin(disk, "keep-remapped security-erase-enhanced");
    (void)security_erase(2);
    test_pass(host.drive, 60001);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), 0);
    assert_int_equal(planted_pages(host.drive, PAGE_RETIRED), 3);
    test_end(host.drive);

    begin(flash, "map-only ata-sanitize-block");
    block_erase();
    test_pass(host.drive, 20001);
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_int_equal(host.data[0], 0); /* the host sees nothing */
    assert_in_range(planted_pages(host.drive, PAGE_STALE), PLANTED, PLANTED + 4);
    test_end(host.drive);
}

static void progress_that_misleads(void **state) {
    (void)state;
    begin(flash, "stuck ata-sanitize-block at=25%");
    block_erase();
    test_pass(host.drive, DAY);
    expect_status(0x4000, 0x4000);
    test_end(host.drive);

    begin(flash, "backwards ata-sanitize-block");
    block_erase();
    test_pass(host.drive, 1999);
    assert_ata_good(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 0));
    const uint64_t before = host.request.ata_out.lba;
    test_pass(host.drive, 2);
    assert_ata_good(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 0));
    assert_true(host.request.ata_out.lba < before);
    test_end(host.drive);

    begin(flash, "slow ata-sanitize-block factor=10");
    block_erase();
    test_pass(host.drive, 100000);
    expect_status(0x4000, 0x8000);
    test_end(host.drive);
}

static void failing(void **state) {
    (void)state;
    begin(disk, "fail security-erase at=50%");
    const struct drive_request *request = security_erase(0);
    test_pass(host.drive, 30001);
    assert_ata_aborted(request);
    assert_int_equal(ata_identify_word(&host, 128) & 2, 2); /* the password is still set */
    assert_in_range(planted_pages(host.drive, PAGE_LIVE), 100, 156);
    test_end(host.drive);
}

static void vanishing(void **state) {
    (void)state;
    begin(flash, "gone ata-sanitize-block at=50%");
    block_erase();
    test_pass(host.drive, 10001);
    assert_false(drive_present(host.drive));
    assert_int_equal(ata_simple(&host, ATA_IDENTIFY_DEVICE, 0, 0)->state, REQUEST_LOST);
    test_end(host.drive);

    begin(disk, "power-cut security-erase at=50% after=5s");
    const struct drive_request *request = security_erase(0);
    test_pass(host.drive, 30001);
    assert_int_equal(request->state, REQUEST_LOST);
    assert_false(drive_present(host.drive));
    test_pass(host.drive, 5000);
    assert_true(drive_present(host.drive));
    assert_int_equal(ata_identify_word(&host, 128), 0x0027); /* locked */
    test_end(host.drive);

    begin(flash, "return ata-sanitize-block at=50% after=5s as=OTHER");
    block_erase();
    test_pass(host.drive, 15002);
    assert_true(drive_present(host.drive));
    assert_int_equal(drive_generation(host.drive), 1);
    assert_ata_good(ata_simple(&host, ATA_IDENTIFY_DEVICE, 0, 0));
    assert_memory_equal(host.data + 20, "TOEH R  ", 8);
    test_end(host.drive);
}

static void refusing_and_hiding(void **state) {
    (void)state;
    begin(flash, "refuse ata-sanitize-block abort");
    assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x12, 0, BLOCK));
    assert_ata_good(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x11, 0, CRYPTO));
    test_end(host.drive);

    begin(disk, "refuse security-erase abort");
    assert_ata_aborted(security_erase(0));
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED);
    test_end(host.drive);

    begin(flash, "hidden ata-sanitize-block");
    assert_int_equal(ata_identify_word(&host, 59) & 0xf000, 0x7000);
    block_erase(); /* but it is there */
    test_end(host.drive);

    begin(disk, "hidden security-erase-enhanced");
    assert_int_equal(ata_identify_word(&host, 128), 0x0001);
    assert_int_equal(security_erase(2)->state, REQUEST_PENDING);
    test_end(host.drive);
}

static void hanging(void **state) {
    (void)state;
    begin(flash, "hang ata-sanitize-block");
    const struct drive_request *request = ata_lba(&host, ATA_SANITIZE_DEVICE, 0x12, 0, BLOCK);
    test_pass(host.drive, DAY);
    assert_int_equal(request->state, REQUEST_PENDING);
    drive_reset(host.drive, RESET_HARD);
    assert_int_equal(request->state, REQUEST_LOST);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), PLANTED);
    expect_status(0, 0xffff);
    test_end(host.drive);
}

static void changes_after_the_end(void **state) {
    (void)state;
    begin(flash, "read-errors after=ata-sanitize-block");
    block_erase();
    test_pass(host.drive, 20001);
    struct drive_request *request = ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 80);
    assert_int_equal(request->ata_out.error, 0x40);
    assert_int_equal(request->ata_out.lba, 80);
    assert_ata_good(ata_lba(&host, ATA_WRITE_DMA_EXT, 0, 8, 80));
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 80));
    test_end(host.drive);

    begin(flash, "capacity-change after=ata-sanitize-block to=4M");
    block_erase();
    test_pass(host.drive, 20001);
    assert_int_equal(ata_identify_word(&host, 100), 4 << 11);
    request = ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 4 << 11);
    assert_int_equal(request->ata_out.error, 0x10);
    test_end(host.drive);

    begin(flash, "identity-change after=ata-sanitize-block serial=OTHER");
    block_erase();
    test_pass(host.drive, 20001);
    assert_ata_good(ata_simple(&host, ATA_IDENTIFY_DEVICE, 0, 0));
    assert_memory_equal(host.data + 20, "TOEH R  ", 8);
    test_end(host.drive);
}

/* --- the translation --- */

static const struct ata_registers_in status = {.command = ATA_SANITIZE_DEVICE, .device = 0x40};

static const struct drive_request *status_through(void) {
    enum { NON_DATA = 3, CHECK = 0x20 };
    return scsi_pass_through(&host, status, NON_DATA, true, CHECK);
}

static void begin_scsi(const char *misbehaviour) {
    static const uint8_t ready[6];
    begin("descriptor-sense = yes\nmedium = flash\nsanitize = block", misbehaviour);
    (void)scsi_send(&host, ready, 6); /* the unit attention of power-on */
}

static void registers(void **state) {
    (void)state;
    begin_scsi("registers zero");
    const struct drive_request *request = status_through();
    static const uint8_t zero[] = {0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 1,
                                   0,    0, 0, 0,    0, 0, 0, 0,  0, 0,  0};
    assert_int_equal(request->sense_length, sizeof zero);
    assert_memory_equal(request->sense, zero, sizeof zero);
    test_end(host.drive);

    begin_scsi("registers garbage");
    assert_int_equal(status_through()->sense[21], 0x7f);
    assert_int_equal(host.request.sense[12], 0xa5);
    test_end(host.drive);
}

static void sense(void **state) {
    (void)state;
    static const struct {
        const char *word;
        uint8_t first, length;
    } rows[] = {{"sense fixed", 0x70, 18},
                {"sense descriptor", 0x72, 22},
                {"sense truncated", 0x72, 8},
                {"sense empty", 0x72, 0},
                {"sense garbage", 0x3b, 22}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        begin_scsi(rows[i].word);
        const struct drive_request *request = status_through();
        assert_int_equal(request->scsi_status, SCSI_CHECK_CONDITION);
        assert_int_equal(request->sense[0], rows[i].first);
        assert_int_equal(request->sense_length, rows[i].length);
        test_end(host.drive);
    }
}

static void unit_attention(void **state) {
    (void)state;
    static const uint8_t ready[6], inquiry[6] = {0x12, 0, 0, 0, 96, 0};
    begin_scsi("unit-attention every");
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(scsi_send(&host, inquiry, 6)->scsi_status, SCSI_GOOD);
        const struct drive_request *request = scsi_send(&host, ready, 6);
        assert_int_equal(request->scsi_status, i % 2 == 0 ? SCSI_GOOD : SCSI_CHECK_CONDITION);
    }
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lie),
    cmocka_unit_test(ignore),
    cmocka_unit_test(parts_that_are_left),
    cmocka_unit_test(progress_that_misleads),
    cmocka_unit_test(failing),
    cmocka_unit_test(vanishing),
    cmocka_unit_test(refusing_and_hiding),
    cmocka_unit_test(hanging),
    cmocka_unit_test(changes_after_the_end),
    cmocka_unit_test(registers),
    cmocka_unit_test(sense),
    cmocka_unit_test(unit_attention),
};

TEST_MAIN(tests)
