/* Identify, logs, features, namespaces, and the I/O commands that are neither read nor write. */
#include "nvme_host.h"
#include "oracle.h"
#include "test.h"

#include <unistd.h>

static void controller_fields(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 64M\ncontrollers = 2\nnamespace = size=16M\n"
                                     "serial = S 1\nmodel = A Model\nfirmware = F1\n"
                                     "boot-partition = 256K\nrpmb-targets = 2\n");
    uint8_t data[4096];
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    assert_memory_equal(data + 4, "S 1                 ", 20);
    assert_memory_equal(data + 24, "A Model          ", 17);
    assert_memory_equal(data + 64, "F1      ", 8);
    assert_int_equal(data[76] & 2, 2);          /* CMIC: two controllers */
    assert_int_equal(load_le(data + 78, 2), 0); /* CNTLID */
    assert_int_equal(data[111], 1);
    assert_int_equal(load_le(data + 256, 2), 0x0a);     /* OACS: format, namespace management */
    assert_int_equal(load_le(data + 280, 8), 64 << 20); /* TNVMCAP */
    assert_int_equal(load_le(data + 296, 8), 48 << 20); /* UNVMCAP */
    assert_int_equal(load_le(data + 312, 4) & 7, 2);    /* RPMBS */
    assert_int_equal(load_le(data + 328, 4), 0x40000007);
    assert_int_equal(load_le(data + 516, 4), NVME_NAMESPACES);
    assert_int_equal(load_le(data + 520, 2), 0x0d); /* compare, DSM, write zeroes */
    assert_int_equal(data[524], 0x04);
    assert_memory_equal(data + 768, "nqn.", 4);
    const struct nvme_command other = {
        .opcode = NVME_IDENTIFY, .cdw10 = 1, .data = data, .data_size = 4096, .controller = 1};
    assert_int_equal(host_command(drive, &other), NVME_OK);
    assert_int_equal(load_le(data + 78, 2), 1);
    test_end(drive);
}

static void odd_serials(void **state) {
    (void)state;
    static const struct {
        const char *line, *expected;
    } serials[] = {
        {"serial = \"\"", "                    "},
        {"serial = \"\\x01\\x1b[2J\\\"\"", "\x01\x1b[2J\"              "},
        {"serial = 0123456789012345678901234", "01234567890123456789"},
    };
    uint8_t data[4096];
    for (unsigned i = 0; i < COUNT_OF(serials); i++) {
        struct drive *drive = test_drive(serials[i].line);
        assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
        assert_memory_equal(data + 4, serials[i].expected, 20);
        test_end(drive);
    }
}

static void namespace_lists(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\ncontrollers = 2\n"
                                     "namespace = size=1M\nnamespace = size=1M detached\n"
                                     "namespace = size=1M only=1\n");
    uint8_t data[4096];
    assert_int_equal(host_identify(drive, 0, 0x02, data), NVME_OK);
    assert_int_equal(load_le(data, 8), 1); /* the first, and the end */
    assert_int_equal(host_identify(drive, 0, 0x10, data), NVME_OK);
    assert_int_equal(load_le(data, 4), 1);
    assert_int_equal(load_le(data + 4, 4), 2);
    assert_int_equal(load_le(data + 8, 8), 3);
    assert_int_equal(host_identify(drive, 1, 0x10, data), NVME_OK);
    assert_int_equal(load_le(data, 4), 2);
    assert_int_equal(host_identify(drive, NVME_BROADCAST, 0x10, data), NVME_INVALID_NAMESPACE);
    const struct nvme_command other = {
        .opcode = NVME_IDENTIFY, .cdw10 = 2, .data = data, .data_size = 4096, .controller = 1};
    assert_int_equal(host_command(drive, &other), NVME_OK);
    assert_int_equal(load_le(data, 4), 1);
    assert_int_equal(load_le(data + 4, 8), 3);
    test_end(drive);
}

