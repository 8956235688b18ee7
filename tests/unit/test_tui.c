/* The technician's screen without a terminal: what it shows, and what keys do. */
#include "quietus/json.h"

#include "screen_setup.h"
#include "test.h"

/* Every page at every size, with more disks than lines, at work and ended. */
static void test_sizes(void **state) {
    (void)state;
    static const struct {
        unsigned columns;
        unsigned rows;
    } sizes[] = {{80, 24}, {40, 10}, {20, 5}, {1, 1}, {132, 50}, {398, 100}};
    struct screen screen;
    start_screen(&screen, 60);
    (void)screen_key(&screen, 'a');
    text_copy(screen.record_id, sizeof screen.record_id, "5537ffccc010-record");
    (void)snprintf(screen.record_digest, sizeof screen.record_digest, "sha256:%064d", 7);
    (void)snprintf(screen.problems, sizeof screen.problems, "one\n%0300d\n", 1);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .unsaved = 3, .incomplete = true};
    for (size_t i = 0; i < 60; i++) {
        struct screen_run *run = &screen.disks[i].run;
        *run = (struct screen_run){.at_work = true, .phase = (enum phase)(i % PHASE_ENDED)};
        run->ended = i % 3 == 0;
        run->what = (enum disposition)(i % DISPOSITION_COUNT);
        run->done = i;
        run->total = 60;
        run->rate = 3;
        run->parts = 2;
        run->temperature = 41;
        (void)snprintf(run->words, sizeof run->words, "%0200d", 4);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        screen.columns = sizes[i].columns;
        screen.rows = sizes[i].rows;
        for (int page = 0; page < PAGE_COUNT; page++) {
            screen.asked = 5;
            screen_go(&screen, (enum page)page);
            screen.code_of_record = true;
            assert_sound(&screen);
            screen_say(&screen, "%s", "a message that is longer than one line of a small screen");
            assert_sound(&screen);
            for (int key = KEY_GO_UP; i < 3 && key <= KEY_GO_END; key++) {
                (void)screen_key(&screen, key);
                assert_sound(&screen);
                screen.page = (enum page)page;
            }
        }
    }
    screen_free(&screen);
}

static void test_sixty_disks_scroll(void **state) {
    (void)state;
    static const unsigned rows[] = {24, 12, SCREEN_LEAST_ROWS};
    struct screen screen;
    start_screen(&screen, 60);
    for (size_t k = 0; k < COUNT_OF(rows); k++) {
        char serial[32];
        screen.rows = rows[k];
        (void)screen_key(&screen, KEY_GO_HOME);
        for (size_t i = 0; i < 60; i++) {
            (void)snprintf(serial, sizeof serial, "SERIAL-%zu ", i);
            assert_int_equal(screen.cursor, i);
            assert_true(is_shown(&screen, serial));
            (void)screen_key(&screen, i % 2 ? 'j' : KEY_GO_DOWN);
        }
        assert_int_equal(screen.cursor, 59);
    }
    (void)screen_key(&screen, KEY_PAGE_UP);
    assert_true(screen.cursor < 59);
    screen_free(&screen);
}

/* What the words mean is told from where they stand, and the way back leads there. */
static void test_help(void **state) {
    (void)state;
    static const enum page pages[] = {PAGE_DISKS, PAGE_PLAN, PAGE_RESULT};
    struct screen screen;
    start_screen(&screen, 1);
    (void)screen_key(&screen, ' ');
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        screen_go(&screen, pages[i]);
        (void)screen_key(&screen, 'h');
        assert_true(is_shown(&screen, "even from a laboratory"));
        (void)screen_key(&screen, KEY_ESCAPE);
        assert_int_equal(screen.page, pages[i]);
    }
    screen.disks[0].run = (struct screen_run){.ended = true, .what = DISPOSITION_FAILED};
    assert_true(is_shown(&screen, "Take it that its data is still there"));
    screen_free(&screen);
}

