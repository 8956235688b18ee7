/* Scanning a saved tree. */
#include "quietus/json.h"
#include "quietus/plan.h"
#include "quietus/scan.h"

#include "../../agent/scan/internal.h"
#include "scanned.h"
#include "test.h"

#include <errno.h>

static char tree[] = "/tmp/quietus-tree-XXXXXX";

static void shell(const char *format, const char *argument) {
    char command[1024];
    (void)snprintf(command, sizeof command, "cd %s && ", tree);
    const size_t used = strlen(command);
    (void)snprintf(command + used, sizeof command - used, "%s%s", format, argument);
    if (system(command) != 0) // NOLINT(cert-env33-c)
        fail_msg("%s", command);
}

static int unpack(void **state) {
    (void)state;
    strcpy(tree, "/tmp/quietus-tree-XXXXXX");
    if (!mkdtemp(tree))
        return -1;
    shell("tar xzf ", TEST_FIXTURES "/four-disks.tar.gz");
    return 0;
}

static int remove_tree(void **state) {
    (void)state;
    shell("cd / && rm -rf ", tree);
    return 0;
}

static void test_every_disk_of_the_tree(void **state) {
    (void)state;
    struct scan scan = scan_tree(tree);
    assert_int_equal(scan.disk_count, 4);
    assert_string_equal(scan.server.serial, "QT-SRV-0042");
    assert_string_equal(scan.server.uuid, "6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01");
    assert_int_equal(scan.server.mac_count, 1);

    const struct disk *sata = disk_at(&scan, "/dev/sdb");
    assert_int_equal(sata->bus, BUS_SATA);
    assert_int_equal(sata->commands, COMMANDS_ATA);
    assert_string_equal(sata->identity.serial, "S-SATA");
    assert_string_equal(sata->identity.model, "QEMU HARDDISK");
    assert_string_equal(sata->identity.wwn, "naa.5000c500aabbccdd");
    assert_int_equal(sata->identity.capacity, 64 << 20);
    assert_int_equal(sata->rotation_rate, 7200);
    assert_true(sata->has_ata);

    const struct disk *sas = disk_at(&scan, "/dev/sda");
    assert_int_equal(sas->bus, BUS_SAS);
    assert_int_equal(sas->commands, COMMANDS_SCSI);
    assert_string_equal(sas->identity.serial, "S-SAS");
    assert_int_equal(sas->rotation_rate, 10000);

    const struct disk *nvme = disk_at(&scan, "/dev/nvme0n1");
    assert_int_equal(nvme->bus, BUS_NVME);
    assert_string_equal(nvme->identity.serial, "S-NVME");
    assert_int_equal(nvme->areas[0].nsid, 1);
    assert_string_equal(nvme->paths[0].node, "/dev/nvme0");

    assert_int_equal(disk_at(&scan, "/dev/vda")->bus, BUS_VIRTIO);
    scan_free(&scan);
}

/* What a drive has named itself may be any bytes, and sysfs hands them on as they are. */
static void test_names_in_sysfs_may_be_anything(void **state) {
    (void)state;
    shell("f=$(echo sys/class/nvme-subsystem/*/) && printf 'S\\377\\\\' > $f/serial", "");
    shell("printf '%s' 36028797018963968 > $(echo sys/class/block/sda/size)", "");
    struct scan scan = scan_tree(tree);
    const struct disk *disk = disk_at(&scan, "/dev/nvme0n1");
    assert_string_equal(disk->identity.serial, "S\\xff\\\\");
    const struct disk *absurd = disk_at(&scan, "/dev/sda");
    assert_true(absurd->identity.capacity <= INT64_MAX);
    assert_int_equal(absurd->areas[0].lba_count, 0);
    json_decref(scan_json(&scan));
    scan_free(&scan);
}

/* Pulled out, and put back while somebody had its node open. */
static void test_controller_that_is_gone(void **state) {
    (void)state;
    shell("f=$(echo sys/class/nvme-subsystem/*/) && ln -s ../../devices/gone/nvme0 $f/nvme7", "");
    struct scan scan = scan_tree(tree);
    const struct disk *disk = disk_at(&scan, "/dev/nvme0n1");
    assert_int_equal(disk->path_count, 1);
    assert_string_equal(disk->paths[0].node, "/dev/nvme0");
    assert_int_equal(disk->bus, BUS_NVME);
    scan_free(&scan);
}

