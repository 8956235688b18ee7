/*
 * RAID controllers: the exact bytes of the drivers' packets, what is made of what comes back, the
 * lists of disks, and who may be erased with whom.
 */
#include "quietus/json.h"
#include "quietus/plan.h"
#include "quietus/raid.h"

#include "../../agent/authorize/internal.h"
#include "../../agent/device/passage.h"
#include "test.h"

#include <errno.h>

static const struct raid_address megaraid = {
    .driver = RAID_MEGARAID, .host = 0x0102, .device_id = 0x2a, .node = "/dev/model"};
static const struct raid_address cciss = {.driver = RAID_CCISS,
                                          .lun = {0x11, 0x22, 0x33, 0xc0, 0x55, 0x66, 0x77, 0x81},
                                          .node = "/dev/model"};
static const uint8_t canary[8] = {0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18};

/* READ(16) of one sector of 520 bytes. */
static struct scsi_command read_command(uint8_t *data) {
    return (struct scsi_command){
        .cdb = {0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0xee},
        .cdb_length = 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = 520,
        .timeout_ms = 60001,
    };
}

/* struct megasas_iocpacket and megasas_pthru_frame, offset by offset. */
static void test_megaraid_packet(void **state) {
    (void)state;
    static uint8_t data[520];
    static uint8_t sense[64];
    struct megaraid_packet packet;
    const struct scsi_command command = read_command(data);
    uint8_t expected[404] = {
        [0] = 0x02,   [1] = 0x01,   /* host_no */
        [4] = 0x30,                 /* sgl_off */
        [8] = 1,                    /* sge_count */
        [12] = 0x18,                /* sense_off */
        [16] = 64,                  /* sense_len */
        [20] = 0x04,  [21] = 64,    /* PD_SCSI_IO, sense length */
        [22] = 0xff,                /* command status */
        [24] = 0x2a,                /* target */
        [26] = 16,    [27] = 1,     /* CDB length, elements */
        [36] = 0x10,                /* read */
        [38] = 61,                  /* seconds */
        [40] = 0x08,  [41] = 0x02,  /* 520 bytes */
        [156] = 0x08, [157] = 0x02, /* iov_len */
    };
    put_le64(expected + 44, (uint64_t)(uintptr_t)sense);
    memcpy(expected + 52, command.cdb, 16);
    put_le64(expected + 148, (uint64_t)(uintptr_t)data);
    megaraid_encode_scsi(&megaraid, &command, sense, &packet);
    assert_int_equal(sizeof packet, 404);
    assert_memory_equal(packet.bytes, expected, sizeof expected);
}

static void test_megaraid_directions(void **state) {
    (void)state;
    uint8_t data[520];
    const uint8_t sense[64] = {0};
    struct megaraid_packet packet;
    struct scsi_command command = read_command(data);
    command.transfer = TRANSFER_OUT;
    megaraid_encode_scsi(&megaraid, &command, sense, &packet);
    assert_int_equal(packet.bytes[36], 0x08);
    /* TEST UNIT READY: no data, no elements */
    command = (struct scsi_command){.cdb_length = 6, .timeout_ms = UINT32_MAX};
    megaraid_encode_scsi(&megaraid, &command, sense, &packet);
    assert_int_equal(packet.bytes[36], 0);
    assert_int_equal(packet.bytes[27], 0);
    assert_int_equal(get_le32(packet.bytes + 8), 0);
    assert_int_equal(get_le32(packet.bytes + 40), 0);
    assert_int_equal(get_le16(packet.bytes + 38), 0xffff); /* the most that 16 bits hold */
    assert_true(bytes_all(packet.bytes + 148, 256, 0));
}

static void test_megaraid_question(void **state) {
    (void)state;
    uint8_t data[512];
    struct megaraid_packet packet;
    const struct megaraid_question question = {
        .opcode = 0x02020000, .parameter = 0x1234, .data = data, .length = sizeof data};
    uint8_t expected[404] = {
        [0] = 0x02,  [1] = 0x01,             /* host_no */
        [4] = 0x28,  [8] = 1,                /* sgl_off, sge_count */
        [20] = 0x05, [22] = 0xff,            /* DCMD, status */
        [27] = 1,    [36] = 0x10, [38] = 60, /* elements, read, seconds */
        [41] = 2,                            /* 512 bytes */
        [46] = 0x02, [47] = 0x02,            /* opcode */
        [48] = 0x34, [49] = 0x12,            /* mailbox */
        [157] = 2,                           /* iov_len */
    };
    put_le64(expected + 148, (uint64_t)(uintptr_t)data);
    megaraid_encode_question(&megaraid, &question, &packet);
    assert_memory_equal(packet.bytes, expected, sizeof expected);
}

