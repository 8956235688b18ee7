/* What the screen has besides its pages: the QR code, the question to a terminal, temperatures. */
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/interrupt.h"

#include "../../agent/tui/code.h"
#include "../../agent/tui/probe.h"
#include "../../agent/tui/thermometer.h"
#include "test.h"

#include <errno.h>
#include <unistd.h>

enum { SCALE = 4 };

/* A picture of the lines, as a terminal shows them: PGM. */
static void paint(const struct lines *lines, FILE *out) {
    const bool wide = lines->list[0].style == STYLE_WIDE;
    const unsigned columns = lines->list[0].style_columns / (wide ? 2 : 1);
    const size_t rows = lines->count * (wide ? 1 : 2);
    (void)fprintf(out, "P5 %u %zu 255\n", columns * SCALE, rows * SCALE);
    for (size_t y = 0; y < rows * SCALE; y++) {
        for (unsigned x = 0; x < columns * SCALE; x++) {
            const size_t row = y / SCALE;
            const char sign = lines->list[wide ? row : row / 2].text[x / SCALE * (wide ? 2 : 1)];
            const bool dark = sign == CODE_DARK || sign == (row % 2 ? CODE_LOWER : CODE_UPPER);
            (void)fputc(dark ? 0 : 255, out);
        }
    }
}

/* A reader of QR codes that is not ours reads what was meant, in both drawings. */
static void test_code(void **state) {
    (void)state;
    static const enum style styles[] = {STYLE_CODE, STYLE_WIDE};
    static const char digest[] =
        "sha256:afc30de6dd233b2f12a5ece00cd7ef278ba6a9c7d8b16ea1dc84df2c32dbf080";
    static const char expected[] =
        "QUIETUS:5537FFCCC010-NVME0N1:SHA256:"
        "AFC30DE6DD233B2F12A5ECE00CD7EF278BA6A9C7D8B16EA1DC84DF2C32DBF080\n";
    char text[256];
    char place[] = "/tmp/quietus-code-XXXXXX";
    char command[128];
    (void)code_text(text, sizeof text, "5537ffccc010-nvme0n1", digest);
    for (size_t i = 0; i < COUNT_OF(styles); i++) {
        struct lines lines = {0};
        char read[256] = "";
        assert_int_equal(code_lines(text, styles[i], 20, 10, &lines), -ENOSPC);
        /* In half blocks it fits an old terminal. */
        const bool half = styles[i] == STYLE_CODE;
        assert_int_equal(code_lines(text, styles[i], 80, half ? 22 : 60, &lines), 0);
        const int fd = mkstemp(place);
        assert_true(fd >= 0);
        FILE *out = fdopen(fd, "w");
        assert_non_null(out);
        paint(&lines, out);
        assert_int_equal(fclose(out), 0);
        (void)snprintf(command, sizeof command, "zbarimg -q --raw %s 2>/dev/null", place);
        FILE *reader = popen(command, "r"); // NOLINT(cert-env33-c)
        assert_non_null(reader);
        (void)!fgets(read, sizeof read, reader);
        (void)pclose(reader);
        (void)unlink(place);
        strcpy(place, "/tmp/quietus-code-XXXXXX");
        lines_free(&lines);
        assert_string_equal(read, expected);
    }
}

static void test_probe(void **state) {
    (void)state;
    unsigned row = 0;
    unsigned column = 0;
    assert_true(probe_decode("\033[1;2R", &row, &column));
    assert_true(row == 1 && column == 2);
    assert_true(probe_decode("x\033[A\033[50;132Rq", &row, &column));
    assert_true(row == 50 && column == 132);
    static const char *const bad[] = {"",        "\033",      "\033[",     "\033[1;2",
                                      "\033[1R", "\033[0;2R", "\033O1;2R", "\033[-1;2R",
                                      "1;2R",    "\033[1;2n", "\033[;R"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(probe_decode(bad[i], &row, &column));
}

static void put(const char *folder, const char *name, const char *text) {
    char path[PATH_MAX];
    path_format(path, folder, "/%s", name);
    assert_int_equal(file_write(path, text, strlen(text), 0600), 0);
}

static int degrees_after(struct thermometer *thermometer, const struct disk *disk,
                         enum phase phase) {
    const struct progress progress = {.phase = phase};
    int degrees = 0;
    for (int i = 0; i < (phase == PHASE_WRITING ? 6000 : 10) && degrees == 0; i++) {
        degrees = thermometer_look(thermometer, 0, disk, &progress);
        clock_sleep_ms(10);
    }
    return degrees;
}

/* An NVMe drive is asked while the host reads or writes, and at no other time. */
static void test_thermometer(void **state) {
    (void)state;
    char place[] = "/tmp/quietus-warm-XXXXXX";
    char folder[PATH_MAX];
    char command[64];
    assert_non_null(mkdtemp(place));
    path_format(folder, place, "/sys/class/nvme/nvme7/hwmon3");
    assert_int_equal(file_make_folders(folder, 0700), 0);
    put(folder, "temp1_input", "41850\n");
    struct disk *disk = disk_new();
    disk->commands = COMMANDS_NVME;
    disk->path_count = 1;
    text_copy(disk->paths[0].node, DISK_NODE_SIZE, "/dev/nvme7");
    interrupt_hold();
    static const enum phase phases[] = {PHASE_FORMATTING, PHASE_SANITIZING, PHASE_ERASING,
                                        PHASE_WRITING};
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        struct thermometer *thermometer = thermometer_start(place, 1, device_open);
        assert_int_equal(degrees_after(thermometer, disk, phases[i]),
                         phases[i] == PHASE_WRITING ? 41 : 0);
        thermometer_stop(thermometer);
    }
    interrupt_release();
    disk_free(disk);
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_code),
    cmocka_unit_test(test_probe),
    cmocka_unit_test(test_thermometer),
};

TEST_MAIN(tests)
