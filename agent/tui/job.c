#include "job.h"

#include "quietus/clock.h"
#include "quietus/interrupt.h"
#include "quietus/memory.h"

#include "../progress_seen.h"
#include "model.h"
#include "thermometer.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct job {
    pthread_t thread;
    pthread_mutex_t lock; /* of what is from here to ended */
    struct screen_run *runs;
    char problems[SCREEN_PROBLEMS_SIZE];
    char record_id[64];
    char record_digest[ENVELOPE_DIGEST_SIZE];
    bool ended;
    /* A scan: */
    char root[PATH_MAX];
    struct scan scan;
    /* An erase: */
    struct job_erase how;
    struct session session;
    char typed[OPERATOR_TEXT_SIZE];
    char name[SCREEN_NAME_SIZE];
    char ticket[SCREEN_NAME_SIZE];
    char **nodes;
    bool *chosen;
    size_t node_count;
    struct disk_run *const *at_work;
    size_t at_work_count;
    struct progress_seen *seen;
    struct thermometer *thermometer;
    int64_t began_ms;
    int status;
};

static void *scan(void *argument) {
    struct job *job = argument;
    scan_run(&(struct scan_options){.root = job->root, .answer_seconds = SCAN_ANSWER_SECONDS},
             &job->scan);
    (void)pthread_mutex_lock(&job->lock);
    job->ended = true;
    (void)pthread_mutex_unlock(&job->lock);
    return NULL;
}

static struct job *job_new(void) {
    struct job *job = memory_new(1, sizeof *job);
    (void)pthread_mutex_init(&job->lock, NULL);
    job->began_ms = clock_monotonic_ms();
    return job;
}

struct job *job_scan(const char *root) {
    struct job *job = job_new();
    text_copy(job->root, sizeof job->root, root);
    memory_require(pthread_create(&job->thread, NULL, scan, job) == 0);
    return job;
}

static size_t index_of(const struct job *job, const struct disk *disk) {
    const struct scan *all = job->how.scan;
    size_t i = 0;
    while (i < all->disk_count && all->disks[i] != disk)
        i++;
    return i;
}

/* The person has seen these disks and no others. */
static bool was_shown(const struct job *job, const struct disk *disk) {
    const size_t i = index_of(job, disk);
    return i < job->how.scan->disk_count && job->chosen[i];
}

static char *confirm_all(void *user, const struct disk *const *disks, size_t count,
                         const char *expected) {
    const struct job *job = user;
    (void)expected;
    for (size_t i = 0; i < count; i++) {
        if (!was_shown(job, disks[i]))
            return NULL;
    }
    return memory_text(job->typed);
}

static char *confirm(void *user, const struct disk *disk, const char *expected) {
    return confirm_all(user, &disk, 1, expected);
}

static void begun(void *user, struct disk_run *const *runs, size_t count) {
    struct job *job = user;
    job->at_work = runs;
    job->at_work_count = count;
    job->seen = memory_new(count, sizeof *job->seen);
    job->thermometer = thermometer_start("", count, device_open);
    (void)pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < count; i++)
        job->runs[index_of(job, runs[i]->disk)].at_work = true;
    (void)pthread_mutex_unlock(&job->lock);
}

static void tick(void *user) {
    struct job *job = user;
    (void)pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < job->at_work_count; i++) {
        struct progress_seen *seen = &job->seen[i];
        struct screen_run *run = &job->runs[index_of(job, job->at_work[i]->disk)];
        const struct progress *progress = &disk_run_at_work(job->at_work[i])->progress;
        (void)progress_look(progress, seen);
        run->phase = seen->phase;
        run->part = seen->part;
        run->parts = seen->parts;
        run->done = seen->done;
        run->total = seen->total;
        run->rate = progress_rate(seen);
        run->temperature = thermometer_look(job->thermometer, i, job->at_work[i]->disk, progress);
    }
    (void)pthread_mutex_unlock(&job->lock);
}

/* "5537ffccc010-sdb": as in the document's name. */
static void name_code(const struct job *job, const char *what, char out[64]) {
    (void)snprintf(out, 64, "%.12s-%.40s", job->session.run_id_text, what);
}

static void ended(void *user, const struct disk *disk, const struct disk_run *run,
                  enum disposition disposition, const char *reason,
                  const struct document *certificate) {
    struct job *job = user;
    const struct attempt *last = run ? disk_run_last_attempt(run) : NULL;
    const char *slash = strrchr(disk_node(disk), '/');
    const bool erased = disposition == DISPOSITION_ERASED && last;
    (void)pthread_mutex_lock(&job->lock);
    struct screen_run *out = &job->runs[index_of(job, disk)];
    out->ended = true;
    out->what = disposition;
    if (erased)
        (void)snprintf(out->words, sizeof out->words, "worth %s, by %s; %s",
                       model_category(last->claim.category), last->method->name, reason);
    else
        text_copy(out->words, sizeof out->words, reason);
    if (certificate) {
        name_code(job, slash ? slash + 1 : disk_node(disk), out->code_id);
        text_copy(out->digest, sizeof out->digest, certificate->digest);
    }
    (void)pthread_mutex_unlock(&job->lock);
}

