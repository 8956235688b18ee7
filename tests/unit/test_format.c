/* Whole erases by Format NVM of disks in memory that behave, misbehave and lie, and what comes
 * after it. */
#include "quietus/certificate.h"
#include "quietus/json.h"

#include "test.h"
#include "whole_erase.h"

#include <errno.h>

static void test_format_of_a_good_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 128);
    erase_go(&erase);
    assert_string_equal(erase_attempt(&erase, 0)->method->name, "nvme-format-crypto");
    assert_int_equal(erase_attempt(&erase, 0)->facts.samples.informative, 13811);
    const json_t *bound = json_object_get(erase_attempt(&erase, 0)->verification, "bound");
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
    const json_t *verification = erase_attempt(&erase, 0)->verification;
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
    assert_string_equal(erase_attempt(&erase, 2)->method->name, "overwrite");
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_markers_that_are_not_taken),
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
    cmocka_unit_test(test_format_of_a_disk_that_is_half_blind),
};

TEST_MAIN(tests)
