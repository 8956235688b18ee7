/* The technician's screen without a terminal: what it shows, and what keys do. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/interrupt.h"
#include "quietus/json.h"

#include "../../agent/tui/code.h"
#include "../../agent/tui/keeping.h"
#include "../../agent/tui/model.h"
#include "../../agent/tui/probe.h"
#include "../../agent/tui/screen.h"
#include "../../agent/tui/thermometer.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void add_disk(struct scan *scan, const char *serial, const char *model) {
    struct disk *disk = disk_new();
    disk->number = (unsigned)scan->disk_count + 1;
    disk->bus = BUS_SATA;
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.lba_size = 512, .lba_count = 2048};
    (void)snprintf(disk->areas[0].node, DISK_NODE_SIZE, "/dev/sd%zu", scan->disk_count);
    text_copy(disk->identity.serial, TEXT_FIELD_SIZE, serial);
    text_copy(disk->identity.model, TEXT_FIELD_SIZE, model);
    disk->identity.capacity = 1 << 20;
    scan->disks = realloc(scan->disks, (scan->disk_count + 1) * sizeof *scan->disks);
    assert_non_null(scan->disks);
    scan->disks[scan->disk_count++] = disk;
}

static void take(struct screen *screen, const struct scan *scan) {
    struct policy policy;
    policy_default(&policy);
    model_take(screen, scan, &policy);
}

/* A screen with so many disks, SERIAL-0 and so on. */
static void start(struct screen *screen, size_t count) {
    struct scan scan = {.server = {.serial = "SRV"}, .findings = json_new_array()};
    char serial[32];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(serial, sizeof serial, "SERIAL-%zu", i);
        add_disk(&scan, serial, "MODEL");
    }
    *screen = (struct screen){.columns = 80, .rows = 24, .half_blocks = true, .machine = true};
    take(screen, &scan);
    scan_free(&scan);
    screen_go(screen, PAGE_DISKS);
}

static enum action type(struct screen *screen, const char *text) {
    for (const char *p = text; *p; p++)
        assert_int_equal(screen_key(screen, *p), ACTION_NONE);
    return screen_key(screen, KEY_RETURN);
}

static bool is_shown(const struct screen *screen, const char *text) {
    struct lines lines;
    bool found = false;
    screen_draw(screen, &lines);
    for (size_t i = 0; i < lines.count; i++)
        found = found || strstr(lines.list[i].text, text);
    lines_free(&lines);
    return found;
}

/* As many lines as the screen has, none longer, nothing in them that a terminal obeys. */
static void assert_sound(const struct screen *screen) {
    struct lines lines;
    screen_draw(screen, &lines);
    assert_int_equal(lines.count, screen->rows);
    for (size_t i = 0; i < lines.count; i++) {
        const char *text = lines.list[i].text;
        assert_true(strlen(text) <= screen->columns);
        for (const char *p = text; *p; p++)
            assert_true(*p >= ' ' && *p <= '~');
    }
    lines_free(&lines);
}

/* From the list to the page where a confirmation is typed. */
static void go_to_confirmation(struct screen *screen) {
    assert_int_equal(screen_key(screen, 'n'), ACTION_NONE);
    assert_int_equal(screen->page, PAGE_PLAN);
    assert_int_equal(screen_key(screen, 'n'), ACTION_NONE);
    assert_int_equal(screen->page, PAGE_AUTHORITY);
    assert_int_equal(screen_key(screen, KEY_RETURN), ACTION_NONE);
    assert_true(is_shown(screen, "A name is needed"));
    assert_int_equal(type(screen, "Ann"), ACTION_NONE);
    assert_int_equal(type(screen, "T-1"), ACTION_NONE);
}

static void test_wrong_serial(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 3);
    assert_int_equal(screen_key(&screen, 'n'), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_DISKS); /* none is chosen */
    assert_int_equal(screen_key(&screen, KEY_GO_DOWN), ACTION_NONE);
    assert_int_equal(screen_key(&screen, ' '), ACTION_NONE);
    go_to_confirmation(&screen);
    assert_int_equal(screen.page, PAGE_CONFIRM);
    assert_true(is_shown(&screen, "SERIAL-1"));
    assert_int_equal(screen_key(&screen, KEY_RETURN), ACTION_NONE);
    assert_int_equal(type(&screen, "yes"), ACTION_NONE);
    assert_int_equal(type(&screen, "SERIAL-0"), ACTION_NONE);
    assert_int_equal(type(&screen, "one"), ACTION_NONE);
    assert_true(is_shown(&screen, "Nothing was done"));
    assert_int_equal(type(&screen, "SERIAL-1"), ACTION_ERASE);
    assert_string_equal(screen.typed, "SERIAL-1");
    assert_string_equal(screen.operator_name, "Ann");
    assert_string_equal(screen.ticket, "T-1");
    screen_free(&screen);
}

