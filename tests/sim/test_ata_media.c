/* Reading, writing and what goes with it; power; hidden areas. */
#include "ata_host.h"
#include "test.h"

static struct ata_host host;

static const size_t SECTOR = 512;

static void begin(const char *lines) {
    host.drive = test_drive(lines);
}

static void fill(uint8_t value) {
    memset(host.data, value, sizeof host.data);
}

static void reads_what_was_written(void **state) {
    (void)state;
    static const struct {
        uint8_t write, read;
    } pairs[] = {{0x30, 0x20}, {0x34, 0x24}, {0xca, 0xc8}, {0x35, 0x25},
                 {0xc5, 0xc4}, {0x39, 0x29}, {0x3d, 0x25}, {0xce, 0x29}};
    begin("family = ata\nsize = 8M\n");
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        fill((uint8_t)(i + 1));
        assert_ata_good(ata_lba(&host, pairs[i].write, 0, 3, 16 * i + 5));
        fill(0);
        assert_ata_good(ata_lba(&host, pairs[i].read, 0, 3, 16 * i + 5));
        assert_int_equal(host.request.transferred, 1536);
        assert_int_equal(host.data[0], i + 1);
        assert_int_equal(host.data[1535], i + 1);
    }
    assert_ata_good(ata_simple(&host, ATA_FLUSH_CACHE, 0, 0));
    assert_ata_good(ata_simple(&host, ATA_FLUSH_CACHE_EXT, 0, 0));
    test_end(host.drive);
}

static void ranges(void **state) {
    (void)state;
    begin("family = ata\nsize = 256M\n");
    const uint64_t sectors = 256 << 11;
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, sectors - 1));
    assert_ata_good(ata_lba(&host, ATA_READ_VERIFY_EXT, 0, 0, sectors - 65536));
    struct drive_request *request = ata_lba(&host, ATA_READ_DMA_EXT, 0, 2, sectors - 1);
    assert_int_equal(request->ata_out.status, 0x51);
    assert_int_equal(request->ata_out.error, 0x10);
    assert_int_equal(request->transferred, 0);
    request = ata_lba(&host, ATA_WRITE_DMA_EXT, 0, 1, 0xffffffffffff);
    assert_int_equal(request->ata_out.error, 0x10);
    /* 28 bits: 0 is 256 sectors, and the upper four bits are in DEVICE. */
    assert_ata_good(ata_lba(&host, ATA_READ_DMA, 0, 0, sectors - 256));
    assert_int_equal(host.request.transferred, 256 * 512);
    request = ata_send(&host, (struct ata_registers_in){
                                  .command = ATA_READ_DMA, .count = 1, .lba = 5, .device = 0x41});
    assert_int_equal(request->ata_out.error, 0x10);
    assert_int_equal(request->ata_out.lba, 5);
    assert_int_equal(request->ata_out.device, 0x41);
    assert_ata_aborted(ata_simple(&host, 0x99, 0, 0));                    /* no such command */
    assert_ata_aborted(ata_simple(&host, ATA_DATA_SET_MANAGEMENT, 1, 1)); /* no TRIM here */
    test_end(host.drive);
}

static void trim(void **state) {
    (void)state;
    begin("family = ata\nmedium = flash\nsize = 8M\nspare = 1M\nfeatures = trim\n");
    fill(0x77);
    assert_ata_good(ata_lba(&host, ATA_WRITE_DMA_EXT, 0, 32, 0));
    fill(0);
    store_le(host.data, 8, 8 | 8ULL << 48);
    assert_ata_good(ata_simple(&host, ATA_DATA_SET_MANAGEMENT, 1, 1));
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 32, 0));
    assert_int_equal(host.data[7 * SECTOR], 0x77);
    assert_int_equal(host.data[8 * SECTOR], 0);
    assert_int_equal(host.data[16 * SECTOR], 0x77);
    store_le(host.data, 8, (8 << 11) | 1ULL << 48); /* one beyond the end */
    assert_ata_aborted(ata_simple(&host, ATA_DATA_SET_MANAGEMENT, 1, 1));
    assert_ata_aborted(ata_simple(&host, ATA_DATA_SET_MANAGEMENT, 0, 1));
    test_end(host.drive);
}

