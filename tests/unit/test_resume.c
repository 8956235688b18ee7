/*
 * Overwrites that a power cut interrupts, and the boots after it: with the stick as it was, and
 * with one that was altered, is of something else, or lies.
 */
#include "quietus/check.h"
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/resume.h"

#include "fake_disk.h"
#include "test.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

static const struct server this_server = {.serial = "QT-1", .uuid = "6a1f3c52"};

/* Chunks are of 512 KiB, and it is told how far a disk is after 8 of them for the first time. */
enum { DISK_MIB = 16, CHUNKS = 2 * DISK_MIB, SOME = 20 };

/* What outlives a power cut: the disk, the stick, and the order. */
struct world {
    struct fake_disk fake;
    char folder[64]; /* the stick's "state" */
    char *order;     /* the envelope */
    struct trust trust;
    struct signing_key *key;
    const char *found; /* what else the scan finds on the disk, or NULL */
};

/* One boot, and what came of it. */
struct boot {
    struct order order;
    struct scan scan;
    struct authorization authorization;
    struct session session;
    struct disk_run *run;
    enum disposition outcome;
    struct reason reason;
    bool kept;
};

/* Time flies: there is a point to be told of every few requests. */
static int64_t fast_clock(void) {
    static int64_t now;
    return now += 700;
}

static void no_sleep(int64_t milliseconds) {
    (void)milliseconds;
}

static char *sign_order(const struct world *world, const char *id, const char *passes,
                        const char *content) {
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"schema\":\"quietus.order/"
                   "1\",\"id\":\"%s\",\"nonce\":\"00112233445566778899aabbccddeeff\","
                   "\"issued\":\"2020-01-01T00:00:00Z\",\"not_before\":\"2020-01-01T00:00:00Z\","
                   "\"expires\":\"2100-01-01T00:00:00Z\",\"holds\":\"not-checked\","
                   "\"server\":{\"serial\":\"QT-1\",\"uuid\":\"6a1f3c52\"},"
                   "\"unknown_disks\":\"leave\",\"policy\":{\"verify\":\"10%%\",\"passes\":\"%s\"},"
                   "\"disks\":[{\"serial\":\"FAKE0001\",\"content\":%s}]}",
                   id, passes, content);
    return envelope_make(envelope_type_order, text, strlen(text), world->key);
}

