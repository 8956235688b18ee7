/*
 * A disk that is several logical units (disk.h): each is erased and verified by itself, one after
 * the other, since what an erase of one does to the others is not certain. Nothing is begun unless
 * all of them are there and may be erased.
 */
#ifndef QUIETUS_PARTS_H
#define QUIETUS_PARTS_H

#include "quietus/run.h"

/* The runs of the parts, with their shares of the warrant; none for a disk that is one unit. */
void disk_run_new_parts(struct disk_run *run);

/* As disk_run_execute. */
void disk_run_execute_parts(struct disk_run *run);

/* As disk_run_disposition, of a run that has ended; the reason names the part that decided. */
enum disposition disk_run_disposition_of_parts(const struct disk_run *run, struct reason *reason);

/* As disk_run_last_attempt: of those that the parts ended with, the one that claims least. */
const struct attempt *disk_run_least_attempt(const struct disk_run *run);

#endif
