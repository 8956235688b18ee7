/* Before and after a firmware erase: the same places, compared by keyed hashes. */
#include "quietus/memory.h"

#include "read_again.h"
#include "reader.h"
#include "report.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECES = 8,
    /* A drive whose last sanitize failed refuses every read, and the kernel needs long for each: if
     * so many are refused and none has been answered, no more are tried. */
    MOST_REFUSED = 512,
    /* Likewise of markers that a write protected drive does not take; and of those of a drive that
     * has taken some. */
    MOST_UNWRITTEN = 16,
    MOST_UNWRITTEN_OF_SOME = 512,
};

static const char marker_magic[16] = "QUIETUS MARKER";

/* What a place held. */
struct mark {
    uint64_t tags[PIECES];
    uint8_t distinctive; /* a bit for each piece whose tag counts */
    bool wants_marker;
    bool compared; /* read again after the erase */
};

struct snapshot {
    const struct layout *layout;
    struct sample_places places; /* without its list of fixed ones */
    uint64_t *units;             /* all of them, ascending; NULL if everything is read */
    struct mark *marks;
    uint64_t markers;
    uint8_t run_id[SNAPSHOT_RUN_ID_SIZE];
    uint8_t tag_key[crypto_shorthash_KEYBYTES];
    uint8_t marker_key[crypto_stream_chacha20_KEYBYTES];
    struct verify_report *report; /* while comparing */
    struct device *device;        /* likewise */
    const struct read_rule *rule; /* likewise; may be NULL */
    uint64_t answered;            /* reads before the erase */
    uint64_t refused;
    bool is_closed; /* nothing can be read */
};

static size_t piece_start(size_t length, unsigned i) {
    return length * i / PIECES;
}

static uint64_t tag_of(const struct snapshot *snapshot, const uint8_t *data, size_t length) {
    uint8_t tag[crypto_shorthash_BYTES];
    (void)crypto_shorthash(tag, data, length, snapshot->tag_key);
    return get_le64(tag);
}

static void remember(const struct snapshot *snapshot, const uint8_t *data, size_t length,
                     struct mark *mark) {
    *mark = (struct mark){0};
    for (unsigned i = 0; i < PIECES; i++) {
        const uint8_t *piece = data + piece_start(length, i);
        const size_t size = piece_start(length, i + 1) - piece_start(length, i);
        const enum content_class class = content_classify(piece, size);
        if (class == CONTENT_UNIFORM || class == CONTENT_PERIODIC)
            continue;
        mark->tags[i] = tag_of(snapshot, piece, size);
        mark->distinctive |= (uint8_t)(1U << i);
    }
    mark->wants_marker = mark->distinctive == 0;
}

static struct place_unit snapshot_place(void *user, uint64_t i) {
    const struct snapshot *snapshot = user;
    return layout_unit(snapshot->layout, snapshot->units ? snapshot->units[i] : i);
}

static void before_done(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                        int error) {
    struct snapshot *snapshot = user;
    if (error) {
        /* Wrong protection information says nothing of the medium: a write puts it right. Other
         * places are left alone, since a write has the drive retire them with what they hold. */
        snapshot->marks[i] = (struct mark){.wants_marker = error == -EILSEQ};
        snapshot->refused++;
    } else {
        remember(snapshot, data, place->length, &snapshot->marks[i]);
        snapshot->answered++;
    }
    snapshot->is_closed = snapshot->answered == 0 && snapshot->refused >= MOST_REFUSED;
}

/* Magic, run, area and LBA, then bytes that occur nowhere else. */
static void make_marker(const struct snapshot *snapshot, const struct place_unit *place,
                        uint8_t *out) {
    enum { RUN_ID = 16, AREA = 32, LBA = 40, HEADER = 48 };
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    put_le64(nonce, place->offset ^ (uint64_t)place->area << 56);
    (void)crypto_stream_chacha20(out, place->length, nonce, snapshot->marker_key);
    if (place->length < HEADER)
        return;
    memcpy(out, marker_magic, sizeof marker_magic);
    memcpy(out + RUN_ID, snapshot->run_id, sizeof snapshot->run_id);
    put_le64(out + AREA, place->area);
    put_le64(out + LBA, place->offset / snapshot->layout->areas[place->area].lba_size);
}

/* A marker counts only if it was written and came back; the places without one say nothing. */
static int plant(struct snapshot *snapshot, struct armed *armed, const struct place_unit *place,
                 uint8_t *buffer, uint8_t *expected, struct mark *mark) {
    make_marker(snapshot, place, expected);
    memcpy(buffer, expected, place->length);
    int error = armed_write(armed, place->area, place->offset, buffer, place->length);
    if (error == 0) {
        memset(buffer, 0, place->length);
        error = device_read(armed_device(armed), place->area, place->offset, buffer, place->length);
    }
    if (error)
        return error;
    if (memcmp(buffer, expected, place->length) != 0)
        return -EIO;
    remember(snapshot, buffer, place->length, mark);
    snapshot->markers++;
    return 0;
}

