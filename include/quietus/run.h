/*
 * Erasing: one thread a disk, all at once, each through the steps of its plan until one is judged
 * good. A disk that hangs costs only itself.
 */
#ifndef QUIETUS_RUN_H
#define QUIETUS_RUN_H

#include "quietus/plan.h"
#include "quietus/secrets.h"
#include "quietus/verify.h"
#include "quietus/warrant.h"

/* One method tried on one disk. */
struct attempt {
    const struct method *method;
    struct claim claim;
    int64_t started;
    int64_t ended;
    struct erase_facts facts;
    json_t *verification; /* what was read and how, or NULL */
    json_t *exceptions;   /* array of strings */
    struct reason reason; /* what went wrong, or "" */
    enum disposition judged;
    struct reason judgement;
};

/* Other sectors, asked for by the policy, once the disk was erased. */
struct reformat {
    uint32_t asked; /* bytes; 0: nothing was to be done */
    uint32_t before;
    uint32_t after; /* 0: not known */
    uint64_t capacity_after;
    struct reason problem; /* or "" */
};

struct disk_run {
    const struct disk *disk; /* as the scan found it */
    struct disk now;         /* as it is once hidden areas are open; what it points to is disk's */
    struct warrant *warrant; /* owned */
    const struct policy *policy;
    struct disk_secrets secrets; /* the operator's, for this disk; wiped with the run */
    struct plan plan;            /* the disk's thread's; for others disk_run_plan_json */
    struct layout layout;
    uint8_t run_id[SNAPSHOT_RUN_ID_SIZE];
    struct checkpoint *checkpoint; /* who is told how far an overwrite is; borrowed, or NULL */
    json_t *exceptions;            /* array of strings: those of every attempt */
    struct progress progress;
    struct evidence *evidence;
    /* Written by the disk's thread; to be read once it has ended, unless it was given up. */
    struct attempt attempts[PLAN_STEPS];
    unsigned attempt_count;
    struct disk_identity identity_after;
    bool identity_after_known; /* right after the erase, before any reformat */
    struct reformat reformat;
    bool taken_up; /* the overwrite of disk->interrupted was gone on with */
    int64_t started;
    int64_t ended;
    struct reason problem; /* why it came to no attempt, or "" */
    bool refused;          /* and that is a reason to leave the disk alone, not a failure */
    /* By the runner: */
    bool given_up; /* the thread may still be in the kernel, since its disk has fallen silent */
    int interrupted_by; /* or since this signal came; else 0 */
    atomic_bool ended_flag;
    /* Of a disk that is several logical units: a run for each, one after the other. Owned. */
    struct disk_run *parts[DISK_PARTS];
    unsigned part_count;
    atomic_uint part; /* the one that is at work */
};

/* Takes over the warrant. The disk and the policy must outlive the run. */
struct disk_run *disk_run_new(const struct disk *disk, struct warrant *warrant,
                              const struct policy *policy,
                              const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE]);

/* Frees a run, unless it was given up: then its thread may wake up yet, and it is leaked. */
void disk_run_free(struct disk_run *run);

/* The whole of one disk, in the calling thread. */
void disk_run_execute(struct disk_run *run);

/* The same on a device that is already open (tests). */
void disk_run_on_device(struct disk_run *run, struct device *device);

/* Plans anew for the disk as it is now. */
void disk_run_plan(struct disk_run *run);
/* The plan, whole, also while the thread of a run that was given up plans anew. */
json_t *disk_run_plan_json(const struct disk_run *run);

/* The run whose progress is that of this one: itself, or that of the part at work. */
const struct disk_run *disk_run_at_work(const struct disk_run *run);

/* The runner does not wait for it any longer. signal: what ended the program, or 0. */
void disk_run_give_up(struct disk_run *run, int signal);

/* What became of it: the last attempt's judgement; unknown if given up. */
enum disposition disk_run_disposition(const struct disk_run *run, struct reason *reason);

/* The attempt that counts: the last; of several parts, the one of them that claims least. NULL if
 * there was none or the run was given up. */
const struct attempt *disk_run_last_attempt(const struct disk_run *run);

struct runner_callbacks {
    void (*ended)(void *user, struct disk_run *run); /* once for each run, in the caller's thread */
    void (*tick)(void *user);                        /* about every second, and at the end */
    void *user;
};

/* What heat and power allow: a full chassis must not start all of its disks in one instant. */
struct runner_limits {
    unsigned parallel; /* disks at work at once; 0: all */
    double start_rate; /* disks begun per second; 0: no limit */
};

/* "16" and "0.5", both above 0; -EINVAL with the reason. */
int runner_parse_parallel(const char *text, struct runner_limits *out, struct reason *reason);
int runner_parse_start_rate(const char *text, struct runner_limits *out, struct reason *reason);

/*
 * Runs all, within the limits, in the order given, and returns when all have ended or were given
 * up; the signal that asked to end it (interrupt.h), or 0. A disk that had not been begun when the
 * signal came has that as its problem.
 */
int runner_run(struct disk_run **runs, size_t count, const struct runner_limits *limits,
               const struct runner_callbacks *callbacks);

#endif
