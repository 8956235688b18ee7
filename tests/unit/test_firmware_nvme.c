/*
 * Firmware erase by NVMe, command by command: the exact bytes, their order, and what ties an
 * operation's end to its command. The drives here play one part each; whole drives are in
 * tests/sim.
 */
#include "firmware.h"
#include "test.h"

/* What else the drive of a test does. */
static struct {
    uint32_t scdw10;
    bool renames;   /* the log names another command */
    bool gets_lost; /* the command is done, but its completion never comes */
} drive;

static void begin(struct fake_disk *fake, uint32_t dword10) {
    if (!firmware.fault.ignores)
        drive.scdw10 = drive.renames ? dword10 ^ 8 : dword10;
    firmware_begin(fake);
}

static void fill_log(uint8_t *out) {
    const enum firmware_state state = firmware_asked();
    const uint16_t progress = state == FIRMWARE_AT_WORK ? 1000 : 0xffff;
    out[0] = (uint8_t)progress;
    out[1] = (uint8_t)(progress >> 8);
    out[2] = (uint8_t)state;
    put_le32(out + 4, drive.scdw10);
    memset(out + 8, 0xff, 24);
}

static bool play_nvme(struct fake_disk *fake, struct nvme_command *command) {
    if (command->opcode == 0x02 && (command->cdw10 & 0xff) == 0x81) {
        assert_int_equal(command->nsid, 0xffffffff);
        assert_int_equal(command->cdw10, 0x007f0081);
        fill_log(command->data);
        return true;
    }
    if (command->opcode != 0x84)
        return false;
    firmware_say("sanitize nsid=%x cdw10=%08x cdw12=%x timeout=%u", command->nsid, command->cdw10,
                 command->cdw12, command->timeout_ms);
    if (firmware.fault.refuses)
        command->status = 0x4002;
    else
        begin(fake, command->cdw10);
    if (drive.gets_lost)
        command->status = 0x0371; /* the kernel's: aborted by the host */
    return true;
}

static void prepare(struct erase *erase, const char *method) {
    firmware_make(erase, COMMANDS_NVME, method);
    memset(&drive, 0, sizeof drive);
    erase->fake.on_nvme = play_nvme;
    erase->disk = fake_disk_scanned(&erase->fake);
    erase->disk->nvme.sanitize_crypto = true;
    erase->disk->nvme.sanitize_block = true;
    erase->disk->nvme.sanitize_overwrite = true;
}

static void test_sanitize_bytes(void **state) {
    (void)state;
    static const struct firmware_bytes cases[] = {
        {"nvme-sanitize-crypto", {"sanitize nsid=0 cdw10=00000004 cdw12=0 timeout=120000"}},
        {"nvme-sanitize-block", {"sanitize nsid=0 cdw10=00000002 cdw12=0 timeout=120000"}},
        {"nvme-sanitize-overwrite", {"sanitize nsid=0 cdw10=00000013 cdw12=0 timeout=120000"}},
        {"nvme-sanitize-crypto-block",
         {"sanitize nsid=0 cdw10=00000004 cdw12=0 timeout=120000",
          "sanitize nsid=0 cdw10=00000002 cdw12=0 timeout=120000"}},
    };
    firmware_check_bytes(prepare, cases, COUNT_OF(cases));
}

