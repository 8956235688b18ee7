/* How often a drive was switched on, as each family tells it. */
#include "ata_host.h"
#include "nvme_host.h"
#include "sas_host.h"
#include "test.h"

enum { SIGNATURE = 0xc24f00, ATTRIBUTES = 2, ATTRIBUTE = 12, POWER_CYCLES = 12 };

static struct ata_host ata = {0};
static struct sas_host sas = {0};

/* SMART attribute 12, or -1; of the device statistics the first of page 1 has to agree. */
static int64_t of_ata(struct drive *drive) {
    int64_t found = -1;
    ata.drive = drive;
    assert_ata_good(ata_lba(&ata, ATA_SMART, 0xd0, 1, SIGNATURE));
    for (unsigned i = 0; i < 30; i++) {
        const uint8_t *attribute = ata.data + ATTRIBUTES + (size_t)ATTRIBUTE * i;
        if (attribute[0] == POWER_CYCLES)
            found = (int64_t)load_le(attribute + 5, 6);
    }
    assert_ata_good(ata_lba(&ata, ATA_READ_LOG_EXT, 0, 1, 0x0104));
    assert_int_equal(load_le(ata.data + 8, 8), found < 0 ? 0 : UINT64_C(3) << 62 | (uint64_t)found);
    return found;
}

static int64_t nvme_count(struct drive *drive, size_t offset) {
    uint8_t log[512];
    assert_int_equal(host_log(drive, 0x02, log, sizeof log), NVME_OK);
    return (int64_t)load_le(log + offset, 8);
}

static int64_t of_nvme(struct drive *drive) {
    return nvme_count(drive, 112);
}

static int64_t unsafe_of_nvme(struct drive *drive) {
    return nvme_count(drive, 144);
}

/* Parameter 0004h of page 0Eh. */
static int64_t of_sas(struct drive *drive) {
    static const uint8_t ready[6] = {0};
    static const uint8_t log_sense[10] = {0x4d, 0, 0x4e, 0, 0, 0, 0, 0, 255, 0};
    sas.drive = drive;
    (void)sas_send(&sas, ready, sizeof ready); /* the unit attention of power-on */
    const struct drive_request *request = sas_send(&sas, log_sense, sizeof log_sense);
    if (request->scsi_status != 0)
        return -1;
    assert_memory_equal(sas.data + 12, "\0\4\3\4", 4);
    return (int64_t)load_be(sas.data + 16, 4);
}

static const struct family {
    const char *lines;
    int64_t (*count)(struct drive *drive);
    int64_t untold; /* what it tells if it tells no counter */
} families[] = {
    {"family = ata\nsize = 1M\n", of_ata, -1},
    {"family = nvme\nsize = 1M\n", of_nvme, 0},
    {"family = scsi\nsize = 1M\nmedium = magnetic\n", of_sas, -1},
};

static void every_power_on_is_counted(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        const struct family *of = &families[i];
        struct drive *drive = test_drive(of->lines);
        assert_int_equal(of->count(drive), 1);
        drive = test_power_cut(drive, of->lines);
        assert_int_equal(of->count(drive), 2);
        drive_reset(drive, RESET_POWER);
        assert_int_equal(of->count(drive), 3);
        drive_reset(drive, RESET_HARD); /* these leave the power on */
        drive_reset(drive, RESET_CONTROLLER);
        assert_int_equal(of->count(drive), 3);
        test_end(drive);
    }
}

static void a_drive_may_not_tell(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        char lines[128];
        (void)snprintf(lines, sizeof lines, "%spower-counters = no\n", families[i].lines);
        struct drive *drive = test_drive(lines);
        assert_int_equal(families[i].count(drive), families[i].untold);
        test_end(drive);
    }
    /* What does not rotate has no starts. */
    struct drive *drive = test_drive("family = scsi\nsize = 1M\n");
    assert_int_equal(of_sas(drive), -1);
    test_end(drive);
}

static void one_without_notice_is_unsafe(void **state) {
    (void)state;
    static const char *const lines = "family = nvme\nsize = 1M\n";
    struct drive *drive = test_drive(lines);
    assert_int_equal(unsafe_of_nvme(drive), 0);
    drive_shut_down(drive);
    drive_reset(drive, RESET_POWER);
    assert_int_equal(unsafe_of_nvme(drive), 0);
    drive_reset(drive, RESET_POWER);
    assert_int_equal(unsafe_of_nvme(drive), 1);
    drive_shut_down(drive);
    assert_int_equal(of_nvme(drive), 3); /* it is used again: the notice is void */
    drive = test_power_cut(drive, lines);
    assert_int_equal(unsafe_of_nvme(drive), 2);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_power_on_is_counted),
    cmocka_unit_test(a_drive_may_not_tell),
    cmocka_unit_test(one_without_notice_is_unsafe),
};

TEST_MAIN(tests)
