/* Text, times, files, JSON and saved pages. */
#include "quietus/buffers.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/page_file.h"

#include "test.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One rule for URLs, which boot loaders can follow, and one for the names of files. */
static void test_what_a_serial_is_in_names(void **state) {
    (void)state;
    const struct server server = {
        .serial = "QT SRV/42.1_\xc3\xa9", .macs = {"52:54:00:51:54:01"}, .mac_count = 1};
    static const struct {
        const char *pattern;
        const char *expected;
    } rows[] = {
        {"http://h/{serial}/{serial}-x",
         "http://h/QT%20SRV%2F42.1_%C3%A9/QT%20SRV%2F42.1_%C3%A9-x"},
        {"https://h/{mac}", "https://h/52-54-00-51-54-01"},
        {"/run/stick/orders/{serial}.json", "/run/stick/orders/QT_SRV_42_1___.json"},
        {"/o/{mac}", "/o/52-54-00-51-54-01"},
    };
    char out[128];
    struct reason reason;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(http_expand(rows[i].pattern, &server, out, sizeof out, &reason), 0);
        assert_string_equal(out, rows[i].expected);
    }
    assert_int_equal(http_expand_url("{serial}-done", &server, out, sizeof out, &reason), 0);
    assert_string_equal(out, "QT%20SRV%2F42.1_%C3%A9-done");
    assert_int_equal(http_expand_url("{uuid}-done", &server, out, sizeof out, &reason), -EINVAL);
    char name[TEXT_FILE_NAME_SIZE];
    assert_string_equal(text_file_name(name, "../x"), "___x");
    assert_string_equal(text_file_name(name, "0123456789012345678901234567890123456789and more"),
                        "0123456789012345678901234567890123456789");
}

static void test_fields_stay_different(void **state) {
    (void)state;
    char a[TEXT_FIELD_SIZE];
    char b[TEXT_FIELD_SIZE];
    text_from_field(a, sizeof a, (const uint8_t *)"S\x01", 2);
    text_from_field(b, sizeof b, (const uint8_t *)"S\x02", 2);
    assert_string_equal(a, "S\\x01");
    assert_string_not_equal(a, b);
    text_from_field(b, sizeof b, (const uint8_t *)"S\\x01", 5);
    assert_string_not_equal(a, b);
    text_from_field(a, sizeof a, (const uint8_t *)"  \0 x y\0 ", 9);
    assert_string_equal(a, "x y");
    text_from_field(a, 4, (const uint8_t *)"\x01\x02", 2);
    assert_string_equal(a, "");
    uint8_t worst[40];
    memset(worst, 0xff, sizeof worst);
    text_from_field(a, sizeof a, worst, sizeof worst);
    assert_int_equal(strlen(a), 160);
}

static void test_printable(void **state) {
    (void)state;
    char out[64];
    assert_string_equal(text_printable(out, sizeof out, "a\x1b[31mb\nM\xc3\xbcller\xc2\x9b!"),
                        "a?[31mb?M\xc3\xbcller?!");
    /* What is not UTF-8: a lone byte, an overlong form, a surrogate, beyond U+10FFFF, a half. */
    assert_string_equal(
        text_printable(out, sizeof out, "\xff|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82"),
        "?|??|???|????|??");
    assert_string_equal(text_printable(out, sizeof out, "\xe2\x82\xac\xf0\x9f\x92\xbe"),
                        "\xe2\x82\xac\xf0\x9f\x92\xbe");
    /* U+202E turns what follows around, U+2066 too, U+200B cannot be seen. */
    assert_string_equal(text_printable(out, sizeof out,
                                       "gpj.\xe2\x80\xae"
                                       "exe \xe2\x81\xa6x\xe2\x80\x8b"),
                        "gpj.?exe ?x?");
}

