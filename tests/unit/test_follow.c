/* Following what runs inside a drive, when the drive is lost and looked for. */
#include "quietus/clock.h"
#include "quietus/evidence.h"

#include "../../agent/device/internal.h"
#include "../../agent/erase/follow.h"
#include "fake_disk.h"
#include "test.h"

#include <errno.h>

enum { SEARCH_MS = 400000 /* longer than a drive may be silent */, QUESTION_MS = 5000 };

static int64_t now_ms;

static int64_t still_now(void) {
    return now_ms;
}

static void still_sleep(int64_t milliseconds) {
    now_ms += milliseconds;
}

/* What is lost from the first question on, and found each time that it is looked for but the first.
 */
struct lost {
    struct fake_disk fake;
    struct progress progress;
    bool answers_elsewhere;
    unsigned searches;
    unsigned questions;
};

static int find_late(void *user, const struct disk *disk, struct device **out) {
    struct lost *lost = user;
    assert_int_equal(atomic_load(&lost->progress.deadline_ms) - now_ms, PROGRESS_SILENCE_MS);
    now_ms += SEARCH_MS;
    if (lost->searches++ == 0)
        return -ENODEV;
    *out = fake_disk_open(&lost->fake, disk);
    return 0;
}

static int ask(void *user, struct follow_answer *out) {
    struct lost *lost = user;
    now_ms += QUESTION_MS;
    lost->questions++;
    if (lost->searches < 2 || !lost->answers_elsewhere)
        return -ENODEV;
    out->state = FOLLOW_SUCCEEDED;
    return 0;
}

static enum follow_end follow_lost(struct lost *lost) {
    static const struct clock_source still = {still_now, still_sleep};
    fake_disk_make(&lost->fake, COMMANDS_ATA, 1);
    struct disk *disk = fake_disk_scanned(&lost->fake);
    struct device *device = fake_disk_open(&lost->fake, disk);
    device_set_finder(device, find_late, lost, disk);
    struct evidence *evidence = evidence_new();
    now_ms = 1000000;
    clock_use(&still);
    struct follow follow = {.device = device,
                            .progress = &lost->progress,
                            .evidence = evidence,
                            .ask = ask,
                            .user = lost,
                            .phase = PHASE_SANITIZING,
                            .stall_ms = follow_stall_ms(&(struct policy){0}, 0)};
    const enum follow_end end = follow_to_end(&follow);
    clock_use(NULL);
    evidence_free(evidence);
    device_close(device);
    disk_free(disk);
    fake_disk_free(&lost->fake);
    return end;
}

/* The others that were asked took as long as a drive may be silent: it is asked all the same. */
static void test_one_that_is_found_late_is_asked(void **state) {
    (void)state;
    struct lost lost = {.answers_elsewhere = true};
    assert_int_equal(follow_lost(&lost), FOLLOW_END_SUCCEEDED);
    assert_int_equal(lost.searches, 2);
}

/* Each time found, and never an answer: that has an end too. */
static void test_one_that_is_found_and_says_nothing(void **state) {
    (void)state;
    struct lost lost = {0};
    assert_int_equal(follow_lost(&lost), FOLLOW_END_SILENT);
    assert_int_equal(lost.searches, 2);
    assert_int_equal(lost.questions, 3);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_that_is_found_late_is_asked),
    cmocka_unit_test(test_one_that_is_found_and_says_nothing),
};

TEST_MAIN(tests)
