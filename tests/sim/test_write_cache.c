/* A volatile write cache, as every family of drives has it: what a power cut takes, and what brings
 * a write on the medium before. */
#include "ata_host.h"
#include "nvme_host.h"
#include "sas_host.h"
#include "test.h"

enum { SECTOR = 512, PAGE_SECTORS = MEDIA_PAGE / SECTOR };

/* --- on every family alike: the whole of page number n is filled with a letter --- */

struct family {
    const char *name;
    const char *lines;
    void (*write)(struct drive *drive, uint64_t page, uint8_t letter, bool force_unit_access);
    uint8_t (*read)(struct drive *drive, uint64_t page);
    void (*flush)(struct drive *drive);
};

static struct ata_host ata = {0};
static struct sas_host sas = {0};

static void ata_write_page(struct drive *drive, uint64_t page, uint8_t letter, bool fua) {
    ata.drive = drive;
    memset(ata.data, letter, MEDIA_PAGE);
    assert_ata_good(ata_lba(&ata, fua ? ATA_WRITE_DMA_FUA_EXT : ATA_WRITE_DMA_EXT, 0, PAGE_SECTORS,
                            page * PAGE_SECTORS));
}

static uint8_t ata_read_page(struct drive *drive, uint64_t page) {
    ata.drive = drive;
    assert_ata_good(ata_lba(&ata, ATA_READ_DMA_EXT, 0, PAGE_SECTORS, page * PAGE_SECTORS));
    return ata.data[MEDIA_PAGE / 2];
}

static void ata_flush(struct drive *drive) {
    ata.drive = drive;
    assert_ata_good(ata_simple(&ata, ATA_FLUSH_CACHE_EXT, 0, 0));
}

static void nvme_write_page(struct drive *drive, uint64_t page, uint8_t letter, bool fua) {
    uint8_t data[MEDIA_PAGE];
    memset(data, letter, sizeof data);
    const struct nvme_command write = {.io = true,
                                       .opcode = NVME_WRITE,
                                       .nsid = 1,
                                       .cdw10 = (uint32_t)(page * PAGE_SECTORS),
                                       .cdw12 = (PAGE_SECTORS - 1) | (fua ? 1U << 30 : 0),
                                       .data = data,
                                       .data_size = sizeof data};
    assert_int_equal(host_command(drive, &write), NVME_OK);
}

static uint8_t nvme_read_page(struct drive *drive, uint64_t page) {
    uint8_t data[MEDIA_PAGE];
    assert_int_equal(host_read(drive, 1, page * PAGE_SECTORS, PAGE_SECTORS, data, sizeof data),
                     NVME_OK);
    return data[MEDIA_PAGE / 2];
}

static void nvme_flush_all(struct drive *drive) {
    const struct nvme_command flush = {.io = true, .opcode = NVME_FLUSH, .nsid = 1};
    assert_int_equal(host_command(drive, &flush), NVME_OK);
}

/* The unit attention of power-on is taken first. */
static void sas_do(struct drive *drive, const uint8_t *cdb) {
    static const uint8_t test_unit_ready[6] = {0};
    sas.drive = drive;
    (void)sas_send(&sas, test_unit_ready, sizeof test_unit_ready);
    sas_expect_good(sas_send(&sas, cdb, 16));
}

static void sas_page_cdb(uint8_t cdb[16], uint8_t opcode, uint64_t page, bool fua) {
    memset(cdb, 0, 16);
    cdb[0] = opcode;
    cdb[1] = fua ? 0x08 : 0;
    store_be(cdb + 2, 8, page * PAGE_SECTORS);
    store_be(cdb + 10, 4, PAGE_SECTORS);
}

static void sas_write_page(struct drive *drive, uint64_t page, uint8_t letter, bool fua) {
    uint8_t cdb[16];
    sas_page_cdb(cdb, 0x8a, page, fua);
    memset(sas.data, letter, MEDIA_PAGE);
    sas_do(drive, cdb);
}

static uint8_t sas_read_page(struct drive *drive, uint64_t page) {
    uint8_t cdb[16];
    sas_page_cdb(cdb, 0x88, page, false);
    sas_do(drive, cdb);
    return sas.data[MEDIA_PAGE / 2];
}

