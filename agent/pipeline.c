#include "quietus/pipeline.h"

#include "quietus/deliver.h"
#include "quietus/expected.h"
#include "quietus/interrupt.h"
#include "quietus/json.h"
#include "quietus/kernel_state.h"
#include "quietus/locate.h"
#include "quietus/memory.h"
#include "quietus/resume.h"
#include "quietus/text.h"

#include "console.h"
#include "heartbeat.h"
#include "progress_view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct work {
    const struct pipeline *pipeline;
    json_t *lights; /* what was switched, for the record */
    bool lights_fail;
    struct record *record;
    struct deliverer *deliverer;
    struct keeper *keeper; /* NULL: nothing is kept for the time after a power cut */
    struct policy *policy; /* a copy, for as long as any run needs it */
    struct disk_run **runs;
    size_t run_count;
    struct pipeline_watcher watcher;
    struct heartbeat *heartbeat;
    bool spool_failed;
    struct stick_writer *stick; /* NULL: none is written to */
    bool stick_failed;
};

__attribute__((format(printf, 2, 3))) static void complain(const struct work *work,
                                                           const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    memory_require(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    work->watcher.complained(work->watcher.user, text);
    free(text);
}

/* A stick that fails is told once; what is on it already is safe, the rest is in the spool. */
static void tell_of_stick(struct work *work) {
    struct reason reason;
    if (!work->stick || work->stick_failed || !stick_writer_fails(work->stick, &reason))
        return;
    work->stick_failed = true;
    complain(work, "quietus: the stick cannot be written to (%s)\n", reason.text);
}

/* Law 8: in the spool before anyone tries to send it. 0 or negative errno. */
static int try_to_spool(struct work *work, const struct document *document) {
    const int error = spool_put(work->pipeline->spool, document);
    if (error) {
        work->spool_failed = true;
        return error;
    }
    if (work->stick)
        stick_writer_wake(work->stick);
    if (work->deliverer)
        deliverer_wake(work->deliverer);
    return 0;
}

/* A spool that cannot be written is told at once and makes the run undelivered; the document goes
 * to the terminal, so that it is not lost. */
static void spool(struct work *work, const struct document *document) {
    const int error = try_to_spool(work, document);
    if (error)
        complain(work, "quietus: %s/%s cannot be written: %s; here it is:\n%s",
                 work->pipeline->spool, document->file, strerror(-error), document->text);
}

/* An enclosure that does not answer takes its time to say so: nothing more is asked for then. */
static void switch_light(struct work *work, const struct disk *disk, bool on) {
    if (!work->pipeline->locate || work->lights_fail || disk->place.led[0] == '\0')
        return;
    const int error = locate_set("", &disk->place, on);
    work->lights_fail = error == -EIO || error == -ETIMEDOUT;
    json_t *entry = json_new_object();
    json_put_text(entry, "node", disk_node(disk));
    json_put_text(entry, "led", disk->place.led);
    json_put_text(entry, "switched", on ? "on" : "off");
    json_put_text_if(entry, "problem", error ? strerror(-error) : "");
    json_add(work->lights, entry);
}

static void run_ended(void *user, struct disk_run *run) {
    struct work *work = user;
    const struct pipeline *pipeline = work->pipeline;
    struct reason reason;
    struct document certificate;
    const enum disposition disposition = disk_run_disposition(run, &reason);
    certificate_of_run(pipeline->session, &pipeline->scan->server, run, &certificate);
    record_disk(work->record, run->disk, disposition, reason.text, &certificate);
    if (disposition == DISPOSITION_FAILED || disposition == DISPOSITION_UNKNOWN)
        switch_light(work, run->disk, true);
    spool(work, &certificate);
    if (run->checkpoint)
        keeper_ended(run->checkpoint, disposition);
    work->watcher.ended(work->watcher.user, run->disk, run, disposition, reason.text, &certificate);
    document_free(&certificate);
}

static void tick(void *user) {
    struct work *work = user;
    work->watcher.tick(work->watcher.user);
    tell_of_stick(work);
    heartbeat_update(work->heartbeat, work->runs, work->run_count);
}

/* Disks without a warrant: those held, refused or failed get a certificate too, the excluded a
 * line. */
static void certify_untouched(struct work *work, const struct disk *disk,
                              const struct decision *decision) {
    const struct pipeline *pipeline = work->pipeline;
    if (decision->disposition == DISPOSITION_EXCLUDED) {
        record_disk(work->record, disk, decision->disposition, decision->reason.text, NULL);
        work->watcher.ended(work->watcher.user, disk, NULL, decision->disposition,
                            decision->reason.text, NULL);
        return;
    }
    struct document certificate;
    certificate_of_decision(pipeline->session, &pipeline->scan->server, disk, decision,
                            pipeline->order, &certificate);
    record_disk(work->record, disk, decision->disposition, decision->reason.text, &certificate);
    spool(work, &certificate);
    work->watcher.ended(work->watcher.user, disk, NULL, decision->disposition,
                        decision->reason.text, &certificate);
    document_free(&certificate);
}

static void refuse_all(struct authorization *authorization, const char *reason) {
    for (size_t i = 0; i < authorization->count; i++) {
        struct decision *decision = &authorization->decisions[i];
        if (!decision->warrant)
            continue;
        warrant_free(decision->warrant);
        decision->warrant = NULL;
        decision->disposition = DISPOSITION_REFUSED;
        reason_set(&decision->reason, "%s", reason);
    }
}

static bool has_warrant(const struct authorization *authorization) {
    for (size_t i = 0; i < authorization->count; i++) {
        if (authorization->decisions[i].warrant)
            return true;
    }
    return false;
}

/* Before anything is destroyed, it is in the spool that it will be. Where that cannot be kept, no
 * certificate could be either: then nothing is erased. */
static void announce(struct work *work) {
    const struct pipeline *pipeline = work->pipeline;
    struct document begun;
    struct reason reason;
    if (!has_warrant(pipeline->authorization))
        return;
    begun_of_run(pipeline->session, pipeline->scan, pipeline->authorization, pipeline->order,
                 &begun);
    const int error = try_to_spool(work, &begun);
    if (error == 0)
        work->keeper = keeper_start(pipeline->state, pipeline->session, pipeline->order, &begun);
    document_free(&begun);
    if (error == 0 && work->stick) {
        stick_writer_wait(work->stick); /* it outlives a power cut there alone */
        tell_of_stick(work);
    }
    if (error == 0)
        return;
    reason_set(&reason, "nothing is erased, since the spool %.160s cannot be written: %s",
               pipeline->spool, strerror(-error));
    refuse_all(pipeline->authorization, reason.text);
}

/* Nobody else is told of it: the status alone would not say which disk. */
static void note_absent(const struct work *work, const json_t *entry, const char *reason) {
    char name[TEXT_FIELD_SIZE];
    const char *serial = json_text(entry, "serial");
    record_absent(work->record, entry, reason);
    complain(work, "quietus: absent: %s: %s\n",
             text_printable(name, sizeof name, serial[0] ? serial : json_text(entry, "wwn")),
             reason);
}

static void list_absent(const struct work *work, const json_t *entries, const char *reason) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)entries, i, entry) note_absent(work, entry, reason);
}