static void closed(void *user, const struct document *record) {
    struct job *job = user;
    thermometer_stop(job->thermometer); /* the runs are freed soon */
    (void)pthread_mutex_lock(&job->lock);
    name_code(job, "record", job->record_id);
    text_copy(job->record_digest, sizeof job->record_digest, record->digest);
    (void)pthread_mutex_unlock(&job->lock);
}

/* The first line: a document that could not be stored follows, and is no help on a screen. */
static void complained(void *user, const char *text) {
    struct job *job = user;
    (void)pthread_mutex_lock(&job->lock);
    const size_t used = strlen(job->problems);
    (void)snprintf(job->problems + used, sizeof job->problems - used, "%.*s\n",
                   (int)strcspn(text, "\n"), text);
    (void)pthread_mutex_unlock(&job->lock);
}

static void run_pipeline(struct job *job, struct authorization *authorization) {
    const struct pipeline_watcher watcher = {begun, tick, ended, closed, complained, job};
    const struct pipeline pipeline = {
        .session = &job->session,
        .scan = job->how.scan,
        .authorization = authorization,
        .policy = job->how.policy,
        .secrets = job->how.secrets,
        .mode = "erase",
        .spool = job->how.spool,
        .locate = true,
        .watcher = &watcher,
        .limits = *job->how.limits,
    };
    job->status = (int)pipeline_run(&pipeline);
}

static void *erase(void *argument) {
    struct job *job = argument;
    struct authorization authorization;
    struct reason reason;
    const struct operator_request request = {
        .nodes = job->nodes,
        .node_count = job->node_count,
        .name = job->name,
        .ticket = job->ticket,
        .confirm = confirm,
        .confirm_all = confirm_all,
        .user = job,
    };
    session_start(&job->session, job->how.key);
    if (authorize_by_operator(&request, job->how.scan, &authorization, &reason)) {
        complained(job, reason.text);
        job->status = EXIT_REFUSED;
    } else {
        run_pipeline(job, &authorization);
        authorization_free(&authorization);
    }
    session_end(&job->session);
    (void)pthread_mutex_lock(&job->lock);
    job->ended = true;
    (void)pthread_mutex_unlock(&job->lock);
    return NULL;
}

static void take_choice(struct job *job, const struct screen *screen) {
    job->nodes = memory_new(screen->disk_count, sizeof *job->nodes);
    job->chosen = memory_new(screen->disk_count, sizeof *job->chosen);
    job->runs = memory_new(screen->disk_count, sizeof *job->runs);
    for (size_t i = 0; i < screen->disk_count; i++) {
        job->chosen[i] = screen->disks[i].chosen;
        if (job->chosen[i])
            job->nodes[job->node_count++] = memory_text(screen->disks[i].node);
    }
    text_copy(job->typed, sizeof job->typed, screen->typed);
    text_copy(job->name, sizeof job->name, screen->operator_name);
    text_copy(job->ticket, sizeof job->ticket, screen->ticket);
}

struct job *job_erase(const struct job_erase *how) {
    struct job *job = job_new();
    job->how = *how;
    take_choice(job, how->screen);
    job->how.screen = NULL;
    interrupt_hold(); /* every thread: the pipeline's alone takes the signals */
    memory_require(pthread_create(&job->thread, NULL, erase, job) == 0);
    return job;
}

static void copy_state(const struct job *job, struct screen *screen) {
    for (size_t i = 0; job->runs && i < screen->disk_count; i++)
        screen->disks[i].run = job->runs[i];
    text_copy(screen->problems, sizeof screen->problems, job->problems);
    if (job->runs) {
        text_copy(screen->record_id, sizeof screen->record_id, job->record_id);
        text_copy(screen->record_digest, sizeof screen->record_digest, job->record_digest);
        screen->seconds = (clock_monotonic_ms() - job->began_ms) / 1000;
    }
}

bool job_read(struct job *job, struct screen *screen) {
    (void)pthread_mutex_lock(&job->lock);
    copy_state(job, screen);
    const bool has_ended = job->ended;
    (void)pthread_mutex_unlock(&job->lock);
    return has_ended;
}

/* No signal: one that comes when the last disk has ended already would end the screen too. */
void job_stop(void) {
    interrupt_ask(SIGINT);
}

int job_end(struct job *job, struct scan *out) {
    (void)pthread_join(job->thread, NULL);
    (void)pthread_mutex_destroy(&job->lock);
    if (out)
        *out = job->scan;
    else
        interrupt_release();
    const int status = job->status;
    for (size_t i = 0; i < job->node_count; i++)
        free(job->nodes[i]);
    free(job->nodes);
    free(job->chosen);
    free(job->runs);
    free(job->seen);
    free(job);
    return status;
}
