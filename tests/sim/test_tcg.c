/* TCG security in each family: discovery by its own commands, what locked ranges refuse, and the
 * session that a revert by PSID takes. */
#include "ata_host.h"
#include "nvme_host.h"
#include "sas_host.h"
#include "test.h"

#define PSID     "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
#define SECURITY "tcg = opal2 locked psid=" PSID "\n"

enum { SIZE = 2048 };

/* The flags of the Locking feature, and the class; -1 if it is not there. */
static int flags_of(const uint8_t *answer, uint16_t class) {
    const size_t end = (size_t)load_be(answer, 4) + 4;
    int flags = -1;
    bool found = false;
    for (size_t at = 48; at + 4 <= end && end <= SIZE; at += 4U + answer[at + 3]) {
        if (load_be(answer + at, 2) == 0x0002)
            flags = answer[at + 4];
        found = found || load_be(answer + at, 2) == class;
    }
    return found ? flags : -1;
}

static uint16_t nvme_security(struct drive *drive, bool send, uint16_t comid, void *data) {
    const struct nvme_command command = {.opcode = send ? 0x81 : 0x82,
                                         .cdw10 = 0x01000000U | (uint32_t)comid << 8,
                                         .cdw11 = SIZE,
                                         .data = data,
                                         .data_size = SIZE};
    return host_command(drive, &command);
}

static void nvme_discovery_and_locked_range(void **state) {
    (void)state;
    uint8_t data[SIZE] = {0};
    struct drive *drive = test_drive("size = 8M\ntcg = opal2 locked from=100\n");
    uint8_t identify[4096];
    assert_int_equal(host_identify(drive, 0, 1, identify), NVME_OK);
    assert_int_equal(identify[256] & 1, 1);
    assert_int_equal(nvme_security(drive, false, 1, data), NVME_OK);
    assert_int_equal(flags_of(data, 0x0203), 0x0f);
    assert_int_equal(nvme_security(drive, false, 2, data), NVME_INVALID_FIELD);
    assert_int_equal(host_read(drive, 1, 99, 1, data, 512), NVME_OK);
    assert_int_equal(host_read(drive, 1, 99, 2, data, 1024), NVME_ACCESS_DENIED);
    assert_int_equal(host_write(drive, 1, 200, 1, data, 512), NVME_ACCESS_DENIED);
    assert_int_equal(host_sanitize(drive, 2, 0), NVME_OPERATION_DENIED);
    assert_int_equal(host_format(drive, 1, 1 << 9, 0), NVME_OPERATION_DENIED);
    test_end(drive);

    drive = test_drive("size = 8M\n");
    assert_int_equal(host_identify(drive, 0, 1, identify), NVME_OK);
    assert_int_equal(identify[256] & 1, 0);
    assert_int_equal(nvme_security(drive, false, 1, data), NVME_INVALID_OPCODE);
    test_end(drive);
}

static void flags_of_every_kind(void **state) {
    (void)state;
    static const struct {
        const char *line;
        uint16_t class;
        int flags;
    } rows[] = {
        {"tcg = opal1\n", 0x0200, 0x09},       {"tcg = opal2 enabled\n", 0x0203, 0x0b},
        {"tcg = ruby shadow\n", 0x0304, 0x1b}, {"tcg = pyrite1 locked\n", 0x0302, 0x07},
        {"tcg = pyrite2\n", 0x0303, 0x01},     {"tcg = opalite clear\n", 0x0301, 0x01},
        {"tcg = enterprise\n", 0x0100, 0x0b},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char lines[128];
        uint8_t data[SIZE];
        (void)snprintf(lines, sizeof lines, "size = 8M\n%s", rows[i].line);
        struct drive *drive = test_drive(lines);
        assert_int_equal(nvme_security(drive, false, 1, data), NVME_OK);
        assert_int_equal(flags_of(data, rows[i].class), rows[i].flags);
        test_end(drive);
    }
}

static void ata_discovery_and_locked_range(void **state) {
    (void)state;
    static struct ata_host host;
    host.drive = test_drive("family = ata\nsize = 8M\ntcg = opal2 locked from=100\n");
    assert_int_equal(ata_identify_word(&host, 48) & 1, 1);
    const struct ata_registers_in receive = {
        .command = 0x5c, .features = 1, .count = 4, .lba = 1 << 8};
    assert_ata_good(ata_send(&host, receive));
    assert_int_equal(flags_of(host.data, 0x0203), 0x0f);
    assert_ata_good(ata_lba(&host, 0x25, 0, 1, 99));
    assert_ata_aborted(ata_lba(&host, 0x25, 0, 1, 100));
    assert_ata_aborted(ata_lba(&host, 0x35, 0, 1, 100));
    assert_ata_aborted(ata_lba(&host, 0xb4, 0x12, 0, 0x426b4572)); /* block erase */
    test_end(host.drive);
}

static void sas_discovery_and_locked_range(void **state) {
    (void)state;
    static const uint8_t in[12] = {0xa2, 1, 0, 1, 0x80, 0, 0, 0, 0, 4};
    static struct sas_host host;
    sas_begin(&host, "family = scsi\nsize = 8M\ntcg = enterprise locked from=100\n");
    sas_expect_good(sas_send(&host, in, sizeof in));
    assert_int_equal(flags_of(host.data, 0x0100), 0x0f);
    sas_expect_good(sas_read_16(&host, 99, 1, 0));
    sas_expect(sas_read_16(&host, 100, 1, 0), 7, 0x7471);
    sas_expect(sas_write_16(&host, 100, 1, 0), 7, 0x7471);
    sas_expect(sas_sanitize(&host, 2), 7, 0x7471);
    test_end(host.drive);
}

