/* Times: UTC for documents, monotonic for waiting. */
#ifndef QUIETUS_CLOCK_H
#define QUIETUS_CLOCK_H

#include <stdint.h>

/* Room for "2026-11-22T14:23:00Z" and its NUL. */
#define CLOCK_TEXT_SIZE 24

/* Seconds since 1970, UTC. */
int64_t clock_now(void);

/* RFC 3339 in UTC with whole seconds. Returns out. */
char *clock_text(char out[CLOCK_TEXT_SIZE], int64_t seconds);

/* Exactly the form that clock_text writes; -EINVAL for anything else or a date that does not exist.
 */
int clock_parse(const char *text, int64_t *seconds);

/* Milliseconds on a clock that only goes forward. */
int64_t clock_monotonic_ms(void);

#endif
