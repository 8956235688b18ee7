#include "description.h"
#include "test.h"

static struct description *parse(const char *text) {
    char problem[256] = "";
    struct description *description = description_parse(text, "/folder", problem, sizeof problem);
    if (description == NULL)
        fail_msg("%s", problem);
    return description;
}

static void assert_wrong(const char *text, const char *expected) {
    char problem[256] = "";
    assert_null(description_parse(text, "/folder", problem, sizeof problem));
    if (strstr(problem, expected) == NULL)
        fail_msg("\"%s\" says \"%s\", not \"%s\"", text, problem, expected);
}

static void few_lines_are_enough(void **state) {
    (void)state;
    struct description *description = parse("[drive alpha]\n[port first]\ndrives = alpha\n");
    const struct drive_description *drive = description_drive(description, "alpha");
    assert_non_null(drive);
    assert_int_equal(drive->family, DRIVE_NVME);
    assert_string_equal(drive->media, "/folder/alpha.media");
    assert_int_equal(drive->bytes, 64 << 20);
    assert_int_equal(description->port_count, 1);
    assert_int_equal(description->ports[0].front, FRONT_NVME);
    assert_string_equal(description->ports[0].socket, "/folder/first.sock");
    assert_null(description_drive(description, "beta"));
    free(description);
}

static void everything_of_an_nvme_drive(void **state) {
    (void)state;
    struct description *description =
        parse("# two of them\n"
              "[drive a]\n"
              "family = nvme\n"
              "size = 1G\nspare = 32M\nmedia = /elsewhere/a\n"
              "serial = \"a\\x01\\\"b\\\\ \"\nmodel = A Model With Blanks  \n"
              "controllers = 2\nformats = 512 4096+64 512+8\n"
              "namespace = size=64M format=1 extended\n"
              "namespace = size=32M format=2 protection=1 detached\n"
              "namespace = only=1 write-protected=3\n"
              "fna = erase-all no-broadcast\nsanitize = crypto\n"
              "last-sanitize = failed CDW10=0x8c\n"
              "estimate-block = 2min\nestimate-crypto = none\n"
              "time = nvme-sanitize-crypto 250ms\n"
              "plant = TAG every=4 stale=10\n"
              "misbehave = power-cut nvme-sanitize-crypto at=12.5% after=3s\n"
              "misbehave = read-error from=0x10 to=0x20\n"
              "[drive b]\n");
    const struct drive_description *drive = &description->drives[0];
    assert_int_equal(description->drive_count, 2);
    assert_string_equal(drive->media, "/elsewhere/a");
    assert_string_equal(drive->serial, "a\x01\"b\\ ");
    assert_string_equal(drive->model, "A Model With Blanks");
    assert_int_equal(drive->nvme.format_count, 3);
    assert_int_equal(drive->nvme.formats[1].metadata_bytes, 64);
    assert_int_equal(drive->nvme.namespace_count, 3);
    assert_true(drive->nvme.namespaces[0].extended);
    assert_true(drive->nvme.namespaces[1].detached);
    assert_int_equal(drive->nvme.namespaces[1].protection, 1);
    assert_int_equal(drive->nvme.namespaces[2].only, 1);
    assert_int_equal(drive->nvme.namespaces[2].write_protection, 3);
    assert_true(drive->nvme.erase_all && !drive->nvme.format_crypto);
    assert_true(drive->nvme.format_no_broadcast && !drive->nvme.format_all);
    assert_true(drive->sanitize_crypto && !drive->sanitize_block && !drive->sanitize_overwrite);
    assert_true(drive->nvme.last_sanitize_known && drive->nvme.last_sanitize_failed);
    assert_int_equal(drive->nvme.last_sanitize_cdw10, 0x8c);
    assert_int_equal(drive->nvme.estimate_block, 120000);
    assert_true(drive->nvme.estimate_crypto == TIME_NOT_REPORTED);
    assert_int_equal(drive->duration[OP_NVME_SANITIZE_CRYPTO], 250);
    assert_int_equal(drive->plant_every, 4);
    assert_int_equal(drive->misbehaviours.count, 2);
    const struct misbehaviour *cut = &drive->misbehaviours.list[0];
    assert_int_equal(cut->kind, MISBEHAVE_POWER_CUT);
    assert_int_equal(cut->at, 1250);
    assert_int_equal(cut->after_ms, 3000);
    assert_int_equal(drive->misbehaviours.list[1].to, 0x20);
    free(description);
}