static void begin_world(struct world *world, enum command_set commands, const char *passes,
                        const char *content) {
    static const struct clock_source fast = {fast_clock, no_sleep};
    keys_start();
    clock_use(&fast);
    memset(world, 0, sizeof *world);
    fake_disk_make(&world->fake, commands, DISK_MIB);
    strcpy(world->folder, "/dev/shm/quietus-resume-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->key = signing_key_generate();
    trust_add(&world->trust, signing_key_public(world->key), "site", "");
    world->order = sign_order(world, "o-1", passes, content);
}

static struct fake_disk *fake_to_open;

static int open_fake(const struct disk *disk, struct device **out) {
    *out = fake_disk_open(fake_to_open, disk);
    return 0;
}

/* Scans, looks for what can be taken up, and authorizes. "disk gpt X" is what the disk holds before
 * anything is written. */
static void start_boot(struct world *world, struct boot *boot) {
    struct reason reason = {""};
    *boot = (struct boot){.scan = {.server = this_server, .findings = json_new_array()}};
    world->fake.under_way = 0;
    world->fake.requests = 0;
    boot->scan.disks = calloc(1, sizeof *boot->scan.disks);
    assert_non_null(boot->scan.disks);
    boot->scan.disks[boot->scan.disk_count++] = fake_disk_scanned(&world->fake);
    if (memcmp(world->fake.medium, "customer data", 13) == 0)
        json_add_text(boot->scan.disks[0]->content_ids, "disk gpt X");
    if (world->found)
        json_add_text(boot->scan.disks[0]->content_ids, world->found);
    if (order_open(world->order, strlen(world->order), &world->trust, &boot->order, &reason) != 0)
        fail_msg("%s", reason.text);
    fake_to_open = &world->fake;
    const struct resume_search search = {world->folder, 5, open_fake};
    resume_find(&search, &boot->order, &boot->scan);
    assert_int_equal(
        authorize_by_order(&boot->order, &boot->scan, clock_now(), &boot->authorization, &reason),
        0);
    session_start(&boot->session, NULL);
}

/* Erases, as the pipeline does; cut: the power goes after so many requests, 0: it does not. */
static void erase(struct world *world, struct boot *boot, unsigned cut) {
    struct document begun;
    struct reason reason;
    json_t *order = json_new_object();
    json_put_text(order, "id", boot->order.id);
    json_put_text(order, "digest", boot->order.digest);
    begun_of_run(&boot->session, &boot->scan, &boot->authorization, order, &begun);
    struct keeper *keeper = keeper_start(world->folder, &boot->session, order, &begun);
    const struct disk *disk = boot->scan.disks[0];
    boot->run = disk_run_new(disk, boot->authorization.decisions[0].warrant, &boot->order.policy,
                             boot->session.run_id);
    boot->authorization.decisions[0].warrant = NULL;
    if (keeper)
        boot->run->checkpoint = keeper_add(keeper, disk, &boot->order.policy);
    world->fake.silent_after = cut ? world->fake.requests + cut : 0;
    struct device *device = fake_disk_open(&world->fake, disk);
    disk_run_on_device(boot->run, device);
    device_close(device);
    world->fake.silent_after = 0;
    if (keeper && cut == 0)
        keeper_drop(boot->run->checkpoint);
    boot->kept = keeper && keeper_finish(keeper, false, &reason);
    boot->run->checkpoint = NULL;
    boot->outcome = disk_run_disposition(boot->run, &boot->reason);
    document_free(&begun);
    json_decref(order);
}

static void end_boot(struct boot *boot) {
    if (boot->run)
        disk_run_free(boot->run);
    session_end(&boot->session);
    authorization_free(&boot->authorization);
    order_free(&boot->order);
    scan_free(&boot->scan);
}

static void remove_all(const char *folder) {
    char **names;
    char path[PATH_MAX];
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(path, folder, "/%s", names[i]);
        if (unlink(path) != 0)
            remove_all(path);
    }
    folder_free_names(names, count);
    (void)rmdir(folder);
}

static void end_world(struct world *world) {
    clock_use(NULL);
    remove_all(world->folder);
    fake_disk_free(&world->fake);
    trust_free(&world->trust);
    signing_key_free(world->key);
    free(world->order);
}

/* A boot whose power goes after so many requests. */
static void interrupted_boot(struct world *world, unsigned cut) {
    struct boot boot;
    start_boot(world, &boot);
    assert_non_null(boot.authorization.decisions[0].warrant);
    erase(world, &boot, cut);
    assert_int_not_equal(boot.outcome, DISPOSITION_ERASED);
    assert_true(boot.kept);
    end_boot(&boot);
}

static size_t count_in(const char *folder) {
    char **names;
    const size_t count = folder_names(folder, &names);
    folder_free_names(names, count);
    return count;
}

/* The path of a file in the only run's folder: its state, or the statement. */
static void only_file(const struct world *world, bool statement, char out[PATH_MAX]) {
    char **runs;
    char **files;
    char path[PATH_MAX];
    assert_int_equal(folder_names(world->folder, &runs), 1);
    path_format(path, world->folder, "/%s", runs[0]);
    const size_t count = folder_names(path, &files);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        if ((strcmp(files[i], "begun.json") == 0) == statement)
            path_format(out, path, "/%s", files[i]);
    }
    folder_free_names(files, count);
    folder_free_names(runs, 1);
}

/* The certificate as an auditor sees it; the caller ends it. */
static void certificate(const struct boot *boot, struct check_result *out) {
    const struct trust nobody = {0};
    struct document document;
    certificate_of_run(&boot->session, &this_server, boot->run, &document);
    check_envelope(document.text, strlen(document.text), &nobody, out);
    if (out->status != CHECK_UNPROVEN)
        fail_msg("%s", json_string_value(json_array_get(out->problems, 0)));
    document_free(&document);
}

/* The boot after it: taken up at a position beyond the beginning, read in full, and the stick is
 * clean. Returns the certificate's document. */
