/* Sessions with a drive's TCG security: as much as a revert by PSID takes. */
#ifndef QUIETUS_TCG_SESSION_H
#define QUIETUS_TCG_SESSION_H

#include "quietus/armed.h"
#include "quietus/progress.h"
#include "quietus/secrets.h"
#include "quietus/tcg.h"

/* Whether a revert by PSID of this drive is implemented and is worth its name; else why not. */
bool tcg_revert_possible(const struct tcg_discovery *tcg, struct reason *reason);

/*
 * Properties, StartSession by the PSID, Revert of the Admin SP. One attempt. 0 if the drive has
 * reported success (what came of it, discovery tells); -EACCES: the PSID is not the drive's;
 * another negative errno; with the reason.
 */
int tcg_revert_by_psid(struct armed *armed, struct progress *progress,
                       const struct tcg_discovery *tcg, const char psid[SECRET_SIZE],
                       struct reason *reason);

#endif
