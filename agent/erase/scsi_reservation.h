/*
 * Persistent reservations: a disk that another host has reserved is that host's, and is left alone
 * unless the policy says otherwise (DEVICE-FACTS B.6).
 */
#ifndef QUIETUS_SCSI_RESERVATION_RUN_H
#define QUIETUS_SCSI_RESERVATION_RUN_H

#include "earlier.h"

/* True if the disk says that another host has reserved it; who, in words. */
bool scsi_is_reserved(struct device *device, struct reason *who);

/*
 * Before anything is changed: 0 if nobody has reserved the disk, if it does not say, or if the
 * reservation was cleared as the policy allows (then an exception tells of it). Else -EACCES with
 * the reason: the disk has to be refused.
 */
int scsi_reservation_settle(const struct earlier *earlier);

#endif
