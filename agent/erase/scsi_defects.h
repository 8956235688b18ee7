/*
 * The grown defect list before and after a method: a block that the disk retires meanwhile keeps
 * what it held, out of everybody's reach (DEVICE-FACTS B.6).
 */
#ifndef QUIETUS_SCSI_DEFECTS_H
#define QUIETUS_SCSI_DEFECTS_H

#include "quietus/device.h"

struct defect_count {
    bool known; /* only SCSI disks tell, and not all of them */
    uint64_t count;
};

struct defect_count scsi_defects_count(struct device *device);

/* Counts again. Both numbers go into the evidence; growth, or a list that is not told any more, is
 * an exception. */
void scsi_defects_compare(const struct defect_count *before, struct device *device,
                          struct evidence *evidence, json_t *exceptions);

#endif
