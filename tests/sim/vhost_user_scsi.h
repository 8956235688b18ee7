/*
 * A SCSI host adapter (virtio 1.1, 5.6) over vhost-user, with a simulated drive as LUN 0 of each
 * target, or with drives of one target (drive_target) as its units. What the drive answers, sense
 * included, reaches the guest as it is.
 */
#ifndef SIM_VHOST_USER_SCSI_H
#define SIM_VHOST_USER_SCSI_H

#include "bay.h"
#include "event_loop.h"

#include <stddef.h>
#include <stdint.h>

#define SCSI_TARGETS 32

struct vhost_user_scsi;

/* path: which of the drives' ports this adapter is at. NULL with a message in problem. */
struct vhost_user_scsi *vhost_user_scsi_open(struct event_loop *loop, const char *socket,
                                             struct bay *const bays[], unsigned count,
                                             uint16_t path, char *problem, size_t problem_size);

/* Time has passed, and drive_advance was called: completes what has ended, tells of drives that
 * have gone or come. */
void vhost_user_scsi_advance(struct vhost_user_scsi *scsi);

void vhost_user_scsi_close(struct vhost_user_scsi *scsi);

#endif
