/* Condition variables whose time-outs do not depend on the date, which somebody may set. */
#ifndef QUIETUS_CONDITION_H
#define QUIETUS_CONDITION_H

#include <pthread.h>
#include <stdint.h>

/* One that waits by the monotonic clock. */
void condition_init(pthread_cond_t *condition);

/* The time to give to pthread_cond_timedwait for a wait of so long from now. */
struct timespec condition_time_in(int64_t milliseconds);

#endif