static json_t *expect_taken_up(struct world *world, unsigned pass) {
    struct boot boot;
    struct check_result result;
    start_boot(world, &boot);
    assert_non_null(boot.scan.disks[0]->interrupted);
    assert_non_null(boot.authorization.decisions[0].warrant);
    erase(world, &boot, 0);
    if (boot.outcome != DISPOSITION_ERASED)
        fail_msg("%s", boot.reason.text);
    assert_int_equal(fake_disk_residue(&world->fake), 0);
    assert_true(boot.run->taken_up);
    certificate(&boot, &result);
    json_t *document = json_incref(result.document);
    const json_t *state = json_object_get(document, "taken_up");
    assert_int_equal(json_count(state, "pass"), pass);
    assert_true(json_count(state, "position") > 0);
    const json_t *attempt = json_array_get(json_object_get(document, "attempts"), 0);
    assert_true(json_flag(json_object_get(attempt, "verification"), "every_unit"));
    assert_string_not_equal(json_text(state, "run_id"), json_text(document, "run_id"));
    check_result_free(&result);
    end_boot(&boot);
    assert_int_equal(count_in(world->folder), 0);
    return document;
}

/* The boot after it, when nothing can be taken up and the order says what the disk has to hold. */
static void expect_refused(struct world *world, const char *finding) {
    struct boot boot;
    start_boot(world, &boot);
    assert_null(boot.scan.disks[0]->interrupted);
    assert_null(boot.authorization.decisions[0].warrant);
    const char *said = json_string_value(json_array_get(boot.scan.disks[0]->findings, 0));
    if (finding && (!said || !strstr(said, finding)))
        fail_msg("'%s', not '%s'", said ? said : "(nothing)", finding);
    end_boot(&boot);
}

/* The same, when the order lets it be erased whatever it holds: all of it, from the beginning. */
static void expect_begun_anew(struct world *world) {
    struct boot boot;
    struct check_result result;
    start_boot(world, &boot);
    assert_null(boot.scan.disks[0]->interrupted);
    erase(world, &boot, 0);
    assert_int_equal(boot.outcome, DISPOSITION_ERASED);
    assert_false(boot.run->taken_up);
    assert_int_equal(fake_disk_residue(&world->fake), 0);
    certificate(&boot, &result);
    assert_null(json_object_get(result.document, "taken_up"));
    check_result_free(&result);
    end_boot(&boot);
}

#define HELD "[\"disk gpt X\"]"
#define ANY  "\"not-checked\""

static void test_taken_up(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    assert_true(fake_disk_residue(&world.fake) > 0);
    json_t *document = expect_taken_up(&world, 1);
    assert_string_equal(json_text(json_object_get(document, "authority"), "content"),
                        "as an interrupted run by this order left it");
    json_decref(document);
    end_world(&world);
}

/* What is below the position is left alone: that is what it is for. */
static void test_nothing_is_written_twice(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "zero", HELD);
    interrupted_boot(&world, SOME);
    world.fake.destructive = 0;
    json_t *document = expect_taken_up(&world, 1);
    const uint64_t position = json_count(json_object_get(document, "taken_up"), "position");
    const uint64_t chunks = (world.fake.bytes - position + (512 << 10) - 1) / (512 << 10);
    assert_true(position >= 4 << 20);
    assert_int_equal(world.fake.destructive, chunks);
    json_decref(document);
    end_world(&world);
}

static void test_interrupted_again_and_again(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", HELD);
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
    end_world(&world);
}

/* The first pass is the earlier run's, and the certificate shows it. */
static void test_in_the_second_pass(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random,0x5a", HELD);
    interrupted_boot(&world, CHUNKS + SOME);
    json_t *document = expect_taken_up(&world, 2);
    const json_t *done = json_object_get(json_object_get(document, "taken_up"), "done");
    assert_int_equal(json_array_size(done), 1);
    json_decref(document);
    end_world(&world);
}

/* All is written, and the reading back was interrupted. */
static void test_while_verifying(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, CHUNKS + 10);
    json_t *document = expect_taken_up(&world, 1);
    assert_int_equal(json_count(json_object_get(document, "taken_up"), "position"),
                     world.fake.bytes);
    json_decref(document);
    end_world(&world);
}

