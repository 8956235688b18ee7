/* Overwrites that a power cut interrupts, and the boots after it that take them up. */
#include "quietus/json.h"

#include "resume_world.h"
#include "test.h"

#include <sys/stat.h>

/* The boot after it: taken up at a position beyond the beginning, read in full, and the stick is
 * clean. Returns the certificate's document. */
static json_t *expect_taken_up(struct world *world, unsigned pass) {
    struct boot boot;
    struct check_result result;
    boot_start(world, &boot);
    assert_non_null(boot.scan.disks[0]->interrupted);
    assert_non_null(boot.authorization.decisions[0].warrant);
    boot_erase(world, &boot, 0);
    if (boot.outcome != DISPOSITION_ERASED)
        fail_msg("%s", boot.reason.text);
    assert_int_equal(fake_disk_residue(&world->fake), 0);
    assert_true(boot.run->taken_up);
    boot_certificate(&boot, &result);
    json_t *document = json_incref(result.document);
    const json_t *state = json_object_get(document, "taken_up");
    assert_int_equal(json_count(state, "pass"), pass);
    assert_true(json_count(state, "position") > 0);
    const json_t *attempt = json_array_get(json_object_get(document, "attempts"), 0);
    assert_true(json_flag(json_object_get(attempt, "verification"), "every_unit"));
    assert_string_not_equal(json_text(state, "run_id"), json_text(document, "run_id"));
    check_result_free(&result);
    boot_end(&boot);
    assert_int_equal(count_in(world->folder), 0);
    return document;
}

static void test_taken_up(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    assert_true(fake_disk_residue(&world.fake) > 0);
    json_t *document = expect_taken_up(&world, 1);
    assert_string_equal(json_text(json_object_get(document, "authority"), "content"),
                        "as an interrupted run by this order left it");
    json_decref(document);
    world_end(&world);
}

/* What is below the position is left alone: that is what it is for. */
static void test_nothing_is_written_twice(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "zero", HELD);
    interrupted_boot(&world, SOME);
    world.fake.destructive = 0;
    json_t *document = expect_taken_up(&world, 1);
    const uint64_t position = json_count(json_object_get(document, "taken_up"), "position");
    const uint64_t chunks = (world.fake.bytes - position + (512 << 10) - 1) / (512 << 10);
    assert_true(position >= 4 << 20);
    assert_int_equal(world.fake.destructive, chunks);
    json_decref(document);
    world_end(&world);
}

static void test_interrupted_again_and_again(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, 10);
    interrupted_boot(&world, 10);
    interrupted_boot(&world, 10);
    json_t *document = expect_taken_up(&world, 1);
    const json_t *earlier = json_object_get(document, "taken_up");
    unsigned runs = 0;
    for (; earlier; earlier = json_object_get(earlier, "earlier"))
        runs++;
    assert_int_equal(runs, 3);
    json_decref(document);
    world_end(&world);
}

/* The first pass is the earlier run's, and the certificate shows it. */
static void test_in_the_second_pass(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random,0x5a", HELD);
    interrupted_boot(&world, CHUNKS + SOME);
    json_t *document = expect_taken_up(&world, 2);
    const json_t *done = json_object_get(json_object_get(document, "taken_up"), "done");
    assert_int_equal(json_array_size(done), 1);
    json_decref(document);
    world_end(&world);
}

/* All is written, and the reading back was interrupted. */
static void test_while_verifying(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, CHUNKS + 10);
    json_t *document = expect_taken_up(&world, 1);
    assert_int_equal(json_count(json_object_get(document, "taken_up"), "position"),
                     world.fake.bytes);
    json_decref(document);
    world_end(&world);
}

static void test_several_namespaces(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_NVME, "random", HELD);
    world_order(&world, "o-1", "random\",\"methods\":[\"overwrite\"],\"least_category\":\"clear",
                HELD);
    world.fake.namespaces = 4;
    interrupted_boot(&world, SOME); /* in the third */
    json_t *document = expect_taken_up(&world, 1);
    json_decref(document);
    world_end(&world);
}

/*
 * Fifty points from the first request to the reading of the last chunk. Where something was told in
 * time it is taken up, else the disk is refused, since it does not hold any more what the order
 * says; nothing is ever erased by half.
 */
static void test_cut_at_fifty_points(void **state) {
    (void)state;
    enum { POINTS = 50, REQUESTS = 2 * CHUNKS + CHUNKS };
    unsigned taken_up = 0;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random,zero", HELD);
    uint8_t *before = malloc(world.fake.bytes);
    assert_non_null(before);
    memcpy(before, world.fake.medium, world.fake.bytes);
    for (unsigned i = 1; i <= POINTS; i++) {
        struct boot boot;
        memcpy(world.fake.medium, before, world.fake.bytes);
        world.fake.logged = 0;
        interrupted_boot(&world, i * (REQUESTS - 1) / POINTS);
        boot_start(&world, &boot);
        const bool fits = boot.scan.disks[0]->interrupted != NULL;
        const bool untouched = json_array_size(boot.scan.disks[0]->content_ids) > 0;
        assert_true((boot.authorization.decisions[0].warrant != NULL) == (fits || untouched));
        if (fits) {
            boot_erase(&world, &boot, 0);
            assert_int_equal(boot.outcome, DISPOSITION_ERASED);
            assert_true(boot.run->taken_up);
            assert_true(bytes_all(world.fake.medium, world.fake.bytes, 0));
        }
        taken_up += fits;
        boot_end(&boot);
        remove_all(world.folder);
        assert_int_equal(mkdir(world.folder, 0700), 0);
    }
    free(before);
    world_end(&world);
    assert_true(taken_up >= POINTS / 2);
}

static unsigned formats;

/* The power goes in the overwrite that comes after the second. */
static bool refuse_format(struct fake_disk *fake, struct nvme_command *command) {
    if (command->opcode != 0x80)
        return false;
    command->status = 0x4002;
    if (++formats == 2)
        fake->silent_after = fake->requests + SOME;
    return true;
}

/* Markers and what a failed format has done are no part of the pattern. */
static void test_not_after_another_method(void **state) {
    (void)state;
    struct world world;
    struct boot boot;
    world_begin(&world, COMMANDS_NVME, "random", HELD);
    world_order(&world, "o-1", "random\",\"fallback\":true,\"least_category\":\"clear", HELD);
    formats = 0;
    world.fake.on_nvme = refuse_format;
    interrupted_boot(&world, 1000000);
    assert_int_equal(formats, 2);
    boot_start(&world, &boot);
    assert_non_null(boot.scan.disks[0]->interrupted);
    boot_erase(&world, &boot, 0);
    assert_int_equal(boot.outcome, DISPOSITION_ERASED);
    assert_false(boot.run->taken_up);
    assert_int_equal(fake_disk_residue(&world.fake), 0);
    boot_end(&boot);
    world_end(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_taken_up),
    cmocka_unit_test(test_nothing_is_written_twice),
    cmocka_unit_test(test_interrupted_again_and_again),
    cmocka_unit_test(test_in_the_second_pass),
    cmocka_unit_test(test_while_verifying),
    cmocka_unit_test(test_several_namespaces),
    cmocka_unit_test(test_cut_at_fifty_points),
    cmocka_unit_test(test_not_after_another_method),
};

TEST_MAIN(tests)
