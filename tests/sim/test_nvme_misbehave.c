/* Each misbehaviour that concerns NVMe: what the host sees, and what the medium holds. */
#include "nvme_host.h"
#include "oracle.h"
#include "test.h"

#define BASE                                                                                       \
    "size = 8M\nplant = TAG every=4 stale=20 remapped=4\n"                                         \
    "time = nvme-sanitize-block 100s\ntime = nvme-sanitize-crypto 100s\n"                          \
    "time = nvme-sanitize-overwrite 100s\ntime = nvme-format-user-data 100s\n"

enum { BLOCK = SANITIZE_BLOCK, OVERWRITE = SANITIZE_OVERWRITE | 1 << 4, CRYPTO = SANITIZE_CRYPTO };
#define SECOND UINT64_C(1000)
enum { USER_DATA = 1 << 9, FORMAT_CRYPTO = 2 << 9 };

static struct oracle_findings planted(const struct drive *drive) {
    return oracle_search(drive->media, "QPLANT TAG", 10);
}

static const char *with(const char *misbehaviour) {
    static char lines[1024];
    (void)snprintf(lines, sizeof lines, BASE "misbehave = %s\n", misbehaviour);
    return lines;
}

static void sanitize_to_success(struct drive *drive, uint32_t cdw10) {
    assert_int_equal(host_sanitize(drive, cdw10, 0), NVME_OK);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZING);
    test_pass(drive, 100 * SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED);
    assert_int_equal(host_sanitize_log(drive).cdw10, cdw10);
}

static void lie(void **state) {
    (void)state;
    static const struct {
        const char *line;
        uint32_t cdw10;
    } lies[] = {{"lie nvme-sanitize-block", BLOCK},
                {"lie nvme-sanitize-overwrite", OVERWRITE},
                {"lie nvme-sanitize-crypto", CRYPTO}};
    for (unsigned i = 0; i < COUNT_OF(lies); i++) {
        struct drive *drive = test_drive(with(lies[i].line));
        const struct oracle_findings before = planted(drive);
        sanitize_to_success(drive, lies[i].cdw10);
        const struct oracle_findings after = planted(drive);
        assert_memory_equal(&before, &after, sizeof before);
        test_end(drive);
    }
}

static void lie_about_formats(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("lie nvme-format-user-data\n"
                                          "misbehave = lie nvme-format-crypto"));
    const uint64_t before = planted(drive).visible;
    assert_int_equal(host_format(drive, 1, USER_DATA, 200 * SECOND), NVME_OK);
    assert_int_equal(host_format(drive, 1, FORMAT_CRYPTO, 200 * SECOND), NVME_OK);
    assert_int_equal(planted(drive).visible, before);
    test_end(drive);
}

static void ignore_shows_the_success_of_years_ago(void **state) {
    (void)state;
    struct drive *drive =
        test_drive(with("ignore nvme-sanitize-block\nlast-sanitize = success CDW10=2"));
    const uint64_t before = planted(drive).visible;
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED);
    assert_int_equal(host_sanitize_log(drive).progress, 0xffff);
    test_pass(drive, 200 * SECOND);
    assert_int_equal(planted(drive).visible, before);
    test_end(drive);
}

static void ignore_a_format(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("ignore nvme-format-user-data"));
    const uint64_t before = planted(drive).visible;
    assert_int_equal(host_format(drive, 1, USER_DATA, 0), NVME_OK); /* at once */
    assert_int_equal(planted(drive).visible, before);
    test_end(drive);
}

