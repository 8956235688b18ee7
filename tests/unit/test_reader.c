/* Reading of many places: what lies together is one request, and what is told is of each place. */
#include "quietus/buffers.h"

#include "../../agent/verify/reader.h"
#include "test.h"

#include <errno.h>

enum { MOST_PLACES = 2048, BAD_RANGES = 6, LARGE = 512 << 10, SMALL = 64 << 10 };

/* The last units of the first two are short; the third has units as the first has. */
static const struct disk_area areas[] = {
    {.node = "/dev/a", .lba_size = 512, .lba_count = 8 * 900 + 3},
    {.node = "/dev/b", .lba_size = 520, .lba_count = 7 * 200 + 1},
    {.node = "/dev/c", .lba_size = 4096, .lba_count = 10},
};

struct bad {
    unsigned area;
    uint64_t from;
    uint64_t to;
    enum { FAILS, FALLS_SHORT, IS_REFUSED, BADS } how;
};

static struct world {
    struct layout layout;
    uint64_t units[MOST_PLACES]; /* to be read */
    uint64_t count;
    uint32_t most; /* bytes of a request */
    struct bad bad[BAD_RANGES];
    unsigned bad_count;
    unsigned silent_after; /* requests; 0: never */
    struct io_request *flying[TRANSPORT_DEPTH];
    unsigned in_flight;
    unsigned peak;
    unsigned requests;
    unsigned told[MOST_PLACES];
    unsigned failed;
    unsigned enough_at; /* failures after which nothing more is to be read; 0: never */
    bool taken_back;    /* once anything has been read after all */
    bool enough;
    unsigned requests_at_enough;
} world;

static uint8_t byte_at(unsigned area, uint64_t offset) {
    return (uint8_t)(offset * 7 + (offset >> 9) * 13 + (offset >> 17) + area * 101);
}

static const struct bad *bad_in(unsigned area, uint64_t offset, uint32_t length) {
    for (unsigned i = 0; i < world.bad_count; i++) {
        const struct bad *bad = &world.bad[i];
        if (bad->area == area && offset < bad->to && offset + length > bad->from)
            return bad;
    }
    return NULL;
}

static int submit(void *context, struct io_request *request) {
    (void)context;
    const struct layout_area *area = &world.layout.areas[request->area];
    assert_false(request->write);
    assert_in_range(request->length, 1, world.most);
    assert_true(request->offset + request->length <= area->bytes);
    assert_int_equal(request->length % area->lba_size, 0);
    assert_true(world.in_flight < TRANSPORT_DEPTH);
    world.requests++;
    const struct bad *bad = bad_in(request->area, request->offset, request->length);
    if (bad && bad->how == IS_REFUSED)
        return -ENODEV;
    memset(request->buffer, 0xEE, request->length);
    request->result = bad ? -EIO : (int32_t)request->length;
    if (bad && bad->how == FALLS_SHORT)
        request->result = (int32_t)(request->length - area->lba_size);
    uint8_t *data = request->buffer;
    for (int32_t i = 0; i < request->result; i++)
        data[i] = byte_at(request->area, request->offset + (uint64_t)i);
    world.flying[world.in_flight++] = request;
    if (world.in_flight > world.peak)
        world.peak = world.in_flight;
    return 0;
}

static int wait_for(void *context, uint32_t timeout_ms, struct io_request **done) {
    (void)context;
    (void)timeout_ms;
    assert_true(world.in_flight > 0);
    if (world.silent_after > 0 && world.requests > world.silent_after)
        return -ETIME;
    unsigned i = world.requests % world.in_flight; /* in whatever order, */
    while (world.taken_back && i > 0 && world.flying[i]->result == (int32_t)world.flying[i]->length)
        i--; /* or rather those that fail first */
    *done = world.flying[i];
    world.flying[i] = world.flying[--world.in_flight];
    return 0;
}

static void nothing(void *context) {
    (void)context;
}

static struct place_unit place_of(void *user, uint64_t i) {
    uint64_t *asked = user;
    assert_int_equal(i, (*asked)++); /* once each, in this order */
    return layout_unit(&world.layout, world.units[i]);
}

