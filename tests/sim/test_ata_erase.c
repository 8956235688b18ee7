/* SECURITY ERASE UNIT and SANITIZE DEVICE as a host sees them, and what is left on the medium. */
#include "ata_host.h"
#include "test.h"

static struct ata_host host;

enum { MASTER = 1 << 0, ENHANCED = 1 << 1 };

/* Times are the defaults: a minute for a security erase, 20 seconds for a block erase. */
static const char disk[] = "family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\nspare = 1M\n"
                           "sanitize = overwrite\nfeatures = security enhanced hpa ssp\n"
                           "plant = one every=8 remapped=3\n";
static const char flash[] = "family = ata\nmedium = flash\nsize = 8M\nspare = 1M\nencrypts = yes\n"
                            "sanitize = crypto block overwrite\nantifreeze = yes\n"
                            "plant = one every=8 stale=4\n";

static const uint64_t CRYPTO = 0x43727970, BLOCK = 0x426b4572, OVERWRITE = 0x4f5700000000;

static uint16_t security_word(void) {
    return ata_identify_word(&host, 128);
}

static void set_password(const char *password) {
    assert_ata_good(ata_password(&host, ATA_SECURITY_SET_PASSWORD, 0, password));
}

static struct drive_request *prepare_and_erase(uint16_t flags, const char *password) {
    assert_ata_good(ata_simple(&host, ATA_SECURITY_ERASE_PREPARE, 0, 0));
    return ata_password(&host, ATA_SECURITY_ERASE_UNIT, flags, password);
}

/* --- SECURITY --- */

static void normal_erase_leaves_remapped_sectors(void **state) {
    (void)state;
    host.drive = test_drive(disk);
    assert_int_equal(planted_pages(host.drive, PAGE_RETIRED), 3);
    set_password("x");
    const struct drive_request *request = prepare_and_erase(0, "x");
    assert_int_equal(request->state, REQUEST_PENDING);
    test_pass(host.drive, 59000);
    assert_int_equal(request->state, REQUEST_PENDING);
    test_pass(host.drive, 2000);
    assert_ata_good(request);
    assert_int_equal(security_word(), 0x0021);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), 0);
    assert_int_equal(planted_pages(host.drive, PAGE_RETIRED), 3);
    test_end(host.drive);
}

static void enhanced_erase_takes_them_too(void **state) {
    (void)state;
    host.drive = test_drive(disk);
    set_password("x");
    const struct drive_request *request = prepare_and_erase(ENHANCED, "x");
    test_pass(host.drive, 61000);
    assert_ata_good(request);
    assert_int_equal(planted_pages(host.drive, -1), 0);
    test_end(host.drive);
}

static void normal_erase_stops_at_the_hidden_area(void **state) {
    (void)state;
    char lines[512];
    for (int covers = 0; covers < 2; covers++) {
        (void)snprintf(lines, sizeof lines, "%shpa = 4M\nerase-covers-hidden = %s\n", disk,
                       covers ? "yes" : "no");
        host.drive = test_drive(lines);
        set_password("x");
        (void)prepare_and_erase(0, "x");
        test_pass(host.drive, 61000);
        assert_ata_good(&host.request);
        /* 8 MiB are 2048 pages; one in eight is planted, and half of them lie beyond 4 MiB. */
        assert_int_equal(planted_pages(host.drive, PAGE_LIVE), covers ? 0 : 128);
        test_end(host.drive);
    }
}

static void a_cut_leaves_it_locked_and_half_erased(void **state) {
    (void)state;
    for (int by_power = 0; by_power < 2; by_power++) {
        host.drive = test_drive(disk);
        set_password("x");
        const struct drive_request *request = prepare_and_erase(0, "x");
        test_pass(host.drive, 30000);
        if (by_power) {
            host.drive = test_power_cut(host.drive, disk);
        } else {
            drive_reset(host.drive, RESET_HARD);
            assert_int_equal(request->state, REQUEST_LOST);
        }
        assert_int_equal(security_word(), 0x0027);
        const uint64_t left = planted_pages(host.drive, PAGE_LIVE);
        assert_in_range(left, 100, 156); /* about half of 256 */
        assert_ata_aborted(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));

        /* The way back: the same again, from locked, with the same password. */
        request = prepare_and_erase(0, "x");
        test_pass(host.drive, 61000);
        assert_ata_good(request);
        assert_int_equal(planted_pages(host.drive, PAGE_LIVE), 0);
        assert_int_equal(security_word(), 0x0021);
        test_end(host.drive);
    }
}

