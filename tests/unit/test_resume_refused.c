/*
 * Interrupted overwrites that are not taken up: the stick, the disk or the order is not what it
 * was, or what the stick says is not so.
 */
#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/json.h"

#include "resume_world.h"
#include "test.h"

static void alter(const char *path, size_t at) {
    AUTO_FREE char *text = NULL;
    size_t length;
    assert_int_equal(file_read(path, 1 << 20, &text, &length), 0);
    assert_true(at < length);
    text[at] = text[at] == 'A' ? 'B' : 'A';
    assert_int_equal(file_write(path, text, length, 0600), 0);
}

static void test_altered(void **state) {
    (void)state;
    for (int statement = 0; statement < 2; statement++) {
        char path[PATH_MAX];
        struct world world;
        world_begin(&world, COMMANDS_ATA, "random", HELD);
        interrupted_boot(&world, SOME);
        only_file(&world, statement, path);
        alter(path, 300);
        expect_refused(&world, "an interrupted overwrite is not taken up");
        world_end(&world);
    }
}

static void test_without_a_state(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    remove_all(world.folder);
    expect_refused(&world, NULL);
    world_order(&world, "o-2", "random", ANY);
    expect_begun_anew(&world);
    world_end(&world);
}

static void test_of_another_order(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    world_order(&world, "o-2", "random", HELD);
    expect_refused(&world, "another order");
    world_order(&world, "o-3", "random", ANY);
    expect_begun_anew(&world);
    world_end(&world);
}

/* Somebody has used the disk since: nothing of it may be touched by the old order. */
static void test_disk_used_since(void **state) {
    (void)state;
    static const uint64_t places[] = {0, 512, (1 << 20) - 512};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct world world;
        world_begin(&world, COMMANDS_ATA, "random", HELD);
        interrupted_boot(&world, SOME);
        memset(world.fake.medium + places[i], 0x55, 512);
        expect_refused(&world, "hold something else");
        world_end(&world);
    }
}

/* Where the interrupted run has not come to, there is something that the order does not name; or
 * what it names, which shows at another place once the table is gone. */
static void test_something_new_behind_it(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", "[\"disk gpt X\",\"p1@1048576 ext4 Y\"]");
    world.found = "p1@1048576 ext4 Y";
    interrupted_boot(&world, SOME);
    static const struct {
        const char *found;
        bool taken;
    } cases[] = {
        {"disk isw_raid_member ", false},
        {"p1@1048576 ext4 Z", false},
        {"ext4 Y", false},
        {"disk ext4 Y", true},
        {"ns1 p1@1048576 ext4 Y", true},
        {NULL, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct boot boot;
        world.found = cases[i].found;
        boot_start(&world, &boot);
        assert_non_null(boot.scan.disks[0]->interrupted);
        if ((boot.authorization.decisions[0].warrant != NULL) != cases[i].taken)
            fail_msg("%s", cases[i].found ? cases[i].found : "(nothing)");
        boot_end(&boot);
    }
    world_end(&world);
}

/* Whoever can write to the stick can make a key, and sign with it that a run has begun and come as
 * far as what is blank anyway. The order's word on what the disk holds stands against that. */
static void test_made_up_on_the_stick(void **state) {
    (void)state;
    static const uint64_t positions[] = {4096, 65536, 1 << 20};
    for (size_t i = 0; i < COUNT_OF(positions); i++) {
        struct world world;
        struct boot boot;
        struct document begun;
        struct reason reason;
        world_begin(&world, COMMANDS_ATA, "random", HELD);
        boot_start(&world, &boot);
        json_t *order = json_pack("{s:s,s:s}", "id", "o-1", "digest", boot.order.digest);
        begun_of_run(&boot.session, &boot.scan, &boot.authorization, order, &begun);
        struct keeper *keeper = keeper_start(world.folder, &boot.session, order, &begun);
        struct checkpoint *checkpoint = keeper_add(keeper, boot.scan.disks[0], &boot.order.policy);
        tell(checkpoint, positions[i]);
        assert_true(keeper_finish(keeper, false, &reason));
        boot_end(&boot);
        /* Another customer's file system since, which leaves the first MiB as it was. */
        memset(world.fake.medium, 0, 1 << 20);
        world.found = "disk btrfs Z";
        expect_refused(&world, "its position is none on this disk");
        document_free(&begun);
        json_decref(order);
        world_end(&world);
    }
}

/* The disk lied about its flush: what was said to be written last is not there. */
static void test_disk_lost_writes(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "zero", ANY);
    interrupted_boot(&world, SOME);
    memset(world.fake.medium + (3 << 20), 0x55, world.fake.bytes - (3 << 20));
    expect_begun_anew(&world);
    world_end(&world);
}

