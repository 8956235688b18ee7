/* What surrounds an erase: the spool, being interrupted, a console that takes nothing, waiting. */
#include "quietus/check.h"
#include "quietus/clock.h"
#include "quietus/condition.h"
#include "quietus/deliver.h"
#include "quietus/file.h"
#include "quietus/http.h"
#include "quietus/interrupt.h"
#include "quietus/json.h"
#include "quietus/pipeline.h"

#include "../../agent/authorize/internal.h"
#include "../../agent/console.h"
#include "../../agent/refusals.h"
#include "hanging.h"
#include "resume_world.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/quietus-pipeline-XXXXXX";

static int start(void **state) {
    (void)state;
    keys_start();
    strcpy(place, "/tmp/quietus-pipeline-XXXXXX");
    return mkdtemp(place) ? 0 : -1;
}

static int stop(void **state) {
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    return system(command); // NOLINT(cert-env33-c)
}

static char *in_place(const char *name) {
    static char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

/* The payload of the one document in the spool whose name ends so; the caller frees it. */
static json_t *spooled(const char *ending) {
    char path[PATH_MAX];
    char **names;
    json_t *found = NULL;
    const size_t count = folder_names(in_place("spool"), &names);
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(names[i], ending);
        if (!at || strlen(at) != strlen(ending))
            continue;
        char *text;
        size_t length;
        struct check_result result;
        const struct trust nobody = {0};
        assert_null(found);
        path_format(path, in_place("spool"), "/%s", names[i]);
        assert_int_equal(file_read(path, ENVELOPE_LIMIT, &text, &length), 0);
        check_envelope(text, length, &nobody, &result);
        assert_int_equal(result.status, CHECK_UNPROVEN);
        found = json_incref(result.document);
        check_result_free(&result);
        free(text);
    }
    folder_free_names(names, count);
    return found;
}

static bool lights_off;
static const char *stick; /* NULL: the run knows of none */
static char told[1024];   /* what went wrong, where that is listened to */

static void begun(void *user, struct disk_run *const *runs, size_t count) {
    (void)user;
    (void)runs;
    (void)count;
}

static void tick(void *user) {
    (void)user;
}

static void ended(void *user, const struct disk *disk, const struct disk_run *run,
                  enum disposition disposition, const char *reason,
                  const struct document *certificate) {
    (void)user;
    (void)disk;
    (void)run;
    (void)disposition;
    (void)reason;
    (void)certificate;
}

static void closed(void *user, const struct document *record) {
    (void)user;
    (void)record;
}

static void complained(void *user, const char *text) {
    (void)user;
    (void)strncat(told, text, sizeof told - strlen(told) - 1);
}

static const struct pipeline_watcher listener = {begun, tick, ended, closed, complained, NULL};
static const struct pipeline_watcher *watcher;

/* What an earlier run has kept of the disk, and by which order; NULL: nothing. */
static const char *state_folder;
static bool no_node; /* the disk cannot be opened */

/* What the light of the silent disk shows: '2' as the test leaves it. */
static char light(void) {
    char line[8];
    assert_int_equal(file_read_line(in_place("locate"), line, sizeof line), 0);
    return line[0];
}

