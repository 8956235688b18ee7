/* Overwriting from the host: every addressable LBA, pass by pass. */
#include "quietus/json.h"
#include "quietus/overwrite_state.h"
#include "quietus/pattern.h"

#include "address_probe.h"
#include "methods.h"
#include "vanished.h"
#include "writer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char begun_kind[] = "overwrite-begun";
static const char pass_kind[] = "overwrite-pass";

static bool offered(const struct disk *disk, struct reason *reason) {
    if (disk->area_count == 0) {
        reason_set(reason, "nothing on it can be addressed");
        return false;
    }
    for (unsigned i = 0; i < disk->area_count; i++) {
        const struct disk_area *area = &disk->areas[i];
        if (area->read_only) {
            reason_set(reason,
                       "it is write protected%s; lift that (jumper, switch, hdparm -r0, nvme "
                       "set-feature 84h) and try again",
                       area->nsid ? " (a namespace)" : "");
            return false;
        }
        const bool by_command = (disk->commands == COMMANDS_SCSI && disk->bus != BUS_USB) ||
                                raid_is_behind(&disk->raid);
        if ((area->node[0] == '\0' && !by_command) || area->lba_count == 0) {
            reason_set(reason, "there is no block device to write it by");
            return false;
        }
        if (area->lba_size < 512 || area->lba_size > LAYOUT_LARGEST_UNIT) {
            reason_set(reason, "sectors of %" PRIu32 " bytes cannot be written", area->lba_size);
            return false;
        }
    }
    return true;
}

/* Those that are kept; a flag says if there are more. */
static void put_bad_ranges(json_t *event, const struct write_report *report) {
    json_t *list = json_new_array();
    uint64_t kept = 0;
    for (unsigned i = 0; i < report->bad_count; i++) {
        json_t *range = json_new_object();
        json_put_count(range, "area", report->bad[i].area);
        json_put_count(range, "lba", report->bad[i].lba);
        json_put_count(range, "count", report->bad[i].count);
        json_add(list, range);
        kept += report->bad[i].count;
    }
    json_put(event, "bad_ranges", list);
    if (kept < report->bad_lbas)
        json_put_flag(event, "bad_ranges_are_not_all", true);
}

/* A pass, and what of it an earlier run has written. */
struct pass_run {
    struct erase_run *run;
    unsigned number;
    uint64_t from;
    json_t *done;          /* those before it, as in the evidence */
    const json_t *earlier; /* the state that this run was taken up from, or NULL */
    bool is_told;          /* how far it is; not once something has failed */
    uint64_t flushed;      /* what lies below is written and flushed, this pass */
};

/* How a pass, or what was left of it, has ended. */
struct pass_end {
    struct write_report report;
    bool begun;              /* the disk was there, and itself */
    struct reason not_begun; /* else why not */
    int error;               /* of beginning it, or the writer's */
    int flush_error;
    int gone;     /* of waiting for a disk that has vanished */
    bool is_good; /* all of it is written and flushed */
};

/* Which pass it is, of what, and from where. */
static json_t *pass_head_json(const struct pass_run *pass) {
    char text[64];
    const struct erase_run *run = pass->run;
    const struct passes one = {.list = {run->pattern->pass}, .count = 1};
    json_t *event = json_new_object();
    json_put_count(event, "pass", pass->number);
    json_put_text(event, "pattern", passes_text(&one, text, sizeof text));
    if (run->pattern->pass.random) {
        json_put_text(event, "generator", PATTERN_GENERATOR);
        json_put_hex(event, "key", run->pattern->key, sizeof run->pattern->key);
    }
    json_put_count(event, "bytes", run->layout->bytes);
    if (pass->from > 0)
        json_put_count(event, "taken_up_at", pass->from);
    return event;
}

static json_t *pass_json(const struct pass_run *pass, const struct pass_end *end) {
    const struct write_report *report = &end->report;
    json_t *event = pass_head_json(pass);
    json_put_count(event, "bytes_acknowledged", report->written);
    json_put_count(event, "requests_failed", report->requests_failed);
    json_put_count(event, "bad_lbas", report->bad_lbas);
    put_bad_ranges(event, report);
    json_put_text(event, "result", end->error ? strerror(-end->error) : "gone through");
    if (end->begun)
        json_put_text(event, "flush", end->flush_error ? strerror(-end->flush_error) : "good");
    else
        json_put_text(event, "not_begun", end->not_begun.text);
    if (!end->is_good)
        json_put_count(event, "flushed_below", pass->flushed);
    return event;
}

/* What the first sign of trouble was. */
static const char *first_sign(const struct pass_end *end) {
    if (!end->begun)
        return end->not_begun.text;
    const int signs[] = {end->report.first_error, end->flush_error, end->error};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i])
            return strerror(-signs[i]);
    }
    return "no error";
}

