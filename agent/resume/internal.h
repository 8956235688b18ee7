/* What the files of this folder share. */
#ifndef QUIETUS_RESUME_INTERNAL_H
#define QUIETUS_RESUME_INTERNAL_H

#include "quietus/disk.h"

extern const char resume_state_type[];
extern const char resume_state_schema[];

/* The sizes of a disk's areas, by which it is known to be divided as it was. */
json_t *resume_areas_json(const struct disk_area *areas, unsigned count);

/* The statement's name in a run's folder. */
#define RESUME_BEGUN "begun.json"

#endif
