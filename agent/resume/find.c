/* Finds what can be taken up: states on a stick that fit, and disks that hold what they say. */
#include "quietus/cleanup.h"
#include "quietus/condition.h"
#include "quietus/file.h"
#include "quietus/interrupt.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/resume.h"

#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

/* One disk that is being read. */
struct proof {
    struct reading *reading;
    struct disk *disk;
    struct device *device;
    struct layout layout;
    struct pattern pattern;
    uint64_t position;
    struct progress progress;
    json_t *document;
    bool ended; /* with the lock of the reading */
    int error;
    struct verify_report report;
};

struct reading {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct proof *proofs;
    size_t count;
    size_t under_way;
};

static json_t *load(const char *folder, const char *run_id, const char *name,
                    struct reason *reason) {
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *begun = NULL;
    size_t length;
    size_t begun_length;
    char path[PATH_MAX];
    path_format(path, folder, "/%s/%s", run_id, name);
    int error = file_read(path, RESUME_STATE_LIMIT, &text, &length);
    if (error == -ENOENT)
        return NULL;
    if (error == 0) {
        path_format(path, folder, "/%s/" RESUME_BEGUN, run_id);
        error = file_read(path, ENVELOPE_LIMIT, &begun, &begun_length);
    }
    if (error == 0)
        return overwrite_state_open(text, length, begun, begun_length, reason);
    reason_set(reason, "%.200s: %s", path, strerror(-error));
    return NULL;
}

static bool is_newer(const json_t *state, const json_t *than) {
    return !than || strcmp(json_text(state, "written"), json_text(than, "written")) > 0;
}

/* The newest state of a disk that fits; NULL, with the reason if there was one that does not. */
static json_t *choose(const char *folder, const struct order *order, const struct disk *disk,
                      struct reason *reason) {
    char name[80];
    char **runs;
    json_t *best = NULL;
    overwrite_state_name(&disk->identity, name);
    const size_t count = folder_names(folder, &runs);
    for (size_t i = 0; i < count; i++) {
        json_t *state = load(folder, runs[i], name, reason);
        if (!state)
            continue;
        if (overwrite_state_fits(state, disk, order->digest, &order->policy, reason) &&
            is_newer(state, best)) {
            json_decref(best);
            best = json_incref(state);
        }
        json_decref(state);
    }
    folder_free_names(runs, count);
    return best;
}

static void *read_disk(void *argument) {
    struct proof *proof = argument;
    struct reading *reading = proof->reading;
    proof->error = verify_prefix(proof->device, &proof->layout, &proof->pattern, proof->position,
                                 &proof->progress, &proof->report);
    device_close(proof->device);
    (void)pthread_mutex_lock(&reading->lock);
    proof->ended = true;
    reading->under_way--;
    (void)pthread_cond_broadcast(&reading->changed);
    (void)pthread_mutex_unlock(&reading->lock);
    return NULL;
}

/* Takes over the document. */
static void begin(const struct resume_search *search, struct reading *reading, struct disk *disk,
                  json_t *document) {
    struct proof *proof = &reading->proofs[reading->count];
    struct overwrite_state state;
    struct reason reason;
    pthread_t thread;
    *proof = (struct proof){.reading = reading, .disk = disk, .document = document};
    (void)overwrite_state_decode(document, &state, &reason); /* it has been, to fit */
    layout_make(disk->areas, disk->area_count, &proof->layout);
    proof->pattern = state.pattern;
    proof->position = state.position;
    progress_start(&proof->progress, PHASE_PREPARING, 0, 0, 0);
    const int error = search->open(disk, &proof->device);
    if (error) {
        disk_finding(disk, "what an interrupted overwrite left on it cannot be read: %s",
                     strerror(-error));
        json_decref(document);
        return;
    }
    reading->count++;
    (void)pthread_mutex_lock(&reading->lock);
    reading->under_way++;
    (void)pthread_mutex_unlock(&reading->lock);
    memory_require(interrupt_free_thread(&thread, read_disk, proof) == 0);
    (void)pthread_detach(thread);
}

/* The disk holds what the state says, as far as it was read; or a finding says why not. */
static void judge(struct proof *proof) {
    const struct verify_report *report = &proof->report;
    if (proof->error || !report->complete || report->mismatched + report->unreadable > 0) {
        disk_finding(proof->disk,
                     "an interrupted overwrite is not taken up: of %" PRIu64
                     " places that it says it has written %" PRIu64 " hold something else and "
                     "%" PRIu64 " cannot be read",
                     report->planned, report->mismatched, report->unreadable);
        json_decref(proof->document);
        return;
    }
    json_t *read = json_new_object();
    json_put_count(read, "places", report->read);
    json_put_count(read, "wrong", 0);
    json_put(proof->document, "read_before_taking_up", read);
    proof->disk->interrupted = proof->document;
}

static void judge_all(struct reading *reading) {
    for (size_t i = 0; i < reading->count; i++) {
        struct proof *proof = &reading->proofs[i];
        if (proof->ended)
            judge(proof);
        else
            disk_finding(proof->disk, "an interrupted overwrite is not taken up: what it has "
                                      "written could not be read in time");
    }
}

static void begin_all(const struct resume_search *search, const struct order *order,
                      struct reading *reading, struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct disk *disk = scan->disks[i];
        struct reason reason = {""};
        if (disk->boot_medium || disk->in_use || disk->interrupted)
            continue;
        json_t *document = choose(search->folder, order, disk, &reason);
        if (document)
            begin(search, reading, disk, document);
        else if (reason.text[0] != '\0')
            disk_finding(disk, "an interrupted overwrite is not taken up: %s", reason.text);
    }
}

void resume_find(const struct resume_search *search, const struct order *order, struct scan *scan) {
    struct reading *reading = memory_new(1, sizeof *reading);
    reading->proofs = memory_new(scan->disk_count, sizeof *reading->proofs);
    (void)pthread_mutex_init(&reading->lock, NULL);
    condition_init(&reading->changed);
    begin_all(search, order, reading, scan);
    const struct timespec until = condition_time_in((int64_t)search->seconds * 1000);
    int error = 0;
    (void)pthread_mutex_lock(&reading->lock);
    while (reading->under_way > 0 && error == 0)
        error = pthread_cond_timedwait(&reading->changed, &reading->lock, &until);
    judge_all(reading);
    const bool all_ended = reading->under_way == 0;
    (void)pthread_mutex_unlock(&reading->lock);
    if (!all_ended) { /* their threads may wake up yet */
        memory_abandon(reading->proofs);
        memory_abandon(reading);
        return;
    }
    (void)pthread_mutex_destroy(&reading->lock);
    (void)pthread_cond_destroy(&reading->changed);
    free(reading->proofs);
    free(reading);
}
