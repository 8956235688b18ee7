/*
 * Taking up an overwrite that a power cut has interrupted. While a run by an order overwrites, it
 * keeps on a stick, in a folder of its own below "state", the signed statement that it has begun
 * (begun.json) and a file for each disk: how far the disk has got, and by which pattern, signed by
 * the run's key. The next boot takes a disk up only if everything fits: both signatures, the order
 * (by its digest), the disk and its size, and what the disk holds, which is read and compared with
 * the pattern. Then every byte is read at the end. A pattern's key is evidence and no secret.
 */
#ifndef QUIETUS_RESUME_H
#define QUIETUS_RESUME_H

#include "quietus/certificate.h"
#include "quietus/checkpoint.h"
#include "quietus/overwrite_state.h"

/*
 * Looks in the folder for states that were kept under this order and sets `interrupted` of the
 * disks that they fit and that were read and hold what they must. A disk whose state does not fit
 * gets a finding. Reads all disks at once, and waits so many seconds for them.
 */
struct resume_search {
    const char *folder;
    unsigned seconds;
    int (*open)(const struct disk *disk, struct device **out); /* device_open, but in tests */
};
void resume_find(const struct resume_search *search, const struct order *order, struct scan *scan);

/*
 * Keeps the states of a run, in a thread of its own: a stick that hangs costs no disk anything. The
 * order's document is the one that the record gets (id, digest).
 */
struct keeper;

/* NULL if there is no such folder or no order, and then nothing is kept. begun: copied. */
struct keeper *keeper_start(const char *folder, const struct session *session, const json_t *order,
                            const struct document *begun);
/* Where the disk's run tells how far it is. Of a disk that is not taken up, what earlier runs have
 * kept is removed: it is about to be untrue. */
struct checkpoint *keeper_add(struct keeper *keeper, const struct disk *disk,
                              const struct policy *policy);
/*
 * What became of the disk. Once it is erased, or failed after it was written to, there is nothing
 * to be taken up, and what any run has kept of it goes. One that was left alone (not its turn, the
 * order expired, it could not be opened) or of which nothing is known is as an earlier run left it,
 * or as this one has told last: the next boot looks.
 */
void keeper_ended(struct checkpoint *checkpoint, enum disposition disposition);
/*
 * Ends it: true if everything could be kept that was to be, else the reason says what went wrong
 * first. Waits a few seconds for a stick that hangs, and then gives the thread and its memory up.
 * No run may use its checkpoint any more, unless it was given up (any_given_up): then they stay.
 */
bool keeper_finish(struct keeper *keeper, bool any_given_up, struct reason *reason);

#endif