static void test_several_namespaces(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_NVME, "random", HELD);
    free(world.order);
    world.order = sign_order(
        &world, "o-1", "random\",\"methods\":[\"overwrite\"],\"least_category\":\"clear", HELD);
    world.fake.namespaces = 4;
    interrupted_boot(&world, SOME); /* in the third */
    json_t *document = expect_taken_up(&world, 1);
    json_decref(document);
    end_world(&world);
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
    begin_world(&world, COMMANDS_ATA, "random,zero", HELD);
    uint8_t *before = malloc(world.fake.bytes);
    assert_non_null(before);
    memcpy(before, world.fake.medium, world.fake.bytes);
    for (unsigned i = 1; i <= POINTS; i++) {
        struct boot boot;
        memcpy(world.fake.medium, before, world.fake.bytes);
        world.fake.logged = 0;
        interrupted_boot(&world, i * (REQUESTS - 1) / POINTS);
        start_boot(&world, &boot);
        const bool fits = boot.scan.disks[0]->interrupted != NULL;
        const bool untouched = json_array_size(boot.scan.disks[0]->content_ids) > 0;
        assert_true((boot.authorization.decisions[0].warrant != NULL) == (fits || untouched));
        if (fits) {
            erase(&world, &boot, 0);
            assert_int_equal(boot.outcome, DISPOSITION_ERASED);
            assert_true(boot.run->taken_up);
            assert_true(bytes_all(world.fake.medium, world.fake.bytes, 0));
        }
        taken_up += fits;
        end_boot(&boot);
        remove_all(world.folder);
        assert_int_equal(mkdir(world.folder, 0700), 0);
    }
    free(before);
    end_world(&world);
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
    begin_world(&world, COMMANDS_NVME, "random", HELD);
    free(world.order);
    world.order =
        sign_order(&world, "o-1", "random\",\"fallback\":true,\"least_category\":\"clear", HELD);
    formats = 0;
    world.fake.on_nvme = refuse_format;
    interrupted_boot(&world, 1000000);
    assert_int_equal(formats, 2);
    start_boot(&world, &boot);
    assert_non_null(boot.scan.disks[0]->interrupted);
    erase(&world, &boot, 0);
    assert_int_equal(boot.outcome, DISPOSITION_ERASED);
    assert_false(boot.run->taken_up);
    assert_int_equal(fake_disk_residue(&world.fake), 0);
    end_boot(&boot);
    end_world(&world);
}

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
        begin_world(&world, COMMANDS_ATA, "random", HELD);
        interrupted_boot(&world, SOME);
        only_file(&world, statement, path);
        alter(path, 300);
        expect_refused(&world, "an interrupted overwrite is not taken up");
        end_world(&world);
    }
}

static void test_without_a_state(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    remove_all(world.folder);
    expect_refused(&world, NULL);
    free(world.order);
    world.order = sign_order(&world, "o-2", "random", ANY);
    expect_begun_anew(&world);
    end_world(&world);
}

static void test_of_another_order(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    free(world.order);
    world.order = sign_order(&world, "o-2", "random", HELD);
    expect_refused(&world, "another order");
    free(world.order);
    world.order = sign_order(&world, "o-3", "random", ANY);
    expect_begun_anew(&world);
    end_world(&world);
}

/* Somebody has used the disk since: nothing of it may be touched by the old order. */
static void test_disk_used_since(void **state) {
    (void)state;
    static const uint64_t places[] = {0, 512, (1 << 20) - 512};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct world world;
        begin_world(&world, COMMANDS_ATA, "random", HELD);
        interrupted_boot(&world, SOME);
        memset(world.fake.medium + places[i], 0x55, 512);
        expect_refused(&world, "hold something else");
        end_world(&world);
    }
}

/* It is begun anew, and cut before there is anything to be told: what the run before had kept is
 * gone, since it is not true any more. */
static void test_begun_anew_and_cut_at_once(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", ANY);
    interrupted_boot(&world, SOME);
    memset(world.fake.medium, 0x55, 512);
    interrupted_boot(&world, 2);
    assert_int_equal(count_in(world.folder), 0);
    expect_begun_anew(&world);
    end_world(&world);
}

/* Where the interrupted run has not come to, there is something that the order does not name; or
 * what it names, which shows at another place once the table is gone. */
