/*
 * Firmware erase by ATA, command by command: the exact bytes, their order, and what ties an
 * operation's end to its command. The drives here play one part each; whole drives are in
 * tests/sim.
 */
#include "quietus/ask.h"
#include "quietus/json.h"

#include "firmware.h"
#include "test.h"

#include <sodium.h>

/* What else the drive of a test does. */
static struct {
    uint16_t word128;
    uint8_t password[32];
    bool prepared;
    bool no_registers;
    bool interrupts_once;
    unsigned refusals; /* of ERASE UNIT, as if something had come between it and PREPARE */
    /* Hidden areas, in sectors; 0: none */
    uint64_t native;
    uint64_t dco;
    uint64_t sectors;
    bool amac;
    bool set_max_refused;
    uint8_t last; /* the command before */
} drive;

static void give_registers(struct scsi_command *command, uint8_t status, uint8_t error,
                           uint16_t count, uint64_t lba) {
    uint8_t *sense = command->sense;
    command->status = SCSI_CHECK_CONDITION;
    if (drive.no_registers) {
        command->status = SCSI_GOOD;
        return;
    }
    memset(sense, 0, 22);
    sense[0] = 0x72;
    sense[1] = status & 1 ? SENSE_ABORTED_COMMAND : SENSE_RECOVERED_ERROR;
    sense[3] = 0x1d;
    sense[7] = 14;
    sense[8] = 0x09;
    sense[9] = 0x0c;
    sense[10] = 1;
    sense[11] = error;
    sense[12] = (uint8_t)(count >> 8);
    sense[13] = (uint8_t)count;
    sense[15] = (uint8_t)lba;
    sense[17] = (uint8_t)(lba >> 8);
    sense[19] = (uint8_t)(lba >> 16);
    sense[20] = 0x40;
    sense[21] = status;
    command->sense_length = 22;
}

static void give_status(struct scsi_command *command) {
    const enum firmware_state state = firmware_asked();
    if (state == FIRMWARE_FAILED)
        give_registers(command, 0x51, 0x04, 0, 1);
    else if (state == FIRMWARE_AT_WORK)
        give_registers(command, 0x50, 0, 0x4000, 0x1234);
    else
        give_registers(command, 0x50, 0, state == FIRMWARE_DONE ? 0x8000 : 0, 0xffff);
}

static bool password_fits(const struct scsi_command *command) {
    return memcmp((const uint8_t *)command->data + 2, drive.password, 32) == 0;
}

static void erase_unit(struct fake_disk *fake, struct scsi_command *command) {
    const bool good = drive.prepared && password_fits(command) && drive.refusals == 0;
    drive.prepared = false;
    drive.refusals -= drive.refusals > 0;
    if (!good) {
        give_registers(command, 0x51, 0x04, 0, 0);
        return;
    }
    if (drive.interrupts_once) {
        drive.interrupts_once = false;
        drive.word128 |= 4; /* locked */
        command->status = SCSI_GOOD;
        command->host_status = 3;
        return;
    }
    if (!firmware.fault.keeps_data)
        fake_disk_erase(fake);
    if (!firmware.fault.ignores)
        drive.word128 &= (uint16_t)~6;
    give_registers(command, 0x50, 0, 0, 0);
}

static void security(struct fake_disk *fake, struct scsi_command *command) {
    const uint8_t *data = command->data;
    const uint8_t opcode = command->cdb[14];
    if (opcode == 0xf3) {
        firmware_say("F3");
        drive.prepared = true;
        give_registers(command, 0x50, 0, 0, 0);
        return;
    }
    firmware_say("%02X flags=%02x%02x %.32s", opcode, data[0], data[1], data + 2);
    if (opcode == 0xf4) {
        erase_unit(fake, command);
        return;
    }
    if (opcode == 0xf1) {
        memcpy(drive.password, data + 2, 32);
        drive.word128 |= 2;
    } else if (!password_fits(command)) {
        give_registers(command, 0x51, 0x04, 0, 0);
        return;
    }
    if (opcode == 0xf2)
        drive.word128 &= (uint16_t)~4;
    if (opcode == 0xf6)
        drive.word128 &= (uint16_t)~2;
    give_registers(command, 0x50, 0, 0, 0);
}

