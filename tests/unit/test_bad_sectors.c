/* Disks that cannot write, or read, some of their sectors or all: what is tried again, how often,
 * and how it ends. */
#include "quietus/json.h"
#include "quietus/stats.h"

#include "../../agent/erase/writer.h"
#include "test.h"
#include "whole_erase.h"

static void test_bad_sectors_fail_the_disk_and_the_rest_is_written(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.bad_write_from = (20 << 20) + 512;
    erase.fake.bad_write_to = (20 << 20) + 512 * 4;
    erase_go(&erase);
    assert_int_equal(fake_disk_residue(&erase.fake), 3);
    json_t *evidence = evidence_list(erase.run->evidence);
    bool found = false;
    size_t i;
    json_t *entry;
    json_array_foreach(evidence, i, entry) {
        const json_t *range = json_array_get(json_object_get(entry, "bad_ranges"), 0);
        if (json_count(range, "lba") == (20 << 11) + 1 && json_count(range, "count") == 3)
            found = true;
    }
    json_decref(evidence);
    assert_true(found);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_disk_that_fails_half_way(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 96);
    erase.fake.bad_write_from = 40 << 20;
    erase.fake.bad_write_to = 96 << 20;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Every failed write can take the kernel seconds: a disk that takes none is not asked sector by
 * sector. */
static void test_disk_that_takes_no_write_is_given_up_soon(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.fake.bad_write_to = 8 << 20;
    erase_go(&erase);
    assert_in_range(erase.fake.requests, 1, 200);
    assert_int_equal(fake_disk_residue(&erase.fake), (8 << 20) / 512);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_large_disk_that_takes_no_write_is_given_up_soon(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 96);
    erase.fake.bad_write_to = 96 << 20;
    erase_go(&erase);
    assert_in_range(erase.fake.failed_writes, WRITER_MOST_FAILED, WRITER_MOST_FAILED + 8);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A number of the last pass's line in the evidence. */
static uint64_t of_pass(const struct erase *erase, const char *member) {
    size_t i;
    json_t *entry;
    json_t *evidence = evidence_list(erase->run->evidence);
    const json_t *pass = NULL;
    json_array_foreach(evidence, i, entry) {
        if (strcmp(json_text(entry, "kind"), "overwrite-pass") == 0)
            pass = entry;
    }
    assert_non_null(pass);
    const uint64_t count = json_count(pass, member);
    json_decref(evidence);
    return count;
}

/* As the header says: alone, with each that it was halved from, and once more. */
static void test_bad_sector_is_tried_so_often(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.fake.bad_write_from = (3 << 20) + 512 * 77;
    erase.fake.bad_write_to = erase.fake.bad_write_from + 512;
    erase_go(&erase);
    assert_int_equal(erase.fake.failed_writes, WRITER_MOST_TRIES);
    assert_int_equal(of_pass(&erase, "bad_lbas"), 1);
    assert_int_equal(fake_disk_residue(&erase.fake), 1);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* One that succeeds at the last try is written, and the evidence has that it failed before. */
static void test_sector_that_recovers(void **state) {
    (void)state;
    struct erase erase;
    for (unsigned failures = 1; failures <= WRITER_MOST_TRIES; failures++) {
        erase_make(&erase, COMMANDS_ATA, 8);
        erase.fake.bad_write_from = (3 << 20) + 512 * 77;
        erase.fake.bad_write_to = erase.fake.bad_write_from + 512;
        erase.fake.bad_write_failures = failures;
        erase_go(&erase);
        assert_int_equal(erase.fake.failed_writes, failures);
        assert_int_equal(of_pass(&erase, "requests_failed"), 1);
        const bool too_often = failures == WRITER_MOST_TRIES;
        assert_int_equal(of_pass(&erase, "bad_lbas"), too_often);
        erase_end(&erase, too_often ? DISPOSITION_FAILED : DISPOSITION_ERASED);
    }
}

/* Every other sector of the disk is bad: narrowing has an end, what it leaves counts as bad, and
 * nothing of it is called erased. */
static void test_narrowing_has_an_end(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 16);
    erase.fake.bad_write_to = 16 << 20;
    erase.fake.bad_write_period = 2;
    erase_go(&erase);
    assert_in_range(erase.fake.failed_writes, 4096, 4 * 4096);
    const uint64_t left = fake_disk_residue(&erase.fake);
    assert_in_range(left, (16 << 20) / 1024, (16 << 20) / 512);
    assert_int_equal(of_pass(&erase, "bad_lbas"), left);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A dead stretch does not cost what lies behind it. */
static void test_what_lies_behind_a_dead_stretch_is_written(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.fake.bad_write_from = 1 << 20;
    erase.fake.bad_write_to = 2 << 20;
    erase_go(&erase);
    assert_int_equal(fake_disk_residue(&erase.fake), (1 << 20) / 512);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_unreadable_samples_fail_the_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.fake.bad_read_from = 10 << 20;
    erase.fake.bad_read_to = 30 << 20;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* One unreadable sector in a full read: the rest of its request is still compared. */
static void test_full_read_narrows_what_is_unreadable(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.policy.verify.kind = VERIFY_FULL;
    erase.fake.bad_read_from = 10 << 20;
    erase.fake.bad_read_to = (10 << 20) + 512;
    erase_go(&erase);
    const struct sample_facts *samples = &erase_attempt(&erase, 0)->facts.samples;
    assert_int_equal(samples->unreadable, 1);
    assert_int_equal(samples->read, (48 << 8) - 1);
    const json_t *bound = json_object_get(erase_attempt(&erase, 0)->verification, "bound");
    assert_string_equal(json_text(bound, "formula"), STATS_FORMULA); /* not every unit was read */
    assert_int_equal(samples->informative, (48 << 8) - 1);
    erase_end(&erase, DISPOSITION_FAILED);
    /* Units of several requests. */
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.policy.verify.kind = VERIFY_FULL;
    erase.fake.bad_read_from = (20 << 19) - (20 << 12);
    erase.fake.bad_read_to = (20 << 19) + (43 << 12);
    erase_go(&erase);
    samples = &erase_attempt(&erase, 0)->facts.samples;
    assert_int_equal(samples->unreadable, 63);
    assert_int_equal(samples->read, (48 << 8) - 63);
    assert_true(samples->complete);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Whether an exception of the attempt, and the judgement, say that not all was tried. */
static void check_given_up(const struct erase *erase) {
    const struct attempt *tried = erase_attempt(erase, 0);
    const struct sample_facts *samples = &tried->facts.samples;
    bool told = false;
    size_t i;
    json_t *exception;
    json_array_foreach(tried->exceptions, i, exception) {
        const char *text = json_string_value(exception);
        told = told || strstr(text, "reading back was given up after") != NULL;
    }
    assert_true(told);
    assert_false(samples->complete);
    assert_in_range(samples->unreadable, 64, 64 + TRANSPORT_DEPTH);
    assert_non_null(strstr(tried->judgement.text, "not all of the rest were tried"));
    assert_string_equal(json_text(json_object_get(tried->verification, "bound"), "formula"),
                        STATS_FORMULA);
}

/* Every failed read may take half a minute. That a disk is not erased is known after the first, so
 * that not all of them are tried: nor of a sample, nor of a full read. */
static void test_unreadable_overwrite_is_given_up_soon(void **state) {
    (void)state;
    static const enum verify_kind levels[] = {VERIFY_SAMPLE, VERIFY_FULL};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        struct erase erase;
        erase_make(&erase, COMMANDS_ATA, 80);
        erase.policy.verify.kind = levels[i];
        erase.fake.bad_read_from = 10 << 20;
        erase.fake.bad_read_to = 30 << 20;
        erase_go(&erase);
        check_given_up(&erase);
        assert_in_range(erase.fake.failed_reads, 64, 2 * (64 + 3 * TRANSPORT_DEPTH));
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

static bool breaks_in_format(struct fake_disk *fake, struct nvme_command *command) {
    if (command->opcode == 0x80)
        fake->bad_read_to = fake->bytes;
    return false;
}

static void test_unreadable_after_a_format_is_given_up_soon(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 80);
    erase_only(&erase, "nvme-format-crypto");
    erase.fake.on_nvme = breaks_in_format;
    erase_go(&erase);
    check_given_up(&erase);
    assert_in_range(erase.fake.failed_reads, 64, 64 + 3 * TRANSPORT_DEPTH);
    erase_end(&erase, DISPOSITION_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_bad_sectors_fail_the_disk_and_the_rest_is_written),
    cmocka_unit_test(test_disk_that_fails_half_way),
    cmocka_unit_test(test_disk_that_takes_no_write_is_given_up_soon),
    cmocka_unit_test(test_large_disk_that_takes_no_write_is_given_up_soon),
    cmocka_unit_test(test_bad_sector_is_tried_so_often),
    cmocka_unit_test(test_sector_that_recovers),
    cmocka_unit_test(test_narrowing_has_an_end),
    cmocka_unit_test(test_what_lies_behind_a_dead_stretch_is_written),
    cmocka_unit_test(test_unreadable_samples_fail_the_disk),
    cmocka_unit_test(test_full_read_narrows_what_is_unreadable),
    cmocka_unit_test(test_unreadable_overwrite_is_given_up_soon),
    cmocka_unit_test(test_unreadable_after_a_format_is_given_up_soon),
};

TEST_MAIN(tests)
