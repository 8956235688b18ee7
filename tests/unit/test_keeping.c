/* What the screen's keeping of certificates says of sticks that are in and not used. */
#include "quietus/clock.h"
#include "quietus/file.h"

#include "../../agent/tui/keeping.h"
#include "test.h"

#include <assert.h>
#include <unistd.h>

enum { LIST_ROOM = sizeof((struct screen_keeping *)0)->others };

/* The longest name that fits: as if it came after another, and with ", ..." after it. */
#define TEN     "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONGEST HUNDRED HUNDRED HUNDRED "xxxxxxxxx"
static_assert(sizeof LONGEST + 2 * (sizeof ", ..." - 1) == LIST_ROOM, "another list to fill");

/* As the screen has them after one look at init's list. */
static void read_others(const char *place, const char *list, char others[LIST_ROOM]) {
    enum { LOOKS = 3000 }; /* of 20 ms: a loaded machine may take a minute */
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sticks_that_are_not_used),
};

TEST_MAIN(tests)
