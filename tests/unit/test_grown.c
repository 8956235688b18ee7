/*
 * Disks that show all that they have once their hidden capacity is opened, and that the kernel has
 * to find anew for that.
 */
#include "quietus/ask.h"

#include "test.h"
#include "whole_erase.h"

#include <limits.h>

enum { DISK_MIB = 4, WHOLE = DISK_MIB << 11 };

/* What the disk shows, in sectors. */
static uint64_t shown;

/* An ATA Status Return descriptor (SAT): ended well, at the last of all sectors. */
static void give_last_address(struct scsi_command *command) {
    static const uint8_t sense[] = {
        0x72, SENSE_RECOVERED_ERROR, 0, 0x1d, 0, 0, 0, 14, 0x09, 0x0c, 1, 0};
    command->status = SCSI_CHECK_CONDITION;
    memset(command->sense, 0, 22);
    memcpy(command->sense, sense, sizeof sense);
    command->sense[15] = (uint8_t)(WHOLE - 1);
    command->sense[17] = (uint8_t)((WHOLE - 1) >> 8);
    command->sense[20] = 0x40;
    command->sense[21] = 0x50;
    command->sense_length = 22;
}

/* IDENTIFY DEVICE, READ NATIVE MAX ADDRESS EXT and SET MAX ADDRESS EXT. */
static bool play(struct fake_disk *fake, struct scsi_command *command) {
    const uint8_t opcode = command->cdb[14];
    if (command->cdb[0] != 0x85 || (opcode != 0xec && opcode != 0x27 && opcode != 0x37))
        return false;
    if (opcode == 0x37)
        shown = WHOLE;
    if (opcode != 0xec) {
        give_last_address(command);
        return true;
    }
    make_identify(command->data, "FAKE ATA DISK", fake->serial, shown);
    set_word(command->data, 82, 0x0403); /* host protected area */
    for (unsigned word = 84; fake->serial[0] == '\0' && word <= 87; word += 3)
        set_word(command->data, word, 0x4000); /* nor a WWN */
    seal_identify(command->data);
    command->status = SCSI_GOOD;
    command->received = 512;
    return true;
}

/* Half of it is hidden, and it will be found again once. */
static void make(struct erase *erase, const char *serial) {
    erase_make(erase, COMMANDS_ATA, DISK_MIB);
    erase_only(erase, "overwrite");
    still_clock();
    shown = WHOLE / 2;
    text_copy(erase->fake.serial, sizeof erase->fake.serial, serial);
    erase->fake.on_scsi = play;
    erase->disk = fake_disk_scanned(&erase->fake);
    struct device *device = fake_disk_open(&erase->fake, erase->disk);
    assert_int_equal(ask_ata_identify(device, &erase->disk->ata), 0);
    device_close(device);
    erase->disk->has_ata = true;
    erase->disk->hidden_known = true;
    erase->disk->native_sectors = WHOLE;
    erase->disk->areas[0].lba_count = shown;
    erase->fake.vanishes_after = 1 << 30;
    erase->fake.returns = 1;
}

static void test_one_that_is_found_anew(void **state) {
    (void)state;
    struct erase erase;
    make(&erase, "FAKE0001");
    erase_go(&erase);
    assert_int_equal(erase.fake.rediscoveries, 1);
    assert_int_equal(erase.fake.searches, 1);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* While the kernel settles it may show the disk twice. */
static void test_one_that_is_there_twice_for_a_while(void **state) {
    (void)state;
    struct erase erase;
    make(&erase, "FAKE0001");
    erase.fake.twin_elsewhere = 20;
    erase_go(&erase);
    assert_int_equal(erase.fake.rediscoveries, 1);
    assert_int_equal(erase.fake.searches, 21);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_one_that_is_there_twice_for_good(void **state) {
    (void)state;
    struct erase erase;
    make(&erase, "FAKE0001");
    erase.fake.twin_elsewhere = UINT_MAX;
    erase_go(&erase);
    assert_in_range(erase.fake.searches, 100, 1000);
    assert_int_equal(erase.fake.destructive, 0);
    assert_non_null(strstr(erase.reason.text, "another disk cannot be told from it"));
    assert_non_null(strstr(erase.reason.text, "remove the other one"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static void test_one_that_does_not_come_back(void **state) {
    (void)state;
    struct erase erase;
    make(&erase, "FAKE0001");
    erase.fake.returns = 0;
    erase_go(&erase);
    assert_int_equal(erase.fake.destructive, 0);
    assert_non_null(strstr(erase.reason.text, "has not come back after hidden capacity"));
    erase_end(&erase, DISPOSITION_FAILED);
}

/* One that could not be found again is not taken away from where it is. */
static void test_one_that_can_be_mistaken_is_left_where_it_is(void **state) {
    (void)state;
    static const struct {
        const char *serial;
        bool has_twin;
        const char *because;
    } cases[] = {
        {"FAKE0001", true, "remove the other one, or restart the server, and run again"},
        {"", false, "neither serial number nor WWN; restart the server and run again"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct erase erase;
        make(&erase, cases[i].serial);
        erase.disk->has_twin = cases[i].has_twin;
        erase_go(&erase);
        assert_int_equal(erase.fake.rediscoveries, 0);
        assert_int_equal(erase.fake.searches, 0);
        assert_int_equal(erase.fake.destructive, 0);
        assert_non_null(strstr(erase.reason.text, cases[i].because));
        erase_end(&erase, DISPOSITION_FAILED);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_that_is_found_anew),
    cmocka_unit_test(test_one_that_is_there_twice_for_a_while),
    cmocka_unit_test(test_one_that_is_there_twice_for_good),
    cmocka_unit_test(test_one_that_does_not_come_back),
    cmocka_unit_test(test_one_that_can_be_mistaken_is_left_where_it_is),
};

TEST_MAIN(tests)
