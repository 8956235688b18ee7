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

static void see_after(struct screen *screen, int key) {
    (void)screen_key(screen, key);
    screen_drawn(screen);
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
    screen_drawn(&screen);
    assert_false(screen_all_seen(&screen));
    for (int i = 0; i < 8; i++)
        see_after(&screen, KEY_PAGE_DOWN);
    assert_true(screen_all_seen(&screen) && is_shown(&screen, "SERIAL-20"));
    assert_int_equal(type_text(&screen, "21"), ACTION_NONE);
    assert_int_equal(type_text(&screen, "SERIAL-0"), ACTION_NONE);
    assert_int_equal(type_text(&screen, "twenty-one"), ACTION_ERASE);
    screen_free(&screen);
}

/* Page by page until the last disk that is on the screen is this one, or a later one. */
static void page_down_to(struct screen *screen, size_t disk) {
    for (int i = 0; i < 200 && screen->seen.disks <= disk; i++)
        see_after(screen, KEY_PAGE_DOWN);
    assert_true(screen->seen.disks > disk);
}

/* The person goes on by pages to the end, and every disk that comes is remembered. */
static void see_the_rest(struct screen *screen, bool *shown) {
    char serial[32];
    for (int i = 0; i < 200; i++) {
        for (size_t k = 0; k < screen->disk_count; k++) {
            (void)snprintf(serial, sizeof serial, "SERIAL-%zu ", k);
            shown[k] = shown[k] || is_shown(screen, serial);
        }
        see_after(screen, KEY_PAGE_DOWN);
    }
}

/* A larger window does not make disks seen that were not in it, nor does a smaller one. */
static void test_resized_while_half_scrolled(void **state) {
    (void)state;
    enum { DISKS = 60, HALF = 40 };
    static const struct {
        unsigned columns;
        unsigned rows;
    } sizes[] = {{132, 24}, {40, 10}, {80, 24}, {39, 24}};
    static const char holds[] = "gpt partition table, ext4 file system 'root', swap, LVM member";
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct screen screen;
        bool shown[DISKS] = {false};
        start_screen(&screen, DISKS);
        for (size_t k = 0; k < DISKS; k++)
            text_copy(screen.disks[k].holds, sizeof screen.disks[k].holds, holds);
        screen_resize(&screen, 40, 24);
        (void)screen_key(&screen, 'a');
        go_to_confirmation(&screen);
        page_down_to(&screen, HALF);
        const size_t seen = screen.seen.disks;
        assert_true(seen < DISKS - 10);
        memset(shown, true, seen + (screen.seen.lines > 0)); /* or the first line of it */
        screen_resize(&screen, sizes[i].columns, sizes[i].rows);
        assert_int_equal(type_text(&screen, "sixty"), ACTION_NONE);
        assert_false(screen_all_seen(&screen));
        screen_resize(&screen, sizes[i].columns < 40 ? 40 : sizes[i].columns, sizes[i].rows);
        screen_drawn(&screen);
        screen.typed[0] = '\0';
        assert_true(screen.seen.disks >= seen); /* what was seen stays seen */
        see_the_rest(&screen, shown);
        for (size_t k = 0; k < DISKS; k++)
            assert_true(shown[k]);
        assert_int_equal(type_text(&screen, "sixty"), ACTION_ERASE);
        screen_free(&screen);
    }
}

/* Keys that come faster than the screen is drawn show nothing; nor has anybody at another console
 * seen what was on this one. */
static void test_what_was_not_drawn_was_not_seen(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 60);
    (void)screen_key(&screen, 'a');
    go_to_confirmation(&screen);
    for (int i = 0; i < 100; i++)
        (void)screen_key(&screen, KEY_PAGE_DOWN);
    screen_drawn(&screen);
    assert_false(screen_all_seen(&screen));
    page_down_to(&screen, 59);
    assert_true(screen_all_seen(&screen));
    screen_moved(&screen);
    screen_resize(&screen, screen.columns, screen.rows);
    assert_true(is_shown(&screen, "SERIAL-0 "));
    screen_drawn(&screen);
    assert_int_equal(type_text(&screen, "sixty"), ACTION_NONE);
    page_down_to(&screen, 59);
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_ERASE);
    screen_free(&screen);
}

/* A part of a disk's lines is not the disk. */
static void test_a_disk_longer_than_the_window(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 1);
    memset(screen.disks[0].holds, 'h', sizeof screen.disks[0].holds - 1);
    screen_resize(&screen, SCREEN_LEAST_COLUMNS, SCREEN_LEAST_ROWS);
    (void)screen_key(&screen, ' ');
    go_to_confirmation(&screen);
    assert_int_equal(type_text(&screen, "SERIAL-0"), ACTION_NONE);
    assert_true(is_shown(&screen, "Look at all of it first"));
    see_after(&screen, KEY_PAGE_DOWN);
    screen_resize(&screen, SCREEN_LEAST_COLUMNS + 1, SCREEN_LEAST_ROWS); /* its lines are others */
    assert_int_equal(screen.top, 0);
    page_down_to(&screen, 0);
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_ERASE);
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
    screen_resize(&screen, SCREEN_LEAST_COLUMNS - 1, 24);
    screen_go(&screen, PAGE_CONFIRM);
    screen_drawn(&screen);
    assert_false(screen_all_seen(&screen));
    assert_true(is_shown(&screen, "Too small: 39x24"));
    assert_int_equal(type_text(&screen, "two"), ACTION_NONE);
    assert_string_equal(screen.typed, "");
    screen_resize(&screen, SCREEN_LEAST_COLUMNS, SCREEN_LEAST_ROWS - 1);
    screen_drawn(&screen);
    assert_int_equal(type_text(&screen, "two"), ACTION_NONE);
    assert_false(screen_all_seen(&screen));
    screen_resize(&screen, SCREEN_LEAST_COLUMNS, 24);
    screen_drawn(&screen);
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

