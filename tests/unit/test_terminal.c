/* The screen at a terminal: what goes over a serial line, to one that has no colour. */
#include "quietus/clock.h"

#include "../../agent/tui/screen.h"
#include "../../agent/tui/terminal.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A terminal at the other end of a serial line: it answers where its cursor is, and keeps what it
 * was sent. */
struct far_end {
    int fd;
    const char *size;     /* its answer when it is asked for its last cell */
    const char *position; /* and behind a character in UTF-8 */
    pthread_t thread;
    pthread_mutex_t lock;
    size_t answered;
    unsigned marks;
    size_t length;
    char text[1 << 20];
};

static void answer(struct far_end *end) {
    static const char question[] = "\033[6n";
    size_t asked = 0;
    for (char *p = strstr(end->text, question); p; p = strstr(p + 1, question))
        asked++;
    for (; end->answered < asked; end->answered++) {
        const char *text = end->answered % 2 ? end->size : end->position;
        assert_true(write(end->fd, text, strlen(text)) == (ssize_t)strlen(text));
    }
}

/* Until the line is closed at the other end. */
static void *take_all(void *argument) {
    struct far_end *end = argument;
    for (;;) {
        char text[4096];
        const ssize_t got = read(end->fd, text, sizeof text);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return NULL;
        (void)pthread_mutex_lock(&end->lock);
        assert_true(end->length + (size_t)got < sizeof end->text);
        memcpy(end->text + end->length, text, (size_t)got);
        end->length += (size_t)got;
        answer(end);
        (void)pthread_mutex_unlock(&end->lock);
    }
}

/* What has come when a mark comes that is sent behind it. */
static size_t received(struct far_end *end, const struct terminal *terminal) {
    enum { MARK = 1, LONGEST_MS = 60000 };
    const char mark = MARK;
    const unsigned wanted = ++end->marks;
    while (write(terminal_fd(terminal), &mark, 1) != 1) {
        assert_int_equal(errno, EAGAIN); /* the far end has something to read */
        clock_sleep_ms(1);
    }
    for (int i = 0; i < LONGEST_MS; i++) {
        unsigned seen = 0;
        (void)pthread_mutex_lock(&end->lock);
        const size_t length = end->length;
        for (size_t k = 0; k < length; k++)
            seen += end->text[k] == mark;
        (void)pthread_mutex_unlock(&end->lock);
        if (seen == wanted)
            return length;
        clock_sleep_ms(1);
    }
    fail_msg("the mark has not come");
    return 0;
}

static struct terminal *connect_line(struct far_end *end) {
    char name[64];
    struct reason reason;
    end->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(end->fd >= 0 && grantpt(end->fd) == 0 && unlockpt(end->fd) == 0);
    assert_int_equal(ptsname_r(end->fd, name, sizeof name), 0);
    (void)pthread_mutex_init(&end->lock, NULL);
    const int held =
        open(name, O_RDWR | O_NOCTTY | O_CLOEXEC); /* a line is there before its user */
    assert_true(held >= 0);
    assert_int_equal(pthread_create(&end->thread, NULL, take_all, end), 0);
    struct terminal *terminal = terminal_open(name, &reason);
    if (!terminal)
        fail_msg("%s", reason.text);
    (void)close(held);
    return terminal;
}

static void disconnect(struct terminal *terminal, struct far_end *end) {
    terminal_close(terminal);
    (void)pthread_join(end->thread, NULL);
    (void)close(end->fd);
    (void)pthread_mutex_destroy(&end->lock);
}

enum { DISKS = 60, MB = 1000000 };

static void start_run(struct screen *screen) {
    *screen = (struct screen){.machine = true, .version = "Quietus"};
    screen->disks = calloc(DISKS, sizeof *screen->disks);
    assert_non_null(screen->disks);
    screen->disk_count = DISKS;
    for (size_t i = 0; i < DISKS; i++) {
        struct screen_disk *disk = &screen->disks[i];
        (void)snprintf(disk->serial, sizeof disk->serial, "WD-WMC4N%05zu", i);
        disk->chosen = true;
        disk->run = (struct screen_run){
            .at_work = true,
            .phase = PHASE_WRITING,
            .part = 1,
            .parts = 1,
            .total = 18000000 * (uint64_t)MB,
        };
    }
}

