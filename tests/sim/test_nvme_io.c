#include "nvme_host.h"
#include "test.h"

static void reads_what_was_written(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M");
    uint8_t block[4096], back[4096];
    memset(block, 0x5a, sizeof block);
    assert_int_equal(host_write(drive, 1, 7, 8, block, sizeof block), NVME_OK);
    assert_int_equal(host_read(drive, 1, 7, 8, back, sizeof back), NVME_OK);
    assert_memory_equal(block, back, sizeof block);
    drive = test_power_cut(drive, "size = 8M");
    memset(back, 0, sizeof back);
    assert_int_equal(host_read(drive, 1, 7, 8, back, sizeof back), NVME_OK);
    assert_memory_equal(block, back, sizeof block);
    test_end(drive);
}

static void lba_out_of_range(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M");
    uint8_t block[4096] = {0};
    assert_int_equal(host_read(drive, 1, (8 << 11) - 8, 8, block, sizeof block), NVME_OK);
    assert_int_equal(host_read(drive, 1, (8 << 11) - 7, 8, block, sizeof block), NVME_LBA_RANGE);
    assert_int_equal(host_write(drive, 1, UINT64_MAX, 1, block, 512), NVME_LBA_RANGE);
    assert_int_equal(host_read(drive, 9, 0, 1, block, 512), NVME_INVALID_FIELD);
    assert_int_equal(host_read(drive, 99, 0, 1, block, 512), NVME_INVALID_NAMESPACE);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_what_was_written),
    cmocka_unit_test(lba_out_of_range),
};

TEST_MAIN(tests)