static void test_something_new_behind_it(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", "[\"disk gpt X\",\"p1@1048576 ext4 Y\"]");
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
        start_boot(&world, &boot);
        assert_non_null(boot.scan.disks[0]->interrupted);
        if ((boot.authorization.decisions[0].warrant != NULL) != cases[i].taken)
            fail_msg("%s", cases[i].found ? cases[i].found : "(nothing)");
        end_boot(&boot);
    }
    end_world(&world);
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
        begin_world(&world, COMMANDS_ATA, "random", HELD);
        start_boot(&world, &boot);
        json_t *order = json_pack("{s:s,s:s}", "id", "o-1", "digest", boot.order.digest);
        begun_of_run(&boot.session, &boot.scan, &boot.authorization, order, &begun);
        struct keeper *keeper = keeper_start(world.folder, &boot.session, order, &begun);
        struct checkpoint *checkpoint = keeper_add(keeper, boot.scan.disks[0], &boot.order.policy);
        const struct pattern pattern = {.pass = {.random = true}};
        json_t *done = json_new_array();
        checkpoint_reached(checkpoint, &(struct overwrite_point){.pass = 1,
                                                                 .pattern = &pattern,
                                                                 .position = positions[i],
                                                                 .done = done});
        assert_true(keeper_finish(keeper, false, &reason));
        end_boot(&boot);
        /* Another customer's file system since, which leaves the first MiB as it was. */
        memset(world.fake.medium, 0, 1 << 20);
        world.found = "disk btrfs Z";
        expect_refused(&world, "its position is none on this disk");
        document_free(&begun);
        json_decref(order);
        json_decref(done);
        end_world(&world);
    }
}

static json_t *state_document(const struct world *world) {
    AUTO_FREE char *text = NULL;
    size_t length;
    char path[PATH_MAX];
    struct envelope envelope;
    struct reason reason = {""};
    only_file(world, false, path);
    assert_int_equal(file_read(path, 1 << 20, &text, &length), 0);
    assert_int_equal(envelope_parse(text, length, &envelope, &reason), 0);
    json_t *document = json_parse(envelope.payload, envelope.payload_length, &reason);
    assert_non_null(document);
    envelope_free(&envelope);
    return document;
}

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

/* The disk loses with its power what it has not flushed: the position is below all of that, and
 * what an erase ends with is flushed. */
static void test_only_what_was_flushed_counts(void **state) {
    (void)state;
    unsigned told = 0;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random", ANY);
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
        start_boot(&world, &boot);
        assert_int_equal(boot.scan.disks[0]->interrupted != NULL, count_in(world.folder) > 0);
        erase(&world, &boot, 0);
        assert_int_equal(boot.outcome, DISPOSITION_ERASED);
        fake_disk_power_cut(&world.fake);
        assert_int_equal(fake_disk_residue(&world.fake), 0);
        end_boot(&boot);
    }
    assert_in_range(told, CHUNKS / 6, CHUNKS);
    free(before);
    end_world(&world);
}

/* The disk lied about its flush: what was said to be written last is not there. */
static void test_disk_lost_writes(void **state) {
    (void)state;
    struct world world;
    begin_world(&world, COMMANDS_ATA, "zero", ANY);
    interrupted_boot(&world, SOME);
    memset(world.fake.medium + (3 << 20), 0x55, world.fake.bytes - (3 << 20));
    expect_begun_anew(&world);
    end_world(&world);
}

/* The stick brings back what it held before. */
static void test_stick_brings_back_the_first_pass(void **state) {
    (void)state;
    AUTO_FREE char *old = NULL;
    size_t length;
    char path[PATH_MAX];
    struct world world;
    begin_world(&world, COMMANDS_ATA, "random,0x5a", ANY);
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
    end_world(&world);
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
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&world, SOME);
    begin_world(&strange, COMMANDS_ATA, "random", HELD);
    interrupted_boot(&strange, SOME);
    only_file(&world, true, path);
    only_file(&strange, true, other);
    assert_int_equal(file_read(other, 1 << 20, &text, &length), 0);
    assert_int_equal(file_write(path, text, length, 0600), 0);
    expect_refused(&world, "altered, or is not of the run beside it");
    end_world(&strange);
    end_world(&world);
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
    begin_world(&world, COMMANDS_ATA, "random", HELD);
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
    end_world(&world);
}