static void namespace_data(void **state) {
    (void)state;
    struct drive *drive =
        test_drive("size = 8M\nformats = 512 4096 4096+8\ndeallocated-reads = 2\n"
                   "namespace = size=1M format=2 protection=1\nnamespace = size=1M detached\n");
    uint8_t data[4096], zero[4096] = {0};
    assert_int_equal(host_identify(drive, 1, 0x00, data), NVME_OK);
    assert_int_equal(load_le(data, 8), 256);
    assert_int_equal(load_le(data + 16, 8), 0); /* NUSE */
    assert_int_equal(data[25], 2);
    assert_int_equal(data[26], 2);
    assert_int_equal(data[29], 1);
    assert_int_equal(data[33] & 7, 2);
    assert_int_equal(load_le(data + 128, 4), 9 << 16);
    assert_int_equal(load_le(data + 136, 4), 12 << 16 | 8);
    assert_int_equal(host_identify(drive, 2, 0x00, data), NVME_OK); /* inactive: zeros */
    assert_memory_equal(data, zero, sizeof data);
    assert_int_equal(host_identify(drive, 2, 0x11, data), NVME_OK);
    assert_int_equal(load_le(data, 8), 2048);
    assert_int_equal(host_identify(drive, 99, 0x00, data), NVME_INVALID_NAMESPACE);
    assert_int_equal(host_identify(drive, NVME_BROADCAST, 0x00, data), NVME_OK);
    assert_int_equal(data[25], 2); /* what is common */
    assert_int_equal(host_identify(drive, 1, 0x03, data), NVME_OK);
    assert_int_equal(data[0], 1);
    assert_int_equal(data[12], 2);
    assert_int_equal(host_identify(drive, 2, 0x03, data), NVME_INVALID_NAMESPACE);
    assert_int_equal(host_identify(drive, 2, 0x12, data), NVME_OK);
    assert_int_equal(load_le(data, 2), 0);
    assert_int_equal(host_identify(drive, 1, 0x12, data), NVME_OK);
    assert_int_equal(load_le(data, 2), 1);
    assert_int_equal(host_identify(drive, 0, 0x13, data), NVME_OK);
    assert_int_equal(load_le(data, 2), 1);
    assert_int_equal(host_identify(drive, 0, 0x77, data), NVME_INVALID_FIELD);
    test_end(drive);
}

static uint16_t create(struct drive *drive, uint64_t lbas, uint8_t format, bool shared) {
    uint8_t data[4096] = {0};
    store_le(data, 8, lbas);
    store_le(data + 8, 8, lbas);
    data[26] = format;
    data[30] = shared;
    const struct nvme_command command = {
        .opcode = NVME_NS_MANAGEMENT, .data = data, .data_size = sizeof data};
    return host_command(drive, &command);
}

static uint16_t attach(struct drive *drive, uint32_t nsid, uint32_t selection,
                       uint16_t controller) {
    uint8_t data[4096] = {1, 0};
    store_le(data + 2, 2, controller);
    const struct nvme_command command = {.opcode = NVME_NS_ATTACHMENT,
                                         .nsid = nsid,
                                         .cdw10 = selection,
                                         .data = data,
                                         .data_size = sizeof data};
    return host_command(drive, &command);
}

static uint16_t delete (struct drive *drive, uint32_t nsid) {
    const struct nvme_command command = {.opcode = NVME_NS_MANAGEMENT, .nsid = nsid, .cdw10 = 1};
    return host_command(drive, &command);
}

