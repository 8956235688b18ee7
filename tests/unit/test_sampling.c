/* Where samples lie, what they can promise, and what patterns are. */
#include "quietus/json.h"
#include "quietus/keys.h"
#include "quietus/pattern.h"
#include "quietus/sampling.h"
#include "quietus/stats.h"
#include "quietus/verify.h"

#include "fake_disk.h"
#include "test.h"

#include <errno.h>
#include <math.h>

static const uint8_t seed[SAMPLING_SEED_SIZE] = {7};

static void layout_of(uint64_t blocks, uint32_t lba_size, struct layout *out) {
    const struct disk_area area = {.node = "/dev/x", .lba_size = lba_size, .lba_count = blocks};
    layout_make(&area, 1, out);
}

static void test_one_position_in_every_stratum(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 10, 9206, 9207, 100000, 5000000000, 1ULL << 52};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        const uint64_t n = sizes[i] < 9206 ? sizes[i] : 9206;
        uint64_t *drawn = calloc(n, sizeof *drawn);
        sampling_draw(seed, sizes[i], n, drawn);
        for (uint64_t k = 0; k < n; k++) {
            assert_true(drawn[k] >= sampling_stratum(k, sizes[i], n));
            assert_true(drawn[k] < sampling_stratum(k + 1, sizes[i], n));
        }
        assert_int_equal(sampling_stratum(n, sizes[i], n), sizes[i]);
        free(drawn);
    }
}

/* Known answer, computed with OpenSSL's ChaCha20: the positions in old certificates must come out
 * the same for ever. */
static void test_positions_do_not_change(void **state) {
    (void)state;
    uint64_t drawn[5];
    keys_start();
    sampling_draw(seed, 1000000, 5, drawn);
    static const uint64_t expected[5] = {151793, 226340, 497247, 799891, 884699};
    assert_memory_equal(drawn, expected, sizeof expected);
}

static void test_positions_depend_on_the_seed(void **state) {
    (void)state;
    static const uint8_t other[SAMPLING_SEED_SIZE] = {8};
    uint64_t a[100];
    uint64_t b[100];
    sampling_draw(seed, 1000000, 100, a);
    sampling_draw(other, 1000000, 100, b);
    int same = 0;
    for (int i = 0; i < 100; i++)
        same += a[i] == b[i];
    assert_true(same < 5);
}

static bool has_unit(const struct sample_places *places, uint64_t unit) {
    struct sample_cursor cursor;
    sample_cursor_start(&cursor, places);
    for (uint64_t i = 0; i < places->count; i++) {
        if (sample_next(&cursor) == unit)
            return true;
    }
    return false;
}

/* All positions, ascending and none twice, among them everything that sampling_draw draws: what a
 * certificate's seed gives is what was read. */
static void check_places(const struct sample_places *places) {
    struct sample_cursor cursor;
    uint64_t last = 0;
    uint64_t found = 0;
    uint64_t *drawn = calloc(places->strata, sizeof *drawn);
    assert_non_null(drawn);
    sampling_draw(places->seed, places->units, places->strata, drawn);
    sample_cursor_start(&cursor, places);
    for (uint64_t i = 0; i < places->count; i++) {
        const uint64_t unit = sample_next(&cursor);
        assert_true(unit < places->units);
        assert_true(i == 0 || unit > last);
        found += found < places->strata && drawn[found] == unit;
        last = unit;
    }
    assert_int_equal(found, places->strata);
    free(drawn);
}

static void test_places_have_the_ends_and_the_partitions(void **state) {
    (void)state;
    struct layout layout;
    struct sample_places places;
    const struct verify_level level = {0};
    json_error_t error;
    layout_of(4ULL << 30, 512, &layout); /* 2 TiB */
    json_t *content = json_loads("[{\"table\":{\"partitions\":[{\"offset\":1073741824,"
                                 "\"size\":2147483648}]}}]",
                                 0, &error);
    sample_places_from_seed(&layout, &level, content, seed, &places);
    json_decref(content);
    for (uint64_t unit = 0; unit < 256; unit++) {
        assert_true(has_unit(&places, unit));
        assert_true(has_unit(&places, layout.units - 1 - unit));
    }
    for (uint64_t unit = 0; unit < 16; unit++) {
        assert_true(has_unit(&places, (1ULL << 30 >> 12) + unit));
        assert_true(has_unit(&places, (3ULL << 30 >> 12) - 1 - unit));
    }
    assert_int_equal(places.strata, 9206);
    check_places(&places);
    sample_places_free(&places);
}

