/*
 * What time it is, by those who should know better than a server's clock, and how sure that is. The
 * machine's clock is not set: clock_now gives its time corrected by what was learned.
 */
#ifndef QUIETUS_TIMEKEEPING_H
#define QUIETUS_TIMEKEEPING_H

#include "quietus/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* init leaves the servers here that DHCP names (option 42). */
#define TIME_SERVERS_OF_DHCP "/run/quietus/ntp"

enum { TIME_SOURCE_SIZE = 160, TIME_READINGS = 8 };

/* What one source said. */
struct time_reading {
    char
        source[TIME_SOURCE_SIZE]; /* "NTP server 10.20.0.1", "Date of https://deploy.example.com" */
    char problem[160];            /* why there is no answer; else "" */
    bool authenticated;           /* somebody whom an authority vouches for said so */
    int64_t ahead_ms;             /* of the machine's clock */
    int64_t error_ms;             /* if the source is honest, it is not wrong by more than this */
};

/* Whom to ask. */
struct time_sources {
    const char *ntp;      /* names or addresses, separated by commas or white space; or "" */
    const char *ntp_file; /* more of them, one a line (of DHCP); or NULL */
    const char *url;      /* HTTP or HTTPS: the Date header of its server; or "" */
};

/*
 * Asks all of them, some seconds each, and corrects clock_now by the best answer: HTTPS, whose
 * server an authority vouches for and whose certificate is valid at the time that it tells; else
 * NTP; else HTTP. True if there was any. Called before there are threads that ask for the time.
 */
bool time_learn(const struct time_sources *sources);

/* The same from readings: what time_learn does with them, for tests. */
bool time_take(const struct time_reading *readings, size_t count);

/* The reading that clock_now follows, or NULL: the machine's own clock, which nobody has checked.
 */
const struct time_reading *time_chosen(void);

/* For documents: where the time is from, how far off the machine's clock was, how sure it is, and
 * what else was asked. */
json_t *time_json(void);

/* One line for a person. */
void time_print(FILE *stream);

/* One NTP server, for so long; problem or reading is filled in. */
void ntp_ask(const char *server, int64_t wait_ms, struct time_reading *out);

#endif
