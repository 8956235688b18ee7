/* What the scan makes of disks that are none, and of storage that it cannot reach, on trees of
 * sysfs as the drivers' sources have them. */
#include "quietus/finding.h"
#include "quietus/json.h"
#include "quietus/locate.h"
#include "quietus/plan.h"
#include "quietus/scan.h"

#include "../../agent/scan/internal.h"
#include "fake_disk.h"
#include "scanned.h"
#include "test.h"

#include <errno.h>

static char tree[] = "/tmp/quietus-reach-XXXXXX";

/* For the scripts below: a PCI function, and a SCSI device behind it. */
static const char functions[] =
    "pci() { d=sys/devices/pci0000:00/$1; mkdir -p $d sys/bus/pci/devices sys/bus/pci/drivers/$5; "
    "echo $2 >$d/class; echo 0x$3 >$d/vendor; echo 0x$4 >$d/device; "
    "[ -z \"$5\" ] || ln -sfn ../../../bus/pci/drivers/$5 $d/driver; "
    "ln -sfn ../../../devices/pci0000:00/$1 sys/bus/pci/devices/$1; }; "
    /* scsi PCI PORT ADDRESS VENDOR MODEL BLOCK: PORT is what lies between, BLOCK may be empty */
    "scsi() { h=${3%%:*}; a=sys/devices/pci0000:00/$1/host$h$2/target${3%:*}/$3; "
    "mkdir -p $a sys/class/scsi_device/$3 sys/class/block sys/block; echo 0 >$a/type; "
    "printf '%-8s\\n' \"$4\" >$a/vendor; printf '%-16s\\n' \"$5\" >$a/model; echo 1.0 >$a/rev; "
    "echo running >$a/state; mkdir -p $a/scsi_generic/sg$h; "
    "ln -sfn ../../../../$a sys/class/scsi_device/$3/device; "
    "[ -z \"$6\" ] || { mkdir -p $a/block/$6/queue; echo 2048 >$a/block/$6/size; "
    "echo 0 >$a/block/$6/queue/rotational; ln -sfn ../.. $a/block/$6/device; "
    "ln -sfn ../../../$a/block/$6 sys/class/block/$6; ln -sfn ../../$a/block/$6 sys/block/$6; }; "
    "}; "
    "slot() { mkdir -p sys/bus/pci/slots/$1; echo $2 >sys/bus/pci/slots/$1/address; }; ";

static void shell(const char *script) {
    char command[8192];
    (void)snprintf(command, sizeof command, "cd %s && set -e && %s %s", tree, functions, script);
    if (system(command) != 0) // NOLINT(cert-env33-c)
        fail_msg("%s", script);
}

static int make_tree(void **state) {
    (void)state;
    strcpy(tree, "/tmp/quietus-reach-XXXXXX");
    return mkdtemp(tree) ? 0 : -1;
}

static int remove_tree(void **state) {
    (void)state;
    shell("rm -rf \"$PWD\"");
    return 0;
}

/* The finding of that kind about that address; NULL if there is none. */
static const json_t *finding_of(const struct scan *scan, const char *kind, const char *address) {
    size_t i;
    json_t *entry;
    json_array_foreach(scan->findings, i, entry) {
        if (strcmp(json_text(entry, "kind"), kind) == 0 &&
            strcmp(json_text(entry, "address"), address) == 0)
            return entry;
    }
    return NULL;
}

static void expect_finding(const struct scan *scan, const char *kind, const char *address,
                           const char *slot, const char *reason, const char *remedy) {
    const json_t *entry = finding_of(scan, kind, address);
    if (!entry)
        fail_msg("no finding %s about %s", kind, address);
    assert_string_equal(json_text(entry, "slot"), slot);
    if (!strstr(json_text(entry, "reason"), reason))
        fail_msg("%s", json_text(entry, "reason"));
    if (!strstr(json_text(entry, "remedy"), remedy))
        fail_msg("%s", json_text(entry, "remedy"));
}