/* Dense strata: fixed places that are drawn as well are read once; and a tenth of 20 TB costs no
 * memory. */
static void test_places_of_a_share(void **state) {
    (void)state;
    struct layout layout;
    struct sample_places places;
    static const double shares[] = {10, 33.3, 50, 99};
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        const struct verify_level level = {VERIFY_PERCENT, shares[i]};
        layout_of(100 << 11, 512, &layout);
        sample_places_from_seed(&layout, &level, NULL, seed, &places);
        assert_true(places.count > places.strata && places.count <= layout.units);
        check_places(&places);
        sample_places_free(&places);
    }
    const struct verify_level tenth = {VERIFY_PERCENT, 10};
    layout_of(20000000000000 / 512, 512, &layout);
    sample_places_from_seed(&layout, &tenth, NULL, seed, &places);
    assert_int_equal(places.strata, 488281250);
    assert_true(places.fixed_count <= 512);
    sample_places_free(&places);
}

/* A partition table that lies must not lead out of the disk. */
static void test_places_with_a_hostile_partition_table(void **state) {
    (void)state;
    struct layout layout;
    struct sample_places places;
    const struct verify_level level = {0};
    json_error_t error;
    layout_of(1 << 20, 512, &layout);
    json_t *content =
        json_loads("[{\"table\":{\"partitions\":[{\"offset\":9223372036854775807,\"size\":"
                   "9223372036854775807},"
                   "{\"offset\":0,\"size\":9223372036854775807},{\"offset\":-5,\"size\":-5},"
                   "{\"offset\":536870911,\"size\":1}]}},{\"table\":{\"partitions\":[{\"offset\":0,"
                   "\"size\":1}]}}]",
                   0, &error);
    sample_places_from_seed(&layout, &level, content, seed, &places);
    json_decref(content);
    check_places(&places);
    sample_places_free(&places);
}

static void test_small_disks_are_read_in_full(void **state) {
    (void)state;
    struct layout layout;
    struct sample_places places;
    layout_of(18417 * 8, 512, &layout);
    sample_places_from_seed(&layout, &(struct verify_level){0}, NULL, seed, &places);
    assert_true(places.full);
    assert_int_equal(places.count, 18417);
    sample_places_free(&places);
    layout_of(100 << 11, 512, &layout);
    sample_places_from_seed(&layout, &(struct verify_level){VERIFY_PERCENT, 50}, NULL, seed,
                            &places);
    assert_int_equal(places.strata, 12800);
    sample_places_free(&places);
    sample_places_from_seed(&layout, &(struct verify_level){.kind = VERIFY_FULL}, NULL, seed,
                            &places);
    assert_true(places.full);
    sample_places_free(&places);
}

/* More strata where they are short, so that the promise is kept. */
static void test_strata_by_size(void **state) {
    (void)state;
    static const struct {
        uint64_t units;
        uint64_t strata;
    } table[] = {{18418, 18417},    {27617, 18417},    {27618, 9206}, /* three in each */
                 {32768, 13811},    {40960, 12276},    {100000, 10230},   {2000000, 9249},
                 {100000000, 9207}, {400000000, 9206}, {1ULL << 40, 9206}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct layout layout;
        struct sample_places places;
        layout_of(table[i].units * 8, 512, &layout);
        sample_places_from_seed(&layout, &(struct verify_level){0}, NULL, seed, &places);
        assert_int_equal(places.strata, table[i].strata);
        assert_true(stats_bound(places.strata, STATS_CONFIDENCE,
                                stats_evenness(places.units, places.strata)) <= STATS_RESIDUE);
        sample_places_free(&places);
    }
}

