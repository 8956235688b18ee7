/* After an overwrite: every byte that is read must be the pattern's. */
#include "quietus/memory.h"

#include "reader.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FULL_CHUNK = 512 << 10 };

struct check {
    const struct layout *layout;
    const struct pattern *pattern;
    const struct sample_places *places;
    struct sample_cursor cursor;
    struct verify_report *report;
    uint8_t *expected;
    uint32_t filled; /* bytes of it, if the pattern is constant */
    /* Chunks of a full read that failed, to be read again unit by unit. */
    struct place_unit failed[VERIFY_MOST_UNREADABLE];
    unsigned failed_count;
    bool too_many_failed;
    uint64_t retry_units;
    unsigned retried;       /* chunks that all units have been read of */
    uint64_t retried_units; /* units of those */
};

/* Units that a place covers: one when sampling, many when everything is read. */
static uint64_t units_of(const struct check *check, const struct place_unit *place) {
    const uint32_t unit = check->layout->areas[place->area].unit;
    return (place->length + unit - 1) / unit;
}

/* Compares a place unit by unit, so that counts are of units whatever was read at once. */
static void compare(struct check *check, const struct place_unit *place, const uint8_t *data) {
    const uint32_t unit = check->layout->areas[place->area].unit;
    if (!pattern_is_constant(check->pattern) || check->filled < place->length) {
        pattern_fill(check->pattern, check->layout, place->area, place->offset, check->expected,
                     place->length);
        check->filled = place->length;
    }
    for (uint32_t at = 0; at < place->length; at += unit) {
        const uint32_t length = place->length - at < unit ? place->length - at : unit;
        const struct place_unit piece = {place->area, place->offset + at, length};
        check->report->read++;
        if (bytes_all(data + at, length, data[at]))
            check->report->uniform++;
        if (memcmp(data + at, check->expected + at, length) != 0)
            report_mismatch(check->report, check->layout, &piece, "is not the pattern");
    }
}

static struct place_unit sampled_place(void *user, uint64_t i) {
    struct check *check = user;
    (void)i;
    return layout_unit(check->layout, sample_next(&check->cursor));
}

static void sampled_done(void *user, uint64_t i, const struct place_unit *place,
                         const uint8_t *data, int error) {
    struct check *check = user;
    (void)i;
    if (error)
        report_unreadable(check->report, check->layout, place);
    else
        compare(check, place, data);
}

/* A full read goes in chunks of many units, which end where an area ends. */
static uint32_t chunk_of(const struct layout_area *area) {
    return area->unit >= FULL_CHUNK ? area->unit : FULL_CHUNK / area->unit * area->unit;
}

static uint64_t chunks_of(const struct layout_area *area) {
    return (area->bytes + chunk_of(area) - 1) / chunk_of(area);
}

static struct place_unit chunk_place(void *user, uint64_t i) {
    const struct check *check = user;
    unsigned k = 0;
    while (i >= chunks_of(&check->layout->areas[k]))
        i -= chunks_of(&check->layout->areas[k++]);
    const struct layout_area *area = &check->layout->areas[k];
    const uint64_t offset = i * chunk_of(area);
    const uint64_t left = area->bytes - offset;
    return (struct place_unit){k, offset, left < chunk_of(area) ? (uint32_t)left : chunk_of(area)};
}

static void chunk_done(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                       int error) {
    struct check *check = user;
    (void)i;
    if (error == 0) {
        compare(check, place, data);
        return;
    }
    if (check->too_many_failed)
        return;
    check->failed[check->failed_count++] = *place;
    check->retry_units += units_of(check, place);
    check->too_many_failed = check->failed_count == VERIFY_MOST_UNREADABLE;
}

/* At least one unit of each chunk that failed cannot be read. */
static void report_failed(struct check *check) {
    for (unsigned i = 0; i < check->failed_count; i++)
        report_unreadable(check->report, check->layout, &check->failed[i]);
}

static struct place_unit retry_place(void *user, uint64_t i) {
    struct check *check = user;
    while (i - check->retried_units >= units_of(check, &check->failed[check->retried]))
        check->retried_units += units_of(check, &check->failed[check->retried++]);
    const struct place_unit *failed = &check->failed[check->retried];
    const uint32_t unit = check->layout->areas[failed->area].unit;
    const uint64_t offset = failed->offset + (i - check->retried_units) * unit;
    const uint64_t left = failed->offset + failed->length - offset;
    return (struct place_unit){failed->area, offset, left < unit ? (uint32_t)left : unit};
}

static int read_everything(struct check *check, struct reader *reader) {
    for (unsigned i = 0; i < check->layout->area_count; i++) {
        reader->count += chunks_of(&check->layout->areas[i]);
        if (chunk_of(&check->layout->areas[i]) > reader->largest)
            reader->largest = chunk_of(&check->layout->areas[i]);
    }
    check->expected = memory_new(reader->largest, 1);
    reader->place = chunk_place;
    reader->done = chunk_done;
    progress_start(reader->progress, PHASE_VERIFYING, 1, 1, reader->count);
    reader->enough = &check->too_many_failed;
    int error = reader_run(reader);
    if (check->too_many_failed) {
        report_failed(check);
        error = error ? error : -EIO;
    }
    if (error || check->failed_count == 0)
        return error;
    reader->enough = &check->report->given_up;
    reader->count = check->retry_units;
    reader->place = retry_place;
    reader->done = sampled_done;
    progress_start(reader->progress, PHASE_VERIFYING, 1, 1, reader->count);
    return reader_run(reader);
}

static int read_samples(struct check *check, struct reader *reader) {
    reader->count = check->places->count;
    reader->largest = layout_largest_unit(check->layout);
    check->expected = memory_new(reader->largest, 1);
    reader->place = sampled_place;
    reader->done = sampled_done;
    reader->enough = &check->report->given_up;
    progress_start(reader->progress, PHASE_VERIFYING, 1, 1, reader->count);
    return reader_run(reader);
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
    struct check check = {.layout = layout, .pattern = pattern, .places = places, .report = report};
    struct reader reader = {.device = device, .progress = progress, .user = &check};
    *report = (struct verify_report){.planned = places->count};
    sample_cursor_start(&check.cursor, places);
    const int error =
        places->full ? read_everything(&check, &reader) : read_samples(&check, &reader);
    report->complete = error == 0 && report->read + report->unreadable == report->planned;
    report->informative = informative(report, places);
    free(check.expected);
    return error;
}
