#include "console.h"

#include "quietus/condition.h"
#include "quietus/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct saying {
    int fd;
    char *text;
    struct saying *next;
};

struct console {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct saying *first; /* stays in the list until it is written */
    struct saying **end;
    bool stop;
    bool stopped;
};

/* A reader that is gone, or a full disk behind a redirection: nobody is left to tell. */
static void write_out(int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t put = write(fd, text, left);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return;
        text += put;
        left -= (size_t)put;
    }
}

static void drop_first(struct console *console) {
    struct saying *done = console->first;
    console->first = done->next;
    if (!console->first)
        console->end = &console->first;
    free(done->text);
    free(done);
}

static void *write_all(void *argument) {
    struct console *console = argument;
    (void)pthread_mutex_lock(&console->lock);
    for (;;) {
        while (!console->first && !console->stop)
            (void)pthread_cond_wait(&console->changed, &console->lock);
        if (!console->first)
            break;
        const struct saying *saying = console->first;
        (void)pthread_mutex_unlock(&console->lock);
        write_out(saying->fd, saying->text);
        (void)pthread_mutex_lock(&console->lock);
        drop_first(console);
    }
    console->stopped = true;
    (void)pthread_cond_broadcast(&console->changed);
    (void)pthread_mutex_unlock(&console->lock);
    return NULL;
}

struct console *console_new(void) {
    struct console *console = memory_new(1, sizeof *console);
    console->end = &console->first;
    (void)pthread_mutex_init(&console->lock, NULL);
    condition_init(&console->changed);
    memory_require(pthread_create(&console->thread, NULL, write_all, console) == 0);
    return console;
}

void console_say(struct console *console, int fd, const char *text) {
    struct saying *saying = memory_new(1, sizeof *saying);
    saying->fd = fd;
    saying->text = memory_text(text);
    (void)pthread_mutex_lock(&console->lock);
    *console->end = saying;
    console->end = &saying->next;
    (void)pthread_cond_broadcast(&console->changed);
    (void)pthread_mutex_unlock(&console->lock);
}

bool console_is_busy(struct console *console) {
    (void)pthread_mutex_lock(&console->lock);
    const bool busy = console->first != NULL;
    (void)pthread_mutex_unlock(&console->lock);
    return busy;
}

void console_free(struct console *console, int64_t milliseconds) {
    const struct timespec until = condition_time_in(milliseconds);
    (void)pthread_mutex_lock(&console->lock);
    console->stop = true;
    (void)pthread_cond_broadcast(&console->changed);
    int error = 0;
    while (!console->stopped && error == 0)
        error = pthread_cond_timedwait(&console->changed, &console->lock, &until);
    const bool stopped = console->stopped;
    (void)pthread_mutex_unlock(&console->lock);
    if (!stopped) { /* its thread is in a write that does not end */
        (void)pthread_detach(console->thread);
        memory_abandon(console);
        return;
    }
    (void)pthread_join(console->thread, NULL);
    (void)pthread_mutex_destroy(&console->lock);
    (void)pthread_cond_destroy(&console->changed);
    free(console);
}