/* A disk that could be taken for another is not looked for once it is lost: with the lost one gone,
 * its twin would be the only one that is found. */
static void test_one_that_could_be_mistaken_is_not_found_again(void **state) {
    (void)state;
    struct device *device = NULL;
    shell("cp -r sys/block/vda sys/block/vdz; cp -r sys/class/block/vda/ sys/class/block/vdz", "");
    struct scan scan = scan_tree(tree);
    const struct disk *twin = disk_at(&scan, "/dev/vdz");
    assert_true(twin->has_twin && disk_at(&scan, "/dev/vda")->has_twin);
    assert_int_equal(scan_find_again_below(tree, twin, &device), -EEXIST);
    assert_false(disk_at(&scan, "/dev/sda")->has_twin || disk_at(&scan, "/dev/sdb")->has_twin);
    assert_int_equal(scan_find_again_below(tree, disk_at(&scan, "/dev/sda"), &device), -ENODEV);
    struct disk nameless = *disk_at(&scan, "/dev/sda");
    nameless.identity.serial[0] = nameless.identity.wwn[0] = '\0';
    assert_int_equal(scan_find_again_below(tree, &nameless, &device), -EEXIST);
    scan_free(&scan);
}

/* Whom a lost disk cannot be: one that was there when that was scanned, or an NVMe disk of another
 * serial number. They are not asked, since one that hangs would keep the search. */
static void test_who_is_asked_in_a_search(void **state) {
    (void)state;
    shell("for n in sda sdb; do echo 7 > sys/class/block/$n/diskseq; done", "");
    struct scan scan = scan_tree(tree);
    struct disk lost = *disk_at(&scan, "/dev/sda");
    struct disk other = *disk_at(&scan, "/dev/sdb");
    assert_int_equal(lost.newest_block_device, 7);
    assert_true(scan_is_another(tree, &other, &lost));
    assert_false(scan_is_another(tree, &lost, &lost)); /* where it was */
    shell("echo 8 > sys/class/block/sdb/diskseq", "");
    assert_false(scan_is_another(tree, &other, &lost)); /* it has come since */
    shell("rm sys/class/block/sdb/diskseq", "");
    assert_false(scan_is_another(tree, &other, &lost)); /* an old kernel */
    shell("echo 7 > sys/class/block/sdb/diskseq", "");
    lost.path_count = 2;
    assert_false(scan_is_another(tree, &other, &lost)); /* another path, there before */
    lost.path_count = 1;
    other.areas[0].node[0] = '\0';
    assert_false(scan_is_another(tree, &other, &lost)); /* nothing is known of it */
    other.area_count = 0;
    assert_false(scan_is_another(tree, &other, &lost));

    lost = *disk_at(&scan, "/dev/nvme0n1");
    other = lost; /* with the same block device, if somebody has it open */
    assert_false(scan_is_another(tree, &other, &lost));
    other.identity.serial[0] ^= 1;
    assert_true(scan_is_another(tree, &other, &lost));
    other.identity.serial[0] = '\0';
    assert_false(scan_is_another(tree, &other, &lost));
    scan_free(&scan);
}

/* Law 3: whatever the kernel makes a block device of by hardware has a line. */
static void test_block_devices_that_nobody_knows(void **state) {
    (void)state;
    shell("for n in odd0 sr0 nvme0c0n1 loop0 mmcblk0 mmcblk0boot0; do "
          "mkdir -p sys/block/$n/device; ln -s ../../block/$n sys/class/block/$n; "
          "echo 2048 > sys/block/$n/size; done; rmdir sys/block/loop0/device; "
          "echo 5 > sys/block/sr0/device/type; echo 1 > sys/block/nvme0c0n1/hidden; "
          "echo 7 > sys/class/scsi_device/0:0:0:0/device/type",
          "");
    struct scan scan = scan_tree(tree);
    assert_int_equal(scan.disk_count, 6); /* the tree's four, odd0 and mmcblk0 */
    assert_true(any_has(disk_at(&scan, "/dev/odd0")->findings, "not known here"));
    assert_int_equal(disk_at(&scan, "/dev/odd0")->identity.capacity, 1 << 20);
    assert_true(any_has(disk_at(&scan, "/dev/mmcblk0")->findings, "mmcblk0boot0"));
    assert_int_equal(disk_at(&scan, "/dev/sda")->commands, COMMANDS_SCSI); /* optical memory */
    json_t *exceptions = plan_exceptions(disk_at(&scan, "/dev/mmcblk0"), method_find("overwrite"));
    bool told = false;
    for (size_t i = 0; i < json_array_size(exceptions); i++)
        told = told || strstr(json_string_value(json_array_get(exceptions, i)), "eMMC");
    assert_true(told);
    json_decref(exceptions);
    scan_free(&scan);
}

