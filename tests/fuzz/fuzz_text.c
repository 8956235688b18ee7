/* Short texts: times, passes, levels, categories, URLs with the server's values, device fields. */
#include "quietus/clock.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/policy.h"

#include "../../agent/tui/code.h"
#include "../../agent/tui/probe.h"
#include "fuzz.h"

static void check_time(const char *text) {
    char again[CLOCK_TEXT_SIZE];
    int64_t seconds;
    if (clock_parse(text, &seconds) == 0)
        REQUIRE(strcmp(clock_text(again, seconds), text) == 0);
}

static void check_any_time(const uint8_t *data, size_t size) {
    char text[CLOCK_TEXT_SIZE];
    int64_t again;
    if (size < 8)
        return;
    const int64_t seconds = (int64_t)get_le64(data);
    (void)clock_text(text, seconds);
    REQUIRE_ASCII(text);
    if (clock_parse(text, &again) == 0)
        REQUIRE(again == seconds);
}

/* As a web server's header: what is taken for a time, a document can name. */
static void check_date(struct bytes line) {
    char text[CLOCK_TEXT_SIZE];
    int64_t seconds;
    if (!http_date_of_header((const char *)line.data, line.length, &seconds))
        return;
    REQUIRE(clock_text(text, seconds)[0] != '\0');
    REQUIRE(seconds >= 0 && strlen(text) == strlen("2026-11-22T14:23:00Z"));
}

static void check_passes(const char *text) {
    struct passes passes;
    struct passes again;
    struct reason reason = {""};
    char out[256];
    if (passes_parse(text, &passes, &reason)) {
        require_reason(&reason);
        return;
    }
    unsigned commas = 0;
    for (const char *p = text; *p; p++)
        commas += *p == ',';
    REQUIRE(passes.count == commas + 1 && passes.count <= PASSES_MOST);
    (void)passes_text(&passes, out, sizeof out);
    REQUIRE(passes_parse(out, &again, &reason) == 0 && again.count == passes.count);
    for (unsigned i = 0; i < passes.count; i++)
        REQUIRE(again.list[i].random == passes.list[i].random &&
                again.list[i].byte == passes.list[i].byte);
}

static void check_level(const char *text) {
    struct verify_level level;
    struct verify_level again;
    struct reason reason = {""};
    char out[64];
    if (verify_level_parse(text, &level, &reason)) {
        require_reason(&reason);
        return;
    }
    (void)verify_level_text(&level, out, sizeof out);
    REQUIRE(verify_level_parse(out, &again, &reason) == 0);
    REQUIRE(again.kind == level.kind && again.percent == level.percent);
}

static void check_category(const char *text) {
    enum category category;
    if (category_parse(text, &category) == 0)
        REQUIRE(strcmp(category_name(category), text) == 0 && category != CATEGORY_NONE);
}

/* The text as the pattern, and as a value that a pattern asks for. */
static void check_url(const char *text) {
    struct server server = {.mac_count = 1, .uuid = "6a1f"};
    struct reason reason = {""};
    char *out = malloc(300);
    REQUIRE(out);
    text_from_field(server.serial, sizeof server.serial, (const uint8_t *)text, strlen(text));
    text_copy(server.macs[0], sizeof server.macs[0], text);
    if (http_expand(text, &server, out, 300, &reason))
        require_reason(&reason);
    else
        REQUIRE(strlen(out) < 300);
    if (http_expand("http://h/{serial}/{mac}", &server, out, 300, &reason) == 0) {
        require_ascii(out, 300);
        REQUIRE(strpbrk(out + strlen("http://h/"), " ?#@:&=\"<>") == NULL);
    }
    free(out);
}

static void check_field(struct bytes field) {
    static const size_t rooms[] = {TEXT_FIELD_SIZE, 40, 2, 1};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        char *out = malloc(rooms[i]);
        REQUIRE(out);
        text_from_field(out, rooms[i], field.data, field.length);
        require_ascii(out, rooms[i]);
        text_from_ata_field(out, rooms[i], field.data, field.length & ~(size_t)1);
        require_ascii(out, rooms[i]);
        free(out);
    }
}

/* Cuts on the way must not make a text that no document can hold. */
static void check_copies(const char *text) {
    static const size_t rooms[] = {1, 2, 3, 4, 5, 16, 80};
    json_t *value = json_string(text);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        char *out = malloc(rooms[i]);
        REQUIRE(out);
        require_printable(text_printable(out, rooms[i], text));
        REQUIRE(strlen(out) < rooms[i]);
        (void)text_copy(out, rooms[i], text);
        REQUIRE(strlen(out) < rooms[i] && strncmp(out, text, strlen(out)) == 0);
        json_t *copy = json_string(out);
        REQUIRE(!value || copy);
        json_decref(copy);
        free(out);
    }
    json_decref(value);
    struct reason reason = {""};
    reason_set(&reason, "why: %s", text);
    require_reason(&reason);
}

static void check_hex(struct bytes data) {
    char *text = malloc(2 * data.length + 1);
    uint8_t *again = malloc(data.length);
    REQUIRE(text && (again || data.length == 0));
    hex_encode(text, data.data, data.length);
    REQUIRE(hex_decode(again, data.length, text) == 0);
    REQUIRE(data.length == 0 || memcmp(again, data.data, data.length) == 0);
    free(text);
    free(again);
}

static void check_amounts(const uint8_t *data, size_t size) {
    char text[32];
    if (size < 8)
        return;
    (void)text_size(text, sizeof text, get_le64(data));
    REQUIRE_ASCII(text);
    (void)text_duration(text, sizeof text, get_le64(data));
    REQUIRE_ASCII(text);
}

/* What a terminal answers, and what is shown on one. */
static void check_terminal(const char *text) {
    struct lines lines = {0};
    unsigned row = 0;
    unsigned column = 0;
    if (probe_decode(text, &row, &column))
        REQUIRE(row > 0 && column > 0);
    lines_wrap(&lines, STYLE_PLAIN, 20, 3, text);
    lines_add(&lines, STYLE_PLAIN, "%s", text);
    for (size_t i = 0; i < lines.count; i++) {
        for (const char *p = lines.list[i].text; *p; p++)
            REQUIRE(*p >= ' ' && *p <= '~');
        REQUIRE(i + 1 == lines.count || strlen(lines.list[i].text) <= 20);
    }
    lines_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes field = fuzz_copy(data, size);
    char *text = fuzz_text(data, size);
    check_time(text);
    check_any_time(data, size);
    check_date(field);
    check_passes(text);
    check_level(text);
    check_category(text);
    check_url(text);
    check_field(field);
    check_copies(text);
    check_terminal(text);
    check_hex(field);
    check_amounts(data, size);
    free(text);
    free((void *)field.data);
    return 0;
}