static void test_controllers_that_show_nothing(void **state) {
    (void)state;
    shell("pci 0000:01:00.0 0x010400 1000 10e6 ''; slot 7 0000:01:00; slot 9 0000:01:0; "
          "pci 0000:02:00.0 0x010802 144d a808 ''; pci 0000:00:0e.0 0x010400 8086 9a0b ''; "
          "pci 0000:03:00.0 0x020000 8086 1533 ''; pci 0000:04:00.0 0x010802 144d a808 nvme; "
          "pci 0000:00:17.0 0x010400 8086 2822 ahci; pci 0000:00:18.0 0x010601 8086 a352 ahci; "
          "echo 2 >sys/bus/pci/devices/0000:00:17.0/remapped_nvme; "
          "echo 0 >sys/bus/pci/devices/0000:00:18.0/remapped_nvme");
    struct scan scan = scan_tree(tree);
    expect_finding(&scan, "no-driver", "0000:01:00.0", "7", "storage controller without a driver",
                   "another controller");
    assert_non_null(strstr(json_text(finding_of(&scan, "no-driver", "0000:01:00.0"), "controller"),
                           "1000:10e6"));
    expect_finding(&scan, "no-driver", "0000:02:00.0", "", "NVMe controller", "power");
    expect_finding(&scan, "vmd", "0000:00:0e.0", "", "Intel VMD", "BIOS");
    expect_finding(&scan, "remapped-nvme", "0000:00:17.0", "", "2 NVMe disks", "AHCI");
    assert_int_equal(json_array_size(scan.findings), 4);
    scan_free(&scan);
    /* With its driver VMD hides nothing; an RST in RAID mode that hides none says so, and one that
     * does not say is not believed. */
    shell("ln -s ../../../bus/pci/drivers/vmd sys/devices/pci0000:00/0000:00:0e.0/driver; "
          "echo 0 >sys/bus/pci/devices/0000:00:17.0/remapped_nvme");
    scan = scan_tree(tree);
    assert_int_equal(json_array_size(scan.findings), 2);
    scan_free(&scan);
    shell("rm sys/bus/pci/devices/0000:00:17.0/remapped_nvme");
    scan = scan_tree(tree);
    expect_finding(&scan, "remapped-nvme", "0000:00:17.0", "", "does not say", "AHCI");
    scan_free(&scan);
}

