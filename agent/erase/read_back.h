/* What a disk is and holds once its method has ended in success. */
#ifndef QUIETUS_ERASE_READ_BACK_H
#define QUIETUS_ERASE_READ_BACK_H

#include "quietus/run.h"

/* Right after an erase, or a failure, a disk may still be on its way back from a reset: it is
 * waited for. 0, or a negative errno with the reason. */
int read_back_identity(struct disk_run *run, struct device *device, struct disk_identity *out,
                       struct reason *reason);

/* Who it is, what the method wants to see, and whether all of it can be seen: into the attempt's
 * facts, exceptions and reason, and run->identity_after. */
void read_back_state(struct disk_run *run, struct erase_run *erase, struct attempt *attempt);

/*
 * Its content, held against the pattern or the snapshot: into the attempt's facts, exceptions and
 * verification. A disk that vanishes meanwhile and comes back is read anew, its state as well. 0,
 * or a negative errno; -ETIME: the disk has fallen silent.
 */
int read_back_content(struct disk_run *run, struct erase_run *erase, struct attempt *attempt,
                      struct snapshot *snapshot, const struct verify_level *level);

#endif