/* No cut leaves half a character, which no document could hold. */
static void test_cuts_are_between_characters(void **state) {
    (void)state;
    char out[8];
    assert_string_equal(text_copy(out, 4, "ab\xc3\xbc"), "ab");
    assert_string_equal(text_copy(out, 5, "ab\xc3\xbc"), "ab\xc3\xbc");
    assert_string_equal(text_copy(out, 4, "\xf0\x9f\x92\xbe"), "");
    assert_string_equal(text_printable(out, 4, "ab\xc3\xbc"), "ab");
    assert_string_equal(text_printable(out, 1, "a"), "");
}

/* A reason may quote anything; it goes to terminals and into documents all the same. */
static void test_reasons_are_printable(void **state) {
    (void)state;
    struct reason reason;
    char many[2 * sizeof reason.text];
    for (size_t i = 0; i + 1 < sizeof many; i += 2)
        memcpy(many + i, "\xc3\xbc", 2);
    many[sizeof many - 2] = '\0';
    reason_set(&reason, "the schema is '%.3s'\x1b[2J", many);
    assert_string_equal(reason.text, "the schema is '\xc3\xbc?'?[2J");
    reason_set(&reason, "a%s", many);
    json_t *value = json_string(reason.text);
    assert_non_null(value);
    json_decref(value);
}

/* An odd byte in a name is no reason to end without a certificate. */
static void test_any_text_can_be_put_into_a_document(void **state) {
    (void)state;
    json_t *object = json_new_object();
    json_put_text(object, "operator", "M\xfcller");
    assert_string_equal(json_text(object, "operator"), "M?ller");
    json_t *array = json_new_array();
    json_add_text(array, "\xff");
    assert_string_equal(json_string_value(json_array_get(array, 0)), "?");
    json_decref(array);
    json_decref(object);
}

static void test_any_count_can_be_put_into_a_document(void **state) {
    (void)state;
    json_t *object = json_new_object();
    json_put_count(object, "most", UINT64_MAX);
    json_put_count(object, "large", 1ULL << 63);
    json_put_count(object, "fits", INT64_MAX);
    assert_int_equal(json_count(object, "most"), INT64_MAX);
    assert_int_equal(json_count(object, "large"), INT64_MAX);
    assert_int_equal(json_count(object, "fits"), INT64_MAX);
    json_decref(object);
}

static void test_hex(void **state) {
    (void)state;
    uint8_t out[2];
    assert_int_equal(hex_decode(out, 2, "0aFf"), 0);
    assert_int_equal(out[0] << 8 | out[1], 0x0aff);
    assert_int_equal(hex_decode(out, 2, "0af"), -EINVAL);
    assert_int_equal(hex_decode(out, 2, "0afg"), -EINVAL);
    assert_int_equal(hex_decode(out, 2, "0aff0"), -EINVAL);
}

static void test_sizes(void **state) {
    (void)state;
    char out[32];
    assert_string_equal(text_size(out, sizeof out, 0), "0 B");
    assert_string_equal(text_size(out, sizeof out, 999), "999 B");
    assert_string_equal(text_size(out, sizeof out, 480103981056), "480.1 GB");
    assert_string_equal(text_size(out, sizeof out, UINT64_MAX), "18.4 EB");
    assert_string_equal(text_duration(out, sizeof out, 7500), "2 h 05 min");
    static const struct {
        unsigned number;
        const char *words;
    } numbers[] = {{0, "zero"},
                   {2, "two"},
                   {13, "thirteen"},
                   {40, "forty"},
                   {60, "sixty"},
                   {99, "ninety-nine"},
                   {100, "one hundred"},
                   {104, "one hundred and four"},
                   {1000, "one thousand"},
                   {1021, "one thousand and twenty-one"},
                   {999119, "nine hundred and ninety-nine thousand one hundred and nineteen"},
                   {1000000, "1000000"}};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        char words[80];
        assert_string_equal(text_number(words, sizeof words, numbers[i].number), numbers[i].words);
    }
}

