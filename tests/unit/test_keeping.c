/* How the screen keeps certificates on sticks, and what it says of those that are not used. */
#include "quietus/clock.h"
#include "quietus/file.h"

#include "../../agent/tui/keeping.h"
#include "test.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { LOOKS = 3000 }; /* of 20 ms: a loaded machine may take a minute */
enum { LIST_ROOM = sizeof((struct screen_keeping *)0)->others };

/* The longest name that fits: as if it came after another, and with ", ..." after it. */
#define TEN     "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONGEST HUNDRED HUNDRED HUNDRED "xxxxxxxxx"
static_assert(sizeof LONGEST + 2 * (sizeof ", ..." - 1) == LIST_ROOM, "another list to fill");

/* As the screen has them after one look at init's list. */
static void read_others(const char *place, const char *list, char others[LIST_ROOM]) {
    char path[PATH_MAX];
    char stick[PATH_MAX];
    struct screen_keeping state;
    path_format(stick, place, "/stick");
    path_format(path, stick, STICK_LIST_SUFFIX);
    assert_int_equal(file_write(path, list, strlen(list), 0600), 0);
    struct keeping *keeping = keeping_start(place, stick);
    keeping_read(keeping, &state);
    for (int i = 0; i < LOOKS && state.stale; i++) {
        clock_sleep_ms(20);
        keeping_read(keeping, &state);
    }
    keeping_stop(keeping);
    assert_false(state.stale);
    assert_int_equal(unlink(path), 0);
    text_copy(others, LIST_ROOM, state.others);
}

static void test_sticks_that_are_not_used(void **state) {
    (void)state;
    static const struct {
        const char *list;
        const char *others;
    } cases[] = {
        {"used A\nunused B (b)\n", "B (b)"},
        {"unused B\nused A\nunused C\nunused D\n", "B, C, D"},
        {"unused " LONGEST "\n", LONGEST},
        {"unused " LONGEST "x\n", "..."},
        {"unused " LONGEST "\nunused C\n", LONGEST ", ..."},
        {"unused " LONGEST "\nunused C\nunused D\n", LONGEST ", ..."},
        {"unused B\nunused " LONGEST "\nunused C\n", "B, ..."},
    };
    char place[] = "/tmp/quietus-keeping-XXXXXX";
    char others[LIST_ROOM];
    assert_non_null(mkdtemp(place));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        read_others(place, cases[i].list, others);
        assert_string_equal(others, cases[i].others);
    }
    assert_int_equal(rmdir(place), 0);
}

static void wait_for(struct keeping *keeping, size_t unsaved, size_t saved,
                     struct screen_keeping *state) {
    for (int i = 0; i < LOOKS; i++) {
        keeping_read(keeping, state);
        if (state->unsaved == unsaved && state->saved == saved)
            return;
        clock_sleep_ms(20);
    }
    fail_msg("%zu unsaved, %zu saved: %s", state->unsaved, state->saved, state->problem);
}

/* Until everything was saved again, as far as it could be. */
static void wait_for_again(struct keeping *keeping, size_t saved, size_t failed,
                           struct screen_keeping *state) {
    for (int i = 0; i < LOOKS; i++) {
        keeping_read(keeping, state);
        if (!state->stale && state->again.done && state->again.saved == saved &&
            state->again.failed == failed)
            return;
        clock_sleep_ms(20);
    }
    fail_msg("%zu saved again, %zu failed: %s", state->again.saved, state->again.failed,
             state->again.problem);
}

static void put(const char *folder, const char *name, const char *text) {
    char path[PATH_MAX];
    path_format(path, folder, "/%s", name);
    assert_int_equal(file_write(path, text, strlen(text), 0600), 0);
}

static void expect_on(const char *stick, const char *name, const char *text) {
    char path[PATH_MAX];
    char line[64];
    path_format(path, stick, "/certificates/%s", name);
    assert_int_equal(file_read_line(path, line, sizeof line), 0);
    assert_string_equal(line, text);
}

