/*
 * What outlives a power cut in the middle of an overwrite: a disk, a stick and an order; and the
 * boots before and after it.
 */
#ifndef QUIETUS_RESUME_WORLD_H
#define QUIETUS_RESUME_WORLD_H

#include "quietus/check.h"
#include "quietus/resume.h"

#include "fake_disk.h"

#include <limits.h>

/* Chunks are of 512 KiB, and it is told how far a disk is after 8 of them for the first time. */
enum { DISK_MIB = 16, CHUNKS = 2 * DISK_MIB, SOME = 20 };

/* What an order says that the disk holds: what is found on it at first, or anything. */
#define HELD "[\"disk gpt X\"]"
#define ANY  "\"not-checked\""

struct world {
    struct fake_disk fake;
    char folder[64]; /* the stick's "state" */
    char *order;     /* the envelope */
    struct trust trust;
    struct signing_key *key;
    const char *found; /* what else the scan finds on the disk, or NULL */
};

/* One boot, and what came of it. */
struct boot {
    struct order order;
    struct scan scan;
    struct authorization authorization;
    struct session session;
    struct disk_run *run;
    enum disposition outcome;
    struct reason reason;
    bool kept;
};

/* A disk, an empty stick, and the order "o-1"; until world_end a clock that runs fast. */
void world_begin(struct world *world, enum command_set commands, const char *passes,
                 const char *content);
void world_end(struct world *world);
/* Another order takes the place of the one before. */
void world_order(struct world *world, const char *id, const char *passes, const char *content);

/* Scans, looks for what can be taken up, and authorizes. "disk gpt X" is what the disk holds before
 * anything is written. */
void boot_start(struct world *world, struct boot *boot);
/* Erases, as the pipeline does; cut: the power goes after so many requests, 0: it does not. */
void boot_erase(struct world *world, struct boot *boot, unsigned cut);
/* The certificate as an auditor sees it; the caller ends it. */
void boot_certificate(const struct boot *boot, struct check_result *out);
void boot_end(struct boot *boot);

/* A boot whose power goes after so many requests. */
void interrupted_boot(struct world *world, unsigned cut);
/* The boot after it, when nothing can be taken up and the order says what the disk has to hold:
 * refused, with this finding unless it is NULL. */
void expect_refused(struct world *world, const char *finding);
/* The same, when the order lets it be erased whatever it holds: all of it, from the beginning. */
void expect_begun_anew(struct world *world);

/* The path of a file in the only run's folder: its state, or the statement. */
void only_file(const struct world *world, bool statement, char out[PATH_MAX]);
/* The state that is kept, as a document; the caller ends it. */
json_t *state_document(const struct world *world);
/* Tells a checkpoint that the first of one random pass has come so far. */
void tell(struct checkpoint *checkpoint, uint64_t position);

size_t count_in(const char *folder);
void remove_all(const char *folder);

#endif