static void create_attach_write_delete(void **state) {
    (void)state;
    static const char lines[] = "size = 8M\ncontrollers = 2\nnamespace = size=2M\n";
    struct drive *drive = test_drive(lines);
    uint8_t block[512], data[4096];
    assert_int_equal(create(drive, 8 << 11, 0, true), NVME_INSUFFICIENT_CAPACITY);
    assert_int_equal(create(drive, UINT64_MAX / 2, 0, true), NVME_INSUFFICIENT_CAPACITY);
    assert_int_equal(create(drive, 0, 0, true), NVME_INVALID_FIELD);
    assert_int_equal(create(drive, 100, 7, true), NVME_INVALID_FORMAT);
    assert_int_equal(create(drive, 2 << 11, 0, false), NVME_OK);
    assert_int_equal(host_result(), 2);
    memset(block, 0xab, sizeof block);
    assert_int_equal(host_write(drive, 2, 0, 1, block, sizeof block), NVME_INVALID_FIELD);
    assert_int_equal(attach(drive, 2, 0, 5), NVME_INVALID_CONTROLLER_LIST);
    assert_int_equal(attach(drive, 3, 0, 0), NVME_INVALID_NAMESPACE);
    assert_int_equal(attach(drive, 2, 0, 0), NVME_OK);
    assert_int_equal(attach(drive, 2, 0, 0), NVME_ALREADY_ATTACHED);
    assert_int_equal(attach(drive, 2, 0, 1), NVME_PRIVATE);
    drive = test_power_cut(drive, lines);
    assert_int_equal(host_write(drive, 2, 0, 1, block, sizeof block), NVME_OK);
    assert_int_equal(delete (drive, 2), NVME_OK);
    assert_int_equal(delete (drive, 2), NVME_INVALID_NAMESPACE);
    assert_int_equal(host_identify(drive, 0, 1, data), NVME_OK);
    assert_int_equal(load_le(data + 296, 8), 6 << 20);
    /* deleting erases nothing, and shows nothing to the namespace that comes after */
    assert_int_equal(oracle_search(drive->media, block, 64).recoverable, 1);
    assert_int_equal(create(drive, 2 << 11, 0, false), NVME_OK);
    assert_int_equal(attach(drive, 2, 0, 0), NVME_OK);
    assert_int_equal(host_read(drive, 2, 0, 1, block, sizeof block), NVME_OK);
    assert_int_equal(block[0], 0);
    assert_int_equal(attach(drive, 2, 1, 0), NVME_OK);
    assert_int_equal(attach(drive, 2, 1, 0), NVME_NOT_ATTACHED);
    assert_int_equal(delete (drive, NVME_BROADCAST), NVME_OK);
    assert_int_equal(host_identify(drive, 0, 0x10, data), NVME_OK);
    assert_int_equal(load_le(data, 4), 0);
    test_end(drive);
    drive = test_drive("namespace-management = no\n");
    assert_int_equal(create(drive, 100, 0, false), NVME_INVALID_OPCODE);
    assert_int_equal(host_identify(drive, 0, 0x10, data), NVME_INVALID_FIELD);
    test_end(drive);
}

static void error_log_has_the_newest_first(void **state) {
    (void)state;
    static const char lines[] = "size = 8M\n";
    struct drive *drive = test_drive(lines);
    uint8_t block[512], log[4096];
    for (unsigned i = 0; i < 70; i++)
        assert_int_equal(host_read(drive, 1, (8 << 11) + i, 1, block, sizeof block),
                         NVME_LBA_RANGE);
    drive = test_power_cut(drive, lines);
    assert_int_equal(host_log(drive, 0x01, log, sizeof log), NVME_OK);
    assert_int_equal(load_le(log, 8), 70);
    assert_int_equal(load_le(log + 12, 2) >> 1, NVME_LBA_RANGE);
    assert_int_equal(load_le(log + 16, 8), (8 << 11) + 69);
    assert_int_equal(load_le(log + 24, 4), 1);
    assert_int_equal(load_le(log + (size_t)63 * 64, 8), 7);
    assert_int_equal(host_log(drive, 0x02, log, 512), NVME_OK);
    assert_int_equal(load_le(log + 176, 8), 70);
    test_end(drive);
}

