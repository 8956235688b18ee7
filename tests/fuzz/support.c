#include "quietus/json.h"

#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_failed(const char *file, int line, const char *condition) {
    (void)dprintf(STDERR_FILENO, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

struct bytes fuzz_copy(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size);
    REQUIRE(copy || size == 0);
    if (size > 0)
        memcpy(copy, data, size);
    return (struct bytes){copy, size};
}

char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = size > 0 ? strndup((const char *)data, size) : strdup("");
    REQUIRE(text);
    return text;
}

void require_ascii(const char *text, size_t room) {
    const size_t length = strnlen(text, room);
    REQUIRE(length < room);
    for (size_t i = 0; i < length; i++)
        REQUIRE(text[i] >= 0x20 && text[i] <= 0x7e);
}

void require_printable(const char *text) {
    /* jansson is the judge of UTF-8: what it does not take cannot be in a document. */
    json_t *value = json_string(text);
    REQUIRE(value != NULL);
    json_decref(value);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        REQUIRE(*p >= 0x20 && *p != 0x7f && !(p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f));
}

void require_reason(const struct reason *reason) {
    REQUIRE(strnlen(reason->text, sizeof reason->text) < sizeof reason->text);
    REQUIRE(reason->text[0] != '\0');
    require_printable(reason->text);
}

void require_document(json_t *document) {
    struct reason reason = {""};
    char *line = json_line(document);
    json_t *again = json_parse(line, strlen(line), &reason);
    REQUIRE(again != NULL);
    REQUIRE(json_equal(document, again));
    json_decref(again);
    json_decref(document);
    free(line);
}

int fuzz_file(const uint8_t *data, size_t size, char path[32]) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    REQUIRE(size == 0 || write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}