static void partial_by_namespace(void **state) {
    (void)state;
    static const uint32_t kinds[] = {BLOCK, OVERWRITE, CRYPTO};
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        struct drive *drive =
            test_drive(with("partial nvme-sanitize-block namespaces=1\n"
                            "misbehave = partial nvme-sanitize-crypto namespaces=1\n"
                            "misbehave = partial nvme-sanitize-overwrite namespaces=1\n"
                            "namespace = size=2M\nnamespace = size=2M"));
        uint8_t block[512];
        sanitize_to_success(drive, kinds[i]);
        assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_OK);
        assert_memory_not_equal(block, "QPLANT", 6);
        assert_int_equal(host_read(drive, 2, 0, 1, block, sizeof block), NVME_OK);
        assert_memory_equal(block, "QPLANT", 6);
        test_end(drive);
    }
}

static void partial_by_range(void **state) {
    (void)state;
    static const uint32_t kinds[] = {BLOCK, CRYPTO};
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        struct drive *drive = test_drive(with("partial nvme-sanitize-block from=0 to=4095\n"
                                              "misbehave = partial nvme-sanitize-crypto to=4095"));
        uint8_t block[512];
        sanitize_to_success(drive, kinds[i]);
        assert_int_equal(host_read(drive, 1, 32, 1, block, sizeof block), NVME_OK);
        assert_memory_not_equal(block, "QPLANT", 6);
        assert_int_equal(host_read(drive, 1, 4064, 1, block, sizeof block), NVME_OK);
        assert_memory_not_equal(block, "QPLANT", 6);
        assert_int_equal(host_read(drive, 1, 4096, 1, block, sizeof block), NVME_OK);
        assert_memory_equal(block, "QPLANT", 6);
        test_end(drive);
    }
}

static void what_the_host_cannot_address_is_kept(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("keep-remapped nvme-sanitize-block"));
    sanitize_to_success(drive, BLOCK);
    assert_int_equal(planted(drive).visible, 0);
    assert_int_equal(planted(drive).by_state[PAGE_RETIRED], 4);
    assert_int_equal(planted(drive).recoverable, 4);
    test_end(drive);
    drive = test_drive(with("keep-spare nvme-sanitize-block"));
    sanitize_to_success(drive, BLOCK);
    assert_int_equal(planted(drive).visible, 0);
    assert_int_equal(planted(drive).by_state[PAGE_RETIRED], 0);
    assert_true(planted(drive).by_state[PAGE_STALE] >= 20);
    test_end(drive);
}

static void map_only_cannot_be_seen_from_the_host(void **state) {
    (void)state;
    static const uint32_t kinds[] = {BLOCK, CRYPTO};
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        struct drive *drive = test_drive(
            with("map-only nvme-sanitize-block\nmisbehave = map-only nvme-sanitize-crypto"));
        const uint64_t before = planted(drive).recoverable;
        uint8_t block[512], zero[512] = {0};
        sanitize_to_success(drive, kinds[i]);
        assert_int_equal(host_read(drive, 1, 0, 1, block, sizeof block), NVME_OK);
        assert_memory_equal(block, zero, sizeof block);
        assert_int_equal(planted(drive).visible, 0);
        assert_int_equal(planted(drive).recoverable, before);
        test_end(drive);
    }
}

static void stuck(void **state) {
    (void)state;
    const char *lines = with("stuck nvme-sanitize-block at=1%");
    struct drive *drive = test_drive(lines);
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 3600 * SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZING);
    assert_int_equal(host_sanitize_log(drive).progress, 655);
    assert_true(drive_next_event(drive) == UINT64_MAX);
    drive = test_power_cut(drive, lines);
    test_pass(drive, 3600 * SECOND);
    assert_int_equal(host_sanitize_log(drive).progress, 655);
    test_end(drive);
}

static void backwards_but_finishes(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("backwards nvme-sanitize-block"));
    uint32_t before = 0, fell = 0;
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    for (unsigned i = 0; i < 99; i++) {
        test_pass(drive, SECOND);
        const uint32_t now = host_sanitize_log(drive).progress;
        assert_int_equal(host_sanitize_log(drive).status, SANITIZING);
        fell += now < before;
        before = now;
    }
    assert_int_equal(fell, 5);
    test_pass(drive, SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED);
    assert_int_equal(planted(drive).recoverable, 0);
    test_end(drive);
}

