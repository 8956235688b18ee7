/*
 * Whole erases of disks in memory that behave, misbehave and lie: what each may end in. The disks'
 * media are looked at afterwards: no certificate may say more than they do.
 */
#include "quietus/json.h"

#include "test.h"
#include "whole_erase.h"

#include <pthread.h>

static void test_overwrite_of_a_good_disk(void **state) {
    (void)state;
    static const char *const passes[] = {"random", "zero",        "ones",
                                         "0x5a",   "random,zero", "zero,ones,random"};
    for (size_t i = 0; i < COUNT_OF(passes); i++) {
        struct erase erase;
        erase_make(&erase, COMMANDS_ATA, 48);
        erase_passes(&erase, passes[i]);
        erase_go(&erase);
        assert_string_equal(erase_attempt(&erase, 0)->method->name, "overwrite");
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

static void test_overwrite_with_every_level_of_verification(void **state) {
    (void)state;
    static const char *const levels[] = {"sample", "full", "3%", "100%"};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        struct erase erase;
        struct reason reason;
        erase_make(&erase, COMMANDS_ATA, 80);
        assert_int_equal(verify_level_parse(levels[i], &erase.policy.verify, &reason), 0);
        erase_go(&erase);
        const json_t *shown = erase_attempt(&erase, 0)->verification;
        assert_true(json_flag(shown, "every_unit") == (i % 2 == 1));
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

/* Sizes that are no multiple of anything that the code works in. */
static void test_overwrite_of_odd_sizes(void **state) {
    (void)state;
    static const uint64_t sectors[] = {1, 7, 8, 9, 2047, 4097, 6145, 98303};
    for (size_t i = 0; i < COUNT_OF(sectors); i++) {
        struct erase erase;
        erase_make(&erase, COMMANDS_ATA, 48);
        erase.fake.bytes = sectors[i] * 512;
        erase_go(&erase);
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

static void test_first_and_last_mebibyte_end_blank(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase_go(&erase);
    assert_true(bytes_all(erase.fake.medium, 1 << 20, 0));
    assert_true(bytes_all(erase.fake.medium + (7 << 20), 1 << 20, 0));
    assert_false(bytes_all(erase.fake.medium + (1 << 20), 512, 0));
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_disk_that_drops_writes_has_failed(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.drops_writes = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A capacity that is not there, or a bridge that cuts addresses: the pattern is bound to its LBA.
 */
static void test_disk_that_wraps_addresses_has_failed(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.wraps_at = 16 << 20;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_disk_that_falls_silent_is_unknown(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.silent_after = 40;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

static void test_disk_that_falls_silent_when_read_back_is_unknown(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.silent_after = 150;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

static void test_flush_that_fails_fails_the_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.fake.flush_fails = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_another_disk_in_its_place(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.becomes_another_after = 50; /* in the middle of the pass */
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Between two passes the identity is read again, and nothing is written to the other disk. */
static void test_another_disk_before_the_second_pass(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase_passes(&erase, "zero,random");
    still_clock();
    erase.fake.becomes_another_after = 16; /* the first pass has 16 requests */
    erase_go(&erase);
    assert_int_equal(erase.fake.destructive, 16);
    assert_non_null(strstr(erase.reason.text, "pass 2 could not be begun: it is another disk"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_busy_disk_is_not_touched(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.fake.busy = true;
    erase_go(&erase);
    assert_int_equal(erase.fake.destructive, 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A disk that takes no commands, as a virtual machine has it. */
static void test_overwrite_without_commands(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NONE, 16);
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void *plan_again_and_again(void *argument) {
    enum { TIMES = 20000 };
    struct disk_run *run = argument;
    for (unsigned i = 0; i < TIMES; i++) {
        run->now.areas[0].read_only = i % 2 == 0; /* so that there are two plans */
        disk_run_plan(run);
    }
    atomic_store(&run->ended_flag, true);
    return NULL;
}

/* What a certificate tells of a run that was given up is one plan or the other, whatever its thread
 * does meanwhile. */
static void test_plan_of_a_run_that_was_given_up(void **state) {
    (void)state;
    struct erase erase;
    pthread_t thread;
    json_t *plans[2];
    erase_make(&erase, COMMANDS_ATA, 48);
    erase_go(&erase);
    struct disk_run *run = erase.run;
    for (unsigned i = 0; i < COUNT_OF(plans); i++) {
        run->now.areas[0].read_only = i == 1;
        disk_run_plan(run);
        plans[i] = disk_run_plan_json(run);
    }
    assert_false(json_equal(plans[0], plans[1]));
    assert_int_equal(pthread_create(&thread, NULL, plan_again_and_again, run), 0);
    while (!atomic_load(&run->ended_flag)) {
        json_t *plan = disk_run_plan_json(run);
        assert_true(json_equal(plan, plans[0]) || json_equal(plan, plans[1]));
        json_decref(plan);
    }
    (void)pthread_join(thread, NULL);
    json_decref(plans[0]);
    json_decref(plans[1]);
    run->now.areas[0].read_only = false;
    erase_end(&erase, DISPOSITION_ERASED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_plan_of_a_run_that_was_given_up),
    cmocka_unit_test(test_overwrite_of_a_good_disk),
    cmocka_unit_test(test_overwrite_with_every_level_of_verification),
    cmocka_unit_test(test_overwrite_of_odd_sizes),
    cmocka_unit_test(test_first_and_last_mebibyte_end_blank),
    cmocka_unit_test(test_disk_that_drops_writes_has_failed),
    cmocka_unit_test(test_disk_that_wraps_addresses_has_failed),
    cmocka_unit_test(test_disk_that_falls_silent_is_unknown),
    cmocka_unit_test(test_disk_that_falls_silent_when_read_back_is_unknown),
    cmocka_unit_test(test_flush_that_fails_fails_the_disk),
    cmocka_unit_test(test_another_disk_in_its_place),
    cmocka_unit_test(test_another_disk_before_the_second_pass),
    cmocka_unit_test(test_busy_disk_is_not_touched),
    cmocka_unit_test(test_overwrite_without_commands),
};

TEST_MAIN(tests)