/* A locked disk is seen as locked wherever it is looked at, with what opens it. */
static void test_locked(void **state) {
    (void)state;
    struct screen screen;
    struct scan scan = {.findings = json_new_array()};
    start_screen(&screen, 0);
    add_screen_disk(&scan, "ATA", "MODEL");
    add_screen_disk(&scan, "TCG", "MODEL");
    add_screen_disk(&scan, "", "MODEL");
    for (size_t i = 0; i < 3; i += 2) {
        scan.disks[i]->has_ata = true;
        scan.disks[i]->ata.security = (struct ata_security){.supported = true, .locked = true};
    }
    scan.disks[1]->tcg = (struct tcg_discovery){
        .known = true, .classes = TCG_OPAL_2, .locking = true, .locking_enabled = true};
    scan.disks[1]->tcg.locked = true;
    take_scan(&screen, &scan);
    assert_true(is_shown(&screen, "LOCKED MODEL"));
    assert_true(is_shown(&screen, "LOCKED by an ATA password") && is_shown(&screen, "you are"));
    assert_true(screen.disks[0].wants_password && !screen.disks[0].wants_psid);
    (void)screen_key(&screen, KEY_GO_DOWN);
    assert_true(is_shown(&screen, "by TCG security (Opal 2)") && is_shown(&screen, "label opens"));
    assert_true(screen.disks[1].wants_psid && !screen.disks[1].wants_password);
    (void)screen_key(&screen, KEY_RETURN);
    assert_true(is_shown(&screen, "by TCG security (Opal 2)"));
    /* Without a serial number nobody could be asked for its password. */
    assert_false(screen.disks[2].wants_password);
    assert_null(strstr(screen.disks[2].locked, "asked"));
    scan.disks[0]->ata.security.count_expired = true;
    take_scan(&screen, &scan);
    assert_non_null(strstr(screen.disks[0].locked, "switch the machine off"));
    scan_free(&scan);
    screen_free(&screen);
}

/* A disk that was chosen and is gone at the next scan is told, and chosen no more; who came in its
 * place is not chosen. */
static void test_disk_vanishes(void **state) {
    (void)state;
    struct screen screen;
    struct scan scan = {.findings = json_new_array()};
    start_screen(&screen, 2);
    (void)screen_key(&screen, 'a');
    add_screen_disk(&scan, "SERIAL-1", "MODEL");
    add_screen_disk(&scan, "OTHER", "MODEL");
    take_scan(&screen, &scan);
    assert_int_equal(screen_chosen(&screen), 1);
    assert_true(screen.disks[0].chosen && !screen.disks[1].chosen);
    assert_true(is_shown(&screen, "SERIAL-0, which was chosen, is gone"));
    /* Nor is any, if two could be meant. */
    add_screen_disk(&scan, "SERIAL-1", "MODEL");
    take_scan(&screen, &scan);
    assert_int_equal(screen_chosen(&screen), 0);
    scan_free(&scan);
    screen_free(&screen);
}

static void test_what_cannot_be_chosen(void **state) {
    (void)state;
    struct screen screen;
    struct scan scan = {.findings = json_new_array()};
    start_screen(&screen, 0);
    assert_true(is_shown(&screen, "No disk was found"));
    add_screen_disk(&scan, "BOOT", "STICK");
    add_screen_disk(&scan, "USED", "MODEL");
    add_screen_disk(&scan, "FREE", "MODEL");
    scan.disks[0]->boot_medium = true;
    text_copy(scan.disks[0]->boot_reason, sizeof scan.disks[0]->boot_reason, "it booted");
    scan.disks[1]->in_use = true;
    text_copy(scan.disks[1]->use_reason, sizeof scan.disks[1]->use_reason, "mounted");
    take_scan(&screen, &scan);
    assert_int_equal(screen_key(&screen, ' '), ACTION_NONE);
    assert_int_equal(screen_chosen(&screen), 0);
    assert_true(is_shown(&screen, "boot medium: it booted"));
    (void)screen_key(&screen, 'a');
    assert_int_equal(screen_chosen(&screen), 1);
    assert_true(screen.disks[2].chosen);
    scan_free(&scan);
    screen_free(&screen);
}

/* What a disk, a file system or a finding says of itself does not reach the terminal as a command.
 */
static void test_hostile_texts(void **state) {
    (void)state;
    static const char hostile[] = "\x1b[2J\x1b]0;x\a\r\b\x9b"
                                  "31m\xe2\x80\xae\xc2\x9b\xff";
    struct screen screen;
    start_screen(&screen, 2);
    struct screen_disk *disk = &screen.disks[0];
    char *const texts[] = {disk->name, disk->kind, disk->model, disk->holds, disk->run.words};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        (void)snprintf(texts[i], 20, "%s", hostile);
    free(disk->about);
    free(disk->plan);
    free(screen.findings);
    disk->about = strdup(hostile);
    disk->plan = strdup(hostile);
    screen.findings = strdup(hostile);
    screen.finding_count = 1;
    text_copy(screen.server, sizeof screen.server, hostile);
    disk->chosen = true;
    disk->run.at_work = true;
    disk->run.ended = true;
    for (int page = 0; page < PAGE_COUNT; page++) {
        screen.asked = 0;
        screen_go(&screen, (enum page)page);
        screen_say(&screen, "%s", hostile);
        assert_sound(&screen);
    }
    char out[64];
    assert_string_equal(screen_text(out, sizeof out,
                                    "a\xc3\xb6\x1b"
                                    "b\nc"),
                        "a??b\nc");
    screen_free(&screen);
}

