/* What the shape of the code has to keep up: where the dangerous things are, and who may reach
 * them. */
#include "quietus/device.h"

#include "test.h"

/* The sources that contain an extended regular expression, sorted, one a line. */
static void files_with(const char *pattern, char *out, size_t size) {
    char command[1024];
    (void)snprintf(command, sizeof command, "cd '%s' && grep -rlE '%s' agent | LC_ALL=C sort",
                   TEST_SOURCES, pattern);
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c)
    assert_non_null(pipe);
    const size_t length = fread(out, 1, size - 1, pipe);
    out[length] = '\0';
    (void)pclose(pipe);
}

static void only_in(const char *pattern, const char *files) {
    char found[4096];
    files_with(pattern, found, sizeof found);
    assert_string_equal(found, files);
}

/* Law 1: one maker of warrants for each way of authorization, one user, one way to the disk. */
static void test_one_way_to_the_write_path(void **state) {
    (void)state;
    only_in("\\bwarrant_issue\\(", "agent/authorize/by_operator.c\n"
                                   "agent/authorize/by_order.c\n"
                                   "agent/authorize/internal.h\n"
                                   "agent/authorize/warrant.c\n");
    only_in("\\barmed_open\\(", "agent/authorize/warrant.c\n"
                                "agent/device/armed.c\n"
                                "agent/device/internal.h\n");
    only_in("device/internal\\.h", "agent/authorize/warrant.c\n");
    only_in("_unchecked\\(", "agent/device/armed.c\n"
                             "agent/device/device.c\n"
                             "agent/device/internal.h\n");
    only_in("\\b(passage|megaraid|cciss)_scsi\\(", "agent/device/cciss.c\n"
                                                   "agent/device/megaraid.c\n"
                                                   "agent/device/passage.c\n"
                                                   "agent/device/passage.h\n"
                                                   "agent/device/raid_ask.c\n");
    only_in("\\bwarrant_arm\\(", "agent/authorize/warrant.c\n"
                                 "agent/erase/run.c\n");
}

/* Only the transports call ioctl, and only they write to disks. */
static void test_only_the_transport_touches_disks(void **state) {
    (void)state;
    only_in("\\bioctl\\([^,]*, [^T]|nvme_submit_|io_uring_prep|\\bpwrite\\(|\\bpwritev",
            "agent/device/linux.c\n"
            "agent/device/passage.c\n");
    only_in("O_RDWR", "agent/device/linux.c\n"
                      "agent/device/passage.c\n"
                      "agent/tui/consoles.c\n"
                      "agent/tui/terminal.c\n"); /* terminals, whose ioctls begin with T */
}

/* Law 2: exactly one function turns evidence into "erased". */
static void test_one_place_says_erased(void **state) {
    (void)state;
    only_in("return DISPOSITION_ERASED|[^=!]= DISPOSITION_ERASED", "agent/certify/outcome.c\n");
}

/* The devices' questions: of all opcodes exactly those that are meant to. */
static void test_scsi_commands_that_only_ask(void **state) {
    (void)state;
    static const uint8_t asking[] = {0x00, 0x03, 0x12, 0x1a, 0x25, 0x37,
                                     0x4d, 0x5a, 0x5e, 0xa0, 0xb7};
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        uint8_t cdb[16] = {(uint8_t)opcode};
        bool expected = false;
        for (size_t i = 0; i < COUNT_OF(asking); i++)
            expected = expected || asking[i] == opcode;
        for (unsigned action = 0; action < 32; action++) {
            cdb[1] = (uint8_t)action;
            const bool by_action =
                (opcode == 0x9e && action == 0x10) || (opcode == 0xa3 && action == 0x0c);
            assert_true(device_scsi_only_asks(cdb, 16) == (expected || by_action));
        }
    }
    assert_false(device_scsi_only_asks((const uint8_t[1]){0}, 1));
}