static void mistakes_are_told_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *problem;
    } wrong[] = {
        {"size = 1M\n", "line 1: write: KEYWORD = VALUE, in a section"},
        {"[drive a]\n\nsize = 1X\n", "line 3: size cannot be \"1X\""},
        {"[drive a]\ncolour = red\n", "line 2: no keyword colour"},
        {"[drive a]\n[drive a]\n", "line 2: a second drive a"},
        {"[drive]\n", "line 1: write: [drive NAME]"},
        {"[robot a]\n", "line 1: no kind of section: robot"},
        {"[drive a]\nsize = 1M\nfamily = nvme\n", "line 3: family has to be the first"},
        {"[drive a]\nfamily = floppy\n", "no family floppy"},
        {"[drive a]\nmisbehave = dance\n", "no misbehaviour dance"},
        {"[drive a]\nmisbehave = lie\n", "lie needs more"},
        {"[drive a]\nmisbehave = lie nothing\n", "lie does not take nothing"},
        {"[drive a]\nmisbehave = stuck nvme-format at=140%\n", "stuck does not take at=140%"},
        {"[drive a]\nmisbehave = lie nvme-format at=1%\n", "lie does not take at=1%"},
        {"[drive a]\nserial = \"abc\n", "serial cannot be"},
        {"[drive a]\nformats = 513\n", "formats are"},
        {"[drive a]\nsanitize = fire\n", "no kind of sanitize: fire"},
        {"[port p]\n", "port p has no drives"},
        {"[port p]\ndrives = a\n", "port p: no drive a"},
        {"[drive a]\n[port p]\nfront = ahci\ndrives = a\n", "a is of another kind"},
        {"[drive a]\n[port p]\nfront = pipe\n", "line 3: a port has"},
    };
    for (unsigned i = 0; i < COUNT_OF(wrong); i++)
        assert_wrong(wrong[i].text, wrong[i].problem);
}

static void every_misbehaviour_can_be_written(void **state) {
    (void)state;
    static const char *const lines[MISBEHAVE_KINDS] = {
        "lie nvme-sanitize-block",
        "ignore nvme-sanitize-block",
        "partial nvme-format-crypto namespaces=1,3",
        "keep-remapped security-erase",
        "keep-spare security-erase-enhanced",
        "map-only nvme-format-user-data",
        "stuck ata-sanitize-block at=1%",
        "backwards ata-sanitize-overwrite",
        "fail ata-sanitize-crypto at=50%",
        "gone overwrite at=40%",
        "return scsi-sanitize-block at=40% after=5s as=OTHER",
        "power-cut scsi-sanitize-overwrite at=40%",
        "refuse scsi-sanitize-crypto field",
        "hidden scsi-format",
        "hang nvme-format",
        "slow nvme-sanitize-overwrite factor=10",
        "read-errors after=nvme-sanitize-crypto announced deallocated",
        "capacity-change after=nvme-sanitize-crypto to=32M",
        "identity-change after=nvme-sanitize-crypto serial=NEW",
        "sense garbage",
        "registers zero",
        "unit-attention every",
        "write-error from=1 to=2",
        "read-error from=1 to=2",
        "write-ignored",
        "write-protected",
        "log-garbage",
        "log-zero",
        "log-short",
        "status-4",
        "hide-failure scsi-sanitize-block",
        "no-progress scsi-sanitize-block",
        "grow-defects scsi-sanitize-block",
        "disturb security-erase",
    };
    struct misbehaviours all = {0};
    for (unsigned i = 0; i < MISBEHAVE_KINDS; i++) {
        char problem[256] = "";
        if (!misbehaviour_parse(&all, lines[i], problem, sizeof problem))
            fail_msg("%s: %s", lines[i], problem);
        assert_int_equal(all.list[i].kind, i);
    }
    assert_int_equal(all.list[MISBEHAVE_PARTIAL].regions, 0xa);
    assert_string_equal(all.list[MISBEHAVE_RETURN].serial, "OTHER");
    assert_ptr_equal(misbehaves(&all, MISBEHAVE_LIE, OP_NVME_SANITIZE_BLOCK), &all.list[0]);
    assert_null(misbehaves(&all, MISBEHAVE_LIE, OP_NVME_SANITIZE_CRYPTO));
    for (enum erase_operation op = OP_NVME_SANITIZE_CRYPTO; op < OP_COUNT; op++)
        assert_int_equal(erase_operation_by_name(erase_operation_name(op)), op);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(few_lines_are_enough),
    cmocka_unit_test(everything_of_an_nvme_drive),
    cmocka_unit_test(mistakes_are_told_with_their_line),
    cmocka_unit_test(every_misbehaviour_can_be_written),
};

TEST_MAIN(tests)
