/* The native SAS disk: SANITIZE and FORMAT UNIT, their states over resets and power cuts, and what
 * reads do afterwards. */
#include "sas_host.h"
#include "scsi.h"
#include "test.h"

static struct sas_host host;

enum { IMMED = 0x80, AUSE = 0x20, OVERWRITE = 1, BLOCK = 2, CRYPTO = 3, EXIT = 0x1f };

static const char disk[] = "family = scsi\nmedium = magnetic\nencrypts = no\nsize = 8M\n"
                           "spare = 1M\nplant = T every=2 remapped=5\n";
static const char ssd[] = "family = scsi\nsize = 8M\nspare = 2M\nplant = T every=2 stale=20 "
                          "remapped=5\n";

static const struct drive_request *send(const uint8_t *cdb, uint8_t length) {
    return sas_send(&host, cdb, length);
}
#define SCSI(...) send((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void begin_with(const char *lines, const char *more) {
    char all[512];
    (void)snprintf(all, sizeof all, "%s%s\n", lines, more);
    sas_begin(&host, all);
}

/* Reads the block of an LBA without checks of protection information. */
static void expect_block(uint64_t lba, const char *pattern, size_t length, size_t block) {
    sas_expect_good(sas_read_16(&host, lba, 1, 0));
    for (size_t i = 0; i < block; i++)
        assert_int_equal(host.data[i], (uint8_t)pattern[i % length]);
}

static void settle(void) {
    for (host.path = 2; host.path-- > 0;)
        for (int i = 0; i < 3; i++)
            (void)SCSI(0, 0, 0, 0, 0, 0);
    host.path = 0;
}

/* --- SANITIZE --- */

static void overwrite_checks_its_list(void **state) {
    static const uint8_t pattern[514];
    (void)state;
    sas_begin(&host, disk);
    sas_expect(sas_overwrite(&host, IMMED, 0, pattern, 4), 5, 0x2600); /* count 0 */
    sas_expect(sas_overwrite(&host, IMMED, 1, pattern, 0), 5, 0x1a00);
    sas_expect(sas_overwrite(&host, IMMED, 1, pattern, 513), 5, 0x1a00);
    memset(host.data, 0, 16);
    host.data[0] = 1;
    host.data[3] = 3; /* of a list that has 4 */
    sas_expect(SCSI(0x48, 0x81, 0, 0, 0, 0, 0, 0, 8, 0), 5, 0x2600);
    sas_expect(SCSI(0x48, 0x82, 0, 0, 0, 0, 0, 0, 8, 0), 5, 0x2400);
    sas_expect(SCSI(0x48, 0x84, 0, 0, 0, 0, 0, 0, 0, 0), 5, 0x2400);
    assert_int_equal(sas_request_sense(&host, NULL), 0);
    sas_expect_good(sas_overwrite(&host, IMMED, 31, pattern, 512));
    test_pass(host.drive, 31 * 60000 - 1);
    assert_int_equal(sas_request_sense(&host, NULL), 0x2041b);
    test_pass(host.drive, 1);
    settle();
    assert_int_equal(sas_planted(host.drive), 0);
    test_end(host.drive);
}

static void overwrite_ends_with_the_plain_pattern(void **state) {
    static const uint8_t counts[] = {1, 2, 3};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        begin_with(disk, "sector = 520");
        sas_expect_good(
            sas_overwrite(&host, IMMED, (uint8_t)(0x80 | counts[i]), (const uint8_t *)"abc", 3));
        test_pass(host.drive, 240000);
        settle();
        /* It begins anew in each block. */
        expect_block(0, "abc", 3, 520);
        expect_block(1234, "abc", 3, 520);
        expect_block((8 << 20) / 520 - 1, "abc", 3, 520);
        assert_int_equal(sas_planted(host.drive), 0);
        test_end(host.drive);
    }
}

static void inverted_passes_are_on_the_medium_meanwhile(void **state) {
    (void)state;
    sas_begin(&host, disk);
    sas_expect_good(sas_overwrite(&host, IMMED, 0x80 | 2, (const uint8_t *)"\x0f", 1));
    test_pass(host.drive, 60000);
    assert_int_equal(media_raw(host.drive->media, 100)[0], 0xf0);
    test_pass(host.drive, 60000);
    assert_int_equal(media_raw(host.drive->media, 100)[0], 0x0f);
    test_end(host.drive);
}

