/*
 * Overwrites that seem to go well and may not have: writes that failed and were done again, a disk
 * whose addresses are cut off, one that crawls, one that is given up.
 */
#include "quietus/certificate.h"
#include "quietus/clock.h"
#include "quietus/json.h"

#include "../../agent/erase/writer.h"
#include "test.h"
#include "whole_erase.h"

enum { MIB = 1 << 20, SAMPLED_MIB = 96 }; /* of less than that every byte is read anyway */

static const struct attempt *last_attempt(const struct erase *erase) {
    assert_true(erase->run->attempt_count > 0);
    return &erase->run->attempts[erase->run->attempt_count - 1];
}

static bool has_exception(const struct erase *erase, const char *words) {
    size_t i;
    json_t *text;
    json_array_foreach(last_attempt(erase)->exceptions, i, text) {
        if (strstr(json_string_value(text), words))
            return true;
    }
    return false;
}

/* The first entry of the kind in the evidence; the caller lets go of it. */
static json_t *evidence_of(const struct erase *erase, const char *kind) {
    size_t i;
    json_t *entry;
    json_t *found = NULL;
    json_t *list = evidence_list(erase->run->evidence);
    json_array_foreach(list, i, entry) {
        if (!found && strcmp(json_text(entry, "kind"), kind) == 0)
            found = json_incref(entry);
    }
    json_decref(list);
    return found;
}

/* A power loss too short for anything but one write to fail: it succeeds when it is done again, and
 * one sector that had been acknowledged holds again what it held. Samples would hardly find it. */
static void lose_a_sector(struct erase *erase) {
    erase_make(erase, COMMANDS_ATA, SAMPLED_MIB);
    erase->fake.bad_write_from = 30 * MIB;
    erase->fake.bad_write_to = 30 * MIB + 512;
    erase->fake.bad_write_failures = 1;
    erase->fake.failure_loses_from = 7 * MIB + 512;
    erase->fake.failure_loses_to = 7 * MIB + 1024;
    erase_go(erase);
}