/* READ NATIVE MAX, SET MAX, AMAC and DCO; false for anything else. */
static bool play_hidden(struct scsi_command *command) {
    char bytes[40];
    uint8_t *data = command->data;
    const uint8_t opcode = command->cdb[14];
    const bool sets = opcode == 0x37 || (opcode == 0x78 && command->cdb[4] == 1) ||
                      (opcode == 0xb1 && command->cdb[4] == 0xc0);
    if (opcode == 0xb1 && command->cdb[4] == 0xc2) {
        memset(data, 0, 512);
        put_le64(data + 6, drive.dco - 1);
        seal_identify(data);
        command->status = SCSI_GOOD;
        command->received = 512;
        return true;
    }
    if (!sets && opcode != 0x27 && opcode != 0x78)
        return false;
    if (sets)
        firmware_say("%02x %s", drive.last, sodium_bin2hex(bytes, sizeof bytes, command->cdb, 16));
    if (sets && drive.set_max_refused) {
        give_registers(command, 0x51, 0x04, 0, 0);
        return true;
    }
    if (opcode == 0xb1)
        drive.native = drive.dco;
    if (sets)
        drive.sectors = drive.native;
    give_registers(command, 0x50, 0, 0, drive.native - 1);
    return true;
}

static bool play_ata(struct fake_disk *fake, struct scsi_command *command) {
    char bytes[40];
    const uint8_t opcode = command->cdb[14];
    if (command->cdb[0] != 0x85)
        return false;
    if (opcode != 0xf3 && opcode != 0xf4)
        drive.prepared = false; /* nothing may come between the two */
    const bool hidden = play_hidden(command);
    drive.last = opcode;
    if (hidden)
        return true;
    if (opcode >= 0xf1 && opcode <= 0xf6) {
        security(fake, command);
        return true;
    }
    if (opcode == 0xec) {
        make_identify(command->data, "FAKE ATA DISK", fake->serial,
                      drive.sectors ? drive.sectors : fake->bytes / 512);
        set_word(command->data, 128, drive.word128);
        if (drive.native && !drive.amac)
            set_word(command->data, 82, 0x0403);
        if (drive.amac)
            set_word(command->data, 119, 0x4100);
        if (drive.dco)
            set_word(command->data, 83, 0x4c00);
        seal_identify(command->data);
        command->status = SCSI_GOOD;
        command->received = 512;
        return true;
    }
    if (opcode == 0xb4 && command->cdb[4] == 0) {
        give_status(command);
        return true;
    }
    if (opcode == 0xb4) {
        firmware_say("%s", sodium_bin2hex(bytes, sizeof bytes, command->cdb, 16));
        if (firmware.fault.refuses) {
            give_registers(command, 0x51, 0x04, 0, 3);
            return true;
        }
        firmware_begin(fake);
        give_registers(command, 0x50, 0, 0, 0xffff);
        return true;
    }
    return false;
}

static void prepare(struct erase *erase, const char *method) {
    firmware_make(erase, COMMANDS_ATA, method);
    memset(&drive, 0, sizeof drive);
    drive.word128 = 0x0021;
    erase->fake.on_scsi = play_ata;
    erase->disk = fake_disk_scanned(&erase->fake);
    erase->disk->has_ata = true;
    erase->disk->hidden_known = true;
    erase->disk->ata.sanitize = (struct ata_sanitize){
        .supported = true, .crypto_scramble = true, .block_erase = true, .overwrite = true};
    erase->disk->ata.security =
        (struct ata_security){.supported = true, .enhanced_erase = true, .normal_minutes = 2};
}

static void test_sanitize_bytes(void **state) {
    (void)state;
    static const struct firmware_bytes cases[] = {
        /* op, protocol 3 extended, CK_COND, features, count, LBA pairs, device, command, control */
        {"ata-sanitize-crypto", {"8507200011000043700079007240b400"}},
        {"ata-sanitize-block",
         {"850720001200004272004500"
          "6b40b400"}},
        {"ata-sanitize-crypto-block",
         {"8507200011000043700079007240b400", "850720001200004272004500"
                                              "6b40b400"}},
    };
    firmware_check_bytes(prepare, cases, COUNT_OF(cases));
}

/* One pass, the signature "OW" above a pattern that is different each time. */
static void test_sanitize_overwrite_bytes(void **state) {
    (void)state;
    struct erase erase;
    char patterns[2][9];
    for (int i = 0; i < 2; i++) {
        prepare(&erase, "ata-sanitize-overwrite");
        erase_go(&erase);
        assert_int_equal(firmware.count, 1);
        const char *sent = firmware.sent[0];
        assert_memory_equal(sent, "85072000140001", 14);
        assert_memory_equal(sent + 18, "57", 2); /* LBA 39:32 */
        assert_memory_equal(sent + 22, "4f", 2); /* LBA 47:40 */
        assert_string_equal(sent + 26, "40b400");
        (void)snprintf(patterns[i], sizeof *patterns, "%.4s%.2s%.2s", sent + 14, sent + 20,
                       sent + 24);
        erase_end(&erase, DISPOSITION_ERASED);
    }
    assert_string_not_equal(patterns[0], patterns[1]);
}

