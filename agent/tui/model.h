/* What the scan found, in the words of the screen. */
#ifndef QUIETUS_TUI_MODEL_H
#define QUIETUS_TUI_MODEL_H

#include "quietus/plan.h"

#include "screen.h"

/* "Purge", "Clear", "-". */
const char *model_category(enum category category);

/*
 * Takes over a new scan. Disks that were chosen before stay so if they are there still and may be
 * erased (by serial, WWN, model and node); the screen says who is gone.
 */
void model_take(struct screen *screen, const struct scan *scan, const struct policy *policy);

#endif