static void errors(void **state) {
    (void)state;
    begin("family = ata\nsize = 8M\nmisbehave = read-error from=100 to=101\n"
          "misbehave = write-error from=200 to=200\nmisbehave = write-ignored from=300 to=300\n");
    struct drive_request *request = ata_lba(&host, ATA_READ_DMA_EXT, 0, 8, 96);
    assert_int_equal(request->ata_out.status, 0x51);
    assert_int_equal(request->ata_out.error, 0x40);
    assert_int_equal(request->ata_out.lba, 100);
    request = ata_lba(&host, ATA_READ_VERIFY_EXT, 0, 8, 96);
    assert_int_equal(request->ata_out.error, 0x40);
    request = ata_lba(&host, ATA_WRITE_DMA_EXT, 0, 1, 200);
    assert_int_equal(request->ata_out.status, 0x71);
    fill(0x11);
    assert_ata_good(ata_lba(&host, ATA_WRITE_DMA_EXT, 0, 1, 300));
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 300));
    assert_int_equal(host.data[0], 0);
    test_end(host.drive);
}

static void power_modes(void **state) {
    (void)state;
    begin("family = ata\nsize = 8M\n");
    static const struct {
        uint8_t command, mode;
    } rows[] = {{ATA_STANDBY, 0x00},
                {ATA_IDLE, 0x80},
                {ATA_STANDBY_IMMEDIATE, 0x00},
                {ATA_IDLE_IMMEDIATE, 0x80}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ata_good(ata_simple(&host, rows[i].command, 0, 0));
        assert_ata_good(ata_simple(&host, ATA_CHECK_POWER_MODE, 0, 0));
        assert_int_equal(host.request.ata_out.count, rows[i].mode);
    }
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_ata_good(ata_simple(&host, ATA_CHECK_POWER_MODE, 0, 0));
    assert_int_equal(host.request.ata_out.count, 0xff);
    assert_ata_good(ata_simple(&host, ATA_SLEEP, 0, 0));
    assert_int_equal(ata_simple(&host, ATA_CHECK_POWER_MODE, 0, 0)->state, REQUEST_PENDING);
    drive_reset(host.drive, RESET_SOFT);
    assert_int_equal(host.request.state, REQUEST_LOST);
    assert_ata_good(ata_simple(&host, ATA_CHECK_POWER_MODE, 0, 0));
    test_end(host.drive);
}

static void power_up_in_standby(void **state) {
    (void)state;
    begin("family = ata\nsize = 8M\nstarts-in-standby = yes\n");
    assert_int_equal(ata_identify_word(&host, 86) & 0x20, 0x20);
    assert_ata_aborted(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_ata_good(ata_simple(&host, ATA_SET_FEATURES, 0x07, 0));
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    test_end(host.drive);
}

/* --- hidden areas --- */

static uint64_t sectors_told(void) {
    assert_ata_good(ata_simple(&host, ATA_IDENTIFY_DEVICE, 0, 0));
    return load_le(host.data + 200, 8);
}

static void host_protected_area(void **state) {
    (void)state;
    static const char lines[] =
        "family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\nhpa = 6M\n";
    const uint64_t native = 8 << 11, hidden = 6 << 11;
    begin(lines);
    assert_int_equal(sectors_told(), hidden);
    assert_int_equal(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, hidden)->ata_out.error, 0x10);
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX, 0, 0));
    assert_int_equal(host.request.ata_out.lba, native - 1);
    assert_ata_aborted(ata_lba(&host, ATA_SET_MAX_EXT, 0, 0, native - 1)); /* of the other form */
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_int_equal(sectors_told(), hidden);
    assert_ata_aborted(ata_lba(&host, ATA_SET_MAX_EXT, 0, 0, native - 1)); /* not immediately */

    /* Volatile: until power is lost. */
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_ata_good(ata_lba(&host, ATA_SET_MAX_EXT, 0, 0, native - 1));
    assert_int_equal(sectors_told(), native);
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, native - 1));
    host.drive = test_power_cut(host.drive, lines);
    assert_int_equal(sectors_told(), hidden);

    /* Persistent: once in a power cycle. */
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_ata_good(ata_lba(&host, ATA_SET_MAX_EXT, 0, 1, native - 2));
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_int_equal(ata_lba(&host, ATA_SET_MAX_EXT, 0, 1, native - 1)->ata_out.error, 0x10);
    host.drive = test_power_cut(host.drive, lines);
    assert_int_equal(sectors_told(), native - 1);
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_ata_aborted(ata_lba(&host, ATA_SET_MAX_EXT, 0, 1, native)); /* beyond the end */
    assert_ata_good(ata_simple(&host, ATA_SET_MAX, 4, 0));             /* freeze */
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_ata_aborted(ata_lba(&host, ATA_SET_MAX_EXT, 0, 1, native - 1));
    test_end(host.drive);
}

