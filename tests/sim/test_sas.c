/* The native SAS disk: what it says of itself, reads and writes, mode and log pages, reservations.
 */
#include "sas_host.h"
#include "scsi.h"
#include "test.h"

static struct sas_host host;

static const char disk[] = "family = scsi\nmedium = magnetic\nencrypts = no\nsize = 8M\n"
                           "vendor = ACME\nmodel = DISK 10K\nfirmware = 0A1B\nserial = SER1\n"
                           "wwn = 0x5000c500aabbccd0\nspare = 1M\n";

static const struct drive_request *send(const uint8_t *cdb, uint8_t length) {
    return sas_send(&host, cdb, length);
}
#define SCSI(...) send((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect_length(const struct drive_request *request, size_t transferred) {
    sas_expect_good(request);
    assert_int_equal(request->transferred, transferred);
}

static void inquiry(void **state) {
    (void)state;
    sas_begin(&host, disk);
    expect_length(SCSI(0x12, 0, 0, 0, 255, 0), 96);
    assert_memory_equal(host.data + 8, "ACME    DISK 10K        0A1B", 28);
    assert_int_equal(host.data[5], 1); /* PROTECT */
    expect_length(SCSI(0x12, 1, 0, 0, 255, 0), 10);
    assert_memory_equal(host.data, "\0\0\0\x06\x00\x80\x83\xb0\xb1\xb2", 10);
    expect_length(SCSI(0x12, 1, 0x80, 0, 255, 0), 8);
    assert_memory_equal(host.data, "\0\x80\0\x04SER1", 8);
    expect_length(SCSI(0x12, 1, 0xb1, 0, 255, 0), 64);
    assert_int_equal(load_be(host.data + 4, 2), 7200);
    assert_int_equal(host.data[7], 0x50); /* WABEREQ and WACEREQ: readable */
    expect_length(SCSI(0x12, 1, 0xb2, 0, 255, 0), 8);
    assert_int_equal(host.data[5], 0);
    expect_length(SCSI(0x12, 1, 0xb0, 0, 255, 0), 64);
    sas_expect(SCSI(0x12, 1, 0x89, 0, 255, 0), 5, 0x2400); /* no SATA disk in disguise */
    test_end(host.drive);
}

static void names_of_unit_port_and_device(void **state) {
    (void)state;
    sas_begin(&host, disk);
    for (host.path = 0; host.path < 2; host.path++) {
        expect_length(SCSI(0x12, 1, 0x83, 0, 255, 0), 4 + 12 + 12 + 8 + 12);
        assert_memory_equal(host.data + 4, "\x01\x03\x00\x08\x50\x00\xc5\x00\xaa\xbb\xcc\xd0", 12);
        assert_memory_equal(host.data + 16, "\x61\x93\x00\x08\x50\x00\xc5\x00\xaa\xbb\xcc", 11);
        assert_int_equal(host.data[27], 0xd1 + host.path);
        assert_memory_equal(host.data + 28, "\x61\x94\x00\x04\0\0\0", 7);
        assert_int_equal(host.data[35], 1 + host.path);
        assert_memory_equal(host.data + 36, "\x61\xa3\x00\x08\x50\x00\xc5\x00\xaa\xbb\xcc\xd3", 12);
    }
    test_end(host.drive);
}