static void test_ata_commands_that_only_ask(void **state) {
    (void)state;
    for (unsigned command = 0; command < 256; command++) {
        for (unsigned feature = 0; feature < 256; feature++) {
            const uint8_t cdb[16] = {[0] = 0x85, [4] = (uint8_t)feature, [14] = (uint8_t)command};
            const bool expected =
                command == 0xec || command == 0xf8 || command == 0x27 ||
                (command == 0xb0 && (feature == 0xd0 || feature == 0xda)) ||
                (command == 0xb4 && feature == 0) || (command == 0x78 && feature == 0) ||
                (command == 0xb1 && feature == 0xc2) || (command == 0x2f && feature == 0);
            assert_true(device_scsi_only_asks(cdb, 16) == expected);
        }
    }
    /* SANITIZE STATUS EXT that clears a failure changes something; so do features above 255. */
    const uint8_t clears[16] = {[0] = 0x85, [6] = 1, [14] = 0xb4};
    assert_false(device_scsi_only_asks(clears, 16));
    const uint8_t wide[16] = {[0] = 0x85, [3] = 1, [14] = 0xb4};
    assert_false(device_scsi_only_asks(wide, 16));
    /* Of the logs the directory and the statistics, whatever page: reading others changes them. */
    for (unsigned log = 0; log < 256; log++) {
        const uint8_t reads[16] = {[0] = 0x85, [8] = (uint8_t)log, [10] = 1, [14] = 0x2f};
        assert_true(device_scsi_only_asks(reads, 16) == (log == 0x00 || log == 0x04));
    }
    const uint8_t resets[16] = {[0] = 0x85, [4] = 1, [8] = 4, [14] = 0x2f};
    assert_false(device_scsi_only_asks(resets, 16));
    /* ATA PASS-THROUGH(12) is nobody's. */
    const uint8_t twelve[12] = {[0] = 0xa1, [9] = 0xec};
    assert_false(device_scsi_only_asks(twelve, 12));
}

static void test_nvme_commands_that_only_ask(void **state) {
    (void)state;
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        const struct nvme_command command = {.opcode = (uint8_t)opcode};
        assert_true(device_nvme_only_asks(&command) ==
                    (opcode == 0x02 || opcode == 0x06 || opcode == 0x0a));
    }
}

/* Security protocol 01h with ComID 0001h is level-0 discovery; with any other it is a session's. */
static void test_discovery_only_asks(void **state) {
    (void)state;
    static const struct {
        uint8_t protocol;
        uint16_t comid;
        bool asks;
    } rows[] = {{1, 1, true},       {0, 0, false},      {1, 0, false},   {2, 1, false},
                {1, 0x0101, false}, {1, 0x07fe, false}, {0xef, 1, false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const uint8_t protocol = rows[i].protocol;
        const uint8_t low = (uint8_t)rows[i].comid;
        const uint8_t high = (uint8_t)(rows[i].comid >> 8);
        const struct nvme_command receive = {
            .opcode = 0x82, .cdw10 = (uint32_t)protocol << 24 | (uint32_t)rows[i].comid << 8};
        const uint8_t scsi_in[12] = {0xa2, protocol, high, low};
        const uint8_t scsi_out[12] = {0xb5, protocol, high, low};
        uint8_t ata[16] = {[0] = 0x85, [4] = protocol, [10] = low, [12] = high, [14] = 0x5c};
        assert_true(device_nvme_only_asks(&receive) == rows[i].asks);
        assert_true(device_scsi_only_asks(scsi_in, sizeof scsi_in) == rows[i].asks);
        assert_true(device_scsi_only_asks(ata, sizeof ata) == rows[i].asks);
        assert_false(device_scsi_only_asks(scsi_out, sizeof scsi_out));
        ata[14] = 0x5e;
        assert_false(device_scsi_only_asks(ata, sizeof ata));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_way_to_the_write_path),
    cmocka_unit_test(test_only_the_transport_touches_disks),
    cmocka_unit_test(test_one_place_says_erased),
    cmocka_unit_test(test_scsi_commands_that_only_ask),
    cmocka_unit_test(test_ata_commands_that_only_ask),
    cmocka_unit_test(test_nvme_commands_that_only_ask),
    cmocka_unit_test(test_discovery_only_asks),
};
TEST_MAIN(tests)
