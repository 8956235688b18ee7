/*
 * The right to destroy what is on one disk, once. Only the authorization stage makes warrants
 * (authorize.h), after it has checked the order or the operator's confirmation, the holds, the boot
 * medium and what is in use. There is no second way to the write path (law 1).
 */
#ifndef QUIETUS_WARRANT_H
#define QUIETUS_WARRANT_H

#include "quietus/armed.h"

#include <jansson.h>

struct warrant;

void warrant_free(struct warrant *warrant);

/* The disk that it is for. */
const struct disk_identity *warrant_identity(const struct warrant *warrant);

/* By what it was given: the order's id and digest, or the operator's confirmation. Borrowed. */
const json_t *warrant_authority(const struct warrant *warrant);

/*
 * The warrant for one part of a disk that is several logical units (disk.h): those are armed one by
 * one, each under its own identity, the disk as a whole never. The caller's from now on; NULL if
 * there is no such part, or it was taken before.
 */
struct warrant *warrant_take_part(struct warrant *warrant, unsigned part);

/*
 * Opens the device for destruction and uses the warrant up, whatever comes of it. 0; -EPERM if it
 * has been used before; -EKEYEXPIRED if its order is valid no more; -ESTALE if the device is
 * another disk; -EBUSY if something uses it; or another negative errno; with the reason.
 */
int warrant_arm(struct warrant *warrant, struct device *device, struct armed **out,
                struct reason *reason);

#endif
