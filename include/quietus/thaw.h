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

/* Disks of the scan whose security is frozen; of those to be erased, if it is told which these are:
 * a flag for each disk, or NULL. */
unsigned thaw_wanted(const struct scan *scan, const bool *to_erase);

/*
 * Does it, for the frozen disks that are to be erased. root: "" on the running machine. 0 if the
 * machine has been suspended and is back, or the ports have been told; negative errno with the
 * reason, and then nothing was done, or not for all. A port on which there is a disk that is not to
 * be erased is not reset. The machine is not suspended while any drive, to be erased or not, has an
 * ATA password or TCG locking in use, or may have: it would come back locked.
 */
int thaw_run(enum thaw how, const char *root, const struct scan *scan, const bool *to_erase,
             struct reason *reason);

/* What was done, and what came of it, as findings of the disks that were frozen before; problem: of
 * thaw_run, or "". */
void thaw_note(enum thaw how, const struct scan *before, const struct reason *problem,
               struct scan *after);

#endif
