/*
 * How warm disks are, as far as the kernel tells (hwmon). Only NVMe drives have that without a
 * driver that asks disks of its own accord. A thread of its own asks, since a drive may take its
 * time to answer; and only while the host itself reads or writes: a question during a format could
 * run into the kernel's time limit, and the reset that follows would end the format.
 */
#ifndef QUIETUS_TUI_THERMOMETER_H
#define QUIETUS_TUI_THERMOMETER_H

#include "quietus/disk.h"
#include "quietus/progress.h"

struct thermometer;

/* root: "", or that of a saved tree; runs: how many disks there are. The signals of interrupt.h
 * have to be held. */
struct thermometer *thermometer_start(const char *root, size_t count);
void thermometer_stop(struct thermometer *thermometer);

/* Which disk it is, and what is done to it now; returns degrees Celsius, 0: not known. */
int thermometer_look(struct thermometer *thermometer, size_t index, const struct disk *disk,
                     enum phase phase);

#endif