static void take(void *user, uint64_t i, const struct place_unit *place, const uint8_t *data,
                 int error) {
    (void)user;
    const struct place_unit expected = layout_unit(&world.layout, world.units[i]);
    assert_int_equal(place->area, expected.area);
    assert_int_equal(place->offset, expected.offset);
    assert_int_equal(place->length, expected.length);
    world.told[i]++;
    const struct bad *bad = bad_in(place->area, place->offset, place->length);
    if (bad) {
        assert_null(data);
        assert_int_equal(error, bad->how == IS_REFUSED ? -ENODEV : -EIO);
        if (++world.failed == world.enough_at) {
            world.enough = true;
            world.requests_at_enough = world.requests;
        }
        return;
    }
    assert_int_equal(error, 0);
    if (world.taken_back)
        world.enough = false;
    for (uint32_t k = 0; k < place->length; k++)
        assert_true(data[k] == byte_at(place->area, place->offset + k));
}

static int read_them(bool whole) {
    static const struct transport_ops ops = {.submit = submit, .wait = wait_for, .close = nothing};
    struct progress progress = {0};
    uint64_t asked = 0;
    struct disk *disk = disk_new();
    disk->area_count = COUNT_OF(areas);
    memcpy(disk->areas, areas, sizeof areas);
    struct device *device = device_new(&ops, NULL, disk);
    const struct reader reader = {.device = device,
                                  .progress = &progress,
                                  .count = world.count,
                                  .whole = whole,
                                  .place = place_of,
                                  .done = take,
                                  .user = &asked,
                                  .enough = &world.enough};
    world.most = whole ? LARGE : SMALL;
    const int error = reader_run(&reader);
    uint64_t told = 0;
    for (uint64_t i = 0; i < world.count; i++)
        told += world.told[i];
    assert_int_equal(atomic_load(&progress.done), told);
    device_close(device);
    disk_free(disk);
    return error;
}

static void world_make(void) {
    memset(&world, 0, sizeof world);
    layout_make(areas, COUNT_OF(areas), &world.layout);
}

static void take_all(void) {
    world_make();
    for (uint64_t unit = 0; unit < world.layout.units; unit++)
        world.units[world.count++] = unit;
}

static void assert_each_was_told(void) {
    for (uint64_t i = 0; i < world.count; i++)
        assert_int_equal(world.told[i], 1);
}

static void test_what_lies_together_is_one_request(void **state) {
    (void)state;
    take_all();
    assert_int_equal(read_them(true), 0);
    assert_each_was_told();
    /* 901 units of 4096 bytes, the last of them short; 201 of 3640, likewise. */
    assert_int_equal(world.peak, BUFFERS_MOST / LARGE);
    assert_int_equal(world.requests, (901 + 127) / 128 + (201 + 143) / 144 + 1);
    take_all();
    assert_int_equal(read_them(false), 0);
    assert_each_was_told();
    assert_int_equal(world.requests, (901 + 15) / 16 + (201 + 17) / 18 + 1);
}

/* Neither gaps nor places that come twice are bridged. */
static void test_what_lies_apart_is_not(void **state) {
    (void)state;
    enum { OF_B = 901, OF_C = OF_B + 201 };
    static const uint64_t units[] = {3, 3, 4, 6, 7, 5, 900, OF_B, OF_B + 1, 2, OF_C + 3};
    world_make();
    world.count = COUNT_OF(units);
    memcpy(world.units, units, sizeof units);
    assert_int_equal(read_them(false), 0);
    assert_each_was_told();
    assert_int_equal(world.requests, 8); /* 3, 4 and 6, 7 together, and the two of b */
}

/* Of several that fail together, each is told of as it is alone. */
static void test_what_fails_is_told_of_each(void **state) {
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) {
        world_make();
        srand(seed);
        const unsigned gap = 1 + (unsigned)rand() % 4;
        for (uint64_t unit = (unsigned)rand() % gap; unit < world.layout.units;
             unit += 1 + (rand() % 8 == 0 ? (unsigned)rand() % gap : 0))
            world.units[world.count++] = unit;
        for (unsigned i = 0; i < BAD_RANGES; i++) {
            struct bad *bad = &world.bad[world.bad_count++];
            bad->area = (unsigned)rand() % COUNT_OF(areas);
            bad->from = (uint64_t)rand() % world.layout.areas[bad->area].bytes;
            bad->to = bad->from + 1 + (uint64_t)rand() % (i == 0 ? 1 << 20 : 5000);
            bad->how = seed % BADS; /* of one kind: which is met first is not told */
        }
        assert_int_equal(read_them(seed % 2), 0);
        assert_each_was_told();
    }
}