/* A run on one disk that never answers: its node is a pipe that nobody opens for writing. */
static enum exit_status run_silent_disk(bool allowed) {
    struct scan scan = {.server = {.serial = "SRV"}, .findings = json_new_array()};
    struct disk *disk = disk_new();
    struct authorization authorization;
    struct policy policy;
    struct session session;
    disk->bus = BUS_VIRTIO;
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.lba_size = 512, .lba_count = 2048};
    text_copy(disk->areas[0].node, DISK_NODE_SIZE, in_place("node"));
    text_copy(disk->identity.serial, TEXT_FIELD_SIZE, "SILENT");
    disk->identity.capacity = 1 << 20;
    assert_true(no_node || mkfifo(in_place("node"), 0600) == 0);
    if (state_folder)
        disk->interrupted = json_new_object();
    text_copy(disk->place.led, sizeof disk->place.led, in_place("locate"));
    assert_int_equal(file_write(in_place("locate"), "2\n", 2, 0600), 0);
    scan.disks = calloc(1, sizeof *scan.disks);
    assert_non_null(scan.disks);
    scan.disks[0] = disk;
    scan.disk_count = 1;
    authorize_nothing(&scan, DISPOSITION_EXCLUDED, "not named", &authorization);
    policy_default(&policy);
    json_t *authority = json_new_object();
    json_put_text(authority, "kind", "operator");
    if (allowed)
        authorization.decisions[0].warrant = warrant_issue(disk, authority);
    json_decref(authority);
    session_start(&session, NULL);
    char folder[PATH_MAX];
    text_copy(folder, sizeof folder, in_place("spool"));
    json_t *order = json_pack("{s:s}", "digest", "sha256:00");
    const struct pipeline pipeline = {
        .session = &session,
        .scan = &scan,
        .authorization = &authorization,
        .policy = &policy,
        .mode = "erase",
        .spool = folder,
        .progress = PROGRESS_NONE,
        .locate = !lights_off,
        .stick = stick,
        .must_deliver = stick != NULL,
        .order = order,
        .state = state_folder,
        .watcher = watcher,
    };
    const enum exit_status status = pipeline_run(&pipeline);
    json_decref(order);
    session_end(&session);
    authorization_free(&authorization);
    scan_free(&scan);
    return status;
}

static void *interrupt_soon(void *argument) {
    clock_sleep_ms(300);
    (void)kill(getpid(), *(int *)argument);
    return NULL;
}

/* Being asked to end leaves a certificate and a record that say so, and no *erased*. */
static void test_interrupted(void **state) {
    (void)state;
    pthread_t thread;
    int with = SIGTERM;
    interrupt_hold(); /* the thread that sends it must not be ended by it */
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &with), 0);
    const int64_t began = clock_monotonic_ms();
    assert_int_equal(run_silent_disk(true), EXIT_UNKNOWN);
    assert_true(clock_monotonic_ms() - began < 120000);
    (void)pthread_join(thread, NULL);

    assert_int_equal(light(), '1');
    json_t *certificate = spooled("-certificate.json");
    assert_string_equal(json_text(certificate, "disposition"), "unknown");
    assert_non_null(strstr(json_text(certificate, "reason"), "interrupted (SIGTERM)"));
    json_t *record = spooled("-record.json");
    assert_string_equal(json_text(record, "interrupted_by"), "SIGTERM");
    assert_int_equal(json_count(record, "exit_status"), EXIT_UNKNOWN);
    const json_t *lights = json_object_get(record, "lights");
    assert_int_equal(json_array_size(lights), 2);
    assert_string_equal(json_text(json_array_get(lights, 0), "switched"), "off");
    assert_string_equal(json_text(json_array_get(lights, 1), "switched"), "on");
    /* And it had been said before that the erase begins. */
    json_t *begun = spooled("-begun.json");
    const json_t *line = json_array_get(json_object_get(begun, "disks"), 0);
    assert_string_equal(json_text(json_object_get(line, "identity"), "serial"), "SILENT");
    assert_string_equal(json_text(begun, "run_id"), json_text(record, "run_id"));
    assert_int_equal(spool_count(in_place("spool")), 3);
    assert_null(spooled("incomplete"));
    json_decref(certificate);
    json_decref(record);
    json_decref(begun);
}

static void *put_in_a_stick_and_interrupt(void *argument) {
    clock_sleep_ms(300);
    (void)mkdir(stick, 0700);
    return interrupt_soon(argument);
}

/* A stick that comes while the run lasts: with what was written before, nothing is in memory alone.
 */
