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

static void draw(uint64_t *state, uint64_t units, uint64_t n, uint64_t *out) {
    uint8_t seed[SAMPLING_SEED_SIZE];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)next(state);
    sampling_draw(seed, units, n, out);
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
        draw(&state, UNITS, n, drawn);
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
        const double claimed = stats_detection(table[i].n, (double)table[i].units / UNITS, 1);
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
        const double claimed = stats_detection(table[i].n, p, stats_evenness(UNITS, table[i].n));
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
        draw(&random, UNITS, N, drawn);
        for (unsigned i = 0; i < N && !found; i++)
            found = drawn[i] >= from && drawn[i] < from + length;
        assert_true(found);
    }
}

/* The probability that m units are missed where they are missed most: each is laid into a stratum
 * that is the fullest of what is left, so the longer ones are first. `longer` of the n strata have
 * k + 1 units, the others k. */
static double worst_miss(uint64_t n, uint64_t longer, uint64_t k, uint64_t m) {
    uint64_t left = k + 1; /* clean units of the fullest strata, and how many of those there are */
    uint64_t fullest = longer;
    double log_missed = 0;
    while (m > 0) {
        if (fullest == 0) {
            left--;
            fullest = n;
        }
        if (left == 1)
            return 0;
        const uint64_t laid = m < fullest ? m : fullest;
        log_missed += (double)laid * log1p(-1 / (double)left);
        fullest -= laid;
        m -= laid;
    }
    return exp(log_missed);
}

static uint64_t units_of_share(double p, uint64_t units) {
    return (uint64_t)ceil(p * (double)units);
}

/* Nothing is claimed that the worst place for residue does not keep, be all strata informative or
 * some, the longer ones or the shorter. */
static void test_claims_hold_wherever_residue_lies(void **state) {
    (void)state;
    static const struct {
        uint64_t units;
        uint64_t n;
    } table[] = {{9300, 9206},    {12000, 9206},      {18413, 9206},     {18420, 9206},
                 {27000, 9206},   {33000, 9206},      {36000, 9206},     {1000, 700},
                 {1000, 990},     {100000, 70001},    {65536, 9206},     {92061, 9206},
                 {5 << 20, 9206}, {99999, 50000},     {1000000, 333333}, {930, 920},
                 {1850, 920},     {1ULL << 32, 9206}, {27618, 9206}};
    static const double shares[] = {0.0002, 0.001, 0.004, 0.01, 0.05, 0.3};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const uint64_t n = table[i].n;
        const uint64_t k = table[i].units / n;
        const uint64_t all_longer = table[i].units % n;
        for (unsigned part = 0; part < 30; part++) {
            /* of the strata so many are informative, and so many of those are longer ones */
            const uint64_t longer = all_longer * (part % 6) / 5;
            const uint64_t informative = longer + (n - all_longer) * (part / 6) / 4;
            for (size_t j = 0; informative > 0 && j < COUNT_OF(shares); j++) {
                const uint64_t m = units_of_share(shares[j], k * informative + longer);
                const double claimed =
                    stats_detection(informative, shares[j], stats_evenness(table[i].units, n));
                if (claimed > 1 - worst_miss(informative, longer, k, m) + 1e-9)
                    fail_msg("%llu units, %llu strata, part %u, share %g",
                             (unsigned long long)table[i].units, (unsigned long long)n, part,
                             shares[j]);
            }
        }
    }
}

/* Whatever the disk's size, the default finds 0.1 % with 99.99 %. */
static void test_default_promise_holds_for_every_size(void **state) {
    (void)state;
    static const struct verify_level level = {0};
    static const uint8_t seed[SAMPLING_SEED_SIZE] = {1};
    for (uint64_t units = 9000; units < 1ULL << 33; units += units / 512 + 1) {
        const struct layout layout = {.units = units};
        struct sample_places places;
        sample_places_from_seed(&layout, &level, NULL, seed, &places);
        const uint64_t k = units / places.strata;
        const double missed = worst_miss(places.strata, units % places.strata, k,
                                         units_of_share(STATS_RESIDUE, units));
        const double bound =
            stats_bound(places.strata, STATS_CONFIDENCE, stats_evenness(units, places.strata));
        if (missed > 1 - STATS_CONFIDENCE || (!places.full && bound > STATS_RESIDUE))
            fail_msg("%llu units in %llu strata: missed with %g, bound %g",
                     (unsigned long long)units, (unsigned long long)places.strata, missed, bound);
        sample_places_free(&places);
    }
}

/* One unit in each of the strata that are longer by one. */
static double rate_in_longer_strata(uint64_t units, uint64_t n) {
    static uint64_t residue[MOST_STRATA]; /* the unit of each stratum that holds some */
    uint64_t drawn[MOST_STRATA];
    uint64_t state = units + n;
    unsigned found = 0;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t start = sampling_stratum(i, units, n);
        const uint64_t length = sampling_stratum(i + 1, units, n) - start;
        residue[i] = length > units / n ? start + next(&state) % length : UINT64_MAX;
    }
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        bool hit = false;
        draw(&state, units, n, drawn);
        for (uint64_t i = 0; i < n && !hit; i++)
            hit = drawn[i] == residue[i];
        found += hit;
    }
    return (double)found / TRIALS;
}

/* The same tried: ten residue units in ten strata of two, three and four units among shorter ones.
 */
static void test_residue_in_longer_strata_is_found_no_less_than_claimed(void **state) {
    (void)state;
    enum { N = 920, LONGER = 10 };
    for (unsigned k = 1; k <= 3; k++) {
        const uint64_t units = k * N + LONGER;
        const double p = (double)LONGER / (double)units;
        const double claimed = stats_detection(N, p, stats_evenness(units, N));
        const double worst = 1 - worst_miss(N, LONGER, k, LONGER);
        const double found = rate_in_longer_strata(units, N);
        assert_true(found >= claimed - tolerance(claimed));
        assert_true(fabs(found - worst) <= tolerance(worst)); /* it is the worst place indeed */
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_scattered_residue_is_found_as_claimed),
    cmocka_unit_test(test_clustered_residue_is_found_no_less_than_claimed),
    cmocka_unit_test(test_claims_hold_wherever_residue_lies),
    cmocka_unit_test(test_default_promise_holds_for_every_size),
    cmocka_unit_test(test_residue_in_longer_strata_is_found_no_less_than_claimed),
    cmocka_unit_test(test_a_range_of_two_strata_is_always_found),
};
TEST_MAIN(tests)