static void sas_flush(struct drive *drive) {
    static const uint8_t synchronize_cache[16] = {0x91};
    sas_do(drive, synchronize_cache);
}

#define LINES "\nsize = 1M\nspare = 256K\nvolatile-cache = 64K\n"

static const struct family families[] = {
    {"ata", "family = ata" LINES, ata_write_page, ata_read_page, ata_flush},
    {"ata, magnetic", "family = ata" LINES "medium = magnetic\n", ata_write_page, ata_read_page,
     ata_flush},
    {"nvme", "family = nvme" LINES, nvme_write_page, nvme_read_page, nvme_flush_all},
    {"scsi", "family = scsi" LINES "write-cache = yes\n", sas_write_page, sas_read_page, sas_flush},
};

enum { CACHED_PAGES = 16 };

static void a_power_cut_takes_what_was_not_flushed(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        const struct family *of = &families[i];
        struct drive *drive = test_drive(of->lines);
        of->write(drive, 3, 'a', false);
        of->write(drive, 4, 'b', false);
        of->flush(drive);
        of->write(drive, 4, 'c', false);
        of->write(drive, 5, 'd', false);
        assert_int_equal(of->read(drive, 4), 'c'); /* while there is power, nobody can tell */
        assert_int_equal(of->read(drive, 5), 'd');
        drive = test_power_cut(drive, of->lines);
        assert_int_equal(of->read(drive, 3), 'a');
        assert_int_equal(of->read(drive, 4), 'b');
        assert_int_equal(of->read(drive, 5), 0);
        test_end(drive);
    }
}

static void a_write_with_fua_is_kept(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        struct drive *drive = test_drive(families[i].lines);
        families[i].write(drive, 3, 'a', true);
        drive = test_power_cut(drive, families[i].lines);
        assert_int_equal(families[i].read(drive, 3), 'a');
        test_end(drive);
    }
}

/* More than it has room for: pages leave it in no order. */
static void a_full_cache_keeps_no_order(void **state) {
    (void)state;
    enum { PAGES = 8 * CACHED_PAGES };
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        const struct family *of = &families[i];
        struct drive *drive = test_drive(of->lines);
        unsigned lost = 0;
        bool any_after_a_lost_one = false;
        for (unsigned page = 0; page < PAGES; page++)
            of->write(drive, page, 'x', false);
        for (unsigned page = 0; page < PAGES; page++)
            assert_int_equal(of->read(drive, page), 'x');
        drive = test_power_cut(drive, of->lines);
        for (unsigned page = 0; page < PAGES; page++) {
            const bool is_there = of->read(drive, page) == 'x';
            any_after_a_lost_one = any_after_a_lost_one || (is_there && lost > 0);
            lost += !is_there;
        }
        assert_int_equal(lost, CACHED_PAGES);
        assert_true(any_after_a_lost_one);
        test_end(drive);
    }
}

static void without_one_every_write_is_kept(void **state) {
    (void)state;
    static const char *const lines[] = {"family = ata\nsize = 1M\n", "family = nvme\nsize = 1M\n",
                                        "family = scsi\nsize = 1M\n"};
    static const struct family *const of[] = {&families[0], &families[2], &families[3]};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct drive *drive = test_drive(lines[i]);
        of[i]->write(drive, 3, 'a', false);
        drive = test_power_cut(drive, lines[i]);
        assert_int_equal(of[i]->read(drive, 3), 'a');
        test_end(drive);
    }
}

/* What is switched off is written out, and holds nothing back any more. */
static void switched_off(struct drive *drive, const struct family *of, const char *lines) {
    of->write(drive, 4, 'b', false);
    drive = test_power_cut(drive, lines);
    assert_int_equal(of->read(drive, 3), 'a');
    assert_int_equal(of->read(drive, 4), 'b');
    test_end(drive);
}

