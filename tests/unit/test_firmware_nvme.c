/*
 * Firmware erase by NVMe, command by command: the exact bytes, their order, and what ties an
 * operation's end to its command. The drives here play one part each; whole drives are in
 * tests/sim.
 */
#include "test.h"
#include "whole_erase.h"

enum { SENT = 256 };

/* What the drive of a test does, and what it was sent. */
static struct {
    char sent[SENT][80]; /* destructive commands, as text */
    unsigned count;
    unsigned polls_at_work; /* answers "in progress" that follow a command */
    unsigned left;
    uint16_t state; /* SSTAT */
    uint32_t scdw10;
    bool keeps_data;
    bool ignores;   /* good status, and nothing happens */
    bool fails;     /* SSTAT 3 at the end */
    bool refuses;   /* invalid field */
    bool stuck;     /* in progress for ever */
    bool renames;   /* the log names another command */
    bool gets_lost; /* the command is done, but its completion never comes */
} drive;

static void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    assert_true(drive.count < SENT);
    (void)vsnprintf(drive.sent[drive.count++], sizeof *drive.sent, format, arguments);
    va_end(arguments);
}

static void begin(struct fake_disk *fake, uint32_t dword10) {
    if (drive.ignores)
        return;
    drive.scdw10 = drive.renames ? dword10 ^ 8 : dword10;
    drive.left = drive.polls_at_work;
    drive.state = 2;
    if (!drive.keeps_data && !drive.fails)
        fake_disk_erase(fake);
}

static void fill_log(uint8_t *out) {
    if (drive.state == 2 && !drive.stuck) {
        if (drive.left == 0)
            drive.state = drive.fails ? 3 : 1;
        else
            drive.left--;
    }
    const uint16_t progress = drive.state != 2 ? 0xffff : drive.stuck ? 655 : 1000;
    out[0] = (uint8_t)progress;
    out[1] = (uint8_t)(progress >> 8);
    out[2] = (uint8_t)drive.state;
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
    say("sanitize nsid=%x cdw10=%08x cdw12=%x timeout=%u", command->nsid, command->cdw10,
        command->cdw12, command->timeout_ms);
    if (drive.refuses)
        command->status = 0x4002;
    else
        begin(fake, command->cdw10);
    if (drive.gets_lost)
        command->status = 0x0371; /* the kernel's: aborted by the host */
    return true;
}

static const struct erase_facts *facts(const struct erase *erase) {
    assert_true(erase->run->attempt_count > 0);
    return &erase->run->attempts[erase->run->attempt_count - 1].facts;
}

static void prepare(struct erase *erase, const char *method) {
    erase_make(erase, COMMANDS_NVME, 4);
    still_clock();
    memset(&drive, 0, sizeof drive);
    erase->policy.fallback = false;
    erase->fake.on_nvme = play_nvme;
    erase->disk = fake_disk_scanned(&erase->fake);
    erase->disk->nvme.sanitize_crypto = true;
    erase->disk->nvme.sanitize_block = true;
    erase->disk->nvme.sanitize_overwrite = true;
    drive.polls_at_work = 3;
    if (method)
        erase_only(erase, method);
}

static void test_sanitize_bytes(void **state) {
    (void)state;
    static const struct {
        const char *method;
        const char *sent[2];
    } cases[] = {
        {"nvme-sanitize-crypto", {"sanitize nsid=0 cdw10=00000004 cdw12=0 timeout=120000"}},
        {"nvme-sanitize-block", {"sanitize nsid=0 cdw10=00000002 cdw12=0 timeout=120000"}},
        {"nvme-sanitize-overwrite", {"sanitize nsid=0 cdw10=00000013 cdw12=0 timeout=120000"}},
        {"nvme-sanitize-crypto-block",
         {"sanitize nsid=0 cdw10=00000004 cdw12=0 timeout=120000",
          "sanitize nsid=0 cdw10=00000002 cdw12=0 timeout=120000"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct erase erase;
        prepare(&erase, cases[i].method);
        erase_go(&erase);
        assert_int_equal(drive.count, cases[i].sent[1] ? 2 : 1);
        for (unsigned k = 0; k < drive.count; k++)
            assert_string_equal(drive.sent[k], cases[i].sent[k]);
        assert_int_equal(facts(&erase)->binding, BINDING_SEEN_AT_WORK);
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

/* Done before anybody could look: the log tells, if it did not say the same before. */
static void test_sanitize_at_once(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-block");
    drive.polls_at_work = 0;
    erase_go(&erase);
    assert_int_equal(facts(&erase)->binding, BINDING_LOG_NAMES_IT);
    erase_end(&erase, DISPOSITION_ERASED);
    prepare(&erase, "nvme-sanitize-block");
    drive.polls_at_work = 0;
    drive.state = 1;
    drive.scdw10 = 2;
    erase_go(&erase);
    assert_int_equal(facts(&erase)->binding, BINDING_STATUS_AND_MEDIUM);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_success_of_years_ago(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-block");
    drive.state = 1;
    drive.scdw10 = 2;
    drive.ignores = true;
    erase_go(&erase);
    assert_true(facts(&erase)->samples.mismatched > 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_lies(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-crypto");
    drive.keeps_data = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.ignores = true; /* never sanitized, says its log, and nothing of ours */
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_UNKNOWN);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.renames = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

static void test_refused_failed_stuck(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "nvme-sanitize-crypto");
    drive.refuses = true;
    erase_go(&erase);
    assert_non_null(strstr(erase.reason.text, "refused by the drive"));
    erase_end(&erase, DISPOSITION_FAILED);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.fails = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.stuck = true;
    const int64_t before = still_clock_ms();
    erase_go(&erase);
    assert_true(still_clock_ms() - before > 2LL * 7200 * 1000 &&
                still_clock_ms() - before < 3LL * 7200 * 1000);
    assert_non_null(strstr(erase.reason.text, "no longer moves"));
    erase_end(&erase, DISPOSITION_UNKNOWN);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.stuck = true;
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
    assert_int_equal(facts(&erase)->binding, BINDING_SEEN_AT_WORK);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare(&erase, "nvme-sanitize-crypto");
    drive.gets_lost = true;
    drive.ignores = true;
    drive.state = 1;
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
    drive.fails = true;
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
    drive.state = 2;
    drive.scdw10 = 2;
    drive.left = 5;
    erase_go(&erase);
    assert_int_equal(drive.count, 1);
    assert_int_equal(drive.left, 0);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare(&erase, "nvme-sanitize-block");
    drive.state = 2;
    drive.stuck = true;
    erase_go(&erase);
    assert_int_equal(drive.count, 0);
    assert_non_null(strstr(erase.reason.text, "before this run"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sanitize_bytes),
    cmocka_unit_test(test_sanitize_at_once),
    cmocka_unit_test(test_success_of_years_ago),
    cmocka_unit_test(test_lies),
    cmocka_unit_test(test_refused_failed_stuck),
    cmocka_unit_test(test_lost_command),
    cmocka_unit_test(test_fallback_to_another_sanitize),
    cmocka_unit_test(test_waits_for_an_earlier_one),
};
TEST_MAIN(tests)
