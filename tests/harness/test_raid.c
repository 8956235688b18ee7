/* Whole erases through the models of megaraid_sas and hpsa, and the scan of such a controller. */
#include "quietus/json.h"
#include "quietus/keys.h"

#include "../../agent/scan/internal.h"
#include "../unit/scanned.h"
#include "../unit/test.h"
#include "description.h"
#include "raid_model.h"
#include "trial.h"

#include <errno.h>
#include <unistd.h>

#define SAS "family = scsi\nsize = 4M\nspare = 1M\nplant = QPLANT every=2 stale=10 remapped=3\n"
#define SATA                                                                                       \
    "family = ata\nsize = 4M\nspare = 1M\nfeatures = security enhanced\nencrypts = no\n"           \
    "plant = QPLANT every=2 stale=10 remapped=3\n"

static const enum model_path paths[] = {MODEL_MEGARAID, MODEL_CCISS};

/* Erases it; whatever the end, it has to be true. psid: that the operator gives, or NULL. */
static struct trial_result erase_with(enum model_path path, const char *description,
                                      const struct raid_faults *faults, const char *psid) {
    char folder[] = "/tmp/quietus-raid-XXXXXX";
    char problem[512] = "";
    bool unseen;
    struct trial_result result;
    assert_non_null(mkdtemp(folder));
    struct disk_secrets secrets = {0};
    if (psid) {
        secrets.of[SECRET_PSID].given = true;
        memcpy(secrets.of[SECRET_PSID].bytes, psid, strlen(psid));
    }
    struct trial trial = {.folder = folder,
                          .description = description,
                          .path = path,
                          .faults = faults,
                          .secrets = psid ? &secrets : NULL};
    policy_default(&trial.policy);
    keys_start();
    const bool done = trial_run(&trial, &result, problem, sizeof problem);
    trial_clean(folder);
    if (!done)
        fail_msg("%s", problem);
    const char *wrong = trial_verdict(&result, &unseen);
    if (wrong)
        fail_msg("%s (%s)\n%s\n%s%s", wrong, result.packet, description, result.reason,
                 result.attempts);
    return result;
}

static struct trial_result erase(enum model_path path, const char *description,
                                 const struct raid_faults *faults) {
    return erase_with(path, description, faults, NULL);
}

static void expect_erased(const struct trial_result *result, enum category claimed,
                          const char *method) {
    if (result->outcome != DISPOSITION_ERASED)
        fail_msg("%s: %s\n%s", disposition_name(result->outcome), result->reason, result->attempts);
    assert_int_equal(result->claimed, claimed);
    assert_string_equal(result->method, method);
    assert_int_equal(result->visible, 0);
    if (claimed == CATEGORY_PURGE)
        assert_int_equal(result->recoverable, 0);
}

static void test_sas_is_erased_by_its_firmware(void **state) {
    (void)state;
    static const char *const sectors[] = {"sector = 512\n", "sector = 520\n", "sector = 4096\n"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        for (size_t k = 0; k < COUNT_OF(sectors); k++) {
            char description[512];
            (void)snprintf(description, sizeof description, SAS "%s", sectors[k]);
            const struct trial_result result = erase(paths[i], description, NULL);
            expect_erased(&result, CATEGORY_PURGE, "scsi-sanitize-crypto-block");
        }
    }
}

static void test_sas_is_overwritten(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct trial_result result = erase(paths[i], SAS "sanitize = none\nsector = 528\n", NULL);
        expect_erased(&result, CATEGORY_CLEAR, "overwrite");
        assert_true(raid_model_flushes() > 0);
        result = erase(paths[i], SAS "sanitize = none\nvisible = 2M\n", NULL); /* and all of it */
        expect_erased(&result, CATEGORY_CLEAR, "overwrite");
    }
}

/* Behind a controller locked ranges are seen as elsewhere, where it passes security commands on. */
static void test_locked_ranges(void **state) {
    (void)state;
    static const char psid[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    static const struct raid_faults deaf = {.kind = RAID_FAULT_NO_SECURITY};
    static const char not_known[] = "locked by TCG security could not be found out";
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct trial_result result = erase(paths[i], SAS "tcg = opal2 locked\n", NULL);
        assert_int_equal(result.outcome, DISPOSITION_FAILED);
        result = erase(paths[i], SAS "tcg = opal2 shadow\nsanitize = block\n", NULL);
        assert_int_equal(result.outcome, DISPOSITION_UNKNOWN);
        result = erase(paths[i], SAS "tcg = enterprise\n", NULL);
        expect_erased(&result, CATEGORY_PURGE, "scsi-sanitize-crypto-block");
        assert_null(strstr(result.exceptions, not_known));
        result = erase(paths[i], SAS "tcg = enterprise\n", &deaf);
        expect_erased(&result, CATEGORY_PURGE, "scsi-sanitize-crypto-block");
        assert_non_null(strstr(result.exceptions, not_known));
        result = erase_with(paths[i],
                            SAS "tcg = enterprise locked psid=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "012345\n",
                            NULL, psid);
        expect_erased(&result, CATEGORY_PURGE, "scsi-sanitize-crypto-block");
    }
}

