/* The keeper: when and what it writes to the stick, and when that goes away. */
#include "quietus/file.h"
#include "quietus/json.h"

#include "hanging.h"
#include "resume_world.h"
#include "test.h"

#include <sys/stat.h>
#include <time.h>

/* Whether the disk holds the state's pattern up to its position. */
static bool holds_what_it_says(const struct world *world, const json_t *document) {
    enum { PIECE = 4096 };
    struct reason reason;
    struct overwrite_state told;
    struct layout layout;
    uint8_t expected[PIECE];
    bool good = true;
    struct disk *disk = fake_disk_scanned((struct fake_disk *)&world->fake);
    layout_make(disk->areas, disk->area_count, &layout);
    assert_int_equal(overwrite_state_decode(document, &told, &reason), 0);
    for (uint64_t at = 0; at < told.position; at += PIECE) {
        pattern_fill(&told.pattern, &layout, 0, at, expected, PIECE);
        good = good && memcmp(world->fake.medium + at, expected, PIECE) == 0;
    }
    disk_free(disk);
    return good;
}

/* Taken up by the next boot its addresses would not be tried again, and zeroes read alike. */
static void test_addresses_that_are_cut_off_are_not_taken_up(void **state) {
    (void)state;
    for (int cut_off = 0; cut_off < 2; cut_off++) {
        struct world world;
        world_begin(&world, COMMANDS_ATA, "zero", ANY);
        world.fake.wraps_at = cut_off ? 8 << 20 : 0;
        interrupted_boot(&world, CHUNKS + SOME);
        assert_int_equal(count_in(world.folder) > 0, !cut_off);
        world_end(&world);
    }
}

/* The disk loses with its power what it has not flushed: the position is below all of that, and
 * what an erase ends with is flushed. */
static void test_only_what_was_flushed_counts(void **state) {
    (void)state;
    unsigned told = 0;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", ANY);
    uint8_t *before = malloc(world.fake.bytes);
    assert_non_null(before);
    memcpy(before, world.fake.medium, world.fake.bytes);
    for (unsigned requests = 1; requests < CHUNKS; requests += 3) {
        struct boot boot;
        memcpy(world.fake.medium, before, world.fake.bytes);
        world.fake.logged = 0;
        fake_disk_cache_writes(&world.fake);
        interrupted_boot(&world, requests);
        fake_disk_power_cut(&world.fake);
        if (count_in(world.folder) > 0) {
            json_t *document = state_document(&world);
            assert_true(holds_what_it_says(&world, document));
            json_decref(document);
            told++;
        }
        boot_start(&world, &boot);
        assert_int_equal(boot.scan.disks[0]->interrupted != NULL, count_in(world.folder) > 0);
        boot_erase(&world, &boot, 0);
        assert_int_equal(boot.outcome, DISPOSITION_ERASED);
        fake_disk_power_cut(&world.fake);
        assert_int_equal(fake_disk_residue(&world.fake), 0);
        boot_end(&boot);
    }
    assert_in_range(told, CHUNKS / 6, CHUNKS);
    free(before);
    world_end(&world);
}

/* It is begun anew, and cut before there is anything to be told: what the run before had kept is
 * gone, since it is not true any more. */
static void test_begun_anew_and_cut_at_once(void **state) {
    (void)state;
    struct world world;
    world_begin(&world, COMMANDS_ATA, "random", ANY);
    interrupted_boot(&world, SOME);
    memset(world.fake.medium, 0x55, 512);
    interrupted_boot(&world, 2);
    assert_int_equal(count_in(world.folder), 0);
    expect_begun_anew(&world);
    world_end(&world);
}

/* Until a file is there, or gone; on a machine with other work the keeper may take its time. */
enum { MILLISECONDS = 60000 };

