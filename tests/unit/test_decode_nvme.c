#include "quietus/nvme_data.h"

#include "test.h"

#include <errno.h>

static void test_controller_of_qemu(void **state) {
    (void)state;
    const struct bytes page = fixture_page("nvme.id-ctrl.bin");
    struct nvme_controller out;
    assert_int_equal(nvme_decode_controller(page, &out), 0);
    assert_string_equal(out.serial, "S-NVME");
    assert_string_equal(out.model, "QEMU NVMe Ctrl");
    assert_true(out.format_supported);
    assert_false(out.crypto_format || out.sanitize_block);
    assert_int_equal(nvme_decode_controller((struct bytes){page.data, 4095}, &out), -EINVAL);
    free((void *)page.data);
}

/* Offsets by hand, from DEVICE-FACTS C.2. */
static void test_controller_fields(void **state) {
    (void)state;
    uint8_t data[4096] = {0};
    struct nvme_controller out;
    put_padded(data + 4, 20, "SN");
    put_padded(data + 24, 40, "MN");
    put_padded(data + 64, 8, "FR");
    data[76] = 0x03;  /* two ports, more than one controller */
    data[256] = 0x0b; /* security, format, namespace management */
    put_le64(data + 280, 4000000000000);
    put_le64(data + 296, 5);
    put_le64(data + 304, 1); /* more than 64 bits say */
    put_le32(data + 312, 0x00010103);
    put_le32(data + 328, 0x20000007);
    put_le32(data + 516, 32);
    data[524] = 0x0f;
    strcpy((char *)data + 768, "nqn.test");
    assert_int_equal(nvme_decode_controller((struct bytes){data, 4096}, &out), 0);
    assert_string_equal(out.subsystem_nqn, "nqn.test");
    assert_true(out.multiple_ports && out.multiple_controllers);
    assert_true(out.security_commands && out.format_supported && out.namespace_management);
    assert_int_equal(out.total_capacity, 4000000000000);
    assert_true(out.unallocated_capacity == UINT64_MAX);
    assert_int_equal(out.rpmb_units, 3);
    assert_true(out.sanitize_crypto && out.sanitize_block && out.sanitize_overwrite);
    assert_true(out.sanitize_no_deallocate_inhibited);
    assert_true(out.format_all_namespaces && out.erase_all_namespaces && out.crypto_format &&
                out.format_broadcast_refused);
    assert_int_equal(out.namespaces, 32);
}

static void make_namespace(uint8_t data[4096]) {
    memset(data, 0, 4096);
    put_le64(data, 1000);
    put_le64(data + 8, 900);
    put_le64(data + 16, 800);
    data[25] = 2;         /* three formats */
    data[26] = 0x12;      /* the third, extended metadata */
    data[29] = 0x0a;      /* type 2, first eight bytes */
    data[32] = 0x80 | 40; /* format progress */
    data[104] = 0xaa;
    data[128 + 4 * 2] = 8;      /* metadata */
    data[128 + 4 * 2 + 2] = 12; /* 4096 */
}

static void test_namespace_fields(void **state) {
    (void)state;
    uint8_t data[4096];
    struct nvme_namespace out;
    make_namespace(data);
    assert_int_equal(nvme_decode_namespace((struct bytes){data, 4096}, &out), 0);
    assert_int_equal(out.size, 1000);
    assert_int_equal(out.capacity, 900);
    assert_int_equal(out.used, 800);
    assert_int_equal(out.lba_size, 4096);
    assert_int_equal(out.metadata_size, 8);
    assert_int_equal(out.format_index, 2);
    assert_true(out.extended_metadata && out.format_progress_reported);
    assert_int_equal(out.format_remaining, 40);
    assert_int_equal(out.protection, 0x0a);
    assert_string_equal(out.name, "eui.aa000000000000000000000000000000");
}

