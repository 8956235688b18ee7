#include "hanging.h"

#include "quietus/clock.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char below[PATH_MAX]; /* "": nothing hangs */
static atomic_uint hang;
static atomic_int_fast64_t now_ms;
static unsigned step;

static bool is_below(int fd) {
    char link[64];
    char path[PATH_MAX] = "";
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof path - 1) > 0 && below[0] != '\0' &&
           strncmp(path, below, strlen(below)) == 0;
}

int fsync(int fd) {
    enum { SYNC_MS = 500 };
    (void)pthread_mutex_lock(&lock);
    if (is_below(fd)) {
        atomic_fetch_add(&hang, 1);
        (void)pthread_cond_broadcast(&changed);
        while (below[0] != '\0')
            (void)pthread_cond_wait(&changed, &lock);
        atomic_fetch_sub(&hang, 1);
    }
    (void)pthread_mutex_unlock(&lock);
    atomic_fetch_add(&now_ms, SYNC_MS);
    return (int)syscall(SYS_fsync, fd);
}

void hanging_begin(const char *folder) {
    (void)pthread_mutex_lock(&lock);
    (void)snprintf(below, sizeof below, "%s/", folder);
    (void)pthread_mutex_unlock(&lock);
}

void hanging_end(void) {
    (void)pthread_mutex_lock(&lock);
    below[0] = '\0';
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

void hanging_wait(void) {
    (void)pthread_mutex_lock(&lock);
    while (atomic_load(&hang) == 0)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}

static int64_t now(void) {
    return atomic_load(&hang) ? atomic_fetch_add(&now_ms, step) : atomic_load(&now_ms);
}

static void no_sleep(int64_t milliseconds) {
    (void)milliseconds;
}

void hanging_clock(unsigned step_ms) {
    static const struct clock_source source = {now, no_sleep};
    step = step_ms;
    clock_use(&source);
}
