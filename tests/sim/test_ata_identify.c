/* IDENTIFY DEVICE and the logs, word by word, for drives of several kinds. */
#include "ata.h"
#include "ata_host.h"
#include "test.h"

static struct ata_host host;

static void identify(const char *lines) {
    host.drive = test_drive(lines);
    assert_ata_good(ata_simple(&host, ATA_IDENTIFY_DEVICE, 0, 0));
    assert_int_equal(host.request.transferred, 512);
    uint8_t sum = 0;
    for (unsigned i = 0; i < 512; i++)
        sum = (uint8_t)(sum + host.data[i]);
    assert_int_equal(host.data[510], 0xa5);
    assert_int_equal(sum, 0);
}

static uint16_t word(unsigned number) {
    return (uint16_t)load_le(host.data + 2 * (size_t)number, 2);
}

static void hard_disk(void **state) {
    (void)state;
    identify("family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\nserial = SER1\nmodel = "
             "MODEL X\n"
             "firmware = FW12\nwwn = 0x5000c500aabbccdd\nsanitize = overwrite\n"
             "rotation = 5400\nerase-time = 10min\nerase-time-enhanced = 3min\n");
    assert_memory_equal(host.data + 20, "ES1R                ", 20);
    assert_memory_equal(host.data + 46, "WF21    ", 8);
    assert_memory_equal(host.data + 54, "OMED L X", 8);
    assert_int_equal(load_le(host.data + 120, 4), 8 << 11);
    assert_int_equal(load_le(host.data + 200, 8), 8 << 11);
    assert_int_equal(word(106), 0x4000);
    assert_int_equal(word(117), 0);
    assert_int_equal(word(48), 0x4000);
    assert_int_equal(word(53) & 2, 2);
    assert_int_equal(word(59), 0x5910); /* sanitize, overwrite, ACS-3 list; multiple 16 */
    assert_int_equal(word(69), 0);
    assert_int_equal(word(76), 0x010e);
    assert_int_equal(word(78), 0x0040);
    assert_int_equal(word(79), 0x0040);
    assert_int_equal(word(82) & 0x0423, 0x0423); /* HPA, write cache, security, SMART */
    assert_int_equal(word(83) & 0xc400, 0x4400); /* 48-bit */
    assert_int_equal(word(84) & 0xc120, 0x4120); /* WWN, logs */
    assert_int_equal(word(85) & 0x0023, 0x0021); /* security is not enabled */
    assert_int_equal(word(89), 5);
    assert_int_equal(word(90), 2);
    assert_int_equal(word(92), 0xfffe);
    assert_int_equal(word(108), 0x5000);
    assert_int_equal(word(109), 0xc500);
    assert_int_equal(word(110), 0xaabb);
    assert_int_equal(word(111), 0xccdd);
    assert_int_equal(word(128), 0x0021);
    assert_int_equal(word(169), 0);
    assert_int_equal(word(217), 5400);
    test_end(host.drive);
}

static void flash_512e_encrypting(void **state) {
    (void)state;
    identify("family = ata\nmedium = flash\nsize = 8M\nspare = 1M\nencrypts = yes\n"
             "physical-sector = 4096\nsanitize = crypto block\nantifreeze = yes\n"
             "features = trim amac trusted\ntrim-deterministic = yes\ntrim-zeroes = yes\n");
    assert_int_equal(word(106), 0x6003);
    assert_int_equal(word(59), 0xbd10); /* block, crypto, sanitize, ACS-3 list, antifreeze */
    assert_int_equal(word(69), 0x4030);
    assert_int_equal(word(48), 0x4001);
    assert_int_equal(word(78), 0);
    assert_int_equal(word(82) & 0x0402, 0); /* neither HPA nor security */
    assert_int_equal(word(119) & 0x0108, 0x0108);
    assert_int_equal(word(128), 0);
    assert_int_equal(word(89) | word(90) | word(92), 0);
    assert_int_equal(word(105), 8);
    assert_int_equal(word(169), 1);
    assert_int_equal(word(217), 1);
    test_end(host.drive);
}

static void native_4k(void **state) {
    (void)state;
    identify("family = ata\nmedium = magnetic\nencrypts = no\nsize = 8M\nsector = 4096\nsanitize = "
             "none\n");
    assert_int_equal(word(106), 0x5000);
    assert_int_equal(load_le(host.data + 234, 4), 2048);
    assert_int_equal(load_le(host.data + 200, 8), 2048);
    assert_int_equal(word(59) & 0xf000, 0);
    test_end(host.drive);
}