/* What came of waiting for it. */
static const char *wait_text(int gone, char *out, size_t size) {
    if (gone == -ECANCELED)
        return "the run was stopped before it came back";
    (void)snprintf(out, size, "it %s within %d seconds",
                   gone == -EEXIST ? "could not be told from another one elsewhere"
                                   : "was not found again",
                   VANISHED_WAIT_MS / 1000);
    return out;
}

/* Nobody answers where the disk was, or somebody else does. */
static void explain_gone(unsigned number, const struct pass_end *end, struct reason *reason) {
    char wait[96];
    if (end->begun)
        reason_set(reason, "pass %u: the disk no longer answers where it was (%s); %s", number,
                   first_sign(end), wait_text(end->gone, wait, sizeof wait));
    else if (end->gone)
        reason_set(reason, "pass %u could not be begun: %.180s; %s", number, end->not_begun.text,
                   wait_text(end->gone, wait, sizeof wait));
    else
        reason_set(reason, "pass %u could not be begun: %.250s", number, end->not_begun.text);
}

static void explain_error(unsigned number, const struct pass_end *end, uint64_t bytes,
                          struct reason *reason) {
    const uint64_t written = end->report.written;
    if (end->error == -ETIME)
        reason_set(reason, "pass %u: the disk fell silent after %" PRIu64 " of %" PRIu64 " bytes",
                   number, written, bytes);
    else if (end->error == -ECANCELED)
        reason_set(reason, "pass %u: stopped; %" PRIu64 " of %" PRIu64 " bytes were acknowledged",
                   number, written, bytes);
    else if (end->error == -ETIMEDOUT)
        reason_set(reason,
                   "pass %u: given up, the disk takes less than %d kB/s; %" PRIu64 " of %" PRIu64
                   " bytes were acknowledged",
                   number, PROGRESS_CRAWL_BYTES / 1000, written, bytes);
    else
        reason_set(reason,
                   "pass %u: given up, too many writes fail (first: %s); %" PRIu64 " of %" PRIu64
                   " bytes were acknowledged",
                   number, first_sign(end), written, bytes);
}

static void explain(struct erase_run *run, unsigned number, const struct pass_end *end) {
    if (!end->begun || end->gone)
        explain_gone(number, end, run->reason);
    else if (end->error)
        explain_error(number, end, run->layout->bytes, run->reason);
    else if (end->report.bad_lbas > 0)
        reason_set(run->reason, "pass %u: %" PRIu64 " sectors could not be written (%s)", number,
                   end->report.bad_lbas, first_sign(end));
    else
        reason_set(run->reason, "pass %u: flushing the disk's cache failed: %s", number,
                   strerror(-end->flush_error));
    json_add_text(run->exceptions, run->reason->text);
}

/* All below the position is written and flushed. */
static void tell(void *user, uint64_t position) {
    struct pass_run *pass = user;
    const struct overwrite_point point = {.pass = pass->number,
                                          .pattern = pass->run->pattern,
                                          .position = position,
                                          .done = pass->done,
                                          .earlier = pass->earlier};
    pass->flushed = position;
    atomic_store(&pass->run->progress->flushed, position);
    if (pass->is_told)
        checkpoint_reached(pass->run->checkpoint, &point);
}

/* From pass->from to the end of the disk, as far as it goes. */
static void write_pass(struct pass_run *pass, struct pass_end *end) {
    struct erase_run *run = pass->run;
    const struct write_job job = {.armed = run->armed,
                                  .layout = run->layout,
                                  .pattern = run->pattern,
                                  .progress = run->progress,
                                  .from = pass->from,
                                  .crawl_minutes = run->policy->stall_minutes,
                                  .reached = tell,
                                  .user = pass};
    *end = (struct pass_end){0};
    pass->flushed = pass->from;
    end->error = armed_begin(run->armed, &end->not_begun);
    end->begun = end->error == 0;
    if (!end->begun)
        return;
    progress_start(run->progress, PHASE_WRITING, pass->number, run->policy->passes.count,
                   run->layout->bytes);
    atomic_store(&run->progress->flushed, pass->from);
    /* A run that is given up has no end to tell of: what it was about to write is told before. */
    evidence_event(run->evidence, begun_kind, pass_head_json(pass));
    end->error = writer_run(&job, &end->report);
    const int last_flush = end->error == -ETIME ? 0 : armed_end(run->armed);
    end->flush_error = end->report.flush_error ? end->report.flush_error : last_flush;
    end->is_good = end->error == 0 && end->report.bad_lbas == 0 && end->flush_error == 0 &&
                   pass->from + end->report.written == run->layout->bytes;
}

/* Whatever made writes fail, a loss of power say, may have cost the disk others that it had
 * acknowledged: that these were done again says nothing of those. */
static void note_rewritten(struct pass_run *pass, const struct pass_end *end) {
    char text[256];
    if (!end->is_good || end->report.requests_failed == 0)
        return;
    pass->run->rewritten = true;
    (void)snprintf(text, sizeof text,
                   "pass %u: %u writes failed (%s) and succeeded when they were done again; what "
                   "else the disk lost then is not known, so every byte has to be read",
                   pass->number, end->report.requests_failed, first_sign(end));
    json_add_text(pass->run->exceptions, text);
}