/* The drive could sanitize; nobody could tell whether it did. */
static void test_sata_is_overwritten_alone(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct trial_result result = erase(paths[i], SATA, NULL);
        expect_erased(&result, CATEGORY_CLEAR, "overwrite");
    }
}

/* A native size that only registers tell is not known, and nothing is claimed. */
static void test_sata_that_may_hide_capacity(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct trial_result result =
            erase(paths[i], SATA "features = security hpa\nhpa = 3M\n", NULL);
        assert_int_equal(result.outcome, DISPOSITION_UNKNOWN);
        assert_true(result.visible + result.recoverable > 0);
    }
}

static void test_drives_that_misbehave(void **state) {
    (void)state;
    static const struct {
        const char *lines;
        enum disposition end;
    } rows[] = {
        {SAS "misbehave = lie scsi-sanitize-crypto\nmisbehave = lie scsi-sanitize-block\n"
             "misbehave = lie scsi-sanitize-overwrite\nmisbehave = lie overwrite\n"
             "misbehave = lie scsi-format\n",
         DISPOSITION_FAILED},
        {SAS "misbehave = lie scsi-sanitize-block\nsanitize = block\n", DISPOSITION_ERASED},
        {SAS "misbehave = gone scsi-sanitize-block at=30%\nsanitize = block\n",
         DISPOSITION_UNKNOWN},
        {SAS "misbehave = return scsi-sanitize-block at=30% after=20s as=OTHER1\n"
             "sanitize = block\n",
         DISPOSITION_FAILED},
        {SAS "misbehave = return scsi-sanitize-block at=30% after=20s\nsanitize = block\n",
         DISPOSITION_ERASED},
        {SAS "misbehave = write-ignored\nsanitize = none\n", DISPOSITION_UNKNOWN},
        {SAS "misbehave = unit-attention every\n", DISPOSITION_ERASED},
        {SAS "misbehave = sense descriptor\n", DISPOSITION_ERASED},
        {SATA "misbehave = write-ignored\n", DISPOSITION_FAILED},
        {SATA "misbehave = write-error from=100 to=120\n", DISPOSITION_FAILED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t k = 0; k < COUNT_OF(paths); k++) {
            const struct trial_result result = erase(paths[k], rows[i].lines, NULL);
            if (result.outcome != rows[i].end)
                fail_msg("%s\n%s, not %s: %s\n%s", rows[i].lines, disposition_name(result.outcome),
                         disposition_name(rows[i].end), result.reason, result.attempts);
        }
    }
}

/* What goes wrong between host and drive: the end is true, and where nothing arrives any more it is
 * not "erased". */
static void test_controllers_that_misbehave(void **state) {
    (void)state;
    static const unsigned firsts[] = {1, 8, 30, 100};
    static const unsigned periods[] = {0, 1, 5};
    for (int kind = RAID_FAULT_MISSING; kind <= RAID_FAULT_FIRMWARE; kind++) {
        for (size_t i = 0; i < COUNT_OF(firsts) * COUNT_OF(periods); i++) {
            const struct raid_faults faults = {
                .kind = (enum raid_fault_kind)kind,
                .first = firsts[i / COUNT_OF(periods)],
                .every = periods[i % COUNT_OF(periods)],
            };
            const struct trial_result result = erase(paths[i % 2], i % 4 < 2 ? SAS : SATA, &faults);
            if (faults.every == 1 && kind != RAID_FAULT_SHORT_SENSE)
                assert_int_not_equal(result.outcome, DISPOSITION_ERASED);
        }
    }
}

/* A read that comes short and says nothing of it is tried again, and is whole then. */
static void test_short_reads_are_seen(void **state) {
    (void)state;
    const struct raid_faults faults = {.kind = RAID_FAULT_SHORT_DMA, .first = 130};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct trial_result result = erase(paths[i], SAS "sanitize = none\n", &faults);
        expect_erased(&result, CATEGORY_CLEAR, "overwrite");
        assert_int_equal(raid_model_short_reads(), 1);
    }
}

/* Once the erase has begun nothing is read any more, and all is said to be well: that is not taken
 * for an empty disk, least of all where the drive has lied. */
