/*
 * A drive in its bay, with what the front ends that lead to it share: the power that comes with a
 * machine, and the trace of its commands.
 */
#ifndef SIM_BAY_H
#define SIM_BAY_H

#include "drive.h"

#include <stdbool.h>

struct bay {
    struct drive *drive;
    unsigned connections; /* front ends that a machine is connected to */
    bool trace;           /* print each command with its result */
};

void bay_connect(struct bay *bay);

/* The last machine that was connected is gone: the drive's power is cut. */
void bay_disconnect(struct bay *bay);

/* As drive_execute. */
void bay_execute(struct bay *bay, struct drive_request *request);

/* The front end has seen that the request is not pending any more: traces the result. */
void bay_done(const struct bay *bay, const struct drive_request *request);

/* Resets the drive and traces that. */
void bay_reset(struct bay *bay, enum drive_reset reset);

/* As drive_forget. */
void bay_forget(struct bay *bay, struct drive_request *request);

#endif
