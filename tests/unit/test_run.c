/*
 * Whole erases of disks in memory that behave, misbehave and lie: what each may end in. The disks'
 * media are looked at afterwards: no certificate may say more than they do.
 */
#include "quietus/certificate.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/stats.h"

#include "../../agent/authorize/internal.h"
#include "../../agent/erase/writer.h"
#include "test.h"
#include "whole_erase.h"

#include <errno.h>
#include <pthread.h>

static const struct attempt *attempt(const struct erase *erase, unsigned i) {
    assert_true(i < erase->run->attempt_count);
    return &erase->run->attempts[i];
}

static void set_passes(struct erase *erase, const char *passes) {
    struct reason reason;
    assert_int_equal(passes_parse(passes, &erase->policy.passes, &reason), 0);
}

static void test_overwrite_of_a_good_disk(void **state) {
    (void)state;
    static const char *const passes[] = {"random", "zero",        "ones",
                                         "0x5a",   "random,zero", "zero,ones,random"};
    for (size_t i = 0; i < COUNT_OF(passes); i++) {
        struct erase erase;
        erase_make(&erase, COMMANDS_ATA, 48);
        set_passes(&erase, passes[i]);
        erase_go(&erase);
        assert_string_equal(attempt(&erase, 0)->method->name, "overwrite");
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
        const json_t *shown = attempt(&erase, 0)->verification;
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

/* One unreadable sector in a full read: the rest of its chunk is still compared. */
static void test_full_read_narrows_what_is_unreadable(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.policy.verify.kind = VERIFY_FULL;
    erase.fake.bad_read_from = 10 << 20;
    erase.fake.bad_read_to = (10 << 20) + 512;
    erase_go(&erase);
    const struct sample_facts *samples = &attempt(&erase, 0)->facts.samples;
    assert_int_equal(samples->unreadable, 1);
    assert_int_equal(samples->read, (48 << 8) - 1);
    const json_t *bound = json_object_get(attempt(&erase, 0)->verification, "bound");
    assert_string_equal(json_text(bound, "formula"), STATS_FORMULA); /* not every unit was read */
    assert_int_equal(samples->informative, (48 << 8) - 1);
    erase_end(&erase, DISPOSITION_FAILED);
    /* Units of several chunks. */
    erase_make(&erase, COMMANDS_ATA, 48);
    erase.policy.verify.kind = VERIFY_FULL;
    erase.fake.bad_read_from = (20 << 19) - (20 << 12);
    erase.fake.bad_read_to = (20 << 19) + (43 << 12);
    erase_go(&erase);
    samples = &attempt(&erase, 0)->facts.samples;
    assert_int_equal(samples->unreadable, 63);
    assert_int_equal(samples->read, (48 << 8) - 63);
    assert_true(samples->complete);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Whether an exception of the attempt, and the judgement, say that not all was tried. */
static void check_given_up(const struct erase *erase) {
    const struct attempt *tried = attempt(erase, 0);
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
 * that not all of them are tried: nor of a sample, nor of the chunks of a full read. */
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
        assert_in_range(erase.fake.failed_reads, 64, 2 * (64 + TRANSPORT_DEPTH));
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
    assert_in_range(erase.fake.failed_reads, 64, 64 + TRANSPORT_DEPTH);
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
    set_passes(&erase, "zero,random");
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

static void test_format_of_a_good_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 128);
    erase_go(&erase);
    assert_string_equal(attempt(&erase, 0)->method->name, "nvme-format-crypto");
    assert_int_equal(attempt(&erase, 0)->facts.samples.informative, 13811);
    const json_t *bound = json_object_get(attempt(&erase, 0)->verification, "bound");
    assert_int_equal(json_count(bound, "s"), 2);
    assert_int_equal(json_count(bound, "l"), 3);
    const double residue = json_number_value(json_object_get(bound, "residue"));
    assert_true(residue > 0.00099 && residue <= 0.001);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* The content is unspecified afterwards: random is as good as zero. */
static void test_format_that_leaves_random_bytes(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 64);
    erase.fake.format_leaves_random = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_format_of_several_namespaces(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 60);
    erase.fake.namespaces = 3;
    erase_go(&erase);
    assert_non_null(strstr(erase.fake.log, "F"));
    erase_end(&erase, DISPOSITION_ERASED);
}

/* It may be closed by a sanitize that failed: that it cannot be read is found out soon. */
static void test_format_of_a_disk_that_cannot_be_read(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase.policy.fallback = false;
    erase.fake.bad_read_to = 48 << 20;
    erase_go(&erase);
    assert_in_range(erase.fake.requests, 512 + 64, 512 + 64 + 2 * TRANSPORT_DEPTH);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A disk that some other tool had erased before: markers make it tell. */
static void test_format_of_a_blank_disk_uses_markers(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    memset(erase.fake.medium, 0, erase.fake.bytes);
    erase_go(&erase);
    const json_t *verification = attempt(&erase, 0)->verification;
    assert_true(json_count(verification, "markers") >= 9206);
    assert_int_equal(json_count(verification, "blind_range_count"), 0);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_format_that_does_nothing_to_a_blank_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase_only(&erase, "nvme-format-user-data");
    memset(erase.fake.medium, 0, erase.fake.bytes);
    erase.fake.format_keeps_data = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_format_that_does_nothing(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 64);
    erase_only(&erase, "nvme-format-crypto");
    erase.fake.format_keeps_data = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_format_of_one_namespace_in_two(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 64);
    erase_only(&erase, "nvme-format-user-data");
    erase.fake.namespaces = 2;
    erase.fake.format_skips_second = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Contiguous residue two strata long is certain to be hit: 80 MiB in 18,417 strata of one or two.
 */
static void test_format_that_leaves_two_strata(void **state) {
    (void)state;
    for (uint64_t at = 1 << 20; at < 78 << 20; at += 9 << 20) {
        struct erase erase;
        erase_make(&erase, COMMANDS_NVME, 80);
        erase_only(&erase, "nvme-format-user-data");
        erase.fake.format_keeps_from = at;
        erase.fake.format_keeps_to = at + (uint64_t)4 * 4096;
        erase_go(&erase);
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

/* A drive that erases just what it was asked for before: the fresh positions tell. */
static void test_format_that_erases_what_was_looked_at(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 128);
    erase_only(&erase, "nvme-format-user-data");
    erase.fake.format_erases_what_was_read = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A failure is followed by the next method, and the certificate says so. */
static void test_fallback_is_never_silent(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase.fake.format_keeps_data = true;
    erase_go(&erase);
    assert_int_equal(erase.run->attempt_count, 3);
    assert_string_equal(attempt(&erase, 2)->method->name, "overwrite");
    struct session session;
    struct document document;
    const struct server server = {.serial = "S"};
    session_start(&session, NULL);
    certificate_of_run(&session, &server, erase.run, &document);
    struct envelope envelope;
    assert_int_equal(envelope_parse(document.text, strlen(document.text), &envelope, &erase.reason),
                     0);
    assert_non_null(strstr(envelope.payload, "weaker fallback: nvme-format-crypto"));
    assert_non_null(strstr(envelope.payload, "weaker fallback: nvme-format-user-data"));
    envelope_free(&envelope);
    document_free(&document);
    session_end(&session);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_no_fallback_where_the_policy_has_none(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase.fake.format_status = 0x4001;
    erase.policy.fallback = false;
    erase_go(&erase);
    assert_int_equal(erase.run->attempt_count, 1);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_purge_is_not_had_by_overwriting(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.policy.least = CATEGORY_PURGE;
    erase_go(&erase);
    assert_int_equal(erase.fake.destructive, 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A command that got lost may have been done: neither erased nor failed. */
static void test_format_that_gets_lost_is_unknown(void **state) {
    (void)state;
    static const struct {
        int error;
        uint16_t status;
    } cases[] = {{-EIO, 0}, {-EINTR, 0}, {0, 0x371}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct erase erase;
        erase_make(&erase, COMMANDS_NVME, 48);
        erase_only(&erase, "nvme-format-crypto");
        erase.fake.format_error = cases[i].error;
        erase.fake.format_status = cases[i].status;
        erase_go(&erase);
        erase_end(&erase, DISPOSITION_UNKNOWN);
    }
}

static void test_format_that_says_it_is_not_done(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase_only(&erase, "nvme-format-crypto");
    erase.fake.format_progress_left = 30;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_capacity_that_changed(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase_only(&erase, "nvme-format-crypto");
    erase.fake.shrinks_after_format = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_read_errors_after_a_format(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 48);
    erase_only(&erase, "nvme-format-crypto");
    erase.fake.bad_read_from = 10 << 20;
    erase.fake.bad_read_to = 12 << 20;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Law 4: the identity is read right before each destructive command and each pass. */
static void test_identity_is_read_before_every_destructive_command(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 60);
    erase.fake.namespaces = 3;
    erase_go(&erase);
    unsigned formats = 0;
    for (const char *p = erase.fake.log; *p; p++) {
        if (*p != 'F')
            continue;
        formats++;
        assert_int_equal(p[-1], 'i');
    }
    assert_int_equal(formats, 3);
    erase_end(&erase, DISPOSITION_ERASED);

    erase_make(&erase, COMMANDS_ATA, 8);
    set_passes(&erase, "zero,ones,zero");
    erase_go(&erase);
    unsigned passes = 0; /* and the trial of its addresses before them */
    for (const char *p = erase.fake.log + 1; *p; p++) {
        /* In the middle of a pass the cache is flushed now and then. */
        if (*p == 'w' && p[-1] != 'w' && p[-1] != 'f') {
            passes++;
            assert_int_equal(p[-1], 'i');
        }
    }
    assert_int_equal(passes, 1 + 3);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Law 1: without a warrant nothing but questions goes to a disk, and no write. */
static void test_no_way_round_the_warrant(void **state) {
    (void)state;
    struct erase erase;
    uint8_t buffer[512];
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.disk = fake_disk_scanned(&erase.fake);
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    struct scsi_command format = {.cdb = {SCSI_FORMAT_UNIT}, .cdb_length = 6};
    assert_int_equal(device_scsi(device, &format), -EPERM);
    struct ata_registers registers;
    const struct ata_taskfile erase_unit = {.protocol = ATA_PIO_OUT, .count = 1, .command = 0xf4};
    assert_int_equal(
        device_ata(device, "SECURITY ERASE UNIT", &erase_unit, buffer, 1000, &registers), -EPERM);
    struct io_request request = {.write = true, .buffer = buffer, .length = sizeof buffer};
    assert_int_equal(device_submit(device, &request), -EPERM);
    assert_string_equal(erase.fake.log, "");
    device_close(device);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);

    erase_make(&erase, COMMANDS_NVME, 8);
    erase.disk = fake_disk_scanned(&erase.fake);
    device = fake_disk_open(&erase.fake, erase.disk);
    struct nvme_command nvme = {.opcode = 0x80, .nsid = 1, .cdw10 = 1 << 9};
    assert_int_equal(device_nvme(device, &nvme), -EPERM);
    assert_string_equal(erase.fake.log, "");
    /* Even with a warrant a write needs the identity to have been read for it. */
    json_t *authority = json_new_object();
    struct warrant *warrant = warrant_issue(erase.disk, authority);
    struct armed *armed = NULL;
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), 0);
    assert_int_equal(armed_write(armed, 0, 0, buffer, sizeof buffer), -EPERM);
    assert_int_equal(armed_submit(armed, &request), -EPERM);
    assert_int_equal(erase.fake.destructive, 0);
    armed_close(armed);
    device_close(device);
    warrant_free(warrant);
    json_decref(authority);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

/* Law 1: a warrant is used up by one run. */
static void test_warrant_is_good_for_one_run(void **state) {
    (void)state;
    struct erase erase;
    struct armed *armed = NULL;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase_go(&erase);
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    assert_int_equal(warrant_arm(erase.run->warrant, device, &armed, &erase.reason), -EPERM);
    assert_null(armed);
    device_close(device);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* A disk may wait long for its turn: its order counts until then. */
static void test_warrant_expires_with_its_order(void **state) {
    (void)state;
    struct erase erase;
    struct armed *armed = NULL;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.disk = fake_disk_scanned(&erase.fake);
    json_t *authority = json_new_object();
    struct warrant *warrant = warrant_issue(erase.disk, authority);
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    warrant_expires(warrant, clock_now());
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), -EKEYEXPIRED);
    assert_null(armed);
    warrant_expires(warrant, clock_now() + 100);
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), 0);
    armed_close(armed);
    device_close(device);
    warrant_free(warrant);
    json_decref(authority);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

static void test_warrant_is_good_for_one_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    strcpy(erase.fake.serial, "FAKE0001");
    json_t *authority = json_new_object();
    erase.disk = fake_disk_scanned(&erase.fake);
    struct warrant *warrant = warrant_issue(erase.disk, authority);
    strcpy(erase.fake.serial, "FAKE0002");
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    struct armed *armed = NULL;
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), -ESTALE);
    assert_null(armed);
    /* And it is used up all the same. */
    strcpy(erase.fake.serial, "FAKE0001");
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), -EPERM);
    assert_int_equal(erase.fake.destructive, 0);
    device_close(device);
    warrant_free(warrant);
    json_decref(authority);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

/* Half of the disk reads all zero and takes no marker: what the erase did there cannot be told. */
static void test_format_of_a_disk_that_is_half_blind(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 64);
    erase_only(&erase, "nvme-format-crypto");
    memset(erase.fake.medium + (32 << 20), 0, 32 << 20);
    erase.fake.bad_write_from = 32 << 20;
    erase.fake.bad_write_to = 64 << 20;
    erase_go(&erase);
    assert_non_null(strstr(erase.reason.text, "too few samples"));
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

/* A disk that takes no commands, as a virtual machine has it. */
static void test_overwrite_without_commands(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NONE, 16);
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* A blank drive that takes no write is not asked for a marker at each of its places: on a real one
 * every refusal takes the kernel its time. What says nothing afterwards is not claimed. */
static void test_markers_that_are_not_taken(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 8);
    fake_disk_erase(&erase.fake);
    erase.fake.bad_write_to = 8 << 20;
    erase.policy.fallback = false;
    erase_go(&erase);
    size_t tries = 0;
    for (const char *event = erase.fake.log; *event && *event != 'F'; event++)
        tries += *event == 'w';
    assert_int_equal(tries, 16);
    erase_end(&erase, DISPOSITION_UNKNOWN);
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
    cmocka_unit_test(test_markers_that_are_not_taken),
    cmocka_unit_test(test_overwrite_of_a_good_disk),
    cmocka_unit_test(test_overwrite_with_every_level_of_verification),
    cmocka_unit_test(test_overwrite_of_odd_sizes),
    cmocka_unit_test(test_first_and_last_mebibyte_end_blank),
    cmocka_unit_test(test_disk_that_drops_writes_has_failed),
    cmocka_unit_test(test_disk_that_wraps_addresses_has_failed),
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
    cmocka_unit_test(test_disk_that_falls_silent_is_unknown),
    cmocka_unit_test(test_disk_that_falls_silent_when_read_back_is_unknown),
    cmocka_unit_test(test_flush_that_fails_fails_the_disk),
    cmocka_unit_test(test_another_disk_in_its_place),
    cmocka_unit_test(test_another_disk_before_the_second_pass),
    cmocka_unit_test(test_busy_disk_is_not_touched),
    cmocka_unit_test(test_format_of_a_good_disk),
    cmocka_unit_test(test_format_that_leaves_random_bytes),
    cmocka_unit_test(test_format_of_several_namespaces),
    cmocka_unit_test(test_format_of_a_disk_that_cannot_be_read),
    cmocka_unit_test(test_format_of_a_blank_disk_uses_markers),
    cmocka_unit_test(test_format_that_does_nothing_to_a_blank_disk),
    cmocka_unit_test(test_format_that_does_nothing),
    cmocka_unit_test(test_format_of_one_namespace_in_two),
    cmocka_unit_test(test_format_that_leaves_two_strata),
    cmocka_unit_test(test_format_that_erases_what_was_looked_at),
    cmocka_unit_test(test_fallback_is_never_silent),
    cmocka_unit_test(test_no_fallback_where_the_policy_has_none),
    cmocka_unit_test(test_purge_is_not_had_by_overwriting),
    cmocka_unit_test(test_format_that_gets_lost_is_unknown),
    cmocka_unit_test(test_format_that_says_it_is_not_done),
    cmocka_unit_test(test_capacity_that_changed),
    cmocka_unit_test(test_read_errors_after_a_format),
    cmocka_unit_test(test_identity_is_read_before_every_destructive_command),
    cmocka_unit_test(test_no_way_round_the_warrant),
    cmocka_unit_test(test_warrant_is_good_for_one_run),
    cmocka_unit_test(test_warrant_is_good_for_one_disk),
    cmocka_unit_test(test_warrant_expires_with_its_order),
    cmocka_unit_test(test_format_of_a_disk_that_is_half_blind),
    cmocka_unit_test(test_overwrite_without_commands),
};
TEST_MAIN(tests)
