/*
 * What the certificate says of its samples, tried: residue of a share p is laid on a disk in many
 * shapes, and in ten thousand trials it is found as often as stats_detection claims.
 */
#include "quietus/sampling.h"
#include "quietus/stats.h"

#include "test.h"

#include <math.h>

enum { UNITS = 1 << 16, TRIALS = 10000, MOST_STRATA = 1024 };

/* A small generator of our own, so that every run tries the same. */
static uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void draw(uint64_t *state, uint64_t n, uint64_t *out) {
    uint8_t seed[SAMPLING_SEED_SIZE];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)next(state);
    sampling_draw(seed, UNITS, n, out);
}

struct shape {
    unsigned size;     /* units of a cluster */
    unsigned clusters; /* of the UNITS / size slots that there are */
    uint8_t residue[UNITS];
    uint32_t slots[UNITS]; /* a permutation; the first ones hold residue */
};

static void shape_start(struct shape *shape, unsigned size, unsigned clusters) {
    shape->size = size;
    shape->clusters = clusters;
    memset(shape->residue, 0, sizeof shape->residue);
    for (unsigned i = 0; i < UNITS / size; i++)
        shape->slots[i] = i;
}

static void shape_set(struct shape *shape, uint8_t value) {
    for (unsigned i = 0; i < shape->clusters; i++)
        memset(shape->residue + (size_t)shape->slots[i] * shape->size, value, shape->size);
}

/* Other slots than before. */
static void shape_move(struct shape *shape, uint64_t *state) {
    const unsigned count = UNITS / shape->size;
    shape_set(shape, 0);
    for (unsigned i = 0; i < shape->clusters; i++) {
        const unsigned k = i + (unsigned)(next(state) % (count - i));
        const uint32_t slot = shape->slots[k];
        shape->slots[k] = shape->slots[i];
        shape->slots[i] = slot;
    }
    shape_set(shape, 1);
}

static double rate_of_detection(unsigned size, unsigned clusters, uint64_t n) {
    static struct shape shape;
    uint64_t drawn[MOST_STRATA];
    uint64_t state = size * 1000003ULL + clusters * 7ULL + n;
    unsigned found = 0;
    shape_start(&shape, size, clusters);
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        shape_move(&shape, &state);
        draw(&state, n, drawn);
        for (uint64_t i = 0; i < n; i++) {
            if (shape.residue[drawn[i]]) {
                found++;
                break;
            }
        }
    }
    return (double)found / TRIALS;
}

/* Four standard deviations of the mean of that many trials. */
static double tolerance(double probability) {
    return 4 * sqrt(probability * (1 - probability) / TRIALS);
}

/* Single units, anywhere: the formula to the letter. */
static void test_scattered_residue_is_found_as_claimed(void **state) {
    (void)state;
    static const struct {
        unsigned units;
        uint64_t n;
    } table[] = {{66, 100}, {66, 1024}, {655, 100}, {655, 300}, {6553, 20}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const double claimed = stats_detection(table[i].n, (double)table[i].units / UNITS);
        const double found = rate_of_detection(1, table[i].units, table[i].n);
        assert_true(fabs(found - claimed) <= tolerance(claimed) + 0.002); /* drawn without return */
    }
}

/* Whatever its shape, residue is not found less often than claimed: a stratum holds either more of
 * a cluster or less, and never two samples. */
static void test_clustered_residue_is_found_no_less_than_claimed(void **state) {
    (void)state;
    static const struct {
        unsigned size;
        unsigned clusters;
        uint64_t n;
    } table[] = {{16, 4, 300},  {16, 41, 100}, {64, 1, 500},
                 {64, 10, 128}, {512, 1, 100}, {512, 12, 16}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const double p = (double)table[i].size * table[i].clusters / UNITS;
        const double claimed = stats_detection(table[i].n, p);
        const double found = rate_of_detection(table[i].size, table[i].clusters, table[i].n);
        assert_true(found >= claimed - tolerance(claimed));
    }
}

/* A range of two strata covers one wholly, wherever it begins. */
static void test_a_range_of_two_strata_is_always_found(void **state) {
    (void)state;
    enum { N = 100 };
    uint64_t drawn[N];
    uint64_t random = 5;
    const uint64_t length = 2 * ((UNITS + N - 1) / N);
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        const uint64_t from = next(&random) % (UNITS - length + 1);
        bool found = false;
        draw(&random, N, drawn);
        for (unsigned i = 0; i < N && !found; i++)
            found = drawn[i] >= from && drawn[i] < from + length;
        assert_true(found);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_scattered_residue_is_found_as_claimed),
    cmocka_unit_test(test_clustered_residue_is_found_no_less_than_claimed),
    cmocka_unit_test(test_a_range_of_two_strata_is_always_found),
};
TEST_MAIN(tests)
