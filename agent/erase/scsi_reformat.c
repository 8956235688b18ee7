#include "scsi_reformat.h"

#include "quietus/ask.h"
#include "quietus/json.h"

#include "scsi_common.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* What needs no block descriptor to be known before anything is sent. */
static bool can_be_done(const struct disk_run *run, struct reason *problem) {
    const struct disk *disk = &run->now;
    if (disk->bus == BUS_SAS && disk->commands == COMMANDS_SCSI && disk->area_count == 1 &&
        !disk_is_volume(disk))
        return true;
    reason_set(problem, "it is no SAS disk");
    return false;
}

/* All blocks that there are: none are named for a new length (DEVICE-FACTS B.5). */
static int select_length(const struct disk_run *run, struct armed *armed, bool save,
                         struct reason *problem) {
    struct scsi_block_descriptor descriptor;
    if (ask_scsi_block_descriptor(armed_device(armed), false, &descriptor)) {
        reason_set(problem, "it does not tell its block descriptor");
        return -EIO;
    }
    descriptor.blocks = 0;
    descriptor.block_size = run->policy->sector_size;
    const int error = scsi_select_blocks(
        armed, save ? "MODE SELECT(10) (sector size, saved)" : "MODE SELECT(10) (sector size)",
        &descriptor, save, problem);
    if (error == -EIO)
        reason_set(problem, "it refuses that sector size");
    return error;
}

/* The facts of this format say nothing of the erase: they are thrown away. */
static int format(struct disk_run *run, struct armed *armed, struct reason *problem) {
    uint8_t list[4] = {0, SCSI_FORMAT_IMMED, 0, 0};
    struct erase_facts unused = {0};
    struct erase_run own = {
        .armed = armed,
        .disk = &run->now,
        .layout = &run->layout,
        .policy = run->policy,
        .progress = &run->progress,
        .evidence = run->evidence,
        .facts = &unused,
        .reason = problem,
    };
    const struct scsi_operation operation = {
        .name = "FORMAT UNIT (new sector size)",
        .cdb = {SCSI_FORMAT_UNIT, SCSI_FORMAT_DATA},
        .cdb_length = 6,
        .data = list,
        .data_length = sizeof list,
        .at_work = SCSI_FORMAT_IN_PROGRESS,
        .failed = SCSI_FORMAT_FAILED,
        .estimate_s = scsi_seconds_to_write(&own),
    };
    return scsi_run_operation(&own, &operation, 1, 1);
}

/* Some firmware takes another size than it was asked for, and says nothing. */
static void look(struct disk_run *run, struct armed *armed) {
    struct reformat *reformat = &run->reformat;
    struct scsi_capacity capacity;
    if (ask_scsi_capacity(armed_device(armed), &capacity)) {
        if (reformat->problem.text[0] == '\0')
            reason_set(&reformat->problem, "afterwards it does not tell its sector size");
        return;
    }
    reformat->after = capacity.block_size;
    reformat->capacity_after = capacity.blocks * capacity.block_size;
    if (reformat->problem.text[0] == '\0' && capacity.block_size != reformat->asked)
        reason_set(&reformat->problem, "it took sectors of %" PRIu32 " bytes", capacity.block_size);
}

/* From here on the evidence is of the reformat, not of the erase. */
static void note_begin(const struct disk_run *run) {
    json_t *event = json_new_object();
    json_put_count(event, "sector_size_before", run->reformat.before);
    json_put_count(event, "sector_size_asked", run->reformat.asked);
    evidence_event(run->evidence, "reformat", event);
}

static void do_it(struct disk_run *run, struct armed *armed) {
    struct reason *problem = &run->reformat.problem;
    if (!can_be_done(run, problem))
        return;
    note_begin(run);
    armed_capacity_changes(armed);
    progress_expect(&run->progress, PROGRESS_SILENCE_MS);
    int error = select_length(run, armed, true, problem);
    if (error == -EIO) {
        problem->text[0] = '\0';
        error = select_length(run, armed, false, problem);
    }
    if (error == 0 && format(run, armed, problem) == 0)
        problem->text[0] = '\0';
    look(run, armed);
}

void scsi_reformat(struct disk_run *run, struct armed *armed) {
    const uint32_t asked = run->policy->sector_size;
    if (asked == 0 || run->now.area_count == 0 || run->now.areas[0].lba_size == asked)
        return;
    run->reformat = (struct reformat){.asked = asked, .before = run->now.areas[0].lba_size};
    do_it(run, armed);
    if (run->reformat.problem.text[0] == '\0')
        return;
    char text[sizeof(struct reason) + 128];
    (void)snprintf(text, sizeof text,
                   "it was to have sectors of %" PRIu32 " bytes and could not be reformatted: %s",
                   asked, run->reformat.problem.text);
    json_add_text(run->attempts[run->attempt_count - 1].exceptions, text);
}
