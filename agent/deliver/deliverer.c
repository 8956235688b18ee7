#include "quietus/clock.h"
#include "quietus/condition.h"
#include "quietus/deliver.h"
#include "quietus/memory.h"

#include <pthread.h>
#include <stdlib.h>

enum { FIRST_PAUSE_S = 1, LONGEST_PAUSE_S = 60, LAST_TRY_MS = 10000 };

struct deliverer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *folder;
    char *url;
    bool woken;
    bool stop;
    int64_t give_up_ms;              /* once stop is set */
    atomic_int_fast64_t deadline_ms; /* of transfers: a while after giving up */
    struct reason reason;
};

/* Waits for news or for the pause to end; true if it is time to stop. Called with the lock. */
static bool wait_for_work(struct deliverer *deliverer, size_t left, int64_t pause_ms) {
    const struct timespec until = condition_time_in(pause_ms);
    while (!deliverer->woken) {
        if (deliverer->stop && (left == 0 || clock_monotonic_ms() >= deliverer->give_up_ms))
            return true;
        if (left == 0)
            (void)pthread_cond_wait(&deliverer->changed, &deliverer->lock);
        else if (pthread_cond_timedwait(&deliverer->changed, &deliverer->lock, &until) != 0)
            break;
    }
    deliverer->woken = false;
    return false;
}

static void *deliver_all(void *argument) {
    struct deliverer *deliverer = argument;
    int64_t pause_s = FIRST_PAUSE_S;
    size_t left = spool_count(deliverer->folder);
    (void)pthread_mutex_lock(&deliverer->lock);
    while (!wait_for_work(deliverer, left, left > 0 ? pause_s * 1000 : 0)) {
        struct reason reason = {""};
        (void)pthread_mutex_unlock(&deliverer->lock);
        left = deliver_once(deliverer->folder, deliverer->url, &deliverer->deadline_ms, &reason);
        pause_s = left == 0 ? FIRST_PAUSE_S : pause_s * 2;
        if (pause_s > LONGEST_PAUSE_S)
            pause_s = LONGEST_PAUSE_S;
        (void)pthread_mutex_lock(&deliverer->lock);
        deliverer->reason = reason;
        if (deliverer->stop && left > 0) {
            const int64_t remaining = deliverer->give_up_ms - clock_monotonic_ms();
            if (remaining > 0 && remaining < pause_s * 1000)
                pause_s = remaining / 1000 + 1;
        }
    }
    (void)pthread_mutex_unlock(&deliverer->lock);
    return NULL;
}

struct deliverer *deliverer_start(const char *folder, const char *url) {
    struct deliverer *deliverer = memory_new(1, sizeof *deliverer);
    deliverer->folder = memory_text(folder);
    deliverer->url = memory_text(url);
    (void)pthread_mutex_init(&deliverer->lock, NULL);
    condition_init(&deliverer->changed);
    atomic_init(&deliverer->deadline_ms, INT64_MAX);
    memory_require(pthread_create(&deliverer->thread, NULL, deliver_all, deliverer) == 0);
    return deliverer;
}

void deliverer_wake(struct deliverer *deliverer) {
    (void)pthread_mutex_lock(&deliverer->lock);
    deliverer->woken = true;
    (void)pthread_cond_signal(&deliverer->changed);
    (void)pthread_mutex_unlock(&deliverer->lock);
}

size_t deliverer_finish(struct deliverer *deliverer, unsigned seconds, struct reason *reason) {
    (void)pthread_mutex_lock(&deliverer->lock);
    deliverer->stop = true;
    deliverer->woken = true; /* one more try at once */
    deliverer->give_up_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
    atomic_store(&deliverer->deadline_ms, deliverer->give_up_ms + LAST_TRY_MS);
    (void)pthread_cond_signal(&deliverer->changed);
    (void)pthread_mutex_unlock(&deliverer->lock);
    (void)pthread_join(deliverer->thread, NULL);
    *reason = deliverer->reason;
    const size_t left = spool_count(deliverer->folder);
    (void)pthread_mutex_destroy(&deliverer->lock);
    (void)pthread_cond_destroy(&deliverer->changed);
    free(deliverer->folder);
    free(deliverer->url);
    free(deliverer);
    return left;
}