static void test_stick_comes_during_the_run(void **state) {
    (void)state;
    char path[PATH_MAX];
    char folder[PATH_MAX];
    char **names;
    pthread_t thread;
    int with = SIGTERM;
    text_copy(path, sizeof path, in_place("stick"));
    stick = path;
    interrupt_hold();
    assert_int_equal(pthread_create(&thread, NULL, put_in_a_stick_and_interrupt, &with), 0);
    assert_int_equal(run_silent_disk(true), EXIT_UNKNOWN);
    (void)pthread_join(thread, NULL);
    stick = NULL;
    assert_int_equal(spool_count(in_place("spool")), 3);
    assert_int_equal(spool_count_unsafe(in_place("spool")), 0);
    path_format(folder, path, "/certificates");
    const size_t count = folder_names(folder, &names);
    assert_int_equal(count, 3);
    folder_free_names(names, count);
}

static enum exit_status run_with_hanging_stick(bool allowed) {
    char path[PATH_MAX];
    text_copy(path, sizeof path, in_place("stick"));
    assert_int_equal(mkdir(path, 0700), 0);
    stick = path;
    watcher = &listener;
    told[0] = '\0';
    hanging_clock(3000);
    hanging_begin(path);
    const enum exit_status status = run_silent_disk(allowed);
    stick = NULL;
    watcher = NULL;
    assert_int_equal(spool_count_unsafe(in_place("spool")), spool_count(in_place("spool")));
    assert_null(spooled("incomplete"));
    assert_non_null(strstr(told, "quietus: the stick cannot be written to (it has not answered for "
                                 "30 s)\n"));
    hanging_end();
    clock_use(NULL);
    /* It answers at last: what it has taken is safe, and nobody writes there any more. */
    while (spool_count_unsafe(in_place("spool")) > 0)
        (void)usleep(1000);
    return status;
}

/* A stick that does not come back from a sync: the run ends all the same, when it is asked to, with
 * all of its documents in the spool, and says that they are nowhere else. */
static void test_stick_that_hangs(void **state) {
    (void)state;
    pthread_t thread;
    int with = SIGTERM;
    interrupt_hold();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &with), 0);
    assert_int_equal(run_with_hanging_stick(true), EXIT_UNKNOWN);
    (void)pthread_join(thread, NULL);
    assert_non_null(strstr(told, "quietus: 3 documents are not delivered and stay in "));
    assert_non_null(
        strstr(told, "(they are not on the stick either: it has not answered for 30 s)"));
    json_t *record = spooled("-record.json");
    assert_string_equal(json_text(record, "interrupted_by"), "SIGTERM");
    json_decref(record);
}

static void test_stick_that_hangs_where_nothing_is_erased(void **state) {
    (void)state;
    assert_int_equal(run_with_hanging_stick(false), EXIT_UNDELIVERED);
    assert_int_equal(spool_count(in_place("spool")), 1);
}

/* What an earlier run has kept of a disk is there for the next one if this one left it alone. */
static void test_state_of_a_disk_that_cannot_be_opened(void **state) {
    (void)state;
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char name[80];
    struct stat status;
    const struct disk_identity identity = {.serial = "SILENT", .capacity = 1 << 20};
    text_copy(folder, sizeof folder, in_place("state"));
    path_format(path, folder, "/earlier");
    assert_int_equal(file_make_folders(path, 0700), 0);
    overwrite_state_name(&identity, name);
    path_format(path, folder, "/earlier/%s", name);
    assert_int_equal(file_write(path, "{}", 2, 0600), 0);
    state_folder = folder;
    no_node = true;
    assert_int_equal(run_silent_disk(true), EXIT_FAILED);
    state_folder = NULL;
    no_node = false;
    json_t *certificate = spooled("-certificate.json");
    assert_non_null(strstr(json_text(certificate, "reason"), "cannot be opened"));
    json_decref(certificate);
    assert_int_equal(stat(path, &status), 0);
}

static void test_lights_are_left_alone_if_asked(void **state) {
    (void)state;
    pthread_t thread;
    int with = SIGTERM;
    interrupt_hold();
    lights_off = true;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &with), 0);
    assert_int_equal(run_silent_disk(true), EXIT_UNKNOWN);
    (void)pthread_join(thread, NULL);
    lights_off = false;
    assert_int_equal(light(), '2');
    json_t *record = spooled("-record.json");
    assert_null(json_object_get(record, "lights"));
    json_decref(record);
}

