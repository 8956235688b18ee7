#include "quietus/pipeline.h"

#include "quietus/deliver.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include "progress_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
    const struct pipeline *pipeline;
    struct record *record;
    struct deliverer *deliverer;
    struct disk_run **runs;
    size_t run_count;
    struct progress_view *view;
    bool spool_failed;
};

/* Law 8: in the spool before anyone tries to send it. A spool that cannot be written is told at
 * once and makes the run undelivered; the document goes to the terminal, so that it is not lost. */
static void spool(struct work *work, const struct document *document) {
    const int error = spool_put(work->pipeline->spool, document);
    if (error) {
        work->spool_failed = true;
        (void)fprintf(stderr, "quietus: %s/%s cannot be written: %s; here it is:\n%s",
                      work->pipeline->spool, document->file, strerror(-error), document->text);
        return;
    }
    if (work->deliverer)
        deliverer_wake(work->deliverer);
}

static void run_ended(void *user, struct disk_run *run) {
    struct work *work = user;
    const struct pipeline *pipeline = work->pipeline;
    struct reason reason;
    struct document certificate;
    const enum disposition disposition = disk_run_disposition(run, &reason);
    certificate_of_run(pipeline->session, &pipeline->scan->server, run, &certificate);
    record_disk(work->record, run->disk, disposition, reason.text, &certificate);
    spool(work, &certificate);
    progress_view_ended(work->view, run, disposition, reason.text, certificate.file);
    document_free(&certificate);
}

static void tick(void *user) {
    progress_view_update(((struct work *)user)->view);
}

/* Disks without a warrant: those held, refused or failed get a certificate too, the excluded a
 * line. */
static void certify_untouched(struct work *work, const struct disk *disk,
                              const struct decision *decision) {
    const struct pipeline *pipeline = work->pipeline;
    if (decision->disposition == DISPOSITION_EXCLUDED) {
        record_disk(work->record, disk, decision->disposition, decision->reason.text, NULL);
        return;
    }
    struct document certificate;
    certificate_of_decision(pipeline->session, &pipeline->scan->server, disk, decision,
                            pipeline->order, &certificate);
    record_disk(work->record, disk, decision->disposition, decision->reason.text, &certificate);
    spool(work, &certificate);
    document_free(&certificate);
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
        work->runs[work->run_count++] =
            disk_run_new(disk, decision->warrant, pipeline->policy, pipeline->session->run_id);
        decision->warrant = NULL; /* the run's now */
    }
    size_t i;
    json_t *entry;
    json_array_foreach(pipeline->authorization->absent, i, entry)
        record_absent(work->record, entry);
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

static enum exit_status deliver_rest(struct work *work, enum exit_status status) {
    const struct pipeline *pipeline = work->pipeline;
    struct reason reason = {""};
    size_t left = 0;
    if (work->deliverer)
        left = deliverer_finish(work->deliverer, pipeline->deliver_seconds, &reason);
    if (left > 0)
        (void)fprintf(stderr, "quietus: %zu documents are not delivered and stay in %s (%s)\n",
                      left, pipeline->spool, reason.text);
    return (left > 0 || work->spool_failed) && status == EXIT_GOOD ? EXIT_UNDELIVERED : status;
}

enum exit_status pipeline_run(const struct pipeline *pipeline) {
    struct work work = {
        .pipeline = pipeline,
        .record = record_new(pipeline->session, pipeline->scan, pipeline->mode),
        .runs = memory_new(pipeline->scan->disk_count, sizeof *work.runs),
        .deliverer = pipeline->report ? deliverer_start(pipeline->spool, pipeline->report) : NULL,
    };
    record_put(work.record, "order", pipeline->order ? json_incref(pipeline->order) : json_null());
    record_put(work.record, "scan", scan_json(pipeline->scan));
    sort_disks(&work);
    work.view = progress_view_new(pipeline->progress, work.runs, work.run_count);
    const struct runner_callbacks callbacks = {run_ended, tick, &work};
    runner_run(work.runs, work.run_count, &callbacks);

    struct document record;
    const enum exit_status status = status_of(&work);
    record_close(work.record, pipeline->session, (int)status, &record);
    spool(&work, &record);
    document_free(&record);
    progress_view_free(work.view);
    for (size_t i = 0; i < work.run_count; i++)
        disk_run_free(work.runs[i]);
    free(work.runs);
    record_free(work.record);
    return deliver_rest(&work, status);
}
