/*
 * Whether the kernel under the agent is still to be relied on: what it says of itself since it was
 * started (/proc/sys/kernel/tainted, its log).
 */
#ifndef QUIETUS_KERNEL_STATE_H
#define QUIETUS_KERNEL_STATE_H

#include "quietus/text.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * True if the kernel has oopsed, met a bug, bad memory or a machine check, or hung: it goes on, and
 * what passes through it may be wrong. The reason says which. root: "" for this machine.
 */
bool kernel_is_doubtful(const char *root, struct reason *reason);

/* For the record: the flags, what they mean, and the log's last lines. NULL if there is nothing to
 * say. */
json_t *kernel_trouble_json(const char *root);

#endif