static int plant_all(struct snapshot *snapshot, struct armed *armed, struct progress *progress) {
    uint8_t *buffer = aligned_alloc(TRANSPORT_ALIGNMENT, LAYOUT_LARGEST_UNIT);
    uint8_t *expected = memory_new(LAYOUT_LARGEST_UNIT, 1);
    memory_require(buffer != NULL);
    int error = 0;
    unsigned unwritten = 0;
    progress_start(progress, PHASE_SAMPLING, 2, 2, snapshot->places.count);
    for (uint64_t i = 0; i < snapshot->places.count; i++) {
        struct mark *mark = &snapshot->marks[i];
        if (atomic_load(&progress->given_up)) {
            error = -ECANCELED;
            break;
        }
        const unsigned most = snapshot->markers > 0 ? MOST_UNWRITTEN_OF_SOME : MOST_UNWRITTEN;
        if (mark->wants_marker && unwritten < most) {
            const struct place_unit place = snapshot_place(snapshot, i);
            error = plant(snapshot, armed, &place, buffer, expected, mark);
            if (error == -ETIME) { /* the kernel may still write to it */
                memory_abandon(buffer);
                free(expected);
                return error;
            }
            unwritten += error != 0;
        }
        progress_heard(progress, i + 1);
    }
    free(buffer);
    free(expected);
    return error == -ECANCELED ? error : 0;
}

/* They are gone through several times, and looked up; as many as a default sample has. */
static void list_units(struct snapshot *snapshot, const struct sample_places *places) {
    struct sample_cursor cursor;
    snapshot->places = *places;
    snapshot->places.fixed = NULL;
    snapshot->places.fixed_count = 0;
    if (places->full)
        return;
    snapshot->units = memory_new(places->count, sizeof *snapshot->units);
    sample_cursor_start(&cursor, places);
    for (uint64_t i = 0; i < places->count; i++)
        snapshot->units[i] = sample_next(&cursor);
}

int snapshot_take(struct armed *armed, const struct layout *layout,
                  const struct sample_places *places, const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE],
                  struct progress *progress, struct snapshot **out, struct reason *reason) {
    struct snapshot *snapshot = memory_new(1, sizeof *snapshot);
    snapshot->layout = layout;
    list_units(snapshot, places);
    snapshot->marks = memory_new(places->count, sizeof *snapshot->marks);
    memcpy(snapshot->run_id, run_id, sizeof snapshot->run_id);
    randombytes_buf(snapshot->tag_key, sizeof snapshot->tag_key);
    randombytes_buf(snapshot->marker_key, sizeof snapshot->marker_key);
    const struct reader reader = {
        .device = armed_device(armed),
        .progress = progress,
        .count = places->count,
        .whole = places->full,
        .place = snapshot_place,
        .done = before_done,
        .user = snapshot,
        .enough = &snapshot->is_closed,
    };
    progress_start(progress, PHASE_SAMPLING, 1, 2, places->count);
    int error = reader_run(&reader);
    if (error == -EIO && snapshot->is_closed)
        error = 0; /* its places say nothing, as if each had been tried */
    if (error == 0)
        error = plant_all(snapshot, armed, progress);
    if (error) {
        reason_set(reason, "reading the samples before the erase failed: %s", strerror(-error));
        snapshot_free(snapshot);
        return error;
    }
    *out = snapshot;
    return 0;
}

void snapshot_free(struct snapshot *snapshot) {
    if (!snapshot)
        return;
    free(snapshot->units);
    sodium_memzero(snapshot->marks, snapshot->places.count * sizeof *snapshot->marks);
    free(snapshot->marks);
    sodium_memzero(snapshot, sizeof *snapshot);
    free(snapshot);
}

uint64_t snapshot_informative(const struct snapshot *snapshot) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < snapshot->places.count; i++)
        count += snapshot->marks[i].distinctive != 0;
    return count;
}

uint64_t snapshot_markers(const struct snapshot *snapshot) {
    return snapshot->markers;
}

const struct sample_places *snapshot_places(const struct snapshot *snapshot) {
    return &snapshot->places;
}

static bool anything_stayed(const struct snapshot *snapshot, const struct mark *mark,
                            const uint8_t *data, size_t length) {
    for (unsigned i = 0; i < PIECES; i++) {
        if (!(mark->distinctive >> i & 1))
            continue;
        const size_t start = piece_start(length, i);
        const uint64_t tag = tag_of(snapshot, data + start, piece_start(length, i + 1) - start);
        if (tag == mark->tags[i])
            return true;
    }
    return false;
}

static void compare_place(const struct snapshot *snapshot, struct mark *mark,
                          const struct place_unit *place, const uint8_t *data) {
    struct verify_report *report = snapshot->report;
    report->read++;
    if (bytes_all(data, place->length, data[0]))
        report->uniform++;
    mark->compared = true;
    if (anything_stayed(snapshot, mark, data, place->length))
        report_mismatch(report, snapshot->layout, place, "holds what it held before");
}

