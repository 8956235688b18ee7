/*
 * How warm disks are. NVMe drives tell the kernel (hwmon); others are asked here, once a minute at
 * most. A thread of its own asks, since a drive may take its time to answer; and only while the
 * host itself reads or writes: a question during a format or a sanitize could run into the kernel's
 * time limit, and the reset that follows would end it.
 */
#ifndef QUIETUS_TUI_THERMOMETER_H
#define QUIETUS_TUI_THERMOMETER_H

#include "quietus/device.h"
#include "quietus/progress.h"

struct thermometer;

/* root: "", or that of a saved tree; runs: how many disks there are; open: device_open, but in
 * tests. The signals of interrupt.h have to be held. */
struct thermometer *thermometer_start(const char *root, size_t count,
                                      int (*open)(const struct disk *disk, struct device **out));
/* From here on no progress is looked at any more. NULL does nothing. */
void thermometer_stop(struct thermometer *thermometer);

/* Which disk it is, and how far it is now; both have to last until thermometer_stop. Returns
 * degrees Celsius, 0: not known. */
int thermometer_look(struct thermometer *thermometer, size_t index, const struct disk *disk,
                     const struct progress *progress);

#endif
