/*
 * Following an operation that runs inside the drive to its end: asks again and again, gives up when
 * nothing moves any more, and remembers what binds the end to the command.
 */
#ifndef QUIETUS_FOLLOW_H
#define QUIETUS_FOLLOW_H

#include "quietus/method.h"

enum follow_state {
    FOLLOW_IDLE,    /* the drive says that nothing is under way and nothing of ours has ended */
    FOLLOW_AT_WORK, /* on our command */
    FOLLOW_SUCCEEDED,
    FOLLOW_FAILED,
};

struct follow_answer {
    enum follow_state state;
    uint16_t progress; /* of 65536, if at work */
};

struct follow {
    struct device *device;
    struct progress *progress;
    struct evidence *evidence;
    /* 0 with the answer, or negative errno if the drive gave none. */
    int (*ask)(void *user, struct follow_answer *out);
    void *user;
    enum phase phase;
    unsigned part;
    unsigned parts;
    int64_t stall_ms; /* so long without progress: stalled */
    /* Results: */
    bool seen_at_work;
    unsigned polls;
    unsigned silent_polls;
    unsigned went_back; /* times that the progress was lower than before */
    unsigned furthest;  /* the greatest progress, of 65536 */
};

enum follow_end {
    FOLLOW_END_SUCCEEDED,
    FOLLOW_END_FAILED,
    FOLLOW_END_STALLED, /* still at work, but nothing moves */
    FOLLOW_END_SILENT,  /* the drive no longer answers */
    FOLLOW_END_NOTHING, /* the drive is idle and knows nothing of our command */
};

/*
 * What a run is to follow, with everything set but ask and user: the part'th of so many. seconds:
 * how long the drive says that it takes, 0 if it does not.
 */
struct follow follow_of_run(const struct erase_run *run, enum phase phase, unsigned part,
                            unsigned parts, uint64_t seconds);

enum follow_end follow_to_end(struct follow *follow);

/* In words, for reasons: "stalled at 12 %". Returns out. */
char *follow_end_text(const struct follow *follow, enum follow_end end, char *out, size_t size);

/*
 * Takes down in the run's facts that an operation ended in success, by what that is bound to its
 * command; of several operations the weakest binding counts.
 */
void follow_note_success(const struct erase_run *run, enum binding binding);

/*
 * Takes down in the run's facts and reason that an operation ended otherwise. why: what else the
 * drive says, or "". Returns negative errno, as struct method's run.
 */
int follow_note_failure(const struct erase_run *run, const char *name, const struct follow *follow,
                        enum follow_end end, const char *why);

/*
 * How long without progress is too long: twice what the drive says it takes, and never less than
 * ten minutes, so that a drive whose progress moves in a few big steps is not given up. seconds:
 * the drive's estimate, 0 if it gives none. The policy's own limit goes before.
 */
int64_t follow_stall_ms(const struct policy *policy, uint64_t seconds);

#endif
