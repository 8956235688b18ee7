/* Files on the stick: whole or not at all, read back, never replaced. */
#include "quietus/deliver.h"
#include "quietus/file.h"
#include "quietus/stick.h"

#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char stick[] = "/tmp/quietus-stick-XXXXXX";
static const char text[] = "{\"a\": \"certificate\"}";

static int start(void **state) {
    (void)state;
    strcpy(stick, "/tmp/quietus-stick-XXXXXX");
    return mkdtemp(stick) ? 0 : -1;
}

static int stop(void **state) {
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", stick);
    return system(command); // NOLINT(cert-env33-c)
}

static size_t files(const char *folder) {
    char path[PATH_MAX];
    char **names;
    path_format(path, stick, "/%s", folder);
    const size_t count = folder_names(path, &names);
    folder_free_names(names, count);
    return count;
}

static void assert_holds(const char *name, const char *expected) {
    char path[PATH_MAX];
    char *data;
    size_t length;
    path_format(path, stick, "/certificates/%s", name);
    assert_int_equal(file_read(path, 1 << 22, &data, &length), 0);
    assert_string_equal(data, expected);
    free(data);
}

static void a_document_is_written_and_never_replaced(void **state) {
    (void)state;
    assert_true(stick_present(stick));
    assert_int_equal(stick_put(stick, "certificates", "a.json", text, strlen(text)), 0);
    assert_holds("a.json", text);
    assert_int_equal(stick_put(stick, "certificates", "a.json", "other", 5), -EEXIST);
    assert_holds("a.json", text);
    assert_int_equal(files("certificates"), 1); /* no temporary file is left */
}

static void without_a_stick_nothing_is_written(void **state) {
    char path[PATH_MAX];
    (void)state;
    path_format(path, stick, "/not-mounted");
    assert_false(stick_present(path));
    assert_int_equal(stick_put(path, "certificates", "a.json", text, strlen(text)), -ENODEV);
    assert_false(stick_present(path));
}

static void names_are_no_paths(void **state) {
    static const char *const bad[] = {"", ".", "..", "../a", "a/b", "/a", ".hidden"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(stick_put(stick, "logs", bad[i], text, 1), -EINVAL);
        assert_int_equal(stick_put(stick, bad[i], "a", text, 1), -EINVAL);
    }
    char long_name[PATH_MAX];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(stick_put(stick, "logs", long_name, text, 1), -ENAMETOOLONG);
    assert_int_equal(files("logs"), 0);
}

/* A file system that is full, as far as a program without one can have it: a write that stops in
 * the middle. Nothing is left under either name. */
static void a_full_stick_keeps_nothing_half(void **state) {
    const struct rlimit small = {4096, RLIM_INFINITY};
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    static char large[16384];
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const int error = stick_put(stick, "certificates", "large.json", large, sizeof large);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(error, -EFBIG);
    assert_int_equal(files("certificates"), 0);
    assert_int_equal(stick_put(stick, "certificates", "large.json", text, strlen(text)), 0);
}

/* A place that nobody can write to, not even root: no file can be made in /proc. */
static void a_stick_that_cannot_be_written_says_so(void **state) {
    (void)state;
    assert_true(stick_present("/proc"));
    assert_true(stick_writable(stick));
    assert_int_not_equal(stick_put("/proc", "certificates", "a.json", text, strlen(text)), 0);
    assert_int_not_equal(stick_put("/proc", "self", "a.json", text, strlen(text)), 0);
}

/* Killed at any moment (what a power cut is to a program), the name has the whole or nothing. */
static void killed_at_any_moment_it_is_whole_or_nothing(void **state) {
    enum { LENGTH = 2000000, ROUNDS = 12 };
    static char large[LENGTH + 1];
    (void)state;
    memset(large, 'x', LENGTH);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[32];
        char path[PATH_MAX];
        struct stat status;
        (void)snprintf(name, sizeof name, "%u.json", i);
        const pid_t child = fork();
        if (child == 0) {
            (void)stick_put(stick, "certificates", name, large, LENGTH);
            _exit(0);
        }
        const bool last = i + 1 == ROUNDS; /* is left alone */
        if (!last) {
            (void)usleep(300 * i);
            (void)kill(child, SIGKILL);
        }
        assert_int_equal(waitpid(child, NULL, 0), child);
        path_format(path, stick, "/certificates/%s", name);
        const bool there = stat(path, &status) == 0;
        assert_true(there || !last);
        if (there)
            assert_holds(name, large);
    }
}

