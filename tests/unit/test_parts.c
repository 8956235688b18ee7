/* Disks that are several logical units: what is taken for one, and that one part's end is not the
 * disk's. */
#include "quietus/authorize.h"
#include "quietus/json.h"
#include "quietus/plan.h"
#include "quietus/run.h"

#include "../../agent/authorize/internal.h"
#include "../../agent/scan/internal.h"
#include "test.h"

#include <errno.h>
#include <unistd.h>

static struct disk *unit(const char *wwn, const char *serial, const char *device,
                         const char *address) {
    struct disk *disk = disk_new();
    disk->bus = BUS_SAS;
    disk->commands = COMMANDS_SCSI;
    text_copy(disk->identity.model, TEXT_FIELD_SIZE, "MODEL");
    text_copy(disk->identity.wwn, TEXT_FIELD_SIZE, wwn);
    text_copy(disk->identity.serial, TEXT_FIELD_SIZE, serial);
    text_copy(disk->target_device, TEXT_FIELD_SIZE, device);
    text_copy(disk->paths[0].address, DISK_NODE_SIZE, address);
    (void)snprintf(disk->areas[0].node, DISK_NODE_SIZE, "/dev/%s", wwn);
    disk->identity.capacity = 1 << 20;
    disk->areas[0].lba_size = 512;
    disk->areas[0].lba_count = 2048;
    disk->area_count = 1;
    disk->path_count = 1;
    disk->content_known = true;
    return disk;
}

static struct scan scan_of(struct disk *one, struct disk *other) {
    struct scan scan = {.disks = calloc(2, sizeof(struct disk *)), .disk_count = 2};
    scan.findings = json_new_array();
    scan.disks[0] = one;
    scan.disks[1] = other;
    return scan;
}

/* Unit 1 found before unit 0. */
static struct scan dual(void) {
    struct scan scan =
        scan_of(unit("naa.b", "S", "naa.t", "0:0:4:1"), unit("naa.a", "S", "naa.t", "0:0:4:0"));
    scan_join_parts(&scan);
    assert_int_equal(scan.disk_count, 1);
    return scan;
}