static void it_can_be_switched_off(void **state) {
    (void)state;
    struct drive *drive = test_drive(families[0].lines);
    ata_write_page(drive, 3, 'a', false);
    assert_ata_good(ata_simple(&ata, ATA_SET_FEATURES, ATA_FEATURE_DISABLE_WRITE_CACHE, 0));
    switched_off(drive, &families[0], families[0].lines);

    drive = test_drive(families[2].lines);
    nvme_write_page(drive, 3, 'a', false);
    const struct nvme_command off = {.opcode = 0x09, .cdw10 = 0x06, .cdw11 = 0};
    assert_int_equal(host_command(drive, &off), NVME_OK);
    switched_off(drive, &families[2], families[2].lines);
}

static void standby_stop_and_shutdown_write_it_out(void **state) {
    (void)state;
    static const uint8_t stop[16] = {0x1b};
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        const struct family *of = &families[i];
        struct drive *drive = test_drive(of->lines);
        of->write(drive, 3, 'a', false);
        if (of->write == ata_write_page)
            assert_ata_good(ata_simple(&ata, ATA_STANDBY_IMMEDIATE, 0, 0));
        else if (of->write == sas_write_page)
            sas_expect_good(sas_send(&sas, stop, 6));
        else
            drive_shut_down(drive);
        drive = test_power_cut(drive, of->lines);
        assert_int_equal(of->read(drive, 3), 'a');
        test_end(drive);
    }
}

/* It is not written back over what has been erased since. */
static void an_erase_covers_it(void **state) {
    (void)state;
    struct drive *drive = test_drive(families[2].lines);
    nvme_write_page(drive, 3, 'a', false);
    assert_int_equal(host_sanitize(drive, 2 /* block erase */, 0), NVME_OK);
    test_pass(drive, 60000);
    nvme_flush_all(drive);
    assert_int_equal(nvme_read_page(drive, 3), 0);
    drive = test_power_cut(drive, families[2].lines);
    assert_int_equal(nvme_read_page(drive, 3), 0);
    test_end(drive);
}

/* Bytes of a page that are not written are those that it had, on the medium or in the cache. */
static void parts_of_pages(void **state) {
    (void)state;
    struct drive *drive = test_drive(families[0].lines);
    ata_write_page(drive, 3, 'a', false);
    ata_flush(drive);
    memset(ata.data, 'b', SECTOR);
    assert_ata_good(ata_lba(&ata, ATA_WRITE_DMA_EXT, 0, 1, UINT64_C(3) * PAGE_SECTORS));
    memset(ata.data, 'c', SECTOR);
    assert_ata_good(ata_lba(&ata, ATA_WRITE_DMA_EXT, 0, 1, UINT64_C(3) * PAGE_SECTORS + 1));
    assert_int_equal(ata_read_page(drive, 3), 'a');
    assert_int_equal(ata.data[0], 'b');
    assert_int_equal(ata.data[SECTOR], 'c');
    test_end(drive);
}

static void a_drive_that_vanishes_loses_it(void **state) {
    (void)state;
    static const char *const lines =
        "family = nvme" LINES "misbehave = return overwrite at=50% after=1s\n";
    struct drive *drive = test_drive(lines);
    uint8_t data[MEDIA_PAGE] = {0};
    unsigned page = 0;
    while (drive_present(drive)) {
        const uint16_t status =
            host_write(drive, 1, (uint64_t)page * PAGE_SECTORS, PAGE_SECTORS, data, sizeof data);
        if (status == NVME_OK)
            page++;
        memset(data, 'a', sizeof data);
    }
    test_pass(drive, 2000);
    assert_true(drive_present(drive));
    unsigned lost = 0;
    for (unsigned i = 1; i < page; i++)
        lost += nvme_read_page(drive, i) == 0;
    assert_int_equal(lost, CACHED_PAGES);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_power_cut_takes_what_was_not_flushed),
    cmocka_unit_test(a_write_with_fua_is_kept),
    cmocka_unit_test(a_full_cache_keeps_no_order),
    cmocka_unit_test(without_one_every_write_is_kept),
    cmocka_unit_test(it_can_be_switched_off),
    cmocka_unit_test(standby_stop_and_shutdown_write_it_out),
    cmocka_unit_test(an_erase_covers_it),
    cmocka_unit_test(parts_of_pages),
    cmocka_unit_test(a_drive_that_vanishes_loses_it),
};

TEST_MAIN(tests)