/* What cannot be read is not taken for empty: an order for an empty disk must not fit it. */
static void test_content_that_cannot_be_read(void **state) {
    (void)state;
    shell("mkdir -p dev/sdb && truncate -s 64M dev/sda dev/nvme0n1 && truncate -s 1M dev/vda", "");
    struct scan scan = scan_tree(tree);
    assert_true(disk_at(&scan, "/dev/sda")->content_known);
    assert_false(disk_at(&scan, "/dev/sdb")->content_known); /* a folder: every read fails */
    assert_false(disk_at(&scan, "/dev/vda")->content_known); /* its end is not there */
    assert_true(any_has(disk_at(&scan, "/dev/vda")->findings, "cannot be read"));
    scan_free(&scan);
}

static void test_controller_without_driver_is_told(void **state) {
    (void)state;
    struct scan scan = scan_tree(tree);
    assert_int_equal(json_array_size(scan.findings), 0);
    scan_free(&scan);
    shell("mkdir -p sys/bus/pci/devices/0000:99:00.0 && cd sys/bus/pci/devices/0000:99:00.0 && "
          "echo 0x010400 >class && echo 0x1000 >vendor && echo 0x10e6 >device",
          "");
    scan = scan_tree(tree);
    assert_int_equal(json_array_size(scan.findings), 1);
    assert_non_null(strstr(json_text(json_array_get(scan.findings, 0), "controller"), "1000:10e6"));
    scan_free(&scan);
}

static const char *last_finding(const struct disk *disk) {
    const size_t count = json_array_size(disk->findings);
    const char *text = json_string_value(json_array_get(disk->findings, count - 1));
    return text ? text : "";
}

static void test_content_boot_medium_and_use(void **state) {
    (void)state;
    shell("mkdir -p dev && truncate -s 64M dev/sda dev/sdb && mkfs.vfat -n QUIETUS dev/sda "
          ">/dev/null "
          "&& mkfs.ext4 -q -F -U 11111111-2222-3333-4444-555555555555 dev/sdb",
          "");
    /* Whoever had the server could write the label to its disks: that exempts none. */
    struct scan scan = scan_tree(tree);
    assert_false(disk_at(&scan, "/dev/sda")->boot_medium);
    assert_non_null(strstr(last_finding(disk_at(&scan, "/dev/sda")), "is no stick"));
    scan_free(&scan);

    shell("echo 1 >$(readlink -f sys/class/block/sda)/removable", "");
    scan = scan_tree(tree);
    assert_true(disk_at(&scan, "/dev/sda")->boot_medium);
    assert_false(disk_at(&scan, "/dev/sdb")->boot_medium);
    const json_t *ids = disk_at(&scan, "/dev/sdb")->content_ids;
    assert_int_equal(json_array_size(ids), 1);
    assert_string_equal(json_string_value(json_array_get(ids, 0)),
                        "disk ext4 11111111-2222-3333-4444-555555555555");
    scan_free(&scan);

    shell("echo 'quiet quietus.medium=11111111-2222-3333-4444-555555555555' >proc/cmdline", "");
    scan = scan_tree(tree);
    assert_true(disk_at(&scan, "/dev/sdb")->boot_medium);
    assert_true(any_has(disk_at(&scan, "/dev/sdb")->findings, "by a file system's UUID alone"));
    scan_free(&scan);

    shell(
        "mkdir -p proc/self && echo '36 35 8:16 / /mnt rw - ext4 /dev/sdb rw' >proc/self/mountinfo "
        "&& mkdir -p $(readlink -f sys/class/block/nvme0n1)/holders/md0",
        "");
    scan = scan_tree(tree);
    assert_true(disk_at(&scan, "/dev/sdb")->in_use);
    assert_string_equal(disk_at(&scan, "/dev/sdb")->use_reason, "it is mounted on /mnt");
    assert_true(disk_at(&scan, "/dev/nvme0n1")->in_use);
    assert_string_equal(disk_at(&scan, "/dev/nvme0n1")->use_reason, "md0 is built on it");
    assert_false(disk_at(&scan, "/dev/vda")->in_use);
    scan_free(&scan);
}

