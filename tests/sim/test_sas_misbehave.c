/* The native SAS disk: what it does wrong. */
#include "sas_host.h"
#include "scsi.h"
#include "test.h"

static struct sas_host host;

enum { IMMED = 0x80 };

/* The ways to erase it, and how they are named. */
static const struct {
    const char *name;
    uint8_t action; /* of SANITIZE; 0: FORMAT UNIT */
} ways[] = {{"scsi-sanitize-overwrite", 1},
            {"scsi-sanitize-block", 2},
            {"scsi-sanitize-crypto", 3},
            {"scsi-format", 0}};

static const struct drive_request *send(const uint8_t *cdb, uint8_t length) {
    return sas_send(&host, cdb, length);
}
#define SCSI(...) send((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* format: with the operation's name for %s. */
static void begin(size_t way, const char *format) {
    char lines[512] = "family = scsi\nsize = 8M\nspare = 2M\n"
                      "plant = T every=1 stale=20 remapped=5\nmisbehave = ";
    const size_t used = strlen(lines);
    const char *place = strstr(format, "%s");
    (void)snprintf(lines + used, sizeof lines - used, "%.*s%s%s\n", (int)(place - format), format,
                   ways[way].name, place + 2);
    sas_begin(&host, lines);
}

static const struct drive_request *erase(size_t way) {
    if (ways[way].action == 0)
        return sas_format(&host, 0, 0);
    if (ways[way].action == 1)
        return sas_overwrite(&host, IMMED, 1, (const uint8_t *)"", 1);
    return sas_sanitize(&host, (uint8_t)(IMMED | ways[way].action));
}

static void settle(void) {
    for (host.path = 2; host.path-- > 0;)
        for (int i = 0; i < 3; i++)
            (void)SCSI(0, 0, 0, 0, 0, 0);
    host.path = 0;
}

static void erase_to_its_end(size_t way) {
    sas_expect_good(erase(way));
    test_pass(host.drive, 60000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0);
}

static void lies(void **state) {
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        begin(way, "lie %s");
        const uint64_t before = sas_planted(host.drive);
        sas_expect_good(erase(way));
        test_pass(host.drive, 1000);
        assert_int_equal(sas_request_sense(&host, NULL), ways[way].action ? 0x2041b : 0x20404);
        test_pass(host.drive, 60000);
        settle();
        assert_int_equal(sas_request_sense(&host, NULL), 0);
        assert_int_equal(sas_planted(host.drive), before);
        test_end(host.drive);
    }
}

static void ignores(void **state) {
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        begin(way, "ignore %s");
        const uint64_t before = sas_planted(host.drive);
        sas_expect_good(erase(way));
        assert_int_equal(sas_request_sense(&host, NULL), 0);
        sas_expect_good(SCSI(0, 0, 0, 0, 0, 0));
        assert_int_equal(sas_planted(host.drive), before);
        test_end(host.drive);
    }
}

static void does_a_part(void **state) {
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        begin(way, "partial %s from=0 to=8191");
        erase_to_its_end(way);
        sas_expect_good(sas_read_16(&host, 8191, 2, 0));
        assert_int_not_equal(memcmp(host.data, "QPLANT", 6), 0);
        assert_memory_equal(host.data + 512, "QPLANT", 6);
        test_end(host.drive);
    }
}

static void keeps_what_cannot_be_addressed(void **state) {
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        begin(way, "keep-remapped %s");
        erase_to_its_end(way);
        assert_int_equal(sas_planted(host.drive), 5);
        assert_int_equal(sas_planted_in(host.drive, PAGE_RETIRED), 5);
        test_end(host.drive);
        begin(way, "keep-spare %s");
        erase_to_its_end(way);
        assert_true(sas_planted_in(host.drive, PAGE_STALE) > 0);
        assert_int_equal(sas_planted_in(host.drive, PAGE_LIVE), 0);
        test_end(host.drive);
    }
}

static void drops_its_map_alone(void **state) {
    (void)state;
    begin(1, "map-only %s");
    erase_to_its_end(1);
    sas_expect_good(sas_read_16(&host, 0, 1, 0));
    assert_int_equal(host.data[0], 0);
    assert_true(sas_planted(host.drive) > 2000);
    test_end(host.drive);
}

static void progress_is_wrong(void **state) {
    uint32_t progress, last = 0;
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        begin(way, "stuck %s at=50%");
        sas_expect_good(erase(way));
        test_pass(host.drive, 600000);
        assert_int_equal(sas_request_sense(&host, &progress), ways[way].action ? 0x2041b : 0x20404);
        assert_int_equal(progress, 0x8000);
        test_end(host.drive);
        begin(way, "no-progress %s");
        sas_expect_good(erase(way));
        test_pass(host.drive, 1000);
        assert_int_equal(sas_request_sense(&host, &progress), ways[way].action ? 0x2041b : 0x20404);
        assert_int_equal(progress, 0x10000);
        test_end(host.drive);
    }
    begin(1, "backwards %s");
    sas_expect_good(erase(1));
    bool fell = false;
    for (int i = 0; i < 19; i++, last = progress) {
        test_pass(host.drive, 1000);
        (void)sas_request_sense(&host, &progress);
        fell |= progress < last;
    }
    assert_true(fell);
    test_end(host.drive);
}

