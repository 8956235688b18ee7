/*
 * Drives whose ATA security the firmware has frozen can often be thawed without a hand at the drive
 * (DEVICE-FACTS A.6): a suspend to memory takes their power away, and on resume no firmware freezes
 * them again on many machines; a reset of the port does it where the drive keeps no settings over
 * resets. Both disturb the whole machine, or a bus, and are done only if asked for, before any disk
 * is worked on. What came of it only a new scan tells.
 */
#ifndef QUIETUS_THAW_H
#define QUIETUS_THAW_H

#include "quietus/scan.h"

enum thaw { THAW_NO, THAW_SUSPEND, THAW_PORT_RESET };

/* "s3", "port-reset"; -EINVAL. */
int thaw_parse(const char *name, enum thaw *out);

/* Disks of the scan whose security is frozen. */
unsigned thaw_wanted(const struct scan *scan);

/*
 * Does it, for the frozen disks of the scan. root: "" on the running machine. 0 if the machine has
 * been suspended and is back, or the ports have been told; negative errno with the reason, and then
 * nothing was done, or not for all.
 */
int thaw_run(enum thaw how, const char *root, const struct scan *scan, struct reason *reason);

/* What was done, and what came of it, as findings of the disks that were frozen before; problem: of
 * thaw_run, or "". */
void thaw_note(enum thaw how, const struct scan *before, const struct reason *problem,
               struct scan *after);

#endif
