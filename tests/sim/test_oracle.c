/* The oracle, as a function and as a program. */
#include "nvme_host.h"
#include "oracle.h"
#include "plant.h"
#include "test.h"

#include <sys/wait.h>

/* Its exit status; the first line of what it prints. */
static int run_oracle(const char *options, char *line, size_t size) {
    char command[1024];
    (void)snprintf(command, sizeof command, "%s %s %s/one.media 2>/dev/null", SIM_ORACLE, options,
                   test_folder());
    FILE *output = popen(command, "re");
    assert_non_null(output);
    if (fgets(line, (int)size, output) == NULL)
        line[0] = '\0';
    while (fgetc(output) != EOF)
        ;
    const int status = pclose(output);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void says_what_is_left(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nplant = TAG every=8 stale=5 remapped=3\n"
                                     "misbehave = map-only nvme-sanitize-block\n");
    char line[512];
    assert_int_equal(run_oracle("", line, sizeof line), 11);
    assert_non_null(strstr(line, "visible=256 recoverable=264 raw=0 live=256 stale=5 retired=3"));
    assert_int_equal(run_oracle("--marker 'QPLANT OTHER'", line, sizeof line), 0);
    assert_non_null(strstr(line, "visible=0 recoverable=0 "));
    assert_int_equal(host_sanitize(drive, SANITIZE_BLOCK, 0), NVME_OK);
    test_pass(drive, 60000);
    assert_int_equal(run_oracle("", line, sizeof line), 10);
    assert_non_null(strstr(line, "visible=0 recoverable=264 "));
    assert_int_equal(host_sanitize(drive, SANITIZE_CRYPTO, 0), NVME_OK);
    test_pass(drive, 60000);
    assert_int_equal(run_oracle("", line, sizeof line), 0);
    test_end(drive);
}

static void without_encryption_it_is_there_raw(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nencrypts = no\nplant = TAG every=8\n");
    const struct oracle_findings found = oracle_search(drive->media, "QPLANT", 6);
    assert_int_equal(found.raw, 256);
    assert_int_equal(found.visible, 256);
    assert_int_equal(found.places[1].page.logical_page, 8);
    test_end(drive);
}

/* Not every page of a namespace with a key of its own is live: each key has to be tried. */
static void every_key_is_tried(void **state) {
    (void)state;
    struct drive *drive = test_drive("size = 8M\nkey-per-namespace = yes\nplant = TAG every=8\n"
                                     "namespace = size=2M\nnamespace = size=2M\n");
    assert_int_equal(oracle_search(drive->media, "QPLANT", 6).recoverable, 128);
    const struct nvme_command delete = {.opcode = NVME_NS_MANAGEMENT, .nsid = 2, .cdw10 = 1};
    assert_int_equal(host_command(drive, &delete), NVME_OK);
    assert_int_equal(oracle_search(drive->media, "QPLANT", 6).visible, 64);
    assert_int_equal(oracle_search(drive->media, "QPLANT", 6).recoverable, 128);
    assert_int_equal(host_format(drive, 1, 2 << 9, 60000), NVME_OK);
    assert_int_equal(oracle_search(drive->media, "QPLANT", 6).recoverable, 64);
    test_end(drive);
}

/* Sectors of odd sizes lie across pages, and one of the two may be gone. */
static void a_fragment_is_enough(void **state) {
    (void)state;
    uint8_t sector[520];
    plant_fill(sector, sizeof sector, "TAG", 1, 77);
    for (size_t at = 0; at + 2 * PLANT_RECORD <= sizeof sector; at++)
        assert_non_null(memmem(sector + at, 2 * PLANT_RECORD, "QPLANT TAG        01", 20));
}

static void wrong_use(void **state) {
    (void)state;
    char line[512];
    assert_int_equal(run_oracle("", line, sizeof line), 1); /* there is no such medium */
    assert_int_equal(run_oracle("--nonsense", line, sizeof line), 1);
    assert_int_equal(run_oracle("--marker ''", line, sizeof line), 1);
    test_folder_remove();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(says_what_is_left),  cmocka_unit_test(without_encryption_it_is_there_raw),
    cmocka_unit_test(every_key_is_tried), cmocka_unit_test(a_fragment_is_enough),
    cmocka_unit_test(wrong_use),
};

TEST_MAIN(tests)
