#include "operation.h"

#include "drive_core.h"
#include "simtime.h"

static struct operation *operation_of(const struct drive *drive) {
    return &drive->state->operation;
}

bool operation_running(const struct drive *drive) {
    return operation_of(drive)->running;
}

/* What the drive secretly leaves undone. */
static void bend_effect(const struct drive *drive, enum erase_operation which,
                        struct media_effect *effect) {
    const struct misbehaviour *partial = drive_misbehaves(drive, MISBEHAVE_PARTIAL, which);
    if (partial != NULL && partial->regions != 0)
        effect->regions &= partial->regions;
    if (partial != NULL && partial->to != UINT64_MAX) {
        const uint64_t bytes = drive->set->lba_bytes(drive);
        effect->from_page = partial->from * bytes / MEDIA_PAGE;
        effect->to_page = partial->to * bytes / MEDIA_PAGE;
    }
    if (drive_misbehaves(drive, MISBEHAVE_KEEP_REMAPPED, which) != NULL)
        effect->retired = false;
    if (drive_misbehaves(drive, MISBEHAVE_KEEP_SPARE, which) != NULL)
        effect->spare = false;
    if (drive_misbehaves(drive, MISBEHAVE_MAP_ONLY, which) != NULL)
        effect->kind = EFFECT_UNMAP;
    if (drive_misbehaves(drive, MISBEHAVE_LIE, which) != NULL)
        *effect = (struct media_effect){.kind = EFFECT_NONE, .passes = 1};
}

void operation_start(struct drive *drive, enum erase_operation which,
                     const struct media_effect *effect, uint64_t duration_ms, bool survives_power) {
    const struct misbehaviour *slow = drive_misbehaves(drive, MISBEHAVE_SLOW, which);
    struct operation *operation = operation_of(drive);
    *operation = (struct operation){
        .which = which,
        .survives_power = survives_power,
        .duration_ms = duration_ms != 0 ? duration_ms : drive->description->duration[which],
        .effect = *effect,
    };
    if (slow != NULL)
        operation->duration_ms *= slow->factor;
    bend_effect(drive, which, &operation->effect);
    operation->steps = media_effect_steps(drive->media, &operation->effect);
    operation->running = true;
}

/* How far it is, in hundredths of a percent, and the time at which it is that far. */
static uint32_t reached(const struct operation *operation) {
    if (operation->done_ms >= operation->duration_ms)
        return WHOLE_PROGRESS;
    return (uint32_t)(operation->done_ms * WHOLE_PROGRESS / operation->duration_ms);
}

static uint64_t time_of(const struct operation *operation, uint32_t at) {
    return (operation->duration_ms * at + WHOLE_PROGRESS - 1) / WHOLE_PROGRESS;
}

uint32_t operation_progress(const struct drive *drive) {
    const struct operation *operation = operation_of(drive);
    if (operation->duration_ms == 0)
        return 0;
    uint64_t now = operation->done_ms * 65536 / operation->duration_ms;
    if (now > 65535)
        now = 65535;
    /* Every other tenth it says a fifth less than before. */
    if (drive_misbehaves(drive, MISBEHAVE_BACKWARDS, operation->which) != NULL &&
        operation->done_ms * 10 / operation->duration_ms % 2 == 1)
        now = now * 4 / 5;
    return (uint32_t)now;
}

/* The point at which this kind of misbehaviour stops the operation, if it has not happened yet. */
static const struct misbehaviour *pending_event(const struct drive *drive,
                                                enum misbehaviour_kind kind) {
    const struct misbehaviour *line = drive_misbehaves(drive, kind, operation_of(drive)->which);
    return line == NULL || drive_has_happened(drive, line) ? NULL : line;
}

static const enum misbehaviour_kind events[] = {MISBEHAVE_STUCK, MISBEHAVE_FAIL, MISBEHAVE_GONE,
                                                MISBEHAVE_RETURN, MISBEHAVE_POWER_CUT};
enum { EVENTS = sizeof events / sizeof *events };

static const struct misbehaviour *first_event(const struct drive *drive) {
    const struct misbehaviour *first = NULL;
    for (unsigned i = 0; i < EVENTS; i++) {
        const struct misbehaviour *line = pending_event(drive, events[i]);
        if (line != NULL && (first == NULL || line->at < first->at))
            first = line;
    }
    return first;
}

static void do_steps(struct drive *drive) {
    struct operation *operation = operation_of(drive);
    uint64_t target = operation->steps;
    if (operation->done_ms < operation->duration_ms)
        target = operation->done_ms * operation->steps / operation->duration_ms;
    if (target <= operation->steps_done)
        return;
    media_effect_run(drive->media, &operation->effect, operation->steps_done, target);
    operation->steps_done = target;
}

static void end(struct drive *drive, bool success) {
    struct operation *operation = operation_of(drive);
    const enum erase_operation which = operation->which;
    if (success)
        media_effect_end(drive->media, &operation->effect);
    operation->running = false;
    if (success)
        drive_erased(drive, which);
    drive->set->operation_ended(drive, which, success);
}

static void happen(struct drive *drive, const struct misbehaviour *line) {
    if (line->kind == MISBEHAVE_STUCK)
        return;
    if (line->kind == MISBEHAVE_FAIL) {
        end(drive, false); /* each time that it is tried */
        return;
    }
    drive_mark_happened(drive, line);
    drive_vanish(drive, line, line->kind == MISBEHAVE_GONE ? UINT64_MAX : line->after_ms);
}

void operation_suspend(struct drive *drive, bool suspended) {
    operation_of(drive)->suspended = suspended;
}

void operation_pass_time(struct drive *drive, uint64_t milliseconds) {
    struct operation *operation = operation_of(drive);
    if (!operation->running || operation->suspended)
        return;
    const struct misbehaviour *event = first_event(drive);
    operation->done_ms += milliseconds;
    if (operation->done_ms > operation->duration_ms)
        operation->done_ms = operation->duration_ms;
    if (event != NULL && operation->done_ms >= time_of(operation, event->at)) {
        operation->done_ms = time_of(operation, event->at);
        do_steps(drive);
        happen(drive, event);
        return;
    }
    do_steps(drive);
    if (reached(operation) == WHOLE_PROGRESS)
        end(drive, true);
}

uint64_t operation_next_event(const struct drive *drive) {
    const struct operation *operation = operation_of(drive);
    if (!operation->running || operation->suspended)
        return UINT64_MAX;
    const struct misbehaviour *event = first_event(drive);
    if (event == NULL)
        return operation->duration_ms - operation->done_ms;
    const uint64_t at = time_of(operation, event->at);
    if (at <= operation->done_ms)
        return event->kind == MISBEHAVE_STUCK ? UINT64_MAX : 0;
    return at - operation->done_ms;
}

void operation_interrupted(struct drive *drive) {
    struct operation *operation = operation_of(drive);
    if (!operation->running || operation->survives_power)
        return;
    operation->running = false;
    if (drive->set->operation_cut != NULL)
        drive->set->operation_cut(drive, operation->which);
}