/* Of two disks with the boot medium's UUID one may be a copy, or was given it to be left alone. */
static void test_two_disks_with_the_boot_mediums_uuid(void **state) {
    (void)state;
    shell("mkdir -p dev && truncate -s 64M dev/sda dev/sdb && mkfs.ext4 -q -F -U "
          "11111111-2222-3333-4444-555555555555 dev/sdb && cp dev/sdb dev/sda && "
          "echo 'quietus.medium=11111111-2222-3333-4444-555555555555' >proc/cmdline",
          "");
    /* Both are built in: nobody can know. */
    struct scan scan = scan_tree(tree);
    static const char *const both[] = {"/dev/sda", "/dev/sdb"};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        assert_true(disk_at(&scan, both[i])->boot_medium);
        assert_true(any_has(disk_at(&scan, both[i])->findings, "one of 2 disks"));
    }
    scan_free(&scan);
    /* One can be carried away: it is that. */
    shell("echo 1 >$(readlink -f sys/class/block/sda)/removable", "");
    scan = scan_tree(tree);
    const struct disk *stick = disk_at(&scan, "/dev/sda");
    const struct disk *copy = disk_at(&scan, "/dev/sdb");
    assert_true(stick->boot_medium);
    assert_false(copy->boot_medium);
    assert_string_equal(copy->boot_reason, "");
    assert_true(any_has(copy->findings, "treated as any other disk"));
    json_t *document = disk_json(copy);
    assert_false(json_flag(document, "boot_medium"));
    assert_true(json_array_size(json_object_get(document, "findings")) > 0);
    json_decref(document);
    scan_free(&scan);
}

static void test_partition_tables(void **state) {
    (void)state;
    shell("mkdir -p dev && truncate -s 64M dev/vda && printf 'label: gpt\\nlabel-id: "
          "01234567-89AB-CDEF-0123-456789ABCDEF\\nsize=20MiB\\nsize=20MiB\\n' | sfdisk -q dev/vda "
          "&& truncate -s 20M part && mkfs.ext4 -q -F -L root part && dd if=part of=dev/vda bs=1M "
          "seek=21 conv=notrunc status=none",
          "");
    struct scan scan = scan_tree(tree);
    const struct disk *disk = disk_at(&scan, "/dev/vda");
    char text[256];
    assert_string_equal(disk_content_text(disk, text, sizeof text),
                        "gpt table with 2 partitions, ext4 \"root\"");
    const char *first = json_string_value(json_array_get(disk->content_ids, 0));
    assert_string_equal(first, "disk gpt 01234567-89ab-cdef-0123-456789abcdef");
    const char *second = json_string_value(json_array_get(disk->content_ids, 1));
    assert_ptr_equal(strstr(second, "p2@22020096 ext4 "), second);
    scan_free(&scan);
}

/* The document has a line for every disk, with what an order needs. */
static void test_document(void **state) {
    (void)state;
    struct scan scan = scan_tree(tree);
    json_t *document = scan_json(&scan);
    assert_string_equal(json_text(document, "schema"), "quietus.scan/1");
    assert_int_equal(json_array_size(json_object_get(document, "disks")), 4);
    size_t i;
    json_t *disk;
    json_array_foreach(json_object_get(document, "disks"), i, disk) {
        assert_string_not_equal(json_text(disk, "serial"), "");
        assert_true(json_count(disk, "capacity") > 0);
        assert_false(json_flag(disk, "content_known")); /* the tree has no /dev */
        assert_null(json_object_get(disk, "content_ids"));
    }
    json_decref(document);
    char *shown;
    size_t length;
    FILE *stream = open_memstream(&shown, &length);
    scan_print(&scan, stream);
    (void)fclose(stream);
    assert_non_null(strstr(shown, "S-NVME"));
    free(shown);
    scan_free(&scan);
}