static void test_megaraid_statuses(void **state) {
    (void)state;
    static const struct {
        uint8_t status;
        int error;
        uint8_t scsi;
        uint16_t host;
    } rows[] = {
        {0x00, 0, 0x00, 0}, {0x0c, -ENODEV, 0, 0}, {0x2f, 0, 0x18, 0},
        {0xff, 0, 0, 3},    {0x2e, 0, 0, 7},       {0x33, 0, 0, 7},
        {0x03, 0, 0, 7},    {0x2d, 0, 0x02, 7}, /* it failed, and there is no sense */
    };
    const uint8_t sense[64] = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct megaraid_packet packet = {{[22] = rows[i].status}};
        struct scsi_command command = {.status = 0x55, .host_status = 55, .sense_length = 5};
        const int error = megaraid_decode_scsi(&packet, sense, canary, &command);
        assert_int_equal(error, rows[i].error);
        if (error == 0)
            assert_int_equal(command.status, rows[i].scsi);
        assert_int_equal(command.host_status, rows[i].host);
        assert_int_equal(command.sense_length, 0);
    }
}

static void test_megaraid_sense(void **state) {
    (void)state;
    static const struct {
        uint8_t code;
        uint8_t additional;
        uint8_t length;
    } rows[] = {{0x70, 10, 18}, {0xf0, 10, 18}, {0x72, 14, 22}, {0x72, 200, 64},
                {0x72, 0, 8},   {0x00, 10, 0},  {0x7f, 10, 0}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const uint8_t sense[64] = {rows[i].code, 3, 0x11, 0, [7] = rows[i].additional};
        const struct megaraid_packet packet = {{[22] = 0x2d}};
        struct scsi_command command = {0};
        assert_int_equal(megaraid_decode_scsi(&packet, sense, canary, &command), 0);
        assert_int_equal(command.status, SCSI_CHECK_CONDITION);
        assert_int_equal(command.sense_length, rows[i].length);
        assert_memory_equal(command.sense, sense, rows[i].length);
        assert_int_equal(command.host_status, rows[i].length == 0 ? 7 : 0);
    }
}

/* How much came is not reported: what the buffer held before has not come, and is not kept. */
static void test_megaraid_short_data(void **state) {
    (void)state;
    static const struct {
        uint32_t length, came, received;
    } rows[] = {{512, 512, 512}, {512, 0, 0},   {512, 256, 256}, {512, 250, 256},
                {252, 252, 252}, {252, 18, 24}, {252, 248, 248}, {12, 12, 12}};
    const struct megaraid_packet packet = {{0}};
    const uint8_t sense[64] = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t data[512];
        struct scsi_command command = {
            .transfer = TRANSFER_IN, .data = data, .data_length = rows[i].length};
        for (uint32_t k = 0; k < rows[i].length; k++)
            data[k] = k < rows[i].came ? 0x5a : canary[k % 8];
        assert_int_equal(megaraid_decode_scsi(&packet, sense, canary, &command), 0);
        assert_int_equal(command.received, rows[i].received);
        assert_true(bytes_all(data + command.received, rows[i].length - command.received, 0));
        assert_true(bytes_all(data, rows[i].came, 0x5a));
    }
}