static void sectors_of_every_size(void **state) {
    static const uint32_t sizes[] = {512, 520, 528, 4096, 4160};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char lines[256];
        uint32_t bytes;
        (void)snprintf(lines, sizeof lines, "%ssector = %u\n", disk, sizes[i]);
        sas_begin(&host, lines);
        const uint64_t blocks = (8 << 20) / sizes[i];
        assert_int_equal(sas_capacity(&host, &bytes), blocks);
        assert_int_equal(bytes, sizes[i]);
        expect_length(SCSI(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 8);
        assert_int_equal(load_be(host.data, 4), blocks - 1);
        assert_int_equal(load_be(host.data + 4, 4), sizes[i]);
        for (uint32_t at = 0; at < 9 * sizes[i]; at++)
            host.data[at] = (uint8_t)(at / sizes[i] + 1);
        sas_expect_good(sas_write_16(&host, blocks - 9, 9, 0));
        expect_length(sas_read_16(&host, blocks - 5, 5, 0), 5 * (size_t)sizes[i]);
        assert_int_equal(host.data[0], 5);
        assert_int_equal(host.data[5 * sizes[i] - 1], 9);
        expect_length(SCSI(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), sizes[i]);
        sas_expect(sas_read_16(&host, blocks - 1, 2, 0), 5, 0x2100);
        sas_expect_good(SCSI(0x2f, 0, 0, 0, 0, 0, 0, 0, 9, 0));
        sas_expect_good(SCSI(0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        test_end(host.drive);
    }
}

static void write_same(void **state) {
    (void)state;
    sas_begin(&host, disk);
    memset(host.data, 0x77, 512);
    sas_expect_good(SCSI(0x41, 0, 0, 0, 0, 10, 0, 0, 3, 0));
    expect_length(sas_read_16(&host, 9, 5, 0), 5 * 512);
    assert_int_equal(host.data[511], 0);
    assert_int_equal(host.data[512], 0x77);
    assert_int_equal(host.data[4 * 512 - 1], 0x77);
    assert_int_equal(host.data[4 * 512], 0);
    sas_expect_good(SCSI(0x93, 1, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0)); /* NDOB: zeros */
    sas_expect_good(sas_read_16(&host, 10, 2, 0));
    assert_int_equal(host.data[0], 0);
    assert_int_equal(host.data[512], 0x77);
    memset(host.data, 0x66, 512);
    sas_expect_good(SCSI(0x93, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0)); /* to the end */
    sas_expect_good(sas_read_16(&host, 0x3fff, 1, 0));
    assert_int_equal(host.data[511], 0x66);
    sas_expect(SCSI(0x93, 8, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0), 5, 0x2400); /* UNMAP */
    sas_expect(SCSI(0x41, 0, 0, 0, 0x40, 0, 0, 0, 1, 0), 5, 0x2100);
    test_end(host.drive);
}

static void unmap(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nunmap = yes\n");
    sas_expect_good(SCSI(0x12, 1, 0xb2, 0, 255, 0));
    assert_int_equal(host.data[5], 0xe4);
    (void)sas_capacity(&host, NULL);
    assert_int_equal(host.data[14], 0xc0);
    memset(host.data, 0x77, 16 * 512);
    sas_expect_good(sas_write_16(&host, 0, 16, 0));
    sas_expect_good(SCSI(0x93, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0));
    sas_expect_good(sas_read_16(&host, 0, 16, 0));
    assert_int_equal(host.data[8 * 512 - 1], 0);
    assert_int_equal(host.data[8 * 512], 0x77);
    memset(host.data, 0, 24);
    store_be(host.data + 8, 8, 8);
    store_be(host.data + 16, 4, 8);
    sas_expect_good(SCSI(0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0));
    sas_expect_good(sas_read_16(&host, 8, 8, 0));
    assert_int_equal(host.data[0], 0);
    test_end(host.drive);
}

/* --- protection information --- */

static void protection_information(void **state) {
    (void)state;
    char lines[256];
    (void)snprintf(lines, sizeof lines, "%sprotection = 1\n", disk);
    sas_begin(&host, lines);
    assert_int_equal(sas_capacity(&host, NULL), (8 << 20) / 520);
    assert_int_equal(host.data[12], 0x01);           /* PROT_EN, type 1 */
    expect_length(sas_read_16(&host, 5, 1, 1), 520); /* never written: not checked */
    assert_memory_equal(host.data + 512, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    memset(host.data, 0x11, 512);
    sas_expect_good(sas_write_16(&host, 5, 1, 0)); /* the drive puts it */
    expect_length(sas_read_16(&host, 5, 1, 1), 520);
    assert_memory_equal(host.data + 514, "\0\0\0\0\0\5", 6);
    const uint16_t guard = (uint16_t)load_be(host.data + 512, 2);
    expect_length(sas_read_16(&host, 4, 3, 0), 3 * 512); /* its neighbours are not spoiled */

    memset(host.data, 0x11, 512); /* the host puts it */
    store_be(host.data + 512, 2, guard);
    store_be(host.data + 514, 2, 0x1234);
    store_be(host.data + 516, 4, 6);
    sas_expect_good(sas_write_16(&host, 6, 1, 1));
    sas_expect_good(sas_read_16(&host, 6, 1, 3));
    assert_int_equal(load_be(host.data + 514, 2), 0x1234);
    sas_expect(sas_write_16(&host, 7, 1, 1), 0xb, 0x1003); /* the reference tag is that of LBA 6 */
    host.data[0] ^= 1;
    store_be(host.data + 516, 4, 7);
    sas_expect(sas_write_16(&host, 7, 1, 1), 0xb, 0x1001);
    sas_expect_good(sas_write_16(&host, 7, 1, 3)); /* unchecked: and reads find it */
    sas_expect(sas_read_16(&host, 7, 1, 0), 0xb, 0x1001);
    sas_expect_good(sas_read_16(&host, 7, 1, 2)); /* without the guard */
    sas_expect_good(sas_read_16(&host, 7, 1, 3));
    sas_expect(sas_read_16(&host, 7, 1, 6), 5, 0x2400);
    store_be(host.data + 514, 2, 0xffff); /* an application tag of all ones: not checked */
    sas_expect_good(sas_write_16(&host, 8, 1, 1));
    sas_expect_good(sas_read_16(&host, 8, 1, 0));
    test_end(host.drive);
}

/* Blocks that lie across the end of what was planted are good ones too. */
static void protection_of_planted_blocks(void **state) {
    (void)state;
    for (unsigned type = 1; type <= 3; type++) {
        char lines[128];
        (void)snprintf(lines, sizeof lines,
                       "family = scsi\nsize = 1M\nplant = T every=4 stale=3\nprotection = %u\n",
                       type);
        sas_begin(&host, lines);
        for (uint64_t lba = 0; lba < (1 << 20) / 520; lba++)
            sas_expect_good(sas_read_16(&host, lba, 1, 0));
        test_end(host.drive);
    }
}

static void protection_that_is_not_there(void **state) {
    (void)state;
    sas_begin(&host, disk);
    sas_expect(sas_read_16(&host, 5, 1, 1), 5, 0x2400);
    test_end(host.drive);
    sas_begin(&host, "family = scsi\nsize = 8M\nprotection = 2\n");
    (void)sas_capacity(&host, NULL);
    assert_int_equal(host.data[12], 0x03);
    sas_expect(sas_read_16(&host, 5, 1, 1), 5, 0x2000); /* takes a CDB of 32 bytes */
    test_end(host.drive);
    sas_begin(&host, "family = scsi\nsize = 8M\nprotection = 3\n");
    memset(host.data, 0x11, 520);
    sas_expect_good(sas_write_16(&host, 9, 1, 0));
    sas_expect_good(sas_read_16(&host, 9, 1, 1));
    assert_memory_equal(host.data + 516, "\xff\xff\xff\xff", 4);
    memset(host.data + 512, 0xff, 7); /* both tags have to be all ones to be exempt */
    host.data[519] = 0;
    sas_expect(sas_write_16(&host, 9, 1, 1), 0xb, 0x1001);
    host.data[519] = 0xff;
    sas_expect_good(sas_write_16(&host, 9, 1, 1));
    test_end(host.drive);
}

/* --- mode pages --- */

static void mode_pages_and_their_values(void **state) {
    (void)state;
    sas_begin(&host, disk);
    expect_length(SCSI(0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 255, 0), 8 + 8 + 12 + 20 + 12 + 12);
    assert_int_equal(load_be(host.data, 2), 8 + 8 + 12 + 20 + 12 + 12 - 2);
    assert_memory_equal(host.data + 6, "\0\x08\0\0\x40\0\0\0\x02\0\x01\x0a\xc0\x14", 14);
    expect_length(SCSI(0x1a, 8, 0x0a, 0, 255, 0), 16);
    assert_memory_equal(host.data, "\x0f\0\x10\0\x0a\x0a\0\0\0", 9);
    expect_length(SCSI(0x1a, 8, 0x4a, 0, 255, 0), 16); /* changeable */
    assert_int_equal(host.data[4 + 2], 0x04);
    assert_int_equal(host.data[4 + 4], 0x08);
    memset(host.data, 0, 24); /* D_SENSE, not saved */
    memcpy(host.data + 4, "\x0a\x0a\x04", 3);
    sas_expect_good(SCSI(0x15, 0x10, 0, 0, 16, 0));
    assert_int_equal(SCSI(0x99, 0, 0, 0, 0, 0)->sense[0], 0x72);
    host.path = 1;
    assert_int_equal(SCSI(0, 0, 0, 0, 0, 0)->sense[0], 0x72); /* the other path is told */
    assert_int_equal(load_be(host.request.sense + 2, 2), 0x2a01);
    host.path = 0;
    sas_power_cut(&host, disk);
    sas_expect(SCSI(0x99, 0, 0, 0, 0, 0), 5, 0x2000);
    sas_expect(SCSI(0x1a, 8, 0x19, 0, 255, 0), 5, 0x2400);
    memset(host.data, 0, 24); /* what cannot be changed */
    memcpy(host.data + 4, "\x0a\x0a\x02", 3);
    sas_expect(SCSI(0x15, 0x10, 0, 0, 16, 0), 5, 0x2600);
    test_end(host.drive);
}

static void software_write_protection(void **state) {
    (void)state;
    sas_begin(&host, disk);
    memset(host.data, 0, 24);
    memcpy(host.data + 4, "\x0a\x0a\0\0\x08", 5);
    sas_expect_good(SCSI(0x15, 0x11, 0, 0, 16, 0)); /* saved */
    sas_power_cut(&host, disk);
    sas_expect(sas_write_16(&host, 0, 1, 0), 7, 0x2702);
    sas_expect(sas_sanitize(&host, 0x82), 7, 0x2700);
    sas_expect_good(SCSI(0x1a, 8, 0x0a, 0, 255, 0));
    assert_int_equal(host.data[2] & 0x80, 0x80);
    memset(host.data, 0, 24);
    memcpy(host.data + 4, "\x0a\x0a", 2);
    sas_expect_good(SCSI(0x15, 0x10, 0, 0, 16, 0));
    sas_expect_good(sas_write_16(&host, 0, 1, 0));
    test_end(host.drive);
    sas_begin(&host, "family = scsi\nsize = 8M\nmode-saves = no\nwrite-protected = yes\n");
    sas_expect(sas_write_16(&host, 0, 1, 0), 7, 0x2702);
    sas_expect(SCSI(0x15, 0x11, 0, 0, 16, 0), 5, 0x2400);
    test_end(host.drive);
}

static void hidden_capacity(void **state) {
    (void)state;
    char lines[256];
    (void)snprintf(lines, sizeof lines, "%svisible = 4M\nplant = T every=1\n", disk);
    sas_begin(&host, lines);
    assert_int_equal(sas_capacity(&host, NULL), 8192);
    sas_expect(sas_read_16(&host, 8192, 1, 0), 5, 0x2100);
    expect_length(SCSI(0x5a, 0x10, 0x01, 0, 0, 0, 0, 0, 255, 0), 8 + 16 + 12);
    assert_int_equal(load_be(host.data + 8, 8), 8192);
    assert_int_equal(load_be(host.data + 20, 4), 512);
    sas_expect_good(SCSI(0x5a, 0x10, 0x81, 0, 0, 0, 0, 0, 255, 0)); /* default: all */
    assert_int_equal(load_be(host.data + 8, 8), 16384);
    sas_expect(sas_select_blocks(&host, 16385, 512), 5, 0x2600);
    sas_expect_good(sas_select_blocks(&host, UINT64_MAX, 512));
    assert_int_equal(sas_capacity(&host, NULL), 16384);
    sas_expect_good(sas_read_16(&host, 16383, 1, 0));
    assert_memory_equal(host.data, "QPLANT T", 8);
    host.path = 1;
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 6, 0x2a09);
    host.path = 0;
    sas_expect_good(sas_select_blocks(&host, 1000, 512));
    sas_power_cut(&host, lines);
    assert_int_equal(sas_capacity(&host, NULL), 1000);
    test_end(host.drive);
}

/* It goes on hiding what it hides. */
static void capacity_hidden_for_good(void **state) {
    (void)state;
    char lines[256];
    (void)snprintf(lines, sizeof lines, "%svisible = 4M\nvisible-fixed = yes\n", disk);
    sas_begin(&host, lines);
    sas_expect(sas_select_blocks(&host, UINT64_MAX, 512), 5, 0x2600);
    sas_expect_good(sas_select_blocks(&host, 8192, 512));
    assert_int_equal(sas_capacity(&host, NULL), 8192);
    test_end(host.drive);
}

/* --- logs, opcodes, defects --- */

static void log_pages(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nsmart-failing = yes\npercentage-used = 42\n"
                     "misbehave = read-error from=100 to=100\n");
    expect_length(SCSI(0x4d, 0, 0x40, 0, 0, 0, 0, 0, 255, 0), 11);
    assert_memory_equal(host.data + 4, "\x00\x02\x03\x05\x0d\x11\x2f", 7);
    sas_expect(sas_read_16(&host, 96, 8, 0), 3, 0x1100);
    assert_int_equal(load_be(host.request.sense + 3, 4), 100);
    expect_length(SCSI(0x4d, 0, 0x43, 0, 0, 0, 0, 0, 255, 0), 4 + 7 * 12);
    assert_memory_equal(host.data + 4 + 6 * 12, "\0\6\3\x08\0\0\0\0\0\0\0\1", 12);
    sas_expect_good(SCSI(0x4d, 0, 0x51, 0, 0, 0, 0, 0, 255, 0));
    assert_int_equal(host.data[11], 42);
    sas_expect_good(SCSI(0x4d, 0, 0x6f, 0, 0, 0, 0, 0, 255, 0));
    assert_memory_equal(host.data + 8, "\x5d\x10\x22", 3);
    sas_expect_good(SCSI(0x4d, 0, 0x4d, 0, 0, 0, 0, 0, 255, 0));
    assert_int_equal(host.data[9], 34);
    sas_expect(SCSI(0x4d, 0, 0x50, 0, 0, 0, 0, 0, 255, 0), 5, 0x2400);
    test_end(host.drive);
    sas_begin(&host, disk); /* a magnetic disk does not wear, and counts its starts */
    sas_expect(SCSI(0x4d, 0, 0x51, 0, 0, 0, 0, 0, 255, 0), 5, 0x2400);
    expect_length(SCSI(0x4d, 0, 0x40, 0, 0, 0, 0, 0, 255, 0), 11);
    assert_memory_equal(host.data + 4, "\x00\x02\x03\x05\x0d\x0e\x2f", 7);
    expect_length(SCSI(0x4d, 0, 0x4e, 0, 0, 0, 0, 0, 255, 0), 4 + 2 * 8);
    test_end(host.drive);
}

static uint8_t support(uint8_t opcode, uint8_t action) {
    sas_expect_good(SCSI(0xa3, 0x0c, 3, opcode, 0, action, 0, 0, 0, 64, 0, 0));
    return host.data[1];
}

static void supported_opcodes(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nsanitize = overwrite crypto\n"
                     "misbehave = hidden scsi-sanitize-crypto\n");
    assert_int_equal(support(0x48, 1), 3);
    assert_int_equal(load_be(host.data + 2, 2), 10);
    assert_int_equal(support(0x48, 2), 1);
    assert_int_equal(support(0x48, 3), 1);
    assert_int_equal(support(0x04, 0), 3);
    assert_int_equal(support(0x42, 0), 1);
    sas_expect(sas_sanitize(&host, 0x82), 5, 0x2400);
    sas_expect_good(sas_sanitize(&host, 0x83)); /* hidden, and works */
    test_end(host.drive);
    sas_begin(&host, "family = scsi\nsize = 8M\nreports-opcodes = no\nsanitize = none\n");
    sas_expect(SCSI(0xa3, 0x0c, 3, 0x48, 0, 1, 0, 0, 0, 64, 0, 0), 5, 0x2000);
    sas_expect(sas_sanitize(&host, 0x83), 5, 0x2000);
    test_end(host.drive);
}

