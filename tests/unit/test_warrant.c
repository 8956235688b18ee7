/* Nothing is destroyed without a warrant, nor of another disk than the warrant's, nor once it has
 * expired. */
#include "quietus/clock.h"
#include "quietus/json.h"

#include "../../agent/authorize/internal.h"
#include "test.h"
#include "whole_erase.h"

#include <errno.h>

/* Law 4: the identity is read right before each destructive command and each pass. */
static void test_identity_is_read_before_every_destructive_command(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_NVME, 60);
    erase.fake.namespaces = 3;
    erase_go(&erase);
    unsigned formats = 0;
    for (const char *p = erase.fake.log; *p; p++) {
        if (*p != 'F')
            continue;
        formats++;
        assert_int_equal(p[-1], 'i');
    }
    assert_int_equal(formats, 3);
    erase_end(&erase, DISPOSITION_ERASED);

    erase_make(&erase, COMMANDS_ATA, 8);
    erase_passes(&erase, "zero,ones,zero");
    erase_go(&erase);
    unsigned passes = 0; /* and the trial of its addresses before them */
    for (const char *p = erase.fake.log + 1; *p; p++) {
        /* In the middle of a pass the cache is flushed now and then. */
        if (*p == 'w' && p[-1] != 'w' && p[-1] != 'f') {
            passes++;
            assert_int_equal(p[-1], 'i');
        }
    }
    assert_int_equal(passes, 1 + 3);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Law 1: without a warrant nothing but questions goes to a disk, and no write. */
static void test_no_way_round_the_warrant(void **state) {
    (void)state;
    struct erase erase;
    uint8_t buffer[512];
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.disk = fake_disk_scanned(&erase.fake);
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    struct scsi_command format = {.cdb = {SCSI_FORMAT_UNIT}, .cdb_length = 6};
    assert_int_equal(device_scsi(device, &format), -EPERM);
    struct ata_registers registers;
    const struct ata_taskfile erase_unit = {.protocol = ATA_PIO_OUT, .count = 1, .command = 0xf4};
    assert_int_equal(
        device_ata(device, "SECURITY ERASE UNIT", &erase_unit, buffer, 1000, &registers), -EPERM);
    struct io_request request = {.write = true, .buffer = buffer, .length = sizeof buffer};
    assert_int_equal(device_submit(device, &request), -EPERM);
    assert_string_equal(erase.fake.log, "");
    device_close(device);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);

    erase_make(&erase, COMMANDS_NVME, 8);
    erase.disk = fake_disk_scanned(&erase.fake);
    device = fake_disk_open(&erase.fake, erase.disk);
    struct nvme_command nvme = {.opcode = 0x80, .nsid = 1, .cdw10 = 1 << 9};
    assert_int_equal(device_nvme(device, &nvme), -EPERM);
    assert_string_equal(erase.fake.log, "");
    /* Even with a warrant a write needs the identity to have been read for it. */
    json_t *authority = json_new_object();
    struct warrant *warrant = warrant_issue(erase.disk, authority);
    struct armed *armed = NULL;
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), 0);
    assert_int_equal(armed_write(armed, 0, 0, buffer, sizeof buffer), -EPERM);
    assert_int_equal(armed_submit(armed, &request), -EPERM);
    assert_int_equal(erase.fake.destructive, 0);
    armed_close(armed);
    device_close(device);
    warrant_free(warrant);
    json_decref(authority);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

/* Law 1: a warrant is used up by one run. */
static void test_warrant_is_good_for_one_run(void **state) {
    (void)state;
    struct erase erase;
    struct armed *armed = NULL;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase_go(&erase);
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    assert_int_equal(warrant_arm(erase.run->warrant, device, &armed, &erase.reason), -EPERM);
    assert_null(armed);
    device_close(device);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* A disk may wait long for its turn: its order counts until then. */
static void test_warrant_expires_with_its_order(void **state) {
    (void)state;
    struct erase erase;
    struct armed *armed = NULL;
    erase_make(&erase, COMMANDS_ATA, 8);
    erase.disk = fake_disk_scanned(&erase.fake);
    json_t *authority = json_new_object();
    struct warrant *warrant = warrant_issue(erase.disk, authority);
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    warrant_expires(warrant, clock_now());
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), -EKEYEXPIRED);
    assert_null(armed);
    warrant_expires(warrant, clock_now() + 100);
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), 0);
    armed_close(armed);
    device_close(device);
    warrant_free(warrant);
    json_decref(authority);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

static void test_warrant_is_good_for_one_disk(void **state) {
    (void)state;
    struct erase erase;
    erase_make(&erase, COMMANDS_ATA, 8);
    strcpy(erase.fake.serial, "FAKE0001");
    json_t *authority = json_new_object();
    erase.disk = fake_disk_scanned(&erase.fake);
    struct warrant *warrant = warrant_issue(erase.disk, authority);
    strcpy(erase.fake.serial, "FAKE0002");
    struct device *device = fake_disk_open(&erase.fake, erase.disk);
    struct armed *armed = NULL;
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), -ESTALE);
    assert_null(armed);
    /* And it is used up all the same. */
    strcpy(erase.fake.serial, "FAKE0001");
    assert_int_equal(warrant_arm(warrant, device, &armed, &erase.reason), -EPERM);
    assert_int_equal(erase.fake.destructive, 0);
    device_close(device);
    warrant_free(warrant);
    json_decref(authority);
    disk_free(erase.disk);
    fake_disk_free(&erase.fake);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_identity_is_read_before_every_destructive_command),
    cmocka_unit_test(test_no_way_round_the_warrant),
    cmocka_unit_test(test_warrant_is_good_for_one_run),
    cmocka_unit_test(test_warrant_is_good_for_one_disk),
    cmocka_unit_test(test_warrant_expires_with_its_order),
};

TEST_MAIN(tests)
