/*
 * An erase under way: takes its time, does its work to the medium as it goes, survives a power cut
 * in the state file (or ends with it), and misbehaves as the description says. One at a time.
 */
#ifndef SIM_OPERATION_H
#define SIM_OPERATION_H

#include "media.h"
#include "misbehave.h"

struct drive;

/* In the state file. */
struct operation {
    bool running;
    bool suspended;      /* no progress for now */
    bool survives_power; /* goes on after a power cut; otherwise it is over, half done */
    enum erase_operation which;
    uint64_t duration_ms;
    uint64_t done_ms;
    uint64_t steps;
    uint64_t steps_done;
    struct media_effect effect;
};

/*
 * Begins; the drive must have none running. The effect is what an honest drive would do; what the
 * description says against it (lie, partial, keep-…, map-only) is applied here. duration_ms 0: what
 * the description says.
 */
void operation_start(struct drive *drive, enum erase_operation which,
                     const struct media_effect *effect, uint64_t duration_ms, bool survives_power);

/* Time passes without progress until it is resumed. */
void operation_suspend(struct drive *drive, bool suspended);

bool operation_running(const struct drive *drive);

/* 0 to 65535, as it is reported. */
uint32_t operation_progress(const struct drive *drive);

/* Lets time pass. At its end the command set's operation_ended is called. */
void operation_pass_time(struct drive *drive, uint64_t milliseconds);

/* Milliseconds until something happens; UINT64_MAX: nothing. */
uint64_t operation_next_event(const struct drive *drive);

/* Power was lost, or (for those that do not survive one) a reset came. */
void operation_interrupted(struct drive *drive);

#endif