static void flash_too_reads_the_pattern_everywhere(void **state) {
    (void)state;
    sas_begin(&host, ssd);
    sas_expect_good(sas_overwrite(&host, IMMED, 1, (const uint8_t *)"abcd", 4));
    test_pass(host.drive, 60000);
    settle();
    expect_block(0, "abcd", 4, 512);
    expect_block(8, "abcd", 4, 512); /* nothing was planted here */
    assert_int_equal(sas_planted(host.drive), 0);
    test_end(host.drive);
}

static void in_operation_it_refuses_on_both_paths(void **state) {
    uint32_t progress;
    (void)state;
    sas_begin(&host, disk);
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK));
    test_pass(host.drive, 5000);
    for (host.path = 0; host.path < 2; host.path++) {
        sas_expect(SCSI(0, 0, 0, 0, 0, 0), 2, 0x041b);
        assert_int_equal(host.request.sense[15], 0x80);
        assert_int_equal(load_be(host.request.sense + 16, 2), 0x4000);
        sas_expect(sas_read_16(&host, 0, 1, 0), 2, 0x041b);
        sas_expect(SCSI(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), 2, 0x041b);
        sas_expect(SCSI(0x1a, 8, 0x0a, 0, 255, 0), 2, 0x041b);
        sas_expect(sas_sanitize(&host, IMMED | BLOCK), 2, 0x041b);
        sas_expect(sas_format(&host, 0, 0), 2, 0x041b);
        sas_expect_good(SCSI(0x12, 0, 0, 0, 96, 0));
        sas_expect_good(SCSI(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0));
        assert_int_equal(sas_request_sense(&host, &progress), 0x2041b);
        assert_int_equal(progress, 0x4000);
        sas_expect_good(SCSI(0x03, 1, 0, 0, 252, 0)); /* descriptors */
        assert_memory_equal(host.data, "\x72\x02\x04\x1b\0\0\0\x08\x02\x06\0\0\x80\x40\0\0", 16);
    }
    host.path = 0;
    test_pass(host.drive, 15000);
    for (host.path = 0; host.path < 2; host.path++) { /* both are told that something was */
        sas_expect(SCSI(0, 0, 0, 0, 0, 0), 6, 0x2904);
        assert_int_equal(sas_request_sense(&host, &progress), 0);
        assert_int_equal(progress, 0x10000);
        sas_expect_good(SCSI(0, 0, 0, 0, 0, 0));
    }
    host.path = 0;
    assert_int_equal(sas_planted(host.drive), 0);
    expect_block(0, "\0", 1, 512);
    test_end(host.drive);
}

static void it_goes_on_over_resets_and_power_cuts(void **state) {
    (void)state;
    sas_begin(&host, disk);
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK));
    test_pass(host.drive, 5000);
    drive_reset(host.drive, RESET_HARD);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0x2041b);
    test_pass(host.drive, 5000);
    sas_power_cut(&host, disk);
    uint32_t progress;
    assert_int_equal(sas_request_sense(&host, &progress), 0x2041b);
    assert_int_equal(progress, 0x8000);
    assert_true(sas_planted(host.drive) > 0);
    drive_reset(host.drive, RESET_POWER);
    test_pass(host.drive, 10000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0);
    assert_int_equal(sas_planted(host.drive), 0);
    test_end(host.drive);
}

static void without_immed_it_blocks(void **state) {
    (void)state;
    sas_begin(&host, ssd);
    assert_int_equal(sas_sanitize(&host, CRYPTO)->state, REQUEST_PENDING);
    uint8_t data[252];
    struct drive_request other = {.protocol = PROTOCOL_SCSI,
                                  .cdb = {0x03, 0, 0, 0, 252},
                                  .cdb_length = 6,
                                  .controller = 1,
                                  .data = data,
                                  .data_size = sizeof data};
    test_pass(host.drive, 1000);
    drive_execute(host.drive, &other);
    assert_memory_equal(data + 12, "\x04\x1b\0\x80\x80\0", 6);
    test_pass(host.drive, 1000);
    sas_expect_good(&host.request);
    settle();
    assert_int_equal(sas_planted(host.drive), 0);

    assert_int_equal(sas_sanitize(&host, BLOCK)->state, REQUEST_PENDING); /* given up, it goes on */
    drive_forget(host.drive, &host.request);
    test_pass(host.drive, 19999);
    assert_int_equal(sas_request_sense(&host, NULL), 0x2041b);
    host.request.scsi_status = 0x55; /* what was given up is not touched any more */
    test_pass(host.drive, 1);
    assert_int_equal(host.request.scsi_status, 0x55);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0);
    test_end(host.drive);
}