static void list_expected(const struct work *work) {
    char reason[320];
    size_t i;
    json_t *entry;
    json_array_foreach(work->pipeline->authorization->absent_expected, i, entry) {
        (void)expected_reason(entry, work->pipeline->scan, reason, sizeof reason);
        note_absent(work, entry, reason);
    }
}

static void sort_disks(struct work *work) {
    const struct pipeline *pipeline = work->pipeline;
    for (size_t i = 0; i < pipeline->scan->disk_count; i++) {
        struct decision *decision = &pipeline->authorization->decisions[i];
        const struct disk *disk = pipeline->scan->disks[i];
        if (!decision->warrant) {
            certify_untouched(work, disk, decision);
            continue;
        }
        switch_light(work, disk, false);
        struct disk_run *run =
            disk_run_new(disk, decision->warrant, work->policy, pipeline->session->run_id);
        secrets_of_disk(pipeline->secrets, disk->identity.serial, &run->secrets);
        if (work->keeper)
            run->checkpoint = keeper_add(work->keeper, disk, work->policy);
        work->runs[work->run_count++] = run;
        decision->warrant = NULL; /* the run's now */
    }
    list_absent(work, pipeline->authorization->absent, "the order names it and it was not found");
    list_absent(work, pipeline->authorization->absent_retained,
                "the order retains it and it was not found");
    list_expected(work);
}

