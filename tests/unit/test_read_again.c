/* What a read that failed is worth, sector by sector. */
#include "quietus/ask.h"

#include "../../agent/verify/read_again.h"
#include "fake_disk.h"
#include "test.h"

#include <errno.h>

enum { LBAS = 8, SECTOR = 512, PROTECTION = 8 };

/* How each sector of the place answers: a key, and ASC with ASCQ; key 0: with its LBA in every
 * byte. */
static struct answer {
    uint8_t key;
    uint16_t code;
} answers[LBAS];
static unsigned unchecked_reads;

static bool play(struct fake_disk *fake, struct scsi_command *command) {
    (void)fake;
    if (command->cdb[0] != 0x88)
        return false;
    const unsigned lba = command->cdb[9];
    const struct answer *answer = &answers[lba];
    assert_true(lba < LBAS && command->cdb[13] == 1);
    if (command->cdb[1] == 0x60)
        unchecked_reads++;
    assert_int_equal(command->data_length, command->cdb[1] ? SECTOR + PROTECTION : SECTOR);
    command->status = answer->key ? SCSI_CHECK_CONDITION : SCSI_GOOD;
    memset(command->sense, 0, 18);
    command->sense[0] = 0x70;
    command->sense[2] = answer->key;
    command->sense[7] = 10;
    command->sense[12] = (uint8_t)(answer->code >> 8);
    command->sense[13] = (uint8_t)answer->code;
    command->sense_length = 18;
    command->received = command->data_length;
    memset(command->data, (int)lba + 1, command->data_length);
    return true;
}

static const struct answer good = {0, 0};
static const struct answer write_required = {SENSE_MEDIUM_ERROR, 0x1115};
static const struct answer unrecovered = {SENSE_MEDIUM_ERROR, 0x1100};
static const struct answer guard = {SENSE_ABORTED_COMMAND, 0x1001};

/* Seven sectors answer as the first, the last as the second. */
static enum again ask(struct answer most, struct answer last, enum read_promise announced,
                      uint8_t protection, uint8_t *data) {
    struct fake_disk fake;
    struct layout layout;
    const struct read_rule rule = {announced, protection};
    const struct place_unit place = {0, 0, LBAS * SECTOR};
    for (unsigned i = 0; i < LBAS; i++)
        answers[i] = i + 1 < LBAS ? most : last;
    unchecked_reads = 0;
    fake_disk_make(&fake, COMMANDS_SCSI, 1);
    fake.on_scsi = play;
    struct disk *disk = disk_new();
    disk->commands = COMMANDS_SCSI;
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.lba_size = SECTOR, .lba_count = LBAS};
    struct device *device = fake_disk_open(&fake, disk);
    layout_make(disk->areas, disk->area_count, &layout);
    const enum again what = read_again(device, &rule, &layout, &place, data);
    device_close(device);
    disk_free(disk);
    fake_disk_free(&fake);
    return what;
}

static void test_what_counts_as_announced(void **state) {
    (void)state;
    const struct {
        struct answer most;
        struct answer last;
        enum read_promise announced;
        uint8_t protection;
        enum again expected;
    } cases[] = {
        {write_required, write_required, READS_WRITE_REQUIRED, 0, AGAIN_ANNOUNCED},
        {unrecovered, unrecovered, READS_ERROR, 0, AGAIN_ANNOUNCED},
        /* Another error than was announced, in one sector or in all. */
        {unrecovered, unrecovered, READS_WRITE_REQUIRED, 0, AGAIN_UNREADABLE},
        {write_required, write_required, READS_ERROR, 0, AGAIN_UNREADABLE},
        {write_required, unrecovered, READS_WRITE_REQUIRED, 0, AGAIN_UNREADABLE},
        {guard, guard, READS_ERROR, 0, AGAIN_UNREADABLE},
        {good, guard, READS_ERROR, 1, AGAIN_UNREADABLE},
        /* Nothing was announced. */
        {unrecovered, unrecovered, READS_UNSPECIFIED, 1, AGAIN_UNREADABLE},
        {unrecovered, unrecovered, READS_GOOD, 3, AGAIN_UNREADABLE},
        {good, good, READS_UNSPECIFIED, 0, AGAIN_UNREADABLE},
        {good, good, READS_UNSPECIFIED, 2, AGAIN_UNREADABLE},
        /* What can be read is compared. */
        {good, write_required, READS_WRITE_REQUIRED, 0, AGAIN_READ},
        {write_required, good, READS_WRITE_REQUIRED, 0, AGAIN_READ},
        {good, good, READS_UNSPECIFIED, 1, AGAIN_READ},
    };
    uint8_t data[LBAS * SECTOR];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const enum again what =
            ask(cases[i].most, cases[i].last, cases[i].announced, cases[i].protection, data);
        if (what != cases[i].expected)
            fail_msg("case %zu: %d", i, what);
    }
}