static void fail_leaves_the_rest(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("fail nvme-sanitize-crypto at=50%\n"
                                          "misbehave = fail nvme-format-user-data at=50%"));
    const uint64_t before = planted(drive).recoverable;
    assert_int_equal(host_format(drive, 1, USER_DATA, 51 * SECOND), NVME_INTERNAL_ERROR);
    const uint64_t after = planted(drive).recoverable;
    assert_in_range(after, before / 4, before * 3 / 4);
    assert_int_equal(host_sanitize(drive, CRYPTO, 0), NVME_OK);
    test_pass(drive, 51 * SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZE_FAILED);
    assert_int_equal(planted(drive).recoverable, after);
    test_end(drive);
}

static void gone_for_good(void **state) {
    (void)state;
    const char *lines = with("gone nvme-sanitize-block at=40%");
    struct drive *drive = test_drive(lines);
    uint8_t data[4096];
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 39 * SECOND);
    assert_true(drive_present(drive));
    test_pass(drive, SECOND);
    assert_false(drive_present(drive));
    assert_int_equal(host_identify(drive, 0, 1, data), HOST_LOST);
    drive = test_power_cut(drive, lines);
    assert_false(drive_present(drive));
    test_pass(drive, 3600 * SECOND);
    assert_false(drive_present(drive));
    assert_int_equal(drive_generation(drive), 0);
    test_end(drive);
}

static void serial_of(struct drive *drive, char serial[21]) {
    uint8_t data[4096];
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    memcpy(serial, data + 4, 20);
    serial[20] = '\0';
}

static void returns_and_goes_on(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("return nvme-sanitize-block at=40% after=60s"));
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 99 * SECOND);
    assert_false(drive_present(drive));
    test_pass(drive, SECOND);
    assert_true(drive_present(drive));
    assert_int_equal(drive_generation(drive), 1);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZING);
    assert_in_range(host_sanitize_log(drive).progress, 26000, 26300);
    test_pass(drive, 60 * SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED);
    assert_int_equal(planted(drive).recoverable, 0);
    assert_int_equal(drive_generation(drive), 1); /* it happened once */
    test_end(drive);
}

/* One long jump of the clock is the same as many short ones. */
static void returns_within_one_step_of_the_clock(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("return nvme-sanitize-block at=40% after=60s"));
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    simtime_move(130 * SECOND);
    drive_advance(drive);
    assert_true(drive_present(drive));
    assert_int_equal(drive_generation(drive), 1);
    assert_in_range(host_sanitize_log(drive).progress, 45000, 46500); /* 70 s of work */
    test_end(drive);
}

static void returns_as_another(void **state) {
    (void)state;
    struct drive *drive =
        test_drive(with("return nvme-sanitize-block at=40% after=5s as=OTHER\nserial = MINE"));
    char serial[21];
    serial_of(drive, serial);
    assert_memory_equal(serial, "MINE ", 5);
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 46 * SECOND);
    assert_int_equal(drive_generation(drive), 1);
    serial_of(drive, serial);
    assert_memory_equal(serial, "OTHER ", 6);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED_NEVER);
    assert_true(planted(drive).visible > 0); /* that one was never erased */
    test_end(drive);
}

static void power_cut_ends_a_format(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("power-cut nvme-format-user-data at=50% after=2s"));
    const uint64_t before = planted(drive).recoverable;
    assert_int_equal(host_format(drive, 1, USER_DATA, 200 * SECOND), HOST_LOST);
    assert_false(drive_present(drive));
    test_pass(drive, 2 * SECOND);
    assert_true(drive_present(drive));
    assert_in_range(planted(drive).recoverable, before / 4, before * 3 / 4);
    assert_int_equal(host_format(drive, 1, USER_DATA, 200 * SECOND), NVME_OK);
    assert_int_equal(planted(drive).visible, 0);
    test_end(drive);
}