/* Only where everything says so. */
static void test_what_is_one_device(void **state) {
    (void)state;
    static const struct {
        const char *wwn[2];
        const char *serial[2];
        const char *device[2];
        const char *address[2];
        enum disk_bus bus;
        size_t disks;
        unsigned noted; /* as units of one device that are no parts */
    } cases[] = {
        {{"naa.a", "naa.b"}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 1, 0},
        /* volumes of an array */
        {{"naa.a", "naa.b"}, {"S", "T"}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 2},
        /* equal names by accident */
        {{"naa.a", "naa.b"}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:5:0"}, BUS_SAS, 2, 2},
        {{"naa.a", "naa.b"}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:41:0"}, BUS_SAS, 2, 2},
        {{"naa.a", "naa.a"}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 0},
        /* names that are empty */
        {{"", "naa.b"}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 2},
        {{"naa.a", ""}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 2},
        {{"naa.a", "naa.b"}, {"", ""}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 2},
        {{"naa.a", "naa.b"}, {"S", "S"}, {"", ""}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 0},
        {{"naa.a", "naa.b"}, {"S", "S"}, {"t", "u"}, {"0:0:4:0", "0:0:4:1"}, BUS_SAS, 2, 0},
        {{"naa.a", "naa.b"}, {"S", "S"}, {"t", "t"}, {"", ""}, BUS_SAS, 2, 2},
        {{"naa.a", "naa.b"}, {"S", "S"}, {"t", "t"}, {"0:0:4:0", "0:0:4:1"}, BUS_SCSI, 2, 2},
        {{"naa.a", "naa.b"},
         {"S", "S"},
         {"t", "t"},
         {"0:0:4:0", "0:0:4:1"},
         BUS_FIBRE_CHANNEL,
         2,
         0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct disk *both[2];
        for (unsigned k = 0; k < 2; k++) {
            both[k] =
                unit(cases[i].wwn[k], cases[i].serial[k], cases[i].device[k], cases[i].address[k]);
            both[k]->bus = cases[i].bus;
        }
        struct scan scan = scan_of(both[0], both[1]);
        scan_join_parts(&scan);
        scan_note_units(&scan);
        if (scan.disk_count != cases[i].disks)
            fail_msg("case %zu: %zu disks", i, scan.disk_count);
        for (size_t k = 0; k < scan.disk_count; k++)
            assert_int_equal(scan.disks[k]->units, cases[i].noted);
        scan_free(&scan);
    }
}

/* Units that may not be taken for parts have certificates that say so. */
static void test_units_that_are_no_parts(void **state) {
    (void)state;
    struct scan scan =
        scan_of(unit("naa.a", "S", "naa.t", "0:0:4:0"), unit("naa.b", "T", "naa.t", "0:0:4:1"));
    scan_join_parts(&scan);
    scan_note_units(&scan);
    for (size_t i = 0; i < 2; i++) {
        json_t *exceptions = plan_exceptions(scan.disks[i], method_find("scsi-sanitize-block"));
        assert_int_equal(json_array_size(scan.disks[i]->findings), 1);
        assert_int_equal(json_array_size(exceptions), 2);
        json_decref(exceptions);
    }
    scan_free(&scan);
}

/* One of two actuators has not come up: the certificate of the other one says so. */
static void test_units_that_are_not_there(void **state) {
    (void)state;
    static const struct {
        unsigned reported[2];
        unsigned disks; /* 1: the second is not there */
        unsigned missing;
    } cases[] = {{{2}, 1, 1}, {{1}, 1, 0}, {{0}, 1, 0}, {{2, 2}, 2, 0}, {{0, 3}, 2, 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct disk *other = unit("naa.b", "S", "naa.t", "0:0:4:1");
        struct scan scan = scan_of(unit("naa.a", "S", "naa.t", "0:0:4:0"), other);
        scan.disks[0]->units_reported = cases[i].reported[0];
        other->units_reported = cases[i].reported[1];
        if (cases[i].disks == 1) {
            disk_free(other);
            scan.disk_count = 1;
        }
        scan_join_parts(&scan);
        scan_note_units(&scan);
        assert_int_equal(scan.disk_count, 1);
        const struct disk *disk = scan.disks[0];
        const struct disk *erased = disk->part_count > 0 ? disk->parts[1] : disk;
        json_t *exceptions = plan_exceptions(erased, method_find("scsi-sanitize-block"));
        const size_t count = json_array_size(exceptions);
        const char *last = json_string_value(json_array_get(exceptions, count - 1));
        if (disk->units_missing != cases[i].missing ||
            (strstr(last, "were not there") != NULL) != (cases[i].missing > 0))
            fail_msg("case %zu: %u missing; %s", i, disk->units_missing, last);
        json_decref(exceptions);
        scan_free(&scan);
    }
}

static void test_the_whole(void **state) {
    (void)state;
    struct disk *one = unit("naa.b", "S", "naa.t", "0:0:4:1");
    struct disk *other = unit("naa.a", "S", "naa.t", "0:0:4:0");
    one->in_use = true;
    one->scsi_sanitize_block = SCSI_SUPPORTED;
    one->scsi_sanitize_crypto = other->scsi_sanitize_crypto = SCSI_SUPPORTED;
    one->health.state = HEALTH_FAILING;
    other->health.state = HEALTH_GOOD;
    json_add_text(one->content_ids, "b");
    json_add_text(other->content_ids, "a");
    json_add_text(other->content_ids, "c");
    struct scan scan = scan_of(one, other);
    scan_join_parts(&scan);
    const struct disk *whole = scan.disks[0];
    assert_int_equal(whole->part_count, 2);
    assert_string_equal(whole->parts[0]->identity.wwn, "naa.a"); /* by their numbers */
    assert_string_equal(whole->identity.wwn, "naa.t");
    assert_string_equal(whole->identity.serial, "S");
    assert_int_equal(whole->identity.capacity, 2 << 20);
    assert_int_equal(whole->area_count, 2);
    assert_true(whole->in_use);
    assert_int_equal(whole->health.state, HEALTH_FAILING);
    assert_int_equal(whole->scsi_sanitize_block, SCSI_SUPPORT_UNKNOWN);
    assert_int_equal(whole->scsi_sanitize_crypto, SCSI_SUPPORTED);
    assert_true(whole->content_known);
    json_t *ids = json_pack("[s,s,s]", "a", "b", "c");
    assert_true(json_equal(whole->content_ids, ids));
    json_decref(ids);
    json_t *document = disk_json(whole);
    assert_int_equal(json_array_size(json_object_get(document, "parts")), 2);
    json_decref(document);
    scan_free(&scan);
}

/* The device, and each part of it, mean the whole; a device of which a part is missing is not it.
 */
static void test_what_an_order_means(void **state) {
    (void)state;
    static const struct {
        const char *entry;
        enum entry_fit dual;
        enum entry_fit alone; /* to its unit 0, alone */
    } cases[] = {
        {"{\"serial\":\"S\"}", ENTRY_FITS, ENTRY_FITS},
        {"{\"wwn\":\"naa.t\"}", ENTRY_FITS, ENTRY_FITS},
        {"{\"wwn\":\"naa.a\"}", ENTRY_FITS, ENTRY_FITS},
        {"{\"wwn\":\"naa.b\"}", ENTRY_FITS, ENTRY_OTHER},
        {"{\"wwn\":\"naa.b\",\"capacity\":1048576}", ENTRY_FITS, ENTRY_OTHER},
        {"{\"serial\":\"S\",\"wwn\":\"naa.t\",\"capacity\":2097152}", ENTRY_FITS,
         ENTRY_PART_MISSING},
        {"{\"serial\":\"T\",\"wwn\":\"naa.t\",\"capacity\":2097152}", ENTRY_OTHER, ENTRY_OTHER},
        {"{\"wwn\":\"naa.t\",\"capacity\":4194304}", ENTRY_PART_MISSING, ENTRY_PART_MISSING},
        {"{\"wwn\":\"naa.t\",\"capacity\":4096}", ENTRY_OTHER, ENTRY_OTHER},
        {"{\"serial\":\"S\",\"capacity\":2097152}", ENTRY_FITS, ENTRY_OTHER},
        {"{\"wwn\":\"naa.a\",\"serial\":\"T\"}", ENTRY_OTHER, ENTRY_OTHER},
        {"{\"wwn\":\"\",\"serial\":\"T\"}", ENTRY_OTHER, ENTRY_OTHER},
    };
    struct scan scan = dual();
    struct disk *alone = unit("naa.a", "S", "naa.t", "0:0:4:0");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_t *entry = json_loads(cases[i].entry, 0, NULL);
        assert_non_null(entry);
        if (order_entry_fits(entry, scan.disks[0]) != cases[i].dual ||
            order_entry_fits(entry, alone) != cases[i].alone)
            fail_msg("%s", cases[i].entry);
        json_decref(entry);
    }
    disk_free(alone);
    scan_free(&scan);
}

/* One warrant, from which each part's is taken once; the whole is never armed. */
static void test_warrants(void **state) {
    (void)state;
    struct scan scan = dual();
    struct reason reason = {""};
    struct armed *armed = NULL;
    json_t *authority = json_new_object();
    struct warrant *warrant = warrant_issue(scan.disks[0], authority);
    warrant_expires(warrant, 1); /* long ago */
    assert_int_equal(warrant_arm(warrant, NULL, &armed, &reason), -EPERM);
    struct warrant *second = warrant_take_part(warrant, 1);
    assert_string_equal(warrant_identity(second)->wwn, "naa.b");
    assert_null(warrant_take_part(warrant, 1));
    assert_null(warrant_take_part(warrant, 2));
    assert_int_equal(warrant_arm(second, NULL, &armed, &reason), -EKEYEXPIRED);
    warrant_free(second);
    warrant_free(warrant);
    json_decref(authority);
    scan_free(&scan);
}

#define U DISPOSITION_UNKNOWN
#define E DISPOSITION_ERASED
#define F DISPOSITION_FAILED
#define R DISPOSITION_REFUSED

static void test_one_part_is_not_the_disk(void **state) {
    (void)state;
    static const struct {
        enum disposition parts[3];
        unsigned count;
        enum disposition whole;
        unsigned which;
    } cases[] = {
        {{U}, 0, U, 0},       {{E, E}, 2, E, 0},    {{E, F}, 2, F, 1},    {{F, E}, 2, F, 0},
        {{E, U}, 2, U, 1},    {{F, U}, 2, U, 1},    {{R, R}, 2, R, 0},    {{E, R}, 2, F, 1},
        {{R, E}, 2, F, 0},    {{E, E, F}, 3, F, 2}, {{E, R, F}, 3, F, 2}, {{U, U}, 2, U, 0},
        {{E, E, E}, 3, E, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned which = 9;
        const enum disposition whole = outcome_of_parts(cases[i].parts, cases[i].count, &which);
        if (whole != cases[i].whole || which != cases[i].which)
            fail_msg("case %zu: %s by part %u", i, disposition_name(whole), which);
    }
}

/* The nodes lead nowhere: nothing is begun, and the disk has failed for its first part. */
static void test_parts_that_cannot_be_opened(void **state) {
    (void)state;
    static const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE] = {3};
    struct scan scan = dual();
    struct policy policy;
    struct reason reason;
    policy_default(&policy);
    json_t *authority = json_new_object();
    struct disk_run *run =
        disk_run_new(scan.disks[0], warrant_issue(scan.disks[0], authority), &policy, run_id);
    assert_int_equal(run->part_count, 2);
    disk_run_execute(run);
    assert_int_equal(disk_run_disposition(run, &reason), DISPOSITION_FAILED);
    assert_non_null(strstr(reason.text, "naa.a"));
    assert_non_null(strstr(reason.text, "nothing was done"));
    assert_null(disk_run_last_attempt(run));
    disk_run_give_up(run, 15);
    assert_int_equal(disk_run_disposition(run, &reason), DISPOSITION_UNKNOWN);
    assert_true(run->parts[0]->given_up && run->parts[1]->given_up);
    run->given_up = run->parts[0]->given_up = run->parts[1]->given_up = false; /* so that it ends */
    disk_run_free(run);
    json_decref(authority);
    scan_free(&scan);
}

static void shell(const char *folder, const char *what) {
    char command[1024];
    (void)snprintf(command, sizeof command, "cd %s && %s", folder, what);
    if (system(command) != 0) // NOLINT(cert-env33-c)
        fail_msg("%s", command);
}

/* A machine with a SAS disk, to which a second unit is added; page 83h as such a disk has it. */
static void test_a_saved_tree(void **state) {
    (void)state;
    char tree[] = "/tmp/quietus-parts-XXXXXX";
    assert_non_null(mkdtemp(tree));
    shell(tree, "tar xzf " TEST_FIXTURES "/four-disks.tar.gz");
    shell(tree,
          "t=$(echo sys/devices/pci*/*/host0/port-0:0/end_device-0:0/target0:0:0) && "
          "p='\\000\\203\\000\\030\\001\\003\\000\\010\\120\\000\\305\\000\\001\\002\\003' && "
          "d='\\141\\243\\000\\010\\120\\000\\305\\000\\001\\002\\003\\011' && "
          "printf \"$p\\001$d\" >$t/0:0:0:0/vpd_pg83 && cp -a $t/0:0:0:0 $t/0:0:0:1 && "
          "mv $t/0:0:0:1/block/sda $t/0:0:0:1/block/sdz && "
          "printf \"$p\\002$d\" >$t/0:0:0:1/vpd_pg83 && "
          "mv $t/0:0:0:1/scsi_device/0:0:0:0 $t/0:0:0:1/scsi_device/0:0:0:1 && "
          "ln -sfn ../../../0:0:0:1 $t/0:0:0:1/scsi_device/0:0:0:1/device && "
          "ln -s ../../../$t/0:0:0:1/scsi_device/0:0:0:1 sys/class/scsi_device/0:0:0:1 && "
          "ln -s ../../../$t/0:0:0:1/block/sdz sys/class/block/sdz");
    struct scan scan;
    scan_run(&(struct scan_options){.root = tree}, &scan);
    const struct disk *whole = NULL;
    for (size_t i = 0; i < scan.disk_count; i++) {
        if (scan.disks[i]->part_count > 0)
            whole = scan.disks[i];
    }
    assert_int_equal(scan.disk_count, 4);
    assert_non_null(whole);
    assert_string_equal(whole->identity.wwn, "naa.5000c50001020309");
    assert_string_equal(whole->parts[1]->identity.wwn, "naa.5000c50001020302");
    assert_string_equal(disk_node(whole->parts[1]), "/dev/sdz");
    assert_int_equal(whole->identity.capacity, 2 * whole->parts[0]->identity.capacity);
    scan_free(&scan);
    char remove[sizeof tree + 16];
    (void)snprintf(remove, sizeof remove, "rm -rf %s", tree);
    shell("/", remove);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_one_device),
    cmocka_unit_test(test_units_that_are_no_parts),
    cmocka_unit_test(test_units_that_are_not_there),
    cmocka_unit_test(test_the_whole),
    cmocka_unit_test(test_what_an_order_means),
    cmocka_unit_test(test_warrants),
    cmocka_unit_test(test_one_part_is_not_the_disk),
    cmocka_unit_test(test_parts_that_cannot_be_opened),
    cmocka_unit_test(test_a_saved_tree),
};
TEST_MAIN(tests)
