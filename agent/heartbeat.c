#include "heartbeat.h"

#include "quietus/clock.h"
#include "quietus/condition.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_TRY_MS = 20000, LAST_TRY_MS = 5000 };

struct heartbeat {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *url;
    char *next; /* what is to be sent, or NULL */
    bool stop;
    atomic_int_fast64_t deadline_ms; /* of the transfer */
    /* The watching thread's own: */
    json_t *head;
    int64_t period_ms;
    int64_t due_ms;
};

static void *send_all(void *argument) {
    struct heartbeat *heartbeat = argument;
    struct reason unused;
    (void)pthread_mutex_lock(&heartbeat->lock);
    for (;;) {
        while (!heartbeat->next && !heartbeat->stop)
            (void)pthread_cond_wait(&heartbeat->changed, &heartbeat->lock);
        char *text = heartbeat->next;
        heartbeat->next = NULL;
        if (!text)
            break;
        atomic_store(&heartbeat->deadline_ms,
                     clock_monotonic_ms() + (heartbeat->stop ? LAST_TRY_MS : LONGEST_TRY_MS));
        (void)pthread_mutex_unlock(&heartbeat->lock);
        (void)http_put(heartbeat->url, text, strlen(text), &heartbeat->deadline_ms, &unused);
        free(text);
        (void)pthread_mutex_lock(&heartbeat->lock);
    }
    (void)pthread_mutex_unlock(&heartbeat->lock);
    return NULL;
}

struct heartbeat *heartbeat_start(const char *url, unsigned seconds, const struct session *session,
                                  const struct server *server) {
    if (!url || seconds == 0)
        return NULL;
    struct heartbeat *heartbeat = memory_new(1, sizeof *heartbeat);
    const size_t length = strlen(url);
    char name[160];
    session_name(session, server, name, sizeof name);
    memory_require(asprintf(&heartbeat->url, "%s%s%s.heartbeat", url,
                            length > 0 && url[length - 1] == '/' ? "" : "/", name) >= 0);
    heartbeat->head = json_new_object();
    json_put_text(heartbeat->head, "schema", "quietus.heartbeat/1");
    json_put_text(heartbeat->head, "run_id", session->run_id_text);
    json_put(heartbeat->head, "server", server_json(server));
    heartbeat->period_ms = (int64_t)seconds * 1000;
    atomic_init(&heartbeat->deadline_ms, 0);
    (void)pthread_mutex_init(&heartbeat->lock, NULL);
    condition_init(&heartbeat->changed);
    memory_require(pthread_create(&heartbeat->thread, NULL, send_all, heartbeat) == 0);
    return heartbeat;
}

static json_t *disk_json_of(const struct disk_run *run) {
    json_t *disk = json_new_object();
    json_put_text(disk, "node", disk_node(run->disk));
    json_put_text(disk, "serial", run->disk->identity.serial);
    json_put_text(disk, "phase", phase_name((enum phase)atomic_load(&run->progress.phase)));
    json_put_count(disk, "part", atomic_load(&run->progress.part));
    json_put_count(disk, "parts", atomic_load(&run->progress.parts));
    json_put_count(disk, "done", atomic_load(&run->progress.done));
    json_put_count(disk, "total", atomic_load(&run->progress.total));
    return disk;
}

/* Takes the document over. What has not been sent yet is old news. */
static void say(struct heartbeat *heartbeat, json_t *document) {
    char time[CLOCK_TEXT_SIZE];
    json_put_text(document, "time", clock_text(time, clock_now()));
    char *text = json_line(document);
    json_decref(document);
    heartbeat->due_ms = clock_monotonic_ms() + heartbeat->period_ms;
    (void)pthread_mutex_lock(&heartbeat->lock);
    free(heartbeat->next);
    heartbeat->next = text;
    (void)pthread_cond_signal(&heartbeat->changed);
    (void)pthread_mutex_unlock(&heartbeat->lock);
}

static json_t *document_of(const struct heartbeat *heartbeat, const char *state) {
    json_t *document = json_deep_copy(heartbeat->head);
    json_put_text(document, "state", state);
    return document;
}

void heartbeat_update(struct heartbeat *heartbeat, struct disk_run *const *runs, size_t count) {
    if (!heartbeat || clock_monotonic_ms() < heartbeat->due_ms)
        return;
    json_t *document = document_of(heartbeat, "working");
    json_t *disks = json_new_array();
    for (size_t i = 0; i < count; i++)
        json_add(disks, disk_json_of(runs[i]));
    json_put(document, "disks", disks);
    say(heartbeat, document);
}

void heartbeat_delivering(struct heartbeat *heartbeat) {
    if (heartbeat)
        say(heartbeat, document_of(heartbeat, "delivering"));
}

void heartbeat_end(struct heartbeat *heartbeat, int exit_status) {
    if (!heartbeat)
        return;
    json_t *document = document_of(heartbeat, "ended");
    json_put_count(document, "exit_status", (uint64_t)exit_status);
    say(heartbeat, document);
    (void)pthread_mutex_lock(&heartbeat->lock);
    heartbeat->stop = true;
    (void)pthread_cond_signal(&heartbeat->changed);
    (void)pthread_mutex_unlock(&heartbeat->lock);
    /* One that is under way has no longer either. */
    const int64_t last_ms = clock_monotonic_ms() + LAST_TRY_MS;
    if (atomic_load(&heartbeat->deadline_ms) > last_ms)
        atomic_store(&heartbeat->deadline_ms, last_ms);
    (void)pthread_join(heartbeat->thread, NULL);
    (void)pthread_mutex_destroy(&heartbeat->lock);
    (void)pthread_cond_destroy(&heartbeat->changed);
    json_decref(heartbeat->head);
    free(heartbeat->url);
    free(heartbeat);
}
