#include "nvme_host.h"
#include "oracle.h"
#include "test.h"

enum { USER_DATA = 1 << 9, CRYPTO = 2 << 9, PLAIN = 0 };
#define TWO "size = 8M\nplant = TAG every=4\nnamespace = size=2M\nnamespace = size=2M\n"

static uint64_t planted_in(const struct drive *drive, unsigned region) {
    uint64_t found = 0;
    for (uint64_t page = 0; page < media_physical_pages(drive->media); page++) {
        uint8_t plain[MEDIA_PAGE];
        if (media_page(drive->media, page).region != region)
            continue;
        media_decrypt(drive->media, page, region, plain);
        found += memmem(plain, sizeof plain, "QPLANT TAG", 10) != NULL;
    }
    return found;
}

static bool reads_zero(struct drive *drive, uint32_t nsid) {
    uint8_t block[512], zero[512] = {0};
    assert_int_equal(host_read(drive, nsid, 0, 1, block, sizeof block), NVME_OK);
    return memcmp(block, zero, sizeof zero) == 0;
}

static void without_secure_erase_only_the_mapping_goes(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO);
    const uint64_t before = planted_in(drive, 1);
    assert_true(before > 0 && !reads_zero(drive, 1));
    assert_int_equal(host_format(drive, 1, PLAIN, 60000), NVME_OK);
    assert_true(reads_zero(drive, 1));
    assert_int_equal(planted_in(drive, 1), before);
    test_end(drive);
}

static void secure_erase_takes_its_namespace_alone(void **state) {
    (void)state;
    static const uint32_t kinds[] = {USER_DATA, CRYPTO};
    static const char *const keys[] = {"", "key-per-namespace = yes\n", "encrypts = no\n"};
    for (unsigned i = 0; i < COUNT_OF(kinds) * COUNT_OF(keys); i++) {
        char lines[512];
        (void)snprintf(lines, sizeof lines, TWO "%s", keys[i / 2]);
        struct drive *drive = test_drive(lines);
        const uint64_t other = planted_in(drive, 2);
        assert_int_equal(host_format(drive, 1, kinds[i % 2], 60000), NVME_OK);
        assert_int_equal(planted_in(drive, 1), 0);
        assert_int_equal(planted_in(drive, 2), other);
        assert_false(reads_zero(drive, 2));
        test_end(drive);
    }
}

static void erase_all_takes_every_namespace(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO "fna = erase-all crypto\nnamespace = size=1M detached\n");
    assert_int_equal(host_format(drive, 1, PLAIN, 60000), NVME_OK);
    assert_false(reads_zero(drive, 2));
    assert_int_equal(host_format(drive, 1, USER_DATA, 60000), NVME_OK);
    for (unsigned nsid = 1; nsid <= 3; nsid++)
        assert_int_equal(planted_in(drive, nsid), 0);
    test_end(drive);
}

static void format_all_is_for_plain_formats(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO "fna = format-all\n");
    assert_int_equal(host_format(drive, 1, USER_DATA, 60000), NVME_OK);
    assert_true(planted_in(drive, 2) > 0 && !reads_zero(drive, 2));
    assert_int_equal(host_format(drive, 1, PLAIN, 60000), NVME_OK);
    assert_true(reads_zero(drive, 2));
    test_end(drive);
}

static void broadcast_takes_what_is_attached(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO "controllers = 2\nnamespace = size=1M detached\n"
                                         "namespace = size=1M only=1\nunallocated-stale = yes\n");
    assert_int_equal(host_format(drive, NVME_BROADCAST, USER_DATA, 60000), NVME_OK);
    assert_int_equal(planted_in(drive, 1), 0);
    assert_int_equal(planted_in(drive, 2), 0);
    assert_true(planted_in(drive, 3) > 0);               /* detached */
    assert_true(planted_in(drive, 4) > 0);               /* the other controller's */
    assert_true(planted_in(drive, NVME_NAMESPACES) > 0); /* unallocated */
    test_end(drive);
    drive = test_drive(TWO "fna = no-broadcast\n");
    assert_int_equal(host_format(drive, NVME_BROADCAST, USER_DATA, 60000), NVME_INVALID_FIELD);
    assert_true(planted_in(drive, 1) > 0);
    test_end(drive);
}

