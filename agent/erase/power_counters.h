/*
 * How often the drive has been switched on, by its own count, before an attempt and after its
 * erase.
 *
 * A drive that loses power loses what it had acknowledged and not yet written. The kernel resets
 * the link and repeats what had no answer; nobody repeats what had one, and the flush at the end of
 * the pass succeeds. Samples find such a loss by luck alone: it is a few megabytes. So a drive that
 * counts more after an overwrite than before it is read in full. One that had counted and does not
 * tell any more is not given the benefit of the doubt either. In earlier passes a loss is mended by
 * the last one; that is not told apart, since reading everything settles both.
 *
 * A firmware erase does not depend on the cache: a sanitize goes on when power is back; a format or
 * a security erase fails, and it shows, since the kernel does not repeat commands of programs. Only
 * the markers before it were written by the host. Lost, they say nothing any more, but what was
 * distinctive already still does; so there it is an exception, and no reason to read more.
 *
 * Resets that leave the cache alone (of a link, a controller, a bus) are not counted by these.
 */
#ifndef QUIETUS_POWER_COUNTERS_H
#define QUIETUS_POWER_COUNTERS_H

#include "quietus/device.h"

enum { POWER_COUNTERS = 5 };

/* By the table in power_counters.c. */
struct power_counters {
    bool known[POWER_COUNTERS];
    uint64_t value[POWER_COUNTERS];
};

/* Asks the drive for all that it has. */
struct power_counters power_counters_ask(struct device *device, const struct disk *disk);

/*
 * Asks again, and puts both into the evidence, under the method's name; also that there was none.
 * True if the drive may have lost power meanwhile.
 */
bool power_counters_changed(const struct power_counters *before, struct device *device,
                            const struct disk *disk, const char *method, struct evidence *evidence);

/* The exception on the certificate of an attempt during which that happened: an overwrite by the
 * host, or an erase by the drive. */
void power_counters_except(json_t *exceptions, bool by_host);

#endif