/*
 * A disk that vanished and has come back is gone on with where all was flushed. What it did with
 * its cache meanwhile nobody knows, so all of it is read afterwards.
 */
static bool goes_on(struct pass_run *pass, struct pass_end *end) {
    char text[384];
    struct erase_run *run = pass->run;
    if (end->is_good || end->error == -ETIME || end->error == -ECANCELED ||
        run->returns == VANISHED_MOST || (end->begun && !vanished_is(run->armed)))
        return false;
    end->gone = vanished_wait(run->armed, run->layout, run->progress);
    if (end->gone)
        return false;
    evidence_event(run->evidence, pass_kind, pass_json(pass, end));
    run->returns++;
    pass->from = pass->flushed;
    const char *node = device_area(armed_device(run->armed), 0)->node;
    (void)snprintf(text, sizeof text,
                   "pass %u: the disk vanished (%.128s) and came back%s%s; the pass went on at "
                   "byte %" PRIu64 ", up to which all had been flushed, and every byte has to be "
                   "read",
                   pass->number, first_sign(end), node[0] ? " as " : "", node, pass->from);
    json_add_text(run->exceptions, text);
    return true;
}

/* That another disk answered says more than that this one was not found again. */
static int error_of(const struct pass_end *end) {
    if (end->gone && end->error != -ESTALE)
        return end->gone;
    return end->error ? end->error : -EIO;
}

static int one_pass(struct pass_run *pass) {
    struct erase_run *run = pass->run;
    struct pass_end end;
    do
        write_pass(pass, &end);
    while (goes_on(pass, &end));
    if (end.is_good)
        tell(pass, run->layout->bytes);
    note_rewritten(pass, &end);
    json_t *event = pass_json(pass, &end);
    json_t *copy = json_deep_copy(event);
    evidence_event(run->evidence, pass_kind, event);
    json_put_text(copy, "kind", pass_kind);
    json_add(pass->done, copy);
    if (end.is_good)
        return 0;
    explain(run, pass->number, &end);
    return error_of(&end);
}

/* Where an earlier run was interrupted: its pattern and position. The state has been looked at
 * before; one that is no good here is not taken up. */
static bool take_up(struct pass_run *pass) {
    struct overwrite_state state;
    struct reason reason;
    const struct erase_run *run = pass->run;
    if (!run->interrupted || overwrite_state_decode(run->interrupted, &state, &reason) != 0 ||
        state.pass > run->policy->passes.count || state.position > run->layout->bytes)
        return false;
    *run->pattern = state.pattern;
    pass->number = state.pass;
    pass->from = state.position;
    pass->earlier = run->interrupted;
    json_decref(pass->done);
    pass->done = json_deep_copy(json_object_get(run->interrupted, "done"));
    return true;
}

/* What is the same everywhere does not tell its addresses apart (address_probe.h). */
static int try_addresses(struct erase_run *run) {
    const struct passes *passes = &run->policy->passes;
    if (passes->list[passes->count - 1].random)
        return 0;
    if (!run->taken_up)
        return address_probe(run);
    json_add_text(run->exceptions, "whether the disk keeps its addresses apart was not tried, "
                                   "since a part of it was written already");
    return 0;
}

static int run_all_passes(struct erase_run *run, struct pass_run *pass) {
    run->taken_up = take_up(pass);
    int first_error = try_addresses(run);
    if (first_error == -ETIME || first_error == -ECANCELED)
        return first_error;
    /* Taken up by another run, it would not be tried again, and read alike everywhere. */
    pass->is_told = pass->is_told && first_error == 0;
    for (; pass->number <= run->policy->passes.count; pass->number++) {
        if (pass->from == 0) /* else it is the earlier run's */
            pattern_start(run->pattern, &run->policy->passes.list[pass->number - 1]);
        const int error = one_pass(pass);
        pass->from = 0;
        pass->is_told = pass->is_told && error == 0;
        if (error && first_error == 0)
            first_error = error;
        /* A few bad sectors do not stop the next pass: more of the disk is gone that way. */
        if (error && error != -EIO)
            break;
    }
    return first_error;
}

static int run_passes(struct erase_run *run) {
    struct pass_run pass = {
        .run = run, .number = 1, .done = json_new_array(), .is_told = run->checkpoint != NULL};
    const int first_error = run_all_passes(run, &pass);
    json_decref(pass.done);
    if (first_error) {
        run->facts->refuted = first_error != -ETIME;
        return first_error;
    }
    run->facts->accepted = true;
    run->facts->ended_in_success = true;
    run->facts->binding = BINDING_STATUS_AND_MEDIUM;
    return 0;
}

const struct method method_overwrite = {
    .name = "overwrite",
    .summary = "overwrite of every addressable sector",
    .never_reaches =
        "sectors that the drive has retired or keeps in reserve are beyond an overwrite",
    .claims = CLAIMS_CLEAR,
    .leaves_pattern = true,
    .offered = offered,
    .run = run_passes,
};