static void refuses(void **state) {
    static const struct {
        const char *line;
        uint8_t key;
        uint16_t additional;
    } answers[] = {{"refuse %s opcode", 5, 0x2000},
                   {"refuse %s field", 5, 0x2400},
                   {"refuse %s abort", 0xb, 0x4400}};
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++)
        for (size_t i = 0; i < COUNT_OF(answers); i++) {
            begin(way, answers[i].line);
            sas_expect(erase(way), answers[i].key, answers[i].additional);
            assert_int_equal(sas_request_sense(&host, NULL), 0);
            test_end(host.drive);
        }
}

static void hangs(void **state) {
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        begin(way, "hang %s");
        assert_int_equal(erase(way)->state, REQUEST_PENDING);
        test_pass(host.drive, 600000);
        assert_int_equal(host.request.state, REQUEST_PENDING);
        test_end(host.drive);
    }
    sas_begin(&host, "family = scsi\nsize = 8M\nmisbehave = hang overwrite\n");
    assert_int_equal(sas_write_16(&host, 0, 1, 0)->state, REQUEST_PENDING);
    test_end(host.drive);
}

static void a_failure_is_never_shown(void **state) {
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        char lines[160];
        (void)snprintf(lines, sizeof lines, "fail %%s at=30%%\nmisbehave = hide-failure %s",
                       ways[way].name);
        begin(way, lines);
        erase_to_its_end(way);
        sas_expect_good(sas_read_16(&host, 0, 1, 0));
        assert_true(sas_planted(host.drive) > 0);
        test_end(host.drive);
    }
}

static void vanishes_and_comes_back(void **state) {
    (void)state;
    begin(1, "return %s at=50% after=10s");
    sas_expect_good(erase(1));
    test_pass(host.drive, 10000);
    assert_false(drive_present(host.drive));
    test_pass(host.drive, 10000);
    assert_true(drive_present(host.drive));
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0x2041b); /* it goes on */
    test_pass(host.drive, 10000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0);
    assert_int_equal(sas_planted(host.drive), 0);
    test_end(host.drive);
    begin(3, "power-cut %s at=50% after=10s"); /* a format does not */
    sas_expect_good(erase(3));
    test_pass(host.drive, 60000);
    settle();
    assert_int_equal(sas_request_sense(&host, NULL), 0x33100);
    test_end(host.drive);
}

static void changes_after_the_erase(void **state) {
    (void)state;
    begin(1, "capacity-change after=%s to=4M");
    sas_expect_good(erase(1));
    test_pass(host.drive, 20000);
    settle();
    assert_int_equal(sas_capacity(&host, NULL), 8192);
    test_end(host.drive);
    begin(1, "identity-change after=%s serial=OTHER");
    erase_to_its_end(1);
    sas_expect_good(SCSI(0x12, 1, 0x80, 0, 255, 0));
    assert_memory_equal(host.data + 4, "OTHER", 5);
    test_end(host.drive);
}

static void writes_that_are_none(void **state) {
    (void)state;
    sas_begin(&host, "family = scsi\nsize = 8M\nplant = T every=1\n"
                     "misbehave = write-ignored from=0 to=99\n"
                     "misbehave = write-error from=200 to=200\n");
    memset(host.data, 0, 512);
    sas_expect_good(sas_write_16(&host, 50, 1, 0));
    sas_expect_good(sas_read_16(&host, 50, 1, 0));
    assert_memory_equal(host.data, "QPLANT", 6);
    sas_expect(sas_write_16(&host, 200, 1, 0), 3, 0x0c00);
    test_end(host.drive);
    sas_begin(&host, "family = scsi\nsize = 8M\nmisbehave = write-protected\n");
    sas_expect(sas_write_16(&host, 50, 1, 0), 7, 0x2700);
    test_end(host.drive);
}

static void sense_of_other_forms(void **state) {
    static const uint8_t unknown[6] = {0x99};
    (void)state;
    host.drive = test_drive("family = scsi\nsize = 8M\nmisbehave = sense descriptor\n");
    (void)sas_send(&host, unknown, 6);
    assert_memory_equal(sas_send(&host, unknown, 6)->sense, "\x72\x05\x20\0", 4);
    test_end(host.drive);
    host.drive = test_drive("family = scsi\nsize = 8M\nmisbehave = sense empty\n");
    assert_int_equal(sas_send(&host, unknown, 6)->scsi_status, SCSI_CHECK_CONDITION);
    assert_int_equal(host.request.sense_length, 0);
    test_end(host.drive);
}

static void attentions_without_end(void **state) {
    (void)state;
    host.drive = test_drive("family = scsi\nsize = 8M\nmisbehave = unit-attention every\n");
    for (int i = 0; i < 5; i++) {
        sas_expect(SCSI(0, 0, 0, 0, 0, 0), 6, 0x2900);
        sas_expect_good(SCSI(0, 0, 0, 0, 0, 0));
    }
    test_end(host.drive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lies),
    cmocka_unit_test(ignores),
    cmocka_unit_test(does_a_part),
    cmocka_unit_test(keeps_what_cannot_be_addressed),
    cmocka_unit_test(drops_its_map_alone),
    cmocka_unit_test(progress_is_wrong),
    cmocka_unit_test(refuses),
    cmocka_unit_test(hangs),
    cmocka_unit_test(a_failure_is_never_shown),
    cmocka_unit_test(vanishes_and_comes_back),
    cmocka_unit_test(changes_after_the_erase),
    cmocka_unit_test(writes_that_are_none),
    cmocka_unit_test(sense_of_other_forms),
    cmocka_unit_test(attentions_without_end),
};

TEST_MAIN(tests)
