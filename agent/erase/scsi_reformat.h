/*
 * Other sectors for a SAS disk, once it is erased: MODE SELECT and FORMAT UNIT (DEVICE-FACTS B.5).
 * Arrays use sectors of 520 or 528 bytes, and other hosts cannot read those.
 */
#ifndef QUIETUS_SCSI_REFORMAT_H
#define QUIETUS_SCSI_REFORMAT_H

#include "quietus/run.h"

/*
 * Gives the disk the sectors that the policy asks for, if it has others, and sets run->reformat.
 * What goes wrong changes nothing of the erase.
 */
void scsi_reformat(struct disk_run *run, struct armed *armed);

#endif