/* --- the session, byte by byte --- */

static void send(struct drive *drive, uint32_t tper, uint32_t host, const uint8_t *payload,
                 size_t length, uint8_t answer[SIZE]) {
    uint8_t packet[SIZE] = {0};
    const size_t padded = (length + 3) & ~(size_t)3;
    store_be(packet + 4, 2, 0x07fe);
    store_be(packet + 16, 4, 36 + padded);
    store_be(packet + 20, 4, tper);
    store_be(packet + 24, 4, host);
    store_be(packet + 40, 4, 12 + padded);
    store_be(packet + 52, 4, length);
    memcpy(packet + 56, payload, length);
    assert_int_equal(nvme_security(drive, true, 0x07fe, packet), NVME_OK);
    assert_int_equal(nvme_security(drive, false, 0x07fe, answer), NVME_OK);
}

/* The status that ends an answer: F9 F0 status 00 00 F1. */
static int status_of(const uint8_t *answer) {
    const size_t length = (size_t)load_be(answer + 52, 4);
    const uint8_t *end = answer + 56 + length;
    assert_true(length >= 6 && end[-6] == 0xf9 && end[-1] == 0xf1);
    return end[-4];
}

static int start(struct drive *drive, const char *psid, uint8_t answer[SIZE]) {
    uint8_t payload[] = {0xf8, 0xa8, 0,    0,    0,    0,    0,    0,    0,    0xff, 0xa8, 0,   0,
                         0,    0,    0,    0,    0xff, 0x02, 0xf0, 0x81, 0x69, 0xa8, 0,    0,   2,
                         5,    0,    0,    0,    1,    1,    0xf2, 0,    0xd0, 32,   'P',  'P', 'P',
                         'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P', 'P',
                         'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P',  'P', 'P',
                         'P',  'P',  'P',  0xf3, 0xf2, 3,    0xa8, 0,    0,    0,    9,    0,   1,
                         0xff, 1,    0xf3, 0xf1, 0xf9, 0xf0, 0,    0,    0,    0xf1};
    memcpy(payload + 36, psid, 32);
    send(drive, 0, 0, payload, sizeof payload, answer);
    return status_of(answer);
}

static const uint8_t revert[] = {0xf8, 0xa8, 0, 0, 2, 5,    0,    0,    0,    1, 0xa8, 0, 0,   0,
                                 6,    0,    0, 2, 2, 0xf0, 0xf1, 0xf9, 0xf0, 0, 0,    0, 0xf1};

static void psid_reverts(void **state) {
    (void)state;
    uint8_t answer[SIZE];
    uint8_t data[512];
    const char *lines = "size = 8M\nplant = PLANT\n" SECURITY;
    struct drive *drive = test_drive(lines);
    assert_int_equal(start(drive, "abcdefghijklmnopqrstuvwxyz012345", answer), 1);
    /* Without a session nothing is reverted, nor answered. */
    send(drive, 0x1234, 105, revert, sizeof revert, answer);
    assert_int_equal(load_be(answer + 16, 4), 0);
    assert_int_equal(host_read(drive, 1, 0, 1, data, sizeof data), NVME_ACCESS_DENIED);

    assert_int_equal(start(drive, PSID, answer), 0);
    send(drive, 0x1234, 105, revert, sizeof revert, answer);
    assert_int_equal(status_of(answer), 0);
    assert_int_equal(nvme_security(drive, false, 1, answer), NVME_OK);
    assert_int_equal(flags_of(answer, 0x0203), 0x09);
    assert_int_equal(host_read(drive, 1, 0, 1, data, sizeof data), NVME_OK);
    assert_int_not_equal(memcmp(data, "PLANT", 5), 0);
    drive = test_power_cut(drive, lines);
    assert_int_equal(host_read(drive, 1, 0, 1, data, sizeof data), NVME_OK);
    test_end(drive);
}

/* What keeps the data: no media encryption, a Locking SP that is not active, and lies. */
static void reverts_that_erase_nothing(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        int flags; /* afterwards */
    } rows[] = {{"pyrite2 locked", 0x01},
                {"opal2", 0x09},
                {"opal2 enabled keeps-keys", 0x09},
                {"opal2 enabled ignores", 0x0b}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t answer[SIZE];
        uint8_t data[512];
        char lines[256];
        (void)snprintf(lines, sizeof lines,
                       "size = 8M\nplant = PLANT every=1\ntcg = %s psid=" PSID "\n", rows[i].kind);
        struct drive *drive = test_drive(lines);
        assert_int_equal(start(drive, PSID, answer), 0);
        send(drive, 0x1234, 105, revert, sizeof revert, answer);
        assert_int_equal(status_of(answer), 0);
        assert_int_equal(nvme_security(drive, false, 1, answer), NVME_OK);
        assert_int_equal(flags_of(answer, (uint16_t)(i == 0 ? 0x0303 : 0x0203)), rows[i].flags);
        assert_int_equal(host_read(drive, 1, 8, 1, data, sizeof data), NVME_OK);
        assert_non_null(memmem(data, sizeof data, "PLANT", 5));
        test_end(drive);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nvme_discovery_and_locked_range),
    cmocka_unit_test(flags_of_every_kind),
    cmocka_unit_test(ata_discovery_and_locked_range),
    cmocka_unit_test(sas_discovery_and_locked_range),
    cmocka_unit_test(psid_reverts),
    cmocka_unit_test(reverts_that_erase_nothing),
};
TEST_MAIN(tests)
