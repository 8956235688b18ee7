#include "quietus/run.h"

#include "quietus/ask.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/scan.h"

#include "earlier.h"
#include "parts.h"
#include "power_counters.h"
#include "read_back.h"
#include "scsi_defects.h"
#include "scsi_reformat.h"
#include "scsi_reservation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct disk_run *disk_run_new(const struct disk *disk, struct warrant *warrant,
                              const struct policy *policy,
                              const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE]) {
    struct disk_run *run = memory_new(1, sizeof *run);
    run->disk = disk;
    run->now = *disk;
    run->warrant = warrant;
    run->policy = policy;
    memcpy(run->run_id, run_id, sizeof run->run_id);
    run->exceptions = json_new_array();
    run->evidence = evidence_new();
    layout_make(disk->areas, disk->area_count, &run->layout);
    plan_make(disk, policy, &run->plan);
    progress_start(&run->progress, PHASE_WAITING, 0, 0, 0);
    disk_run_new_parts(run);
    return run;
}

void disk_run_free(struct disk_run *run) {
    if (run->given_up)
        return;
    for (unsigned i = 0; i < run->part_count; i++)
        disk_run_free(run->parts[i]);
    for (unsigned i = 0; i < run->attempt_count; i++) {
        json_decref(run->attempts[i].verification);
        json_decref(run->attempts[i].exceptions);
    }
    disk_secrets_wipe(&run->secrets);
    json_decref(run->exceptions);
    warrant_free(run->warrant);
    evidence_free(run->evidence);
    free(run);
}

/* What the samples of a firmware erase are compared with; needs the disk to be writable. */
static int take_snapshot(struct disk_run *run, struct armed *armed, struct snapshot **out,
                         struct reason *reason) {
    static const struct verify_level before = {.kind = VERIFY_SAMPLE};
    struct sample_places places;
    int error = armed_begin(armed, reason);
    if (error)
        return error;
    sample_places_choose(&run->layout, &before, run->disk->content, &places);
    error = snapshot_take(armed, &run->layout, &places, run->run_id, &run->progress, out, reason);
    sample_places_free(&places);
    const int flush_error = error == -ETIME ? 0 : armed_end(armed);
    if (error == 0 && flush_error != 0) {
        reason_set(reason, "flushing the markers failed: %s", strerror(-flush_error));
        snapshot_free(*out);
        *out = NULL;
        return flush_error;
    }
    return error;
}

/* What the earlier run did rests on its own word, so all of the disk is read. */
static void note_taken_up(struct disk_run *run, struct attempt *attempt) {
    char text[256];
    const json_t *state = run->disk->interrupted;
    run->taken_up = true;
    (void)snprintf(text, sizeof text,
                   "the overwrite was begun by run %.12s (%.20s), which was interrupted, and taken "
                   "up at byte %" PRIu64 " of pass %" PRIu64 "; that run's statement is all there "
                   "is about its part, but for what was read",
                   json_text(state, "run_id"), json_text(state, "run_started"),
                   json_count(state, "position"), json_count(state, "pass"));
    json_add_text(attempt->exceptions, text);
}

static int erase_and_verify(struct disk_run *run, struct armed *armed, struct attempt *attempt,
                            struct snapshot *snapshot, const struct power_counters *before) {
    static const struct verify_level full = {.kind = VERIFY_FULL};
    struct pattern pattern = {0};
    struct erase_run erase = {
        .armed = armed,
        .disk = &run->now,
        .layout = &run->layout,
        .policy = run->policy,
        .progress = &run->progress,
        .evidence = run->evidence,
        .secrets = &run->secrets,
        .checkpoint = run->checkpoint,
        /* What another method has done since, or its markers, is not what was interrupted. */
        .interrupted = run->attempt_count == 1 ? run->disk->interrupted : NULL,
        .facts = &attempt->facts,
        .pattern = &pattern,
        .exceptions = attempt->exceptions,
        .reason = &attempt->reason,
    };
    struct device *device = armed_device(armed);
    const int error = attempt->method->run(&erase);
    if (erase.taken_up)
        note_taken_up(run, attempt);
    if (error)
        return error;
    read_back_state(run, &erase, attempt);
    const bool by_host = attempt->method->leaves_pattern;
    const bool lost_power =
        power_counters_changed(before, device, &run->now, attempt->method->name, run->evidence);
    if (lost_power)
        power_counters_except(attempt->exceptions, by_host);
    const bool is_doubtful =
        erase.taken_up || erase.returns > 0 || erase.rewritten || (lost_power && by_host);
    return read_back_content(run, &erase, attempt, snapshot,
                             is_doubtful ? &full : &run->policy->verify);
}

/*
 * A drive whose last sanitize failed can neither be read nor marked: what an attempt before it saw
 * is compared with then.
 */
