#include "consoles.h"

#include "quietus/clock.h"
#include "quietus/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct console {
    const char *device;
    int fd; /* to listen on while another one has the screen; -1: cannot be used */
};

struct consoles {
    struct console *list;
    size_t count;
    size_t current; /* count: none */
    struct terminal *terminal;
    bool lost;
};

static const char invitation[] =
    "\r\n\r\nQuietus: press Enter here to have the technician's screen on this console.\r\n";
static const char elsewhere[] =
    "\r\nQuietus: the technician's screen is on another console; Enter brings it here.\r\n";

/* Best effort: a console that takes nothing must not hold the others up. */
static void tell(const struct console *console, const char *text) {
    if (console->fd >= 0)
        (void)!write(console->fd, text, strlen(text));
}

static void listen_on(struct console *console) {
    struct termios raw;
    console->fd = open(console->device, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (console->fd < 0)
        return;
    if (tcgetattr(console->fd, &raw)) {
        (void)close(console->fd);
        console->fd = -1;
        return;
    }
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    raw.c_cflag |= CLOCAL;
    raw.c_cflag &= ~(tcflag_t)CRTSCTS;
    (void)tcsetattr(console->fd, TCSANOW, &raw);
}

struct consoles *consoles_open(char *const *devices, size_t count, struct reason *reason) {
    struct consoles *consoles = memory_new(1, sizeof *consoles);
    bool any = false;
    consoles->list = memory_new(count, sizeof *consoles->list);
    consoles->count = count;
    consoles->current = count;
    for (size_t i = 0; i < count; i++) {
        consoles->list[i].device = devices[i];
        listen_on(&consoles->list[i]);
        tell(&consoles->list[i], invitation);
        any = any || consoles->list[i].fd >= 0;
    }
    if (count > 0 && !any)
        reason_set(reason, "no console can be opened: %s", strerror(errno));
    else if (count == 0)
        consoles->terminal = terminal_open(NULL, reason);
    if (any || consoles->terminal)
        return consoles;
    consoles_close(consoles);
    return NULL;
}

void consoles_close(struct consoles *consoles) {
    if (consoles->terminal)
        terminal_close(consoles->terminal);
    for (size_t i = 0; i < consoles->count; i++) {
        if (consoles->list[i].fd >= 0)
            (void)close(consoles->list[i].fd);
    }
    free(consoles->list);
    free(consoles);
}

bool consoles_lost(const struct consoles *consoles) {
    return consoles->lost;
}

struct terminal *consoles_current(const struct consoles *consoles) {
    return consoles->terminal;
}

/* True if Enter was among what was typed. */
static bool called(const struct console *console) {
    char text[64];
    const ssize_t got = read(console->fd, text, sizeof text);
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] == '\r' || text[i] == '\n')
            return true;
    }
    return false;
}

static bool hand_over(struct consoles *consoles, size_t to) {
    struct reason reason;
    struct console *console = &consoles->list[to];
    if (consoles->terminal) {
        struct console *before = &consoles->list[consoles->current];
        terminal_close(consoles->terminal);
        listen_on(before);
        tell(before, elsewhere);
    }
    (void)close(console->fd);
    console->fd = -1;
    consoles->terminal = terminal_open(console->device, &reason);
    consoles->current = to;
    if (consoles->terminal)
        return true;
    consoles->current = consoles->count;
    listen_on(console);
    tell(console, reason.text);
    return false;
}

bool consoles_wait(struct consoles *consoles, int milliseconds) {
    enum { MOST = 16 };
    struct pollfd wanted[MOST];
    size_t which[MOST];
    nfds_t count = 0;
    if (consoles->terminal)
        wanted[count++] = (struct pollfd){.fd = terminal_fd(consoles->terminal), .events = POLLIN};
    const nfds_t own = count;
    for (size_t i = 0; i < consoles->count && count < MOST; i++) {
        if (i == consoles->current || consoles->list[i].fd < 0)
            continue;
        which[count] = i;
        wanted[count++] = (struct pollfd){.fd = consoles->list[i].fd, .events = POLLIN};
    }
    if (consoles->lost) {
        clock_sleep_ms(milliseconds);
        return false;
    }
    if (poll(wanted, count, milliseconds) <= 0)
        return false;
    consoles->lost =
        own && (wanted[0].revents & (POLLHUP | POLLERR | POLLNVAL)) && consoles->count == 0;
    for (nfds_t i = own; i < count; i++) {
        if (wanted[i].revents & POLLIN) {
            if (called(&consoles->list[which[i]]))
                return hand_over(consoles, which[i]);
        } else if (wanted[i].revents) { /* it is gone */
            (void)close(consoles->list[which[i]].fd);
            consoles->list[which[i]].fd = -1;
        }
    }
    return false;
}
