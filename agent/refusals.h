/*
 * What is said of the disks that nothing is done to. An order that is refused as a whole refuses
 * every disk for one reason: on a full server a line for each would push it off a serial console.
 */
#ifndef QUIETUS_REFUSALS_H
#define QUIETUS_REFUSALS_H

#include "quietus/certificate.h"

#include <stdio.h>

struct refusals;

struct refusals *refusals_new(void);
void refusals_free(struct refusals *refusals);

/* Copies what it needs. */
void refusals_add(struct refusals *refusals, const struct disk *disk, enum disposition disposition,
                  const char *reason);

/* A line for each disk; where more than a few share a reason, that once, with their number and the
 * first names. Nothing if there are none. */
void refusals_print(const struct refusals *refusals, FILE *out);

#endif