static void test_cciss_packet(void **state) {
    (void)state;
    static uint8_t data[520];
    IOCTL_Command_struct packet;
    const struct scsi_command command = read_command(data);
    uint8_t expected[88] = {
        [8] = 16,            /* CDB length */
        [9] = 0x80 | 4 << 3, /* read, simple, a command */
        [10] = 61,           /* seconds */
        [76] = 0x08,
        [77] = 0x02, /* 520 bytes */
    };
    memcpy(expected, cciss.lun, 8);
    memcpy(expected + 12, command.cdb, 16);
    put_le64(expected + 80, (uint64_t)(uintptr_t)data);
    cciss_encode_scsi(&cciss, &command, &packet);
    assert_int_equal(sizeof packet, sizeof expected);
    assert_memory_equal(&packet, expected, sizeof expected);

    struct scsi_command out = command;
    out.transfer = TRANSFER_OUT;
    cciss_encode_scsi(&cciss, &out, &packet);
    assert_int_equal(((uint8_t *)&packet)[9], 0x40 | 4 << 3);
    out = (struct scsi_command){.cdb_length = 6, .timeout_ms = 1};
    cciss_encode_scsi(&cciss, &out, &packet);
    assert_int_equal(((uint8_t *)&packet)[9], 4 << 3);
    assert_int_equal(packet.Request.Timeout, 1);
    assert_null(packet.buf);
}

static void test_cciss_statuses(void **state) {
    (void)state;
    static const struct {
        uint16_t command;
        uint8_t scsi, sense_length;
        uint32_t residue;
        int error;
        uint8_t status;
        uint16_t host;
        uint8_t sense;
        uint32_t received;
    } rows[] = {
        {0, 0, 0, 0, 0, 0, 0, 0, 512},        {2, 0, 0, 500, 0, 0, 0, 0, 12},
        {1, 2, 18, 512, 0, 2, 0, 18, 0},      {1, 2, 252, 512, 0, 2, 0, 32, 0},
        {1, 8, 0, 512, 0, 8, 0, 0, 0},        {7, 0, 0, 512, -ENODEV, 0, 0, 0, 0},
        {11, 0, 0, 512, 0, 0, 3, 0, 0},       {4, 0, 0, 512, 0, 0, 7, 0, 0},
        {6, 0, 0, 512, 0, 0, 7, 0, 0},        {0x77, 0, 0, 512, 0, 0, 7, 0, 0},
        {2, 0, 0, 0xffffffff, 0, 0, 0, 0, 0}, /* more is missing than was asked for */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t data[512];
        IOCTL_Command_struct packet = {0};
        struct scsi_command command = {
            .transfer = TRANSFER_IN, .data = data, .data_length = sizeof data};
        packet.error_info.CommandStatus = rows[i].command;
        packet.error_info.ScsiStatus = rows[i].scsi;
        packet.error_info.SenseLen = rows[i].sense_length;
        packet.error_info.ResidualCnt = rows[i].residue;
        memset(packet.error_info.SenseInfo, 0x72, 32);
        assert_int_equal(cciss_decode_scsi(&packet, &command), rows[i].error);
        if (rows[i].error)
            continue;
        assert_int_equal(command.status, rows[i].status);
        assert_int_equal(command.host_status, rows[i].host);
        assert_int_equal(command.sense_length, rows[i].sense);
        assert_int_equal(command.received, rows[i].received);
    }
}

/* What is sent to the driver, and how often. */
static struct {
    unsigned long request;
    unsigned calls;
    int error;
} driver;

static int driver_open(const char *node, int *fd) {
    assert_string_equal(node, "/dev/model");
    *fd = 5;
    return 0;
}

static int driver_ioctl(int fd, unsigned long request, void *argument) {
    (void)argument;
    assert_int_equal(fd, 5);
    driver.request = request;
    driver.calls++;
    return driver.error;
}

static void driver_close(int fd) {
    assert_int_equal(fd, 5);
}

static int send(const struct raid_address *address, struct scsi_command *command) {
    static const struct passage_kernel kernel = {driver_open, driver_ioctl, driver_close};
    struct passage passage;
    passage_use(&kernel);
    assert_int_equal(passage_open(address, &passage), 0);
    const int error = passage_scsi(&passage, command);
    passage_close(&passage);
    passage_use(NULL);
    return error;
}

