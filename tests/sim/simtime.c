#include "simtime.h"

#include <time.h>

static uint64_t speed; /* simulated milliseconds for each real one */
static uint64_t base;  /* simulated time at real_base */
static uint64_t real_base;

static uint64_t real_milliseconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t simtime_now(void) {
    return speed == 0 ? base : base + (real_milliseconds() - real_base) * speed;
}

void simtime_start(uint64_t factor) {
    base = simtime_now();
    real_base = real_milliseconds();
    speed = factor;
}

void simtime_move(uint64_t milliseconds) {
    base += milliseconds;
}
