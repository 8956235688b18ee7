#include "nvme_host.h"
#include "oracle.h"
#include "test.h"

/* Small, and slow enough to be looked at half way: 100 s for each kind. */
#define BASE                                                                                       \
    "size = 8M\nplant = TAG every=4 stale=20 remapped=4\n"                                         \
    "time = nvme-sanitize-block 100s\ntime = nvme-sanitize-crypto 100s\n"                          \
    "time = nvme-sanitize-overwrite 100s\n"

enum { BLOCK = SANITIZE_BLOCK, OVERWRITE = SANITIZE_OVERWRITE, CRYPTO = SANITIZE_CRYPTO };
enum { AUSE = 8, ONE_PASS = 1 << 4, INVERT = 1 << 8, NDAS = 1 << 9 };

static struct oracle_findings planted(const struct drive *drive) {
    return oracle_search(drive->media, "QPLANT TAG", 10);
}

static void assert_status(struct drive *drive, uint32_t status, uint32_t cdw10) {
    const struct sanitize_log log = host_sanitize_log(drive);
    assert_int_equal(log.status, status);
    assert_int_equal(log.cdw10, cdw10);
}

static void never_sanitized(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nestimate-block = 2min\nestimate-crypto = none\n");
    uint8_t log[512];
    const struct sanitize_log fields = host_sanitize_log(drive);
    assert_int_equal(fields.progress, 0xffff);
    assert_int_equal(fields.status, SANITIZED_NEVER);
    assert_true(fields.global_data_erased); /* nothing was ever written */
    assert_int_equal(host_log(drive, 0x81, log, sizeof log), NVME_OK);
    assert_int_equal(load_le(log + 12, 4), 120);
    assert_int_equal(load_le(log + 16, 4), 0xffffffff);
    uint8_t block[512] = {1};
    assert_int_equal(host_write(drive, 1, 0, 1, block, sizeof block), NVME_OK);
    assert_false(host_sanitize_log(drive).global_data_erased);
    test_end(drive);
}

static void each_kind_erases_everything(void **state) {
    (void)state;
    static const uint32_t kinds[] = {BLOCK, OVERWRITE | ONE_PASS, CRYPTO};
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        struct drive *drive = test_drive(BASE);
        assert_true(planted(drive).visible > 0);
        assert_true(planted(drive).by_state[PAGE_STALE] >= 20);
        assert_int_equal(planted(drive).by_state[PAGE_RETIRED], 4);
        assert_int_equal(host_sanitize(drive, kinds[i], 0), NVME_OK);
        assert_status(drive, SANITIZING, kinds[i]);
        test_pass(drive, 50000);
        const struct sanitize_log half = host_sanitize_log(drive);
        assert_int_equal(half.status, SANITIZING);
        assert_in_range(half.progress, 0x7ff0, 0x8010);
        test_pass(drive, 50000);
        const struct sanitize_log done = host_sanitize_log(drive);
        assert_int_equal(done.status, SANITIZED);
        assert_int_equal(done.progress, 0xffff);
        assert_true(done.global_data_erased);
        assert_int_equal(done.passes, i == 1 ? 1 : 0);
        assert_int_equal(planted(drive).visible, 0);
        assert_int_equal(planted(drive).recoverable, 0);
        test_end(drive);
    }
}

static void half_way_half_is_left(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE);
    const uint64_t before = planted(drive).recoverable;
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 10000);
    const uint64_t after = planted(drive).recoverable;
    assert_true(after > 0 && after < before);
    test_end(drive);
}

static void crypto_is_all_or_nothing(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE);
    const uint64_t before = planted(drive).recoverable;
    assert_int_equal(host_sanitize(drive, CRYPTO, 0), NVME_OK);
    test_pass(drive, 99000);
    assert_int_equal(planted(drive).recoverable, before);
    test_pass(drive, 1000);
    assert_int_equal(planted(drive).recoverable, 0);
    test_end(drive);
}

static void goes_on_after_power_cuts_and_resets(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE);
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 40000);
    drive = test_power_cut(drive, BASE);
    assert_status(drive, SANITIZING, BLOCK);
    assert_in_range(host_sanitize_log(drive).progress, 26000, 26300);
    test_pass(drive, 20000);
    drive_reset(drive, RESET_POWER);
    drive_reset(drive, RESET_CONTROLLER);
    assert_status(drive, SANITIZING, BLOCK);
    test_pass(drive, 39000);
    assert_status(drive, SANITIZING, BLOCK);
    test_pass(drive, 1001);
    assert_status(drive, SANITIZED, BLOCK);
    assert_int_equal(planted(drive).recoverable, 0);
    test_end(drive);
}