/* By driver: what is a volume, what a disk, what a member that only takes commands. */
static void test_raid_volumes_and_members(void **state) {
    (void)state;
    static const struct {
        const char *driver;
        const char *address; /* host:channel:target:lun */
        const char *port;
        const char *block;
        const char *level; /* "attribute value" */
        bool volume;
        bool member;
        bool finding;
    } cases[] = {
        {"megaraid_sas", "0:2:0:0", "", "sda", "", true, false, true},
        {"megaraid_sas", "0:0:5:0", "", "sda", "", false, false, true},
        {"hpsa", "0:1:0:0", "", "sda", "raid_level RAID 1(+0)", true, false, true},
        {"hpsa", "0:0:0:0", "", "sda", "raid_level N/A", false, false, false},
        {"hpsa", "0:0:0:0", "", "", "raid_level N/A", false, true, true},
        {"smartpqi", "0:1:0:0", "", "sda", "raid_level RAID-5", true, false, true},
        {"aacraid", "0:0:0:0", "", "sda", "level RAID-10", true, false, true},
        {"aacraid", "0:1:3:0", "", "", "level Hidden", false, true, true},
        {"aacraid", "0:1:3:0", "", "sda", "level JBOD", false, false, false},
        {"mpt3sas", "0:1:0:0", "", "sda", "", true, false, true},
        {"mpt3sas", "0:0:0:0", "/port-0:0/end_device-0:0", "sda", "", false, false, false},
        {"mpt3sas", "0:0:0:0", "/port-0:0/end_device-0:0", "", "", false, true, true},
        {"mpi3mr", "0:0:1:0", "", "sda", "", true, false, true},
        {"mpi3mr", "0:0:1:0", "/port-0:0/end_device-0:0", "sda", "", false, false, true},
        {"3w-9xxx", "0:0:0:0", "", "sda", "", true, false, true},
        {"arcmsr", "0:0:0:0", "", "sda", "", true, false, true},
        {"ahci", "0:0:0:0", "", "sda", "", false, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char script[1024];
        char level[256] = "";
        const char *value = strchr(cases[i].level, ' ');
        if (value)
            (void)snprintf(level, sizeof level, "echo '%s' >sys/class/scsi_device/%s/device/%.*s; ",
                           value + 1, cases[i].address, (int)(value - cases[i].level),
                           cases[i].level);
        (void)snprintf(script, sizeof script,
                       "rm -rf sys; pci 0000:03:00.0 0x010400 1000 0016 %s; slot 4 0000:03:00; "
                       "scsi 0000:03:00.0 '%s' %s SEAGATE 'A DISK' '%s'; %s true",
                       cases[i].driver, cases[i].port, cases[i].address, cases[i].block, level);
        shell(script);
        struct scan scan = scan_tree(tree);
        assert_int_equal(scan.disk_count, 1);
        const struct disk *disk = scan.disks[0];
        assert_string_equal(disk->controller.address, "0000:03:00.0");
        assert_string_equal(disk->controller.driver, cases[i].driver);
        if (disk->volume != cases[i].volume || disk->hidden_member != cases[i].member ||
            (finding_of(&scan, "raid", "0000:03:00.0") != NULL) != cases[i].finding)
            fail_msg("case %zu: %s at %s", i, cases[i].driver, cases[i].address);
        if (cases[i].finding)
            expect_finding(&scan, "raid", "0000:03:00.0", "4",
                           cases[i].volume ? "1 volumes" : "0 volumes", "JBOD");
        scan_free(&scan);
    }
}

/* A volume's firmware is the controller's: only its sectors can be overwritten, and the certificate
 * says what that leaves. */
static void test_plan_of_a_volume(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    policy_default(&policy);
    shell("pci 0000:03:00.0 0x010400 1000 0016 megaraid_sas; "
          "scsi 0000:03:00.0 '' 0:2:0:0 DELL 'PERC H730' sda; "
          "mkdir -p sys/class/raid_devices/0:2:0:0; echo raid1 "
          ">sys/class/raid_devices/0:2:0:0/level");
    struct scan scan = scan_tree(tree);
    struct disk *disk = scan.disks[0];
    assert_int_equal(disk->medium, MEDIUM_UNKNOWN);
    assert_string_equal(disk->volume_kind, "raid1 of megaraid_sas");
    disk->scsi_sanitize_block = SCSI_SUPPORTED; /* whatever it says of itself */
    disk->scsi_sanitize_crypto = SCSI_SUPPORTED;
    disk->scsi_sanitize_overwrite = SCSI_SUPPORTED;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_string_equal(plan.steps[0].method->name, "overwrite");
    assert_true(plan.rejected_count > 2);
    for (unsigned i = 0; i < plan.rejected_count; i++)
        assert_non_null(strstr(plan.rejected[i].reason.text, "raid1 of megaraid_sas"));
    json_t *exceptions = plan_exceptions(disk, plan.steps[0].method);
    assert_true(any_has(exceptions, "was not reached"));
    assert_true(any_has(exceptions, "its cache"));
    json_decref(exceptions);
    json_t *document = disk_json(disk);
    assert_string_equal(json_text(document, "volume"), "raid1 of megaraid_sas");
    json_decref(document);
    scan_free(&scan);
}

/* Dell's BOSS is an AHCI controller whose one disk is a mirror. */
static void test_volumes_by_name(void **state) {
    (void)state;
    shell("pci 0000:05:00.0 0x010601 1b4b 9230 ahci; "
          "scsi 0000:05:00.0 '' 3:0:0:0 ATA 'DELLBOSS VD' sda; "
          "scsi 0000:05:00.0 '' 4:0:0:0 ATA 'SAMSUNG MZ7' sdb; "
          "scsi 0000:05:00.0 '' 5:0:0:0 HP 'LOGICAL VOLUME' sdc");
    struct scan scan = scan_tree(tree);
    assert_true(disk_at(&scan, "/dev/sda")->volume);
    assert_false(disk_at(&scan, "/dev/sdb")->volume);
    assert_true(disk_at(&scan, "/dev/sdc")->volume);
    scan_free(&scan);
}

static void test_persistent_memory_and_emmc(void **state) {
    (void)state;
    shell("n=sys/bus/nd/devices; mkdir -p $n/nmem0 $n/namespace0.0/block/pmem0 $n/namespace1.0 "
          "$n/region0; echo frozen >$n/nmem0/security; echo 4096 >$n/namespace0.0/size; "
          "echo 8192 >$n/namespace1.0/size; echo devdax >$n/namespace1.0/mode; "
          "mkdir -p sys/block/mmcblk0/device; echo 2048 >sys/block/mmcblk0/size; "
          "echo 0x20 >sys/block/mmcblk0/device/raw_rpmb_size_mult; mkdir -p sys/class/block; "
          "ln -s ../../block/mmcblk0 sys/class/block/mmcblk0");
    struct scan scan = scan_tree(tree);
    assert_int_equal(json_array_size(scan.findings), 2); /* the module, and what has no pmem */
    const json_t *module = json_array_get(scan.findings, 0);
    const json_t *space = json_array_get(scan.findings, 1);
    if (strcmp(json_text(module, "controller"), "nmem0") != 0) {
        const json_t *other = module;
        module = space;
        space = other;
    }
    assert_non_null(strstr(json_text(module, "reason"), "security frozen"));
    assert_non_null(strstr(json_text(space, "reason"), "8192 bytes, mode devdax"));
    assert_true(any_has(disk_at(&scan, "/dev/mmcblk0")->findings, "RPMB"));
    scan_free(&scan);
    /* The firmware has some, and nothing drives it. */
    shell("rm -r sys/bus/nd; mkdir -p sys/bus/acpi/devices/ACPI0012:00 "
          "sys/bus/acpi/devices/PNP0C02:00");
    scan = scan_tree(tree);
    assert_int_equal(json_array_size(scan.findings), 1);
    assert_string_equal(json_text(json_array_get(scan.findings, 0), "controller"), "ACPI0012:00");
    scan_free(&scan);
    shell("ln -s ../drivers/nfit sys/bus/acpi/devices/ACPI0012:00/driver");
    scan = scan_tree(tree);
    assert_int_equal(json_array_size(scan.findings), 0);
    scan_free(&scan);
}

/* Fibre Channel, iSCSI and fabrics by the kernel's tree; the BMC's media by their names. */
static void test_what_is_no_local_disk(void **state) {
    (void)state;
    shell("pci 0000:06:00.0 0x0c0400 1077 2261 qla2xxx; mkdir -p sys/class/fc_host/host6; "
          "scsi 0000:06:00.0 '' 6:0:0:0 NETAPP 'LUN C-Mode' sdf; "
          "scsi 0000:06:00.0 /rport-7:0-1 7:0:0:0 HITACHI 'OPEN-V' sdg; "
          "scsi 0000:06:00.0 /session1 8:0:0:0 LIO-ORG 'disk' sdh; "
          "scsi 0000:06:00.0 /usb1/1-1 9:0:0:0 AMI 'Virtual HDisk0' sdi; "
          "scsi 0000:06:00.0 /usb1/1-2 10:0:0:0 iDRAC 'SECUPD' sdj; "
          "scsi 0000:06:00.0 /usb1/1-3 11:0:0:0 SanDisk 'Cruzer' sdk; "
          "scsi 0000:06:00.0 /ata1 12:0:0:0 ATA 'Virtual HDisk0' sdl");
    shell(
        "s=sys/devices/virtual/nvme-subsystem/nvme-subsys9; c=sys/devices/virtual/nvme/nvme9; "
        "mkdir -p $s $c sys/class/nvme sys/class/nvme-subsystem; echo LUN-NVME >$s/serial; "
        "echo Linux >$s/model; echo tcp >$c/transport; echo live >$c/state; "
        "ln -s ../../nvme/nvme9 $s/nvme9; ln -s ../../devices/virtual/nvme/nvme9 sys/class/nvme/; "
        "ln -s ../../devices/virtual/nvme-subsystem/nvme-subsys9 sys/class/nvme-subsystem/; "
        "mkdir -p $s/nvme9n1 sys/class/block; echo 2048 >$s/nvme9n1/size; "
        "ln -s ../../devices/virtual/nvme-subsystem/nvme-subsys9/nvme9n1 sys/class/block/nvme9n1");
    struct scan scan = scan_tree(tree);
    static const struct {
        const char *node;
        const char *what; /* NULL: a local disk */
    } cases[] = {
        {"/dev/sdf", "Fibre Channel"},
        {"/dev/sdg", "Fibre Channel"},
        {"/dev/sdh", "iSCSI"},
        {"/dev/sdi", "BMC"},
        {"/dev/sdj", "BMC"},
        {"/dev/sdk", NULL},
        {"/dev/sdl", NULL},
        {"/dev/nvme9n1", "NVMe over fabrics"},
    };
    assert_int_equal(scan.disk_count, COUNT_OF(cases));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct disk *disk = disk_at(&scan, cases[i].node);
        if (!cases[i].what) {
            assert_null(disk_not_local(disk));
            continue;
        }
        if (!disk_not_local(disk) || !strstr(disk_not_local(disk), cases[i].what))
            fail_msg("%s: %s", cases[i].node, disk_not_local(disk));
        assert_true(any_has(disk->findings, "sent nothing unless an order names it"));
        json_t *document = disk_json(disk);
        assert_true(json_is_false(json_object_get(document, "local")));
        json_decref(document);
    }
    scan_free(&scan);
}

