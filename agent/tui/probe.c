#include "probe.h"

#include "quietus/clock.h"

#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Long enough for serial over LAN to a busy BMC: an answer that comes later is taken for keys. */
enum { ANSWER_MS = 1000, MOST_CELLS = 1000 };

/* Digits and the sign behind them; 0 if they are not there. */
static unsigned take_number(const char **text, char end) {
    unsigned value = 0;
    for (; **text >= '0' && **text <= '9' && value < MOST_CELLS * 10; (*text)++)
        value = 10 * value + (unsigned)(**text - '0');
    if (**text != end)
        return 0;
    (*text)++;
    return value;
}

bool probe_decode(const char *text, unsigned *row, unsigned *column) {
    for (const char *p = strchr(text, '\033'); p; p = strchr(p + 1, '\033')) {
        const char *at = p + 2;
        if (p[1] != '[')
            continue;
        *row = take_number(&at, ';');
        *column = *row ? take_number(&at, 'R') : 0;
        if (*column)
            return true;
    }
    return false;
}

/* Sends something and asks where the cursor is then (ECMA-48, DSR with parameter 6). */
static bool cursor_after(int fd, const char *text, unsigned *row, unsigned *column) {
    static const char where[] = "\033[6n";
    char answer[64] = "";
    size_t used = 0;
    (void)tcflush(fd, TCIFLUSH);
    if (write(fd, text, strlen(text)) < 0 || write(fd, where, strlen(where)) < 0)
        return false;
    const int64_t until = clock_monotonic_ms() + ANSWER_MS;
    while (used + 1 < sizeof answer) {
        const int64_t left = until - clock_monotonic_ms();
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&wanted, 1, (int)left) <= 0)
            return false;
        const ssize_t got = read(fd, answer + used, sizeof answer - 1 - used);
        if (got <= 0)
            return false;
        used += (size_t)got;
        answer[used] = '\0';
        if (probe_decode(answer, row, column))
            return true;
    }
    return false;
}

void probe_terminal(int fd, struct probe *out) {
    unsigned row = 0;
    unsigned column = 0;
    *out = (struct probe){0};
    /* The upper half block, in UTF-8. */
    if (!cursor_after(fd, "\r\xe2\x96\x80", &row, &column))
        return;
    out->answers = true;
    out->utf8 = column == 2;
    if (cursor_after(fd, "\033[999;999H", &row, &column)) {
        out->rows = row < MOST_CELLS ? row : 0;
        out->columns = column < MOST_CELLS ? column : 0;
    }
}
