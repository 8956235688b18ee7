/* Keeps on a stick how far the disks of a run are. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/condition.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/resume.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct checkpoint {
    struct keeper *keeper;
    json_t *head; /* what does not change, in every state of this disk */
    char name[80];
    /* With the keeper's lock: */
    uint64_t told;    /* how often the disk's thread has */
    uint64_t kept;    /* which of these is on the stick */
    bool begins_anew; /* what other runs have left is not true any more, and still there */
    bool dropped;
    bool is_forgotten;
    unsigned pass;
    struct pattern pattern;
    uint64_t position;
    json_t *done;
    json_t *earlier;
    struct checkpoint *next;
};

struct keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char folder[PATH_MAX]; /* "state" */
    char run_id[RUN_ID_TEXT_SIZE];
    char begun_digest[ENVELOPE_DIGEST_SIZE];
    char *begun;
    int64_t run_started;
    json_t *order;
    struct signing_key *key; /* a copy: the thread may outlive the session */
    bool has_begun;          /* the statement is on the stick */
    struct checkpoint *checkpoints;
    struct reason problem;
    bool stop;
    bool stopped;
};

static void run_folder(const struct keeper *keeper, char out[PATH_MAX]) {
    path_format(out, keeper->folder, "/%s", keeper->run_id);
}

/* Written, and there when it is read from the stick itself: what a page cache says is no proof. */
static int write_and_look(const char *path, const char *text) {
    AUTO_FREE char *back = NULL;
    size_t length = 0;
    const int error = file_write(path, text, strlen(text), 0600);
    if (error)
        return error;
    const AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    const int read_error = file_read(path, RESUME_STATE_LIMIT, &back, &length);
    if (read_error)
        return read_error;
    return length == strlen(text) && memcmp(back, text, length) == 0 ? 0 : -EIO;
}

/* With the lock. */
static json_t *state_json(const struct checkpoint *checkpoint) {
    char time[CLOCK_TEXT_SIZE];
    json_t *state = json_deep_copy(checkpoint->head);
    memory_require(state != NULL);
    json_put_text(state, "written", clock_text(time, clock_now()));
    json_put_count(state, "pass", checkpoint->pass);
    json_put_count(state, "position", checkpoint->position);
    if (checkpoint->pattern.pass.random) {
        json_put_text(state, "generator", PATTERN_GENERATOR);
        json_put_hex(state, "key", checkpoint->pattern.key, PATTERN_KEY_SIZE);
    }
    json_put(state, "done", json_deep_copy(checkpoint->done));
    if (checkpoint->earlier)
        json_put(state, "earlier", json_deep_copy(checkpoint->earlier));
    return state;
}