static void accessible_max(void **state) {
    (void)state;
    static const char lines[] =
        "family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\nfeatures = amac\n"
        "amac = 4M\n";
    begin(lines);
    assert_int_equal(sectors_told(), 4 << 11);
    assert_ata_aborted(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0)); /* one or the other */
    assert_ata_good(ata_simple(&host, ATA_ACCESSIBLE_MAX, 0, 0));
    assert_int_equal(host.request.ata_out.lba, (8 << 11) - 1);
    assert_ata_aborted(ata_lba(&host, ATA_ACCESSIBLE_MAX, 1, 0, 8 << 11));
    assert_ata_good(ata_lba(&host, ATA_ACCESSIBLE_MAX, 1, 0, (8 << 11) - 1));
    assert_int_equal(sectors_told(), 8 << 11);
    assert_ata_aborted(ata_lba(&host, ATA_ACCESSIBLE_MAX, 1, 0, 100)); /* a second time */
    host.drive = test_power_cut(host.drive, lines);
    assert_int_equal(sectors_told(), 8 << 11);
    assert_ata_good(ata_simple(&host, ATA_ACCESSIBLE_MAX, 2, 0)); /* freeze */
    assert_ata_aborted(ata_lba(&host, ATA_ACCESSIBLE_MAX, 1, 0, 100));
    test_end(host.drive);
}

static void configuration_overlay(void **state) {
    (void)state;
    static const char lines[] = "family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\ndco = "
                                "4M\ndco-hides-security = yes\n"
                                "features = security hpa dco\nplant = one every=16\n";
    begin(lines);
    assert_int_equal(sectors_told(), 4 << 11);
    assert_int_equal(ata_identify_word(&host, 128), 0);
    assert_ata_aborted(ata_password(&host, ATA_SECURITY_SET_PASSWORD, 0, "x"));
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_int_equal(host.request.ata_out.lba, (4 << 11) - 1);
    assert_ata_good(ata_simple(&host, ATA_DEVICE_CONFIGURATION, ATA_DCO_IDENTIFY, 0));
    assert_int_equal(load_le(host.data + 6, 8), (8 << 11) - 1);
    assert_int_equal(load_le(host.data + 14, 2) & 8, 8);

    /* Not with an HPA on top. */
    assert_ata_good(ata_simple(&host, ATA_READ_NATIVE_MAX_EXT, 0, 0));
    assert_ata_good(ata_lba(&host, ATA_SET_MAX_EXT, 0, 0, 1000));
    assert_ata_aborted(ata_simple(&host, ATA_DEVICE_CONFIGURATION, ATA_DCO_RESTORE, 0));
    host.drive = test_power_cut(host.drive, lines);
    assert_ata_good(ata_simple(&host, ATA_DEVICE_CONFIGURATION, ATA_DCO_FREEZE_LOCK, 0));
    assert_ata_aborted(ata_simple(&host, ATA_DEVICE_CONFIGURATION, ATA_DCO_RESTORE, 0));
    drive_reset(host.drive, RESET_HARD);
    assert_ata_aborted(ata_simple(&host, ATA_DEVICE_CONFIGURATION, ATA_DCO_RESTORE, 0));
    drive_reset(host.drive, RESET_POWER);
    assert_ata_good(ata_simple(&host, ATA_DEVICE_CONFIGURATION, ATA_DCO_RESTORE, 0));
    assert_int_equal(sectors_told(), 8 << 11);
    assert_int_equal(ata_identify_word(&host, 128), 1);
    /* What was hidden holds data of the owner's. */
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 4 << 11));
    assert_memory_equal(host.data, "QPLANT one", 10);
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_what_was_written),
    cmocka_unit_test(ranges),
    cmocka_unit_test(trim),
    cmocka_unit_test(errors),
    cmocka_unit_test(power_modes),
    cmocka_unit_test(power_up_in_standby),
    cmocka_unit_test(host_protected_area),
    cmocka_unit_test(accessible_max),
    cmocka_unit_test(configuration_overlay),
};

TEST_MAIN(tests)