static void type_bytes(struct screen *screen, const char *bytes) {
    for (const char *p = bytes; *p; p++)
        assert_int_equal(screen_key(screen, (unsigned char)*p), ACTION_NONE);
}

/* A name is in UTF-8, as the certificate has it, whole characters and no others; the screen shows
 * ASCII on every terminal. */
static void test_names_beyond_ascii(void **state) {
    (void)state;
    static const struct {
        const char *typed;
        const char *name;
    } cases[] = {
        {"J\xc3\xbcrgen", "J\xc3\xbcrgen"},
        {"\xe6\x9d\x8e \xf0\x9f\x94\x91", "\xe6\x9d\x8e \xf0\x9f\x94\x91"},
        {"M\xfcller", "Mller"},             /* Latin-1 */
        {"B\xe4r", "Br"},                   /* likewise; it could begin a character */
        {"a\xc3\xc3\xbc", "a\xc3\xbc"},     /* one that was not ended */
        {"a\xbc\xc0\xafz", "az"},           /* none begins so */
        {"a\xed\xa0\x80z", "az"},           /* half of a pair of UTF-16 */
        {"a\xe2\x80\xaez\xc2\x9bz", "azz"}, /* turns the direction around; CSI */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct screen screen;
        start_screen(&screen, 1);
        screen_go(&screen, PAGE_AUTHORITY);
        type_bytes(&screen, cases[i].typed);
        assert_string_equal(screen.operator_name, cases[i].name);
        assert_sound(&screen);
        assert_int_equal(is_shown(&screen, "as they were typed"),
                         strspn(cases[i].name, "aBJMelnrz") != strlen(cases[i].name));
        screen_free(&screen);
    }
}

static void test_typing_beyond_ascii(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 1);
    screen_go(&screen, PAGE_AUTHORITY);
    type_bytes(&screen, "J\xc3\xbc\xe2\x82\xac");
    assert_true(is_shown(&screen, "J??_"));
    (void)screen_key(&screen, KEY_RUBOUT);
    assert_string_equal(screen.operator_name, "J\xc3\xbc");
    (void)screen_key(&screen, KEY_RUBOUT);
    (void)screen_key(&screen, KEY_RUBOUT);
    (void)screen_key(&screen, KEY_RUBOUT);
    assert_string_equal(screen.operator_name, "");
    type_bytes(&screen, "\xff");
    assert_true(is_shown(&screen, "A character was left out")); /* not only at the next key */
    /* No half of a character is left at the end, nor where another field begins. */
    for (int i = 0; i < SCREEN_NAME_SIZE - 2; i++)
        (void)screen_key(&screen, 'x');
    type_bytes(&screen, "\xc3\xbc");
    assert_int_equal(strlen(screen.operator_name), SCREEN_NAME_SIZE - 2);
    type_bytes(&screen, "y\xc3");
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_NONE);
    assert_true(screen.field == 0 && is_shown(&screen, "A character was left out"));
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_NONE);
    assert_int_equal(screen.field, 1);
    type_bytes(&screen, "\xc3\xbc");
    assert_string_equal(screen.ticket, "\xc3\xbc");
    /* Words that are compared, and passwords, are ASCII, and that is said. */
    static const enum page pages[] = {PAGE_SECRET, PAGE_CONFIRM, PAGE_STOP};
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        screen_go(&screen, pages[i]);
        screen.asked = 0;
        type_bytes(&screen, "\xc3\xbc");
        assert_true(is_shown(&screen, "Only characters of ASCII"));
        assert_true(screen.typed[0] == '\0' && screen.secret[0] == '\0');
    }
    screen_go(&screen, PAGE_PASSPHRASE);
    type_bytes(&screen, "\xc3\xbc");
    assert_string_equal(screen.secret, "\xc3\xbc");
    screen_free(&screen);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_wrong_serial),
    cmocka_unit_test(test_several),
    cmocka_unit_test(test_resized_while_half_scrolled),
    cmocka_unit_test(test_what_was_not_drawn_was_not_seen),
    cmocka_unit_test(test_a_disk_longer_than_the_window),
    cmocka_unit_test(test_too_small),
    cmocka_unit_test(test_secrets),
    cmocka_unit_test(test_names_beyond_ascii),
    cmocka_unit_test(test_typing_beyond_ascii),
};

TEST_MAIN(tests)