static void test_what_is_sent(void **state) {
    (void)state;
    static uint8_t data[70000];
    memset(&driver, 0, sizeof driver);
    struct scsi_command command = read_command(data);
    assert_int_equal(send(&megaraid, &command), 0);
    assert_int_equal(driver.request, 0xc1944d01);
    assert_int_equal(command.host_status, 3); /* nobody has put a status in */
    command = read_command(data);
    assert_int_equal(send(&cciss, &command), 0);
    assert_int_equal(driver.request, 0xc058420b);
    driver.error = -EBUSY;
    assert_int_equal(send(&cciss, &command), -EBUSY);
    assert_int_equal(send(&megaraid, &command), -EBUSY);

    /* What does not fit or cannot be answered is not sent. */
    driver.calls = 0;
    command.data_length = 65536;
    assert_int_equal(send(&cciss, &command), -EMSGSIZE);
    struct raid_address far = megaraid;
    far.device_id = 256;
    assert_int_equal(send(&far, &command), -EOPNOTSUPP);
    command = (struct scsi_command){.cdb = {0x85, 0x06, 0x20}, .cdb_length = 16};
    assert_int_equal(send(&megaraid, &command), -EOPNOTSUPP);
    assert_int_equal(driver.calls, 0);
    driver.error = 0;
    assert_int_equal(send(&cciss, &command), 0); /* there they may come back */
    assert_int_equal(driver.calls, 1);
}

static void test_megaraid_list(void **state) {
    (void)state;
    struct raid_entry entries[RAID_ENTRIES];
    size_t count;
    uint8_t data[8 + 3 * 24] = {[4] = 3};
    data[8] = 0x20; /* the enclosure */
    data[10] = 0x20;
    data[14] = 0x0d;
    data[32] = 0x0c; /* a disk in it */
    data[34] = 0x20;
    data[37] = 4;
    data[56] = 0x34; /* a disk in none */
    data[57] = 0x01;
    data[58] = 0xff;
    data[59] = 0xff;
    const struct bytes whole = {data, sizeof data};
    assert_int_equal(megaraid_decode_list(whole, entries, &count), 0);
    assert_int_equal(count, 3);
    assert_true(entries[0].not_a_disk);
    assert_false(entries[1].not_a_disk);
    assert_int_equal(entries[1].device_id, 12);
    assert_true(entries[1].has_slot);
    assert_int_equal(entries[1].enclosure, 32);
    assert_int_equal(entries[1].slot, 4);
    assert_int_equal(entries[2].device_id, 0x134);
    assert_false(entries[2].has_slot);
    for (size_t length = 0; length < sizeof data; length++)
        assert_int_equal(megaraid_decode_list((struct bytes){data, length}, entries, &count),
                         -EBADMSG);
    put_le32(data + 4, RAID_ENTRIES + 1);
    assert_int_equal(megaraid_decode_list(whole, entries, &count), -E2BIG);
}