/* An order may name one: then its sectors are overwritten and nothing else is tried. */
static void test_plan_of_a_network_disk(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    policy_default(&policy);
    struct disk *disk = disk_new();
    disk->bus = BUS_NVME_FABRICS;
    disk->commands = COMMANDS_NVME;
    disk->has_nvme = true;
    disk->nvme.format_supported = true;
    disk->nvme.sanitize_block = true;
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.node = "/dev/nvme9n1", .lba_size = 512, .lba_count = 2048};
    disk->identity.capacity = 2048UL * 512;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_string_equal(plan.steps[0].method->name, "overwrite");
    json_t *exceptions = plan_exceptions(disk, plan.steps[0].method);
    assert_true(any_has(exceptions, "on the other side were not reached"));
    json_decref(exceptions);
    disk_free(disk);
}

/* An enclosure with four bays: a SAS disk on two paths, an empty one, one that is broken, and a
 * fan; a SAS disk behind an expander without SES; an NVMe disk in a slot; a SATA disk on a port. */
static void make_places(void) {
    shell("pci 0000:03:00.0 0x010700 1000 0097 mpt3sas; "
          "scsi 0000:03:00.0 /port-0:0/end_device-0:0 0:0:0:0 SEAGATE 'ST1' sda; "
          "scsi 0000:03:00.0 /port-0:1/end_device-0:1 0:0:9:0 SEAGATE 'ST2' sdb; "
          "pci 0000:04:00.0 0x010601 8086 a352 ahci; "
          "scsi 0000:04:00.0 /ata3 3:0:0:0 ATA 'SATA' sdc; "
          "mkdir -p sys/class/sas_device/end_device-0:1 sys/class/sas_device/end_device-0:0; "
          "echo 11 >sys/class/sas_device/end_device-0:1/bay_identifier; "
          "echo 0x5003048001 >sys/class/sas_device/end_device-0:1/enclosure_identifier; "
          "echo 2 >sys/class/sas_device/end_device-0:0/bay_identifier");
    shell("e=sys/class/enclosure/0:0:8:0; mkdir -p $e; echo 0x500304801f2b3c3f >$e/id; "
          "for n in 1 2 3; do mkdir -p \"$e/Slot 0$n\"; echo OK >\"$e/Slot 0$n/status\"; "
          "echo 'array device' >\"$e/Slot 0$n/type\"; echo $n >\"$e/Slot 0$n/slot\"; "
          "echo 0 >\"$e/Slot 0$n/locate\"; done; mkdir -p $e/Fan1; echo OK >$e/Fan1/status; "
          "echo fan >$e/Fan1/type; echo 'not installed' >\"$e/Slot 02/status\"; "
          /* as the kernel has it: a link that ends in the SCSI address */
          "ln -sfn ../../../../devices/x/0:0:0:0 \"$e/Slot 01/device\"");
    shell("pci 0000:3b:00.0 0x010802 144d a808 nvme; slot 12 0000:3b:00; "
          "echo 0 >sys/bus/pci/slots/12/attention; "
          "s=sys/devices/virtual/nvme-subsystem/nvme-subsys0; "
          "c=sys/devices/pci0000:00/0000:3b:00.0/nvme/nvme0; "
          "mkdir -p $s $c sys/class/nvme sys/class/nvme-subsystem; echo S-NVME >$s/serial; "
          "echo M >$s/model; echo pcie >$c/transport; echo live >$c/state; "
          "echo 0000:3b:00.0 >$c/address; ln -s ../../../../../$c $s/nvme0; "
          "ln -s ../../../$c sys/class/nvme/; ln -s ../../../$s sys/class/nvme-subsystem/; "
          "mkdir -p $s/nvme0n1; echo 2048 >$s/nvme0n1/size; "
          "ln -s ../../../$s/nvme0n1 sys/class/block/nvme0n1");
}