static void a_restricted_failure_is_left_by_success_alone(void **state) {
    (void)state;
    begin_with(disk, "misbehave = fail scsi-sanitize-block at=40%");
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK));
    test_pass(host.drive, 8000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0x33103);
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 3, 0x3103);
    sas_expect(sas_read_16(&host, 0, 1, 0), 3, 0x3103);
    sas_expect(sas_format(&host, 0, 0), 3, 0x3103);
    sas_expect_good(SCSI(0x1a, 8, 0x0a, 0, 255, 0));
    sas_expect_good(SCSI(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    assert_int_equal(sas_capacity(&host, NULL), 16384);
    sas_expect(sas_sanitize(&host, EXIT), 5, 0x2400);
    sas_expect(sas_sanitize(&host, IMMED | AUSE | BLOCK), 5, 0x2400);
    drive_reset(host.drive, RESET_POWER);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0x33103);
    assert_true(sas_planted(host.drive) > 0);
    sas_expect_good(sas_overwrite(&host, IMMED, 1, (const uint8_t *)"", 1));
    test_pass(host.drive, 60000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0);
    assert_int_equal(sas_planted(host.drive), 0);
    test_end(host.drive);
}

static void an_unrestricted_failure_can_be_left(void **state) {
    (void)state;
    begin_with(disk, "misbehave = fail scsi-sanitize-block at=40%");
    sas_expect_good(sas_sanitize(&host, EXIT)); /* nothing to leave */
    assert_int_equal(sas_sanitize(&host, AUSE | BLOCK)->state, REQUEST_PENDING);
    test_pass(host.drive, 8000);
    sas_expect(&host.request, 3, 0x3103);
    settle();
    sas_expect_good(sas_sanitize(&host, EXIT));
    sas_expect_good(sas_read_16(&host, 0, 1, 0));
    assert_true(sas_planted(host.drive) > 0);
    test_end(host.drive);
}

/* Each erase, and the planted pages of each kind that it leaves. */
static void nothing_is_left_of_any_kind(void **state) {
    static const char *const lines[] = {disk, ssd};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        for (uint8_t action = OVERWRITE; action <= CRYPTO; action++) {
            if (i == 0 && action == CRYPTO) /* it does not encrypt */
                continue;
            sas_begin(&host, lines[i]);
            assert_int_equal(sas_planted_in(host.drive, PAGE_RETIRED), 5);
            if (action == OVERWRITE)
                sas_expect_good(sas_overwrite(&host, IMMED, 1, (const uint8_t *)"", 1));
            else
                sas_expect_good(sas_sanitize(&host, IMMED | action));
            test_pass(host.drive, 60000);
            settle();
            assert_int_equal(sas_request_sense(&host, NULL), 0);
            assert_int_equal(sas_planted(host.drive), 0);
            test_end(host.drive);
        }
}

static void hidden_capacity_is_sanitized_too(void **state) {
    (void)state;
    begin_with(disk, "visible = 4M");
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK));
    test_pass(host.drive, 20000);
    settle();
    assert_int_equal(sas_planted(host.drive), 0);
    assert_int_equal(sas_capacity(&host, NULL), 8192);
    test_end(host.drive);
}

/* --- what reads do afterwards --- */