static int renew_snapshot(struct disk_run *run, struct armed *armed, struct snapshot **kept,
                          struct reason *reason) {
    struct snapshot *fresh = NULL;
    const int error = take_snapshot(run, armed, &fresh, reason);
    if (error == -ETIME || error == -ESTALE || (error && !*kept))
        return error;
    if (error == 0 && (!*kept || snapshot_informative(fresh) >= snapshot_informative(*kept))) {
        snapshot_free(*kept);
        *kept = fresh;
    } else {
        snapshot_free(fresh);
        reason->text[0] = '\0';
    }
    return 0;
}

static int run_attempt(struct disk_run *run, struct armed *armed, const struct plan_step *step,
                       struct snapshot **snapshot) {
    struct attempt *attempt = &run->attempts[run->attempt_count++];
    int error = 0;
    *attempt = (struct attempt){
        .method = step->method,
        .claim = step->claim,
        .started = clock_now(),
        .exceptions = plan_exceptions(&run->now, step->method),
    };
    (void)json_array_extend(attempt->exceptions, run->exceptions);
    const struct defect_count defects = scsi_defects_count(armed_device(armed));
    const struct power_counters counters = power_counters_ask(armed_device(armed), &run->now);
    if (!step->method->leaves_pattern)
        error = renew_snapshot(run, armed, snapshot, &attempt->reason);
    if (error == 0 && atomic_load(&run->progress.given_up))
        error = -ECANCELED;
    if (error && error != -ETIME)
        attempt->facts.refuted = true; /* nothing was erased */
    if (error == 0)
        error = erase_and_verify(run, armed, attempt, *snapshot, &counters);
    if (error != -ETIME) /* one that has fallen silent is not asked */
        scsi_defects_compare(&defects, armed_device(armed), run->evidence, attempt->exceptions);
    attempt->ended = clock_now();
    attempt->judged = outcome_judge(&attempt->facts, &attempt->judgement);
    return error;
}

/* A host that reserves the disk meanwhile is why it refuses; and then it is no longer ours. */
static bool was_taken_away(struct armed *armed, struct attempt *attempt) {
    struct reason who;
    if (!scsi_is_reserved(armed_device(armed), &who))
        return false;
    const struct reason before = attempt->reason;
    reason_set(&attempt->reason, "%s since it was begun%s%.150s", who.text,
               before.text[0] ? "; " : "", before.text);
    return true;
}

static void run_steps(struct disk_run *run, struct armed *armed) {
    struct snapshot *snapshot = NULL;
    for (unsigned i = 0; i < run->plan.step_count && !atomic_load(&run->progress.given_up); i++) {
        const int error = run_attempt(run, armed, &run->plan.steps[i], &snapshot);
        struct attempt *attempt = &run->attempts[run->attempt_count - 1];
        if (attempt->judged == DISPOSITION_ERASED)
            scsi_reformat(run, armed);
        /* A disk that has fallen silent, or is another one, is not tried again. */
        if (attempt->judged == DISPOSITION_ERASED || error == -ETIME || error == -ESTALE)
            break;
        if (was_taken_away(armed, attempt))
            break;
        struct reason reason;
        struct disk_identity identity;
        if (i + 1 < run->plan.step_count &&
            read_back_identity(run, armed_device(armed), &identity, &reason))
            break;
    }
    snapshot_free(snapshot);
}

/* The reasons why nothing can be done, of all methods; first of those that ask least of a disk. */
static void explain_empty_plan(struct disk_run *run) {
    char *text = run->problem.text;
    const size_t size = sizeof run->problem.text;
    (void)snprintf(text, size, "no method can be used");
    for (unsigned i = run->plan.rejected_count; i-- > 0;) {
        const size_t used = strlen(text);
        (void)snprintf(text + used, size - used, "; %s: %s", run->plan.rejected[i].method->name,
                       run->plan.rejected[i].reason.text);
    }
}

static int settle(struct disk_run *run, struct armed *armed) {
    const struct earlier earlier = {
        .exceptions = run->exceptions,
        .armed = armed,
        .disk = &run->now,
        .policy = run->policy,
        .progress = &run->progress,
        .evidence = run->evidence,
        .secrets = &run->secrets,
        .reason = &run->problem,
    };
    int error = scsi_reservation_settle(&earlier);
    run->refused = error == -EACCES;
    if (error == 0)
        error = earlier_settle(&earlier);
    const bool is_volume = disk_is_volume(&run->now);
    if (error == 0 && !is_volume)
        error = tcg_open(&earlier, &run->now);
    if (error == 0 && run->now.has_ata)
        error = ata_hidden_open(&earlier, &run->now);
    if (error == 0 && run->now.commands == COMMANDS_SCSI && !is_volume)
        error = scsi_hidden_open(&earlier, &run->now);
    if (error)
        return error;
    layout_make(run->now.areas, run->now.area_count, &run->layout);
    disk_run_plan(run);
    return 0;
}

/* A path may have died, or gone to standby, since the scan: then the disk is looked for by the
 * others. */