static void test_megaraid_states(void **state) {
    (void)state;
    static const struct {
        uint16_t code, flags;
        enum raid_role role;
        const char *text;
    } rows[] = {
        {0x00, 0, RAID_SPARE, "unconfigured good"},
        {0x00, 0x10, RAID_SPARE, "unconfigured good, foreign configuration"},
        {0x00, 0x02, RAID_MEMBER, "unconfigured good"}, /* and yet in a volume */
        {0x00, 0x04, RAID_MEMBER, "unconfigured good"},
        {0x02, 0, RAID_MEMBER, "hot spare"},
        {0x18, 0x02, RAID_MEMBER, "online"},
        {0x14, 0x02, RAID_MEMBER, "rebuild"},
        {0x40, 0, RAID_EXPOSED, "JBOD"},
        {0x99, 0, RAID_MEMBER, "unknown (99h)"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t data[512] = {12};
        struct raid_place place = {0};
        data[184] = (uint8_t)rows[i].code;
        data[188] = (uint8_t)rows[i].flags;
        assert_int_equal(megaraid_decode_info((struct bytes){data, sizeof data}, 12, &place), 0);
        assert_int_equal(place.role, rows[i].role);
        assert_string_equal(place.state, rows[i].text);
        assert_int_equal(megaraid_decode_info((struct bytes){data, sizeof data}, 13, &place),
                         -EBADMSG);
        assert_int_equal(megaraid_decode_info((struct bytes){data, 189}, 12, &place), -EBADMSG);
    }
}

static void test_cciss_list(void **state) {
    (void)state;
    struct raid_entry entries[RAID_ENTRIES];
    size_t count;
    uint8_t data[8 + 16] = {[3] = 16, [8 + 3] = 0xc0, [8 + 6] = 9, [16 + 3] = 0x01};
    const struct bytes whole = {data, sizeof data};
    assert_int_equal(cciss_decode_list(whole, entries, &count), 0);
    assert_int_equal(count, 2);
    assert_false(entries[0].exposed);
    assert_true(entries[1].exposed);
    assert_memory_equal(entries[0].lun, data + 8, 8);
    for (size_t length = 0; length < sizeof data; length++)
        assert_int_equal(cciss_decode_list((struct bytes){data, length}, entries, &count),
                         -EBADMSG);
    data[3] = 15;
    assert_int_equal(cciss_decode_list(whole, entries, &count), -EBADMSG);
    data[3] = 16;
    data[4] = 2; /* the extended form, which was not asked for */
    assert_int_equal(cciss_decode_list(whole, entries, &count), -EBADMSG);
    data[4] = 0;
    data[1] = 1;
    assert_int_equal(cciss_decode_list(whole, entries, &count), -E2BIG);
}

/* --- a volume and the disks behind it --- */

enum { VOLUME, MEMBER_A, MEMBER_B, SPARE, OTHER, DISKS };

static struct {
    struct scan scan;
    struct disk *disks[DISKS];
    struct authorization authorization;
} server;

static int make_server(void **state) {
    (void)state;
    static const enum raid_role roles[DISKS] = {RAID_VOLUME, RAID_MEMBER, RAID_MEMBER, RAID_SPARE,
                                                RAID_MEMBER};
    for (int i = 0; i < DISKS; i++) {
        server.disks[i] = disk_new();
        server.disks[i]->raid.role = roles[i];
        server.disks[i]->raid.address.driver = RAID_MEGARAID;
        server.disks[i]->raid.address.host = i == OTHER ? 1 : 0; /* another controller's */
    }
    server.scan = (struct scan){.disks = server.disks, .disk_count = DISKS};
    authorize_nothing(&server.scan, DISPOSITION_EXCLUDED, "not named", &server.authorization);
    return 0;
}

static int free_server(void **state) {
    (void)state;
    authorization_free(&server.authorization);
    for (int i = 0; i < DISKS; i++)
        disk_free(server.disks[i]);
    return 0;
}

static void name(int disk) {
    json_t *authority = json_new_object();
    server.authorization.decisions[disk].warrant = warrant_issue(server.disks[disk], authority);
    json_decref(authority);
}

static void expect_end(int disk, bool warrant, enum disposition disposition) {
    const struct decision *decision = &server.authorization.decisions[disk];
    assert_true((decision->warrant != NULL) == warrant);
    if (!warrant)
        assert_int_equal(decision->disposition, disposition);
}

static void test_volume_alone(void **state) {
    (void)state;
    name(VOLUME);
    name(SPARE);
    name(OTHER);
    authorize_raid(&server.scan, &server.authorization);
    expect_end(VOLUME, true, 0);
    expect_end(SPARE, true, 0);
    expect_end(OTHER, true, 0);
    expect_end(MEMBER_A, false, DISPOSITION_EXCLUDED);
}

static void test_member_alone(void **state) {
    (void)state;
    name(MEMBER_A);
    authorize_raid(&server.scan, &server.authorization);
    expect_end(MEMBER_A, true, 0);
    expect_end(VOLUME, false, DISPOSITION_EXCLUDED);
}

/* All of it: the disks are erased, and the volume has nothing left of its own. */
static void test_volume_and_all_members(void **state) {
    (void)state;
    name(VOLUME);
    name(MEMBER_A);
    name(MEMBER_B);
    authorize_raid(&server.scan, &server.authorization);
    expect_end(VOLUME, false, DISPOSITION_EXCLUDED);
    assert_non_null(
        strstr(server.authorization.decisions[VOLUME].reason.text, "erased themselves"));
    expect_end(MEMBER_A, true, 0);
    expect_end(MEMBER_B, true, 0);
}

static void test_volume_and_one_member(void **state) {
    (void)state;
    name(VOLUME);
    name(MEMBER_A);
    authorize_raid(&server.scan, &server.authorization);
    expect_end(VOLUME, true, 0);
    expect_end(MEMBER_A, false, DISPOSITION_REFUSED);
    assert_non_null(strstr(server.authorization.decisions[MEMBER_A].reason.text, "1 of the 2"));
}

static void test_member_of_what_is_kept(void **state) {
    (void)state;
    for (int why = 0; why < 4; why++) {
        server.disks[VOLUME]->in_use = why == 0;
        server.disks[VOLUME]->boot_medium = why == 1;
        server.authorization.decisions[VOLUME].retained = why == 2;
        /* It holds something else than the order says: the server was deployed anew. */
        server.authorization.decisions[VOLUME].disposition =
            why == 3 ? DISPOSITION_REFUSED : DISPOSITION_EXCLUDED;
        name(MEMBER_A);
        name(MEMBER_B);
        authorize_raid(&server.scan, &server.authorization);
        expect_end(MEMBER_A, false, DISPOSITION_REFUSED);
        expect_end(MEMBER_B, false, DISPOSITION_REFUSED);
    }
    name(OTHER);
    name(SPARE);
    authorize_raid(&server.scan, &server.authorization);
    expect_end(OTHER, true, 0);
    expect_end(SPARE, true, 0);
}

/* Overwriting the volume would overwrite what is to be kept. */
static void test_volume_of_a_retained_member(void **state) {
    (void)state;
    server.authorization.decisions[MEMBER_A].retained = true;
    name(VOLUME);
    name(OTHER);
    authorize_raid(&server.scan, &server.authorization);
    expect_end(VOLUME, false, DISPOSITION_REFUSED);
    expect_end(OTHER, true, 0);
}

/* --- what is planned --- */

static bool says(json_t *list, const char *part) {
    size_t i;
    json_t *text;
    bool found = false;
    json_array_foreach(list, i, text) found = found || strstr(json_string_value(text), part);
    json_decref(list);
    return found;
}

static void test_plan_without_registers(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    policy_default(&policy);
    struct disk *disk = server.disks[MEMBER_A];
    disk->commands = COMMANDS_ATA;
    disk->bus = BUS_SATA;
    disk->has_ata = true;
    disk->ata.sectors = 1 << 20;
    disk->ata.sanitize.supported = disk->ata.sanitize.block_erase = true;
    disk->ata.security.supported = true;
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.lba_size = 512, .lba_count = 1 << 20};
    disk->identity.capacity = (uint64_t)512 << 20;
    plan_make(disk, &policy, &plan);
    assert_true(plan.step_count > 1);
    disk->raid.no_registers = true;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_string_equal(plan.steps[0].method->name, "overwrite");
    assert_true(plan.rejected_count >= 6);
    for (unsigned i = 0; i < plan.rejected_count; i++)
        assert_non_null(strstr(plan.rejected[i].reason.text, "does not return ATA registers"));
    assert_true(says(plan_exceptions(disk, plan.steps[0].method), "could have written to it"));
    assert_true(
        says(plan_exceptions(server.disks[VOLUME], plan.steps[0].method), "was not reached"));
    assert_false(says(plan_exceptions(server.disks[SPARE], plan.steps[0].method), "RAID"));
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, make_server, free_server)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_megaraid_packet),   cmocka_unit_test(test_megaraid_directions),
    cmocka_unit_test(test_megaraid_question), cmocka_unit_test(test_megaraid_statuses),
    cmocka_unit_test(test_megaraid_sense),    cmocka_unit_test(test_megaraid_short_data),
    cmocka_unit_test(test_cciss_packet),      cmocka_unit_test(test_cciss_statuses),
    cmocka_unit_test(test_what_is_sent),      cmocka_unit_test(test_megaraid_list),
    cmocka_unit_test(test_megaraid_states),   cmocka_unit_test(test_cciss_list),
    WITH_SERVER(test_volume_alone),           WITH_SERVER(test_member_alone),
    WITH_SERVER(test_volume_and_all_members), WITH_SERVER(test_volume_and_one_member),
    WITH_SERVER(test_member_of_what_is_kept), WITH_SERVER(test_volume_of_a_retained_member),
    WITH_SERVER(test_plan_without_registers),
};
TEST_MAIN(tests)