/* The new folder's entry has to be on the stick too. */
static int make_run_folder(const struct keeper *keeper) {
    char path[PATH_MAX];
    run_folder(keeper, path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    const AUTO_FD fd = open(keeper->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return fsync(fd) == 0 ? 0 : -errno;
}

static int put_begun(struct keeper *keeper) {
    char path[PATH_MAX];
    if (keeper->has_begun)
        return 0;
    int error = make_run_folder(keeper);
    if (error)
        return error;
    path_format(path, keeper->folder, "/%s/" RESUME_BEGUN, keeper->run_id);
    error = write_and_look(path, keeper->begun);
    keeper->has_begun = error == 0;
    return error;
}

static int put_state(struct keeper *keeper, const struct checkpoint *checkpoint, json_t *state) {
    char path[PATH_MAX];
    AUTO_FREE char *payload = json_line(state);
    json_decref(state);
    AUTO_FREE char *text = envelope_make(resume_state_type, payload, strlen(payload), keeper->key);
    path_format(path, keeper->folder, "/%s/%s", keeper->run_id, checkpoint->name);
    const int error = put_begun(keeper);
    return error ? error : write_and_look(path, text);
}

/* Removes a disk's state of one run, and the run's folder if that was its last; this run's is made
 * again when another of its disks tells how far it is. */
static void forget(struct keeper *keeper, const char *run_id, const char *name) {
    char path[PATH_MAX];
    char **names;
    path_format(path, keeper->folder, "/%s/%s", run_id, name);
    (void)file_remove(path);
    path_format(path, keeper->folder, "/%s", run_id);
    const size_t count = folder_names(path, &names);
    if (count == 1 && strcmp(names[0], RESUME_BEGUN) == 0) {
        path_format(path, keeper->folder, "/%s/" RESUME_BEGUN, run_id);
        (void)file_remove(path);
        path_format(path, keeper->folder, "/%s", run_id);
        (void)file_remove(path);
        if (strcmp(run_id, keeper->run_id) == 0)
            keeper->has_begun = false;
    }
    folder_free_names(names, count);
}

/* What other runs have left about a disk is of no use once this one has written to it; too: what
 * this one left, once it has ended. */
static void forget_disk(struct keeper *keeper, const char *name, bool own) {
    char **runs;
    const size_t count = folder_names(keeper->folder, &runs);
    for (size_t i = 0; i < count; i++) {
        if (own || strcmp(runs[i], keeper->run_id) != 0)
            forget(keeper, runs[i], name);
    }
    folder_free_names(runs, count);
}

static void note_problem(struct keeper *keeper, int error) {
    if (error && keeper->problem.text[0] == '\0')
        reason_set(&keeper->problem, "%.200s: %s", keeper->folder, strerror(-error));
}

/* With the lock, which it lets go of meanwhile. True if there was something to do. */
static bool bring_up_to_date(struct keeper *keeper, struct checkpoint *checkpoint) {
    const bool is_first = checkpoint->kept == 0;
    const bool end = checkpoint->dropped;
    const uint64_t told = checkpoint->told;
    if (checkpoint->begins_anew) {
        checkpoint->begins_anew = false;
        (void)pthread_mutex_unlock(&keeper->lock);
        forget_disk(keeper, checkpoint->name, false);
        (void)pthread_mutex_lock(&keeper->lock);
        return true;
    }
    if (end ? checkpoint->is_forgotten : checkpoint->kept == told)
        return false;
    json_t *state = end ? NULL : state_json(checkpoint);
    (void)pthread_mutex_unlock(&keeper->lock);
    int error = 0;
    if (!end)
        error = put_state(keeper, checkpoint, state);
    if (end)
        forget_disk(keeper, checkpoint->name, true);
    else if (error == 0 && is_first)
        forget_disk(keeper, checkpoint->name, false);
    (void)pthread_mutex_lock(&keeper->lock);
    note_problem(keeper, error);
    checkpoint->kept = told; /* if it failed too: the next news is another try */
    checkpoint->is_forgotten = end;
    return true;
}

static bool do_some(struct keeper *keeper) {
    bool any = false;
    for (struct checkpoint *one = keeper->checkpoints; one; one = one->next)
        any = bring_up_to_date(keeper, one) || any;
    return any;
}

static void *keep(void *argument) {
    struct keeper *keeper = argument;
    (void)pthread_mutex_lock(&keeper->lock);
    for (;;) {
        if (do_some(keeper))
            continue;
        if (keeper->stop)
            break;
        (void)pthread_cond_wait(&keeper->changed, &keeper->lock);
    }
    keeper->stopped = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

struct keeper *keeper_start(const char *folder, const struct session *session, const json_t *order,
                            const struct document *begun) {
    struct stat status;
    if (!folder || json_text(order, "digest")[0] == '\0' || stat(folder, &status) != 0 ||
        !S_ISDIR(status.st_mode))
        return NULL;
    struct keeper *keeper = memory_new(1, sizeof *keeper);
    text_copy(keeper->folder, sizeof keeper->folder, folder);
    text_copy(keeper->run_id, sizeof keeper->run_id, session->run_id_text);
    text_copy(keeper->begun_digest, sizeof keeper->begun_digest, begun->digest);
    keeper->begun = memory_text(begun->text);
    keeper->run_started = session->started;
    keeper->order = json_new_object();
    json_put_text(keeper->order, "id", json_text(order, "id"));
    json_put_text(keeper->order, "digest", json_text(order, "digest"));
    keeper->key = signing_key_copy(session->key);
    (void)pthread_mutex_init(&keeper->lock, NULL);
    condition_init(&keeper->changed);
    memory_require(pthread_create(&keeper->thread, NULL, keep, keeper) == 0);
    return keeper;
}

static json_t *head_json(const struct keeper *keeper, const struct disk *disk,
                         const struct policy *policy) {
    char time[CLOCK_TEXT_SIZE];
    char passes[128];
    json_t *head = json_new_object();
    json_put_text(head, "schema", resume_state_schema);
    json_put_text(head, "run_id", keeper->run_id);
    json_put_text(head, "run_started", clock_text(time, keeper->run_started));
    json_put_text(head, "begun_digest", keeper->begun_digest);
    json_put(head, "order", json_deep_copy(keeper->order));
    json_put(head, "identity", disk_identity_json(&disk->identity));
    json_put(head, "areas", resume_areas_json(disk->areas, disk->area_count));
    json_put_text(head, "passes", passes_text(&policy->passes, passes, sizeof passes));
    return head;
}

struct checkpoint *keeper_add(struct keeper *keeper, const struct disk *disk,
                              const struct policy *policy) {
    struct checkpoint *checkpoint = memory_new(1, sizeof *checkpoint);
    checkpoint->keeper = keeper;
    checkpoint->head = head_json(keeper, disk, policy);
    overwrite_state_name(&disk->identity, checkpoint->name);
    checkpoint->begins_anew = disk->interrupted == NULL;
    (void)pthread_mutex_lock(&keeper->lock);
    checkpoint->next = keeper->checkpoints;
    keeper->checkpoints = checkpoint;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    return checkpoint;
}

void checkpoint_reached(struct checkpoint *checkpoint, const struct overwrite_point *point) {
    struct keeper *keeper = checkpoint->keeper;
    json_t *done = json_deep_copy(point->done);
    json_t *earlier = json_deep_copy(point->earlier); /* of NULL: NULL */
    memory_require(done != NULL);
    (void)pthread_mutex_lock(&keeper->lock);
    json_decref(checkpoint->done);
    json_decref(checkpoint->earlier);
    checkpoint->done = done;
    checkpoint->earlier = earlier;
    checkpoint->pass = point->pass;
    checkpoint->pattern = *point->pattern;
    checkpoint->position = point->position;
    checkpoint->told++;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
}

void keeper_ended(struct checkpoint *checkpoint, enum disposition disposition) {
    struct keeper *keeper = checkpoint->keeper;
    (void)pthread_mutex_lock(&keeper->lock);
    checkpoint->dropped = disposition == DISPOSITION_ERASED ||
                          (disposition == DISPOSITION_FAILED && checkpoint->told > 0);
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
}

static void free_all(struct keeper *keeper) {
    while (keeper->checkpoints) {
        struct checkpoint *one = keeper->checkpoints;
        keeper->checkpoints = one->next;
        json_decref(one->head);
        json_decref(one->done);
        json_decref(one->earlier);
        free(one);
    }
    (void)pthread_mutex_destroy(&keeper->lock);
    (void)pthread_cond_destroy(&keeper->changed);
    json_decref(keeper->order);
    signing_key_free(keeper->key);
    free(keeper->begun);
    free(keeper);
}

bool keeper_finish(struct keeper *keeper, bool any_given_up, struct reason *reason) {
    enum { LAST_WRITES_MS = 10000 };
    const struct timespec until = condition_time_in(LAST_WRITES_MS);
    int error = 0;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    while (!keeper->stopped && error == 0)
        error = pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
    const bool stopped = keeper->stopped;
    *reason = keeper->problem;
    (void)pthread_mutex_unlock(&keeper->lock);
    if (stopped)
        (void)pthread_join(keeper->thread, NULL);
    else
        (void)pthread_detach(keeper->thread);
    if (!stopped)
        reason_set(reason, "%.200s: it does not answer", keeper->folder);
    if (stopped && !any_given_up)
        free_all(keeper);
    else
        memory_abandon(keeper);
    return reason->text[0] == '\0';
}