static void test_times(void **state) {
    (void)state;
    char out[CLOCK_TEXT_SIZE];
    int64_t seconds;
    assert_int_equal(clock_parse("2026-11-22T14:23:00Z", &seconds), 0);
    assert_string_equal(clock_text(out, seconds), "2026-11-22T14:23:00Z");
    static const char *const bad[] = {"",
                                      "2026-11-22",
                                      "2026-02-30T00:00:00Z",
                                      "2026-11-22T14:23:00",
                                      "2026-11-22T14:23:00Z ",
                                      "2026-11-22T14:23:00+01:00",
                                      "tomorrow"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(clock_parse(bad[i], &seconds), -EINVAL);
}

static void test_json_is_strict(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "{\"a\":1,\"a\":2}", "{\"a\":1} x", "{'a':1}", "[1,2", "\xff", "nul", "{\"a\":1}{}"};
    struct reason reason;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_null(json_parse(bad[i], strlen(bad[i]), &reason));
    json_t *good = json_parse("{\"a\":[1]}", 9, &reason);
    assert_non_null(good);
    json_decref(good);
}

static void test_files_are_whole_or_not_there(void **state) {
    (void)state;
    char folder[] = "/tmp/quietus-test-XXXXXX";
    char path[64];
    char *data;
    size_t length;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/file", folder);
    assert_int_equal(file_write(path, "first", 5, 0600), 0);
    assert_int_equal(file_write(path, "second", 6, 0600), 0);
    assert_int_equal(file_read(path, 100, &data, &length), 0);
    assert_string_equal(data, "second");
    free(data);
    assert_int_equal(file_read(path, 5, &data, &length), -EFBIG);
    (void)snprintf(path, sizeof path, "%s/none/file", folder);
    assert_int_equal(file_write(path, "x", 1, 0600), -ENOENT);
    char **names;
    const size_t count = folder_names(folder, &names);
    assert_int_equal(count, 1); /* no temporary file is left */
    folder_free_names(names, count);
    (void)snprintf(path, sizeof path, "%s/file", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* How many files this process has open that are in no folder any more. */
static unsigned open_and_gone(void) {
    enum { MOST_FILES = 256 };
    unsigned found = 0;
    for (int fd = 0; fd < MOST_FILES; fd++) {
        struct stat status;
        found += fstat(fd, &status) == 0 && status.st_nlink == 0 &&
                 (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    }
    return found;
}

static unsigned gone_at_sync;

/* In the place of the C library's: looks at what is open when a folder is synced. */
int fsync(int fd) {
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        gone_at_sync = open_and_gone();
    return (int)syscall(SYS_fsync, fd);
}

/* What is removed or replaced is held open until the folder is on the medium, so that FAT cannot
 * give its room away before; and no longer. */
static void test_removed_files_keep_their_room(void **state) {
    (void)state;
    char folder[] = "/tmp/quietus-test-XXXXXX";
    char path[64];
    const unsigned before = open_and_gone();
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/file", folder);
    assert_int_equal(file_write(path, "first", 5, 0600), 0);
    assert_int_equal(gone_at_sync, before);
    assert_int_equal(file_write(path, "second", 6, 0600), 0);
    assert_int_equal(gone_at_sync, before + 1);
    assert_int_equal(open_and_gone(), before);
    assert_int_equal(file_remove(folder), -ENOTEMPTY);
    assert_int_equal(file_remove(path), 0);
    assert_int_equal(gone_at_sync, before + 1);
    assert_int_equal(file_remove(path), -ENOENT);
    (void)snprintf(path, sizeof path, "%s/inner", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(file_remove(path), 0);
    assert_int_equal(gone_at_sync, before + 1);
    assert_int_equal(file_remove(folder), 0);
    assert_int_equal(open_and_gone(), before);
}

static int parse_page(const char *text, uint8_t out[64]) {
    struct reason reason;
    return page_file_parse(text, strlen(text), out, 64, &reason);
}

static void test_page_forms(void **state) {
    (void)state;
    uint8_t out[64];
    static const uint8_t expected[] = {0x12, 0x34, 0xab, 0xcd};
    static const char *const forms[] = {
        "12 34 ab cd\n",
        "0x12,0x34, 0xAB 0xcd # a comment\n",
        "# only a comment\n\n12 34\nab cd",
        "3412 cdab\n",
        "\n/dev/sda:\n3412 cdab\n",
        " 00     12 34 ab cd    .4..\n",
        "00     12 34    .4\n10     ab cd    ..\n",
        "       0  1  2  3\n0000: 12 34 ab cd \"....\"\n",
        "0x12 0x34\r\n0xab 0xcd\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        assert_int_equal(parse_page(forms[i], out), 4);
        assert_memory_equal(out, expected, 4);
    }
}

static void test_page_refusals(void **state) {
    (void)state;
    uint8_t out[64];
    static const char *const bad[] = {"",      "# nothing\n", "12 3\n",  "12 zz\n",
                                      "123\n", "12 3456\n",   "hello\n", "12;34\n"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(parse_page(bad[i], out), -EINVAL);
    char long_text[400];
    memset(long_text, '0', sizeof long_text - 1);
    for (size_t i = 2; i < sizeof long_text - 1; i += 3)
        long_text[i] = ' ';
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(parse_page(long_text, out), -EINVAL);
}

static void test_page_forms_of_real_tools_agree(void **state) {
    (void)state;
    const struct bytes plain = fixture_page("sas.inquiry.hex");
    const struct bytes dump = fixture_page("sas.inquiry.hexdump");
    assert_int_equal(plain.length, 36);
    assert_int_equal(dump.length, 36);
    assert_memory_equal(plain.data, dump.data, 36);
    const struct bytes binary = fixture_page("nvme.id-ctrl.bin");
    const struct bytes text = fixture_page("nvme.id-ctrl.hexdump");
    assert_int_equal(text.length, 4096);
    assert_memory_equal(binary.data, text.data, 4096);
    free((void *)plain.data);
    free((void *)dump.data);
    free((void *)binary.data);
    free((void *)text.data);
}

static void test_buffers_of_many_disks(void **state) {
    (void)state;
    enum { FULL = BUFFERS_PLENTY / BUFFERS_MOST, MANY = 60, SMALL = 128 << 10 };
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < MANY; i++)
            assert_int_equal(buffers_take(1 << 30), i < FULL ? BUFFERS_MOST : BUFFERS_LEAST);
        assert_int_equal(buffers_take(SMALL), SMALL); /* as of samples: however many there are */
        buffers_give(SMALL);
        for (int i = 0; i < MANY; i++)
            buffers_give(i < FULL ? BUFFERS_MOST : BUFFERS_LEAST);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_a_serial_is_in_names),
    cmocka_unit_test(test_fields_stay_different),
    cmocka_unit_test(test_printable),
    cmocka_unit_test(test_cuts_are_between_characters),
    cmocka_unit_test(test_reasons_are_printable),
    cmocka_unit_test(test_any_text_can_be_put_into_a_document),
    cmocka_unit_test(test_any_count_can_be_put_into_a_document),
    cmocka_unit_test(test_hex),
    cmocka_unit_test(test_sizes),
    cmocka_unit_test(test_times),
    cmocka_unit_test(test_json_is_strict),
    cmocka_unit_test(test_files_are_whole_or_not_there),
    cmocka_unit_test(test_removed_files_keep_their_room),
    cmocka_unit_test(test_buffers_of_many_disks),
    cmocka_unit_test(test_page_forms),
    cmocka_unit_test(test_page_refusals),
    cmocka_unit_test(test_page_forms_of_real_tools_agree),
};
TEST_MAIN(tests)