static void reads_after_an_erase_are_as_announced(void **state) {
    static const struct {
        const char *line;
        uint8_t action;
        uint8_t announced;
        uint16_t additional; /* 0: readable */
    } cases[] = {
        {"after-block-erase = readable", BLOCK, 0x40, 0},
        {"after-block-erase = error", BLOCK, 0x80, 0x1100},
        {"after-block-erase = write-required", BLOCK, 0xc0, 0x1115},
        {"after-crypto-erase = write-required", CRYPTO, 0x30, 0x1115},
        {"after-crypto-erase = error\ncrypto-unmaps = no", CRYPTO, 0x20, 0x1100},
        {"after-crypto-erase = readable", CRYPTO, 0x10, 0},
        {"misbehave = read-errors after=scsi-sanitize-block deallocated announced", BLOCK, 0xc0,
         0x1115},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        begin_with(i == 4 ? "family = scsi\nsize = 8M\nmedium = magnetic\nplant = T every=1\n"
                          : ssd,
                   cases[i].line);
        sas_expect_good(SCSI(0x12, 1, 0xb1, 0, 64, 0));
        assert_int_equal(host.data[7] & (cases[i].action == BLOCK ? 0xc0 : 0x30),
                         cases[i].announced);
        sas_expect_good(sas_sanitize(&host, IMMED | cases[i].action));
        test_pass(host.drive, 20000);
        settle();
        if (cases[i].additional == 0) {
            expect_block(0, "\0", 1, 512);
        } else {
            sas_expect(sas_read_16(&host, 64, 1, 0), 3, cases[i].additional);
            assert_int_equal(load_be(host.request.sense + 3, 4), 64);
            memset(host.data, 0x42, 8 * 512);
            sas_expect_good(sas_write_16(&host, 64, 8, 0));
            expect_block(64, "\x42", 1, 512);
            sas_expect_good(sas_overwrite(&host, IMMED, 1, (const uint8_t *)"x", 1));
            test_pass(host.drive, 60000);
            settle();
            expect_block(128, "x", 1, 512);
        }
        assert_int_equal(sas_planted(host.drive), 0);
        test_end(host.drive);
    }
}

static void protection_information_after_an_erase(void **state) {
    (void)state;
    begin_with(ssd, "protection = 1\nafter-block-erase = unspecified");
    expect_block(0, "QPLANT T          00000000000000", 32, 512); /* planted as the host would */
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK));
    test_pass(host.drive, 20000);
    settle();
    sas_expect(sas_read_16(&host, 5, 1, 0), 0xb, 0x1003);
    sas_expect_good(sas_read_16(&host, 5, 1, 3));
    memset(host.data, 0x42, 512);
    sas_expect_good(sas_write_16(&host, 5, 1, 0));
    expect_block(5, "\x42", 1, 512);
    sas_expect(sas_read_16(&host, 6, 1, 0), 0xb, 0x1003); /* its neighbour is as before */
    sas_expect_good(sas_overwrite(&host, IMMED, 1, (const uint8_t *)"x", 1));
    test_pass(host.drive, 60000);
    settle();
    sas_expect_good(sas_read_16(&host, 77, 1, 1));
    assert_memory_equal(host.data + 510, "xx\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    test_end(host.drive);

    begin_with("family = scsi\nsize = 8M\nmedium = magnetic\n",
               "protection = 1\nafter-crypto-erase = unspecified\nplant = T every=1");
    sas_expect_good(sas_sanitize(&host, IMMED | CRYPTO));
    test_pass(host.drive, 20000);
    settle();
    sas_expect(sas_read_16(&host, 5, 1, 0), 0xb, 0x1001); /* noise has no right guard */
    test_end(host.drive);

    begin_with(ssd, "protection = 1"); /* readable */
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK));
    test_pass(host.drive, 20000);
    settle();
    expect_block(5, "\0", 1, 512);
    test_end(host.drive);
}

/* --- FORMAT UNIT --- */

static void format_shows_progress_and_covers_what_is_in_use(void **state) {
    uint32_t progress;
    (void)state;
    sas_begin(&host, disk);
    assert_int_equal(sas_planted_in(host.drive, PAGE_RETIRED), 5);
    sas_expect_good(sas_format(&host, 0, 0));
    test_pass(host.drive, 15000);
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 2, 0x0404);
    assert_int_equal(sas_request_sense(&host, &progress), 0x20404);
    assert_int_equal(progress, 0x4000);
    drive_reset(host.drive, RESET_HARD);
    settle();
    test_pass(host.drive, 45000);
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 6, 0x2a09);
    settle();
    expect_block(0, "\0", 1, 512);
    assert_int_equal(sas_planted(host.drive), 5); /* the reallocated ones: it is no purge */
    assert_int_equal(sas_planted_in(host.drive, PAGE_RETIRED), 5);
    test_end(host.drive);
}

