#include "quietus/interrupt.h"

#include "quietus/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static const int asked_to_end[] = {SIGTERM, SIGINT, SIGHUP};

static atomic_int taken; /* the last since they are held, or 0 */
static atomic_int asked; /* by interrupt_ask, and not yet taken; or 0 */

static bool is_ignored(int signal_number) {
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t interrupt_signals(void) {
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof asked_to_end / sizeof *asked_to_end; i++) {
        if (!is_ignored(asked_to_end[i]))
            (void)sigaddset(&set, asked_to_end[i]);
    }
    return set;
}

void interrupt_hold(void) {
    const sigset_t set = interrupt_signals();
    atomic_store(&taken, 0);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static struct timespec milliseconds_of(int64_t milliseconds) {
    return (struct timespec){(time_t)(milliseconds / 1000), milliseconds % 1000 * 1000000};
}

void interrupt_ask(int signal_number) {
    atomic_store(&asked, signal_number);
}

int interrupt_wait(int64_t milliseconds) {
    const int by_program = atomic_exchange(&asked, 0);
    if (by_program)
        return by_program;
    const sigset_t set = interrupt_signals();
    const struct timespec time = milliseconds_of(milliseconds);
    const int signal_number = sigtimedwait(&set, NULL, &time);
    if (signal_number <= 0)
        return 0;
    atomic_store(&taken, signal_number);
    return signal_number;
}

/* Whoever ends all processes of this name asks the one that passes it on too (apart_run), which may
 * come to it later than this one. */
static void drop_another(int signal_number) {
    enum { LATER_MS = 1000 };
    const int64_t until = clock_monotonic_ms() + LATER_MS;
    sigset_t set;
    int64_t left;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, signal_number);
    while ((left = until - clock_monotonic_ms()) > 0) {
        const struct timespec time = milliseconds_of(left);
        (void)sigtimedwait(&set, NULL, &time);
    }
}

void interrupt_release(void) {
    const sigset_t set = interrupt_signals();
    const int last = atomic_exchange(&taken, 0);
    atomic_store(&asked, 0);
    if (last)
        drop_another(last);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int interrupt_free_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
    const sigset_t set = interrupt_signals();
    sigset_t before;
    (void)pthread_sigmask(SIG_BLOCK, &set, &before);
    const int error = pthread_create(thread, NULL, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}
