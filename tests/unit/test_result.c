/* The technician's screen after an erase: the result, where the documents are, and the end. */
#include "screen_setup.h"
#include "test.h"

enum { DISKS = 5 };

/* So many failed disks, of which the reason is longer than the least window. */
static void start_result(struct screen *screen) {
    start_screen(screen, DISKS + 1);
    for (size_t i = 0; i < DISKS; i++) {
        struct screen_run *run = &screen->disks[i].run;
        *run = (struct screen_run){.ended = true, .what = DISPOSITION_FAILED};
        (void)snprintf(run->words, sizeof run->words, "%0200d REASON-%zu", 4, i);
        screen->disks[i].chosen = true;
    }
    (void)snprintf(screen->problems, sizeof screen->problems, "%0200d PROBLEM", 4);
    screen->keeping =
        (struct screen_keeping){.needs_stick = true, .unsaved = 3, .incomplete = true};
    screen_resize(screen, SCREEN_LEAST_COLUMNS, SCREEN_LEAST_ROWS);
    screen_go(screen, PAGE_RESULT);
}

/* By a key until nothing changes any more: each reason is shown at some time, in order, and so is
 * what is behind the last disk. */
static void read_all(struct screen *screen, int key) {
    char text[32];
    size_t reasons = 0;
    bool problem = false;
    bool memory = false;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, "REASON-%zu", reasons);
        reasons += is_shown(screen, text);
        problem = problem || is_shown(screen, "PROBLEM");
        memory = memory || is_shown(screen, "Documents in memory alone: 3");
        assert_sound(screen);
        assert_int_equal(screen_key(screen, key), ACTION_NONE);
    }
    assert_int_equal(reasons, DISKS);
    assert_true(problem && memory);
    assert_int_equal(screen->cursor, DISKS - 1);
}

static void test_result_scrolls(void **state) {
    (void)state;
    struct screen screen;
    start_result(&screen);
    assert_true(is_shown(&screen, "could NOT be stored"));
    read_all(&screen, KEY_GO_DOWN);
    for (int i = 0; i < 200; i++)
        (void)screen_key(&screen, 'k');
    assert_true(screen.cursor == 0 && screen.top == 0);
    read_all(&screen, KEY_PAGE_DOWN);
    for (int i = 0; i < 50; i++)
        (void)screen_key(&screen, 'K');
    assert_true(screen.cursor == 0 && screen.top == 0);
    (void)screen_key(&screen, KEY_GO_END);
    assert_true(screen.cursor == DISKS - 1 && is_shown(&screen, "Documents in memory"));
    (void)screen_key(&screen, KEY_GO_HOME);
    assert_true(screen.cursor == 0 && is_shown(&screen, "SERIAL-0"));
    screen_free(&screen);
}

/* The disk under the cursor is the one whose code is shown: it is on the screen when the cursor
 * comes to it, when the page is come back to, and at another size. */
static void test_cursor_of_the_result(void **state) {
    (void)state;
    char serial[32];
    struct screen screen;
    start_result(&screen);
    for (size_t i = 1; i < DISKS; i++) {
        for (int k = 0; k < 50 && screen.cursor < i; k++)
            (void)screen_key(&screen, KEY_GO_DOWN);
        (void)snprintf(serial, sizeof serial, "SERIAL-%zu ", i);
        assert_true(screen.cursor == i && is_shown(&screen, serial));
    }
    (void)screen_key(&screen, 'h');
    (void)screen_key(&screen, KEY_ESCAPE);
    assert_true(is_shown(&screen, serial));
    screen_resize(&screen, 132, 12);
    assert_true(is_shown(&screen, serial));
    (void)screen_key(&screen, KEY_GO_UP);
    assert_int_equal(screen.cursor, DISKS - 2);
    assert_true(is_shown(&screen, "SERIAL-3 "));
    (void)screen_key(&screen, KEY_GO_HOME);
    (void)screen_key(&screen, KEY_PAGE_DOWN);
    (void)snprintf(serial, sizeof serial, "SERIAL-%zu ", screen.cursor);
    assert_true(screen.cursor > 0 && is_shown(&screen, serial));
    screen_resize(&screen, 132, 60); /* all are seen: each key goes to the next one */
    (void)screen_key(&screen, KEY_PAGE_UP);
    assert_int_equal(screen.cursor, 0);
    (void)screen_key(&screen, KEY_PAGE_DOWN);
    assert_int_equal(screen.cursor, DISKS - 1);
    screen_resize(&screen, SCREEN_LEAST_COLUMNS, SCREEN_LEAST_ROWS);
    assert_true(is_shown(&screen, "SERIAL-4 "));
    screen_resize(&screen, 132, 60);
    for (size_t i = DISKS - 1; i > 0; i--)
        (void)screen_key(&screen, KEY_GO_UP);
    assert_int_equal(screen.cursor, 0);
    (void)screen_key(&screen, KEY_GO_DOWN);
    assert_int_equal(screen.cursor, 1);
    screen_free(&screen);
}

