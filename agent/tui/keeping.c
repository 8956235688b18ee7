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

struct keeping {
    char spool[PATH_MAX];
    char stick[PATH_MAX]; /* "": none */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct screen_keeping state;
    bool again; /* something has changed since the last look began */
    bool all;
    bool stop;
    bool stopped;
};

static bool ends_with(const char *name, const char *ending) {
    const size_t length = strlen(name);
    return length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

static int save(const struct keeping *keeping, const char *folder, const char *name) {
    char path[PATH_MAX];
    AUTO_FREE char *data = NULL;
    size_t length;
    path_format(path, folder, "/%s", name);
    const int error = file_read(path, DOCUMENT_LIMIT, &data, &length);
    return error ? error : stick_put(keeping->stick, stick_folder, name, data, length);
}

static int move_to_sent(const struct keeping *keeping, const char *name) {
    char from[PATH_MAX];
    char to[PATH_MAX];
    path_format(to, keeping->spool, "/sent");
    const int error = file_make_folders(to, 0700);
    if (error)
        return error;
    path_format(from, keeping->spool, "/%s", name);
    path_format(to, keeping->spool, "/sent/%s", name);
    return rename(from, to) == 0 ? 0 : -errno;
}

/* Adds "a, b" to a list; what does not fit is told of by three dots. */
static void add_to_list(char *list, size_t size, const char *name) {
    const size_t used = strlen(list);
    static const char more[] = ", ...";
    if (used >= strlen(more) && strcmp(list + used - strlen(more), more) == 0)
        return;
    if (used + strlen(more) + strlen(name) + sizeof more > size)
        text_copy(list + used, size - used, more + (used ? 0 : strlen(", ")));
    else
        (void)snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* Which stick is used, and which are not, as init has it; nothing, where there is no such list. */
static void read_sticks(const char *stick, char used[STICK_NAME_SIZE], char *others, size_t size) {
    enum { LIST_LIMIT = 8192 };
    static const char is_used[] = "used ";
    static const char is_unused[] = "unused ";
    char path[PATH_MAX];
    AUTO_FREE char *list = NULL;
    size_t length;
    char *rest = NULL;
    used[0] = others[0] = '\0';
    path_format(path, stick, STICK_LIST_SUFFIX);
    if (file_read(path, LIST_LIMIT, &list, &length) != 0)
        return;
    for (char *line = strtok_r(list, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, is_used, strlen(is_used)) == 0)
            text_copy(used, STICK_NAME_SIZE, line + strlen(is_used));
        else if (strncmp(line, is_unused, strlen(is_unused)) == 0)
            add_to_list(others, size, line + strlen(is_unused));
    }
}

static void stick_in_use(const struct keeping *keeping, char name[STICK_NAME_SIZE]) {
    char others[2 * STICK_NAME_SIZE];
    read_sticks(keeping->stick, name, others, sizeof others);
}

/* By what follows the device: pulled out and put in again, a stick has another one. */
static bool same_stick(const char *a, const char *b) {
    return strcmp(strchrnul(a, ' '), strchrnul(b, ' ')) == 0;
}

/* Counts a document for the stick that it went to; not if that was changed meanwhile. */
static void note_saved(const struct keeping *keeping, const char *before,
                       struct screen_keeping *state) {
    char now[STICK_NAME_SIZE];
    stick_in_use(keeping, now);
    if (strcmp(before, now) != 0)
        return;
    for (size_t i = 0; now[0] != '\0' && i < SCREEN_STICKS; i++) {
        if (state->saved_to[i].count > 0 && !same_stick(state->saved_to[i].stick, now))
            continue;
        text_copy(state->saved_to[i].stick, STICK_NAME_SIZE, now);
        state->saved_to[i].count++;
        return;
    }
}

/* What it is to somebody with a stick in the hand. */
static const char *words_of(int error) {
    static const struct {
        int error;
        const char *words;
    } table[] = {
        {ENOSPC, "the stick is full"},
        {EROFS, "the stick is write-protected or full"},
        {EIO, "the stick fails, or was pulled out"},
        {ENODEV, "the stick was pulled out"},
        {ENOENT, "the stick was pulled out"},
        {EBADMSG, "it reads back from the stick as something else"},
        {EEXIST, "the stick has another file of that name"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (error == -table[i].error)
            return table[i].words;
    }
    return strerror(-error);
}

enum { PROBLEM_SIZE = sizeof((struct screen_keeping *)0)->problem };

static void note_problem(char problem[PROBLEM_SIZE], const char *name, int error) {
    (void)snprintf(problem, PROBLEM_SIZE, "%.120s: %s", name, words_of(error));
}

/* What is in the spool; saved: leaves it if it is on the stick. */
static void look(const struct keeping *keeping, bool saves, struct screen_keeping *state) {
    char **names;
    size_t count;
    const int error = folder_list(keeping->spool, &names, &count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(names[i], "incomplete-", strlen("incomplete-")) == 0)
            state->incomplete = true;
        if (!ends_with(names[i], ".json"))
            continue;
        char stick[STICK_NAME_SIZE];
        stick_in_use(keeping, stick);
        int problem = saves ? save(keeping, keeping->spool, names[i]) : -ENODEV;
        if (saves && problem == 0)
            problem = move_to_sent(keeping, names[i]);
        if (problem == 0)
            note_saved(keeping, stick, state);
        if (saves && problem)
            note_problem(state->problem, names[i], problem);
        if (state->needs_stick)
            state->unsaved += problem != 0;
        else
            state->saved++;
    }
    folder_free_names(names, count);
    if (error && error != -ENOENT) {
        (void)snprintf(state->problem, sizeof state->problem, "%.120s: %s", keeping->spool,
                       strerror(-error));
        state->unsaved++;
    }
}

/* What is on some stick already, onto the one that is there now. */
static void save_again(const struct keeping *keeping, const char *folder, char *const *names,
                       size_t count, struct screen_keeping *state) {
    state->again.done = true;
    state->again.no_stick = !state->stick_there;
    state->again.failed = state->unsaved + (state->stick_there ? 0 : count);
    text_copy(state->again.problem, sizeof state->again.problem, state->problem);
    text_copy(state->again.stick, sizeof state->again.stick, state->stick);
    for (size_t i = 0; state->stick_there && i < count; i++) {
        const int error = save(keeping, folder, names[i]);
        if (error)
            note_problem(state->again.problem, names[i], error);
        state->again.failed += error != 0;
        state->again.saved += error == 0;
    }
}

/* What was saved before; again: it is saved to the stick that is there now, too. */
static void look_at_sent(const struct keeping *keeping, bool again, struct screen_keeping *state) {
    char folder[PATH_MAX];
    char **names;
    path_format(folder, keeping->spool, "/sent");
    const size_t count = folder_names(folder, &names);
    if (again)
        save_again(keeping, folder, names, count, state);
    state->saved += count;
    folder_free_names(names, count);
}

/* A stick has come: until it was written to, nothing of what was known before is right. */
static void tell_at_work(struct keeping *keeping) {
    (void)pthread_mutex_lock(&keeping->lock);
    keeping->state.stale = true;
    (void)pthread_mutex_unlock(&keeping->lock);
}

static void keep(struct keeping *keeping, bool all) {
    struct screen_keeping state = {.needs_stick = keeping->stick[0] != '\0'};
    if (!all)
        state.again = keeping->state.again; /* only this thread changes it */
    state.stick_there = state.needs_stick && stick_present(keeping->stick);
    if (state.stick_there && !keeping->state.stick_there)
        tell_at_work(keeping);
    if (state.needs_stick)
        read_sticks(keeping->stick, state.stick, state.others, sizeof state.others);
    else
        text_copy(state.where, sizeof state.where, keeping->spool);
    memcpy(state.saved_to, keeping->state.saved_to, sizeof state.saved_to);
    look(keeping, state.stick_there, &state);
    look_at_sent(keeping, all, &state);
    (void)pthread_mutex_lock(&keeping->lock);
    keeping->state = state;
    (void)pthread_mutex_unlock(&keeping->lock);
}

static void *keep_on(void *argument) {
    struct keeping *keeping = argument;
    (void)pthread_mutex_lock(&keeping->lock);
    while (!keeping->stop) {
        const bool all = keeping->all;
        keeping->all = false;
        keeping->again = false;
        (void)pthread_mutex_unlock(&keeping->lock);
        keep(keeping, all);
        (void)pthread_mutex_lock(&keeping->lock);
        const struct timespec until = condition_time_in(LOOK_MS);
        if (!keeping->stop && !keeping->again)
            (void)pthread_cond_timedwait(&keeping->changed, &keeping->lock, &until);
    }
    keeping->stopped = true;
    (void)pthread_cond_broadcast(&keeping->changed);
    (void)pthread_mutex_unlock(&keeping->lock);
    return NULL;
}

struct keeping *keeping_start(const char *spool, const char *stick) {
    struct keeping *keeping = memory_new(1, sizeof *keeping);
    text_copy(keeping->spool, sizeof keeping->spool, spool);
    text_copy(keeping->stick, sizeof keeping->stick, stick ? stick : "");
    keeping->state = (struct screen_keeping){.needs_stick = stick != NULL, .stale = true};
    (void)pthread_mutex_init(&keeping->lock, NULL);
    condition_init(&keeping->changed);
    memory_require(pthread_create(&keeping->thread, NULL, keep_on, keeping) == 0);
    return keeping;
}

void keeping_read(struct keeping *keeping, struct screen_keeping *out) {
    (void)pthread_mutex_lock(&keeping->lock);
    *out = keeping->state;
    out->stale = keeping->state.stale || keeping->again;
    (void)pthread_mutex_unlock(&keeping->lock);
}

static void look_soon(struct keeping *keeping, bool all) {
    (void)pthread_mutex_lock(&keeping->lock);
    keeping->again = true;
    keeping->all = keeping->all || all;
    keeping->state.stale = true;
    (void)pthread_cond_broadcast(&keeping->changed);
    (void)pthread_mutex_unlock(&keeping->lock);
}

void keeping_look_again(struct keeping *keeping) {
    look_soon(keeping, false);
}

void keeping_save_all(struct keeping *keeping) {
    look_soon(keeping, true);
}

void keeping_stop(struct keeping *keeping) {
    enum { LAST_MS = 5000 };
    const struct timespec until = condition_time_in(LAST_MS);
    int error = 0;
    (void)pthread_mutex_lock(&keeping->lock);
    keeping->stop = true;
    (void)pthread_cond_broadcast(&keeping->changed);
    while (!keeping->stopped && error == 0)
        error = pthread_cond_timedwait(&keeping->changed, &keeping->lock, &until);
    const bool stopped = keeping->stopped;
    (void)pthread_mutex_unlock(&keeping->lock);
    if (!stopped) { /* it waits for a stick that does not answer */
        (void)pthread_detach(keeping->thread);
        memory_abandon(keeping);
        return;
    }
    (void)pthread_join(keeping->thread, NULL);
    (void)pthread_mutex_destroy(&keeping->lock);
    (void)pthread_cond_destroy(&keeping->changed);
    free(keeping);
}
