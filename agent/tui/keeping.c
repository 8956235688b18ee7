#include "keeping.h"

#include "quietus/cleanup.h"
#include "quietus/condition.h"
#include "quietus/file.h"
#include "quietus/memory.h"
#include "quietus/stick.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 1000, DOCUMENT_LIMIT = ENVELOPE_LIMIT };

static const char stick_folder[] = "certificates";

struct keeper {
    char spool[PATH_MAX];
    char stick[PATH_MAX]; /* "": none */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct screen_keeping state;
    bool all;
    bool stop;
    bool stopped;
};

static bool ends_with(const char *name, const char *ending) {
    const size_t length = strlen(name);
    return length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

/* 0: the stick has these bytes under that name, whoever wrote them. */
static int put(const char *stick, const char *name, const char *data, size_t length) {
    char path[PATH_MAX];
    AUTO_FREE char *there = NULL;
    size_t there_length = 0;
    int error = stick_put(stick, stick_folder, name, data, length);
    if (error != -EEXIST)
        return error;
    path_format(path, stick, "/%s/%s", stick_folder, name);
    error = file_read(path, DOCUMENT_LIMIT, &there, &there_length);
    if (error)
        return error;
    return there_length == length && memcmp(there, data, length) == 0 ? 0 : -EEXIST;
}

static int save(const struct keeper *keeper, const char *folder, const char *name) {
    char path[PATH_MAX];
    AUTO_FREE char *data = NULL;
    size_t length;
    path_format(path, folder, "/%s", name);
    const int error = file_read(path, DOCUMENT_LIMIT, &data, &length);
    return error ? error : put(keeper->stick, name, data, length);
}

static int move_to_sent(const struct keeper *keeper, const char *name) {
    char from[PATH_MAX];
    char to[PATH_MAX];
    path_format(to, keeper->spool, "/sent");
    const int error = file_make_folders(to, 0700);
    if (error)
        return error;
    path_format(from, keeper->spool, "/%s", name);
    path_format(to, keeper->spool, "/sent/%s", name);
    return rename(from, to) == 0 ? 0 : -errno;
}

static void note_problem(struct screen_keeping *state, const char *name, int error) {
    (void)snprintf(state->problem, sizeof state->problem, "%.120s: %s", name, strerror(-error));
}

/* What is in the spool; saved: leaves it if it is on the stick. */
static void look(const struct keeper *keeper, bool saves, struct screen_keeping *state) {
    char **names;
    size_t count;
    const int error = folder_list(keeper->spool, &names, &count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(names[i], "incomplete-", strlen("incomplete-")) == 0)
            state->incomplete = true;
        if (!ends_with(names[i], ".json"))
            continue;
        int problem = saves ? save(keeper, keeper->spool, names[i]) : -ENODEV;
        if (saves && problem == 0)
            problem = move_to_sent(keeper, names[i]);
        if (saves && problem)
            note_problem(state, names[i], problem);
        if (state->needs_stick)
            state->unsaved += problem != 0;
        else
            state->saved++;
    }
    folder_free_names(names, count);
    if (error && error != -ENOENT) {
        note_problem(state, keeper->spool, error);
        state->unsaved++;
    }
}

/* What was saved before; again: onto the stick that is there now. */
static void look_at_sent(const struct keeper *keeper, bool again, struct screen_keeping *state) {
    char folder[PATH_MAX];
    char **names;
    path_format(folder, keeper->spool, "/sent");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        const int error = again ? save(keeper, folder, names[i]) : 0;
        if (error)
            note_problem(state, names[i], error);
    }
    state->saved += count;
    folder_free_names(names, count);
}

static void keep(struct keeper *keeper, bool all) {
    struct screen_keeping state = {.needs_stick = keeper->stick[0] != '\0'};
    state.stick_there = state.needs_stick && stick_present(keeper->stick);
    text_copy(state.where, sizeof state.where,
              state.needs_stick ? "on the stick, in its folder certificates" : keeper->spool);
    look(keeper, state.stick_there, &state);
    look_at_sent(keeper, all && state.stick_there, &state);
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->state = state;
    (void)pthread_mutex_unlock(&keeper->lock);
}

static void *keep_on(void *argument) {
    struct keeper *keeper = argument;
    (void)pthread_mutex_lock(&keeper->lock);
    while (!keeper->stop) {
        const bool all = keeper->all;
        keeper->all = false;
        (void)pthread_mutex_unlock(&keeper->lock);
        keep(keeper, all);
        (void)pthread_mutex_lock(&keeper->lock);
        const struct timespec until = condition_time_in(LOOK_MS);
        if (!keeper->stop && !keeper->all)
            (void)pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
    }
    keeper->stopped = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

struct keeper *keeper_start(const char *spool, const char *stick) {
    struct keeper *keeper = memory_new(1, sizeof *keeper);
    text_copy(keeper->spool, sizeof keeper->spool, spool);
    text_copy(keeper->stick, sizeof keeper->stick, stick ? stick : "");
    keeper->state.needs_stick = stick != NULL;
    (void)pthread_mutex_init(&keeper->lock, NULL);
    condition_init(&keeper->changed);
    memory_require(pthread_create(&keeper->thread, NULL, keep_on, keeper) == 0);
    return keeper;
}

void keeper_read(struct keeper *keeper, struct screen_keeping *out) {
    (void)pthread_mutex_lock(&keeper->lock);
    *out = keeper->state;
    (void)pthread_mutex_unlock(&keeper->lock);
}

void keeper_save_all(struct keeper *keeper) {
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->all = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
}

void keeper_stop(struct keeper *keeper) {
    enum { LAST_MS = 5000 };
    const struct timespec until = condition_time_in(LAST_MS);
    int error = 0;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    while (!keeper->stopped && error == 0)
        error = pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
    const bool stopped = keeper->stopped;
    (void)pthread_mutex_unlock(&keeper->lock);
    if (!stopped) { /* it waits for a stick that does not answer */
        (void)pthread_detach(keeper->thread);
        memory_abandon(keeper);
        return;
    }
    (void)pthread_join(keeper->thread, NULL);
    (void)pthread_mutex_destroy(&keeper->lock);
    (void)pthread_cond_destroy(&keeper->changed);
    free(keeper);
}
