/* A stick that hangs, or only takes its time: who writes the spool's documents to it. */
#include "quietus/clock.h"
#include "quietus/deliver.h"
#include "quietus/file.h"
#include "quietus/stick.h"

#include "hanging.h"
#include "resume_world.h"
#include "test.h"

#include <sys/stat.h>
#include <time.h>

static char stick[] = "/tmp/quietus-hung-XXXXXX";
static char spool[] = "/tmp/quietus-spool-XXXXXX";

static int start(void **state) {
    (void)state;
    strcpy(stick, "/tmp/quietus-hung-XXXXXX");
    strcpy(spool, "/tmp/quietus-spool-XXXXXX");
    hanging_clock(5000);
    return mkdtemp(stick) && mkdtemp(spool) ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    clock_use(NULL);
    remove_all(stick);
    remove_all(spool);
    return 0;
}

static void put(unsigned first, unsigned count) {
    for (unsigned i = first; i < first + count; i++) {
        struct document document = {.text = (char *)"{}"};
        (void)snprintf(document.file, sizeof document.file, "%u.json", i);
        assert_int_equal(spool_put(spool, &document), 0);
    }
}

/* Nobody waits for it longer than it says, nothing counts as saved, and it is told why. What it has
 * taken once it answers, after everybody has left, is safe then. */
static void one_that_hangs_holds_nobody_up(void **state) {
    (void)state;
    enum { COUNT = 3, MILLISECONDS = 60000 };
    struct reason reason;
    put(0, COUNT);
    hanging_begin(stick);
    struct stick_writer *writer = stick_writer_start(spool, stick);
    assert_false(stick_writer_fails(writer, &reason));
    stick_writer_wake(writer);
    const int64_t began = clock_monotonic_ms();
    stick_writer_wait(writer);
    assert_true(clock_monotonic_ms() - began >= STICK_SILENCE_MS);
    assert_true(stick_writer_fails(writer, &reason));
    assert_string_equal(reason.text, "it has not answered for 30 s");
    const int64_t again = clock_monotonic_ms();
    stick_writer_wait(writer);
    put(COUNT, 1);
    stick_writer_wake(writer);
    assert_true(stick_writer_finish(writer, &reason));
    assert_true(clock_monotonic_ms() - again < STICK_SILENCE_MS); /* it is waited for once */
    assert_string_equal(reason.text, "it has not answered for 30 s");
    assert_int_equal(spool_count_unsafe(spool), COUNT + 1);
    hanging_end();
    for (int i = 0; i < MILLISECONDS && spool_count_unsafe(spool) > 0; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(spool_count_unsafe(spool), 0);
}

/* All of them together take it more than a minute, and none of them long. */
static void one_that_is_slow_is_waited_for(void **state) {
    (void)state;
    enum { COUNT = 40 };
    struct reason reason;
    put(0, COUNT);
    struct stick_writer *writer = stick_writer_start(spool, stick);
    stick_writer_wake(writer);
    const int64_t began = clock_monotonic_ms();
    assert_true(stick_writer_finish(writer, &reason));
    assert_true(clock_monotonic_ms() - began > 2 * STICK_SILENCE_MS);
    assert_string_equal(reason.text, "");
    assert_int_equal(spool_count_unsafe(spool), 0);
}

/* Nothing is written where there is none; one that comes gets everything; one that fails is told,
 * as long as it does. */
static void one_that_comes_and_fails(void **state) {
    (void)state;
    char path[PATH_MAX];
    struct reason reason;
    path_format(path, stick, "/mounted");
    put(0, 2);
    struct stick_writer *writer = stick_writer_start(spool, path);
    stick_writer_wake(writer);
    stick_writer_wait(writer);
    assert_false(stick_writer_fails(writer, &reason));
    assert_int_equal(spool_count_unsafe(spool), 2);
    assert_int_equal(mkdir(path, 0700), 0);
    stick_writer_wake(writer);
    stick_writer_wait(writer);
    assert_int_equal(spool_count_unsafe(spool), 0);
    assert_int_equal(stick_put(path, "certificates", "2.json", "theirs", 6), 0);
    put(2, 2);
    stick_writer_wake(writer);
    stick_writer_wait(writer);
    assert_true(stick_writer_fails(writer, &reason));
    assert_int_equal(spool_count_unsafe(spool), 1);
    assert_true(stick_writer_finish(writer, &reason));
    assert_string_equal(reason.text, "2.json: File exists");
    assert_int_equal(spool_count_unsafe(spool), 1);
    path_format(path, stick, "/none");
    writer = stick_writer_start(spool, path);
    assert_false(stick_writer_finish(writer, &reason));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(one_that_hangs_holds_nobody_up, start, stop),
    cmocka_unit_test_setup_teardown(one_that_is_slow_is_waited_for, start, stop),
    cmocka_unit_test_setup_teardown(one_that_comes_and_fails, start, stop),
};

TEST_MAIN(tests)