/* Where there is no room for all, what is typed is seen, and the rest can be read. */
static void test_end_in_the_least_window(void **state) {
    (void)state;
    struct screen screen;
    start_result(&screen);
    screen.keeping.stick_there = true;
    memset(screen.keeping.problem, 'p', sizeof screen.keeping.problem - 1);
    (void)screen_key(&screen, 'q');
    (void)screen_key(&screen, 'x');
    assert_true(is_shown(&screen, "> x_"));
    assert_false(is_shown(&screen, "To lose them"));
    for (int i = 0; i < 20; i++)
        (void)screen_key(&screen, KEY_GO_DOWN);
    assert_true(is_shown(&screen, "> x_") && is_shown(&screen, "lose the certificates"));
    screen_free(&screen);
}

/* Law 8: no end before the certificates are saved, unless somebody has said so in so many words. */
static void test_end(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 1);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .unsaved = 2};
    assert_int_equal(screen_key(&screen, 'q'), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_END);
    assert_int_equal(screen_key(&screen, 'p'), ACTION_NONE);
    assert_int_equal(screen_key(&screen, 'r'), ACTION_NONE);
    assert_int_equal(type_text(&screen, ""), ACTION_NONE);
    assert_false(screen.lose.said);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .incomplete = true};
    assert_int_equal(screen_key(&screen, 'p'), ACTION_NONE);
    assert_int_equal(type_text(&screen, ""), ACTION_NONE);
    assert_int_equal(type_text(&screen, screen_lose_text), ACTION_NONE);
    assert_true(screen_loses(&screen));
    assert_int_equal(screen_key(&screen, 'p'), ACTION_POWER_OFF);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .saved = 2};
    assert_int_equal(screen_key(&screen, 'r'), ACTION_REBOOT);
    screen_free(&screen);
}

/* Who has given up certificates has not given up those that come later. */
static void test_lose_is_said_of_what_there_is(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 1);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .unsaved = 2, .saved = 1};
    screen_go(&screen, PAGE_END);
    assert_int_equal(type_text(&screen, screen_lose_text), ACTION_NONE);
    screen.keeping.saved++; /* one of them got to a stick after all, and then there is another */
    screen.keeping.unsaved--;
    assert_true(screen_loses(&screen));
    screen.keeping.unsaved++;
    assert_false(screen_safe(&screen));
    assert_int_equal(screen_key(&screen, 'p'), ACTION_NONE);
    screen.keeping.unsaved--;
    screen.keeping.incomplete = true;
    assert_false(screen_safe(&screen));
    screen.keeping.incomplete = false;
    assert_true(screen_loses(&screen));
    screen.keeping.unsaved--; /* all of them are saved: init need not be told */
    screen.keeping.saved++;
    assert_true(screen_safe(&screen) && !screen_loses(&screen));
    screen.keeping.unsaved++;
    screen.keeping.saved--;
    (void)screen_key(&screen, KEY_ESCAPE); /* taken back */
    assert_false(screen_safe(&screen));
    (void)screen_key(&screen, 'q');
    assert_int_equal(screen_key(&screen, 'p'), ACTION_NONE);
    assert_true(is_shown(&screen, "To lose them all the same"));
    screen_free(&screen);
}