static void test_lines(void **state) {
    (void)state;
    struct lines lines = {0};
    lines_wrap(&lines, STYLE_PLAIN, 12, 0, "one two three\n\nfourfivesixseven");
    static const char *const expected[] = {"one two", "  three", "", "fourfivesixs", "  even"};
    assert_int_equal(lines.count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_string_equal(lines.list[i].text, expected[i]);
    lines_free(&lines);
}

/* For each disk: phase, how far, how fast, how long yet, how warm; at 80x24 in its row, where there
 * are fewer columns for the one under the cursor. */
static void test_what_a_run_shows(void **state) {
    (void)state;
    static const struct {
        struct screen_run run;
        const char *row;  /* at 80 columns */
        const char *rest; /* at 40 */
    } cases[] = {
        {{.phase = PHASE_WRITING, .done = 1, .total = 35000000000001, .rate = 99400000},
         "writing [..........]   0 % 99.4 MB/s 97 h 48 min left 41 C",
         "99.4 MB/s 97 h 48 min left 41 C"},
        {{.phase = PHASE_WRITING, .part = 12, .parts = 35, .done = 50, .total = 100, .rate = 1},
         "writing 12/35 [##..]  50 % 1 B/s 50 s left 41 C",
         "1 B/s 50 s left 41 C"},
        {{.phase = PHASE_VERIFYING, .part = 1, .parts = 2, .done = 0, .total = 9206, .rate = 85},
         "verifying 1/2 [....]   0 % 85 reads/s 1 min 48 s left 41 C",
         "85 reads/s 1 min 48 s left 41 C"},
        {{.phase = PHASE_FORMATTING, .part = 12, .parts = 16, .done = 50, .total = 100, .rate = 1},
         "formatting 12/16 [##..]  50 % 50 s left 41 C",
         "50 s left 41 C"},
        {{.phase = PHASE_SANITIZING, .done = 99, .total = 100, .rate = 1},
         "sanitizing [######.]  99 % 1 s left 41 C",
         "1 s left 41 C"},
    };
    struct screen screen;
    start_screen(&screen, COUNT_OF(cases));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        screen.disks[i].run = cases[i].run;
        screen.disks[i].run.at_work = true;
        screen.disks[i].run.temperature = 41;
    }
    screen_go(&screen, PAGE_RUN);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(is_shown(&screen, cases[i].row));
    screen_resize(&screen, SCREEN_LEAST_COLUMNS, SCREEN_LEAST_ROWS);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(is_shown(&screen, cases[i].rest));
        (void)screen_key(&screen, KEY_GO_DOWN);
    }
    screen_free(&screen);
}

static void test_stop(void **state) {
    (void)state;
    struct screen screen;
    start_screen(&screen, 1);
    screen.disks[0].run.at_work = true;
    screen_go(&screen, PAGE_RUN);
    assert_int_equal(screen_key(&screen, 'q'), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_RUN);
    assert_int_equal(screen_key(&screen, KEY_CONTROL_C), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_STOP);
    assert_int_equal(type_text(&screen, "yes"), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_RUN);
    (void)screen_key(&screen, KEY_CONTROL_C);
    assert_int_equal(type_text(&screen, "stop"), ACTION_STOP);
    (void)screen_key(&screen,
                     KEY_CONTROL_C); /* once is enough: a second signal would end it at once */
    assert_int_equal(screen.page, PAGE_RUN);
    screen_free(&screen);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sizes),
    cmocka_unit_test(test_sixty_disks_scroll),
    cmocka_unit_test(test_help),
    cmocka_unit_test(test_locked),
    cmocka_unit_test(test_disk_vanishes),
    cmocka_unit_test(test_what_cannot_be_chosen),
    cmocka_unit_test(test_hostile_texts),
    cmocka_unit_test(test_lines),
    cmocka_unit_test(test_what_a_run_shows),
    cmocka_unit_test(test_stop),
};

TEST_MAIN(tests)