static void format_with_a_pattern_and_security(void **state) {
    static const uint8_t cdb[6] = {0x04, 0x10};
    static const uint8_t list[4 + 4 + 2] = {0, 0x88, 0, 0, 0x20, 1, 0, 2, 'p', 'q'};
    static const uint8_t long_cdb[6] = {0x04, 0x30};
    static const uint8_t long_list[8 + 4 + 2] = {0, 0x8a, 0, 0, 0, 0,   0,
                                                 0, 0x20, 1, 0, 2, 'r', 's'};
    (void)state;
    sas_begin(&host, disk);
    assert_int_equal(sas_send_list(&host, cdb, 6, list, sizeof list)->state, REQUEST_PENDING);
    test_pass(host.drive, 60000);
    sas_expect_good(&host.request);
    settle();
    expect_block(77, "pq", 2, 512);
    assert_int_equal(sas_planted(host.drive), 0); /* SI */
    sas_expect_good(sas_send_list(&host, long_cdb, 6, long_list, sizeof long_list));
    test_pass(host.drive, 60000);
    settle();
    expect_block(77, "rs", 2, 512);

    uint8_t bad[sizeof list];
    memcpy(bad, list, sizeof bad);
    bad[1] = 0x08; /* options without FOV */
    sas_expect(sas_send_list(&host, cdb, 6, bad, sizeof bad), 5, 0x2600);
    bad[1] = 0x88;
    bad[7] = 3; /* a longer pattern than there is */
    sas_expect(sas_send_list(&host, cdb, 6, bad, sizeof bad), 5, 0x2600);
    bad[7] = 2;
    bad[3] = 4; /* a list of defects */
    sas_expect(sas_send_list(&host, cdb, 6, bad, sizeof bad), 5, 0x2600);
    test_end(host.drive);
}

static void format_to_another_block_length(void **state) {
    static const uint32_t sizes[] = {512, 528, 4096, 4160, 520};
    (void)state;
    begin_with(disk, "sector = 520");
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint32_t bytes;
        sas_expect_good(sas_select_blocks(&host, UINT64_MAX, sizes[i]));
        assert_int_not_equal(sas_capacity(&host, &bytes), (8 << 20) / sizes[i]);
        assert_int_not_equal(bytes, sizes[i]); /* not yet */
        sas_expect_good(sas_format(&host, 0, 0));
        test_pass(host.drive, 60000);
        settle();
        assert_int_equal(sas_capacity(&host, &bytes), (8 << 20) / sizes[i]);
        assert_int_equal(bytes, sizes[i]);
        expect_block((8 << 20) / sizes[i] - 1, "\0", 1, sizes[i]);
    }
    sas_expect(sas_select_blocks(&host, 0, 1024), 5, 0x2600);
    sas_expect_good(sas_select_blocks(&host, 0, 512));
    sas_power_cut(&host, disk); /* not formatted: forgotten */
    sas_expect_good(sas_format(&host, 0, 0));
    test_pass(host.drive, 60000);
    settle();
    uint32_t bytes;
    (void)sas_capacity(&host, &bytes);
    assert_int_equal(bytes, 520);
    test_end(host.drive);

    begin_with(disk, "sector = 520\nformat-picks = 528"); /* DEVICE-FACTS B.5 */
    sas_expect_good(sas_select_blocks(&host, 0, 512));
    sas_expect_good(sas_format(&host, 0, 0));
    test_pass(host.drive, 60000);
    settle();
    (void)sas_capacity(&host, &bytes);
    assert_int_equal(bytes, 528);
    test_end(host.drive);
}

static void format_with_protection(void **state) {
    static const struct {
        uint8_t info, usage, reported;
    } types[] = {{2, 0, 0x01}, {3, 0, 0x03}, {3, 1, 0x05}, {0, 0, 0x00}};
    (void)state;
    sas_begin(&host, ssd);
    sas_expect(sas_format(&host, 1, 0), 5, 0x2600);
    sas_expect(sas_format(&host, 2, 1), 5, 0x2600);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        sas_expect_good(sas_format(&host, types[i].info, types[i].usage));
        test_pass(host.drive, 60000);
        settle();
        assert_int_equal(sas_capacity(&host, NULL), (8 << 20) / (types[i].reported ? 520 : 512));
        assert_int_equal(host.data[12], types[i].reported);
        expect_block(9, "\0", 1, 512);
    }
    test_end(host.drive);
    begin_with(ssd, "protects = no");
    sas_expect(sas_format(&host, 2, 0), 5, 0x2400);
    test_end(host.drive);
}

