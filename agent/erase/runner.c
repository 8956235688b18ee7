/* All disks at once, each in its thread, or as many as may be, and a watch over them. */
#include "quietus/clock.h"
#include "quietus/interrupt.h"
#include "quietus/memory.h"
#include "quietus/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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
    if (run->part_count > 0)
        progress_expect(&run->parts[0]->progress, PROGRESS_SILENCE_MS);
    if (pthread_create(&thread, NULL, execute, run) == 0) {
        (void)pthread_detach(thread);
        return;
    }
    reason_set(&run->problem, "no thread could be started for it");
    run->started = clock_now();
    run->ended = run->started;
    atomic_store(&run->ended_flag, true);
}

/* True if the run is over: by itself, because its disk has fallen silent, or because this program
 * was asked to end. */
static bool is_over(struct disk_run *run, int interrupted_by) {
    const struct progress *progress = &disk_run_at_work(run)->progress;
    if (atomic_load(&run->ended_flag))
        return true;
    if (!interrupted_by && clock_monotonic_ms() <= atomic_load(&progress->deadline_ms))
        return false;
    disk_run_give_up(run, interrupted_by);
    return true;
}

int runner_parse_parallel(const char *text, struct runner_limits *out, struct reason *reason) {
    enum { MOST = 100000 };
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == '-' || value == 0 || value > MOST) {
        reason_set(reason, "'%s' is no number of disks at once", text);
        return -EINVAL;
    }
    out->parallel = (unsigned)value;
    return 0;
}

int runner_parse_start_rate(const char *text, struct runner_limits *out, struct reason *reason) {
    char *end;
    const double value = strtod(text, &end);
    /* Slower than one an hour is a slip; written so that what is no number is refused too. */
    if (end == text || *end != '\0' || !(value >= 1.0 / 3600) || !(value <= 1e6)) {
        reason_set(reason, "'%s' is no number of disks per second", text);
        return -EINVAL;
    }
    out->start_rate = value;
    return 0;
}

/* The runs, the first `begun` of which have a thread or have ended without. */
struct queue {
    struct disk_run **runs;
    bool *reported;
    size_t count;
    size_t begun;
    size_t at_work;
    int64_t next_start;
    const struct runner_limits *limits;
};

static void begin_some(struct queue *queue) {
    const struct runner_limits *limits = queue->limits;
    const int64_t now = clock_monotonic_ms();
    while (queue->begun < queue->count &&
           (limits->parallel == 0 || queue->at_work < limits->parallel) &&
           now >= queue->next_start) {
        start(queue->runs[queue->begun++]);
        queue->at_work++;
        if (limits->start_rate > 0)
            queue->next_start = now + (int64_t)(1000 / limits->start_rate);
    }
}

/* No disk is begun any more: those that wait end here, untouched. */
static void drop_the_rest(struct queue *queue, int interrupted_by,
                          const struct runner_callbacks *callbacks) {
    while (queue->begun < queue->count) {
        struct disk_run *run = queue->runs[queue->begun];
        reason_set(&run->problem, "not begun when the run was interrupted (SIG%s)",
                   sigabbrev_np(interrupted_by));
        run->refused = true; /* nothing was done to it */
        run->started = clock_now();
        run->ended = run->started;
        queue->reported[queue->begun++] = true;
        callbacks->ended(callbacks->user, run);
    }
}

static void report_ended(struct queue *queue, int interrupted_by,
                         const struct runner_callbacks *callbacks) {
    for (size_t i = 0; i < queue->begun; i++) {
        if (queue->reported[i] || !is_over(queue->runs[i], interrupted_by))
            continue;
        queue->reported[i] = true;
        queue->at_work--;
        callbacks->ended(callbacks->user, queue->runs[i]);
    }
}

int runner_run(struct disk_run **runs, size_t count, const struct runner_limits *limits,
               const struct runner_callbacks *callbacks) {
    bool *reported = memory_new(count, sizeof *reported);
    struct queue queue = {.runs = runs, .reported = reported, .count = count, .limits = limits};
    int64_t next_tick = clock_monotonic_ms() + TICK_MS;
    int interrupted_by = 0;
    begin_some(&queue);
    while (queue.begun < count || queue.at_work > 0) {
        interrupted_by = interrupt_wait(POLL_MS);
        report_ended(&queue, interrupted_by, callbacks);
        if (interrupted_by)
            drop_the_rest(&queue, interrupted_by, callbacks);
        else
            begin_some(&queue);
        if (clock_monotonic_ms() < next_tick && (queue.at_work > 0 || queue.begun < count))
            continue;
        next_tick = clock_monotonic_ms() + TICK_MS;
        callbacks->tick(callbacks->user);
    }
    free(reported);
    return interrupted_by;
}