static void test_reads_that_bring_nothing(void **state) {
    (void)state;
    const char lies[] = SAS "sanitize = block\nmisbehave = lie scsi-sanitize-block\n"
                            "misbehave = lie scsi-format\n";
    const struct raid_faults faults = {
        .kind = RAID_FAULT_SHORT_READ, .first = 1, .every = 1, .after = SCSI_SANITIZE};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct trial_result result = erase(paths[i], lies, &faults);
        assert_int_not_equal(result.outcome, DISPOSITION_ERASED);
        assert_true(raid_model_short_reads() > 1);
    }
}

/* --- the scan --- */

static struct model model;
static char folder[64];

static int begin(void **state) {
    (void)state;
    char text[1024];
    char problem[512];
    strcpy(folder, "/tmp/quietus-raid-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(text, sizeof text, "[drive one]\n%s", SAS "serial = RAIDED1\n");
    struct description *description = description_parse(text, folder, problem, sizeof problem);
    assert_non_null(description);
    model_use_clock();
    model = (struct model){.path = MODEL_MEGARAID};
    model.drive = drive_open(&description->drives[0], problem, sizeof problem);
    free(description);
    raid_model_use(&model, NULL);
    return model.drive ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    raid_model_use(NULL, NULL);
    drive_close(model.drive);
    trial_clean(folder);
    return 0;
}

static void test_a_member_has_its_line(void **state) {
    (void)state;
    struct disk *disk = raid_model_scan(RAID_MEGARAID);
    assert_non_null(disk);
    assert_string_equal(disk_node(disk), "megaraid3/12");
    assert_string_equal(disk->identity.serial, "RAIDED1");
    assert_int_equal(disk->bus, BUS_SAS);
    assert_int_equal(disk->identity.capacity, 4 << 20);
    assert_int_equal(disk->area_count, 1);
    assert_int_equal(disk->raid.role, RAID_MEMBER);
    assert_true(any_has(disk->findings, "enclosure 32 slot 4), which has it as: online"));
    assert_true(any_has(disk->findings, "breaks the volume"));
    json_t *object = disk_json(disk);
    const json_t *raid = json_object_get(object, "raid");
    assert_string_equal(json_text(raid, "role"), "member");
    assert_string_equal(json_text(raid, "state"), "online");
    assert_int_equal(json_count(raid, "slot"), 4);
    json_decref(object);
    disk_free(disk);

    raid_model_set_state(0, 0);
    disk = raid_model_scan(RAID_MEGARAID);
    assert_int_equal(disk->raid.role, RAID_SPARE);
    assert_false(any_has(disk->findings, "breaks the volume"));
    disk_free(disk);

    disk = raid_model_scan(RAID_CCISS);
    assert_string_equal(disk_node(disk), "cciss3/000000c000000401");
    assert_int_equal(disk->raid.role, RAID_MEMBER);
    assert_string_equal(disk->identity.serial, "RAIDED1");
    disk_free(disk);
    assert_string_equal(raid_model_wrong(), "");
}

/* Seen directly too: one disk, if it is the same host's and everything agrees. */
static void test_one_disk_seen_twice(void **state) {
    (void)state;
    raid_model_set_state(0x40, 0);
    struct disk *behind = raid_model_scan(RAID_MEGARAID);
    struct disk *direct = disk_new();
    direct->identity = behind->identity;
    direct->path_count = 1;
    strcpy(direct->paths[0].address, "3:0:12:0");
    assert_true(raid_is_same(direct, behind));
    strcpy(direct->paths[0].address, "2:0:12:0");
    assert_false(raid_is_same(direct, behind));
    strcpy(direct->paths[0].address, "3:0:12:0");
    behind->raid.role = RAID_MEMBER; /* whatever the controller says: it has a WWN */
    assert_true(raid_is_same(direct, behind));
    direct->raid.role = RAID_VOLUME; /* of one disk, with that disk's names */
    assert_false(raid_is_same(direct, behind));
    direct->raid.role = RAID_ROLE_NONE;
    direct->identity.wwn[0] = behind->identity.wwn[0] = '\0';
    assert_false(raid_is_same(direct, behind));
    behind->raid.role = RAID_EXPOSED;
    assert_true(raid_is_same(direct, behind));
    direct->identity.capacity++;
    assert_false(raid_is_same(direct, behind));
    direct->identity = behind->identity;
    direct->identity.serial[0] = behind->identity.serial[0] = '\0';
    assert_false(raid_is_same(direct, behind));
    disk_free(direct);
    disk_free(behind);
}

static void shell(const char *command) {
    char line[1024];
    (void)snprintf(line, sizeof line, "cd %s && %s", folder, command);
    if (system(line) != 0) // NOLINT(cert-env33-c)
        fail_msg("%s", line);
}

static void free_scan(struct scan *scan) {
    scan_free(scan);
    scan->findings = json_new_array();
}

static void test_controllers_in_the_tree(void **state) {
    (void)state;
    struct scan scan = {.findings = json_new_array()};
    shell("mkdir -p sys/class/scsi_host/host3 sys/class/scsi_host/host4 "
          "sys/class/scsi_device/3:3:0:0/device/scsi_generic/sg5 "
          "sys/class/scsi_device/3:1:0:0/device/scsi_generic/sg6 "
          "sys/class/scsi_device/4:0:0:0/device/scsi_generic/sg7 "
          "sys/class/scsi_device/3:1:0:0/device/block/sda sys/class/block/sda && "
          "echo hpsa > sys/class/scsi_host/host3/proc_name; "
          "echo ahci > sys/class/scsi_host/host4/proc_name; "
          "for d in 3:1:0:0 4:0:0:0; do echo 0 > sys/class/scsi_device/$d/device/type; done; "
          "echo 12 > sys/class/scsi_device/3:3:0:0/device/type; "
          "echo RAID 1 > sys/class/scsi_device/3:1:0:0/device/raid_level");
    scan_find_scsi(folder, &scan);
    scan_find_raid(folder, true, &scan);
    assert_int_equal(json_array_size(scan.findings), 0);
    assert_int_equal(scan.disk_count, 4); /* a volume, a disk, and what the list has */
    assert_int_equal(scan.disks[0]->raid.role, RAID_VOLUME);
    assert_int_equal(scan.disks[1]->raid.role, RAID_ROLE_NONE);
    assert_string_equal(scan.disks[2]->raid.address.node, "/dev/sg5"); /* the controller's own */
    assert_string_equal(scan.disks[2]->paths[0].node, "cciss3/000000c000000401");
    interrogate(scan.disks[3]);
    assert_true(scan.disks[3]->raid.not_a_disk);
    free_scan(&scan);

    /* Where it cannot be asked: never silence. */
    scan_find_raid(folder, false, &scan);
    assert_true(any_has(scan.findings, "hpsa, SCSI host 3"));
    free_scan(&scan);
    const struct raid_faults faults = {.kind = RAID_FAULT_DRIVER, .first = 1, .every = 1};
    raid_model_use(&model, &faults);
    scan_find_raid(folder, true, &scan);
    assert_true(any_has(scan.findings, "could not be listed"));
    assert_true(any_has(scan.findings, "HBA or JBOD mode"));
    free_scan(&scan);
    shell("echo megaraid_sas > sys/class/scsi_host/host4/proc_name; "
          "echo nobody > sys/class/scsi_host/host3/proc_name");
    scan_find_raid(folder, true, &scan); /* there is no such driver here, nor a node */
    assert_true(any_has(scan.findings, "megaraid_sas, SCSI host 4"));
    scan_free(&scan);
}

/* A disk that is gone from where it was and still behind its controller. */
static void test_found_again_behind_its_controller(void **state) {
    (void)state;
    struct device *device = NULL;
    shell(
        "mkdir -p sys/class/scsi_host/host3 sys/class/scsi_device/3:3:0:0/device/scsi_generic/sg5 "
        "&& echo hpsa > sys/class/scsi_host/host3/proc_name");
    struct disk *disk = raid_model_scan(RAID_CCISS);
    assert_int_equal(scan_find_again_below(folder, disk, &device), 0);
    assert_int_equal(device_area_count(device), 1);
    assert_int_equal(device_area(device, 0)->lba_count, disk->areas[0].lba_count);
    uint8_t sector[512];
    assert_int_equal(device_read(device, 0, 0, sector, sizeof sector), 0);
    device_close(device);
    strcpy(disk->identity.serial, "ANOTHER");
    assert_int_equal(scan_find_again_below(folder, disk, &device), -ENODEV);
    disk_free(disk);
}

#define WITH_DRIVE(test) cmocka_unit_test_setup_teardown(test, begin, end)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sas_is_erased_by_its_firmware),
    cmocka_unit_test(test_sas_is_overwritten),
    cmocka_unit_test(test_locked_ranges),
    cmocka_unit_test(test_sata_is_overwritten_alone),
    cmocka_unit_test(test_sata_that_may_hide_capacity),
    cmocka_unit_test(test_drives_that_misbehave),
    cmocka_unit_test(test_controllers_that_misbehave),
    cmocka_unit_test(test_short_reads_are_seen),
    cmocka_unit_test(test_reads_that_bring_nothing),
    WITH_DRIVE(test_a_member_has_its_line),
    WITH_DRIVE(test_one_disk_seen_twice),
    WITH_DRIVE(test_controllers_in_the_tree),
    WITH_DRIVE(test_found_again_behind_its_controller),
};
TEST_MAIN(tests)