static enum exit_status status_of(const struct work *work) {
    const struct record *record = work->record;
    if (work->pipeline->order_invalid)
        return EXIT_ORDER;
    if (record_count(record, DISPOSITION_UNKNOWN) + record_count(record, DISPOSITION_ABSENT) > 0)
        return EXIT_UNKNOWN;
    if (record_count(record, DISPOSITION_FAILED) > 0)
        return EXIT_FAILED;
    if (record_count(record, DISPOSITION_REFUSED) + record_count(record, DISPOSITION_HELD) > 0)
        return EXIT_REFUSED;
    return EXIT_GOOD;
}

/* How many documents stay in the spool, and why. on_stick: why they are not on the stick. */
static size_t deliver_rest(struct work *work, const struct reason *on_stick,
                           struct reason *reason) {
    const struct pipeline *pipeline = work->pipeline;
    if (work->deliverer)
        return deliverer_finish(work->deliverer, pipeline->deliver_seconds, reason);
    *reason = *on_stick;
    return pipeline->must_deliver ? spool_count_unsafe(pipeline->spool) : 0;
}

/* Why what is not on the stick is not; one that has only just come gets everything. */
static void finish_stick(struct work *work, struct reason *reason) {
    struct stick_writer *stick = work->stick;
    struct reason why;
    if (stick)
        stick_writer_wait(stick);
    tell_of_stick(work);
    work->stick = NULL;
    if (stick && stick_writer_finish(stick, &why))
        reason_set(reason, "they are not on the stick either%s%.250s", why.text[0] ? ": " : "",
                   why.text);
    else
        reason_set(reason, "no address to send them to was given");
}

static enum exit_status finish(struct work *work, const struct reason *on_stick,
                               enum exit_status status) {
    struct reason reason = {""};
    const size_t left = deliver_rest(work, on_stick, &reason);
    if (left > 0)
        complain(work, "quietus: %zu documents are not delivered and stay in %s (%s)\n", left,
                 work->pipeline->spool, reason.text);
    return (left > 0 || work->spool_failed) && status == EXIT_GOOD ? EXIT_UNDELIVERED : status;
}

static enum exit_status close_record(struct work *work, int interrupted_by) {
    const struct pipeline *pipeline = work->pipeline;
    struct document record;
    char name[32];
    const enum exit_status status = status_of(work);
    if (interrupted_by) {
        (void)snprintf(name, sizeof name, "SIG%s", sigabbrev_np(interrupted_by));
        record_put(work->record, "interrupted_by", json_string(name));
    }
    if (json_array_size(work->lights) > 0)
        record_put(work->record, "lights", json_incref(work->lights));
    json_t *trouble = kernel_trouble_json("");
    if (trouble)
        record_put(work->record, "kernel_trouble", trouble);
    record_close(work->record, pipeline->session, (int)status, &record);
    spool(work, &record);
    work->watcher.closed(work->watcher.user, &record);
    document_free(&record);
    if (!work->spool_failed)
        spool_complete(pipeline->spool, pipeline->session->run_id_text);
    return status;
}

static void start(struct work *work) {
    const struct pipeline *pipeline = work->pipeline;
    interrupt_hold(); /* first, so that no thread is without it */
    (void)fflush(stdout);
    const int error = spool_begin(pipeline->spool, pipeline->session->run_id_text);
    if (error)
        complain(work, "quietus: %s cannot be written: %s\n", pipeline->spool, strerror(-error));
    if (pipeline->report)
        work->deliverer = deliverer_start(pipeline->spool, pipeline->report);
    if (pipeline->stick)
        work->stick = stick_writer_start(pipeline->spool, pipeline->stick);
    record_put(work->record, "order", pipeline->order ? json_incref(pipeline->order) : json_null());
    record_put(work->record, "scan", scan_json(pipeline->scan));
    announce(work);
    sort_disks(work);
    work->watcher.begun(work->watcher.user, work->runs, work->run_count);
    work->heartbeat = heartbeat_start(pipeline->report, pipeline->heartbeat_seconds,
                                      pipeline->session, &pipeline->scan->server);
    heartbeat_update(work->heartbeat, work->runs, work->run_count);
}