/* A disk of 1 TiB that can be read no more. */
struct dead {
    struct fake_disk fake;
    struct disk *disk;
    struct device *device;
    struct layout layout;
    struct pattern pattern;
    struct sample_places places;
    struct progress progress;
    struct verify_report report;
};

static struct dead *dead_disk(enum verify_kind kind) {
    struct dead *dead = calloc(1, sizeof *dead);
    const struct pass zero = {.byte = 0};
    assert_non_null(dead);
    fake_disk_make(&dead->fake, COMMANDS_ATA, 1);
    dead->fake.bytes = 1ULL << 40;
    dead->fake.bad_read_to = UINT64_MAX; /* every read fails, so the medium is not looked at */
    dead->disk = fake_disk_scanned(&dead->fake);
    dead->device = fake_disk_open(&dead->fake, dead->disk);
    layout_make(dead->disk->areas, dead->disk->area_count, &dead->layout);
    sample_places_from_seed(&dead->layout, &(struct verify_level){.kind = kind}, NULL, seed,
                            &dead->places);
    pattern_start(&dead->pattern, &zero);
    return dead;
}

static void dead_end(struct dead *dead) {
    sample_places_free(&dead->places);
    device_close(dead->device);
    disk_free(dead->disk);
    fake_disk_free(&dead->fake);
    free(dead);
}

/* It is given up soon, not after each of its units or samples; and each is counted. Those that
 * failed together have been asked once more. */
static void test_reading_of_a_dead_disk(void **state) {
    (void)state;
    enum { FULL, SAMPLED, FRESH, PREFIX, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct dead *dead = dead_disk(way == FULL ? VERIFY_FULL : VERIFY_SAMPLE);
        struct verify_report *report = &dead->report;
        int error;
        if (way == FRESH)
            error = verify_fresh(dead->device, &dead->layout, &dead->places, NULL, &dead->progress,
                                 report);
        else if (way == PREFIX)
            error = verify_prefix(dead->device, &dead->layout, &dead->pattern, 1ULL << 39,
                                  &dead->progress, report);
        else
            error = verify_pattern(dead->device, &dead->layout, &dead->pattern, &dead->places,
                                   &dead->progress, report);
        assert_int_equal(error, -EIO);
        assert_true(report->given_up && !report->complete);
        assert_int_equal(report->read + report->informative, 0);
        assert_in_range(report->unreadable, 64, 64 + TRANSPORT_DEPTH);
        assert_in_range(dead->fake.requests, report->unreadable, 64 + 3 * TRANSPORT_DEPTH);
        dead_end(dead);
    }
}

static void test_layout_of_odd_areas(void **state) {
    (void)state;
    const struct disk_area areas[] = {
        {.node = "/dev/a", .lba_size = 512, .lba_count = 9},
        {.node = "/dev/b", .lba_size = 4096, .lba_count = 3},
        {.node = "/dev/c", .lba_size = 520, .lba_count = 8},
    };
    struct layout layout;
    layout_make(areas, 3, &layout);
    assert_int_equal(layout.units, 2 + 3 + 2);
    const struct place_unit last_of_a = layout_unit(&layout, 1);
    assert_int_equal(last_of_a.offset, 4096);
    assert_int_equal(last_of_a.length, 512);
    const struct place_unit first_of_b = layout_unit(&layout, 2);
    assert_int_equal(first_of_b.area, 1);
    const struct place_unit last_of_c = layout_unit(&layout, 6);
    assert_int_equal(last_of_c.area, 2);
    assert_int_equal(last_of_c.offset, 3640);
    assert_int_equal(last_of_c.length, 520);
    for (uint64_t i = 0; i < layout.units; i++) {
        const struct place_unit unit = layout_unit(&layout, i);
        assert_int_equal(layout_index(&layout, unit.area, unit.offset + unit.length - 1), i);
    }
}