static void other_logs(void **state) {
    (void)state;
    struct drive *drive = test_drive("firmware = F77\nsmart-failing = yes\ncompare = no\n"
                                     "boot-partition = 256K\n");
    uint8_t log[4096];
    assert_int_equal(host_log(drive, 0x02, log, 512), NVME_OK);
    assert_int_equal(log[0], 4);
    assert_int_equal(host_log(drive, 0x03, log, 512), NVME_OK);
    assert_memory_equal(log + 8, "F77     ", 8);
    assert_int_equal(host_log(drive, 0x05, log, 4096), NVME_OK);
    assert_int_equal(load_le(log + 4 * (size_t)0x84, 4), 0x20003); /* sanitize */
    assert_int_equal(load_le(log + 4 * (size_t)0x80, 4), 0x10007); /* format */
    assert_int_equal(load_le(log + 4 * (size_t)0x82, 4), 0);       /* security receive: none */
    assert_int_equal(load_le(log + 1028, 4), 0x3);                 /* write */
    assert_int_equal(load_le(log + 1044, 4), 0);                   /* compare: none */
    assert_int_equal(host_log(drive, 0x15, log, 16), NVME_OK);     /* boot partitions */
    assert_int_equal(load_le(log + 4, 4), 2);
    assert_int_equal(host_log(drive, 0x70, log, 512), NVME_INVALID_LOG_PAGE);
    const struct nvme_command part = {.opcode = NVME_GET_LOG_PAGE,
                                      .cdw10 = 0x03 | 1 << 16,
                                      .cdw12 = 8,
                                      .data = log,
                                      .data_size = 8};
    assert_int_equal(host_command(drive, &part), NVME_OK);
    assert_memory_equal(log, "F77     ", 8);
    test_end(drive);
}

static uint16_t feature(struct drive *drive, uint8_t opcode, uint32_t id, uint32_t value) {
    const struct nvme_command command = {.opcode = opcode, .nsid = 1, .cdw10 = id, .cdw11 = value};
    return host_command(drive, &command);
}

static void features(void **state) {
    (void)state;
    static const char lines[] = "size = 8M\n";
    struct drive *drive = test_drive(lines);
    assert_int_equal(feature(drive, NVME_GET_FEATURES, 0x06, 0), NVME_OK);
    assert_int_equal(host_result(), 1);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x06, 0), NVME_OK);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x0b, 0x100), NVME_OK);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x07, 0x00030003), NVME_OK);
    assert_int_equal(host_result(), 0x00070007);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x17, 1), NVME_OK);
    drive = test_power_cut(drive, lines);
    assert_int_equal(feature(drive, NVME_GET_FEATURES, 0x06, 0), NVME_OK);
    assert_int_equal(host_result(), 0);
    assert_int_equal(feature(drive, NVME_GET_FEATURES, 0x0b, 0), NVME_OK);
    assert_int_equal(host_result(), 0);
    assert_int_equal(feature(drive, NVME_GET_FEATURES, 0x17, 0), NVME_OK);
    assert_int_equal(host_result(), 1);
    assert_int_equal(feature(drive, NVME_GET_FEATURES, 0x7f, 0), NVME_INVALID_FIELD);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x8000000b, 1), NVME_FEATURE_NOT_SAVEABLE);
    test_end(drive);
}

