/* A disk that vanishes from its nodes in the middle of an overwrite or while it
 * is read back, and may come back under others. */
#ifndef QUIETUS_ERASE_VANISHED_H
#define QUIETUS_ERASE_VANISHED_H

#include "quietus/armed.h"
#include "quietus/layout.h"
#include "quietus/progress.h"

/* How long it is waited for: buses give a lost device up to half a minute before they remove it,
 * and then it has to spin up. */
enum { VANISHED_WAIT_MS = 60000 };
/* And how often it may, in one attempt. */
enum { VANISHED_MOST = 8 };

/* Whether nobody answers where the disk was, or somebody else does. */
bool vanished_is(struct armed *armed);

/*
 * Waits until the disk answers again where it was, or is found by its identity, with the areas of
 * the layout; it is armed then. 0; -ENODEV if it has not come back in time; -EEXIST if it has not,
 * and elsewhere it could not have been told from another disk; -ECANCELED if the run was given up
 * meanwhile.
 */
int vanished_wait(struct armed *armed, const struct layout *layout, struct progress *progress);

#endif
