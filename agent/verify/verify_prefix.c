/* Whether a disk holds what an interrupted overwrite says that it has written. */
#include "quietus/memory.h"

#include "reader.h"
#include "report.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { END_UNITS = 256, DRAWN_UNITS = 256, MOST_UNITS = 2 * END_UNITS + DRAWN_UNITS };

struct check {
    const struct layout *layout;
    const struct pattern *pattern;
    struct verify_report *report;
    uint64_t units[MOST_UNITS];
    uint64_t count;
    uint8_t expected[LAYOUT_LARGEST_UNIT];
};

/* Whole units below a position that counts over all areas. */
static uint64_t units_below(const struct layout *layout, uint64_t position) {
    uint64_t units = 0;
    for (unsigned i = 0; i < layout->area_count; i++) {
        const struct layout_area *area = &layout->areas[i];
        if (position < area->bytes)
            return units + position / area->unit;
        position -= area->bytes;
        units += area->units;
    }
    return units;
}

/* Both ends in full, since that is where whoever used the disk meanwhile has written, or where the
 * interruption was; and some between, drawn at random. */
static void choose(struct check *check, uint64_t units) {
    uint8_t seed[SAMPLING_SEED_SIZE];
    const uint64_t end = units < END_UNITS ? units : END_UNITS;
    const uint64_t drawn = units < DRAWN_UNITS ? units : DRAWN_UNITS;
    for (uint64_t i = 0; i < end; i++)
        check->units[check->count++] = i;
    randombytes_buf(seed, sizeof seed);
    sampling_draw(seed, units, drawn, check->units + check->count);
    check->count += drawn;
    for (uint64_t i = units - end; i < units; i++)
        check->units[check->count++] = i;
}

static struct place_unit place(void *user, uint64_t i) {
    const struct check *check = user;
    return layout_unit(check->layout, check->units[i]);
}

static void done(void *user, uint64_t i, const struct place_unit *where, const uint8_t *data,
                 int error) {
    struct check *check = user;
    (void)i;
    if (error) {
        report_unreadable(check->report, check->layout, where);
        return;
    }
    check->report->read++;
    pattern_fill(check->pattern, check->layout, where->area, where->offset, check->expected,
                 where->length);
    if (memcmp(data, check->expected, where->length) != 0)
        report_mismatch(check->report, check->layout, where, "is not the pattern");
}

int verify_prefix(struct device *device, const struct layout *layout, const struct pattern *pattern,
                  uint64_t position, struct progress *progress, struct verify_report *report) {
    const uint64_t units = units_below(layout, position);
    *report = (struct verify_report){0};
    if (units == 0)
        return -ENODATA;
    struct check *check = memory_new(1, sizeof *check);
    check->layout = layout;
    check->pattern = pattern;
    check->report = report;
    choose(check, units);
    report->planned = check->count;
    const struct reader reader = {.device = device,
                                  .progress = progress,
                                  .count = check->count,
                                  .place = place,
                                  .done = done,
                                  .user = check,
                                  .enough = &report->given_up};
    const int error = reader_run(&reader);
    report->complete = error == 0 && report->read + report->unreadable == report->planned;
    free(check);
    return error;
}