/* A disk whose every read fails is left soon. */
static void test_enough(void **state) {
    (void)state;
    for (int how = 0; how < BADS; how++) {
        take_all();
        world.bad[world.bad_count++] = (struct bad){.to = UINT64_MAX, .how = how};
        world.enough_at = 64;
        assert_int_equal(read_them(how % 2), -EIO);
        assert_in_range(world.failed, 64, 64 + TRANSPORT_DEPTH);
        assert_int_equal(world.requests, world.requests_at_enough);
        assert_in_range(world.requests, 65, 64 + 3 * TRANSPORT_DEPTH);
        /* The kernel handles errors of many at once. */
        assert_int_equal(world.peak, how == IS_REFUSED ? 0 : TRANSPORT_DEPTH);
        assert_int_equal(world.in_flight, 0);
    }
}

/* What was under way may be read after all. */
static void test_enough_for_a_while(void **state) {
    (void)state;
    for (int how = 0; how < BADS; how++) {
        take_all();
        world.bad[world.bad_count++] = (struct bad){.to = 70 << 12, .how = how};
        world.enough_at = 1;
        world.taken_back = true;
        assert_int_equal(read_them(false), how == IS_REFUSED ? -EIO : 0);
        if (how != IS_REFUSED)
            assert_each_was_told();
    }
}

static void taken_for_too_large(void *user, uint64_t i, const struct place_unit *place,
                                const uint8_t *data, int error) {
    unsigned *count = user;
    (void)i;
    assert_int_equal(place->length, 2 * LAYOUT_LARGEST_UNIT);
    assert_null(data);
    assert_int_equal(error, -EMSGSIZE);
    ++*count;
}

static struct place_unit large_place(void *user, uint64_t i) {
    (void)user;
    return (struct place_unit){0, i * 2 * LAYOUT_LARGEST_UNIT, 2 * LAYOUT_LARGEST_UNIT};
}

/* No decoder lets such sectors pass; if one did, nothing is written past the memory there is. */
static void test_units_that_are_too_large(void **state) {
    (void)state;
    static const struct transport_ops ops = {.submit = submit, .wait = wait_for, .close = nothing};
    for (int whole = 0; whole < 2; whole++) {
        struct progress progress = {0};
        unsigned count = 0;
        struct disk *disk = disk_new();
        world_make();
        struct device *device = device_new(&ops, NULL, disk);
        const struct reader reader = {.device = device,
                                      .progress = &progress,
                                      .count = 9,
                                      .whole = whole,
                                      .place = large_place,
                                      .done = taken_for_too_large,
                                      .user = &count};
        assert_int_equal(reader_run(&reader), 0);
        assert_int_equal(count, 9);
        assert_int_equal(world.requests, 0);
        device_close(device);
        disk_free(disk);
    }
}

/* The kernel may still write to what it was given. */
static void test_silence(void **state) {
    (void)state;
    take_all();
    world.silent_after = 12;
    assert_int_equal(read_them(false), -ETIME);
    assert_true(world.in_flight > 0);
    for (unsigned i = 0; i < world.in_flight; i++) {
        memset(world.flying[i]->buffer, 1, world.flying[i]->length);
        world.flying[i]->result = (int32_t)world.flying[i]->length;
    }
    for (uint64_t i = 0; i < world.count; i++)
        assert_true(world.told[i] <= 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_lies_together_is_one_request),
    cmocka_unit_test(test_what_lies_apart_is_not),
    cmocka_unit_test(test_what_fails_is_told_of_each),
    cmocka_unit_test(test_enough),
    cmocka_unit_test(test_enough_for_a_while),
    cmocka_unit_test(test_units_that_are_too_large),
    cmocka_unit_test(test_silence),
};

TEST_MAIN(tests)
