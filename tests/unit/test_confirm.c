/* The way to an erase on the technician's screen: what is asked for, seen and typed before. */
#include "screen_setup.h"
#include "test.h"

static void test_wrong_serial(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 3);
    assert_int_equal(screen_key(&screen, 'n'), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_DISKS); /* none is chosen */
    assert_int_equal(screen_key(&screen, KEY_GO_DOWN), ACTION_NONE);
    assert_int_equal(screen_key(&screen, ' '), ACTION_NONE);
    go_to_confirmation(&screen);
    assert_int_equal(screen.page, PAGE_CONFIRM);
    assert_true(is_shown(&screen, "SERIAL-1"));
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_NONE);
    assert_int_equal(type_text(&screen, "yes"), ACTION_NONE);
    assert_int_equal(type_text(&screen, "SERIAL-0"), ACTION_NONE);
    assert_int_equal(type_text(&screen, "one"), ACTION_NONE);
    assert_true(is_shown(&screen, "Nothing was done"));
    assert_int_equal(type_text(&screen, "SERIAL-1"), ACTION_ERASE);
    assert_string_equal(screen.typed, "SERIAL-1");
    assert_string_equal(screen.operator_name, "Ann");
    assert_string_equal(screen.ticket, "T-1");
    screen_free(&screen);
}

/* All of several disks have to be seen, and their number typed in words. */
static void test_several(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 21);
    (void)screen_key(&screen, 'a');
    assert_int_equal(screen_chosen(&screen), 21);
    go_to_confirmation(&screen);
    assert_int_equal(screen.page, PAGE_CONFIRM);
    assert_int_equal(type_text(&screen, "twenty-one"), ACTION_NONE);
    assert_true(is_shown(&screen, "Look at all of them first"));
    screen.typed[0] = '\0';
    (void)screen_key(&screen, KEY_GO_END); /* does not jump over any */
    assert_false(screen.seen);
    for (int i = 0; i < 8; i++)
        (void)screen_key(&screen, KEY_PAGE_DOWN);
    assert_true(screen.seen && is_shown(&screen, "SERIAL-20"));
    assert_int_equal(type_text(&screen, "21"), ACTION_NONE);
    assert_int_equal(type_text(&screen, "SERIAL-0"), ACTION_NONE);
    assert_int_equal(type_text(&screen, "twenty-one"), ACTION_ERASE);
    screen_free(&screen);
}

/* What cannot be read is not confirmed: no key counts, and nothing was seen. */
static void test_too_small(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 2);
    (void)screen_key(&screen, 'a');
    go_to_confirmation(&screen);
    screen_go(&screen, PAGE_AUTHORITY);
    screen.columns = SCREEN_LEAST_COLUMNS - 1;
    screen_go(&screen, PAGE_CONFIRM);
    assert_false(screen.seen);
    assert_true(is_shown(&screen, "Too small: 39x24"));
    assert_int_equal(type_text(&screen, "two"), ACTION_NONE);
    assert_string_equal(screen.typed, "");
    screen.columns = SCREEN_LEAST_COLUMNS;
    screen.rows = SCREEN_LEAST_ROWS - 1;
    assert_int_equal(type_text(&screen, "two"), ACTION_NONE);
    screen.rows = 24;
    screen_settle(&screen);
    assert_true(is_shown(&screen, "EVERYTHING"));
    assert_int_equal(type_text(&screen, "two"), ACTION_ERASE);
    screen_free(&screen);
}

/* A password is asked for, not shown, and wiped; an empty one is passed over. */
static void test_secrets(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 3);
    (void)screen_key(&screen, 'a');
    screen.disks[1].wants_password = true;
    screen.disks[2].wants_psid = true;
    screen.key_sealed = true;
    go_to_confirmation(&screen);
    assert_int_equal(screen.page, PAGE_SECRET);
    assert_true(is_shown(&screen, "SERIAL-1") && is_shown(&screen, "user password"));
    assert_int_equal(type_text(&screen, "open sesame"), ACTION_SECRET);
    assert_string_equal(screen.secret, "open sesame");
    assert_false(is_shown(&screen, "sesame"));
    assert_true(is_shown(&screen, "***********_"));
    screen_go_on(&screen);
    assert_string_equal(screen.secret, "");
    assert_true(is_shown(&screen, "master password"));
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_SECRET); /* there is none */
    screen_go_on(&screen);
    assert_true(is_shown(&screen, "SERIAL-2") && is_shown(&screen, "PSID"));
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_SECRET);
    screen_go_on(&screen);
    assert_int_equal(screen.page, PAGE_PASSPHRASE);
    assert_int_equal(type_text(&screen, "battery staple"), ACTION_OPEN_KEY);
    assert_false(is_shown(&screen, "staple"));
    screen_go_on(&screen);
    assert_int_equal(screen.page, PAGE_CONFIRM);
    screen_free(&screen);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_wrong_serial),
    cmocka_unit_test(test_several),
    cmocka_unit_test(test_too_small),
    cmocka_unit_test(test_secrets),
};

TEST_MAIN(tests)
