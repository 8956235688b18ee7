/* Makes warrants; for the two ways of this folder to come to one (by_order.c, by_operator.c). */
#ifndef QUIETUS_AUTHORIZE_INTERNAL_H
#define QUIETUS_AUTHORIZE_INTERNAL_H

#include "quietus/authorize.h"

struct warrant *warrant_issue(const struct disk_identity *identity, const json_t *authority);

/* It arms nothing from that time on: a disk may wait long for its turn (runner_limits). */
void warrant_expires(struct warrant *warrant, int64_t time);

/*
 * What rules a disk out whatever an order or an operator says: true if it does, and then the
 * decision is made.
 */
bool decide_untouchable(const struct disk *disk, struct decision *decision);

/* Takes warrants back, so that no volume of a RAID controller is erased together with disks behind
 * it, nor one that is to be kept broken by them. */
void authorize_raid(const struct scan *scan, struct authorization *authorization);

#endif