static void take_path_that_answers(struct disk_run *run, struct device *device) {
    struct disk_identity identity;
    struct reason reason;
    if (run->now.path_count > 1 && device_identity(device, &identity, &reason) != 0)
        (void)device_find_again(device);
}

void disk_run_on_device(struct disk_run *run, struct device *device) {
    struct armed *armed = NULL;
    run->started = clock_now();
    progress_start(&run->progress, PHASE_PREPARING, 0, 0, 0);
    device_record(device, run->evidence);
    device_set_lost(device, &run->now);
    take_path_that_answers(run, device);
    run->now.psid_given = run->secrets.of[SECRET_PSID].given;
    disk_run_plan(run);
    if (run->plan.step_count == 0) {
        explain_empty_plan(run);
    } else {
        const int error = warrant_arm(run->warrant, device, &armed, &run->problem);
        run->refused = error == -EKEYEXPIRED;
        if (error == 0 && settle(run, armed) == 0)
            run_steps(run, armed);
    }
    armed_close(armed);
    disk_secrets_wipe(&run->secrets); /* here, so also where the run was given up */
    run->ended = clock_now();
    progress_start(&run->progress, PHASE_ENDED, 0, 0, 0);
}

/* An erase leaves unit attentions on the paths that were quiet: they are taken, so that nobody else
 * takes them for news. */
static void drain_paths(const struct disk_run *run) {
    for (unsigned i = 0; i < run->disk->path_count && !raid_is_behind(&run->disk->raid); i++) {
        const struct disk one = {
            .commands = COMMANDS_SCSI, .path_count = 1, .paths = {run->disk->paths[i]}};
        struct device *device;
        struct scsi_sense sense;
        if (device_open(&one, &device) != 0)
            continue;
        (void)ask_scsi_ready(device, &sense);
        device_close(device);
    }
}

void disk_run_execute(struct disk_run *run) {
    struct device *device;
    if (run->part_count > 0) {
        disk_run_execute_parts(run);
        return;
    }
    int error = device_open(run->disk, &device);
    if (error && run->disk->path_count > 1)
        error = scan_find_again(NULL, run->disk, &device);
    if (error) {
        run->started = clock_now();
        run->ended = run->started;
        reason_set(&run->problem, "%s cannot be opened: %s", disk_node(run->disk),
                   error == -ESTALE ? "the name leads to another disk now" : strerror(-error));
        return;
    }
    device_set_finder(device, scan_find_again, NULL, run->disk);
    disk_run_on_device(run, device);
    device_close(device);
    if (run->disk->commands == COMMANDS_SCSI && run->disk->path_count > 1)
        drain_paths(run);
}

const struct attempt *disk_run_last_attempt(const struct disk_run *run) {
    if (run->part_count > 0)
        return disk_run_least_attempt(run);
    if (run->given_up || run->attempt_count == 0)
        return NULL;
    return &run->attempts[run->attempt_count - 1];
}

const struct disk_run *disk_run_at_work(const struct disk_run *run) {
    return run->part_count > 0 ? run->parts[atomic_load(&run->part)] : run;
}

void disk_run_give_up(struct disk_run *run, int signal) {
    run->given_up = true;
    run->interrupted_by = signal;
    atomic_store(&run->progress.given_up, true);
    for (unsigned i = 0; i < run->part_count; i++) {
        if (!atomic_load(&run->parts[i]->ended_flag))
            disk_run_give_up(run->parts[i], signal);
    }
}

enum disposition disk_run_disposition(const struct disk_run *run, struct reason *reason) {
    const enum phase phase = (enum phase)atomic_load(&disk_run_at_work(run)->progress.phase);
    if (run->given_up && run->interrupted_by) {
        reason_set(reason, "interrupted (SIG%s) while %s; whether it is erased is not known",
                   sigabbrev_np(run->interrupted_by), phase_name(phase));
        return DISPOSITION_UNKNOWN;
    }
    if (run->given_up) {
        reason_set(
            reason,
            "given up: the disk did not answer in time while %s; whether it is erased is not "
            "known",
            phase_name(phase));
        return DISPOSITION_UNKNOWN;
    }
    if (run->part_count > 0 && run->problem.text[0] == '\0')
        return disk_run_disposition_of_parts(run, reason);
    const struct attempt *last = disk_run_last_attempt(run);
    if (!last) {
        *reason = run->problem;
        return run->refused ? DISPOSITION_REFUSED : DISPOSITION_FAILED;
    }
    if (last->judged == DISPOSITION_ERASED && run->reformat.problem.text[0] != '\0')
        reason_set(reason, "%.150s; sectors of %" PRIu32 " bytes could not be had: %.120s",
                   last->judgement.text, run->reformat.asked, run->reformat.problem.text);
    else if (last->judged == DISPOSITION_ERASED || last->reason.text[0] == '\0')
        *reason = last->judgement;
    else
        reason_set(reason, "%.150s (%.150s)", last->reason.text, last->judgement.text);
    return last->judged;
}