/* All of several disks have to be seen, and their number typed in words. */
static void test_several(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 21);
    (void)screen_key(&screen, 'a');
    assert_int_equal(screen_chosen(&screen), 21);
    go_to_confirmation(&screen);
    assert_int_equal(screen.page, PAGE_CONFIRM);
    assert_int_equal(type(&screen, "twenty-one"), ACTION_NONE);
    assert_true(is_shown(&screen, "Look at all of them first"));
    screen.typed[0] = '\0';
    (void)screen_key(&screen, KEY_GO_END); /* does not jump over any */
    assert_false(screen.seen);
    for (int i = 0; i < 8; i++)
        (void)screen_key(&screen, KEY_PAGE_DOWN);
    assert_true(screen.seen && is_shown(&screen, "SERIAL-20"));
    assert_int_equal(type(&screen, "21"), ACTION_NONE);
    assert_int_equal(type(&screen, "SERIAL-0"), ACTION_NONE);
    assert_int_equal(type(&screen, "twenty-one"), ACTION_ERASE);
    screen_free(&screen);
}

/* Every page at every size, with more disks than lines, at work and ended. */
static void test_sizes(void **state) {
    (void)state;
    static const struct {
        unsigned columns;
        unsigned rows;
    } sizes[] = {{80, 24}, {40, 10}, {20, 5}, {1, 1}, {132, 50}, {398, 100}};
    struct screen screen;
    start(&screen, 60);
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
    start(&screen, 60);
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

/* What cannot be read is not confirmed: no key counts, and nothing was seen. */
static void test_too_small(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 2);
    (void)screen_key(&screen, 'a');
    go_to_confirmation(&screen);
    screen_go(&screen, PAGE_AUTHORITY);
    screen.columns = SCREEN_LEAST_COLUMNS - 1;
    screen_go(&screen, PAGE_CONFIRM);
    assert_false(screen.seen);
    assert_true(is_shown(&screen, "Too small: 39x24"));
    assert_int_equal(type(&screen, "two"), ACTION_NONE);
    assert_string_equal(screen.typed, "");
    screen.columns = SCREEN_LEAST_COLUMNS;
    screen.rows = SCREEN_LEAST_ROWS - 1;
    assert_int_equal(type(&screen, "two"), ACTION_NONE);
    screen.rows = 24;
    screen_settle(&screen);
    assert_true(is_shown(&screen, "EVERYTHING"));
    assert_int_equal(type(&screen, "two"), ACTION_ERASE);
    screen_free(&screen);
}

/* What the words mean is told from where they stand, and the way back leads there. */
static void test_help(void **state) {
    (void)state;
    static const enum page pages[] = {PAGE_DISKS, PAGE_PLAN, PAGE_RESULT};
    struct screen screen;
    start(&screen, 1);
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
    start(&screen, 0);
    add_disk(&scan, "ATA", "MODEL");
    add_disk(&scan, "TCG", "MODEL");
    add_disk(&scan, "", "MODEL");
    for (size_t i = 0; i < 3; i += 2) {
        scan.disks[i]->has_ata = true;
        scan.disks[i]->ata.security = (struct ata_security){.supported = true, .locked = true};
    }
    scan.disks[1]->tcg = (struct tcg_discovery){
        .known = true, .classes = TCG_OPAL_2, .locking = true, .locking_enabled = true};
    scan.disks[1]->tcg.locked = true;
    take(&screen, &scan);
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
    take(&screen, &scan);
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
    start(&screen, 2);
    (void)screen_key(&screen, 'a');
    add_disk(&scan, "SERIAL-1", "MODEL");
    add_disk(&scan, "OTHER", "MODEL");
    take(&screen, &scan);
    assert_int_equal(screen_chosen(&screen), 1);
    assert_true(screen.disks[0].chosen && !screen.disks[1].chosen);
    assert_true(is_shown(&screen, "SERIAL-0, which was chosen, is gone"));
    /* Nor is any, if two could be meant. */
    add_disk(&scan, "SERIAL-1", "MODEL");
    take(&screen, &scan);
    assert_int_equal(screen_chosen(&screen), 0);
    scan_free(&scan);
    screen_free(&screen);
}