static bool comes(const char *path) {
    enum { MILLISECONDS = 5000 };
    struct stat status;
    for (int i = 0; i < MILLISECONDS; i++) {
        if (stat(path, &status) == 0)
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static bool goes(const char *path) {
    enum { MILLISECONDS = 5000 };
    struct stat status;
    for (int i = 0; i < MILLISECONDS && stat(path, &status) == 0; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return stat(path, &status) != 0;
}

static void tell(struct checkpoint *checkpoint, uint64_t position) {
    const struct pattern pattern = {.pass = {.random = true}};
    json_t *done = json_new_array();
    checkpoint_reached(checkpoint,
                       &(struct overwrite_point){
                           .pass = 1, .pattern = &pattern, .position = position, .done = done});
    json_decref(done);
}

/* One disk has ended before another tells for the first time: the run's folder has gone with the
 * first, and comes back for the second. */
static void test_one_ends_before_another_begins(void **state) {
    (void)state;
    struct world world;
    struct boot boot;
    struct document begun;
    struct reason reason;
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char name[80];
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    start_boot(&world, &boot);
    struct disk *first = boot.scan.disks[0];
    struct disk *second = fake_disk_scanned(&world.fake);
    strcpy(second->identity.serial, "FAKE0002");
    json_t *order = json_pack("{s:s,s:s}", "id", "o-1", "digest", boot.order.digest);
    begun_of_run(&boot.session, &boot.scan, &boot.authorization, order, &begun);
    struct keeper *keeper = keeper_start(world.folder, &boot.session, order, &begun);
    struct checkpoint *of_first = keeper_add(keeper, first, &boot.order.policy);
    struct checkpoint *of_second = keeper_add(keeper, second, &boot.order.policy);
    path_format(folder, world.folder, "/%s", boot.session.run_id_text);
    overwrite_state_name(&first->identity, name);
    path_format(path, folder, "/%s", name);
    tell(of_first, 4 << 20);
    assert_true(comes(path));
    keeper_drop(of_first);
    assert_true(goes(folder));
    tell(of_second, 4 << 20);
    assert_true(keeper_finish(keeper, false, &reason));
    overwrite_state_name(&second->identity, name);
    path_format(path, folder, "/%s", name);
    assert_true(comes(path));
    path_format(path, folder, "/begun.json");
    assert_true(comes(path));
    document_free(&begun);
    json_decref(order);
    disk_free(second);
    end_boot(&boot);
    end_world(&world);
}

/* A stick that cannot be written costs the disk nothing, and is told of. */
static void test_stick_that_cannot_be_written(void **state) {
    (void)state;
    struct world world;
    struct boot boot;
    char path[PATH_MAX];
    begin_world(&world, COMMANDS_ATA, "random", HELD);
    start_boot(&world, &boot);
    path_format(path, world.folder, "/%s", boot.session.run_id_text);
    assert_int_equal(file_write(path, "", 0, 0600), 0); /* where its folder has to be */
    erase(&world, &boot, 1000000);                      /* nothing is cut, and nothing dropped */
    assert_int_equal(boot.outcome, DISPOSITION_ERASED);
    assert_false(boot.kept);
    end_boot(&boot);
    end_world(&world);
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
    cmocka_unit_test(test_taken_up),
    cmocka_unit_test(test_nothing_is_written_twice),
    cmocka_unit_test(test_interrupted_again_and_again),
    cmocka_unit_test(test_in_the_second_pass),
    cmocka_unit_test(test_while_verifying),
    cmocka_unit_test(test_several_namespaces),
    cmocka_unit_test(test_cut_at_fifty_points),
    cmocka_unit_test(test_not_after_another_method),
    cmocka_unit_test(test_altered),
    cmocka_unit_test(test_without_a_state),
    cmocka_unit_test(test_of_another_order),
    cmocka_unit_test(test_disk_used_since),
    cmocka_unit_test(test_begun_anew_and_cut_at_once),
    cmocka_unit_test(test_something_new_behind_it),
    cmocka_unit_test(test_made_up_on_the_stick),
    cmocka_unit_test(test_only_what_was_flushed_counts),
    cmocka_unit_test(test_disk_lost_writes),
    cmocka_unit_test(test_stick_brings_back_the_first_pass),
    cmocka_unit_test(test_statement_of_another_run),
    cmocka_unit_test(test_states_that_do_not_fit),
    cmocka_unit_test(test_one_ends_before_another_begins),
    cmocka_unit_test(test_stick_that_cannot_be_written),
    cmocka_unit_test(test_nothing_to_keep),
};

TEST_MAIN(tests)