static void overwrite_leaves_its_pattern(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE);
    uint8_t block[512];
    const uint32_t cdw10 = OVERWRITE | 2 << 4 | INVERT | NDAS;
    assert_int_equal(host_sanitize(drive, cdw10, 0xa1b2c3d4), NVME_OK);
    test_pass(drive, 150000);
    assert_int_equal(host_sanitize_log(drive).passes, 1);
    test_pass(drive, 50000);
    assert_status(drive, SANITIZED, cdw10);
    assert_int_equal(host_sanitize_log(drive).passes, 2);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_OK);
    for (unsigned at = 0; at < sizeof block; at += 4)
        assert_int_equal(load_le(block + at, 4), 0xa1b2c3d4);
    test_end(drive);
}

static void overwrite_passes_zero_means_sixteen(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE);
    uint8_t block[512];
    assert_int_equal(host_sanitize(drive, OVERWRITE, 0xffffffff), NVME_OK);
    test_pass(drive, 1599000);
    assert_status(drive, SANITIZING, OVERWRITE);
    assert_int_equal(host_sanitize_log(drive).passes, 15);
    test_pass(drive, 1000);
    assert_int_equal(host_sanitize_log(drive).passes, 16);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_OK);
    for (unsigned at = 0; at < sizeof block; at++)
        assert_int_equal(block[at], 0); /* deallocated */
    test_end(drive);
}

static void nearly_everything_is_refused_meanwhile(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE);
    uint8_t data[4096] = {0};
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    assert_int_equal(host_sanitize(drive, CRYPTO, 0), NVME_SANITIZE_IN_PROGRESS);
    assert_int_equal(host_read(drive, 1, 0, 1, data, 512), NVME_SANITIZE_IN_PROGRESS);
    assert_int_equal(host_write(drive, 1, 0, 1, data, 512), NVME_SANITIZE_IN_PROGRESS);
    assert_int_equal(host_format(drive, 1, 1 << 9, 1), NVME_SANITIZE_IN_PROGRESS);
    const struct nvme_command delete = {.opcode = NVME_NS_MANAGEMENT, .nsid = 1, .cdw10 = 1};
    assert_int_equal(host_command(drive, &delete), NVME_SANITIZE_IN_PROGRESS);
    assert_int_equal(host_log(drive, 0x05, data, sizeof data), NVME_SANITIZE_IN_PROGRESS);
    assert_int_equal(host_log(drive, 0x02, data, 512), NVME_OK);
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    const struct nvme_command flush = {.io = true, .opcode = NVME_FLUSH, .nsid = 1};
    assert_int_equal(host_command(drive, &flush), NVME_OK);
    assert_status(drive, SANITIZING, BLOCK);
    test_pass(drive, 100000);
    assert_int_equal(host_read(drive, 1, 0, 1, data, 512), NVME_OK);
    test_end(drive);
}

static void wrong_commands_are_refused(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE "sanitize = block\n");
    assert_int_equal(host_sanitize(drive, 0, 0), NVME_INVALID_FIELD);
    assert_int_equal(host_sanitize(drive, 5, 0), NVME_INVALID_FIELD);
    assert_int_equal(host_sanitize(drive, CRYPTO, 0), NVME_INVALID_FIELD);
    assert_int_equal(host_sanitize(drive, SANITIZE_EXIT_FAILURE, 0), NVME_OK);
    assert_status(drive, SANITIZED_NEVER, 0);
    test_end(drive);
    drive = test_drive("sanitize = none\n");
    uint8_t log[512];
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_INVALID_OPCODE);
    assert_int_equal(host_log(drive, 0x81, log, sizeof log), NVME_INVALID_LOG_PAGE);
    test_end(drive);
}

static void restricted_failure_is_left_by_success_only(void **state) {
    (void)state;
    static const char lines[] = BASE "misbehave = fail nvme-sanitize-block at=30%\n";
    struct drive *drive = test_drive(lines);
    uint8_t block[512];
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 30001);
    assert_status(drive, SANITIZE_FAILED, BLOCK);
    assert_int_equal(host_sanitize_log(drive).progress, 0xffff);
    assert_true(planted(drive).recoverable > 0);
    drive = test_power_cut(drive, lines);
    assert_status(drive, SANITIZE_FAILED, BLOCK);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_SANITIZE_FAILED);
    assert_int_equal(host_format(drive, 1, 1 << 9, 1), NVME_SANITIZE_FAILED);
    assert_int_equal(host_sanitize(drive, SANITIZE_EXIT_FAILURE, 0), NVME_SANITIZE_FAILED);
    assert_int_equal(host_sanitize(drive, CRYPTO | AUSE, 0), NVME_SANITIZE_FAILED);
    assert_int_equal(host_sanitize(drive, CRYPTO, 0), NVME_OK);
    test_pass(drive, 100000);
    assert_status(drive, SANITIZED, CRYPTO);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_OK);
    test_end(drive);
}