static void erase_times(void **state) {
    (void)state;
    static const struct {
        uint64_t minutes;
        bool extended;
        uint16_t word;
    } rows[] = {
        {0, false, 0},         {2, false, 1},         {3, false, 2},       {508, false, 254},
        {510, false, 255},     {5000, false, 255},    {510, true, 0x80ff}, {65532, true, 0xfffe},
        {65534, true, 0xffff}, {99999, true, 0xffff},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(ata_erase_time_word(rows[i].minutes * 60000, rows[i].extended),
                         rows[i].word);
    assert_int_equal(ata_erase_time_word(TIME_NOT_REPORTED, true), 0);
    identify("family = ata\nsize = 8M\nerase-time = 20h\nerase-time-format = extended\n");
    assert_int_equal(word(89), 0x8000 | 600);
    test_end(host.drive);
}

static void settings_show(void **state) {
    (void)state;
    static const struct {
        uint8_t feature, count;
        unsigned word;
        uint16_t bit;
        bool on;
    } rows[] = {
        {0x82, 0, 85, 0x0020, false},   {0x02, 0, 85, 0x0020, true},
        {0x55, 0, 85, 0x0040, false},   {0xaa, 0, 85, 0x0040, true},
        {0x90, 6, 79, 0x0040, false},   {0x10, 6, 79, 0x0040, true},
        {0x06, 0, 86, 0x0020, true},    {0x86, 0, 86, 0x0020, false},
        {0x03, 0x45, 88, 0x2000, true}, {0x03, 0x45, 88, 0x4000, false},
    };
    host.drive = test_drive("family = ata\nsize = 8M\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ata_good(ata_simple(&host, ATA_SET_FEATURES, rows[i].feature, rows[i].count));
        assert_int_equal((ata_identify_word(&host, rows[i].word) & rows[i].bit) != 0, rows[i].on);
    }
    assert_ata_aborted(ata_simple(&host, ATA_SET_FEATURES, 0x99, 0));
    assert_ata_aborted(ata_simple(&host, ATA_SET_FEATURES, 0x03, 0x47));
    assert_ata_aborted(ata_simple(&host, ATA_SET_FEATURES, 0x10, 0x03));
    test_end(host.drive);
}

static void log_pages(void **state) {
    (void)state;
    host.drive = test_drive("family = ata\nsize = 8M\nsanitize = overwrite crypto\n"
                            "encrypts = yes\nsanitize-overrides-security = yes\n"
                            "features = security enhanced trusted ssp\nreallocated = 7\n");
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x00));
    assert_int_equal(load_le(host.data, 2), 1); /* version */
    assert_int_equal(load_le(host.data + 0x60, 2), 9);
    assert_int_equal(load_le(host.data + 0x08, 2), 4);
    assert_int_equal(load_le(host.data + 0x20, 2), 1);
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_DMA_EXT, 0, 1, 0x0030));
    assert_memory_equal(host.data + 8, "\x08\x00\x01\x02\x03\x04\x05\x06\x08", 9);
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x0230));
    assert_int_equal(load_le(host.data, 8), 0x8000000000020001);
    assert_int_equal(load_le(host.data + 8, 8), 0x8000000000004000);
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x0330));
    assert_int_equal(load_le(host.data + 8, 8), 0x8008000000000000); /* definitive pattern */
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x0630));
    assert_int_equal(load_le(host.data + 16, 8), 0x8000000000000021);
    assert_int_equal(load_le(host.data + 40, 8), 0x8000000000000001);
    assert_int_equal(load_le(host.data + 48, 8), 0x800000000000008f);
    assert_ata_good(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x0304));
    assert_int_equal(load_le(host.data + 32, 8), 0xc000000000000007);
    assert_ata_aborted(ata_lba(&host, ATA_READ_LOG_EXT, 0, 1, 0x0077));
    assert_ata_aborted(ata_lba(&host, ATA_READ_LOG_EXT, 0, 2, 0x0000)); /* beyond its end */
    assert_ata_aborted(ata_lba(&host, ATA_READ_LOG_EXT, 0, 0, 0x0030));
    test_end(host.drive);
}

static void smart(void **state) {
    (void)state;
    enum { SIGNATURE = 0xc24f00 };
    host.drive = test_drive("family = ata\nsize = 8M\nreallocated = 5\npending = 3\n"
                            "uncorrectable = 2\npower-on-hours = 4321\n");
    assert_ata_good(ata_lba(&host, ATA_SMART, 0xd0, 1, SIGNATURE));
    static const struct {
        uint8_t id;
        uint64_t raw;
    } rows[] = {{5, 5}, {9, 4321}, {12, 1}, {194, 0x2d00140026}, {197, 3}, {198, 2}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(host.data[2 + 12 * i], rows[i].id);
        assert_int_equal(load_le(host.data + 7 + 12 * i, 6), rows[i].raw);
    }
    assert_ata_good(ata_lba(&host, ATA_SMART, 0xda, 0, SIGNATURE));
    assert_int_equal(host.request.ata_out.lba, SIGNATURE);
    assert_ata_aborted(ata_lba(&host, ATA_SMART, 0xda, 0, 0)); /* no signature */
    assert_ata_good(ata_lba(&host, ATA_SMART, 0xd9, 0, SIGNATURE));
    assert_ata_aborted(ata_lba(&host, ATA_SMART, 0xd0, 1, SIGNATURE));
    assert_ata_good(ata_lba(&host, ATA_SMART, 0xd8, 0, SIGNATURE));
    assert_ata_good(ata_lba(&host, ATA_SMART, 0xd0, 1, SIGNATURE));
    test_end(host.drive);
    host.drive = test_drive("family = ata\nsize = 8M\nsmart-failing = yes\n");
    assert_ata_good(ata_lba(&host, ATA_SMART, 0xda, 0, SIGNATURE));
    assert_int_equal(host.request.ata_out.lba, 0x2cf400);
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hard_disk),     cmocka_unit_test(flash_512e_encrypting),
    cmocka_unit_test(native_4k),     cmocka_unit_test(erase_times),
    cmocka_unit_test(settings_show), cmocka_unit_test(log_pages),
    cmocka_unit_test(smart),
};

TEST_MAIN(tests)