static void a_host_that_gives_up_does_not_end_the_erase(void **state) {
    (void)state;
    host.drive = test_drive(disk);
    set_password("x");
    struct drive_request *request = prepare_and_erase(0, "x");
    drive_forget(host.drive, request);
    assert_int_equal(request->state, REQUEST_LOST);
    test_pass(host.drive, 61000);
    assert_int_equal(request->state, REQUEST_LOST);
    assert_int_equal(security_word(), 0x0021);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), 0);
    test_end(host.drive);
}

static void a_locked_drive(void **state) {
    (void)state;
    static const struct {
        uint8_t command;
        bool aborts;
    } rows[] = {{ATA_READ_DMA_EXT, true},         {ATA_WRITE_DMA_EXT, true},
                {ATA_READ_VERIFY_EXT, true},      {ATA_FLUSH_CACHE_EXT, true},
                {ATA_SET_MAX_EXT, true},          {ATA_IDENTIFY_DEVICE, false},
                {ATA_CHECK_POWER_MODE, false},    {ATA_READ_NATIVE_MAX_EXT, false},
                {ATA_SECURITY_FREEZE_LOCK, true}, {ATA_SANITIZE_DEVICE, false}};
    char lines[512];
    (void)snprintf(lines, sizeof lines, "%suser-password = secret\nmaster-password = boss\n", disk);
    host.drive = test_drive(lines);
    assert_int_equal(security_word(), 0x0027);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].aborts)
            assert_ata_aborted(ata_lba(&host, rows[i].command, 0, 1, 0));
        else
            assert_ata_good(ata_lba(&host, rows[i].command, 0, 0, 0));
    }
    assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x14, 1, OVERWRITE));
    assert_ata_aborted(ata_password(&host, ATA_SECURITY_UNLOCK, 0, "wrong"));
    assert_ata_good(ata_password(&host, ATA_SECURITY_UNLOCK, MASTER, "boss"));
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_ata_good(ata_password(&host, ATA_SECURITY_DISABLE_PASSWORD, 0, "secret"));
    assert_int_equal(security_word(), 0x0021);
    test_end(host.drive);
}

static void frozen_at_boot_and_how_it_thaws(void **state) {
    (void)state;
    char lines[512];
    (void)snprintf(lines, sizeof lines, "%sfrozen = yes\n", disk);
    host.drive = test_drive(lines);
    assert_int_equal(security_word(), 0x0029);
    assert_ata_aborted(ata_password(&host, ATA_SECURITY_SET_PASSWORD, 0, "x"));
    drive_reset(host.drive, RESET_SOFT);
    drive_reset(host.drive, RESET_HARD); /* settings are preserved */
    assert_int_equal(security_word(), 0x0029);
    assert_ata_good(ata_simple(&host, ATA_SET_FEATURES, 0x90, 6));
    drive_reset(host.drive, RESET_HARD);
    assert_int_equal(security_word(), 0x0021);
    host.drive = test_power_cut(host.drive, lines); /* another boot */
    assert_int_equal(security_word(), 0x0029);
    drive_reset(host.drive, RESET_POWER); /* the slot's power alone */
    assert_int_equal(security_word(), 0x0021);
    set_password("x");
    test_end(host.drive);
}

static void without_the_feature_set_all_abort(void **state) {
    (void)state;
    host.drive = test_drive("family = ata\nsize = 8M\nfeatures = none\nsanitize = none\n");
    for (unsigned command = 0xf1; command <= 0xf6; command++)
        assert_ata_aborted(ata_simple(&host, (uint8_t)command, 0, 1));
    assert_ata_aborted(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 0));
    test_end(host.drive);
    host.drive = test_drive("family = ata\nsize = 8M\nfeatures = security\n");
    set_password("x");
    assert_ata_aborted(prepare_and_erase(ENHANCED, "x")); /* not supported */
    test_end(host.drive);
}

/* --- SANITIZE --- */

static void expect_status(uint16_t count, uint16_t lba) {
    assert_ata_good(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 0));
    assert_int_equal(host.request.ata_out.count, count);
    assert_int_equal(host.request.ata_out.lba, lba);
}

static void sanitize(uint16_t feature, uint16_t count, uint64_t lba) {
    assert_ata_good(ata_lba(&host, ATA_SANITIZE_DEVICE, feature, count, lba));
    assert_int_equal(host.request.ata_out.count, 0x4000);
}