static void test_what_cannot_be_chosen(void **state) {
    (void)state;
    struct screen screen;
    struct scan scan = {.findings = json_new_array()};
    start(&screen, 0);
    assert_true(is_shown(&screen, "No disk was found"));
    add_disk(&scan, "BOOT", "STICK");
    add_disk(&scan, "USED", "MODEL");
    add_disk(&scan, "FREE", "MODEL");
    scan.disks[0]->boot_medium = true;
    text_copy(scan.disks[0]->boot_reason, sizeof scan.disks[0]->boot_reason, "it booted");
    scan.disks[1]->in_use = true;
    text_copy(scan.disks[1]->use_reason, sizeof scan.disks[1]->use_reason, "mounted");
    take(&screen, &scan);
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
    start(&screen, 2);
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

/* A password is asked for, not shown, and wiped; an empty one is passed over. */
static void test_secrets(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 3);
    (void)screen_key(&screen, 'a');
    screen.disks[1].wants_password = true;
    screen.disks[2].wants_psid = true;
    screen.key_sealed = true;
    go_to_confirmation(&screen);
    assert_int_equal(screen.page, PAGE_SECRET);
    assert_true(is_shown(&screen, "SERIAL-1") && is_shown(&screen, "user password"));
    assert_int_equal(type(&screen, "open sesame"), ACTION_SECRET);
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
    assert_int_equal(type(&screen, "battery staple"), ACTION_OPEN_KEY);
    assert_false(is_shown(&screen, "staple"));
    screen_go_on(&screen);
    assert_int_equal(screen.page, PAGE_CONFIRM);
    screen_free(&screen);
}

/* Law 8: no end before the certificates are saved, unless somebody has said so in so many words. */
static void test_end(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 1);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .unsaved = 2};
    assert_int_equal(screen_key(&screen, 'q'), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_END);
    assert_int_equal(screen_key(&screen, 'p'), ACTION_NONE);
    assert_int_equal(screen_key(&screen, 'r'), ACTION_NONE);
    assert_int_equal(type(&screen, ""), ACTION_NONE);
    assert_false(screen.may_lose);
    screen.keeping = (struct screen_keeping){.needs_stick = true, .incomplete = true};
    assert_int_equal(screen_key(&screen, 'p'), ACTION_NONE);
    assert_int_equal(type(&screen, ""), ACTION_NONE);
    assert_int_equal(type(&screen, screen_lose_text), ACTION_NONE);
    assert_true(screen.may_lose);
    assert_int_equal(screen_key(&screen, 'p'), ACTION_POWER_OFF);
    screen.may_lose = false;
    screen.keeping = (struct screen_keeping){.needs_stick = true, .saved = 2};
    assert_int_equal(screen_key(&screen, 'r'), ACTION_REBOOT);
    screen_free(&screen);
}

/* What a second stick has not taken is not said to be on it; and of an earlier run nothing is said.
 */
static void test_saved_again(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 1);
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
    start(&screen, 1);
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

static void test_stop(void **state) {
    (void)state;
    struct screen screen;
    start(&screen, 1);
    screen.disks[0].run.at_work = true;
    screen_go(&screen, PAGE_RUN);
    assert_int_equal(screen_key(&screen, 'q'), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_RUN);
    assert_int_equal(screen_key(&screen, KEY_CONTROL_C), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_STOP);
    assert_int_equal(type(&screen, "yes"), ACTION_NONE);
    assert_int_equal(screen.page, PAGE_RUN);
    (void)screen_key(&screen, KEY_CONTROL_C);
    assert_int_equal(type(&screen, "stop"), ACTION_STOP);
    (void)screen_key(&screen,
                     KEY_CONTROL_C); /* once is enough: a second signal would end it at once */
    assert_int_equal(screen.page, PAGE_RUN);
    screen_free(&screen);
}

enum { SCALE = 4 };

/* A picture of the lines, as a terminal shows them: PGM. */
static void paint(const struct lines *lines, FILE *out) {
    const bool wide = lines->list[0].style == STYLE_WIDE;
    const unsigned columns = lines->list[0].style_columns / (wide ? 2 : 1);
    const size_t rows = lines->count * (wide ? 1 : 2);
    (void)fprintf(out, "P5 %u %zu 255\n", columns * SCALE, rows * SCALE);
    for (size_t y = 0; y < rows * SCALE; y++) {
        for (unsigned x = 0; x < columns * SCALE; x++) {
            const size_t row = y / SCALE;
            const char sign = lines->list[wide ? row : row / 2].text[x / SCALE * (wide ? 2 : 1)];
            const bool dark = sign == CODE_DARK || sign == (row % 2 ? CODE_LOWER : CODE_UPPER);
            (void)fputc(dark ? 0 : 255, out);
        }
    }
}