/* On the stick it is safe, though nobody has acknowledged it; what did not get there is not. */
static void what_is_on_the_stick_is_safe(void **state) {
    const struct document first = {.file = "a.json", .text = (char *)"first"};
    const struct document second = {.file = "b.json", .text = (char *)"second"};
    char spool[PATH_MAX];
    (void)state;
    path_format(spool, stick, "/spool");
    struct reason reason = {""};
    atomic_int_fast64_t heard_ms = 0;
    assert_int_equal(spool_put(spool, &first), 0);
    assert_int_equal(spool_count_unsafe(spool), 1);
    assert_int_equal(spool_save(spool, stick, &heard_ms, &reason), 0);
    assert_holds("a.json", "first");
    assert_true(heard_ms > 0);
    assert_int_equal(spool_put(spool, &second), 0);
    assert_int_equal(spool_count(spool), 2);
    assert_int_equal(spool_count_unsafe(spool), 1);
    /* Another document of that name is there already: this one is not safe. */
    assert_int_equal(stick_put(stick, "certificates", "b.json", "other", 5), 0);
    assert_int_equal(spool_save(spool, stick, &heard_ms, &reason), 1);
    assert_non_null(strstr(reason.text, "b.json"));
    assert_int_equal(spool_count_unsafe(spool), 1);
    /* A spool that cannot be looked into may hold anything; one that is not there has none. */
    path_format(spool, stick, "/spool/a.json");
    assert_int_equal(spool_count_unsafe(spool), 1);
    path_format(spool, stick, "/none");
    assert_int_equal(spool_count_unsafe(spool), 0);
}

/* A stick that comes late gets everything, what was acknowledged before too; again is no harm. */
static void a_late_stick_gets_everything(void **state) {
    const struct document waiting = {.file = "a.json", .text = (char *)"waiting"};
    const struct document acknowledged = {.file = "b.json", .text = (char *)"acknowledged"};
    char spool[PATH_MAX];
    char path[PATH_MAX];
    struct reason reason = {""};
    (void)state;
    path_format(spool, stick, "/spool");
    path_format(path, spool, "/sent");
    assert_int_equal(spool_put(spool, &waiting), 0);
    assert_int_equal(spool_put(path, &acknowledged), 0);
    path_format(path, stick, "/not-there");
    assert_int_equal(spool_copy_to_stick(spool, path, &reason), 2);
    assert_int_equal(spool_count_unsafe(spool), 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(spool_copy_to_stick(spool, stick, &reason), 0);
        assert_int_equal(spool_count_unsafe(spool), 0);
        assert_int_equal(spool_count(spool), 1); /* nobody has acknowledged it by that */
        assert_holds("a.json", "waiting");
        assert_holds("b.json", "acknowledged");
    }
    /* Another document of that name is in its place: told, and not replaced. */
    const struct document ours = {.file = "c.json", .text = (char *)"ours"};
    assert_int_equal(spool_put(spool, &ours), 0);
    assert_int_equal(stick_put(stick, "certificates", "c.json", "theirs", 6), 0);
    assert_int_equal(spool_copy_to_stick(spool, stick, &reason), 1);
    assert_non_null(strstr(reason.text, "c.json"));
    assert_int_equal(spool_count_unsafe(spool), 1);
    assert_holds("c.json", "theirs");
}