static void unrestricted_failure_can_be_left(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE "misbehave = fail nvme-sanitize-block at=30%\n");
    uint8_t block[512];
    assert_int_equal(host_sanitize(drive, BLOCK | AUSE, 0), NVME_OK);
    test_pass(drive, 30001);
    assert_status(drive, SANITIZE_FAILED, BLOCK | AUSE);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_SANITIZE_FAILED);
    assert_int_equal(host_sanitize(drive, SANITIZE_EXIT_FAILURE, 0), NVME_OK);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_OK);
    assert_int_equal(host_sanitize(drive, BLOCK | AUSE, 0), NVME_OK);
    test_pass(drive, 30001);
    assert_int_equal(host_sanitize(drive, CRYPTO | AUSE, 0), NVME_OK);
    test_end(drive);
}

static uint16_t set_no_deallocate_mode(struct drive *drive, uint32_t warn) {
    const struct nvme_command set = {.opcode = NVME_SET_FEATURES, .cdw10 = 0x17, .cdw11 = warn};
    return host_command(drive, &set);
}

static void no_deallocate_inhibited(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE "no-deallocate-inhibited = yes\n");
    uint8_t data[4096];
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    assert_int_equal(load_le(data + 328, 4), 0x60000007);
    assert_int_equal(host_sanitize(drive, BLOCK | NDAS, 0), NVME_INVALID_FIELD);
    assert_int_equal(set_no_deallocate_mode(drive, 1), NVME_OK);
    assert_int_equal(host_sanitize(drive, BLOCK | NDAS, 0), NVME_OK);
    test_pass(drive, 100000);
    assert_status(drive, SANITIZED_DEALLOCATED, BLOCK | NDAS);
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 100000);
    assert_status(drive, SANITIZED, BLOCK);
    test_end(drive);
}

static void scope_is_the_whole_subsystem(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\ncontrollers = 2\nplant = TAG every=1\n"
                                     "namespace = size=1M\nnamespace = size=1M detached\n"
                                     "namespace = size=1M only=1\nunallocated-stale = yes\n");
    assert_true(planted(drive).by_state[PAGE_STALE] >= 1000); /* 5 MiB are unallocated */
    assert_int_equal(planted(drive).by_state[PAGE_LIVE], 768);
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 30000);
    assert_status(drive, SANITIZED, BLOCK);
    assert_int_equal(planted(drive).recoverable, 0);
    test_end(drive);
}

static void history_that_it_was_made_with(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE "last-sanitize = success CDW10=0x2\n");
    uint8_t block[512];
    assert_status(drive, SANITIZED, BLOCK);
    assert_false(host_sanitize_log(drive).global_data_erased);
    test_end(drive);
    drive = test_drive(BASE "last-sanitize = failed CDW10=0x4\n");
    assert_status(drive, SANITIZE_FAILED, CRYPTO);
    assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_SANITIZE_FAILED);
    test_end(drive);
}

static void write_protection_stands_against_it(void **state) {
    (void)state;
    struct drive *drive = test_drive(BASE "namespace = write-protected=3\n");
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_WRITE_PROTECTED);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(never_sanitized),
    cmocka_unit_test(each_kind_erases_everything),
    cmocka_unit_test(half_way_half_is_left),
    cmocka_unit_test(crypto_is_all_or_nothing),
    cmocka_unit_test(goes_on_after_power_cuts_and_resets),
    cmocka_unit_test(overwrite_leaves_its_pattern),
    cmocka_unit_test(overwrite_passes_zero_means_sixteen),
    cmocka_unit_test(nearly_everything_is_refused_meanwhile),
    cmocka_unit_test(wrong_commands_are_refused),
    cmocka_unit_test(restricted_failure_is_left_by_success_only),
    cmocka_unit_test(unrestricted_failure_can_be_left),
    cmocka_unit_test(no_deallocate_inhibited),
    cmocka_unit_test(scope_is_the_whole_subsystem),
    cmocka_unit_test(history_that_it_was_made_with),
    cmocka_unit_test(write_protection_stands_against_it),
};

TEST_MAIN(tests)
