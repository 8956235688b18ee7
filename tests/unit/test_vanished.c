/*
 * Disks that vanish in the middle of an overwrite and come back under another name, or as another
 * disk, or not at all. What they had in their caches is lost.
 */
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/tcg.h"

#include "../../agent/erase/vanished.h"
#include "test.h"
#include "vanishing.h"

#include <errno.h>
#include <limits.h>

/* At every point of the way, and what was in the cache is gone. */
static void test_one_that_comes_back_is_gone_on_with(void **state) {
    (void)state;
    static const struct {
        const char *list;
        unsigned requests;
    } passes[] = {{"zero", CHUNKS}, {"random", CHUNKS}, {"ones,random", 2 * CHUNKS}};
    for (size_t i = 0; i < COUNT_OF(passes); i++) {
        for (unsigned at = 1; at < passes[i].requests; at++) {
            struct erase erase;
            vanishing_make(&erase, at % 2 ? COMMANDS_NVME : COMMANDS_ATA, DISK_MIB, passes[i].list);
            erase.fake.namespaces = at % 2 ? 2 : 1;
            erase.fake.vanishes_after = at;
            erase.fake.returns = 1;
            erase_go(&erase);
            assert_went_on(&erase, 1);
            erase_end(&erase, DISPOSITION_ERASED);
        }
    }
}