/* The stick brings back what it held before. */
static void test_stick_brings_back_the_first_pass(void **state) {
    (void)state;
    AUTO_FREE char *old = NULL;
    size_t length;
    char path[PATH_MAX];
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random,0x5a", ANY);
    interrupted_boot(&world, SOME);
    only_file(&world, false, path);
    assert_int_equal(file_read(path, 1 << 20, &old, &length), 0);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    char **runs;
    AUTO_FREE char *begun = NULL;
    size_t begun_length;
    char statement[PATH_MAX];
    only_file(&world, true, statement);
    assert_int_equal(file_read(statement, 1 << 20, &begun, &begun_length), 0);
    interrupted_boot(&world, CHUNKS + SOME);
    assert_int_equal(folder_names(world.folder, &runs), 1);
    folder_free_names(runs, 1);
    remove_all(world.folder);
    assert_int_equal(file_make_folders(path, 0700), 0);
    assert_int_equal(file_write(statement, begun, begun_length, 0600), 0);
    *slash = '/';
    assert_int_equal(file_write(path, old, length, 0600), 0);
    expect_begun_anew(&world);
    world_end(&world);
}

/* A statement that is intact, but another run's. */
static void test_statement_of_another_run(void **state) {
    (void)state;
    AUTO_FREE char *text = NULL;
    size_t length;
    char path[PATH_MAX];
    char other[PATH_MAX];
    struct world world;
    struct world strange;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    world_begin(&strange, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&strange, SOME);
    only_file(&world, true, path);
    only_file(&strange, true, other);
    assert_int_equal(file_read(other, 1 << 20, &text, &length), 0);
    assert_int_equal(file_write(path, text, length, 0600), 0);
    expect_refused(&world, "altered, or is not of the run beside it");
    world_end(&strange);
    world_end(&world);
}

static void expect_fits(const struct world *world, const json_t *document, bool expected) {
    struct boot boot;
    struct reason reason = {""};
    boot.order = (struct order){0};
    struct disk *disk = fake_disk_scanned((struct fake_disk *)&world->fake);
    assert_int_equal(
        order_open(world->order, strlen(world->order), &world->trust, &boot.order, &reason), 0);
    reason = (struct reason){""};
    if (overwrite_state_fits(document, disk, boot.order.digest, &boot.order.policy, &reason) !=
        expected)
        fail_msg("%s", reason.text);
    if (expected != (reason.text[0] == '\0'))
        fail_msg("'%s'", reason.text);
    order_free(&boot.order);
    disk_free(disk);
}

/* Whatever is wrong in a state, it does not fit. */
static void test_states_that_do_not_fit(void **state) {
    (void)state;
    static const struct {
        const char *member;
        const char *value; /* JSON */
    } changes[] = {
        {"position", "0"},
        {"position", "16777728"}, /* a sector beyond the disk */
        {"position", "4194305"},  /* in the middle of a sector */
        {"position", "4096"},     /* so little that it may be there by chance */
        {"position", "-512"},
        {"position", "\"512\""},
        {"position", "9223372036854775807"},
        {"pass", "0"},
        {"pass", "2"},
        {"pass", "-1"},
        {"pass", "4294967297"},
        {"passes", "\"zero\""},
        {"passes", "\"random,random\""},
        {"passes", "\"\""},
        {"schema", "\"quietus.progress/2\""},
        {"generator", "\"rot13\""},
        {"key", "\"00\""},
        {"key", "null"},
        {"done", "[{}]"},
        {"order", "{}"},
        {"identity", "{}"},
        {"identity", "{\"serial\":\"FAKE0001\"}"},
        {"areas", "[]"},
        {"areas", "[{\"namespace\":0,\"sector\":512,\"sectors\":32767}]"},
        {"areas", "[{\"namespace\":0,\"sector\":4096,\"sectors\":4096}]"},
    };
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    json_t *document = state_document(&world);
    expect_fits(&world, document, true);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        json_t *changed = json_deep_copy(document);
        json_t *value = json_loads(changes[i].value, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        json_put(changed, changes[i].member, value);
        expect_fits(&world, changed, false);
        json_decref(changed);
    }
    world.fake.serial[0] = 'X';
    expect_fits(&world, document, false);
    json_decref(document);
    world_end(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_altered),
    cmocka_unit_test(test_without_a_state),
    cmocka_unit_test(test_of_another_order),
    cmocka_unit_test(test_disk_used_since),
    cmocka_unit_test(test_something_new_behind_it),
    cmocka_unit_test(test_made_up_on_the_stick),
    cmocka_unit_test(test_disk_lost_writes),
    cmocka_unit_test(test_stick_brings_back_the_first_pass),
    cmocka_unit_test(test_statement_of_another_run),
    cmocka_unit_test(test_states_that_do_not_fit),
};

TEST_MAIN(tests)
