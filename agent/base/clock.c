#include "quietus/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_int_fast64_t correction;

int64_t clock_machine_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now(void) {
    return clock_machine_ms() / 1000 + atomic_load(&correction);
}

void clock_correct(int64_t seconds) {
    atomic_store(&correction, seconds);
}

int64_t clock_correction(void) {
    return atomic_load(&correction);
}

char *clock_text(char out[CLOCK_TEXT_SIZE], int64_t seconds) {
    const time_t time = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&time, &parts) ||
        strftime(out, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        out[0] = '\0';
    return out;
}

int clock_parse(const char *text, int64_t *seconds) {
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (!end || *end != '\0')
        return -EINVAL;
    const time_t time = timegm(&parts);
    char again[CLOCK_TEXT_SIZE];
    if (strcmp(clock_text(again, time), text) != 0)
        return -EINVAL;
    *seconds = time;
    return 0;
}

static int64_t machine_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void machine_sleep_ms(int64_t milliseconds) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static const struct clock_source machine = {machine_now_ms, machine_sleep_ms};
static const struct clock_source *source = &machine;

void clock_use(const struct clock_source *other) {
    source = other ? other : &machine;
}

int64_t clock_monotonic_ms(void) {
    return source->now_ms();
}

void clock_sleep_ms(int64_t milliseconds) {
    source->sleep_ms(milliseconds);
}