/* DEVICE-FACTS G, and the exact formula. */
static void test_statistics(void **state) {
    (void)state;
    static const struct {
        double p;
        double confidence;
        uint64_t n;
    } table[] = {{0.1, 0.95, 29},       {0.01, 0.99, 459},       {0.001, 0.999, 6905},
                 {0.001, 0.9999, 9206}, {0.0001, 0.9999, 92099}, {0.00001, 0.95, 299572}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_int_equal(stats_samples_needed(table[i].p, table[i].confidence, 1), table[i].n);
        assert_true(stats_detection(table[i].n, table[i].p, 1) >= table[i].confidence);
        assert_true(stats_detection(table[i].n - 1, table[i].p, 1) < table[i].confidence);
        assert_true(stats_bound(table[i].n, table[i].confidence, 1) <= table[i].p);
        assert_true(stats_bound(table[i].n - 1, table[i].confidence, 1) > table[i].p);
    }
    assert_true(stats_bound(0, 0.9999, 1) == 1.0);
    assert_true(stats_bound(1, 0.9999, 0.5) == 1.0);
}

/* Of strata that are as uneven as they can be, one in two residue units counts. */
static void test_statistics_of_uneven_strata(void **state) {
    (void)state;
    assert_true(stats_evenness(2 * 9206, 9206) == 1.0);
    assert_true(stats_evenness(9207, 9206) == 0.5);
    assert_true(stats_evenness(2 * 9206 - 1, 9206) == 0.5);
    assert_true(stats_evenness(3 * 9206 - 1, 9206) == 2.0 / 3);
    assert_int_equal(stats_samples_needed(0.001, 0.9999, 0.5), 18417);
    assert_true(fabs(stats_detection(9206, 0.001, 0.5) - 0.98999) < 0.00001);
    assert_true(fabs(stats_bound(9206, 0.9999, 0.5) - 0.0019999) < 0.0000001);
    static const double bounds[] = {0.00099997115, 0.001, 0.0010000001, 0.5, 1};
    static const double shown[] = {0.001, 0.001, 0.00101, 0.5, 1};
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        assert_true(stats_round_up(bounds[i], 3) >= bounds[i]);
        assert_true(fabs(stats_round_up(bounds[i], 3) - shown[i]) < 1e-12);
    }
    assert_true(stats_round_up(0, 3) == 0);
}

/* Any LBA can be computed alone, and no two LBAs have the same bytes. */
static void each_lba_alone(uint32_t sector) {
    enum { FIRST = 4111, SECTORS = 8 << 10 };
    struct layout layout;
    struct pattern pattern;
    const size_t length = (size_t)SECTORS * sector;
    const uint64_t offset = (uint64_t)FIRST * sector;
    uint8_t *whole = calloc(1, length);
    uint8_t piece[4160];
    layout_of(16 << 10, sector, &layout);
    pattern_start(&pattern, &(struct pass){.random = true});
    pattern_fill(&pattern, &layout, 0, offset, whole, length);
    for (size_t at = 0; at < length; at += sector * 77UL) {
        pattern_fill(&pattern, &layout, 0, offset + at, piece, sector);
        assert_memory_equal(piece, whole + at, sector);
        if (at > 0)
            assert_memory_not_equal(piece, whole, sector);
    }
    assert_int_equal(content_classify(whole + 8192, 4096), CONTENT_RANDOM);
    free(whole);
}

/* Known answer, by `openssl enc -aes-256-ctr`: what old certificates name has to come out the same
 * for ever, at any offset and in sectors of any size. */
static void test_random_pattern_does_not_change(void **state) {
    (void)state;
    enum { OFFSET = (3 << 20) + 24 };
    static const uint8_t expected[16] = {0x56, 0x99, 0x63, 0xcc, 0xa5, 0x8a, 0x7e, 0x01,
                                         0xcb, 0x96, 0x68, 0xf9, 0x84, 0x2e, 0x7f, 0x91};
    const struct disk_area areas[] = {
        {.node = "/dev/a", .lba_size = 520, .lba_count = 16384},
        {.node = "/dev/b", .lba_size = 520, .lba_count = 16384},
    };
    struct layout layout;
    struct pattern pattern = {.pass = {.random = true}};
    uint8_t found[16];
    for (uint8_t i = 0; i < sizeof pattern.key; i++)
        pattern.key[i] = i;
    layout_make(areas, 2, &layout);
    pattern_fill(&pattern, &layout, 1, OFFSET, found, sizeof found);
    assert_memory_equal(found, expected, sizeof found);
}