static void test_where_disks_are(void **state) {
    (void)state;
    make_places();
    struct scan scan = scan_tree(tree);
    static const struct {
        const char *node;
        const char *place;
        const char *led;
    } cases[] = {
        {"/dev/sda", "enclosure 500304801f2b3c3f, bay 1, labelled Slot 01",
         "/sys/class/enclosure/0:0:8:0/Slot 01/locate"},
        {"/dev/sdb", "enclosure 5003048001, bay 11", ""},
        {"/dev/sdc", "port ata3", ""},
        {"/dev/nvme0n1", "slot 12", "/sys/bus/pci/slots/12/attention"},
    };
    assert_int_equal(scan.disk_count, COUNT_OF(cases));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[512];
        const struct disk *disk = disk_at(&scan, cases[i].node);
        assert_string_equal(disk_place_text(&disk->place, text, sizeof text), cases[i].place);
        assert_string_equal(disk->place.led, cases[i].led);
    }
    assert_int_equal(json_array_size(scan.bays), 3); /* not the fan */
    assert_true(json_flag(json_array_get(scan.bays, 0), "occupied"));
    assert_false(json_flag(json_array_get(scan.bays, 1), "occupied"));
    assert_string_equal(json_text(json_array_get(scan.bays, 1), "status"), "not installed");
    json_t *document = scan_json(&scan);
    assert_int_equal(json_array_size(json_object_get(document, "bays")), 3);
    size_t i;
    json_t *disk;
    unsigned placed = 0;
    json_array_foreach(json_object_get(document, "disks"), i, disk) placed +=
        json_object_get(disk, "place") != NULL;
    assert_int_equal(placed, 4);
    json_decref(document);
    scan_free(&scan);
}