/* Half a second later. Each figure of each disk is another one, as with disks that are fast. */
static void go_on(struct screen *screen, unsigned step) {
    screen->seconds = step / 2;
    for (unsigned i = 0; i < DISKS; i++) {
        struct screen_run *run = &screen->disks[i].run;
        run->rate = (150 + (step * 37 + i * 11) % 100) * (uint64_t)MB;
        run->done += 90000 * (uint64_t)MB + run->rate / 2;
        run->temperature = 30 + (int)((step + i) % 20);
    }
}

static void draw(struct terminal *terminal, struct screen *screen) {
    struct lines lines;
    terminal_size(terminal, &screen->columns, &screen->rows);
    screen_settle(screen);
    screen_draw(screen, &lines);
    terminal_draw(terminal, &lines);
    lines_free(&lines);
}

/* Bytes of a second of a run in which sixty disks are all seen and all change. */
static size_t bytes_in_a_second(struct far_end *end) {
    enum { SECONDS = 5 };
    struct screen screen;
    struct terminal *terminal = connect_line(end);
    start_run(&screen);
    screen_go(&screen, PAGE_RUN);
    draw(terminal, &screen);
    assert_true(screen.rows == 66 && screen.columns == 132);
    const size_t first = received(end, terminal);
    for (unsigned step = 1; step <= 2 * SECONDS; step++) {
        go_on(&screen, step);
        draw(terminal, &screen);
    }
    const size_t last = received(end, terminal);
    disconnect(terminal, end);
    screen_free(&screen);
    return (last - first) / SECONDS;
}

static bool has(const struct far_end *end, const char *text) {
    return memmem(end->text, end->length, text, strlen(text)) != NULL;
}

/* ECMA-48, SGR: 30 to 49 are colours, and from 90 on on some terminals. */
static bool has_colour(const struct far_end *end) {
    for (const char *p = strstr(end->text, "\033["); p; p = strstr(p, "\033[")) {
        bool colour = false;
        p += 2;
        for (;; p++) {
            char *after;
            const unsigned long number = strtoul(p, &after, 10);
            colour = colour || (number >= 30 && number <= 49) || number >= 90;
            p = after;
            if (*p != ';')
                break;
        }
        if (colour && *p == 'm')
            return true;
    }
    return false;
}

/* 115200 baud are 11520 bytes in a second. And a vt220 is sent no colour, no line drawing and, if
 * it knows no UTF-8, no character beyond ASCII but that by which it was asked. */
static void test_sixty_disks_over_a_serial_line(void **state) {
    (void)state;
    enum { LINE = 11520 };
    static struct far_end end = {.size = "\033[66;132R", .position = "\033[1;4R"};
    const size_t bytes = bytes_in_a_second(&end);
    print_message("%zu bytes in a second\n", bytes);
    assert_true(bytes > 0 && bytes < LINE / 2);
    assert_true(has(&end, "WD-WMC4N00059"));
    assert_false(has_colour(&end));
    assert_false(has(&end, "\033(0") || has(&end, "\016"));
    size_t beyond = 0;
    for (size_t i = 0; i < end.length; i++)
        beyond += (unsigned char)end.text[i] > '~';
    assert_int_equal(beyond, 3); /* the upper half block */
}

/* A key's bytes beyond ASCII come through as they are. */
static void test_keys_beyond_ascii(void **state) {
    (void)state;
    static const char typed[] = "a\xc3\xbc\x9b\xff";
    static struct far_end end = {.size = "\033[24;80R", .position = "\033[1;2R"};
    struct terminal *terminal = connect_line(&end);
    assert_int_equal(write(end.fd, typed, sizeof typed - 1), sizeof typed - 1);
    for (size_t i = 0; i < sizeof typed - 1; i++) {
        int key = TERMINAL_NOTHING;
        for (int k = 0; k < 5000 && key == TERMINAL_NOTHING; k++) {
            key = terminal_key(terminal);
            clock_sleep_ms(1);
        }
        assert_int_equal(key, (unsigned char)typed[i]);
    }
    disconnect(terminal, &end);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_keys_beyond_ascii),
    cmocka_unit_test(test_sixty_disks_over_a_serial_line),
};
TEST_MAIN(tests)
