/* After an overwrite: every byte that is read must be the pattern's. */
#include "quietus/memory.h"

#include "reader.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct check {
    const struct layout *layout;
    const struct pattern *pattern;
    struct sample_cursor cursor;
    struct verify_report *report;
    uint8_t expected[LAYOUT_LARGEST_UNIT];
    uint32_t filled; /* bytes of it, if the pattern is constant */
};

static struct place_unit next_place(void *user, uint64_t i) {
    struct check *check = user;
    (void)i;
    return layout_unit(check->layout, sample_next(&check->cursor));
}

static void compare(struct check *check, const struct place_unit *place, const uint8_t *data) {
    if (!pattern_is_constant(check->pattern) || check->filled < place->length) {
        pattern_fill(check->pattern, check->layout, place->area, place->offset, check->expected,
                     place->length);
        check->filled = place->length;
    }
    check->report->read++;
    if (bytes_all(data, place->length, data[0]))
        check->report->uniform++;
    if (memcmp(data, check->expected, place->length) != 0)
        report_mismatch(check->report, check->layout, place, "is not the pattern");
}

static void done(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                 int error) {
    struct check *check = user;
    (void)i;
    if (error)
        report_unreadable(check->report, check->layout, place);
    else
        compare(check, place, data);
}

/* Every position that was read can tell: its content is known to the byte. Each that was not may
 * have been a stratum's. */
static uint64_t informative(const struct verify_report *report,
                            const struct sample_places *places) {
    return report->complete && report->unreadable < places->strata
               ? places->strata - report->unreadable
               : 0;
}

int verify_pattern(struct device *device, const struct layout *layout,
                   const struct pattern *pattern, const struct sample_places *places,
                   struct progress *progress, struct verify_report *report) {
    struct check *check = memory_new(1, sizeof *check);
    check->layout = layout;
    check->pattern = pattern;
    check->report = report;
    sample_cursor_start(&check->cursor, places);
    *report = (struct verify_report){.planned = places->count};
    const struct reader reader = {.device = device,
                                  .progress = progress,
                                  .count = places->count,
                                  .whole = places->full,
                                  .place = next_place,
                                  .done = done,
                                  .user = check,
                                  .enough = &report->given_up};
    progress_start(progress, PHASE_VERIFYING, 1, 1, places->count);
    const int error = reader_run(&reader);
    report->complete = error == 0 && report->read + report->unreadable == report->planned;
    report->informative = informative(report, places);
    free(check);
    return error;
}