static void write_protection(void **state) {
    (void)state;
    static const char lines[] = "size = 8M\n";
    struct drive *drive = test_drive(lines);
    uint8_t block[512] = {0}, data[4096];
    const struct nvme_command zeroes = {.io = true, .opcode = NVME_WRITE_ZEROES, .nsid = 1};
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x84, 1), NVME_OK);
    assert_int_equal(host_write(drive, 1, 0, 1, block, 512), NVME_WRITE_PROTECTED);
    assert_int_equal(host_command(drive, &zeroes), NVME_WRITE_PROTECTED);
    assert_int_equal(host_read(drive, 1, 0, 1, block, 512), NVME_OK);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    assert_int_equal(data[99] & 1, 1);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x84, 0), NVME_OK);
    assert_int_equal(host_write(drive, 1, 0, 1, block, 512), NVME_OK);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x84, 2), NVME_OK);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x84, 0), NVME_FEATURE_NOT_CHANGEABLE);
    drive_reset(drive, RESET_CONTROLLER);
    assert_int_equal(host_write(drive, 1, 0, 1, block, 512), NVME_WRITE_PROTECTED);
    drive = test_power_cut(drive, lines);
    assert_int_equal(host_write(drive, 1, 0, 1, block, 512), NVME_OK);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x84, 3), NVME_OK);
    drive = test_power_cut(drive, lines);
    assert_int_equal(host_write(drive, 1, 0, 1, block, 512), NVME_WRITE_PROTECTED);
    assert_int_equal(feature(drive, NVME_SET_FEATURES, 0x84, 0), NVME_FEATURE_NOT_CHANGEABLE);
    test_end(drive);
}

static void write_zeroes_compare_deallocate(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nencrypts = no\n");
    uint8_t blocks[8192], back[8192], range[16] = {0};
    memset(blocks, 0x3c, sizeof blocks);
    assert_int_equal(host_write(drive, 1, 0, 16, blocks, sizeof blocks), NVME_OK);
    struct nvme_command command = {.io = true,
                                   .opcode = NVME_COMPARE,
                                   .nsid = 1,
                                   .cdw12 = 15,
                                   .data = blocks,
                                   .data_size = sizeof blocks};
    assert_int_equal(host_command(drive, &command), NVME_OK);
    blocks[5000] = 0;
    assert_int_equal(host_command(drive, &command), NVME_COMPARE_FAILED);
    const struct nvme_command zeroes = {
        .io = true, .opcode = NVME_WRITE_ZEROES, .nsid = 1, .cdw10 = 1, .cdw12 = 1};
    assert_int_equal(host_command(drive, &zeroes), NVME_OK);
    assert_int_equal(host_read(drive, 1, 0, 16, back, sizeof back), NVME_OK);
    assert_int_equal(back[511], 0x3c);
    assert_int_equal(back[512], 0);
    assert_int_equal(back[1535], 0);
    assert_int_equal(back[1536], 0x3c);
    store_le(range + 4, 4, 8); /* LBAs 8 to 15: the second page */
    store_le(range + 8, 8, 8);
    command = (struct nvme_command){.io = true,
                                    .opcode = NVME_DSM,
                                    .nsid = 1,
                                    .cdw11 = 4,
                                    .data = range,
                                    .data_size = sizeof range};
    assert_int_equal(host_command(drive, &command), NVME_OK);
    assert_int_equal(host_read(drive, 1, 0, 16, back, sizeof back), NVME_OK);
    assert_int_equal(back[0], 0x3c);
    assert_int_equal(back[4096], 0);
    memset(blocks, 0x3c, 64);
    assert_true(oracle_search(drive->media, blocks, 64).by_state[PAGE_STALE] >= 1);
    store_le(range + 8, 8, 8 << 11);
    assert_int_equal(host_command(drive, &command), NVME_LBA_RANGE);
    test_end(drive);
}

