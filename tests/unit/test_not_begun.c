/*
 * Passes of an overwrite that cannot be begun: the disk has vanished before, as between two passes,
 * or another disk answers in its place.
 */
#include "quietus/json.h"

#include "../../agent/erase/vanished.h"
#include "test.h"
#include "vanishing.h"

/* Two passes of a disk that vanishes between them: each flushes once on its way, and at its end. */
static void make_between_passes(struct erase *erase) {
    enum { FLUSHES_OF_A_PASS = 2 };
    vanishing_make(erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    still_clock();
    erase->fake.vanishes_after_flush = FLUSHES_OF_A_PASS;
}

static void test_one_that_vanishes_between_passes(void **state) {
    (void)state;
    struct erase erase;
    char text[256];
    make_between_passes(&erase);
    erase.fake.returns = 1;
    erase_go(&erase);
    json_t *passes = vanishing_passes(&erase);
    assert_int_equal(json_array_size(passes), 3);
    const json_t *not_begun = json_array_get(passes, 1);
    assert_string_equal(json_text(json_array_get(passes, 0), "result"), "gone through");
    assert_int_equal(json_count(not_begun, "pass"), 2);
    assert_int_equal(json_count(not_begun, "bytes_acknowledged"), 0);
    (void)snprintf(text, sizeof text, "pass 2: the disk vanished (%s) and came back",
                   json_text(not_begun, "not_begun"));
    assert_true(has_exception(&erase, text));
    assert_string_equal(json_text(not_begun, "flush"), "");
    assert_int_equal(json_count(json_array_get(passes, 2), "pass"), 2);
    assert_int_equal(json_count(json_array_get(passes, 2), "bytes_acknowledged"), DISK_MIB << 20);
    json_decref(passes);
    assert_went_on(&erase, 1);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_one_that_vanishes_between_passes_for_good(void **state) {
    (void)state;
    struct erase erase;
    make_between_passes(&erase);
    erase_go(&erase);
    assert_int_equal(erase.fake.destructive, CHUNKS);
    assert_in_range(erase.fake.searches, 10, 100);
    assert_non_null(strstr(erase.reason.text, "pass 2 could not be begun: "));
    assert_non_null(strstr(erase.reason.text, "; it was not found again within 60 seconds"));
    assert_true(erase.run->attempts[0].facts.refuted);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* It did not answer when the pass was begun, but does when it is looked for. */
static void test_one_that_is_only_slow_between_passes(void **state) {
    (void)state;
    for (unsigned after = 2; after < 8; after++) {
        struct erase erase;
        make_between_passes(&erase);
        erase.fake.wakes_after = after;
        erase_go(&erase);
        assert_true(was_all_read(&erase));
        assert_true(has_exception(&erase, "came back as /dev/fake0"));
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

/* As soon as the disk is armed. */
static bool becomes_another(struct fake_disk *fake, struct scsi_command *command) {
    (void)command;
    if (strchr(fake->log, 'a'))
        strcpy(fake->serial, "ANOTHER1");
    return false;
}

static void test_one_that_is_another_before_the_first_pass(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    erase.fake.on_scsi = becomes_another;
    erase.fake.vanishes_after = 1 << 30;
    erase_go(&erase);
    assert_int_equal(erase.fake.destructive, 0);
    assert_non_null(strstr(erase.reason.text, "pass 1 could not be begun: it is another disk"));
    assert_true(erase.run->attempts[0].facts.refuted);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Once it is armed, each second time that it is asked. */
static bool is_another_now_and_then(struct fake_disk *fake, struct scsi_command *command) {
    if (strchr(fake->log, 'a') && command->cdb[14] == 0xec)
        strcpy(fake->serial, fake->questions++ % 2 == 0 ? "ANOTHER1" : "FAKE0001");
    return false;
}

/* It is itself when it is looked for, but never when the pass is to begin. */
static void test_one_that_can_never_be_begun_is_given_up(void **state) {
    (void)state;
    struct erase erase;
    vanishing_make(&erase, COMMANDS_ATA, DISK_MIB, "zero,random");
    erase.fake.on_scsi = is_another_now_and_then;
    erase_go(&erase);
    json_t *passes = vanishing_passes(&erase);
    assert_int_equal(json_array_size(passes), VANISHED_MOST + 1);
    json_decref(passes);
    assert_int_equal(erase.fake.destructive, 0);
    assert_non_null(strstr(erase.reason.text, "pass 1 could not be begun: it is another disk"));
    assert_null(strstr(erase.reason.text, "within 60 seconds"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_that_vanishes_between_passes),
    cmocka_unit_test(test_one_that_vanishes_between_passes_for_good),
    cmocka_unit_test(test_one_that_is_only_slow_between_passes),
    cmocka_unit_test(test_one_that_is_another_before_the_first_pass),
    cmocka_unit_test(test_one_that_can_never_be_begun_is_given_up),
};

TEST_MAIN(tests)
