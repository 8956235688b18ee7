/*
 * What an earlier boot or another tool has left in the drive: an erase that still runs is let to
 * its end, since nothing can stop it and nothing else can be done meanwhile; a password that is
 * known is taken off. Then the run begins from a state that it can judge.
 */
#ifndef QUIETUS_EARLIER_H
#define QUIETUS_EARLIER_H

#include "quietus/secrets.h"

#include "follow.h"

struct earlier {
    struct armed *armed;
    const struct disk *disk;
    const struct policy *policy;
    struct progress *progress;
    struct evidence *evidence;
    const struct disk_secrets *secrets; /* what the operator gave for this disk */
    json_t *exceptions;                 /* array of strings, of the run as a whole */
    struct reason *reason;
};

/* 0, or negative errno with the reason if the drive cannot be worked on. */
int earlier_settle(const struct earlier *earlier);

/*
 * 1 if a sanitize was under way and has been followed, with its end; 0 if none was. follow comes
 * with everything set but ask and user.
 */
int nvme_sanitize_wait(const struct earlier *earlier, struct follow *follow, enum follow_end *end);
int ata_sanitize_wait(const struct earlier *earlier, struct follow *follow, enum follow_end *end);

/* For those: follows what is under way by `ask`. Returns 1. */
int earlier_follow(struct follow *follow, int (*ask)(void *user, struct follow_answer *out),
                   void *user, enum follow_end *end);

/*
 * Takes an ATA password off: by the operator's secrets, then by the passwords that erase tools
 * leave. Where the drive lets the master password do nothing but erase, it erases by it. 0 too if
 * no password is set; -EACCES with the reason if none fits.
 */
int ata_security_open(const struct earlier *earlier);

/*
 * Opens TCG ranges that are locked, or a shadow, by a revert, if a PSID was given; 0 too if there
 * are none. Brings now->tcg up to date. Negative errno with the reason if the revert failed.
 */
int tcg_open(const struct earlier *earlier, struct disk *now);

/*
 * Opens what HPA, AMAC and DCO hide, for good, and brings `now` up to date. What cannot be opened
 * is left, and seen in now->native_sectors. 0; negative errno with the reason if the disk is not
 * the same any more or has not come back.
 */
int ata_hidden_open(const struct earlier *earlier, struct disk *now);
/* The same of what a SAS disk's mode page hides; now->hidden_known tells whether it was opened. */
int scsi_hidden_open(const struct earlier *earlier, struct disk *now);

/*
 * For those: the disk has so many sectors now. Waits for the kernel to see them, and brings `now`
 * up to date. 0; negative errno with the reason if it is not the same disk or has not come back.
 */
int earlier_grown(const struct earlier *earlier, uint64_t sectors, struct disk *now);

#endif
