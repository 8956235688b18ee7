/* Thawing: what is written where, on a saved tree of /sys, and what is not done without need. */
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/thaw.h"

#include "test.h"

#include <errno.h>
#include <ftw.h>
#include <unistd.h>

static int64_t test_now(void) {
    return 0;
}

static void test_sleep(int64_t milliseconds) {
    (void)milliseconds;
}

static const struct clock_source test_clock = {test_now, test_sleep};

static char root[] = "/tmp/quietus-thaw-XXXXXX";

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at) {
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static void put(const char *folder, const char *name, const char *text) {
    char path[PATH_MAX];
    path_format(path, root, "%s", folder);
    assert_int_equal(file_make_folders(path, 0700), 0);
    path_format(path, root, "%s/%s", folder, name);
    assert_int_equal(file_write(path, text, strlen(text), 0600), 0);
}

static void expect(const char *file, const char *text) {
    char path[PATH_MAX];
    char line[64];
    path_format(path, root, "%s", file);
    assert_int_equal(file_read_line(path, line, sizeof line), 0);
    assert_string_equal(line, text);
}

static void begin(void) {
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(root));
    clock_use(&test_clock);
    put("/sys/power", "state", "freeze mem disk");
    put("/sys/power", "mem_sleep", "[s2idle] deep");
    put("/sys/class/rtc/rtc0", "wakealarm", "");
    put("/sys/class/scsi_host/host2", "scan", "");
    put("/sys/class/scsi_host/host3", "scan", "");
    put("/sys/class/scsi_host/host4", "scan", "");
}