static uint64_t grown_defects(void) {
    sas_expect_good(SCSI(0x37, 0, 0x08, 0, 0, 0, 0, 0xff, 0, 0));
    return load_be(host.data + 2, 2) / 4;
}

static void bad_blocks_grow_the_list(void **state) {
    (void)state;
    char lines[256];
    (void)snprintf(lines, sizeof lines, "%sbad-blocks = 800 900\nplant = T every=1\n", disk);
    sas_begin(&host, lines);
    assert_int_equal(grown_defects(), 0);
    sas_expect(sas_read_16(&host, 796, 8, 0), 3, 0x1100);
    assert_int_equal(load_be(host.request.sense + 3, 4), 800);
    memset(host.data, 0, 8 * 512);
    sas_expect_good(sas_write_16(&host, 800, 8, 0));
    sas_expect_good(sas_read_16(&host, 800, 8, 0));
    assert_int_equal(grown_defects(), 1);
    assert_int_equal(load_be(host.data + 4, 4), 800);
    assert_int_equal(sas_planted_in(host.drive, PAGE_RETIRED), 1); /* what it held is left there */
    expect_length(SCSI(0xb7, 0x1b, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0), 8 + 4 * 8);
    assert_int_equal(host.data[1], 0x1b);
    expect_length(SCSI(0x37, 0, 0x1d, 0, 0, 0, 0, 0xff, 0, 0), 4 + 4 * 8);

    const uint8_t list[8] = {0, 0, 0, 4, 0, 0, 0x03, 0x84}; /* LBA 900 */
    const uint8_t reassign[6] = {0x07};
    sas_expect_good(sas_send_list(&host, reassign, 6, list, sizeof list));
    assert_int_equal(grown_defects(), 2);
    sas_expect_good(sas_read_16(&host, 900, 1, 0));
    const uint8_t beyond[8] = {0, 0, 0, 4, 0, 0, 0x40, 0};
    sas_expect(sas_send_list(&host, reassign, 6, beyond, sizeof beyond), 5, 0x2100);
    test_end(host.drive);
}

