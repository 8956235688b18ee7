/* Whom to ask for the time, and whom to believe. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/timekeeping.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/timex.h>

enum { NTP_WAIT_MS = 3000, NTP_SERVERS = TIME_READINGS - 1 };

static struct {
    struct time_reading readings[TIME_READINGS];
    size_t count;
    const struct time_reading *chosen;
} known;

/* Later rows are believed only where the earlier ones have no answer. */
static int rank(const struct time_reading *reading) {
    if (reading->problem[0] != '\0')
        return 3;
    if (reading->authenticated)
        return 0;
    return strncmp(reading->source, "NTP", 3) == 0 ? 1 : 2;
}

bool time_take(const struct time_reading *readings, size_t count) {
    known.count = count < TIME_READINGS ? count : TIME_READINGS;
    known.chosen = NULL;
    for (size_t i = 0; i < known.count; i++) {
        known.readings[i] = readings[i];
        const struct time_reading *reading = &known.readings[i];
        if (reading->problem[0] == '\0' && (!known.chosen || rank(reading) < rank(known.chosen)))
            known.chosen = reading;
    }
    /* To the nearest second: no time in a document is finer. */
    const int64_t ahead_ms = known.chosen ? known.chosen->ahead_ms : 0;
    clock_correct((ahead_ms + (ahead_ms < 0 ? -500 : 500)) / 1000);
    return known.chosen != NULL;
}

const struct time_reading *time_chosen(void) {
    return known.chosen;
}

static void ask_date(const char *url, struct time_reading *out) {
    struct reason reason;
    *out = (struct time_reading){0};
    if (http_date(url, &out->ahead_ms, &out->error_ms, &reason))
        text_copy(out->problem, sizeof out->problem, reason.text);
    else
        out->authenticated = strncmp(url, "https://", 8) == 0;
    /* Its server alone: a path may be long. */
    char shown[150];
    const char *host = strstr(http_shown_url(url, shown, sizeof shown), "://");
    const int end = (int)(host ? host + 3 - shown + (ptrdiff_t)strcspn(host + 3, "/?#") : 0);
    (void)snprintf(out->source, sizeof out->source, "Date of %.*s", end, shown);
}

/* Each server once: the DHCP of several cards may name the same. */
static size_t take_servers(char *list, const char *servers[NTP_SERVERS]) {
    size_t count = 0;
    for (char *server; count < NTP_SERVERS && (server = strsep(&list, ", \t\r\n"));) {
        bool is_new = *server != '\0';
        for (size_t i = 0; i < count; i++)
            is_new = is_new && strcasecmp(servers[i], server) != 0;
        if (is_new)
            servers[count++] = server;
    }
    return count;
}

bool time_learn(const struct time_sources *sources) {
    enum { FILE_LIMIT = 4096 };
    struct time_reading readings[TIME_READINGS];
    const char *servers[NTP_SERVERS];
    AUTO_FREE char *of_dhcp = NULL;
    AUTO_FREE char *list = NULL;
    size_t length;
    const bool has_file =
        sources->ntp_file && file_read(sources->ntp_file, FILE_LIMIT, &of_dhcp, &length) == 0;
    memory_require(asprintf(&list, "%s %s", sources->ntp, has_file ? of_dhcp : "") >= 0);
    size_t count = take_servers(list, servers);
    for (size_t i = 0; i < count; i++)
        ntp_ask(servers[i], NTP_WAIT_MS, &readings[i]);
    if (sources->url[0] != '\0')
        ask_date(sources->url, &readings[count++]);
    return time_take(readings, count);
}

void time_print(FILE *stream) {
    char text[32];
    const struct time_reading *reading = known.chosen;
    if (!reading) {
        (void)fputs("time: this machine's clock, which nobody has checked\n", stream);
        return;
    }
    const int64_t seconds = clock_correction();
    (void)fprintf(stream, "time: %s%s; this machine's clock is %s%s\n", reading->source,
                  reading->authenticated ? "" : ", which nobody vouches for",
                  seconds == 0 ? "right"
                               : text_duration(text, sizeof text, (uint64_t)llabs(seconds)),
                  seconds == 0  ? ""
                  : seconds > 0 ? " behind"
                                : " ahead");
}

static json_t *reading_json(const struct time_reading *reading) {
    json_t *object = json_new_object();
    json_put_text(object, "source", reading->source);
    if (reading->problem[0] != '\0') {
        json_put_text(object, "problem", reading->problem);
        return object;
    }
    json_put_flag(object, "authenticated", reading->authenticated);
    json_put(object, "ahead_ms", json_integer(reading->ahead_ms));
    json_put(object, "error_ms", json_integer(reading->error_ms));
    return object;
}

json_t *time_json(void) {
    struct timex state = {0};
    json_t *object = json_new_object();
    json_put_text(object, "source", known.chosen ? known.chosen->source : "this machine's clock");
    json_put_flag(object, "synchronised",
                  adjtimex(&state) != TIME_ERROR && !(state.status & STA_UNSYNC));
    if (known.chosen) {
        json_put_flag(object, "authenticated", known.chosen->authenticated);
        json_put(object, "machine_clock_corrected_seconds", json_integer(clock_correction()));
        json_put(object, "error_ms", json_integer(known.chosen->error_ms));
    }
    if (known.count > 0) {
        json_t *asked = json_new_array();
        for (size_t i = 0; i < known.count; i++)
            json_add(asked, reading_json(&known.readings[i]));
        json_put(object, "asked", asked);
    }
    return object;
}
