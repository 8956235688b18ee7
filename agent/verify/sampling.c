#include "quietus/sampling.h"

#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/stats.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

uint64_t sampling_stratum(uint64_t i, uint64_t units, uint64_t n) {
    return (uint64_t)((unsigned __int128)i * units / n);
}

enum { BATCH = SAMPLING_BLOCK_SIZE / sizeof(uint64_t) }; /* numbers in a block of the cipher */

static void make_block(const uint8_t seed[SAMPLING_SEED_SIZE], uint64_t number,
                       uint8_t block[SAMPLING_BLOCK_SIZE]) {
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    memset(block, 0, SAMPLING_BLOCK_SIZE);
    (void)crypto_stream_chacha20_xor_ic(block, block, SAMPLING_BLOCK_SIZE, nonce, number, seed);
}

/* The position in stratum i; block is the keystream's number i / BATCH. */
static uint64_t position(const uint8_t block[SAMPLING_BLOCK_SIZE], uint64_t units, uint64_t n,
                         uint64_t i) {
    const uint64_t random = get_le64(block + i % BATCH * sizeof(uint64_t));
    const uint64_t start = sampling_stratum(i, units, n);
    return start + random % (sampling_stratum(i + 1, units, n) - start);
}

void sampling_draw(const uint8_t seed[SAMPLING_SEED_SIZE], uint64_t units, uint64_t n,
                   uint64_t *out) {
    uint8_t block[SAMPLING_BLOCK_SIZE];
    for (uint64_t i = 0; i < n; i++) {
        if (i % BATCH == 0)
            make_block(seed, i / BATCH, block);
        out[i] = position(block, units, n, i);
    }
}

static int compare_units(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Whether the unit is the one that is drawn in its stratum. */
static bool is_drawn(const struct sample_places *places, uint64_t unit) {
    uint8_t block[SAMPLING_BLOCK_SIZE];
    uint64_t i = (uint64_t)((unsigned __int128)unit * places->strata / places->units);
    while (sampling_stratum(i + 1, places->units, places->strata) <= unit)
        i++;
    make_block(places->seed, i / BATCH, block);
    return position(block, places->units, places->strata, i) == unit;
}

/* None twice, and none that is drawn anyway. */
static void sort_fixed(struct sample_places *places) {
    uint64_t kept = 0;
    if (places->fixed_count > 0)
        qsort(places->fixed, places->fixed_count, sizeof *places->fixed, compare_units);
    for (uint64_t i = 0; i < places->fixed_count; i++) {
        const uint64_t unit = places->fixed[i];
        if ((i == 0 || places->fixed[i - 1] != unit) && !is_drawn(places, unit))
            places->fixed[kept++] = unit;
    }
    places->fixed_count = kept;
}

/* Adds the units that [from, to) of an area touches. */
static void add_range(const struct layout *layout, unsigned area, uint64_t from, uint64_t to,
                      struct sample_places *places) {
    const uint64_t bytes = layout->areas[area].bytes;
    if (to > bytes)
        to = bytes;
    if (from >= to)
        return;
    const uint64_t first = layout_index(layout, area, from);
    const uint64_t last = layout_index(layout, area, to - 1);
    places->fixed =
        memory_grow(places->fixed, places->fixed_count + (last - first + 1), sizeof *places->fixed);
    for (uint64_t unit = first; unit <= last; unit++)
        places->fixed[places->fixed_count++] = unit;
}

static void add_ends(const struct layout *layout, unsigned area, uint64_t start, uint64_t size,
                     uint64_t end_bytes, struct sample_places *places) {
    add_range(layout, area, start, start + end_bytes, places);
    add_range(layout, area, start + (size > end_bytes ? size - end_bytes : 0), start + size,
              places);
}

/* content has one entry for each area with a block device, in order. */
static void add_partitions(const struct layout *layout, const json_t *content,
                           struct sample_places *places) {
    unsigned area = 0;
    size_t i;
    json_t *entry;
    json_array_foreach(content, i, entry) {
        while (area < layout->area_count && !layout->areas[area].reachable)
            area++;
        if (area == layout->area_count)
            return;
        const json_t *table = json_object_get(entry, "table");
        size_t k;
        json_t *partition;
        json_array_foreach(json_object_get(table, "partitions"), k, partition)
            add_ends(layout, area, json_count(partition, "offset"), json_count(partition, "size"),
                     SAMPLING_PARTITION_BYTES, places);
        area++;
    }
}

/* As many as the default promise takes: 9,206, and more where strata are so short that their
 * unevenness weighs. */
static uint64_t strata_promised(uint64_t units) {
    uint64_t n = 1;
    while (n < units) {
        const uint64_t needed =
            stats_samples_needed(STATS_RESIDUE, STATS_CONFIDENCE, stats_evenness(units, n));
        if (needed <= n)
            return n;
        n = needed;
    }
    return units;
}

static uint64_t strata_for(const struct verify_level *level, uint64_t units) {
    if (level->kind == VERIFY_PERCENT)
        return (uint64_t)ceil((double)units * level->percent / 100);
    return strata_promised(units);
}

void sample_places_from_seed(const struct layout *layout, const struct verify_level *level,
                             const json_t *content, const uint8_t seed[SAMPLING_SEED_SIZE],
                             struct sample_places *out) {
    *out = (struct sample_places){0};
    memcpy(out->seed, seed, sizeof out->seed);
    out->units = layout->units;
    out->strata = strata_for(level, layout->units);
    out->full = level->kind == VERIFY_FULL || out->strata >= layout->units;
    if (out->full) {
        out->strata = layout->units;
        out->count = layout->units;
        return;
    }
    for (unsigned i = 0; i < layout->area_count; i++)
        add_ends(layout, i, 0, layout->areas[i].bytes, SAMPLING_END_BYTES, out);
    add_partitions(layout, content, out);
    sort_fixed(out);
    out->count = out->strata + out->fixed_count;
}

void sample_places_choose(const struct layout *layout, const struct verify_level *level,
                          const json_t *content, struct sample_places *out) {
    uint8_t seed[SAMPLING_SEED_SIZE];
    randombytes_buf(seed, sizeof seed);
    sample_places_from_seed(layout, level, content, seed, out);
}

void sample_places_free(struct sample_places *places) {
    free(places->fixed);
    *places = (struct sample_places){0};
}

void sample_cursor_start(struct sample_cursor *cursor, const struct sample_places *places) {
    *cursor = (struct sample_cursor){.places = places, .block_number = UINT64_MAX};
}

static uint64_t drawn_next(struct sample_cursor *cursor) {
    const struct sample_places *places = cursor->places;
    const uint64_t number = cursor->stratum / BATCH;
    if (cursor->block_number != number)
        make_block(places->seed, number, cursor->block);
    cursor->block_number = number;
    return position(cursor->block, places->units, places->strata, cursor->stratum);
}

uint64_t sample_next(struct sample_cursor *cursor) {
    const struct sample_places *places = cursor->places;
    if (places->full)
        return cursor->next++;
    if (cursor->stratum == places->strata)
        return places->fixed[cursor->fixed++];
    const uint64_t drawn = drawn_next(cursor);
    if (cursor->fixed < places->fixed_count && places->fixed[cursor->fixed] < drawn)
        return places->fixed[cursor->fixed++];
    cursor->stratum++;
    return drawn;
}