static void test_what_a_failed_write_cost_is_found(void **state) {
    (void)state;
    struct erase erase;
    lose_a_sector(&erase);
    assert_int_equal(fake_disk_residue(&erase.fake), 1);
    assert_true(json_flag(last_attempt(&erase)->verification, "every_unit"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_writes_that_were_done_again_are_an_exception(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, SAMPLED_MIB);
    erase.fake.bad_write_from = 30 * MIB;
    erase.fake.bad_write_to = 30 * MIB + 512;
    erase.fake.bad_write_failures = 1;
    erase_go(&erase);
    assert_true(json_flag(last_attempt(&erase)->verification, "every_unit"));
    assert_true(has_exception(&erase, "pass 1: 1 writes failed"));
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Zeroes look alike wherever they were written. */
static void test_addresses_that_are_cut_off_show_under_zeroes(void **state) {
    (void)state;
    static const char *const passes[] = {"zero", "ones", "random,zero", "random,0x5a"};
    for (size_t i = 0; i < COUNT_OF(passes); i++) {
        for (uint64_t wraps_at = 2 * MIB; wraps_at <= 8 * MIB; wraps_at *= 2) {
            struct erase erase;
            erase_make(&erase, COMMANDS_ATA, 12);
            erase_passes(&erase, passes[i]);
            erase.fake.wraps_at = wraps_at;
            erase_go(&erase);
            assert_non_null(strstr(erase.reason.text, "does not keep its addresses apart"));
            /* What can be reached is overwritten all the same. */
            assert_int_equal(fake_disk_residue(&erase.fake), (12 * MIB - wraps_at) / 512);
            erase_end(&erase, DISPOSITION_FAILED);
        }
    }
}

static void test_addresses_of_good_disks_are_tried_and_told_of(void **state) {
    (void)state;
    for (unsigned namespaces = 1; namespaces <= 3; namespaces += 2) {
        struct erase erase;
        erase_make(&erase, COMMANDS_NVME, 12);
        erase.fake.namespaces = namespaces;
        erase_only(&erase, "overwrite");
        erase_passes(&erase, "zero");
        erase_go(&erase);
        json_t *probe = evidence_of(&erase, "address-probe");
        assert_non_null(probe);
        /* The first LBA, and those at 1, 2 and, of the whole disk, 4 and 8 MiB. */
        assert_int_equal(json_count(probe, "places"), namespaces == 1 ? 5 : 3 * 3);
        assert_int_equal(json_count(probe, "untried"), 0);
        assert_int_equal(json_count(probe, "wrong"), 0);
        json_decref(probe);
        assert_false(has_exception(&erase, "apart"));
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

static void test_a_random_pass_needs_no_trial_of_addresses(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 12);
    erase_passes(&erase, "zero,random");
    erase_go(&erase);
    assert_null(evidence_of(&erase, "address-probe"));
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_addresses_that_cannot_be_tried_are_an_exception(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 12);
    erase_passes(&erase, "zero");
    erase.fake.bad_write_from = 8 * MIB;
    erase.fake.bad_write_to = 8 * MIB + 512;
    erase.fake.bad_write_failures = 1;
    erase_go(&erase);
    assert_true(has_exception(&erase, "could not be tried at 1 of 5 places"));
    erase_end(&erase, DISPOSITION_ERASED);
}

/* It answers each time, and would take half a year for a disk of usual size. */
static void test_disk_that_crawls_is_given_up(void **state) {
    (void)state;
    static const unsigned stall_minutes[] = {0, 1, 45};
    static const unsigned given_up_after[] = {PROGRESS_CRAWL_MINUTES, PROGRESS_CRAWL_LEAST, 45};
    for (size_t i = 0; i < COUNT_OF(stall_minutes); i++) {
        struct erase erase;
        still_clock();
        erase_make(&erase, COMMANDS_ATA, 48);
        erase.policy.stall_minutes = stall_minutes[i];
        erase.fake.request_takes_ms = 60000;
        erase_go(&erase);
        assert_non_null(strstr(erase.reason.text, "takes less than 200 kB/s"));
        /* And those that were under way. */
        assert_in_range(erase.fake.requests, given_up_after[i], given_up_after[i] + 10);
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

/* One that was fast enough so far is looked at again, and what it did before does not make up for
 * it. */
static void test_disk_that_begins_to_crawl_is_given_up(void **state) {
    (void)state;
    enum { FAST = 240 };
    struct erase erase;
    still_clock();
    erase_make(&erase, COMMANDS_ATA, 136);
    erase.policy.stall_minutes = 10;
    erase.fake.slow_after = FAST;
    erase.fake.request_takes_ms = 60000;
    erase_go(&erase);
    assert_in_range(erase.fake.requests, FAST + 11, FAST + 30);
    erase_end(&erase, DISPOSITION_FAILED);
}

static struct erase *watched;
static unsigned given_up_at;    /* how much had been written then */
static unsigned given_up_after; /* waits */

/* The watcher gives the run up after so many of its requests. */
static void wait_and_give_up(int64_t milliseconds) {
    (void)milliseconds;
    if (given_up_after > 0 && --given_up_after == 0) {
        given_up_at = watched->fake.destructive;
        atomic_store(&watched->run->progress.given_up, true);
    }
}

static int64_t clock_of_the_watched(void) {
    return 1000;
}

static void give_up_after(struct erase *erase, unsigned waits) {
    static const struct clock_source source = {clock_of_the_watched, wait_and_give_up};
    clock_use(&source);
    watched = erase;
    given_up_after = waits;
    erase->fake.request_takes_ms = 1;
    erase_go(erase);
    assert_int_equal(given_up_after, 0);
}

static void test_no_sector_is_tried_once_given_up(void **state) {
    (void)state;
    enum { CHUNKS = 16, TRIES = 4 };
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.fake.bad_write_from = 3 * MIB;
    erase.fake.bad_write_to = 3 * MIB + 512;
    give_up_after(&erase, CHUNKS + TRIES);
    assert_int_equal(given_up_at, CHUNKS + TRIES);
    assert_int_equal(erase.fake.destructive, given_up_at);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_no_address_is_tried_once_given_up(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 12);
    erase_passes(&erase, "zero");
    give_up_after(&erase, 2);
    assert_int_equal(given_up_at, 2);
    assert_int_equal(erase.fake.destructive, given_up_at);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_no_marker_is_written_once_given_up(void **state) {
    (void)state;
    enum { READS = 16, MARKERS = 100 };
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 8);
    fake_disk_erase(&erase.fake);
    give_up_after(&erase, READS + 2 * MARKERS); /* each is read back */
    assert_int_equal(given_up_at, MARKERS);
    assert_int_equal(erase.fake.destructive, given_up_at); /* and nothing is formatted */
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A drive that takes some markers and then no more, each after half a minute. */
static void test_markers_that_fail_have_an_end(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 8);
    fake_disk_erase(&erase.fake);
    erase.fake.bad_write_from = 1 * MIB;
    erase.fake.bad_write_to = 8 * MIB;
    erase_only(&erase, "nvme-format-user-data");
    erase_go(&erase);
    assert_int_equal(erase.fake.failed_writes, 512);
    erase_end(&erase, DISPOSITION_UNKNOWN); /* most of it could not be marked */
}

/* A run that was ended from outside has no end of its own: what it wrote, by which key and how far,
 * is on its certificate all the same. */
static void test_certificate_of_a_run_that_was_given_up(void **state) {
    (void)state;
    struct erase erase;
    struct session session;
    struct document document;
    const struct server server = {.serial = "S"};
    erase_make(&erase, COMMANDS_ATA, 12);
    erase.fake.silent_after = 20;
    erase_go(&erase);
    disk_run_give_up(erase.run, 0);
    session_start(&session, NULL);
    certificate_of_run(&session, &server, erase.run, &document);
    json_t *begun = evidence_of(&erase, "overwrite-begun");
    assert_non_null(begun);
    assert_string_equal(json_text(begun, "pattern"), "random");
    assert_int_equal(strlen(json_text(begun, "key")), 2 * PATTERN_KEY_SIZE);
    json_decref(begun);
    document_free(&document);
    session_end(&session);
    erase.run->given_up = false; /* no thread is at work on it */
    disk_run_free(erase.run);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_a_failed_write_cost_is_found),
    cmocka_unit_test(test_writes_that_were_done_again_are_an_exception),
    cmocka_unit_test(test_addresses_that_are_cut_off_show_under_zeroes),
    cmocka_unit_test(test_addresses_of_good_disks_are_tried_and_told_of),
    cmocka_unit_test(test_a_random_pass_needs_no_trial_of_addresses),
    cmocka_unit_test(test_addresses_that_cannot_be_tried_are_an_exception),
    cmocka_unit_test(test_disk_that_crawls_is_given_up),
    cmocka_unit_test(test_disk_that_begins_to_crawl_is_given_up),
    cmocka_unit_test(test_no_sector_is_tried_once_given_up),
    cmocka_unit_test(test_no_address_is_tried_once_given_up),
    cmocka_unit_test(test_no_marker_is_written_once_given_up),
    cmocka_unit_test(test_markers_that_fail_have_an_end),
    cmocka_unit_test(test_certificate_of_a_run_that_was_given_up),
};
TEST_MAIN(tests)