static void test_sanitize_ends(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "ata-sanitize-block");
    firmware.polls_at_work = 0;
    erase_go(&erase);
    assert_int_equal(firmware_facts(&erase)->binding, BINDING_STATE_CHANGED);
    erase_end(&erase, DISPOSITION_ERASED);

    /* Completed before, and after, and never seen at work: the samples decide. */
    prepare(&erase, "ata-sanitize-block");
    firmware.polls_at_work = 0;
    firmware.state = FIRMWARE_DONE;
    erase_go(&erase);
    assert_int_equal(firmware_facts(&erase)->binding, BINDING_STATUS_AND_MEDIUM);
    erase_end(&erase, DISPOSITION_ERASED);
    prepare(&erase, "ata-sanitize-block");
    firmware.state = FIRMWARE_DONE;
    firmware.fault.ignores = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_FAILED);

    static const struct firmware_end cases[] = {
        {"ata-sanitize-block", {.fails = true}, DISPOSITION_FAILED, "sectors are left"},
        {"ata-sanitize-block", {.refuses = true}, DISPOSITION_FAILED, "it is frozen"},
        {"ata-sanitize-block", {.stuck = true}, DISPOSITION_UNKNOWN, NULL},
        {"ata-sanitize-block", {.keeps_data = true}, DISPOSITION_FAILED, NULL},
    };
    firmware_check_ends(prepare, cases, COUNT_OF(cases));
}

/* Without registers a sanitize is not begun; a security erase can be judged without them. */
static void test_without_registers(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "ata-sanitize-block");
    drive.no_registers = true;
    erase_go(&erase);
    assert_int_equal(firmware.count, 0);
    erase_end(&erase, DISPOSITION_FAILED);
    prepare(&erase, "ata-security-erase");
    drive.no_registers = true;
    erase_go(&erase);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void assert_no_password(const struct erase *erase) {
    json_t *list = evidence_list(erase->run->evidence);
    char *text = json_line(list);
    /* "Quietus erase" in hexadecimal */
    assert_null(strstr(text, "51756965747573206572617365"));
    assert_non_null(strstr(text, "not recorded"));
    free(text);
    json_decref(list);
}

static void test_security_bytes(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "ata-security-erase");
    erase_go(&erase);
    assert_int_equal(firmware.count, 3);
    assert_string_equal(firmware.sent[0], "F1 flags=0000 Quietus erase in progress");
    assert_string_equal(firmware.sent[1], "F3");
    assert_string_equal(firmware.sent[2], "F4 flags=0000 Quietus erase in progress");
    assert_int_equal(firmware_facts(&erase)->binding, BINDING_STATE_CHANGED);
    assert_no_password(&erase);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare(&erase, "ata-security-erase-enhanced");
    erase_go(&erase);
    assert_string_equal(firmware.sent[2], "F4 flags=0200 Quietus erase in progress");
    assert_int_equal(drive.word128 & 6, 0);
    erase_end(&erase, DISPOSITION_ERASED);
}

static void test_security_interrupted(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "ata-security-erase");
    drive.interrupts_once = true;
    erase_go(&erase);
    assert_int_equal(firmware.count, 5); /* F1, F3, F4, F3, F4 */
    assert_int_equal(drive.word128 & 6, 0);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* Asked for again, but not for ever. */