static bool any_given_up(const struct work *work) {
    for (size_t i = 0; i < work->run_count; i++) {
        if (work->runs[i]->given_up)
            return true;
    }
    return false;
}

/* Without it disks are erased all the same; after a power cut they would begin anew. */
static void close_keeper(struct work *work) {
    struct reason reason;
    if (!work->keeper || keeper_finish(work->keeper, any_given_up(work), &reason))
        return;
    complain(work, "quietus: how far the disks are could not be kept: %s\n", reason.text);
    record_put(work->record, "state_problem", json_string(reason.text));
}

/* The thread of a run that was given up may wake up yet: what it uses is never freed. */
static void abandon_disk(struct scan *scan, const struct disk *disk) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (scan->disks[i] != disk)
            continue;
        memory_abandon(scan->disks[i]);
        scan->disks[i] = NULL;
    }
}

static void free_runs(struct work *work) {
    const bool abandon = any_given_up(work);
    for (size_t i = 0; i < work->run_count; i++) {
        struct disk_run *run = work->runs[i];
        if (run->given_up) {
            abandon_disk(work->pipeline->scan, run->disk);
            memory_abandon(run);
        }
        disk_run_free(run);
    }
    free(work->runs);
    if (abandon)
        memory_abandon(work->policy);
    else
        free(work->policy);
}

/* Who watches if nobody else does: what is printed. */
static void print_ended(void *user, const struct disk *disk, const struct disk_run *run,
                        enum disposition disposition, const char *reason,
                        const struct document *certificate) {
    if (disposition != DISPOSITION_EXCLUDED) /* the record has those */
        progress_view_ended(user, disk, run, disposition, reason, certificate->file);
}

static void print_begun(void *user, struct disk_run *const *runs, size_t count) {
    progress_view_begin(user, runs, count);
}

static void print_tick(void *user) {
    progress_view_update(user);
}

static void print_closed(void *user, const struct document *record) {
    (void)user;
    (void)record;
}

static void print_complaint(void *user, const char *text) {
    progress_view_complain(user, text);
}

static enum exit_status run_watched(const struct pipeline *pipeline,
                                    const struct pipeline_watcher *watcher) {
    struct work work = {
        .pipeline = pipeline,
        .lights = json_new_array(),
        .watcher = *watcher,
        .record = record_new(pipeline->session, pipeline->scan, pipeline->mode),
        .policy = memory_new(1, sizeof *work.policy),
        .runs = memory_new(pipeline->scan->disk_count, sizeof *work.runs),
    };
    struct reason on_stick = {""};
    *work.policy = *pipeline->policy;
    start(&work);
    const struct runner_callbacks callbacks = {run_ended, tick, &work};
    const int interrupted_by = runner_run(work.runs, work.run_count, &pipeline->limits, &callbacks);
    close_keeper(&work);
    enum exit_status status = close_record(&work, interrupted_by);
    finish_stick(&work, &on_stick);
    interrupt_release(); /* everything is in the spool: being ended now loses nothing */
    heartbeat_delivering(work.heartbeat);
    status = finish(&work, &on_stick, status);
    heartbeat_end(work.heartbeat, (int)status);
    free_runs(&work);
    record_free(work.record);
    json_decref(work.lights);
    return status;
}

enum exit_status pipeline_run(const struct pipeline *pipeline) {
    enum { LAST_WORDS_MS = 5000 };
    if (pipeline->watcher)
        return run_watched(pipeline, pipeline->watcher);
    interrupt_hold(); /* before the console's thread is started, which must be without them too */
    struct console *console = console_new();
    struct progress_view *view = progress_view_new(pipeline->progress, console);
    const struct pipeline_watcher printer = {print_begun,  print_tick,      print_ended,
                                             print_closed, print_complaint, view};
    const enum exit_status status = run_watched(pipeline, &printer);
    progress_view_free(view);
    console_free(console, LAST_WORDS_MS);
    return status;
}