static void end(void) {
    (void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct disk *ata_disk(const char *serial, const char *address, bool frozen) {
    struct disk *disk = disk_new();
    disk->has_ata = true;
    disk->ata.security.frozen = frozen;
    text_copy(disk->identity.serial, sizeof disk->identity.serial, serial);
    text_copy(disk->paths[0].address, sizeof disk->paths[0].address, address);
    disk->path_count = 1;
    return disk;
}

static void test_names(void **state) {
    (void)state;
    enum thaw how = THAW_NO;
    assert_int_equal(thaw_parse("s3", &how), 0);
    assert_int_equal(how, THAW_SUSPEND);
    assert_int_equal(thaw_parse("port-reset", &how), 0);
    assert_int_equal(how, THAW_PORT_RESET);
    assert_int_equal(thaw_parse("", &how), -EINVAL);
    assert_int_equal(thaw_parse("s4", &how), -EINVAL);
}

static void test_suspend(void **state) {
    (void)state;
    struct reason reason = {""};
    const struct scan none = {0};
    begin();
    assert_int_equal(thaw_run(THAW_SUSPEND, root, &none, NULL, &reason), 0);
    expect("/sys/power/mem_sleep", "deepdle] deep"); /* a plain file keeps what is behind */
    expect("/sys/power/state", "memeze mem disk");
    expect("/sys/class/rtc/rtc0/wakealarm", "010"); /* "+10", and then off again: "0" */
    expect("/sys/class/scsi_host/host2/scan", "");
    end();
}

/* No S3, or no alarm that would wake it: it is not suspended. */
static void test_no_suspend_without_a_way_back(void **state) {
    (void)state;
    static const struct {
        const char *folder, *name, *text, *says;
    } rows[] = {
        {"/sys/power", "state", "freeze disk", "no suspend"},
        {"/sys/power", "mem_sleep", "[s2idle]", "no suspend"},
        {"/sys/class/rtc/rtc0", "wakealarm", NULL, "alarm"},
    };
    const struct scan none = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reason reason = {""};
        char path[PATH_MAX];
        begin();
        if (rows[i].text)
            put(rows[i].folder, rows[i].name, rows[i].text);
        path_format(path, root, "%s/%s", rows[i].folder, rows[i].name);
        if (!rows[i].text)
            assert_int_equal(remove(path), 0);
        assert_int_not_equal(thaw_run(THAW_SUSPEND, root, &none, NULL, &reason), 0);
        assert_non_null(strstr(reason.text, rows[i].says));
        if (i > 0)
            expect("/sys/power/state", "freeze mem disk");
        end();
    }
}

/* Of those that are to be erased; and not on a port that leads to another disk as well. */
static void test_port_reset_of_frozen_disks_alone(void **state) {
    (void)state;
    struct reason reason = {""};
    struct disk *disks[] = {ata_disk("A", "2:0:0:0", true), ata_disk("B", "2:0:1:0", true),
                            ata_disk("C", "3:0:0:0", false), ata_disk("D", "4:0:0:0", true)};
    struct scan scan = {.disks = disks, .disk_count = COUNT_OF(disks)};
    bool to_erase[] = {true, true, true, false};
    begin();
    assert_int_equal(thaw_wanted(&scan, NULL), 3);
    assert_int_equal(thaw_wanted(&scan, to_erase), 2);
    assert_int_equal(thaw_run(THAW_PORT_RESET, root, &scan, to_erase, &reason), 0);
    expect("/sys/class/scsi_host/host2/scan", "- - -");
    expect("/sys/class/scsi_host/host3/scan", "");
    expect("/sys/class/scsi_host/host4/scan", "");
    expect("/sys/power/state", "freeze mem disk");
    put("/sys/class/scsi_host/host2", "scan", "");
    to_erase[1] = false;
    to_erase[3] = true;
    assert_int_equal(thaw_run(THAW_PORT_RESET, root, &scan, to_erase, &reason), -EBUSY);
    assert_non_null(strstr(reason.text, "host2 has a disk"));
    expect("/sys/class/scsi_host/host2/scan", "");
    expect("/sys/class/scsi_host/host4/scan", "- - -");
    to_erase[1] = true;
    text_copy(disks[0]->paths[0].address, sizeof disks[0]->paths[0].address, "9:0:0:0");
    assert_int_equal(thaw_run(THAW_PORT_RESET, root, &scan, to_erase, &reason), -ENOENT);
    assert_non_null(strstr(reason.text, "host9"));
    end();
    for (size_t i = 0; i < COUNT_OF(disks); i++)
        disk_free(disks[i]);
}

/* A drive that would lock without power keeps the machine awake, whether it is to be erased or not.
 */
static void test_no_suspend_that_would_lock(void **state) {
    (void)state;
    struct disk *disk = ata_disk("A", "2:0:0:0", true);
    struct scan scan = {.disks = &disk, .disk_count = 1};
    const bool to_erase[] = {false};
    for (unsigned i = 0; i < 7; i++) {
        struct reason reason = {""};
        const bool refused = i < 3;
        disk->ata.security.enabled = i == 0 || i == 3;
        disk->ata.security.locked = i == 3; /* already */
        disk->tcg.known = i == 1 || i == 4;
        disk->tcg.locking_enabled = i == 1;
        disk->tcg_unknown = i == 2;
        disk->bus = i == 6 ? BUS_ISCSI : BUS_SATA; /* has its power elsewhere */
        disk->tcg_unknown = disk->tcg_unknown || i == 6;
        begin();
        assert_int_equal(thaw_run(THAW_SUSPEND, root, &scan, to_erase, &reason),
                         refused ? -EPERM : 0);
        expect("/sys/power/state", refused ? "freeze mem disk" : "memeze mem disk");
        assert_true((strstr(reason.text, "A (") != NULL) == refused);
        end();
    }
    disk_free(disk);
}

static const char *last_finding(const struct disk *disk) {
    return json_string_value(json_array_get(disk->findings, json_array_size(disk->findings) - 1));
}

static void test_what_came_of_it(void **state) {
    (void)state;
    struct disk *before_disks[] = {ata_disk("A", "", true), ata_disk("B", "", true),
                                   ata_disk("C", "", false)};
    struct disk *after_disks[] = {ata_disk("C", "", false), ata_disk("B", "", true),
                                  ata_disk("A", "", false)};
    const struct scan before = {.disks = before_disks, .disk_count = 3};
    struct scan after = {.disks = after_disks, .disk_count = 3};
    struct reason problem = {""};
    thaw_note(THAW_SUSPEND, &before, &problem, &after);
    assert_int_equal(json_array_size(after_disks[0]->findings), 0);
    assert_non_null(strstr(last_finding(after_disks[1]), "still is after a suspend"));
    assert_non_null(strstr(last_finding(after_disks[2]), "is so no more after a suspend"));
    reason_set(&problem, "no way");
    thaw_note(THAW_PORT_RESET, &before, &problem, &after);
    assert_non_null(strstr(last_finding(after_disks[1]), "a reset of its port: no way"));
    for (size_t i = 0; i < 3; i++) {
        disk_free(before_disks[i]);
        disk_free(after_disks[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_names),
    cmocka_unit_test(test_suspend),
    cmocka_unit_test(test_no_suspend_without_a_way_back),
    cmocka_unit_test(test_no_suspend_that_would_lock),
    cmocka_unit_test(test_port_reset_of_frozen_disks_alone),
    cmocka_unit_test(test_what_came_of_it),
};
TEST_MAIN(tests)
