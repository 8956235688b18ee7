/*
 * The erase methods: one const row each, in one table, best first. A new method is a new file and a
 * new row.
 */
#ifndef QUIETUS_METHOD_H
#define QUIETUS_METHOD_H

#include "quietus/armed.h"
#include "quietus/checkpoint.h"
#include "quietus/outcome.h"
#include "quietus/policy.h"
#include "quietus/progress.h"
#include "quietus/secrets.h"
#include "quietus/verify.h"

/*
 * What a method is worth on a medium: the category under IEEE 2883-2022, to which NIST SP 800-88
 * Rev. 2 refers, and the one of Rev. 1's tables beside it. From secondary sources (DEVICE-FACTS F.1
 * and F.4): the standards' texts were not at hand.
 */
struct claim {
    enum category category;
    enum category rev1_category;
};

/* One run of a method on one disk. */
struct erase_run {
    struct armed *armed;
    const struct disk *disk;
    const struct layout *layout;
    const struct policy *policy;
    struct progress *progress;
    struct evidence *evidence;
    const struct disk_secrets *secrets; /* that the operator gave for this disk */
    struct checkpoint *checkpoint;      /* who is told how far an overwrite is, or NULL */
    const json_t *interrupted; /* an overwrite that is to be taken up (resume.h), or NULL */
    /* What the method leaves: */
    struct erase_facts *facts;
    struct pattern *pattern; /* what reads must return, if the method says so in its row */
    bool taken_up;           /* it was begun by an earlier run: every byte has to be read */
    unsigned returns;        /* how often the disk vanished in it and came back: the same */
    bool rewritten;          /* writes failed and were done again: the same */
    json_t *exceptions;      /* array of strings */
    struct reason *reason;   /* why it failed */
};

struct method {
    const char *name;          /* in orders, on the command line and on certificates */
    const char *summary;       /* for people */
    enum command_set commands; /* that it needs; COMMANDS_NONE: any */
    const char *never_reaches; /* an exception on every certificate of this method, or NULL */
    struct claim claims[3];    /* by enum disk_medium */
    bool whole_drive; /* reaches what no namespace and no LBA of now holds, hidden areas included */
    bool leaves_pattern; /* reads return run->pattern; else content is unspecified afterwards */
    /* Whether it is worth a word about this disk at all; NULL: it is. */
    bool (*concerns)(const struct disk *disk);
    /* What reads of erased sectors do afterwards, as the disk says; NULL: they succeed. */
    enum read_promise (*announced)(const struct disk *disk);
    /* Whether this disk offers it; if not, why. */
    bool (*offered)(const struct disk *disk, struct reason *reason);
    /*
     * Runs it to its end. Sets in facts what it saw; 0 if it ended in success, else a negative
     * errno with the reason (-ETIME: the disk has fallen silent and nothing more can be asked of
     * it).
     */
    int (*run)(struct erase_run *run);
    /* Reads back the state that is special to this method, may be NULL. 0 if it is as it must be.
     */
    int (*read_back)(struct erase_run *run);
};

/* The table, best first, ended by NULL. */
extern const struct method *const methods[];

const struct method *method_find(const char *name);

#endif
