/* Writes the spool's documents to a stick that may hang. */
#include "quietus/clock.h"
#include "quietus/condition.h"
#include "quietus/deliver.h"
#include "quietus/memory.h"
#include "quietus/stick.h"

#include <pthread.h>
#include <stdlib.h>

struct stick_writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *folder;
    char *stick;
    atomic_int_fast64_t heard_ms; /* of the stick, while it is at work */
    /* With the lock: */
    bool woken;
    bool at_work;
    bool is_there; /* at the last look: a stick that takes documents */
    struct reason problem;
    bool stop;
    bool stopped;
};

/* With the lock, which it lets go of meanwhile. */
static void save(struct stick_writer *writer) {
    struct reason problem = {""};
    writer->woken = false;
    writer->at_work = true;
    atomic_store(&writer->heard_ms, clock_monotonic_ms());
    (void)pthread_mutex_unlock(&writer->lock);
    const bool is_there = stick_writable(writer->stick);
    if (is_there)
        (void)spool_save(writer->folder, writer->stick, &writer->heard_ms, &problem);
    (void)pthread_mutex_lock(&writer->lock);
    writer->is_there = is_there;
    writer->problem = problem;
    writer->at_work = false;
    (void)pthread_cond_broadcast(&writer->changed);
}

static void *save_all(void *argument) {
    struct stick_writer *writer = argument;
    (void)pthread_mutex_lock(&writer->lock);
    for (;;) {
        while (!writer->woken && !writer->stop)
            (void)pthread_cond_wait(&writer->changed, &writer->lock);
        if (!writer->woken)
            break;
        save(writer);
    }
    writer->stopped = true;
    (void)pthread_cond_broadcast(&writer->changed);
    (void)pthread_mutex_unlock(&writer->lock);
    return NULL;
}

struct stick_writer *stick_writer_start(const char *folder, const char *stick) {
    struct stick_writer *writer = memory_new(1, sizeof *writer);
    writer->folder = memory_text(folder);
    writer->stick = memory_text(stick);
    atomic_init(&writer->heard_ms, 0);
    (void)pthread_mutex_init(&writer->lock, NULL);
    condition_init(&writer->changed);
    memory_require(pthread_create(&writer->thread, NULL, save_all, writer) == 0);
    return writer;
}

static void wake(struct stick_writer *writer, bool stop) {
    (void)pthread_mutex_lock(&writer->lock);
    writer->woken = true;
    writer->stop = stop;
    (void)pthread_cond_broadcast(&writer->changed);
    (void)pthread_mutex_unlock(&writer->lock);
}

void stick_writer_wake(struct stick_writer *writer) {
    wake(writer, false);
}

/* With the lock. */
static bool is_silent(struct stick_writer *writer) {
    return writer->at_work &&
           clock_monotonic_ms() - atomic_load(&writer->heard_ms) >= STICK_SILENCE_MS;
}

/* With the lock: until it has nothing to do, and once it is to stop, has stopped; false: the stick
 * does not answer. */
static bool wait_for(struct stick_writer *writer) {
    enum { LOOK_AGAIN_MS = 100 };
    while (writer->woken || writer->at_work || (writer->stop && !writer->stopped)) {
        if (is_silent(writer))
            return false;
        const struct timespec until = condition_time_in(LOOK_AGAIN_MS);
        (void)pthread_cond_timedwait(&writer->changed, &writer->lock, &until);
    }
    return true;
}

void stick_writer_wait(struct stick_writer *writer) {
    (void)pthread_mutex_lock(&writer->lock);
    (void)wait_for(writer);
    (void)pthread_mutex_unlock(&writer->lock);
}

/* With the lock. */
static void explain(const struct stick_writer *writer, bool silent, struct reason *reason) {
    if (silent)
        reason_set(reason, "it has not answered for %d s", STICK_SILENCE_MS / 1000);
    else
        *reason = writer->problem;
}

bool stick_writer_fails(struct stick_writer *writer, struct reason *reason) {
    (void)pthread_mutex_lock(&writer->lock);
    explain(writer, is_silent(writer), reason);
    (void)pthread_mutex_unlock(&writer->lock);
    return reason->text[0] != '\0';
}

static void free_writer(struct stick_writer *writer) {
    (void)pthread_mutex_destroy(&writer->lock);
    (void)pthread_cond_destroy(&writer->changed);
    free(writer->folder);
    free(writer->stick);
    free(writer);
}

bool stick_writer_finish(struct stick_writer *writer, struct reason *reason) {
    wake(writer, true);
    (void)pthread_mutex_lock(&writer->lock);
    const bool stopped = wait_for(writer);
    const bool is_there = writer->is_there || !stopped;
    explain(writer, !stopped, reason);
    (void)pthread_mutex_unlock(&writer->lock);
    if (stopped) {
        (void)pthread_join(writer->thread, NULL);
        free_writer(writer);
    } else {
        (void)pthread_detach(writer->thread);
        memory_abandon(writer);
    }
    return is_there;
}