static char first_character(const char *name) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", tree, name);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    const int found = fgetc(stream);
    (void)fclose(stream);
    return (char)found;
}

static void test_lights(void **state) {
    (void)state;
    make_places();
    struct scan scan = scan_tree(tree);
    const struct disk_place *bay = &disk_at(&scan, "/dev/sda")->place;
    assert_int_equal(locate_set(tree, bay, true), 0);
    assert_int_equal(first_character("sys/class/enclosure/0:0:8:0/Slot 01/locate"), '1');
    assert_int_equal(first_character("sys/class/enclosure/0:0:8:0/Slot 03/locate"), '0');
    assert_int_equal(locate_set(tree, bay, false), 0);
    assert_int_equal(first_character("sys/class/enclosure/0:0:8:0/Slot 01/locate"), '0');
    assert_int_equal(locate_set(tree, &disk_at(&scan, "/dev/nvme0n1")->place, true), 0);
    assert_int_equal(first_character("sys/bus/pci/slots/12/attention"), '1');
    assert_int_equal(locate_set(tree, &disk_at(&scan, "/dev/sdc")->place, true), -ENODEV);
    shell("rm sys/bus/pci/slots/12/attention");
    assert_int_equal(locate_set(tree, &disk_at(&scan, "/dev/nvme0n1")->place, true), -ENOENT);
    scan_free(&scan);
}

