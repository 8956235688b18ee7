/* Times: UTC for documents, monotonic for waiting. */
#ifndef QUIETUS_CLOCK_H
#define QUIETUS_CLOCK_H

#include <stdint.h>

/* Room for "2026-11-22T14:23:00Z" and its NUL. */
#define CLOCK_TEXT_SIZE 24

/* Seconds since 1970, UTC: by the machine's clock, corrected by so many seconds. */
int64_t clock_now(void);
/* The machine's own clock, in milliseconds. */
int64_t clock_machine_ms(void);
void clock_correct(int64_t seconds);
int64_t clock_correction(void);

/* RFC 3339 in UTC with whole seconds. Returns out. */
char *clock_text(char out[CLOCK_TEXT_SIZE], int64_t seconds);

/* Exactly the form that clock_text writes; -EINVAL for anything else or a date that does not exist.
 */
int clock_parse(const char *text, int64_t *seconds);

/* Milliseconds on a clock that only goes forward. */
int64_t clock_monotonic_ms(void);

/* Waits so long. */
void clock_sleep_ms(int64_t milliseconds);

/*
 * Where monotonic time comes from and how it is waited for: this machine's clock unless a test sets
 * another, so that hours of a simulated drive pass at once. NULL: this machine's again.
 */
struct clock_source {
    int64_t (*now_ms)(void);
    void (*sleep_ms)(int64_t milliseconds);
};
void clock_use(const struct clock_source *other);

#endif