static void block_erase_from_start_to_end(void **state) {
    (void)state;
    host.drive = test_drive(flash);
    expect_status(0, 0xffff);
    sanitize(0x12, 0, BLOCK);
    assert_int_equal(host.request.ata_out.lba, 0);
    test_pass(host.drive, 5000);
    expect_status(0x4000, 0x4000);
    assert_ata_aborted(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_ata_aborted(ata_simple(&host, ATA_SECURITY_ERASE_PREPARE, 0, 0));
    assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x11, 0, CRYPTO));
    assert_ata_good(ata_simple(&host, ATA_IDENTIFY_DEVICE, 0, 0));
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x30));
    assert_ata_good(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x40, 0, 0x416e7469));
    test_pass(host.drive, 15001);
    expect_status(0x9000, 0xffff);
    assert_int_equal(planted_pages(host.drive, -1), 0);
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    test_end(host.drive);
}

static void it_goes_on_over_resets_and_power_cuts(void **state) {
    (void)state;
    host.drive = test_drive(flash);
    sanitize(0x12, 0, BLOCK);
    test_pass(host.drive, 5000);
    drive_reset(host.drive, RESET_HARD);
    drive_reset(host.drive, RESET_SOFT);
    expect_status(0x4000, 0x4000);
    host.drive = test_power_cut(host.drive, flash);
    expect_status(0x4000, 0x4000);
    test_pass(host.drive, 15001);
    expect_status(0x8000, 0xffff);
    host.drive = test_power_cut(host.drive, flash);
    expect_status(0x8000, 0xffff); /* success is remembered */
    assert_int_equal(planted_pages(host.drive, -1), 0);
    test_end(host.drive);
}

static void crypto_scramble(void **state) {
    (void)state;
    host.drive = test_drive(flash);
    sanitize(0x11, 0, CRYPTO);
    test_pass(host.drive, 2001);
    expect_status(0x8000, 0xffff);
    assert_int_equal(planted_pages(host.drive, -1), 0);
    test_end(host.drive);
}

static void overwrite_passes_and_pattern(void **state) {
    (void)state;
    host.drive = test_drive(disk);
    sanitize(0x14, 2, OVERWRITE | 0x11223344); /* two passes take two minutes */
    test_pass(host.drive, 60000);
    expect_status(0x4000, 0x8000);
    test_pass(host.drive, 60001);
    expect_status(0x8000, 0xffff);
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 1000));
    assert_memory_equal(host.data, "\x44\x33\x22\x11\x44\x33\x22\x11", 8);
    assert_int_equal(planted_pages(host.drive, -1), 0);
    sanitize(0x14, 0, OVERWRITE); /* 0 is 16 passes */
    test_pass(host.drive, UINT64_C(15) * 60000);
    expect_status(0x4000, 0xf000);
    test_pass(host.drive, 60001);
    expect_status(0x8000, 0xffff);
    test_end(host.drive);
}

static void refused_with_reasons(void **state) {
    (void)state;
    static const struct {
        uint16_t feature;
        uint64_t lba;
        uint8_t reason;
    } rows[] = {{0x11, CRYPTO, 2}, {0x12, BLOCK, 2}, {0x14, BLOCK, 0}, {0x99, 0, 2}};
    host.drive = test_drive(disk); /* can overwrite only */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, rows[i].feature, 1, rows[i].lba));
        assert_int_equal(host.request.ata_out.lba, rows[i].reason);
        assert_int_equal(host.request.ata_out.count, 0);
    }
    assert_ata_good(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x20, 0, 0x46724c6b));
    expect_status(0x2000, 0xffff);
    assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x14, 1, OVERWRITE));
    assert_int_equal(host.request.ata_out.lba, 3);
    assert_int_equal(host.request.ata_out.count, 0x2000);
    drive_reset(host.drive, RESET_HARD);
    sanitize(0x14, 1, OVERWRITE);
    test_end(host.drive);
}

static void failure_and_the_two_modes(void **state) {
    (void)state;
    char lines[512];
    (void)snprintf(lines, sizeof lines, "%smisbehave = fail ata-sanitize-overwrite at=50%%\n",
                   disk);
    host.drive = test_drive(lines);
    sanitize(0x14, 1, OVERWRITE);
    test_pass(host.drive, 60001);
    assert_ata_aborted(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 1)); /* it may not be cleared */
    assert_int_equal(host.request.ata_out.lba, 1);
    assert_int_equal(host.request.ata_out.count, 0);
    assert_ata_aborted(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x14, 0x11, OVERWRITE));
    host.drive = test_power_cut(host.drive, lines);
    assert_ata_aborted(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0)); /* still failed */
    test_end(host.drive);

    host.drive = test_drive(lines);
    sanitize(0x14, 0x11, OVERWRITE);
    test_pass(host.drive, 60001);
    assert_ata_aborted(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 0));
    assert_ata_good(ata_simple(&host, ATA_SANITIZE_DEVICE, 0, 1));
    assert_ata_good(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    assert_in_range(planted_pages(host.drive, -1), 100, 200);
    test_end(host.drive);
}

