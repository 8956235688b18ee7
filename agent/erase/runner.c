/* All disks at once, each in its thread, and a watch over them. */
#include "quietus/clock.h"
#include "quietus/interrupt.h"
#include "quietus/memory.h"
#include "quietus/run.h"

#include <pthread.h>
#include <stdlib.h>

enum { POLL_MS = 50, TICK_MS = 1000 };

static void *execute(void *argument) {
    struct disk_run *run = argument;
    disk_run_execute(run);
    atomic_store(&run->ended_flag, true);
    return NULL;
}

static void start(struct disk_run *run) {
    pthread_t thread;
    progress_expect(&run->progress, PROGRESS_SILENCE_MS);
    if (pthread_create(&thread, NULL, execute, run) == 0) {
        (void)pthread_detach(thread);
        return;
    }
    reason_set(&run->problem, "no thread could be started for it");
    atomic_store(&run->ended_flag, true);
}

static void give_up(struct disk_run *run, int interrupted_by) {
    run->given_up = true;
    run->interrupted_by = interrupted_by;
    atomic_store(&run->progress.given_up, true);
}

/* True if the run is over: by itself, because its disk has fallen silent, or because this program
 * was asked to end. */
static bool is_over(struct disk_run *run, int interrupted_by) {
    if (atomic_load(&run->ended_flag))
        return true;
    if (!interrupted_by && clock_monotonic_ms() <= atomic_load(&run->progress.deadline_ms))
        return false;
    give_up(run, interrupted_by);
    return true;
}

int runner_run(struct disk_run **runs, size_t count, const struct runner_callbacks *callbacks) {
    bool *reported = memory_new(count, sizeof *reported);
    size_t left = count;
    int64_t next_tick = clock_monotonic_ms() + TICK_MS;
    int interrupted_by = 0;
    for (size_t i = 0; i < count; i++)
        start(runs[i]);
    while (left > 0) {
        interrupted_by = interrupt_wait(POLL_MS);
        for (size_t i = 0; i < count; i++) {
            if (reported[i] || !is_over(runs[i], interrupted_by))
                continue;
            reported[i] = true;
            left--;
            callbacks->ended(callbacks->user, runs[i]);
        }
        if (clock_monotonic_ms() < next_tick && left > 0)
            continue;
        next_tick = clock_monotonic_ms() + TICK_MS;
        callbacks->tick(callbacks->user);
    }
    free(reported);
    return interrupted_by;
}