/* Where no certificate could be kept, nothing is erased. */
static void test_no_spool_no_erase(void **state) {
    (void)state;
    assert_int_equal(file_write(in_place("spool"), "in the way", 10, 0600), 0);
    assert_int_equal(run_silent_disk(true), EXIT_REFUSED);
}

static void test_nothing_begins_where_nothing_may(void **state) {
    (void)state;
    assert_int_equal(run_silent_disk(false), EXIT_GOOD);
    assert_int_equal(light(), '2');
    assert_null(spooled("-begun.json"));
    json_t *record = spooled("-record.json");
    assert_non_null(record);
    json_decref(record);
}

static void test_spool(void **state) {
    (void)state;
    struct stat status;
    const struct document first = {.file = "a.json", .text = (char *)"first"};
    const struct document second = {.file = "a.json", .text = (char *)"second"};
    char folder[PATH_MAX];
    char *data;
    size_t length;
    text_copy(folder, sizeof folder, in_place("spool"));
    assert_int_equal(spool_count(folder), 0);
    assert_int_equal(spool_begin(folder, "42"), 0);
    assert_int_equal(stat(in_place("spool/incomplete-42"), &status), 0);
    assert_int_equal(spool_count(folder), 0);
    assert_int_equal(spool_put(folder, &first), 0);
    /* Two documents of one name: the first stays. */
    assert_int_equal(spool_put(folder, &second), -EEXIST);
    assert_int_equal(file_read(in_place("spool/a.json"), 100, &data, &length), 0);
    assert_string_equal(data, "first");
    free(data);
    assert_int_equal(spool_count(folder), 1);
    spool_complete(folder, "42");
    assert_int_equal(stat(in_place("spool/incomplete-42"), &status), -1);
}

/* What cannot be looked into may hold documents: it is not delivered. */
static void test_spool_that_cannot_be_read(void **state) {
    (void)state;
    struct reason reason = {""};
    atomic_int_fast64_t deadline_ms = INT64_MAX;
    assert_int_equal(file_write(in_place("spool"), "x", 1, 0600), 0);
    assert_int_equal(spool_count(in_place("spool")), 1);
    assert_int_equal(deliver_once(in_place("spool"), "http://127.0.0.1:1/", &deadline_ms, &reason),
                     1);
    assert_non_null(strstr(reason.text, "cannot be read"));
    /* One that is not there has none: the agent makes it with its first document. */
    assert_int_equal(spool_count(in_place("none")), 0);
}

static void test_temporary_files_are_not_followed(void **state) {
    (void)state;
    char path[PATH_MAX];
    char link[PATH_MAX];
    struct stat status;
    text_copy(path, sizeof path, in_place("file"));
    /* What somebody who knows the process could have prepared. */
    (void)snprintf(link, sizeof link, "%s.tmp%d", path, (int)getpid());
    assert_int_equal(symlink(in_place("victim"), link), 0);
    assert_int_equal(file_write(path, "secret", 6, 0600), 0);
    assert_int_equal(stat(in_place("victim"), &status), -1);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(file_write_new(path, "again", 5, 0600), -EEXIST);
}

/* Nobody reads the pipe: what is said does not hold up who says it, and is not lost. */
static void test_console_that_takes_nothing(void **state) {
    (void)state;
    enum { PIPE_SIZE = 4096 };
    int ends[2];
    char back[3 * PIPE_SIZE];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
    char text[PIPE_SIZE + 1];
    memset(text, 'x', PIPE_SIZE);
    text[PIPE_SIZE] = '\0';
    const int64_t began = clock_monotonic_ms();
    struct console *console = console_new();
    console_say(console, ends[1], text);
    console_say(console, ends[1], text);
    console_say(console, ends[1], "the end\n");
    assert_true(console_is_busy(console));
    console_free(console, 200);
    assert_true(clock_monotonic_ms() - began < 60000);
    size_t got = 0;
    while (got < 2 * PIPE_SIZE + strlen("the end\n")) {
        const ssize_t more = read(ends[0], back + got, sizeof back - got);
        assert_true(more > 0);
        got += (size_t)more;
    }
    assert_memory_equal(back + got - strlen("the end\n"), "the end\n", strlen("the end\n"));
    struct console *free_one = console_new();
    console_say(free_one, ends[1], "gone\n");
    console_free(free_one, 10000);
    assert_int_equal(read(ends[0], back, sizeof back), strlen("gone\n"));
}

