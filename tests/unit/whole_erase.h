/* A whole erase of a fake disk: from its warrant to a certificate that an auditor checks. */
#ifndef QUIETUS_WHOLE_ERASE_H
#define QUIETUS_WHOLE_ERASE_H

#include "quietus/run.h"

#include "fake_disk.h"

struct erase {
    struct fake_disk fake;
    struct disk *disk;
    struct policy policy;
    struct disk_run *run;
    enum disposition outcome;
    struct reason reason;
};

/* A fake disk of that many MiB and the default policy. */
void erase_make(struct erase *erase, enum command_set commands, unsigned mebibytes);
/* The policy allows this method alone. */
void erase_only(struct erase *erase, const char *method);
/* Its passes, as an order writes them. */
void erase_passes(struct erase *erase, const char *passes);
/* Scans the disk, unless a test has done so to change what was found, and erases it. */
void erase_go(struct erase *erase);
/* One of the run's attempts, which must have been made. */
const struct attempt *erase_attempt(const struct erase *erase, unsigned i);
/*
 * Fails the test if the outcome is another, if a disk that is erased holds anything of what it
 * held, or if the certificate is not intact or says something else. Frees everything, and gives the
 * clock back.
 */
void erase_end(struct erase *erase, enum disposition expected);

/* From now on time stands still but for waiting, so that a stall of hours takes no time. */
void still_clock(void);
int64_t still_clock_ms(void);

#endif
