/* Overwrites of a fake disk that vanishes on the way, in a time that flies. */
#ifndef QUIETUS_VANISHING_H
#define QUIETUS_VANISHING_H

#include "whole_erase.h"

/* Chunks are of 512 KiB; a position is told of after eight of them, and then each ten seconds. */
enum { DISK_MIB = 8, CHUNKS = 2 * DISK_MIB };

/* Each look at the clock takes half a second: there is a position to be told of every few requests.
 */
int64_t fast_clock(void);
void fast_wait(int64_t milliseconds);

/* A disk of so many MiB, of which 1 % is to be read back after these passes; what it has not
 * flushed when it vanishes is lost. */
void vanishing_make(struct erase *erase, enum command_set commands, unsigned mebibytes,
                    const char *passes);

/* The passes in the evidence; the caller's. */
json_t *vanishing_passes(const struct erase *erase);

bool was_all_read(const struct erase *erase);
/* Whether an exception of the attempt has this part. */
bool has_exception(const struct erase *erase, const char *part);

/* So often the disk vanished in its passes, was found again, and the pass went on where it had been
 * flushed; and every byte was read. */
void assert_went_on(const struct erase *erase, unsigned times);

#endif