static void a_fast_format_changes_nothing(void **state) {
    (void)state;
    sas_begin(&host, disk);
    const uint64_t before = sas_planted(host.drive);
    const uint8_t cdb[6] = {0x04, 0, 0, 0, 1};
    assert_int_equal(sas_send(&host, cdb, 6)->state, REQUEST_PENDING);
    test_pass(host.drive, 1000);
    sas_expect_good(&host.request);
    settle();
    assert_int_equal(sas_planted(host.drive), before);
    sas_expect_good(sas_select_blocks(&host, 0, 4096));
    sas_expect(sas_send(&host, cdb, 6), 5, 0x2400);
    test_end(host.drive);
    begin_with(disk, "fast-format = no");
    sas_expect(sas_send(&host, cdb, 6), 5, 0x2400);
    test_end(host.drive);
}

static void an_interrupted_format_leaves_no_disk(void **state) {
    (void)state;
    sas_begin(&host, disk);
    sas_expect_good(sas_format(&host, 0, 0));
    test_pass(host.drive, 30000);
    sas_power_cut(&host, disk);
    assert_int_equal(sas_request_sense(&host, NULL), 0x33100);
    sas_expect(sas_read_16(&host, 0, 1, 0), 3, 0x3100);
    sas_expect(SCSI(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), 3, 0x3100);
    sas_expect_good(SCSI(0x5a, 0x10, 0x01, 0, 0, 0, 0, 0, 255, 0));
    assert_int_equal(load_be(host.data + 8, 8), 0);
    assert_true(sas_planted_in(host.drive, PAGE_LIVE) > 0); /* half of it is still there */
    sas_expect_good(sas_format(&host, 0, 0));
    test_pass(host.drive, 60000);
    settle();
    assert_int_equal(sas_capacity(&host, NULL), 16384);
    expect_block(0, "\0", 1, 512);
    assert_int_equal(sas_planted_in(host.drive, PAGE_LIVE), 0);
    test_end(host.drive);
    begin_with(disk, "format-corrupt = yes");
    sas_expect(SCSI(0, 0, 0, 0, 0, 0), 3, 0x3100);
    sas_expect_good(sas_sanitize(&host, IMMED | BLOCK)); /* this helps as well */
    test_pass(host.drive, 20000);
    settle();
    assert_int_equal(sas_capacity(&host, NULL), 16384);
    test_end(host.drive);
}

static void a_failed_format_says_so(void **state) {
    (void)state;
    begin_with(disk, "misbehave = fail scsi-format at=50%");
    sas_expect_good(sas_format(&host, 0, 0));
    test_pass(host.drive, 60000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0x33101);
    sas_expect(sas_read_16(&host, 0, 1, 0), 3, 0x3101);
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(overwrite_checks_its_list),
    cmocka_unit_test(overwrite_ends_with_the_plain_pattern),
    cmocka_unit_test(inverted_passes_are_on_the_medium_meanwhile),
    cmocka_unit_test(flash_too_reads_the_pattern_everywhere),
    cmocka_unit_test(in_operation_it_refuses_on_both_paths),
    cmocka_unit_test(it_goes_on_over_resets_and_power_cuts),
    cmocka_unit_test(without_immed_it_blocks),
    cmocka_unit_test(a_restricted_failure_is_left_by_success_alone),
    cmocka_unit_test(an_unrestricted_failure_can_be_left),
    cmocka_unit_test(nothing_is_left_of_any_kind),
    cmocka_unit_test(hidden_capacity_is_sanitized_too),
    cmocka_unit_test(reads_after_an_erase_are_as_announced),
    cmocka_unit_test(protection_information_after_an_erase),
    cmocka_unit_test(format_shows_progress_and_covers_what_is_in_use),
    cmocka_unit_test(format_with_a_pattern_and_security),
    cmocka_unit_test(format_to_another_block_length),
    cmocka_unit_test(format_with_protection),
    cmocka_unit_test(a_fast_format_changes_nothing),
    cmocka_unit_test(an_interrupted_format_leaves_no_disk),
    cmocka_unit_test(a_failed_format_says_so),
};

TEST_MAIN(tests)
