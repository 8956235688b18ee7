/*
 * A stick that hangs: a sync of what is below a folder does not come back. Linked into a test that
 * uses it, fsync is this one.
 */
#ifndef QUIETUS_HANGING_H
#define QUIETUS_HANGING_H

/* From now on, until hanging_end. */
void hanging_begin(const char *folder);
/* Those that hang come back, and all others do. */
void hanging_end(void);
/* Until one hangs. */
void hanging_wait(void);
/* A clock that goes on by so many milliseconds whenever it is asked while one hangs, and by half a
 * second with every sync else; until clock_use(NULL). */
void hanging_clock(unsigned step_ms);

#endif