/* Reads a place that failed again, if the disk may fail reads; the caller frees the data. */
static enum again try_again(struct device *device, const struct read_rule *rule,
                            const struct layout *layout, const struct place_unit *place,
                            struct verify_report *report, uint8_t **data) {
    *data = NULL;
    enum again what = AGAIN_UNREADABLE;
    if (rule) {
        *data = memory_new(place->length, 1);
        what = read_again(device, rule, layout, place, *data);
    }
    if (what == AGAIN_UNREADABLE)
        report_unreadable(report, layout, place);
    report->announced += what == AGAIN_ANNOUNCED;
    report->unchecked += what == AGAIN_READ && read_may_skip_protection(rule);
    return what;
}

static void after_done(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                       int error) {
    const struct snapshot *snapshot = user;
    struct mark *mark = &snapshot->marks[i];
    if (error == 0) {
        compare_place(snapshot, mark, place, data);
        return;
    }
    uint8_t *again;
    const enum again what = try_again(snapshot->device, snapshot->rule, snapshot->layout, place,
                                      snapshot->report, &again);
    if (what == AGAIN_READ)
        compare_place(snapshot, mark, place, again);
    mark->compared = what != AGAIN_UNREADABLE;
    free(again);
}

static int compare_units(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static const struct mark *mark_of_unit(const struct snapshot *snapshot, uint64_t unit) {
    if (!snapshot->units)
        return &snapshot->marks[unit];
    const uint64_t *found =
        bsearch(&unit, snapshot->units, snapshot->places.count, sizeof unit, compare_units);
    return &snapshot->marks[found - snapshot->units];
}

/* How many strata the samples speak for, and which they do not. */
static void count_strata(const struct snapshot *snapshot, struct verify_report *report) {
    const struct sample_places *places = &snapshot->places;
    const uint64_t units = snapshot->layout->units;
    uint64_t *drawn = memory_new(places->strata, sizeof *drawn);
    sampling_draw(places->seed, units, places->strata, drawn);
    for (uint64_t i = 0; i < places->strata; i++) {
        const struct mark *mark = mark_of_unit(snapshot, drawn[i]);
        if (mark->distinctive && mark->compared)
            report->informative++;
        else
            report_blind(report, sampling_stratum(i, units, places->strata),
                         sampling_stratum(i + 1, units, places->strata) - 1);
    }
    free(drawn);
}

int snapshot_compare(struct snapshot *snapshot, struct device *device, const struct read_rule *rule,
                     struct progress *progress, struct verify_report *report) {
    *report = (struct verify_report){.planned = snapshot->places.count};
    snapshot->report = report;
    snapshot->device = device;
    snapshot->rule = rule;
    for (uint64_t i = 0; i < snapshot->places.count; i++)
        snapshot->marks[i].compared = false;
    const struct reader reader = {
        .device = device,
        .progress = progress,
        .count = snapshot->places.count,
        .whole = snapshot->places.full,
        .place = snapshot_place,
        .done = after_done,
        .user = snapshot,
        .enough = &report->given_up,
    };
    progress_start(progress, PHASE_VERIFYING, 1, 2, snapshot->places.count);
    const int error = reader_run(&reader);
    report->complete =
        error == 0 && report->read + report->unreadable + report->announced == report->planned;
    if (report->complete)
        count_strata(snapshot, report);
    return error;
}

struct fresh {
    const struct layout *layout;
    struct sample_cursor cursor;
    struct verify_report *report;
    struct device *device;
    const struct read_rule *rule; /* may be NULL */
};

static struct place_unit fresh_place(void *user, uint64_t i) {
    struct fresh *fresh = user;
    (void)i;
    return layout_unit(fresh->layout, sample_next(&fresh->cursor));
}

static void judge_fresh(const struct fresh *fresh, const struct place_unit *place,
                        const uint8_t *data) {
    fresh->report->read++;
    const enum content_class class = content_classify(data, place->length);
    if (class == CONTENT_UNIFORM)
        fresh->report->uniform++;
    if (class == CONTENT_STRUCTURED)
        report_mismatch(fresh->report, fresh->layout, place, "holds structured data");
}

static void fresh_done(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                       int error) {
    const struct fresh *fresh = user;
    (void)i;
    if (error == 0) {
        judge_fresh(fresh, place, data);
        return;
    }
    uint8_t *again;
    if (try_again(fresh->device, fresh->rule, fresh->layout, place, fresh->report, &again) ==
        AGAIN_READ)
        judge_fresh(fresh, place, again);
    free(again);
}

int verify_fresh(struct device *device, const struct layout *layout,
                 const struct sample_places *places, const struct read_rule *rule,
                 struct progress *progress, struct verify_report *report) {
    struct fresh fresh = {.layout = layout, .report = report, .device = device, .rule = rule};
    const struct reader reader = {
        .device = device,
        .progress = progress,
        .count = places->count,
        .whole = places->full,
        .place = fresh_place,
        .done = fresh_done,
        .user = &fresh,
        .enough = &report->given_up,
    };
    sample_cursor_start(&fresh.cursor, places);
    report->planned += places->count;
    report->complete = false;
    progress_start(progress, PHASE_VERIFYING, 2, 2, places->count);
    const int error = reader_run(&reader);
    report->complete =
        error == 0 && report->read + report->unreadable + report->announced == report->planned;
    return error;
}