/* A reader of QR codes that is not ours reads what was meant, in both drawings. */
static void test_code(void **state) {
    (void)state;
    static const enum style styles[] = {STYLE_CODE, STYLE_WIDE};
    static const char digest[] =
        "sha256:afc30de6dd233b2f12a5ece00cd7ef278ba6a9c7d8b16ea1dc84df2c32dbf080";
    static const char expected[] =
        "QUIETUS:5537FFCCC010-NVME0N1:SHA256:"
        "AFC30DE6DD233B2F12A5ECE00CD7EF278BA6A9C7D8B16EA1DC84DF2C32DBF080\n";
    char text[256];
    char place[] = "/tmp/quietus-code-XXXXXX";
    char command[128];
    (void)code_text(text, sizeof text, "5537ffccc010-nvme0n1", digest);
    for (size_t i = 0; i < COUNT_OF(styles); i++) {
        struct lines lines = {0};
        char read[256] = "";
        assert_int_equal(code_lines(text, styles[i], 20, 10, &lines), -ENOSPC);
        /* In half blocks it fits an old terminal. */
        const bool half = styles[i] == STYLE_CODE;
        assert_int_equal(code_lines(text, styles[i], 80, half ? 22 : 60, &lines), 0);
        const int fd = mkstemp(place);
        assert_true(fd >= 0);
        FILE *out = fdopen(fd, "w");
        assert_non_null(out);
        paint(&lines, out);
        assert_int_equal(fclose(out), 0);
        (void)snprintf(command, sizeof command, "zbarimg -q --raw %s 2>/dev/null", place);
        FILE *reader = popen(command, "r"); // NOLINT(cert-env33-c)
        assert_non_null(reader);
        (void)!fgets(read, sizeof read, reader);
        (void)pclose(reader);
        (void)unlink(place);
        strcpy(place, "/tmp/quietus-code-XXXXXX");
        lines_free(&lines);
        assert_string_equal(read, expected);
    }
}

static void test_probe(void **state) {
    (void)state;
    unsigned row = 0;
    unsigned column = 0;
    assert_true(probe_decode("\033[1;2R", &row, &column));
    assert_true(row == 1 && column == 2);
    assert_true(probe_decode("x\033[A\033[50;132Rq", &row, &column));
    assert_true(row == 50 && column == 132);
    static const char *const bad[] = {"",        "\033",      "\033[",     "\033[1;2",
                                      "\033[1R", "\033[0;2R", "\033O1;2R", "\033[-1;2R",
                                      "1;2R",    "\033[1;2n", "\033[;R"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(probe_decode(bad[i], &row, &column));
}

enum { LOOKS = 3000 }; /* fifty times a second */

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

static int degrees_after(struct thermometer *thermometer, const struct disk *disk,
                         enum phase phase) {
    const struct progress progress = {.phase = phase};
    int degrees = 0;
    for (int i = 0; i < (phase == PHASE_WRITING ? 6000 : 10) && degrees == 0; i++) {
        degrees = thermometer_look(thermometer, 0, disk, &progress);
        clock_sleep_ms(10);
    }
    return degrees;
}

/* An NVMe drive is asked while the host reads or writes, and at no other time. */
static void test_thermometer(void **state) {
    (void)state;
    char place[] = "/tmp/quietus-warm-XXXXXX";
    char folder[PATH_MAX];
    char command[64];
    assert_non_null(mkdtemp(place));
    path_format(folder, place, "/sys/class/nvme/nvme7/hwmon3");
    assert_int_equal(file_make_folders(folder, 0700), 0);
    put(folder, "temp1_input", "41850\n");
    struct disk *disk = disk_new();
    disk->commands = COMMANDS_NVME;
    disk->path_count = 1;
    text_copy(disk->paths[0].node, DISK_NODE_SIZE, "/dev/nvme7");
    interrupt_hold();
    static const enum phase phases[] = {PHASE_FORMATTING, PHASE_SANITIZING, PHASE_ERASING,
                                        PHASE_WRITING};
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        struct thermometer *thermometer = thermometer_start(place, 1, device_open);
        assert_int_equal(degrees_after(thermometer, disk, phases[i]),
                         phases[i] == PHASE_WRITING ? 41 : 0);
        thermometer_stop(thermometer);
    }
    interrupt_release();
    disk_free(disk);
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_wrong_serial),
    cmocka_unit_test(test_several),
    cmocka_unit_test(test_sizes),
    cmocka_unit_test(test_sixty_disks_scroll),
    cmocka_unit_test(test_too_small),
    cmocka_unit_test(test_help),
    cmocka_unit_test(test_locked),
    cmocka_unit_test(test_disk_vanishes),
    cmocka_unit_test(test_what_cannot_be_chosen),
    cmocka_unit_test(test_hostile_texts),
    cmocka_unit_test(test_lines),
    cmocka_unit_test(test_secrets),
    cmocka_unit_test(test_end),
    cmocka_unit_test(test_stop),
    cmocka_unit_test(test_saved_again),
    cmocka_unit_test(test_two_sticks),
    cmocka_unit_test(test_code),
    cmocka_unit_test(test_probe),
    cmocka_unit_test(test_keeping),
    cmocka_unit_test(test_keeping_on_a_stick_that_fails),
    cmocka_unit_test(test_thermometer),
};

TEST_MAIN(tests)