static void test_security_refused_at_once(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "ata-security-erase");
    drive.refusals = 2;
    erase_go(&erase);
    assert_int_equal(firmware.count, 7); /* F1, and F3, F4 three times */
    erase_end(&erase, DISPOSITION_ERASED);

    prepare(&erase, "ata-security-erase");
    drive.refusals = 3;
    erase_go(&erase);
    assert_int_equal(drive.word128 & 6, 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* Whatever goes wrong, the drive is not left locked. */
static void test_security_never_left_locked(void **state) {
    (void)state;
    struct erase erase;
    prepare(&erase, "ata-security-erase");
    firmware.fault.ignores = true; /* a good status, and the password stays */
    erase_go(&erase);
    assert_int_equal(drive.word128 & 6, 0);
    erase_end(&erase, DISPOSITION_FAILED);

    prepare(&erase, "ata-security-erase");
    firmware.fault.keeps_data = true;
    erase_go(&erase);
    assert_int_equal(drive.word128 & 6, 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* A drive that some tool has left locked is opened, at most four passwords are tried. */
static void test_known_passwords(void **state) {
    (void)state;
    static const char *const known[] = {"Quietus erase in progress", "", "NULL",
                                        "AutoATAWindowsString12345678901"};
    struct erase erase;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        prepare(&erase, "ata-sanitize-block");
        drive.word128 |= 6;
        memcpy(drive.password, known[i], strlen(known[i]));
        erase_go(&erase);
        assert_int_equal(drive.word128 & 6, 0);
        erase_end(&erase, DISPOSITION_ERASED);
    }
    prepare(&erase, "ata-sanitize-block");
    drive.word128 |= 6;
    memcpy(drive.password, "somebody's", 10);
    erase_go(&erase);
    assert_int_equal(firmware.count, 4);
    for (unsigned i = 0; i < firmware.count; i++)
        assert_memory_equal(firmware.sent[i], "F2", 2);
    assert_non_null(strstr(erase.reason.text, "locked by an ATA password"));
    erase_end(&erase, DISPOSITION_FAILED);

    prepare(&erase, "ata-sanitize-block");
    drive.word128 |= 6 | 0x10; /* attempts used up */
    erase_go(&erase);
    assert_int_equal(firmware.count, 0);
    erase_end(&erase, DISPOSITION_FAILED);
}

/* The disk shows half of itself; the scan has seen that more is there. */
static void prepare_hidden(struct erase *erase) {
    firmware_make(erase, COMMANDS_ATA, "overwrite");
    memset(&drive, 0, sizeof drive);
    const uint64_t whole = erase->fake.bytes / 512;
    drive.sectors = whole / 2;
    erase->fake.on_scsi = play_ata;
}

static void scan_hidden(struct erase *erase) {
    erase->disk = fake_disk_scanned(&erase->fake);
    struct device *device = fake_disk_open(&erase->fake, erase->disk);
    erase->disk->has_ata = true;
    assert_int_equal(ask_ata_identify(device, &erase->disk->ata), 0);
    device_close(device);
    erase->disk->areas[0].lba_count = drive.sectors;
    erase->disk->hidden_known = true;
    erase->disk->native_sectors = erase->fake.bytes / 512;
    firmware.count = 0;
}

static void test_hidden_areas_are_opened(void **state) {
    (void)state;
    struct erase erase;
    /* 8192 sectors of 512 bytes: the last LBA is 1FFFh */
    prepare_hidden(&erase);
    drive.native = 8192;
    scan_hidden(&erase);
    erase_go(&erase);
    if (erase.outcome != DISPOSITION_ERASED)
        fail_msg("%s", erase.reason.text);
    assert_int_equal(firmware.count, 1);
    assert_string_equal(firmware.sent[0], "27 8507200000000100ff001f0000403700");
    assert_int_equal(fake_disk_residue(&erase.fake), 0);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare_hidden(&erase);
    drive.native = 8192;
    drive.amac = true;
    scan_hidden(&erase);
    erase_go(&erase);
    assert_string_equal(firmware.sent[0] + 3, "8507200001000000ff001f0000407800");
    assert_int_equal(fake_disk_residue(&erase.fake), 0);
    erase_end(&erase, DISPOSITION_ERASED);

    prepare_hidden(&erase);
    drive.native = drive.sectors;
    drive.dco = 8192;
    scan_hidden(&erase);
    erase_go(&erase);
    assert_string_equal(firmware.sent[0] + 3, "850620"
                                              "00c0"
                                              "0000"
                                              "0000"
                                              "0000"
                                              "0000"
                                              "40b100");
    assert_int_equal(fake_disk_residue(&erase.fake), 0);
    erase_end(&erase, DISPOSITION_ERASED);
}

/* What stays hidden stays: then the disk is not erased, whatever the rest reads. */
static void test_hidden_areas_that_stay(void **state) {
    (void)state;
    struct erase erase;
    prepare_hidden(&erase);
    drive.native = 8192;
    drive.set_max_refused = true;
    scan_hidden(&erase);
    erase_go(&erase);
    assert_true(fake_disk_residue(&erase.fake) > 0);
    assert_non_null(strstr(erase.reason.text, "was not reached"));
    char *text = json_line(erase.run->attempts[0].exceptions);
    assert_non_null(strstr(text, "are hidden"));
    free(text);
    erase_end(&erase, DISPOSITION_UNKNOWN);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sanitize_bytes),
    cmocka_unit_test(test_sanitize_overwrite_bytes),
    cmocka_unit_test(test_sanitize_ends),
    cmocka_unit_test(test_without_registers),
    cmocka_unit_test(test_security_bytes),
    cmocka_unit_test(test_security_interrupted),
    cmocka_unit_test(test_security_refused_at_once),
    cmocka_unit_test(test_security_never_left_locked),
    cmocka_unit_test(test_known_passwords),
    cmocka_unit_test(test_hidden_areas_are_opened),
    cmocka_unit_test(test_hidden_areas_that_stay),
};
TEST_MAIN(tests)