static void without_reallocation_a_write_fails(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nbad-blocks = 800\nplant = T every=1\n");
    memset(host.data, 0, 24);
    memcpy(host.data + 4, "\x01\x0a\x40\x14", 4); /* AWRE off */
    sas_expect_good(SCSI(0x15, 0x10, 0, 0, 16, 0));
    sas_expect(sas_write_16(&host, 800, 1, 0), 3, 0x0c03);
    assert_int_equal(grown_defects(), 0);
    test_end(host.drive);
}

/* --- reservations and power --- */

static const struct drive_request *reserve_out(uint8_t action, uint8_t type, uint64_t key,
                                               uint64_t action_key) {
    const uint8_t cdb[10] = {0x5f, action, type, 0, 0, 0, 0, 0, 24};
    memset(host.data, 0, 24);
    store_be(host.data, 8, key);
    store_be(host.data + 8, 8, action_key);
    return send(cdb, sizeof cdb);
}

static void expect_conflict(const struct drive_request *request) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->scsi_status, 0x18);
}

static void another_hosts_reservation(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nreserved-by = 0xabcd 1\n");
    sas_expect_good(SCSI(0, 0, 0, 0, 0, 0));
    sas_expect_good(sas_read_16(&host, 0, 1, 0)); /* write exclusive: may be read */
    expect_conflict(sas_write_16(&host, 0, 1, 0));
    expect_conflict(sas_sanitize(&host, 0x83));
    expect_conflict(sas_format(&host, 0, 0));
    expect_length(SCSI(0x5e, 0, 0, 0, 0, 0, 0, 0, 255, 0), 16);
    assert_int_equal(load_be(host.data + 8, 8), 0xabcd);
    expect_length(SCSI(0x5e, 1, 0, 0, 0, 0, 0, 0, 255, 0), 24);
    assert_memory_equal(host.data + 8, "\0\0\0\0\0\0\xab\xcd\0\0\0\0\0\1", 14);
    expect_length(SCSI(0x5e, 3, 0, 0, 0, 0, 0, 0, 255, 0), 32);
    assert_int_equal(host.data[8 + 12], 1);
    expect_length(SCSI(0x5e, 2, 0, 0, 0, 0, 0, 0, 255, 0), 8);
    expect_conflict(reserve_out(1, 1, 0, 0)); /* not registered */
    sas_expect_good(reserve_out(0, 0, 0, 0x77));
    expect_conflict(reserve_out(1, 1, 0x77, 0));
    expect_conflict(sas_write_16(&host, 0, 1, 0)); /* registered, but not with type 1 */
    sas_expect_good(reserve_out(4, 1, 0x77, 0xabcd));
    expect_length(SCSI(0x5e, 0, 0, 0, 0, 0, 0, 0, 255, 0), 16); /* the other key is gone */
    assert_int_equal(load_be(host.data + 8, 8), 0x77);
    sas_expect_good(sas_write_16(&host, 0, 1, 0));
    host.path = 1;
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 6, 0x2a03);
    expect_conflict(sas_write_16(&host, 0, 1, 0)); /* it is this path's now */
    host.path = 0;
    sas_expect_good(reserve_out(2, 1, 0x77, 0));
    host.path = 1;
    sas_expect_good(sas_write_16(&host, 0, 1, 0));
    host.path = 0;
    sas_expect_good(reserve_out(3, 0, 0x77, 0));
    expect_length(SCSI(0x5e, 0, 0, 0, 0, 0, 0, 0, 255, 0), 8);
    expect_conflict(reserve_out(1, 1, 0x77, 0)); /* no longer registered */
    test_end(host.drive);
}