static void length_and_direction(void **state) {
    (void)state;
    static const struct {
        bool io;
        uint8_t opcode;
        uint32_t cdw10, cdw11, cdw12;
        enum drive_direction direction;
        size_t length;
    } commands[] = {
        {false, NVME_IDENTIFY, 1, 0, 0, DATA_FROM_DRIVE, 4096},
        {false, NVME_GET_LOG_PAGE, 0x81 | 127 << 16, 0, 0, DATA_FROM_DRIVE, 512},
        {false, NVME_GET_LOG_PAGE, 0x81 | 0xffffU << 16, 1, 0, DATA_FROM_DRIVE, 524288},
        {false, NVME_SET_FEATURES, 7, 0, 0, DATA_NONE, 0},
        {false, NVME_SET_FEATURES, 0x81, 1, 0, DATA_TO_DRIVE, 16},
        {false, NVME_NS_MANAGEMENT, 0, 0, 0, DATA_TO_DRIVE, 4096},
        {false, NVME_NS_MANAGEMENT, 1, 0, 0, DATA_NONE, 0},
        {false, NVME_NS_ATTACHMENT, 0, 0, 0, DATA_TO_DRIVE, 4096},
        {false, NVME_FORMAT, 0, 0, 0, DATA_NONE, 0},
        {false, NVME_SANITIZE, 2, 0, 0, DATA_NONE, 0},
        {true, NVME_READ, 0, 0, 7, DATA_FROM_DRIVE, 4096},
        {true, NVME_WRITE, 0, 0, 0xffff, DATA_TO_DRIVE, 512 << 16},
        {true, NVME_COMPARE, 0, 0, 0, DATA_TO_DRIVE, 512},
        {true, NVME_WRITE_ZEROES, 0, 0, 7, DATA_NONE, 0},
        {true, NVME_DSM, 3, 4, 0, DATA_TO_DRIVE, 64},
        {true, NVME_FLUSH, 0, 0, 0, DATA_NONE, 0},
    };
    struct drive *drive = test_drive("size = 8M\n");
    for (unsigned i = 0; i < COUNT_OF(commands); i++) {
        struct drive_request request = {.protocol = commands[i].io ? PROTOCOL_NVME_IO
                                                                   : PROTOCOL_NVME_ADMIN};
        size_t length;
        request.sqe[0] = commands[i].opcode;
        request.sqe[4] = 1;
        store_le(request.sqe + 40, 4, commands[i].cdw10);
        store_le(request.sqe + 44, 4, commands[i].cdw11);
        store_le(request.sqe + 48, 4, commands[i].cdw12);
        assert_int_equal(drive_data_of(drive, &request, &length), commands[i].direction);
        assert_int_equal(length, commands[i].length);
    }
    test_end(drive);
}

/* No command, whatever its bytes, may bring the drive down. */
static void random_commands(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 1M\nformats = 512 512+8 4096 4096+64\n");
    static uint8_t data[1 << 20];
    uint32_t seed = 12345;
    for (unsigned i = 0; i < 30000; i++) {
        struct drive_request request = {.protocol = PROTOCOL_NVME_ADMIN, .data = data};
        for (unsigned at = 0; at < 64; at++) {
            seed = seed * 1103515245 + 12345;
            request.sqe[at] = seed >> 28 < 12 ? 0 : (uint8_t)(seed >> 16);
        }
        if (i % 2 == 0)
            request.protocol = PROTOCOL_NVME_IO;
        else
            request.sqe[0] = (uint8_t[]){2, 6, 9, 10, 13, 21, 128, 132}[seed >> 29];
        size_t length;
        (void)drive_data_of(drive, &request, &length);
        request.data_size = length < sizeof data ? length : sizeof data;
        drive_execute(drive, &request);
        if (request.state == REQUEST_PENDING)
            drive_forget(drive, &request);
        test_pass(drive, i % 100 == 0 ? 2000000 : 1);
    }
    assert_true(drive_command_count(drive) == 30000);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(controller_fields),
    cmocka_unit_test(odd_serials),
    cmocka_unit_test(namespace_lists),
    cmocka_unit_test(namespace_data),
    cmocka_unit_test(create_attach_write_delete),
    cmocka_unit_test(error_log_has_the_newest_first),
    cmocka_unit_test(other_logs),
    cmocka_unit_test(features),
    cmocka_unit_test(write_protection),
    cmocka_unit_test(write_zeroes_compare_deallocate),
    cmocka_unit_test(length_and_direction),
    cmocka_unit_test(random_commands),
};

TEST_MAIN(tests)