static bool comes(const char *path) {
    struct stat status;
    for (int i = 0; i < MILLISECONDS; i++) {
        if (stat(path, &status) == 0)
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static bool goes(const char *path) {
    struct stat status;
    for (int i = 0; i < MILLISECONDS && stat(path, &status) == 0; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return stat(path, &status) != 0;
}

static struct keeper *start_keeper(const struct world *world, const struct boot *boot) {
    struct document begun;
    json_t *order = json_pack("{s:s,s:s}", "id", "o-1", "digest", boot->order.digest);
    begun_of_run(&boot->session, &boot->scan, &boot->authorization, order, &begun);
    struct keeper *keeper = keeper_start(world->folder, &boot->session, order, &begun);
    document_free(&begun);
    json_decref(order);
    return keeper;
}

/* One disk has ended before another tells for the first time: the run's folder has gone with the
 * first, and comes back for the second. */
static void test_one_ends_before_another_begins(void **state) {
    (void)state;
    struct world world;
    struct boot boot;
    struct reason reason;
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char name[80];
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    boot_start(&world, &boot);
    struct disk *first = boot.scan.disks[0];
    struct disk *second = fake_disk_scanned(&world.fake);
    strcpy(second->identity.serial, "FAKE0002");
    struct keeper *keeper = start_keeper(&world, &boot);
    struct checkpoint *of_first = keeper_add(keeper, first, &boot.order.policy);
    struct checkpoint *of_second = keeper_add(keeper, second, &boot.order.policy);
    path_format(folder, world.folder, "/%s", boot.session.run_id_text);
    overwrite_state_name(&first->identity, name);
    path_format(path, folder, "/%s", name);
    tell(of_first, 4 << 20);
    assert_true(comes(path));
    keeper_ended(of_first, DISPOSITION_ERASED);
    assert_true(goes(folder));
    tell(of_second, 4 << 20);
    assert_true(keeper_finish(keeper, false, &reason));
    overwrite_state_name(&second->identity, name);
    path_format(path, folder, "/%s", name);
    assert_true(comes(path));
    path_format(path, folder, "/begun.json");
    assert_true(comes(path));
    disk_free(second);
    boot_end(&boot);
    world_end(&world);
}

/* The second boot leaves the disk alone, whatever it calls that (not its turn, not to be opened,
 * not known): the third takes up what the first has kept. */
static void test_disk_that_was_left_alone(void **state) {
    (void)state;
    static const enum disposition ends[] = {DISPOSITION_REFUSED, DISPOSITION_FAILED,
                                            DISPOSITION_UNKNOWN};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct world world;
        struct boot boot;
        world_begin(&world, COMMANDS_ATA, "random", HELD);
        interrupted_boot(&world, SOME);
        boot_start(&world, &boot);
        struct keeper *keeper = start_keeper(&world, &boot);
        struct checkpoint *checkpoint = keeper_add(keeper, boot.scan.disks[0], &boot.order.policy);
        keeper_ended(checkpoint, ends[i]);
        assert_true(keeper_finish(keeper, false, &boot.reason));
        boot_end(&boot);
        boot_start(&world, &boot);
        assert_non_null(boot.scan.disks[0]->interrupted);
        boot_erase(&world, &boot, 0);
        assert_int_equal(boot.outcome, DISPOSITION_ERASED);
        assert_true(boot.run->taken_up);
        assert_int_equal(count_in(world.folder), 0);
        boot_end(&boot);
        world_end(&world);
    }
}

/* One that failed after it was written to has come to its end; of one that nothing is known of, the
 * last that was told stays. */
static void test_disk_that_was_written_to(void **state) {
    (void)state;
    static const enum disposition ends[] = {DISPOSITION_FAILED, DISPOSITION_UNKNOWN};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct world world;
        struct boot boot;
        world_begin(&world, COMMANDS_ATA, "random", HELD);
        boot_start(&world, &boot);
        struct keeper *keeper = start_keeper(&world, &boot);
        struct checkpoint *checkpoint = keeper_add(keeper, boot.scan.disks[0], &boot.order.policy);
        tell(checkpoint, 4 << 20);
        keeper_ended(checkpoint, ends[i]);
        assert_true(keeper_finish(keeper, false, &boot.reason));
        assert_int_equal(count_in(world.folder), ends[i] == DISPOSITION_UNKNOWN);
        boot_end(&boot);
        world_end(&world);
    }
}

/* A stick that hangs is left behind; when it answers yet, the session has ended, and what is signed
 * then is signed all the same. */
static void test_stick_that_answers_after_the_session(void **state) {
    (void)state;
    struct world world;
    struct boot boot;
    struct reason reason;
    char path[PATH_MAX];
    char name[80];
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    boot_start(&world, &boot);
    struct keeper *keeper = start_keeper(&world, &boot);
    struct checkpoint *checkpoint = keeper_add(keeper, boot.scan.disks[0], &boot.order.policy);
    overwrite_state_name(&boot.scan.disks[0]->identity, name);
    path_format(path, world.folder, "/%s/%s", boot.session.run_id_text, name);
    hanging_begin(world.folder);
    tell(checkpoint, 4 << 20);
    hanging_wait();
    tell(checkpoint, 8 << 20);
    assert_false(keeper_finish(keeper, false, &reason));
    assert_non_null(strstr(reason.text, "it does not answer"));
    boot_end(&boot);
    hanging_end();
    assert_true(comes(path));
    json_t *document = state_document(&world);
    for (int i = 0; i < MILLISECONDS && json_count(document, "position") != 8 << 20; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        json_decref(document);
        document = state_document(&world);
    }
    assert_int_equal(json_count(document, "position"), 8 << 20);
    json_decref(document);
    world_end(&world);
}

/* A stick that cannot be written costs the disk nothing, and is told of. */
static void test_stick_that_cannot_be_written(void **state) {
    (void)state;
    struct world world;
    struct boot boot;
    char path[PATH_MAX];
    world_begin(&world, COMMANDS_ATA, "random", HELD);
    boot_start(&world, &boot);
    path_format(path, world.folder, "/%s", boot.session.run_id_text);
    assert_int_equal(file_write(path, "", 0, 0600), 0); /* where its folder has to be */
    boot_erase(&world, &boot, 1000000);                 /* nothing is cut, and nothing dropped */
    assert_int_equal(boot.outcome, DISPOSITION_ERASED);
    assert_false(boot.kept);
    boot_end(&boot);
    world_end(&world);
}

/* Without a folder nothing is kept, and without an order neither. */
static void test_nothing_to_keep(void **state) {
    (void)state;
    struct session session;
    struct document begun = {.text = (char *)""};
    keys_start();
    session_start(&session, NULL);
    json_t *order = json_new_object();
    assert_null(keeper_start("/tmp", &session, order, &begun));
    json_put_text(order, "digest", "sha256:00");
    assert_null(keeper_start("/nonexistent", &session, order, &begun));
    assert_null(keeper_start(NULL, &session, order, &begun));
    json_decref(order);
    session_end(&session);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_addresses_that_are_cut_off_are_not_taken_up),
    cmocka_unit_test(test_only_what_was_flushed_counts),
    cmocka_unit_test(test_begun_anew_and_cut_at_once),
    cmocka_unit_test(test_one_ends_before_another_begins),
    cmocka_unit_test(test_disk_that_was_left_alone),
    cmocka_unit_test(test_disk_that_was_written_to),
    cmocka_unit_test(test_stick_that_answers_after_the_session),
    cmocka_unit_test(test_stick_that_cannot_be_written),
    cmocka_unit_test(test_nothing_to_keep),
};

TEST_MAIN(tests)
