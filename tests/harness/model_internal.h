/* What model_transport.c has for model_scan.c. */
#ifndef QUIETUS_MODEL_INTERNAL_H
#define QUIETUS_MODEL_INTERNAL_H

#include "model_transport.h"

bool model_is_behind_raid(const struct model *model);

/* Opens the drive by one of its ports, without a finder. */
struct device *model_open_port(struct model *model, const struct disk *disk, unsigned port);

/* The time that passes while the agent waits is this model's drive's from now on. */
void model_clock_of(struct model *model);

#endif