/* The kernel's folder of a partition, sdz1, and of the stick that it is on. */
static void make_sysfs(void) {
    static const struct {
        const char *name;
        const char *value;
    } files[] = {
        {"sdz/size", "31116288"},
        {"sdz/device/vendor", "Maker\033[2J"},
        {"sdz/device/model", "Ultra           "},
        {"sdz/sdz1/partition", "1"},
        {"sdz/sdz1/size", "2048"},
    };
    char path[PATH_MAX];
    path_format(path, stick, "/sys/devices/sdz/sdz1");
    assert_int_equal(file_make_folders(path, 0700), 0);
    path_format(path, stick, "/sys/devices/sdz/device");
    assert_int_equal(file_make_folders(path, 0700), 0);
    path_format(path, stick, "/sys/class/block");
    assert_int_equal(file_make_folders(path, 0700), 0);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        path_format(path, stick, "/sys/devices/%s", files[i].name);
        assert_int_equal(file_write(path, files[i].value, strlen(files[i].value), 0600), 0);
    }
    path_format(path, stick, "/sys/class/block/sdz1");
    assert_int_equal(symlink("../../devices/sdz/sdz1", path), 0);
}

/* A person knows a stick by its maker and size; two of one kind differ in their volumes. */
static void assert_named(const char *path) {
    char name[STICK_NAME_SIZE];
    char expected[STICK_NAME_SIZE];
    assert_true(stick_is_on("", path, name));
    (void)snprintf(expected, sizeof expected, "%s (volume 1A2B-3C4D)", path);
    assert_string_equal(name, expected);
    make_sysfs();
    assert_true(stick_is_on(stick, path, name));
    (void)snprintf(expected, sizeof expected, "%s (Maker\\x1b[2J Ultra, 15.9 GB, volume 1A2B-3C4D)",
                   path);
    assert_string_equal(name, expected);
}

static void only_a_stick_is_a_stick(void **state) {
    char path[PATH_MAX];
    char name[STICK_NAME_SIZE];
    static uint8_t image[1 << 17];
    (void)state;
    /* The fields of a FAT12 boot sector that libblkid looks at, and the root folder's label, which
     * counts (Microsoft, FAT specification 1.03). */
    static const struct {
        size_t at;
        const char *bytes;
        size_t length;
    } fields[] = {
        {0, "\xeb\x3c\x90", 3},           {11, "\x00\x02\x04\x01\x00\x01\x10\x00", 8},
        {19, "\x00\x01\xf8\x01\x00", 5},  {38, "\x29\x4d\x3c\x2b\x1a", 5},
        {43, "NO NAME    FAT12   ", 19},  {1024, "QUIETUS    \x08", 12},
        {510, "\x55\xaa\xf8\xff\xff", 5},
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        memcpy(image + fields[i].at, fields[i].bytes, fields[i].length);
    path_format(path, stick, "/sdz1");
    assert_int_equal(file_write(path, image, sizeof image, 0600), 0);
    assert_named(path);
    memcpy(image + 1024, "QUIETUS2   ", 11);
    assert_int_equal(file_write(path, image, sizeof image, 0600), 0);
    assert_false(stick_is_on("", path, name));
    assert_false(stick_is_on("", stick, name));
    assert_false(stick_is_on("", "/dev/null", name));
    path_format(path, stick, "/none");
    assert_false(stick_is_on("", path, name));
    assert_string_equal(name, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_on_the_stick_is_safe, start, stop),
    cmocka_unit_test_setup_teardown(a_late_stick_gets_everything, start, stop),
    cmocka_unit_test_setup_teardown(only_a_stick_is_a_stick, start, stop),
    cmocka_unit_test_setup_teardown(a_document_is_written_and_never_replaced, start, stop),
    cmocka_unit_test_setup_teardown(without_a_stick_nothing_is_written, start, stop),
    cmocka_unit_test_setup_teardown(names_are_no_paths, start, stop),
    cmocka_unit_test_setup_teardown(a_full_stick_keeps_nothing_half, start, stop),
    cmocka_unit_test_setup_teardown(a_stick_that_cannot_be_written_says_so, start, stop),
    cmocka_unit_test_setup_teardown(killed_at_any_moment_it_is_whole_or_nothing, start, stop),
};
TEST_MAIN(tests)