static void test_random_pattern_is_bound_to_its_address(void **state) {
    (void)state;
    each_lba_alone(512);
    each_lba_alone(4096);
    each_lba_alone(520);
    each_lba_alone(528);
    each_lba_alone(4160);
}

static void test_random_pattern_differs_between_areas_and_passes(void **state) {
    (void)state;
    const struct disk_area areas[] = {
        {.node = "/dev/a", .lba_size = 512, .lba_count = 8 << 11},
        {.node = "/dev/b", .lba_size = 512, .lba_count = 8 << 11},
    };
    struct layout layout;
    struct pattern first;
    struct pattern second;
    uint8_t a[512];
    uint8_t b[512];
    layout_make(areas, 2, &layout);
    pattern_start(&first, &(struct pass){.random = true});
    pattern_start(&second, &(struct pass){.random = true});
    pattern_fill(&first, &layout, 0, 3 << 20, a, sizeof a);
    pattern_fill(&first, &layout, 1, 3 << 20, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    pattern_fill(&second, &layout, 0, 3 << 20, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_passes_are_parsed(void **state) {
    (void)state;
    struct passes passes;
    struct reason reason;
    char text[128];
    assert_int_equal(passes_parse("random,zero,ones,0x5A", &passes, &reason), 0);
    assert_int_equal(passes.count, 4);
    assert_string_equal(passes_text(&passes, text, sizeof text), "random,zero,ones,0x5a");
    static const char *const bad[] = {"",
                                      "random,",
                                      "dod",
                                      "0x",
                                      "0x123",
                                      "0xzz",
                                      "zero zero",
                                      "zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,"
                                      "zero,zero,zero,zero,zero"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(passes_parse(bad[i], &passes, &reason), -EINVAL);
}

static void test_content_classes(void **state) {
    (void)state;
    uint8_t data[4096];
    memset(data, 0xff, sizeof data);
    assert_int_equal(content_classify(data, sizeof data), CONTENT_UNIFORM);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i % 4);
    assert_int_equal(content_classify(data, sizeof data), CONTENT_PERIODIC);
    for (size_t i = 0; i < sizeof data; i += 64)
        (void)snprintf((char *)data + i, 64, "customer record number %08zu, strictly confidential",
                       i);
    assert_int_equal(content_classify(data, sizeof data), CONTENT_STRUCTURED);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = i < 100 ? (uint8_t)(i * 7) : 0; /* mostly zero, with something in it */
    assert_int_equal(content_classify(data, sizeof data), CONTENT_STRUCTURED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_position_in_every_stratum),
    cmocka_unit_test(test_positions_do_not_change),
    cmocka_unit_test(test_positions_depend_on_the_seed),
    cmocka_unit_test(test_places_have_the_ends_and_the_partitions),
    cmocka_unit_test(test_places_of_a_share),
    cmocka_unit_test(test_places_with_a_hostile_partition_table),
    cmocka_unit_test(test_small_disks_are_read_in_full),
    cmocka_unit_test(test_strata_by_size),
    cmocka_unit_test(test_reading_of_a_dead_disk),
    cmocka_unit_test(test_layout_of_odd_areas),
    cmocka_unit_test(test_statistics),
    cmocka_unit_test(test_statistics_of_uneven_strata),
    cmocka_unit_test(test_random_pattern_is_bound_to_its_address),
    cmocka_unit_test(test_random_pattern_does_not_change),
    cmocka_unit_test(test_random_pattern_differs_between_areas_and_passes),
    cmocka_unit_test(test_passes_are_parsed),
    cmocka_unit_test(test_content_classes),
};
TEST_MAIN(tests)