static void refuse(void **state) {
    (void)state;
    static const struct {
        const char *line;
        uint16_t status;
    } ways[] = {{"refuse nvme-sanitize-block", NVME_INVALID_OPCODE},
                {"refuse nvme-sanitize-block opcode", NVME_INVALID_OPCODE},
                {"refuse nvme-sanitize-block field", NVME_INVALID_FIELD},
                {"refuse nvme-sanitize-block abort", NVME_INTERNAL_ERROR}};
    uint8_t data[4096];
    for (unsigned i = 0; i < COUNT_OF(ways); i++) {
        struct drive *drive = test_drive(with(ways[i].line));
        assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
        assert_int_equal(data[328] & 7, 7); /* it says that it can */
        assert_int_equal(host_sanitize(drive, BLOCK, 0), ways[i].status);
        assert_int_equal(host_sanitize(drive, CRYPTO, 0), NVME_OK);
        test_end(drive);
    }
    struct drive *drive = test_drive(with("refuse nvme-format-user-data opcode"));
    assert_int_equal(host_format(drive, 1, USER_DATA, 1), NVME_INVALID_OPCODE);
    test_end(drive);
}

static void hidden(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("hidden nvme-sanitize-block\n"
                                          "misbehave = hidden nvme-format-crypto\n"
                                          "misbehave = hidden nvme-format"));
    uint8_t data[4096];
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    assert_int_equal(data[328] & 7, 5);
    assert_int_equal(data[256] & 2, 0);
    assert_int_equal(data[524] & 4, 0);
    assert_int_equal(host_format(drive, 1, FORMAT_CRYPTO, 100 * SECOND), NVME_OK);
    sanitize_to_success(drive, BLOCK);
    assert_int_equal(planted(drive).recoverable, 0);
    test_end(drive);
}

static void hang(void **state) {
    (void)state;
    struct drive *drive =
        test_drive(with("hang nvme-sanitize-block\nmisbehave = hang nvme-format-crypto"));
    const struct nvme_command sanitize = {.opcode = NVME_SANITIZE, .cdw10 = BLOCK};
    assert_int_equal(host_command_wait(drive, &sanitize, 3600 * SECOND), HOST_PENDING);
    assert_int_equal(host_format(drive, 1, FORMAT_CRYPTO, 3600 * SECOND), HOST_PENDING);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED_NEVER); /* others are answered */
    test_end(drive);
}

static void slow(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("slow nvme-sanitize-block factor=10"));
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 999 * SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZING);
    test_pass(drive, SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED);
    test_end(drive);
}

static void read_errors_until_rewritten(void **state) {
    (void)state;
    static const struct {
        const char *line;
        uint16_t status;
    } ways[] = {{"read-errors after=nvme-sanitize-block", NVME_UNRECOVERED_READ},
                {"read-errors after=nvme-sanitize-block deallocated", NVME_NOT_WRITTEN}};
    for (unsigned i = 0; i < COUNT_OF(ways); i++) {
        struct drive *drive = test_drive(with(ways[i].line));
        uint8_t block[512];
        assert_int_equal(host_read(drive, 1, 16, 1, block, sizeof block), NVME_OK);
        sanitize_to_success(drive, BLOCK);
        assert_int_equal(host_read(drive, 1, 16, 1, block, sizeof block), ways[i].status);
        assert_int_equal(host_write(drive, 1, 16, 1, block, sizeof block), NVME_OK);
        assert_int_equal(host_read(drive, 1, 16, 1, block, sizeof block), NVME_OK);
        assert_int_equal(host_read(drive, 1, 64, 1, block, sizeof block), ways[i].status);
        test_end(drive);
    }
}