static void wrong_formats_are_refused(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO "fna = none\n");
    assert_int_equal(host_format(drive, 1, CRYPTO, 1), NVME_INVALID_FIELD);
    assert_int_equal(host_format(drive, 1, 3 << 9, 1), NVME_INVALID_FIELD);
    assert_int_equal(host_format(drive, 1, USER_DATA | 2, 1), NVME_INVALID_FORMAT);
    assert_int_equal(host_format(drive, 1, USER_DATA | 1 << 5, 1), NVME_INVALID_FORMAT);
    assert_int_equal(host_format(drive, 3, USER_DATA, 1), NVME_INVALID_FIELD);
    assert_int_equal(host_format(drive, 99, USER_DATA, 1), NVME_INVALID_NAMESPACE);
    assert_int_equal(host_format(drive, 0, USER_DATA, 1), NVME_INVALID_NAMESPACE);
    assert_true(planted_in(drive, 1) > 0);
    test_end(drive);
    drive = test_drive("format-nvm = no\n");
    assert_int_equal(host_format(drive, 1, USER_DATA, 1), NVME_INVALID_OPCODE);
    test_end(drive);
}

static void blocks_until_it_is_done(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO "time = nvme-format-user-data 100s\n");
    uint8_t data[4096];
    struct drive_request request = {.protocol = PROTOCOL_NVME_ADMIN};
    request.sqe[0] = NVME_FORMAT;
    store_le(request.sqe + 4, 4, 1);
    store_le(request.sqe + 40, 4, USER_DATA);
    drive_execute(drive, &request);
    assert_int_equal(request.state, REQUEST_PENDING);
    assert_int_equal(drive_next_event(drive), 100000);
    test_pass(drive, 25000);
    assert_int_equal(request.state, REQUEST_PENDING);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    assert_int_equal(data[32], 0x80 | 75); /* FPI */
    assert_int_equal(host_read(drive, 1, 0, 1, data, 512), NVME_FORMAT_IN_PROGRESS);
    assert_int_equal(host_read(drive, 2, 0, 1, data, 512), NVME_OK);
    assert_int_equal(host_format(drive, 2, USER_DATA, 1), NVME_FORMAT_IN_PROGRESS);
    assert_int_equal(host_sanitize(drive, SANITIZE_BLOCK, 0), NVME_FORMAT_IN_PROGRESS);
    test_pass(drive, 75000);
    assert_int_equal(request.state, REQUEST_DONE);
    assert_int_equal(request.nvme_status, NVME_OK);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    assert_int_equal(data[32], 0x80);
    test_end(drive);
}

static void power_cut_leaves_it_half_done(void **state) {
    (void)state;
    static const char lines[] = TWO "time = nvme-format-user-data 100s\nspare = 64K\n";
    struct drive *drive = test_drive(lines);
    const uint64_t before = planted_in(drive, 1);
    assert_int_equal(host_format(drive, 1, USER_DATA, 5000), HOST_PENDING);
    drive = test_power_cut(drive, lines);
    assert_in_range(planted_in(drive, 1), 1, before - 1);
    test_pass(drive, 200000);
    assert_in_range(planted_in(drive, 1), 1, before - 1); /* nothing goes on by itself */
    assert_int_equal(host_format(drive, 1, USER_DATA, 200000), NVME_OK);
    assert_int_equal(planted_in(drive, 1), 0);
    test_end(drive);
}

/* The host's request is lost, the format is not. */
static void goes_on_after_a_controller_reset(void **state) {
    (void)state;
    struct drive *drive = test_drive(TWO);
    struct drive_request request = {.protocol = PROTOCOL_NVME_ADMIN};
    request.sqe[0] = NVME_FORMAT;
    store_le(request.sqe + 4, 4, 1);
    store_le(request.sqe + 40, 4, USER_DATA);
    drive_execute(drive, &request);
    drive_reset(drive, RESET_CONTROLLER);
    assert_int_equal(request.state, REQUEST_LOST);
    struct drive_request before;
    memset(&request, 0xee, sizeof request); /* the host uses the memory for something else */
    memcpy(&before, &request, sizeof before);
    test_pass(drive, 60000);
    assert_memory_equal(&before, &request, sizeof before);
    assert_int_equal(planted_in(drive, 1), 0);
    test_end(drive);
}