static struct disk *sas_disk(const char *wwn, const char *serial, unsigned number) {
    struct disk *disk = disk_new();
    disk->bus = BUS_SAS;
    disk->commands = COMMANDS_SCSI;
    text_copy(disk->identity.model, TEXT_FIELD_SIZE, "MODEL");
    text_copy(disk->identity.wwn, TEXT_FIELD_SIZE, wwn);
    text_copy(disk->identity.serial, TEXT_FIELD_SIZE, serial);
    disk->identity.capacity = 4096;
    disk->path_count = 1;
    (void)snprintf(disk->paths[0].node, DISK_NODE_SIZE, "/dev/sg%u", number);
    return disk;
}

/* Two paths are one disk only if everything says so; what has no name is never another's path. */
static void test_what_is_one_disk(void **state) {
    (void)state;
    static const struct {
        const char *wwn[2];
        const char *serial[2];
        enum disk_bus bus;
        enum path_state states[2];
        uint64_t capacity; /* of the second */
        unsigned disks;
    } cases[] = {
        {{"naa.5", "naa.5"}, {"S1", "S1"}, BUS_SAS, {0, 0}, 4096, 1},
        {{"", ""}, {"S1", "S1"}, BUS_SAS, {0, 0}, 4096, 2},
        {{"naa.5", "naa.5"}, {"", ""}, BUS_SAS, {0, 0}, 4096, 2},
        {{"", ""}, {"", ""}, BUS_SAS, {0, 0}, 4096, 2},
        {{"naa.5", "naa.6"}, {"S1", "S1"}, BUS_SAS, {0, 0}, 4096, 2},
        {{"naa.5", "naa.5"}, {"S1", "S2"}, BUS_SAS, {0, 0}, 4096, 2},
        {{"naa.5", "naa.5"}, {"S1", "S1"}, BUS_SAS, {0, 0}, 8192, 2},
        {{"naa.5", "naa.5"}, {"S1", "S1"}, BUS_SATA, {0, 0}, 4096, 2},
        {{"naa.5", "naa.5"}, {"S1", "S1"}, BUS_USB, {0, 0}, 4096, 2},
        /* What does not answer fully has no capacity to compare. */
        {{"naa.5", "naa.5"}, {"S1", "S1"}, BUS_SAS, {0, PATH_STANDBY}, 0, 1},
        {{"naa.5", "naa.5"}, {"S1", "S1"}, BUS_SAS, {PATH_SILENT, 0}, 4096, 1},
        {{"naa.5", "naa.5"}, {"S1", "S2"}, BUS_SAS, {PATH_SILENT, 0}, 0, 2},
        {{"", ""}, {"", ""}, BUS_SAS, {PATH_SILENT, PATH_SILENT}, 0, 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct disk *both[2];
        struct scan scan = {.disks = both, .disk_count = 2};
        for (unsigned k = 0; k < 2; k++) {
            both[k] = sas_disk(cases[i].wwn[k], cases[i].serial[k], k);
            both[k]->bus = cases[i].bus;
            both[k]->paths[0].state = cases[i].states[k];
        }
        both[1]->identity.capacity = cases[i].capacity;
        both[1]->boot_medium = true;
        scan_merge_paths(&scan);
        if (scan.disk_count != cases[i].disks)
            fail_msg("case %zu: %zu disks", i, scan.disk_count);
        if (scan.disk_count == 1) {
            assert_int_equal(both[0]->path_count, 2);
            assert_int_equal(both[0]->paths[0].state, PATH_ANSWERS);
            assert_true(both[0]->boot_medium);
        }
        for (size_t k = 0; k < scan.disk_count; k++)
            disk_free(both[k]);
    }
}

/* Two actuators under one logical unit: shown, and nothing else. */
static void test_actuators(void **state) {
    (void)state;
    shell("q=$(readlink -f sys/class/block/sdb)/queue/independent_access_ranges && "
          "mkdir -p $q/0 $q/1 $q/2 && echo 0 >$q/0/sector && echo 65536 >$q/0/nr_sectors && "
          "echo 65536 >$q/1/sector && echo 65535 >$q/1/nr_sectors",
          "");
    struct scan scan = scan_tree(tree);
    const struct disk *disk = disk_at(&scan, "/dev/sdb");
    assert_int_equal(disk->areas[0].actuator_count, 2); /* the third says nothing */
    assert_int_equal(disk->areas[0].actuators[1].first, 65536);
    assert_int_equal(disk->areas[0].actuators[1].count, 65535);
    assert_true(any_has(disk->findings, "2 actuators"));
    assert_int_equal(disk_at(&scan, "/dev/sda")->areas[0].actuator_count, 0);
    json_t *document = disk_json(disk);
    const json_t *area = json_array_get(json_object_get(document, "areas"), 0);
    assert_int_equal(json_array_size(json_object_get(area, "actuators")), 2);
    json_decref(document);
    scan_free(&scan);
}

/* A disk that two controllers see is a member if one of them says so, whichever was found first. */
static void test_the_more_protective_role_wins(void **state) {
    (void)state;
    static const struct {
        enum raid_role roles[2];
        enum raid_role role;
        uint16_t host;
    } cases[] = {
        {{RAID_SPARE, RAID_MEMBER}, RAID_MEMBER, 1},
        {{RAID_MEMBER, RAID_SPARE}, RAID_MEMBER, 0},
        {{RAID_ROLE_NONE, RAID_MEMBER}, RAID_MEMBER, 1},
        {{RAID_MEMBER, RAID_ROLE_NONE}, RAID_MEMBER, 0},
        {{RAID_SPARE, RAID_SPARE}, RAID_SPARE, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct disk *both[2];
        struct scan scan = {.disks = both, .disk_count = 2};
        for (uint16_t k = 0; k < 2; k++) {
            both[k] = sas_disk("naa.5", "S1", k);
            both[k]->raid.role = cases[i].roles[k];
            both[k]->raid.address.host = k;
        }
        scan_merge_paths(&scan);
        assert_int_equal(scan.disk_count, 1);
        assert_int_equal(both[0]->raid.role, cases[i].role);
        assert_int_equal(both[0]->raid.address.host, cases[i].host);
        disk_free(both[0]);
    }
}

/* An image that the BMC shows, and that the machine was booted from, is seen as that once an order
 * names it. */
static void test_a_virtual_medium_is_looked_at_closer(void **state) {
    (void)state;
    shell("mkdir -p dev && truncate -s 64M dev/sda && mkfs.vfat -n QUIETUS dev/sda >/dev/null", "");
    struct scan scan = scan_tree(tree);
    struct disk *disk = (struct disk *)disk_at(&scan, "/dev/sda");
    disk->virtual_medium = true; /* of which the scan reads nothing */
    disk->content_known = disk->boot_medium = false;
    json_array_clear(disk->content);
    json_array_clear(disk->content_ids);
    scan_look_closer(tree, disk);
    assert_true(disk->content_known);
    assert_true(disk->boot_medium);
    scan_free(&scan);
}

#define WITH_TREE(name) cmocka_unit_test_setup_teardown(name, unpack, remove_tree)

static const struct CMUnitTest tests[] = {
    WITH_TREE(test_every_disk_of_the_tree),
    WITH_TREE(test_names_in_sysfs_may_be_anything),
    WITH_TREE(test_controller_that_is_gone),
    WITH_TREE(test_one_that_could_be_mistaken_is_not_found_again),
    WITH_TREE(test_who_is_asked_in_a_search),
    WITH_TREE(test_block_devices_that_nobody_knows),
    WITH_TREE(test_content_that_cannot_be_read),
    WITH_TREE(test_controller_without_driver_is_told),
    WITH_TREE(test_content_boot_medium_and_use),
    WITH_TREE(test_two_disks_with_the_boot_mediums_uuid),
    WITH_TREE(test_partition_tables),
    WITH_TREE(test_document),
    cmocka_unit_test(test_what_is_one_disk),
    WITH_TREE(test_actuators),
    cmocka_unit_test(test_the_more_protective_role_wins),
    WITH_TREE(test_a_virtual_medium_is_looked_at_closer),
};
TEST_MAIN(tests)
