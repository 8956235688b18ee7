#include "bay.h"

#include "trace.h"

void bay_connect(struct bay *bay) {
    bay->connections++;
}

void bay_disconnect(struct bay *bay) {
    bay->connections--;
    if (bay->connections == 0) {
        bay_reset(bay, RESET_POWER);
    }
}

void bay_execute(struct bay *bay, struct drive_request *request) {
    drive_execute(bay->drive, request);
    if (bay->trace && request->state == REQUEST_PENDING) {
        trace_request(bay->drive, request);
    }
}

void bay_done(const struct bay *bay, const struct drive_request *request) {
    if (bay->trace) {
        trace_request(bay->drive, request);
    }
}

void bay_reset(struct bay *bay, enum drive_reset reset) {
    if (bay->trace) {
        trace_reset(bay->drive, reset);
    }
    drive_reset(bay->drive, reset);
}

void bay_forget(struct bay *bay, struct drive_request *request) {
    if (bay->trace) {
        trace_forget(bay->drive, request);
    }
    drive_forget(bay->drive, request);
}