static void locked_and_sanitize(void **state) {
    (void)state;
    char lines[512];
    (void)snprintf(lines, sizeof lines,
                   "%suser-password = secret\nsanitize-overrides-security = yes\n", disk);
    host.drive = test_drive(lines);
    assert_ata_aborted(ata_lba(&host, ATA_SANITIZE_DEVICE, 0x14, 0x11, OVERWRITE));
    sanitize(0x14, 0x01, OVERWRITE);
    assert_ata_good(ata_password(&host, ATA_SECURITY_UNLOCK, 0, "secret"));
    test_pass(host.drive, 60001);
    expect_status(0x8000, 0xffff);
    test_end(host.drive);
}

static void it_stands_still_unloaded_until_the_next_command(void **state) {
    (void)state;
    host.drive = test_drive(flash);
    sanitize(0x12, 0, BLOCK);
    test_pass(host.drive, 5000);
    assert_ata_good(ata_lba(&host, ATA_IDLE_IMMEDIATE, 0x44, 0, 0x554e4c));
    assert_int_equal(host.request.ata_out.lba, 0xc4);
    test_pass(host.drive, 50000);
    expect_status(0x4000, 0x4000); /* and with that it goes on */
    test_pass(host.drive, 5000);
    expect_status(0x4000, 0x8000);
    assert_ata_good(
        ata_simple(&host, ATA_IDLE_IMMEDIATE, 0, 0)); /* without UNLOAD it does not stop */
    test_pass(host.drive, 5000);
    expect_status(0x4000, 0xc000);
    test_end(host.drive);
}

static void in_standby_it_waits_for_the_medium_to_be_wanted(void **state) {
    (void)state;
    char lines[512];
    (void)snprintf(lines, sizeof lines, "%sstarts-in-standby = yes\n", flash);
    host.drive = test_drive(lines);
    sanitize(0x12, 0, BLOCK);
    test_pass(host.drive, 5000);
    host.drive = test_power_cut(host.drive, lines);
    test_pass(host.drive, 50000);
    expect_status(0x4000, 0x4000);
    test_pass(host.drive, 50000);
    expect_status(0x4000, 0x4000); /* asking does not wake it */
    assert_ata_aborted(ata_lba(&host, ATA_READ_DMA_EXT, 0, 1, 0));
    test_pass(host.drive, 5000);
    expect_status(0x4000, 0x8000);
    test_end(host.drive);
}

static void an_old_success_is_no_news(void **state) {
    (void)state;
    char lines[512];
    (void)snprintf(lines, sizeof lines, "%ssanitize-completed = yes\n", disk);
    host.drive = test_drive(lines);
    expect_status(0x8000, 0xffff);
    assert_int_equal(planted_pages(host.drive, PAGE_LIVE), 256);
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(normal_erase_leaves_remapped_sectors),
    cmocka_unit_test(enhanced_erase_takes_them_too),
    cmocka_unit_test(normal_erase_stops_at_the_hidden_area),
    cmocka_unit_test(a_cut_leaves_it_locked_and_half_erased),
    cmocka_unit_test(a_host_that_gives_up_does_not_end_the_erase),
    cmocka_unit_test(a_locked_drive),
    cmocka_unit_test(frozen_at_boot_and_how_it_thaws),
    cmocka_unit_test(without_the_feature_set_all_abort),
    cmocka_unit_test(block_erase_from_start_to_end),
    cmocka_unit_test(it_goes_on_over_resets_and_power_cuts),
    cmocka_unit_test(crypto_scramble),
    cmocka_unit_test(overwrite_passes_and_pattern),
    cmocka_unit_test(refused_with_reasons),
    cmocka_unit_test(failure_and_the_two_modes),
    cmocka_unit_test(locked_and_sanitize),
    cmocka_unit_test(it_stands_still_unloaded_until_the_next_command),
    cmocka_unit_test(in_standby_it_waits_for_the_medium_to_be_wanted),
    cmocka_unit_test(an_old_success_is_no_news),
};

TEST_MAIN(tests)
