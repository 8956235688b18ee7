/* A secret typed on a terminal, which does not show it. */
#include "quietus/clock.h"
#include "quietus/secrets.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* 1: a character; 0: the end of input; -ETIME; -errno. */
static int next_character(int fd, int64_t until_ms, char *out) {
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    int timeout = -1;
    if (until_ms) {
        const int64_t left = until_ms - clock_monotonic_ms();
        timeout = left > 0 ? (int)left : 0;
    }
    const int ready = poll(&wanted, 1, timeout);
    if (ready == 0)
        return -ETIME;
    if (ready < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    const ssize_t got = read(fd, out, 1);
    return got < 0 ? -errno : (int)got;
}

static int read_line(int fd, int64_t until_ms, char *out, size_t size) {
    size_t used = 0;
    bool too_long = false;
    for (;;) {
        char character = 0;
        const int got = next_character(fd, until_ms, &character);
        if (got == -EAGAIN)
            continue;
        if (got <= 0)
            return got ? got : -EINVAL;
        if (character == '\n' || character == '\r')
            break;
        if (used + 1 < size)
            out[used++] = character;
        else
            too_long = true;
    }
    out[used] = '\0';
    return too_long ? -EINVAL : 0;
}

/* The terminal may have been opened for reading alone. */
static void say(int fd, const char *text) {
    if (write(fd, text, strlen(text)) < 0)
        (void)!write(STDERR_FILENO, text, strlen(text));
}

int secret_typed(int fd, const char *prompt, unsigned seconds, char *out, size_t size) {
    struct termios before;
    if (tcgetattr(fd, &before))
        return -ENOTTY;
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    silent.c_lflag |= ICANON;
    if (tcsetattr(fd, TCSAFLUSH, &silent))
        return -ENOTTY;
    say(fd, prompt);
    const int64_t until = seconds ? clock_monotonic_ms() + (int64_t)seconds * 1000 : 0;
    const int error = read_line(fd, until, out, size);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    say(fd, "\n");
    if (error)
        sodium_memzero(out, size);
    return error;
}
