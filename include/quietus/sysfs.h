/*
 * The kernel's view of devices, read below a root folder: "" on the running machine, a saved tree of
 * /sys, /dev and /proc elsewhere.
 */
#ifndef QUIETUS_SYSFS_H
#define QUIETUS_SYSFS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* out = root + path; out has room for PATH_MAX. A path that is too long becomes "". */
__attribute__((format(printf, 3, 4))) void sysfs_path(char *out, const char *root,
                                                      const char *format, ...);

/* An attribute's first line, trimmed at the end; "" if it cannot be read. 0 or negative errno. */
int sysfs_text(const char *folder, const char *attribute, char *out, size_t size);

/* An attribute as a number; fallback if it cannot be read or is none. */
int64_t sysfs_number(const char *folder, const char *attribute, int64_t fallback);

/* The last part of where a link leads ("driver" -> "ahci"); "" if there is no such link. */
void sysfs_link_name(const char *folder, const char *link, char *out, size_t size);

/* The sorted names in a folder, without those that begin with a dot. Returns their number; 0 if the
 * folder cannot be read. The caller frees with sysfs_free_names. */
size_t sysfs_names(const char *folder, char ***names);
void sysfs_free_names(char **names, size_t count);

#endif