static void changes_after_the_erase(void **state) {
    (void)state;
    const char *lines = with("capacity-change after=nvme-sanitize-block to=4M\n"
                             "misbehave = identity-change after=nvme-sanitize-block serial=NEW");
    struct drive *drive = test_drive(lines);
    uint8_t data[4096];
    char serial[21];
    sanitize_to_success(drive, BLOCK);
    drive = test_power_cut(drive, lines);
    serial_of(drive, serial);
    assert_memory_equal(serial, "NEW ", 4);
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    assert_int_equal(load_le(data + 280, 8), 4 << 20);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    assert_int_equal(load_le(data, 8), 4 << 11);
    assert_int_equal(host_read(drive, 1, 4 << 11, 1, data, 512), NVME_LBA_RANGE);
    test_end(drive);
}

static void errors_in_ranges(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("read-error from=10 to=19\n"
                                          "misbehave = write-error from=30 to=30"));
    uint8_t blocks[1024] = {0};
    assert_int_equal(host_read(drive, 1, 8, 2, blocks, sizeof blocks), NVME_OK);
    assert_int_equal(host_read(drive, 1, 9, 2, blocks, sizeof blocks), NVME_UNRECOVERED_READ);
    assert_int_equal(host_read(drive, 1, 19, 2, blocks, sizeof blocks), NVME_UNRECOVERED_READ);
    assert_int_equal(host_read(drive, 1, 20, 2, blocks, sizeof blocks), NVME_OK);
    assert_int_equal(host_write(drive, 1, 29, 2, blocks, sizeof blocks), NVME_WRITE_FAULT);
    assert_int_equal(host_write(drive, 1, 31, 2, blocks, sizeof blocks), NVME_OK);
    test_end(drive);
}

static void worn_out(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("write-ignored"));
    uint8_t block[512] = {0}, log[512];
    const uint64_t before = planted(drive).visible;
    for (uint64_t lba = 0; lba < 8 << 11; lba++)
        assert_int_equal(host_write(drive, 1, lba, 1, block, sizeof block), NVME_OK);
    assert_int_equal(planted(drive).visible, before);
    assert_int_equal(host_log(drive, 2, log, sizeof log), NVME_OK);
    assert_int_equal(log[0], 8); /* read only */
    test_end(drive);
    drive = test_drive(with("write-protected"));
    assert_int_equal(host_write(drive, 1, 0, 1, block, sizeof block), NVME_WRITE_PROTECTED);
    test_end(drive);
}

static void lies_about_overwriting(void **state) {
    (void)state;
    uint8_t block[512] = {0};
    struct drive *drive = test_drive(with("lie overwrite"));
    const uint64_t before = planted(drive).visible;
    for (uint64_t lba = 0; lba < 8 << 11; lba++)
        assert_int_equal(host_write(drive, 1, lba, 1, block, sizeof block), NVME_OK);
    assert_int_equal(planted(drive).visible, before);
    test_end(drive);
    drive = test_drive(with("partial overwrite from=0 to=4095"));
    for (uint64_t lba = 0; lba < 8 << 11; lba++)
        assert_int_equal(host_write(drive, 1, lba, 1, block, sizeof block), NVME_OK);
    assert_int_equal(planted(drive).visible, before * 3 / 4);
    test_end(drive);
}

static uint64_t write_until_it_stops(struct drive *drive, uint16_t expected) {
    uint8_t block[4096] = {0};
    for (uint64_t lba = 0; lba < 8 << 11; lba += 8) {
        const uint16_t status = host_write(drive, 1, lba, 8, block, sizeof block);
        if (status == NVME_OK)
            continue;
        assert_int_equal(status, expected);
        return lba;
    }
    return UINT64_MAX;
}

