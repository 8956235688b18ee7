/*
 * The kernel's view of devices, read below a root folder: "" on the running machine, a saved tree
 * of /sys, /dev and /proc elsewhere.
 */
#ifndef QUIETUS_SYSFS_H
#define QUIETUS_SYSFS_H

#include "quietus/file.h"

#include <stddef.h>
#include <stdint.h>

/* An attribute's first line, trimmed at the end; "" if it cannot be read. 0 or negative errno. */
int sysfs_text(const char *folder, const char *attribute, char *out, size_t size);

/* The same for what a device or the firmware has named itself: as text_from_field leaves it, so
 * that it equals what the device says when it is asked. */
int sysfs_field(const char *folder, const char *attribute, char *out, size_t size);

/* An attribute as a number; fallback if it cannot be read or is none. */
int64_t sysfs_number(const char *folder, const char *attribute, int64_t fallback);

/* The last part of where a link leads ("driver" -> "ahci"); "" if there is no such link. */
void sysfs_link_name(const char *folder, const char *link, char *out, size_t size);

#endif