/* Sectors that cannot be read are zeros; protection information is not taken for data. */
static void test_what_was_read(void **state) {
    (void)state;
    uint8_t data[LBAS * SECTOR];
    assert_int_equal(ask(good, write_required, READS_WRITE_REQUIRED, 1, data), AGAIN_READ);
    assert_int_equal(unchecked_reads, LBAS);
    for (unsigned i = 0; i < LBAS; i++) {
        const uint8_t expected = i + 1 < LBAS ? (uint8_t)(i + 1) : 0;
        assert_true(bytes_all(data + (size_t)i * SECTOR, SECTOR, expected));
    }
}

static bool refuse(struct fake_disk *fake, struct scsi_command *command) {
    (void)fake;
    if (command->cdb[0] != 0x88)
        return false;
    command->status = SCSI_CHECK_CONDITION;
    command->sense[0] = 0x72;
    command->sense[1] = SENSE_MEDIUM_ERROR;
    command->sense[2] = 0x11;
    command->sense[3] = 0x15;
    command->sense_length = 8;
    return true;
}

/* Every unit of a disk fails to be read. Where that was announced it is no reason to give up. */
static void test_announced_failures_are_all_tried(void **state) {
    (void)state;
    enum { UNITS = 1 << 8, MOST = VERIFY_MOST_UNREADABLE };
    static const enum read_promise promises[] = {READS_WRITE_REQUIRED, READS_ERROR};
    for (size_t i = 0; i < COUNT_OF(promises); i++) {
        struct fake_disk fake;
        struct layout layout;
        struct sample_places places;
        struct progress progress = {0};
        struct verify_report report = {0};
        const struct read_rule rule = {promises[i], 0};
        fake_disk_make(&fake, COMMANDS_SCSI, 1);
        fake.on_scsi = refuse;
        fake.bad_read_to = fake.bytes;
        struct disk *disk = disk_new();
        disk->commands = COMMANDS_SCSI;
        disk->area_count = 1;
        disk->areas[0] = (struct disk_area){.lba_size = SECTOR, .lba_count = UNITS * LBAS};
        struct device *device = fake_disk_open(&fake, disk);
        layout_make(disk->areas, disk->area_count, &layout);
        sample_places_choose(&layout, &(struct verify_level){0}, NULL, &places);
        const int error = verify_fresh(device, &layout, &places, &rule, &progress, &report);
        const bool announced = promises[i] == READS_WRITE_REQUIRED;
        assert_int_equal(error, announced ? 0 : -EIO);
        assert_true(report.complete == announced);
        assert_int_equal(report.announced, announced ? UNITS : 0);
        assert_in_range(report.unreadable, announced ? 0 : MOST,
                        announced ? 0 : MOST + TRANSPORT_DEPTH);
        sample_places_free(&places);
        device_close(device);
        disk_free(disk);
        fake_disk_free(&fake);
    }
}

/* A page that comes short is none: the rest of the buffer is not the disk's. */
static void test_short_pages_are_no_answer(void **state) {
    (void)state;
    struct fake_disk fake;
    struct ata_identify identify;
    fake_disk_make(&fake, COMMANDS_ATA, 1);
    struct disk *disk = disk_new();
    disk->commands = COMMANDS_ATA;
    struct device *device = fake_disk_open(&fake, disk);
    assert_int_equal(ask_ata_identify(device, &identify), 0);
    fake.identify_lacks = 1;
    assert_int_equal(ask_ata_identify(device, &identify), -EIO);
    device_close(device);
    disk_free(disk);
    fake_disk_free(&fake);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_counts_as_announced),
    cmocka_unit_test(test_what_was_read),
    cmocka_unit_test(test_announced_failures_are_all_tried),
    cmocka_unit_test(test_short_pages_are_no_answer),
};
TEST_MAIN(tests)