/* Documents go to the stick as soon as there is one, and to another one when that is put in. */
static void test_keeping(void **state) {
    (void)state;
    char place[] = "/tmp/quietus-keeping-XXXXXX";
    char spool[PATH_MAX];
    char stick[PATH_MAX];
    char away[PATH_MAX];
    char blocked[PATH_MAX];
    char command[128];
    struct screen_keeping kept;
    assert_non_null(mkdtemp(place));
    path_format(spool, place, "/spool");
    path_format(stick, place, "/stick");
    put(place, "stick.list", "used /dev/sda1 (A)\nunused /dev/sdb1 (B)\nunused /dev/sdc1 (C)\n");
    path_format(away, place, "/away");
    assert_int_equal(file_make_folders(spool, 0700), 0);
    put(spool, "a.json", "A");
    put(spool, "incomplete-1", "");
    struct keeping *keeping = keeping_start(spool, stick);
    wait_for(keeping, 1, 0, &kept);
    assert_true(kept.incomplete && !kept.stick_there);
    assert_int_equal(file_make_folders(stick, 0700), 0);
    keeping_save_all(keeping);
    wait_for(keeping, 0, 1, &kept);
    expect_on(stick, "a.json", "A");
    assert_string_equal(kept.stick, "/dev/sda1 (A)");
    assert_string_equal(kept.others, "/dev/sdb1 (B), /dev/sdc1 (C)");
    assert_string_equal(kept.saved_to[0].stick, "/dev/sda1 (A)");
    assert_int_equal(kept.saved_to[0].count, 1);
    put(place, "stick.list", "used /dev/sdz1 (A)\n"); /* put in again */
    put(spool, "a2.json", "A");
    keeping_look_again(keeping);
    wait_for(keeping, 0, 2, &kept);
    assert_string_equal(kept.saved_to[0].stick, "/dev/sdz1 (A)");
    assert_int_equal(kept.saved_to[0].count, 2);
    put(place, "stick.list", "used /dev/sdb1 (B)\n");
    /* Another stick, on which another document has the name of one that is to be saved. */
    assert_int_equal(rename(stick, away), 0);
    path_format(command, stick, "/certificates");
    assert_int_equal(file_make_folders(command, 0700), 0);
    path_format(blocked, command, "/b.json");
    put(command, "b.json", "not B");
    put(spool, "b.json", "B");
    keeping_save_all(keeping);
    wait_for(keeping, 1, 2, &kept);
    expect_on(stick, "a.json", "A");
    expect_on(stick, "b.json", "not B");
    assert_non_null(strstr(kept.problem, "b.json: the stick has another file of that name"));
    wait_for_again(keeping, 2, 1, &kept);
    assert_non_null(strstr(kept.again.problem, "b.json"));
    /* What is saved already is not saved again if that fails, or if there is no stick. */
    assert_int_equal(unlink(blocked), 0);
    keeping_save_all(keeping);
    wait_for_again(keeping, 3, 0, &kept);
    assert_int_equal(kept.saved, 3);
    assert_string_equal(kept.again.stick, "/dev/sdb1 (B)");
    assert_string_equal(kept.saved_to[1].stick, "/dev/sdb1 (B)");
    assert_true(kept.saved_to[0].count == 2 && kept.saved_to[1].count == 1);
    assert_string_equal(kept.others, "");
    put(command, "a.json", "not A");
    keeping_save_all(keeping);
    wait_for_again(keeping, 2, 1, &kept);
    assert_true(kept.saved == 3 && kept.unsaved == 0);
    path_format(away, place, "/away-too");
    assert_int_equal(rename(stick, away), 0);
    keeping_save_all(keeping);
    wait_for_again(keeping, 0, 3, &kept);
    assert_true(kept.again.no_stick && !kept.stick_there);
    keeping_stop(keeping);
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}

/* In place of libc's: what is cached cannot be dropped, as when the medium has failed. */
static _Atomic int medium_error;
int posix_fadvise(int fd, off_t offset, off_t length, int advice) {
    (void)fd, (void)offset, (void)length, (void)advice;
    return medium_error;
}

/* What failed is not safe because the next try finds it in the cache. */
static void test_keeping_on_a_stick_that_fails(void **state) {
    (void)state;
    enum { TWO_LOOKS_MS = 1300 };
    char place[] = "/tmp/quietus-keeping-XXXXXX";
    char spool[PATH_MAX];
    char command[128];
    struct screen_keeping kept;
    assert_non_null(mkdtemp(place));
    path_format(spool, place, "/spool");
    assert_int_equal(file_make_folders(spool, 0700), 0);
    put(spool, "a.json", "A");
    medium_error = EIO;
    struct keeping *keeping = keeping_start(spool, place);
    clock_sleep_ms(TWO_LOOKS_MS);
    wait_for(keeping, 1, 0, &kept);
    expect_on(place, "a.json", "A");
    medium_error = 0; /* and now it is there when it is read again */
    keeping_look_again(keeping);
    wait_for(keeping, 0, 1, &kept);
    keeping_stop(keeping);
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sticks_that_are_not_used),
    cmocka_unit_test(test_keeping),
    cmocka_unit_test(test_keeping_on_a_stick_that_fails),
};

TEST_MAIN(tests)
