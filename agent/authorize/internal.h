/* Makes warrants; for the two ways of this folder to come to one (by_order.c, by_operator.c). */
#ifndef QUIETUS_AUTHORIZE_INTERNAL_H
#define QUIETUS_AUTHORIZE_INTERNAL_H

#include "quietus/authorize.h"

/* For the disk, and so for each of its parts. */
struct warrant *warrant_issue(const struct disk *disk, const json_t *authority);

/* It arms nothing from that time on: a disk may wait long for its turn (runner_limits). */
void warrant_expires(struct warrant *warrant, int64_t time);

/*
 * Whether an order's entry means this disk. The name of the device means it as that of the disk
 * does, and a part's that of the whole (disk.h). Missing: it names this very device, with a
 * capacity that what is here of it does not have.
 */
enum entry_fit { ENTRY_OTHER, ENTRY_PART_MISSING, ENTRY_FITS };
enum entry_fit order_entry_fits(const json_t *entry, const struct disk *disk);

/*
 * What rules a disk out whatever an order or an operator says: true if it does, and then the
 * decision is made.
 */
bool decide_untouchable(const struct disk *disk, struct decision *decision);

/* Takes warrants back, so that no volume of a RAID controller is erased together with disks behind
 * it, nor one that is to be kept broken by them. */
void authorize_raid(const struct scan *scan, struct authorization *authorization);

#endif