/* Somebody sets the date back while it waits: the wait is over in time all the same. Only the clock
 * that it waits by can be looked at here. */
static void test_waits_do_not_depend_on_the_date(void **state) {
    (void)state;
    pthread_cond_t condition;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    condition_init(&condition);
    const struct timespec until = condition_time_in(50);
    (void)pthread_mutex_lock(&lock);
    const int64_t began = clock_monotonic_ms();
    assert_int_equal(pthread_cond_timedwait(&condition, &lock, &until), ETIMEDOUT);
    const int64_t took = clock_monotonic_ms() - began;
    (void)pthread_mutex_unlock(&lock);
    assert_true(took >= 40 && took < 60000);
    assert_true(until.tv_sec < 1000000000); /* since this machine was started, not since 1970 */
    (void)pthread_cond_destroy(&condition);
}

static void refuse_disks(struct refusals *refusals, size_t count, const char *reason) {
    for (size_t i = 0; i < count; i++) {
        struct disk *disk = disk_new();
        disk->area_count = 1;
        (void)snprintf(disk->areas[0].node, DISK_NODE_SIZE, "/dev/nvme%zun1", i);
        (void)snprintf(disk->identity.serial, TEXT_FIELD_SIZE, "S%zu", i);
        refusals_add(refusals, disk, DISPOSITION_REFUSED, reason);
        disk_free(disk);
    }
}

static void expect_printed(const struct refusals *refusals, const char *expected) {
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    refusals_print(refusals, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

/* What sixty disks have in common is said once, and what only a few have is said of each. */
static void test_many_refusals_of_one_reason(void **state) {
    (void)state;
    struct refusals *refusals = refusals_new();
    expect_printed(refusals, "");
    refuse_disks(refusals, 3, "in use: sda1");
    expect_printed(refusals, "/dev/nvme0n1   S0                   refused: in use: sda1\n"
                             "/dev/nvme1n1   S1                   refused: in use: sda1\n"
                             "/dev/nvme2n1   S2                   refused: in use: sda1\n");
    refuse_disks(refusals, 59, "no good order: it has expired");
    refuse_disks(refusals, 1, "in use: sda1");
    refuse_disks(refusals, 1, "no good order: it has expired");
    expect_printed(refusals, "4 disks refused: in use: sda1\n"
                             "    /dev/nvme0n1   S0\n"
                             "    /dev/nvme1n1   S1\n"
                             "    /dev/nvme2n1   S2\n"
                             "    and 1 more; the record names them all\n"
                             "60 disks refused: no good order: it has expired\n"
                             "    /dev/nvme0n1   S0\n"
                             "    /dev/nvme1n1   S1\n"
                             "    /dev/nvme2n1   S2\n"
                             "    and 57 more; the record names them all\n");
    refusals_free(refusals);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static const struct CMUnitTest tests[] = {
    TEST(test_interrupted),
    TEST(test_stick_comes_during_the_run),
    TEST(test_stick_that_hangs),
    TEST(test_stick_that_hangs_where_nothing_is_erased),
    TEST(test_state_of_a_disk_that_cannot_be_opened),
    TEST(test_lights_are_left_alone_if_asked),
    TEST(test_no_spool_no_erase),
    TEST(test_nothing_begins_where_nothing_may),
    TEST(test_spool),
    TEST(test_spool_that_cannot_be_read),
    TEST(test_temporary_files_are_not_followed),
    cmocka_unit_test(test_console_that_takes_nothing),
    cmocka_unit_test(test_many_refusals_of_one_reason),
    cmocka_unit_test(test_waits_do_not_depend_on_the_date),
};
TEST_MAIN(tests)
