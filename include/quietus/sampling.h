/*
 * Where samples are read. The positions follow from a seed, which is in the certificate: anyone can
 * compute them again.
 */
#ifndef QUIETUS_SAMPLING_H
#define QUIETUS_SAMPLING_H

#include "quietus/layout.h"
#include "quietus/policy.h"

enum {
    SAMPLING_SEED_SIZE = 32,
    SAMPLING_BLOCK_SIZE = 64,
    SAMPLING_END_BYTES = 1 << 20,
    SAMPLING_PARTITION_BYTES = 65536
};

/*
 * One position in each of n equal strata of [0, units): stratum i is [i * units / n, (i + 1) *
 * units / n), and the position in it is r_i modulo its length, where r_i is the i-th 64-bit
 * little-endian number of the ChaCha20 keystream with the seed as key and a nonce of zeros (8
 * bytes). Ascending. 0 < n <= units.
 */
void sampling_draw(const uint8_t seed[SAMPLING_SEED_SIZE], uint64_t units, uint64_t n,
                   uint64_t *out);

/* Where stratum i begins; i <= n. */
uint64_t sampling_stratum(uint64_t i, uint64_t units, uint64_t n);

/* The positions are not listed but drawn while they are read: a tenth of a large disk would be
 * gigabytes of them. */
struct sample_places {
    bool full; /* everything is read */
    uint8_t seed[SAMPLING_SEED_SIZE];
    uint64_t units;  /* of the whole layout */
    uint64_t strata; /* one position is drawn in each */
    uint64_t *fixed; /* the other places, ascending, none twice and none that is drawn too */
    uint64_t fixed_count;
    uint64_t count; /* all that are read */
};

/*
 * Chooses the places for a level: the strata, the first and last MiB of every area, and both ends
 * of every partition in `content` (a disk's, see disk.h). Draws a fresh seed. End with
 * sample_places_free.
 */
void sample_places_choose(const struct layout *layout, const struct verify_level *level,
                          const json_t *content, struct sample_places *out);
/* The same with a given seed. */
void sample_places_from_seed(const struct layout *layout, const struct verify_level *level,
                             const json_t *content, const uint8_t seed[SAMPLING_SEED_SIZE],
                             struct sample_places *out);
void sample_places_free(struct sample_places *places);

/* Goes through the units that are read, in ascending order. */
struct sample_cursor {
    const struct sample_places *places;
    uint64_t next;    /* if everything is read; else: */
    uint64_t stratum; /* the next to be drawn in */
    uint64_t fixed;   /* the next fixed place */
    uint64_t block_number;
    uint8_t block[SAMPLING_BLOCK_SIZE]; /* of the keystream */
};
void sample_cursor_start(struct sample_cursor *cursor, const struct sample_places *places);
/* To be called places->count times at most. */
uint64_t sample_next(struct sample_cursor *cursor);

#endif