static void an_exclusive_reservation_stops_reads(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nreserved-by = 0xabcd 3\n");
    expect_conflict(sas_read_16(&host, 0, 1, 0));
    expect_conflict(SCSI(0x1a, 8, 0x0a, 0, 255, 0));
    (void)sas_capacity(&host, NULL);
    sas_expect_good(SCSI(0x12, 0, 0, 0, 96, 0));
    sas_power_cut(&host, "family = scsi\nsize = 8M\n");
    expect_conflict(sas_read_16(&host, 0, 1, 0));
    test_end(host.drive);
}

static void start_and_stop(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nstart-needed = yes\n");
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 2, 0x0402);
    sas_expect(sas_read_16(&host, 0, 1, 0), 2, 0x0402);
    sas_expect_good(SCSI(0x1b, 0, 0, 0, 1, 0));
    sas_expect_good(sas_read_16(&host, 0, 1, 0));
    sas_expect_good(SCSI(0x1b, 0, 0, 0, 0, 0));
    sas_expect(sas_read_16(&host, 0, 1, 0), 2, 0x0402);
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(inquiry),
    cmocka_unit_test(names_of_unit_port_and_device),
    cmocka_unit_test(sectors_of_every_size),
    cmocka_unit_test(write_same),
    cmocka_unit_test(unmap),
    cmocka_unit_test(protection_information),
    cmocka_unit_test(protection_of_planted_blocks),
    cmocka_unit_test(protection_that_is_not_there),
    cmocka_unit_test(mode_pages_and_their_values),
    cmocka_unit_test(software_write_protection),
    cmocka_unit_test(hidden_capacity),
    cmocka_unit_test(capacity_hidden_for_good),
    cmocka_unit_test(log_pages),
    cmocka_unit_test(supported_opcodes),
    cmocka_unit_test(bad_blocks_grow_the_list),
    cmocka_unit_test(without_reallocation_a_write_fails),
    cmocka_unit_test(another_hosts_reservation),
    cmocka_unit_test(an_exclusive_reservation_stops_reads),
    cmocka_unit_test(start_and_stop),
};

TEST_MAIN(tests)