/* Done before anybody could look: the log tells, if it did not say the same before. */
static void test_sanitize_at_once(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-block");
    firmware.polls_at_work = 0;
    erase_go(&erase);
    assert_int_equal(firmware_facts(&erase)->binding, BINDING_LOG_NAMES_IT);
    erase_end(&erase, DISPOSITION_ERASED);
    prepare(&erase, "nvme-sanitize-block");
    firmware.polls_at_work = 0;
    firmware.state = FIRMWARE_DONE;
    drive.scdw10 = 2;
    erase_go(&erase);
    assert_int_equal(firmware_facts(&erase)->binding, BINDING_STATUS_AND_MEDIUM);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_success_of_years_ago(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-block");
    firmware.state = FIRMWARE_DONE;
    drive.scdw10 = 2;
    firmware.fault.ignores = true;
    erase_go(&erase);
    assert_true(firmware_facts(&erase)->samples.mismatched > 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_ends(void **state) {
    (void)state;
    static const struct firmware_end cases[] = {
        {"nvme-sanitize-crypto", {.keeps_data = true}, DISPOSITION_FAILED, NULL},
        /* Never sanitized, says its log, and nothing of ours. */
        {"nvme-sanitize-crypto", {.ignores = true}, DISPOSITION_UNKNOWN, NULL},
        {"nvme-sanitize-crypto", {.refuses = true}, DISPOSITION_FAILED, "refused by the drive"},
        {"nvme-sanitize-crypto", {.fails = true}, DISPOSITION_FAILED, NULL},
    };
    firmware_check_ends(prepare, cases, COUNT_OF(cases));
}

static void test_log_names_another_command(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-crypto");
    drive.renames = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

/* Twice the two hours that are taken where the drive says nothing; or what the policy says. */
static void test_stuck(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-crypto");
    firmware.fault.stuck = true;
    const int64_t before = still_clock_ms();
    erase_go(&erase);
    assert_true(still_clock_ms() - before > 2LL * 7200 * 1000 &&
                still_clock_ms() - before < 3LL * 7200 * 1000);
    assert_non_null(strstr(erase.reason.text, "no longer moves"));
    erase_end(&erase, DISPOSITION_UNKNOWN);

    prepare(&erase, "nvme-sanitize-crypto");
    firmware.fault.stuck = true;
    erase.policy.stall_minutes = 3;
    const int64_t again = still_clock_ms();
    erase_go(&erase);
    assert_true(still_clock_ms() - again > 180000 && still_clock_ms() - again < 300000);
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

/* The completion is lost in a controller reset; the drive works on it, and its log says so. */
static void test_lost_command(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-crypto");
    drive.gets_lost = true;
    erase_go(&erase);
    assert_int_equal(firmware_facts(&erase)->binding, BINDING_SEEN_AT_WORK);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.gets_lost = true;
    firmware.fault.ignores = true;
    firmware.state = FIRMWARE_DONE;
    drive.scdw10 = 4;
    fake_disk_erase(&erase.fake); /* as an earlier erase left it */
    erase_go(&erase);
    assert_int_equal(erase.outcome == DISPOSITION_ERASED, false);
    erase_end(&erase, erase.outcome);
}

/* One that fails leaves the drive closed but for another sanitize: that is begun, and compared with
 * what was there before the first. */
static void test_fallback_to_another_sanitize(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, NULL);
    erase.policy.fallback = true;
    firmware.fault.fails = true;
    erase_go(&erase);
    assert_true(erase.run->attempt_count > 3);
    assert_string_equal(erase.run->attempts[0].method->name, "nvme-sanitize-crypto-block");
    assert_string_equal(erase.run->attempts[1].method->name, "nvme-sanitize-block");
    erase_end(&erase, DISPOSITION_ERASED);
}

/* An earlier sanitize still runs: it is waited for, not begun twice. */
static void test_waits_for_an_earlier_one(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-block");
    firmware.state = FIRMWARE_AT_WORK;
    drive.scdw10 = 2;
    firmware.left = 5;
    erase_go(&erase);
    assert_int_equal(firmware.count, 1);
    assert_int_equal(firmware.left, 0);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare(&erase, "nvme-sanitize-block");
    firmware.state = FIRMWARE_AT_WORK;
    firmware.fault.stuck = true;
    erase_go(&erase);
    assert_int_equal(firmware.count, 0);
    assert_non_null(strstr(erase.reason.text, "before this run"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sanitize_bytes),
    cmocka_unit_test(test_sanitize_at_once),
    cmocka_unit_test(test_success_of_years_ago),
    cmocka_unit_test(test_ends),
    cmocka_unit_test(test_log_names_another_command),
    cmocka_unit_test(test_stuck),
    cmocka_unit_test(test_lost_command),
    cmocka_unit_test(test_fallback_to_another_sanitize),
    cmocka_unit_test(test_waits_for_an_earlier_one),
};
TEST_MAIN(tests)