/* What a second stick has not taken is not said to be on it; and of an earlier run nothing is said.
 */
static void test_saved_again(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 1);
    screen_go(&screen, PAGE_RESULT);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .stick_there = true, .saved = 4};
    assert_int_equal(screen_key(&screen, 's'), ACTION_SAVE);
    assert_false(is_shown(&screen, "Saved again"));
    screen.keeping.again.done = true;
    screen.keeping.again.saved = 4;
    assert_true(is_shown(&screen, "Saved again, to the stick that was there: all 4."));
    text_copy(screen.keeping.again.stick, STICK_NAME_SIZE, "/dev/sdb1 (A)");
    assert_true(
        is_shown(&screen, "Saved again, to the stick that was there: all 4, on /dev/sdb1 (A)."));
    screen.keeping.again.saved = 1;
    screen.keeping.again.failed = 3;
    assert_true(is_shown(&screen, "ONLY 1 of 4"));
    screen.keeping.again.saved = 0;
    screen.keeping.again.failed = 4;
    screen.keeping.again.no_stick = true;
    assert_true(is_shown(&screen, "Saved again: NO"));
    screen.keeping.saved = 7;
    assert_false(is_shown(&screen, "Saved again"));
    screen.keeping.needs_stick = false; /* there is none: the spool is a folder that stays */
    assert_int_equal(screen_key(&screen, 's'), ACTION_NONE);
    assert_true(is_shown(&screen, "There is no stick here"));
    screen_free(&screen);
}

/* Where there are two sticks, the person sees which one is used, and where the documents went. */
static void test_two_sticks(void **state) {
    (void)state;
    struct screen screen;
    struct screen_keeping *keeping = &screen.keeping;
    start_screen(&screen, 1);
    screen.columns = 160; /* no line is broken */
    keeping->needs_stick = keeping->stick_there = true;
    text_copy(keeping->stick, sizeof keeping->stick, "/dev/sda1 (Maker A)");
    assert_true(is_shown(&screen, "Stick: /dev/sda1 (Maker A)"));
    assert_false(is_shown(&screen, "NOT used"));
    text_copy(keeping->others, sizeof keeping->others, "/dev/sdb1 (Maker B)");
    assert_true(is_shown(&screen, "NOT used: /dev/sdb1 (Maker B)"));
    screen.rows = SCREEN_LEAST_ROWS;
    screen.columns = SCREEN_LEAST_COLUMNS;
    assert_true(is_shown(&screen, "Another QUIETUS stick is in, NOT used"));
    assert_true(is_shown(&screen, "SERIAL-0")); /* there is room for the disks yet */
    screen.rows = 24;
    screen.columns = 160;
    screen_go(&screen, PAGE_RESULT);
    assert_true(is_shown(&screen, "NOT used: /dev/sdb1 (Maker B)"));
    keeping->saved = 5;
    assert_true(
        is_shown(&screen, "Documents saved: 5, in the folder certificates: all on a stick"));
    text_copy(keeping->saved_to[0].stick, STICK_NAME_SIZE, "/dev/sda1 (Maker A)");
    keeping->saved_to[0].count = 5;
    assert_true(is_shown(&screen, "certificates: all on /dev/sda1 (Maker A)"));
    keeping->saved_to[0].count = 3;
    text_copy(keeping->saved_to[1].stick, STICK_NAME_SIZE, "/dev/sdc1 (Maker C)");
    keeping->saved_to[1].count = 1;
    assert_true(is_shown(&screen,
                         "certificates: 3 on /dev/sda1 (Maker A), 1 on /dev/sdc1 (Maker C), "
                         "1 on another stick"));
    screen_free(&screen);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_result_scrolls),
    cmocka_unit_test(test_cursor_of_the_result),
    cmocka_unit_test(test_end_in_the_least_window),
    cmocka_unit_test(test_end),
    cmocka_unit_test(test_lose_is_said_of_what_there_is),
    cmocka_unit_test(test_saved_again),
    cmocka_unit_test(test_two_sticks),
};

TEST_MAIN(tests)
