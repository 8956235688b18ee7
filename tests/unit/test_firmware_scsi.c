/* SANITIZE and FORMAT UNIT of a SAS disk, command by command: the exact bytes and their order. */
#include "quietus/json.h"
#include "quietus/scsi_reservation.h"

#include "firmware.h"
#include "test.h"

#include <sodium.h>

/* What else the drive of a test does. */
static struct {
    uint64_t blocks;
    uint64_t hidden; /* blocks that MODE SELECT brings back */
    bool hidden_for_good;
    bool refuses_select;
    uint16_t at_work;
    bool is_taken; /* another host reserves it when an erase is about to begin */
    bool reserved;
    uint32_t block_size; /* of the medium; 0: 512 */
    uint32_t next_size;  /* that MODE SELECT has asked for: no capacity is told until a format */
    uint64_t registered; /* the key of this path */
} drive;

static void put_be(uint8_t *out, unsigned size, uint64_t value) {
    for (unsigned i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void give(struct scsi_command *command, const uint8_t *data, uint32_t length) {
    command->received = length < command->data_length ? length : command->data_length;
    memcpy(command->data, data, command->received);
}

static void inquiry(const struct fake_disk *fake, struct scsi_command *command) {
    uint8_t data[96] = {[2] = 6, [3] = 2, [4] = 91};
    put_padded(data + 8, 8, "FAKE");
    put_padded(data + 16, 16, "SAS DISK");
    put_padded(data + 32, 4, "1.0");
    if (command->cdb[1] & 1) {
        memset(data, 0, sizeof data);
        data[1] = command->cdb[2];
        data[3] = command->cdb[2] == 0 ? 2 : 8;
        if (command->cdb[2] == 0)
            data[5] = 0x80;
        else
            memcpy(data + 4, fake->serial, 8);
    }
    give(command, data, sizeof data);
}

/* Sense data as REQUEST SENSE returns it, fixed format. */
static void request_sense(struct scsi_command *command) {
    uint8_t data[18] = {[0] = 0x70, [7] = 10};
    const enum firmware_state state = firmware_asked();
    if (state == FIRMWARE_AT_WORK) {
        data[2] = SENSE_NOT_READY;
        data[12] = (uint8_t)(drive.at_work >> 8);
        data[13] = (uint8_t)drive.at_work;
        data[15] = 0x80;
        data[16] = 0x40;
    } else if (state == FIRMWARE_FAILED) {
        data[2] = SENSE_MEDIUM_ERROR;
        data[12] = 0x31;
        data[13] = 0x03;
    }
    give(command, data, sizeof data);
}

static void note(const struct scsi_command *command) {
    char data[64] = "";
    char cdb[40];
    if (command->data_length > 0)
        (void)sodium_bin2hex(data, sizeof data, command->data, command->data_length);
    firmware_say("%s %s", sodium_bin2hex(cdb, sizeof cdb, command->cdb, command->cdb_length), data);
}

static void refuse(struct scsi_command *command) {
    command->status = SCSI_CHECK_CONDITION;
    command->sense_length = 18;
    memset(command->sense, 0, 18);
    command->sense[0] = 0x70;
    command->sense[2] = SENSE_ILLEGAL_REQUEST;
    command->sense[12] = 0x24;
}

static void erase(struct fake_disk *fake, struct scsi_command *command, uint16_t at_work) {
    note(command);
    if (drive.is_taken) {
        drive.reserved = true;
        command->status = SCSI_RESERVATION_CONFLICT;
        return;
    }
    if (firmware.fault.refuses) {
        refuse(command);
        return;
    }
    drive.at_work = at_work;
    firmware_begin(fake);
}

static bool play(struct fake_disk *fake, struct scsi_command *command) {
    uint8_t data[32] = {0};
    command->status = SCSI_GOOD;
    switch (command->cdb[0]) {
    case SCSI_INQUIRY:
        inquiry(fake, command);
        return true;
    case SCSI_SERVICE_ACTION_IN_16:
        if (drive.next_size != 0)
            return false;
        put_be(data, 8, drive.blocks - 1);
        put_be(data + 8, 4, drive.block_size ? drive.block_size : 512);
        give(command, data, 32);
        return true;
    case SCSI_MODE_SENSE_10:
        data[1] = 14;
        data[7] = 8;
        put_be(data + 8, 4, drive.blocks + (command->cdb[2] >> 6 == 2 ? drive.hidden : 0));
        put_be(data + 13, 3, 512);
        give(command, data, 16);
        return true;
    case SCSI_MODE_SELECT_10:
        note(command);
        if (get_be32((const uint8_t *)command->data + 12) != 512)
            drive.next_size = get_be32((const uint8_t *)command->data + 12);
        if (drive.refuses_select)
            refuse(command);
        if (drive.refuses_select || drive.hidden_for_good)
            return true;
        drive.blocks += drive.hidden;
        drive.hidden = 0;
        return true;
    case SCSI_TEST_UNIT_READY:
        return true;
    case SCSI_PERSISTENT_RESERVE_OUT: /* lets anybody register, and nobody clear or preempt */
        note(command);
        command->status =
            command->cdb[1] == SCSI_RESERVE_OUT_CLEAR || command->cdb[1] == SCSI_RESERVE_OUT_PREEMPT
                ? SCSI_RESERVATION_CONFLICT
                : SCSI_GOOD;
        if (command->status == SCSI_GOOD)
            drive.registered = get_be64((const uint8_t *)command->data + 8);
        return true;
    case SCSI_PERSISTENT_RESERVE_IN:
        if (command->cdb[1] == SCSI_RESERVE_IN_KEYS) {
            data[7] = drive.registered ? 8 : 0;
            put_be(data + 8, 8, drive.registered);
            give(command, data, 16);
            return true;
        }
        data[7] = drive.reserved ? 16 : 0;
        put_be(data + 8, 8, 0xabcde);
        data[21] = 3;
        give(command, data, drive.reserved ? 24 : 8);
        return true;
    case SCSI_REQUEST_SENSE:
        request_sense(command);
        return true;
    case SCSI_SANITIZE:
        erase(fake, command, SCSI_SANITIZE_IN_PROGRESS);
        return true;
    case SCSI_FORMAT_UNIT:
        erase(fake, command, SCSI_FORMAT_IN_PROGRESS);
        if (drive.next_size != 0) {
            drive.blocks = drive.blocks * 512 / drive.next_size;
            drive.block_size = drive.next_size;
            drive.next_size = 0;
        }
        return true;
    default:
        return false;
    }
}

static void prepare(struct erase *erase, const char *method) {
    firmware_make(erase, COMMANDS_SCSI, method);
    memset(&drive, 0, sizeof drive);
    drive.blocks = erase->fake.bytes / 512;
    erase->fake.on_scsi = play;
    erase->disk = fake_disk_scanned(&erase->fake);
    erase->disk->bus = BUS_SAS;
    erase->disk->scsi_sanitize_overwrite = SCSI_SUPPORTED;
    erase->disk->scsi_sanitize_block = SCSI_SUPPORTED;
    erase->disk->scsi_sanitize_crypto = SCSI_SUPPORTED;
}

/* Every run begins with this: all blocks, which changes nothing where nothing is hidden. */
#define SELECT_ALL "55110000000000001000 0000000000000008ffffffff00000200"

static void test_bytes(void **state) {
    (void)state;
    static const struct firmware_bytes cases[] = {
        {"scsi-sanitize-crypto", {SELECT_ALL, "48830000000000000000 "}},
        {"scsi-sanitize-block", {SELECT_ALL, "48820000000000000000 "}},
        {"scsi-sanitize-crypto-block",
         {SELECT_ALL, "48830000000000000000 ", "48820000000000000000 "}},
        {"scsi-format", {SELECT_ALL, "041000000000 00020000"}},
    };
    firmware_check_bytes(prepare, cases, COUNT_OF(cases));
}

/* One pass, no inversion, a pattern of four bytes that is new each time. */
static void test_overwrite_bytes(void **state) {
    (void)state;
    char patterns[2][9];
    for (int i = 0; i < 2; i++) {
        struct erase erase;
        prepare(&erase, "scsi-sanitize-overwrite");
        erase_go(&erase);
        assert_memory_equal(firmware.sent[1], "48810000000000000800 01000004", 29);
        (void)snprintf(patterns[i], sizeof *patterns, "%s", firmware.sent[1] + 29);
        erase_end(&erase, DISPOSITION_ERASED);
    }
    assert_string_not_equal(patterns[0], patterns[1]);
}

/* By protection type: FMTPINFO in the CDB, PROTECTION FIELD USAGE in the list. */
static void test_format_keeps_protection(void **state) {
    (void)state;
    static const char *const sent[] = {"041000000000 00020000", "049000000000 00020000",
                                       "04d000000000 00020000", "04d000000000 01020000"};
    for (uint8_t type = 0; type < 4; type++) {
        struct erase erase;
        prepare(&erase, "scsi-format");
        erase.disk->protection_type = type;
        erase_go(&erase);
        assert_string_equal(firmware.sent[1], sent[type]);
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

static void test_ends(void **state) {
    (void)state;
    static const struct firmware_end cases[] = {
        {"scsi-sanitize-block", {.keeps_data = true}, DISPOSITION_FAILED, NULL},
        /* GOOD, and nothing on the medium has changed */
        {"scsi-format", {.keeps_data = true}, DISPOSITION_FAILED, NULL},
        {"scsi-sanitize-block", {.fails = true}, DISPOSITION_FAILED, "reports that it failed"},
        {"scsi-sanitize-block",
         {.refuses = true},
         DISPOSITION_FAILED,
         "refused by the disk: illegal request"},
    };
    firmware_check_ends(prepare, cases, COUNT_OF(cases));
}

/* One that runs already is waited for, and then begun anew. */
static void test_an_earlier_one(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "scsi-sanitize-block");
    drive.at_work = SCSI_SANITIZE_IN_PROGRESS;
    firmware.state = FIRMWARE_AT_WORK;
    firmware.left = 5;
    erase_go(&erase);
    assert_int_equal(firmware.count, 2);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* The reason says who has it, and nothing more is tried. */
static void test_taken_on_the_way(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "scsi-sanitize-block");
    erase.policy.method_count = 0;
    erase.policy.fallback = true;
    drive.is_taken = true;
    erase_go(&erase);
    assert_non_null(strstr(erase.reason.text, "reserved by another host (exclusive access, key "
                                              "0x00000000000abcde)"));
    assert_int_equal(erase.run->attempt_count, 1);
    assert_int_equal(firmware.count, 2); /* MODE SELECT, and the sanitize that was refused */
    erase_end(&erase, DISPOSITION_FAILED);
}

/* What can be neither cleared nor preempted is refused, and our own registration is taken back. */
static void test_cannot_be_cleared(void **state) {
    (void)state;
    static const char *const sent[] = {
        "5f060000000000001800 000000000000000051756965747573310000000000000000",
        "5f030000000000001800 517569657475733100000000000000000000000000000000",
        "5f040300000000001800 517569657475733100000000000abcde",
        "5f000000000000001800 517569657475733100000000000000000000000000000000",
    };
    struct erase erase;
    prepare(&erase, "scsi-sanitize-block");
    erase.policy.clear_reservations = true;
    drive.reserved = true;
    erase_go(&erase);
    assert_non_null(strstr(erase.reason.text, "neither cleared nor preempted"));
    assert_int_equal(firmware.count, COUNT_OF(sent));
    for (size_t i = 0; i < COUNT_OF(sent); i++)
        assert_memory_equal(firmware.sent[i], sent[i], strlen(sent[i]));
    assert_true(drive.registered == 0);
    erase_end(&erase, DISPOSITION_REFUSED);
}

/* From MODE SELECT to the end of the format the disk tells no capacity; its names have to do. */
static void test_other_sectors(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "scsi-sanitize-block");
    erase.policy.sector_size = 4096;
    erase_go(&erase);
    assert_int_equal(firmware.count, 4);
    assert_string_equal(firmware.sent[2], "55110000000000001000 00000000000000080000000000001000");
    assert_string_equal(firmware.sent[3], "041000000000 00020000");
    assert_string_equal(erase.run->reformat.problem.text, "");
    assert_int_equal(erase.run->reformat.after, 4096);
    assert_true(erase.run->reformat.capacity_after == erase.fake.bytes);
    assert_true(erase.run->identity_after.capacity == erase.fake.bytes);
    erase_end(&erase, DISPOSITION_ERASED);
    prepare(&erase, "scsi-sanitize-block"); /* no SAS disk: nothing is sent, and it is told */
    erase.policy.sector_size = 4096;
    erase.disk->bus = BUS_SCSI;
    erase_go(&erase);
    assert_int_equal(firmware.count, 1);
    assert_non_null(strstr(erase.reason.text, "it is no SAS disk"));
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_hidden_capacity(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "overwrite");
    drive.hidden = drive.blocks / 2;
    drive.blocks -= drive.hidden;
    erase.disk->areas[0].lba_count = drive.blocks;
    erase.disk->identity.capacity = drive.blocks * 512;
    erase_go(&erase);
    assert_string_equal(firmware.sent[0], SELECT_ALL);
    assert_int_equal(fake_disk_residue(&erase.fake), 0);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* It refuses to show the rest, or says that it does and does not: then not all was overwritten. */
static void test_hidden_capacity_that_stays(void **state) {
    (void)state;
    for (int refuses = 0; refuses < 2; refuses++) {
        struct erase erase;
        prepare(&erase, "overwrite");
        drive.hidden = drive.blocks / 2;
        drive.blocks -= drive.hidden;
        drive.hidden_for_good = true;
        drive.refuses_select = refuses != 0;
        erase.disk->areas[0].lba_count = drive.blocks;
        erase.disk->identity.capacity = drive.blocks * 512;
        erase_go(&erase);
        char *text = json_dumps(erase.run->attempts[0].exceptions, 0);
        assert_non_null(strstr(text, "are hidden (mode page)"));
        free(text);
        assert_non_null(strstr(erase.reason.text, "not reached"));
        erase_end(&erase, DISPOSITION_UNKNOWN);
    }
}

/* Another disk between two passes: it is not formatted either, which would come next. */
static void test_another_disk_before_the_second_pass(void **state) {
    (void)state;
    struct erase erase;
    struct reason reason;
    prepare(&erase, "overwrite");
    text_copy(erase.policy.methods[1], POLICY_NAME_SIZE, "scsi-format");
    erase.policy.method_count = 2;
    erase.policy.fallback = true;
    assert_int_equal(passes_parse("zero,random", &erase.policy.passes, &reason), 0);
    erase.fake.becomes_another_after = 8; /* the first pass has 8 requests */
    erase_go(&erase);
    assert_int_equal(erase.run->plan.step_count, 2);
    assert_int_equal(erase.run->attempt_count, 1);
    assert_int_equal(erase.fake.destructive, 8);
    assert_non_null(strstr(erase.reason.text, "pass 2 could not be begun: it is another disk"));
    erase_end(&erase, DISPOSITION_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_bytes),
    cmocka_unit_test(test_overwrite_bytes),
    cmocka_unit_test(test_format_keeps_protection),
    cmocka_unit_test(test_ends),
    cmocka_unit_test(test_an_earlier_one),
    cmocka_unit_test(test_taken_on_the_way),
    cmocka_unit_test(test_cannot_be_cleared),
    cmocka_unit_test(test_other_sectors),
    cmocka_unit_test(test_hidden_capacity),
    cmocka_unit_test(test_hidden_capacity_that_stays),
    cmocka_unit_test(test_another_disk_before_the_second_pass),
};
TEST_MAIN(tests)