static void test_one_that_comes_back_again_and_again(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random,ones");
    erase.fake.vanishes_after = 12;
    erase.fake.returns = 3;
    erase_go(&erase);
    assert_went_on(&erase, 3);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* What was flushed before counts, and no more than that is written again. */
static void test_it_is_gone_on_with_where_it_was_flushed(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    erase.fake.vanishes_after = CHUNKS - 2;
    erase.fake.returns = 1;
    erase_go(&erase);
    json_t *passes = vanishing_passes(&erase);
    const json_t *rest = json_array_get(passes, 1);
    assert_in_range(json_count(rest, "taken_up_at"), 4 << 20, (DISK_MIB - 1) << 20);
    assert_int_equal(json_count(rest, "taken_up_at") + json_count(rest, "bytes_acknowledged"),
                     DISK_MIB << 20);
    json_decref(passes);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Sampled or not, in whichever request. */
static void test_one_that_vanishes_while_it_is_read(void **state) {
    (void)state;
    static const char *const levels[] = {"1%", "full"};
    for (size_t i = 0; i < 10 * COUNT_OF(levels); i++) {
        struct erase erase;
        struct reason reason;
        vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
        assert_int_equal(verify_level_parse(levels[i % 2], &erase.policy.verify, &reason), 0);
        erase.fake.vanishes_after = CHUNKS + 1 + (unsigned)i / 2;
        erase.fake.returns = 1;
        erase_go(&erase);
        assert_true(was_all_read(&erase));
        assert_true(has_exception(&erase, "vanished while it was read back"));
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

/* The read is given up when so much of it has failed, which is said no more once all was read. */
static void test_one_whose_reading_was_given_up(void **state) {
    (void)state;
    enum { MIB = 40, REQUESTS = 2 * MIB }; /* 64 units that fail are too many */
    struct erase erase;
    struct reason reason;
    vanishing_make(&erase, COMMANDS_ATA, MIB, "random");
    assert_int_equal(verify_level_parse("full", &erase.policy.verify, &reason), 0);
    erase.fake.vanishes_after = REQUESTS + 1;
    erase.fake.returns = 1;
    erase_go(&erase);
    assert_true(was_all_read(&erase));
    assert_true(has_exception(&erase, "vanished while it was read back"));
    assert_string_equal(erase.run->attempts[0].reason.text, "");
    erase_end(&erase, DISPOSITION_ERASED);
}

/* In the comparison with what was there before, or in the first read of other places. */
static void test_one_that_vanishes_after_its_own_erase(void **state) {
    (void)state;
    for (unsigned at = 1; at < 2 * CHUNKS; at += CHUNKS / 4) {
        struct erase erase;
        vanishing_make(&erase, COMMANDS_NVME, DISK_MIB, "random");
        erase_only(&erase, "nvme-format-user-data");
        erase.policy.verify = (struct verify_level){.kind = VERIFY_FULL};
        erase.fake.vanishes_after = CHUNKS + at;
        erase.fake.returns = 1;
        erase_go(&erase);
        assert_int_equal(erase.fake.returns, 0);
        assert_true(was_all_read(&erase));
        assert_true(has_exception(&erase, "has to be read anew"));
        assert_false(has_exception(&erase, "every byte"));
        assert_string_equal(erase.run->attempts[0].reason.text, "");
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

/* What was read of another attempt is no doubt about the overwrite that follows it, which is
 * sampled. */
static void test_overwrite_after_one_that_vanished(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_NVME, DISK_MIB, "random");
    erase_only(&erase, "nvme-format-user-data");
    text_copy(erase.policy.methods[erase.policy.method_count++], POLICY_NAME_SIZE, "overwrite");
    erase.policy.fallback = true;
    erase.fake.format_keeps_from = (DISK_MIB - 1) << 20;
    erase.fake.format_keeps_to = DISK_MIB << 20;
    erase.fake.vanishes_after = CHUNKS + 12;
    erase.fake.returns = 1;
    erase_go(&erase);
    assert_int_equal(erase.run->attempt_count, 2);
    assert_true(has_exception(&erase, "has to be read anew"));
    assert_int_equal(erase.run->attempts[0].judged, DISPOSITION_FAILED);
    assert_false(json_flag(erase.run->attempts[1].verification, "every_unit"));
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Level-0 discovery: a locking feature, locked since the power was lost. */
static bool locks_when_it_returns(struct fake_disk *fake, struct nvme_command *command) {
    enum { SECURITY_RECEIVE = 0x82, LOCKING = 0x0002, ENABLED = 0x03, LOCKED = 0x04 };
    uint8_t *data = command->data;
    if (command->opcode != SECURITY_RECEIVE)
        return false;
    memset(data, 0, TCG_DISCOVERY_SIZE);
    put_be32(data, 48 + 16 - 4);
    put_be32(data + 4, 1);
    put_be16(data + 48, LOCKING);
    data[50] = 0x10;
    data[51] = 12;
    data[52] = fake->found_at > 0 ? ENABLED | LOCKED : ENABLED;
    return true;
}

/* What is read then is not what is on the medium. */
static void test_one_that_comes_back_locked(void **state) {
    (void)state;
    for (int vanishes = 0; vanishes < 2; vanishes++) {
        struct erase erase;
        vanishing_make(&erase, COMMANDS_NVME, DISK_MIB, "random");
        erase_only(&erase, "nvme-format-user-data");
        erase.fake.on_nvme = locks_when_it_returns;
        erase.disk = fake_disk_scanned(&erase.fake);
        erase.disk->tcg.known = true;
        erase.fake.vanishes_after = vanishes ? CHUNKS + 12 : 1 << 30;
        erase.fake.returns = 1;
        erase_go(&erase);
        assert_int_equal(erase.fake.returns, !vanishes);
        assert_true(has_exception(&erase, "TCG ranges are locked") == vanishes);
        erase_end(&erase, vanishes ? DISPOSITION_UNKNOWN : DISPOSITION_ERASED);
    }
}

/* What a read has found before is not forgotten, and a cache that is lost is noticed. */
static void test_one_that_vanishes_while_it_is_read_and_has_lied(void **state) {
    (void)state;
    for (int dropped = 0; dropped < 2; dropped++) {
        struct erase erase;
        vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
        erase.fake.flush_lies = !dropped;
        erase.fake.drops_writes = dropped;
        erase.fake.vanishes_after = CHUNKS + 8;
        erase.fake.returns = 1;
        erase_go(&erase);
        assert_true(has_exception(&erase, "vanished while it was read back") == !dropped);
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

static void test_one_that_does_not_come_back_to_be_read(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    erase.fake.vanishes_after = CHUNKS + 4;
    erase_go(&erase);
    assert_true(erase.fake.searches > 10);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Its node is still held, so it cannot be opened anew. */
static void test_one_that_answers_again_where_it_was(void **state) {
    (void)state;
    for (unsigned after = 2; after < 12; after++) {
        struct erase erase;
        vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
        erase.fake.vanishes_after = 12;
        erase.fake.wakes_after = after;
        erase_go(&erase);
        assert_true(was_all_read(&erase));
        assert_true(has_exception(&erase, "came back as /dev/fake0"));
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

/* A flush in the middle of a pass that fails has lost sectors, and those after it know nothing of
 * them. */
static void test_a_flush_that_fails_once(void **state) {
    (void)state;
    for (unsigned at = 1; at <= 2; at++) {
        struct erase erase;
        vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
        erase.fake.flush_fails_at = at;
        erase_go(&erase);
        json_t *passes = vanishing_passes(&erase);
        assert_string_equal(json_text(json_array_get(passes, 0), "flush"), strerror(EIO));
        json_decref(passes);
        assert_non_null(strstr(erase.reason.text, "flushing the disk's cache failed"));
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

static void test_one_that_never_stays_is_given_up(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    erase.fake.vanishes_after = 4;
    erase.fake.returns = 100;
    erase_go(&erase);
    assert_in_range(100 - erase.fake.returns, 8, 16);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_one_that_does_not_come_back_has_failed(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    erase.fake.vanishes_after = 12;
    const int64_t before = fast_clock();
    erase_go(&erase);
    assert_in_range(fast_clock() - before, VANISHED_WAIT_MS, 3 * VANISHED_WAIT_MS);
    assert_in_range(erase.fake.searches, 10, 100);
    assert_non_null(strstr(erase.reason.text, "was not found again within 60 seconds"));
    erase_end(&erase, DISPOSITION_FAILED);
}

/* While two disks say that they are this one, neither is written to. */
static void test_one_that_cannot_be_told_from_another(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    erase.fake.vanishes_after = 12;
    erase.fake.returns = 1;
    erase.fake.twin_elsewhere = UINT_MAX;
    erase_go(&erase);
    assert_in_range(erase.fake.searches, 10, 100);
    assert_int_equal(erase.fake.destructive, 11);
    assert_non_null(strstr(erase.reason.text,
                           "could not be told from another one elsewhere within 60 seconds"));
    erase_end(&erase, DISPOSITION_FAILED);

    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    erase.fake.vanishes_after = 12;
    erase.fake.returns = 1;
    erase.fake.twin_elsewhere = 5;
    erase_go(&erase);
    assert_went_on(&erase, 1);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Another disk in the same bay is not touched. */
static void test_one_that_comes_back_as_another(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    erase.fake.vanishes_after = 12;
    erase.fake.returns = 1;
    erase.fake.becomes_another_after = 11;
    erase_go(&erase);
    assert_int_equal(erase.fake.returns, 1);
    assert_null(memchr(strchr(erase.fake.log, 'a') + 1, 'a', FAKE_LOG / 2));
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_one_that_comes_back_with_other_sectors(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    erase.fake.vanishes_after = 12;
    erase.fake.returns = 1;
    erase.fake.returns_divided = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* By its identity it is the disk, but a namespace of another number may hold something else. */
static void test_one_whose_namespace_has_another_number(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_NVME, DISK_MIB, "random");
    erase.fake.vanishes_after = 12;
    erase.fake.returns = 100;
    erase.fake.returns_renumbered = true;
    erase_go(&erase);
    assert_in_range(erase.fake.searches, 10, 100);
    assert_null(memchr(strchr(erase.fake.log, 'a') + 1, 'a', FAKE_LOG / 2));
    assert_int_equal(erase.fake.destructive, 11);
    assert_non_null(strstr(erase.reason.text, "was not found again within 60 seconds"));
    erase_end(&erase, DISPOSITION_FAILED);
}

/* What the flush of its first part has promised is not there: it is read, not believed. */
static void test_one_whose_flushes_lie(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    erase.fake.flush_lies = true;
    erase.fake.vanishes_after = CHUNKS - 2;
    erase.fake.returns = 1;
    erase_go(&erase);
    assert_true(erase.run->attempts[0].facts.ended_in_success);
    assert_true(fake_disk_residue(&erase.fake) > 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Nobody waits for a disk that answers, whatever becomes of its writes or reads. */
static void test_one_that_is_only_bad_is_not_looked_for(void **state) {
    (void)state;
    for (int reads = 0; reads < 2; reads++) {
        struct erase erase;
        vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
        erase.fake.vanishes_after = 1 << 30;
        *(reads ? &erase.fake.bad_read_to : &erase.fake.bad_write_to) = 5 << 20;
        erase_go(&erase);
        assert_int_equal(erase.fake.searches, 0);
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

static struct erase *watched;

/* The watcher gives the run up while the disk is waited for. */
static void wait_and_give_up(int64_t milliseconds) {
    fast_wait(milliseconds);
    atomic_store(&watched->run->progress.given_up, true);
}

static void test_one_that_was_given_up_is_not_waited_for(void **state) {
    (void)state;
    static const struct clock_source giving_up = {fast_clock, wait_and_give_up};
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "random");
    clock_use(&giving_up);
    watched = &erase;
    erase.fake.vanishes_after = 12;
    erase_go(&erase);
    assert_in_range(erase.fake.searches, 1, 2);
    assert_non_null(strstr(erase.reason.text, "the run was stopped before it came back"));
    erase_end(&erase, DISPOSITION_FAILED);
}

/* The run is stopped as soon as the clock is read after a write. */
static int64_t clock_that_stops(void) {
    if (watched->fake.destructive > 0)
        atomic_store(&watched->run->progress.given_up, true);
    return fast_clock();
}

static void test_one_that_was_stopped_says_so(void **state) {
    (void)state;
    static const struct clock_source stopping = {clock_that_stops, fast_wait};
    struct erase erase;
    watched = &erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    clock_use(&stopping);
    erase_go(&erase);
    assert_in_range(erase.fake.destructive, 1, CHUNKS - 1);
    assert_non_null(strstr(erase.reason.text, "pass 1: stopped; "));
    erase_end(&erase, DISPOSITION_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_that_comes_back_is_gone_on_with),
    cmocka_unit_test(test_one_that_comes_back_again_and_again),
    cmocka_unit_test(test_it_is_gone_on_with_where_it_was_flushed),
    cmocka_unit_test(test_one_that_vanishes_while_it_is_read),
    cmocka_unit_test(test_one_whose_reading_was_given_up),
    cmocka_unit_test(test_one_that_vanishes_after_its_own_erase),
    cmocka_unit_test(test_overwrite_after_one_that_vanished),
    cmocka_unit_test(test_one_that_comes_back_locked),
    cmocka_unit_test(test_one_that_vanishes_while_it_is_read_and_has_lied),
    cmocka_unit_test(test_one_that_does_not_come_back_to_be_read),
    cmocka_unit_test(test_one_that_answers_again_where_it_was),
    cmocka_unit_test(test_a_flush_that_fails_once),
    cmocka_unit_test(test_one_that_never_stays_is_given_up),
    cmocka_unit_test(test_one_that_does_not_come_back_has_failed),
    cmocka_unit_test(test_one_that_cannot_be_told_from_another),
    cmocka_unit_test(test_one_that_comes_back_as_another),
    cmocka_unit_test(test_one_that_comes_back_with_other_sectors),
    cmocka_unit_test(test_one_whose_namespace_has_another_number),
    cmocka_unit_test(test_one_whose_flushes_lie),
    cmocka_unit_test(test_one_that_is_only_bad_is_not_looked_for),
    cmocka_unit_test(test_one_that_was_given_up_is_not_waited_for),
    cmocka_unit_test(test_one_that_was_stopped_says_so),
};

TEST_MAIN(tests)
