/* Overwriting from the host: every addressable LBA, pass by pass. */
#include "quietus/json.h"
#include "quietus/pattern.h"

#include "methods.h"
#include "writer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

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

static json_t *bad_ranges_json(const struct write_report *report) {
    json_t *list = json_new_array();
    for (unsigned i = 0; i < report->bad_count; i++) {
        json_t *range = json_new_object();
        json_put_count(range, "area", report->bad[i].area);
        json_put_count(range, "lba", report->bad[i].lba);
        json_put_count(range, "count", report->bad[i].count);
        json_add(list, range);
    }
    return list;
}

static void record_pass(struct erase_run *run, unsigned number, const struct write_report *report,
                        int error, int flush_error) {
    char text[64];
    const struct passes one = {.list = {run->pattern->pass}, .count = 1};
    json_t *event = json_new_object();
    json_put_count(event, "pass", number);
    json_put_text(event, "pattern", passes_text(&one, text, sizeof text));
    if (run->pattern->pass.random) {
        json_put_text(event, "generator", PATTERN_GENERATOR);
        json_put_hex(event, "key", run->pattern->key, sizeof run->pattern->key);
    }
    json_put_count(event, "bytes", run->layout->bytes);
    json_put_count(event, "bytes_acknowledged", report->written);
    json_put_count(event, "bad_lbas", report->bad_lbas);
    json_put(event, "bad_ranges", bad_ranges_json(report));
    json_put_text(event, "result", error ? strerror(-error) : "gone through");
    json_put_text(event, "flush", flush_error ? strerror(-flush_error) : "good");
    evidence_event(run->evidence, "overwrite-pass", event);
}

static void explain(struct erase_run *run, unsigned number, const struct write_report *report,
                    int error, int flush_error) {
    char text[256];
    if (error == -ETIME)
        (void)snprintf(text, sizeof text,
                       "pass %u: the disk fell silent after %" PRIu64 " of %" PRIu64 " bytes",
                       number, report->written, run->layout->bytes);
    else if (error)
        (void)snprintf(text, sizeof text,
                       "pass %u: given up, too many writes fail (first: %s); %" PRIu64
                       " of %" PRIu64 " bytes were acknowledged",
                       number, strerror(-report->first_error), report->written, run->layout->bytes);
    else if (report->bad_lbas > 0)
        (void)snprintf(text, sizeof text, "pass %u: %" PRIu64 " sectors could not be written (%s)",
                       number, report->bad_lbas, strerror(-report->first_error));
    else
        (void)snprintf(text, sizeof text, "pass %u: flushing the disk's cache failed: %s", number,
                       strerror(-flush_error));
    reason_set(run->reason, "%s", text);
    json_add_text(run->exceptions, text);
}

static int one_pass(struct erase_run *run, unsigned number) {
    struct write_report report;
    pattern_start(run->pattern, &run->policy->passes.list[number - 1]);
    int error = armed_begin(run->armed, run->reason);
    if (error)
        return error;
    progress_start(run->progress, PHASE_WRITING, number, run->policy->passes.count,
                   run->layout->bytes);
    error = writer_run(run->armed, run->layout, run->pattern, run->progress, &report);
    const int flush_error = error == -ETIME ? 0 : armed_end(run->armed);
    record_pass(run, number, &report, error, flush_error);
    if (error == 0 && report.bad_lbas == 0 && flush_error == 0 &&
        report.written == run->layout->bytes)
        return 0;
    explain(run, number, &report, error, flush_error);
    return error ? error : -EIO;
}

static int run_passes(struct erase_run *run) {
    int first_error = 0;
    for (unsigned i = 1; i <= run->policy->passes.count; i++) {
        const int error = one_pass(run, i);
        if (error && first_error == 0)
            first_error = error;
        /* A few bad sectors do not stop the next pass: more of the disk is gone that way. */
        if (error && error != -EIO)
            break;
    }
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
    .claims =
        {
            [MEDIUM_UNKNOWN] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
            [MEDIUM_ROTATING] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
            [MEDIUM_FLASH] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
        },
    .leaves_pattern = true,
    .offered = offered,
    .run = run_passes,
};