static void new_format_changes_sizes(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nformats = 512 4096 512+8 4096+64\n");
    uint8_t data[4096], block[4160], back[4160];
    assert_int_equal(host_format(drive, 1, USER_DATA | 1, 60000), NVME_OK);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    assert_int_equal(load_le(data, 8), 2048);
    assert_int_equal(data[26], 1);
    /* 4096+64, the metadata part of the blocks */
    assert_int_equal(host_format(drive, 1, USER_DATA | 3 | 1 << 4, 60000), NVME_OK);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    const uint64_t lbas = load_le(data, 8);
    assert_int_equal(lbas, (8 << 20) / 4160);
    assert_int_equal(data[26], 0x13);
    memset(block, 0x77, sizeof block);
    assert_int_equal(host_write(drive, 1, lbas - 1, 1, block, 4096), NVME_INVALID_FIELD);
    assert_int_equal(host_write(drive, 1, lbas - 1, 1, block, sizeof block), NVME_OK);
    assert_int_equal(host_read(drive, 1, lbas - 1, 1, back, sizeof back), NVME_OK);
    assert_memory_equal(block, back, sizeof block);
    /* 512+8 with protection type 1, metadata apart */
    assert_int_equal(host_format(drive, 1, USER_DATA | 2 | 1 << 5, 60000), NVME_OK);
    assert_int_equal(host_identify(drive, 1, 0, data), NVME_OK);
    assert_int_equal(data[29], 1);
    assert_int_equal(host_write(drive, 1, 0, 1, block, 512), NVME_OK);
    test_end(drive);
}

static void protection_information_that_was_never_written(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nformats = 512+8 512+64\n"
                                     "namespace = size=1M protection=1 extended\n"
                                     "namespace = size=1M format=1 protection=2 extended\n");
    uint8_t block[576];
    assert_int_equal(host_read(drive, 1, 5, 1, block, 520), NVME_OK);
    for (unsigned i = 0; i < 520; i++)
        assert_int_equal(block[i], i < 512 ? 0 : 0xff);
    assert_int_equal(host_read(drive, 2, 5, 1, block, 576), NVME_OK);
    for (unsigned i = 0; i < 576; i++)
        assert_int_equal(block[i], i < 568 ? 0 : 0xff);
    memset(block, 7, sizeof block);
    assert_int_equal(host_write(drive, 1, 5, 1, block, 520), NVME_OK);
    assert_int_equal(host_read(drive, 1, 5, 1, block, 520), NVME_OK);
    assert_int_equal(block[519], 7);
    test_end(drive);
}

static void separate_metadata_is_kept(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nformats = 512+8\n");
    uint8_t data[1024], metadata[16];
    struct drive_request request = {.protocol = PROTOCOL_NVME_IO,
                                    .data = data,
                                    .data_size = sizeof data,
                                    .metadata = metadata,
                                    .metadata_size = sizeof metadata};
    request.sqe[0] = NVME_WRITE;
    request.sqe[4] = 1;
    request.sqe[48] = 1; /* two LBAs */
    memset(data, 1, sizeof data);
    memset(metadata, 2, sizeof metadata);
    drive_execute(drive, &request);
    assert_int_equal(request.nvme_status, NVME_OK);
    memset(data, 0, sizeof data);
    memset(metadata, 0, sizeof metadata);
    request.sqe[0] = NVME_READ;
    drive_execute(drive, &request);
    assert_int_equal(request.nvme_status, NVME_OK);
    assert_int_equal(request.transferred, sizeof data);
    assert_int_equal(data[1023], 1);
    assert_int_equal(metadata[0], 2);
    assert_int_equal(metadata[15], 2);
    test_end(drive);
}

static void write_protected_namespace_is_not_formatted(void **state) {
    (void)state;
    struct drive *drive = test_drive(
        "size = 8M\nnamespace = size=1M\nnamespace = size=1M write-protected=1\nfna = erase-all\n");
    assert_int_equal(host_format(drive, 2, PLAIN, 1), NVME_WRITE_PROTECTED);
    assert_int_equal(host_format(drive, 1, USER_DATA, 1), NVME_WRITE_PROTECTED);
    assert_int_equal(host_format(drive, 1, PLAIN, 60000), NVME_OK);
    test_end(drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_secure_erase_only_the_mapping_goes),
    cmocka_unit_test(secure_erase_takes_its_namespace_alone),
    cmocka_unit_test(erase_all_takes_every_namespace),
    cmocka_unit_test(format_all_is_for_plain_formats),
    cmocka_unit_test(broadcast_takes_what_is_attached),
    cmocka_unit_test(wrong_formats_are_refused),
    cmocka_unit_test(blocks_until_it_is_done),
    cmocka_unit_test(power_cut_leaves_it_half_done),
    cmocka_unit_test(goes_on_after_a_controller_reset),
    cmocka_unit_test(new_format_changes_sizes),
    cmocka_unit_test(protection_information_that_was_never_written),
    cmocka_unit_test(separate_metadata_is_kept),
    cmocka_unit_test(write_protected_namespace_is_not_formatted),
};

TEST_MAIN(tests)
