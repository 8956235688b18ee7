#include "quietus/page_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct parser {
    uint8_t *out;
    size_t size;
    size_t used;
    size_t words; /* tokens of four digits */
    size_t pairs; /* tokens of two digits */
};

static bool looks_like_text(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (!isprint(c) && !isspace(c))
            return false;
    }
    return true;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

static size_t blanks_at(const char *at, const char *end) {
    size_t count = 0;
    while (at + count < end && is_blank(at[count]))
        count++;
    return count;
}

static size_t digits_at(const char *at, const char *end) {
    size_t count = 0;
    while (at + count < end && isxdigit((unsigned char)at[count]))
        count++;
    return count;
}

static int put_byte(struct parser *parser, const char *two_digits) {
    const char pair[3] = {two_digits[0], two_digits[1], '\0'};
    if (parser->used >= parser->size)
        return -EINVAL;
    return hex_decode(&parser->out[parser->used++], 1, pair);
}

/* A pair is a byte; four digits are a little-endian word, written as a number. */
static int put_token(struct parser *parser, const char *at, size_t digits) {
    if (digits == 2) {
        parser->pairs++;
        return put_byte(parser, at);
    }
    if (digits != 4)
        return -EINVAL;
    parser->words++;
    const int error = put_byte(parser, at + 2);
    return error ? error : put_byte(parser, at);
}

/*
 * The address at the beginning of a line, if there is one: digits with a colon, or digits that
 * three blanks or more set off. Returns how many characters it takes.
 */
static size_t address_at(const char *at, const char *end) {
    const size_t digits = digits_at(at, end);
    if (digits == 0)
        return 0;
    if (at + digits < end && at[digits] == ':')
        return digits + 1;
    const size_t gap = blanks_at(at + digits, end);
    return gap >= 3 && at + digits + gap < end ? digits : 0;
}

/* A ruler over the columns, as nvme-cli prints: single digits only. */
static bool is_ruler(const char *at, const char *end) {
    while (at < end) {
        if (digits_at(at, end) != 1)
            return false;
        at++;
        at += blanks_at(at, end);
    }
    return true;
}

static int parse_line(struct parser *parser, const char *at, const char *end) {
    const char *comment = memchr(at, '#', (size_t)(end - at));
    if (comment)
        end = comment;
    at += blanks_at(at, end);
    if (at == end || *at == '/' || is_ruler(at, end))
        return 0;
    const size_t address = address_at(at, end);
    at += address;
    at += blanks_at(at, end);
    while (at < end && *at != '"' && *at != '|') {
        if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
            at += 2;
        const size_t digits = digits_at(at, end);
        const int error = put_token(parser, at, digits);
        if (error)
            return error;
        at += digits;
        const size_t gap = blanks_at(at, end);
        if (at < end && gap == 0 && *at != '"' && *at != '|')
            return -EINVAL;
        at += gap;
        if (address > 0 && gap >= 3)
            break; /* what follows is the bytes as text */
    }
    return 0;
}

int page_file_parse(const char *text, size_t length, uint8_t *out, size_t size,
                    struct reason *reason) {
    if (length == 0) {
        reason_set(reason, "the file is empty");
        return -EINVAL;
    }
    if (!looks_like_text(text, length)) {
        if (length > size) {
            reason_set(reason, "the file has %zu bytes, more than any page (%zu)", length, size);
            return -EINVAL;
        }
        memcpy(out, text, length);
        return (int)length;
    }
    struct parser parser = {.out = out, .size = size};
    int line = 0;
    for (const char *at = text, *end = text + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        line++;
        if (parse_line(&parser, at, stop)) {
            reason_set(reason, "line %d is neither bytes nor words in hexadecimal", line);
            return -EINVAL;
        }
        at = stop + 1;
    }
    if (parser.words > 0 && parser.pairs > 0) {
        reason_set(reason, "the file mixes two-digit bytes and four-digit words");
        return -EINVAL;
    }
    if (parser.used == 0) {
        reason_set(reason, "the file holds no data");
        return -EINVAL;
    }
    return (int)parser.used;
}