static void test_namespace_hostile(void **state) {
    (void)state;
    uint8_t data[4096];
    struct nvme_namespace out;
    make_namespace(data);
    data[26] = 0x03; /* a format that does not exist */
    assert_int_equal(nvme_decode_namespace((struct bytes){data, 4096}, &out), -EINVAL);
    make_namespace(data);
    data[128 + 4 * 2 + 2] = 40; /* LBAs of a terabyte */
    assert_int_equal(nvme_decode_namespace((struct bytes){data, 4096}, &out), -EINVAL);
    make_namespace(data);
    put_le64(data, 1ULL << 51); /* 2^63 bytes */
    assert_int_equal(nvme_decode_namespace((struct bytes){data, 4096}, &out), -EINVAL);
    memset(data, 0, sizeof data); /* inactive */
    assert_int_equal(nvme_decode_namespace((struct bytes){data, 4096}, &out), -EINVAL);
    assert_int_equal(nvme_decode_namespace((struct bytes){data, 100}, &out), -EINVAL);
}

static void test_namespace_list(void **state) {
    (void)state;
    uint8_t data[4096] = {0};
    uint32_t ids[1024];
    put_le32(data, 1);
    put_le32(data + 4, 7);
    assert_int_equal(nvme_decode_namespace_list((struct bytes){data, 4096}, ids), 2);
    assert_int_equal(ids[1], 7);
    put_le32(data + 8, 7); /* not ascending: another structure, or a liar */
    assert_int_equal(nvme_decode_namespace_list((struct bytes){data, 4096}, ids), -EINVAL);
    for (uint32_t i = 0; i < 1024; i++)
        put_le32(data + 4 * i, i + 1);
    assert_int_equal(nvme_decode_namespace_list((struct bytes){data, 4096}, ids), 1024);
    assert_int_equal(nvme_decode_namespace_list((struct bytes){data, 4092}, ids), -EINVAL);
}

static void test_health_and_sanitize_log(void **state) {
    (void)state;
    uint8_t data[512] = {0};
    struct nvme_health health;
    struct nvme_sanitize_log log;
    data[0] = 8;
    data[5] = 101;
    put_le64(data + 112, 12);
    put_le64(data + 144, 9);
    put_le64(data + 160, 77);
    assert_int_equal(nvme_decode_health((struct bytes){data, 512}, &health), 0);
    assert_int_equal(health.critical_warning, 8);
    assert_int_equal(health.used_percent, 101);
    assert_int_equal(health.power_cycles, 12);
    assert_int_equal(health.unsafe_shutdowns, 9);
    assert_int_equal(health.media_errors, 77);
    memset(data, 0, sizeof data);
    put_le32(data, 0x0102ffff);
    put_le32(data + 4, 4);
    put_le32(data + 8, UINT32_MAX);
    assert_int_equal(nvme_decode_sanitize_log((struct bytes){data, 32}, &log), 0);
    assert_int_equal(log.progress, 0xffff);
    assert_int_equal(log.state, NVME_SANITIZING);
    assert_true(log.global_data_erased);
    assert_int_equal(log.command_dword10, 4);
    assert_int_equal(log.estimate_overwrite, UINT32_MAX);
    assert_int_equal(nvme_decode_sanitize_log((struct bytes){data, 31}, &log), -EINVAL);
}

static void test_boot_partition_log(void **state) {
    (void)state;
    uint8_t data[16] = {0x15};
    uint64_t size = 0;
    put_le32(data + 4, 0x80000002); /* the second is active; 2 * 128 KiB */
    assert_int_equal(nvme_decode_boot_partition_log((struct bytes){data, 16}, &size), 0);
    assert_int_equal(size, 256 << 10);
    assert_int_equal(nvme_decode_boot_partition_log((struct bytes){data, 15}, &size), -EINVAL);
    data[0] = 0;
    assert_int_equal(nvme_decode_boot_partition_log((struct bytes){data, 16}, &size), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_controller_of_qemu), cmocka_unit_test(test_controller_fields),
    cmocka_unit_test(test_namespace_fields),   cmocka_unit_test(test_namespace_hostile),
    cmocka_unit_test(test_namespace_list),     cmocka_unit_test(test_health_and_sanitize_log),
    cmocka_unit_test(test_boot_partition_log),
};
TEST_MAIN(tests)