static uint32_t version_of_drive;
static unsigned boot_partition_asked;

/* An NVMe drive with an RPMB target and, as the log of newer drives tells, boot partitions. */
static bool answer_with_boot_partitions(struct fake_disk *fake, struct nvme_command *command) {
    enum { IDENTIFY = 0x06, GET_LOG_PAGE = 0x02 };
    uint8_t *out = command->data;
    (void)fake;
    if (command->opcode == GET_LOG_PAGE && (command->cdw10 & 0xff) == 0x15) {
        boot_partition_asked++;
        out[0] = 0x15;
        put_le32(out + 4, 8);
        return true;
    }
    if (command->opcode != IDENTIFY || command->cdw10 != 1)
        return false;
    put_padded(out + 4, 20, "BOOTS");
    put_padded(out + 24, 40, "A DRIVE");
    put_le32(out + 80, version_of_drive);
    put_le32(out + 312, 0x00010001);
    return true;
}

static void test_boot_partitions_of_a_drive(void **state) {
    (void)state;
    static const uint32_t versions[] = {0x00010400, 0x00020000};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct fake_disk fake;
        const bool has_log = versions[i] >= 0x00020000;
        version_of_drive = versions[i];
        boot_partition_asked = 0;
        fake_disk_make(&fake, COMMANDS_NVME, 1);
        fake.on_nvme = answer_with_boot_partitions;
        struct disk *disk = fake_disk_scanned(&fake);
        struct device *device = fake_disk_open(&fake, disk);
        interrogate_device(device, disk);
        assert_int_equal(boot_partition_asked, has_log ? 1 : 0);
        assert_int_equal(disk->boot_partition_bytes, has_log ? 1 << 20 : 0);
        assert_int_equal(any_has(disk->findings, "two boot partitions of 1.0 MB"), has_log);
        assert_true(any_has(disk->findings, "1 RPMB areas"));
        /* Not even a sanitize of the whole subsystem covers them. */
        json_t *exceptions = plan_exceptions(disk, method_find("nvme-sanitize-block"));
        assert_int_equal(any_has(exceptions, "the drive has boot partitions"), has_log);
        json_decref(exceptions);
        device_close(device);
        disk_free(disk);
        fake_disk_free(&fake);
    }
}

static void test_findings_in_words(void **state) {
    (void)state;
    char text[256];
    json_t *list = json_new_array();
    finding_add(list, &(struct finding){.kind = "raid",
                                        .controller = "hpsa",
                                        .address = "0000:03:00.0",
                                        .slot = "4",
                                        .reason = "because",
                                        .remedy = "do this"});
    finding_add(list, &(struct finding){
                          .kind = "nvdimm", .controller = "nmem0", .reason = "so", .remedy = "x"});
    json_add_text(list, "as it was before");
    assert_string_equal(finding_text(json_array_get(list, 0), text, sizeof text),
                        "hpsa at 0000:03:00.0, slot 4: because");
    assert_string_equal(finding_remedy(json_array_get(list, 0)), "do this");
    assert_string_equal(finding_text(json_array_get(list, 1), text, sizeof text), "nmem0: so");
    assert_string_equal(finding_text(json_array_get(list, 2), text, sizeof text),
                        "as it was before");
    assert_string_equal(finding_remedy(json_array_get(list, 2)), "");
    json_decref(list);
}

#define WITH_TREE(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

static const struct CMUnitTest tests[] = {
    WITH_TREE(test_controllers_that_show_nothing),
    WITH_TREE(test_raid_volumes_and_members),
    WITH_TREE(test_plan_of_a_volume),
    WITH_TREE(test_volumes_by_name),
    WITH_TREE(test_persistent_memory_and_emmc),
    WITH_TREE(test_what_is_no_local_disk),
    cmocka_unit_test(test_plan_of_a_network_disk),
    WITH_TREE(test_where_disks_are),
    WITH_TREE(test_lights),
    cmocka_unit_test(test_boot_partitions_of_a_drive),
    cmocka_unit_test(test_findings_in_words),
};
TEST_MAIN(tests)