static void overwrite_is_interrupted(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("fail overwrite at=50%"));
    const uint64_t before = planted(drive).visible;
    assert_in_range(write_until_it_stops(drive, NVME_WRITE_FAULT), 8150, 8192);
    assert_in_range(planted(drive).visible, before / 2 - 2, before / 2 + 2);
    test_end(drive);
    drive = test_drive(with("gone overwrite at=25%"));
    assert_in_range(write_until_it_stops(drive, HOST_LOST), 4070, 4096);
    assert_false(drive_present(drive));
    test_end(drive);
    drive = test_drive(with("return overwrite at=25% after=5s"));
    assert_in_range(write_until_it_stops(drive, HOST_LOST), 4070, 4096);
    test_pass(drive, 5 * SECOND);
    assert_int_equal(drive_generation(drive), 1);
    assert_true(write_until_it_stops(drive, NVME_OK) == UINT64_MAX);
    assert_int_equal(planted(drive).visible, 0);
    test_end(drive);
    drive = test_drive(with("hang overwrite"));
    assert_int_equal(write_until_it_stops(drive, HOST_PENDING), 0);
    test_end(drive);
}

static void logs_that_say_nothing(void **state) {
    (void)state;
    uint8_t log[512], zero[512] = {0};
    struct drive *drive = test_drive(with("log-zero"));
    memset(log, 0x55, sizeof log);
    assert_int_equal(host_log(drive, 0x81, log, sizeof log), NVME_OK);
    assert_memory_equal(log, zero, sizeof log);
    test_end(drive);
    drive = test_drive(with("log-garbage"));
    assert_int_equal(host_log(drive, 0x81, log, sizeof log), NVME_OK);
    memcpy(zero, log, sizeof zero);
    assert_int_equal(host_log(drive, 0x81, log, sizeof log), NVME_OK);
    assert_memory_not_equal(log, zero, sizeof log);
    test_end(drive);
    drive = test_drive(with("log-short"));
    assert_int_equal(host_log(drive, 0x81, log, sizeof log), NVME_OK);
    assert_int_equal(host_transferred(), 2);
    assert_int_equal(host_log(drive, 0x02, log, sizeof log), NVME_OK);
    assert_int_equal(host_transferred(), 512);
    test_end(drive);
}

static void status_4(void **state) {
    (void)state;
    struct drive *drive = test_drive(with("status-4 nvme-sanitize-block"));
    assert_int_equal(host_sanitize(drive, BLOCK, 0), NVME_OK);
    test_pass(drive, 100 * SECOND);
    assert_int_equal(host_sanitize_log(drive).status, SANITIZED_DEALLOCATED);
    sanitize_to_success(drive, CRYPTO);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lie),
    cmocka_unit_test(lie_about_formats),
    cmocka_unit_test(ignore_shows_the_success_of_years_ago),
    cmocka_unit_test(ignore_a_format),
    cmocka_unit_test(partial_by_namespace),
    cmocka_unit_test(partial_by_range),
    cmocka_unit_test(what_the_host_cannot_address_is_kept),
    cmocka_unit_test(map_only_cannot_be_seen_from_the_host),
    cmocka_unit_test(stuck),
    cmocka_unit_test(backwards_but_finishes),
    cmocka_unit_test(fail_leaves_the_rest),
    cmocka_unit_test(gone_for_good),
    cmocka_unit_test(returns_and_goes_on),
    cmocka_unit_test(returns_within_one_step_of_the_clock),
    cmocka_unit_test(returns_as_another),
    cmocka_unit_test(power_cut_ends_a_format),
    cmocka_unit_test(refuse),
    cmocka_unit_test(hidden),
    cmocka_unit_test(hang),
    cmocka_unit_test(slow),
    cmocka_unit_test(read_errors_until_rewritten),
    cmocka_unit_test(changes_after_the_erase),
    cmocka_unit_test(errors_in_ranges),
    cmocka_unit_test(worn_out),
    cmocka_unit_test(lies_about_overwriting),
    cmocka_unit_test(overwrite_is_interrupted),
    cmocka_unit_test(logs_that_say_nothing),
    cmocka_unit_test(status_4),
};

TEST_MAIN(tests)
