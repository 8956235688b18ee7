/* One line on stderr for each command of a simulated drive, with its result: for tests and people.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "drive.h"

/*
 * The command, and as far as it has one its result:
 *     NAME MILLISECONDS nvme-admin 80 nsid=1 cdw10=00000200 ... -> status=0000 result=00000000
 *     NAME MILLISECONDS ata b4 features=0012 count=0000 lba=0000426b4572 device=40 -> status=50 ...
 *     NAME MILLISECONDS scsi 48 82 00 ... port=0 -> status=00
 * or "-> pending" or "-> lost".
 */
void trace_request(const struct drive *drive, const struct drive_request *request);

void trace_reset(const struct drive *drive, enum drive_reset reset);

/* Nobody wants the answer any more. */
void trace_forget(const struct drive *drive, const struct drive_request *request);

/* Anything else that happens to it, as one word. */
void trace_event(const struct drive *drive, const char *event);

#endif
