#include "quietus/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void reason_set(struct reason *reason, const char *format, ...) {
    if (!reason)
        return;
    char text[sizeof reason->text];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)text_printable(reason->text, sizeof reason->text, text);
}

static bool is_padding(uint8_t byte) {
    return byte == ' ' || byte == '\0';
}

/* Appends one byte, escaped if need be; false when there is no room for it and the NUL. */
static bool append_escaped(char *out, size_t size, size_t *used, uint8_t byte) {
    char piece[5] = {(char)byte, '\0'};
    if (byte == '\\')
        piece[1] = '\\';
    if (byte < 0x20 || byte > 0x7e) {
        const char escape[] = {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 15], '\0'};
        memcpy(piece, escape, sizeof escape);
    }
    const size_t length = strlen(piece);
    if (*used + length + 1 > size)
        return false;
    memcpy(out + *used, piece, length);
    *used += length;
    return true;
}

void text_from_field(char *out, size_t size, const uint8_t *field, size_t length) {
    if (size == 0)
        return;
    while (length > 0 && is_padding(field[length - 1]))
        length--;
    size_t start = 0;
    while (start < length && is_padding(field[start]))
        start++;
    size_t used = 0;
    for (size_t i = start; i < length; i++) {
        if (!append_escaped(out, size, &used, field[i]))
            break;
    }
    out[used] = '\0';
}

void text_from_ata_field(char *out, size_t size, const uint8_t *field, size_t length) {
    uint8_t swapped[64] = {0};
    if (length > sizeof swapped)
        length = sizeof swapped;
    for (size_t i = 0; i + 1 < length; i += 2) {
        swapped[i] = field[i + 1];
        swapped[i + 1] = field[i];
    }
    text_from_field(out, size, swapped, length & ~(size_t)1);
}

void hex_encode(char *out, const uint8_t *data, size_t length) {
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = hex_digits[data[i] >> 4];
        out[2 * i + 1] = hex_digits[data[i] & 15];
    }
    out[2 * length] = '\0';
}

static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

int hex_decode(uint8_t *out, size_t length, const char *hex) {
    if (strlen(hex) != 2 * length)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        const int high = hex_value(hex[2 * i]);
        const int low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* How many bytes the UTF-8 character at p has; 0 if there is none (RFC 3629, section 4). */
static size_t character_length(const unsigned char *p) {
    static const struct {
        uint8_t first, last;               /* the first byte's range */
        uint8_t second_first, second_last; /* the second's; any further are 80h to BFh */
        uint8_t length;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    if (p[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].first || p[0] > forms[i].last)
            continue;
        size_t length = p[1] >= forms[i].second_first && p[1] <= forms[i].second_last ? 2 : 0;
        while (length > 0 && length < forms[i].length)
            length = (p[length] & 0xc0) == 0x80 ? length + 1 : 0;
        return length;
    }
    return 0;
}

static uint32_t code_point(const unsigned char *p, size_t length) {
    uint32_t code = length == 1 ? p[0] : p[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

/*
 * What a terminal obeys instead of showing: C0, DEL and C1, the separators of lines and paragraphs,
 * and the format characters of Unicode (general category Cf) that turn the direction of the text
 * around or cannot be seen.
 */
static bool is_control(uint32_t code) {
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

char *text_printable(char *out, size_t size, const char *text) {
    size_t used = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        const size_t length = character_length(p);
        const bool shown = length > 0 && !is_control(code_point(p, length));
        const size_t needed = shown ? length : 1;
        if (used + needed + 1 > size)
            break;
        memcpy(out + used, shown ? (const char *)p : "?", needed);
        used += needed;
        p += length > 0 ? length : 1;
    }
    if (size > 0)
        out[used] = '\0';
    return out;
}

char *text_size(char *out, size_t size, uint64_t bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    (void)snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return out;
}

char *text_duration(char *out, size_t size, uint64_t seconds) {
    if (seconds >= 3600)
        (void)snprintf(out, size, "%" PRIu64 " h %02u min", seconds / 3600,
                       (unsigned)(seconds / 60 % 60));
    else if (seconds >= 60)
        (void)snprintf(out, size, "%u min %02u s", (unsigned)(seconds / 60),
                       (unsigned)(seconds % 60));
    else
        (void)snprintf(out, size, "%u s", (unsigned)seconds);
    return out;
}

/* Below a thousand; appends. */
static void append_hundreds(char *out, size_t size, unsigned number) {
    static const char *const small[] = {"zero",    "one",     "two",       "three",    "four",
                                        "five",    "six",     "seven",     "eight",    "nine",
                                        "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                                        "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
    static const char *const tens[] = {"",      "",      "twenty",  "thirty", "forty",
                                       "fifty", "sixty", "seventy", "eighty", "ninety"};
    const unsigned rest = number % 100;
    size_t used = strlen(out);
    if (number >= 100)
        (void)snprintf(out + used, size - used, "%s hundred%s", small[number / 100],
                       rest ? " and " : "");
    used = strlen(out);
    if (rest >= 20)
        (void)snprintf(out + used, size - used, "%s%s%s", tens[rest / 10], rest % 10 ? "-" : "",
                       rest % 10 ? small[rest % 10] : "");
    else if (rest > 0 || number == 0)
        (void)snprintf(out + used, size - used, "%s", small[rest]);
}

char *text_number(char *out, size_t size, unsigned number) {
    if (number >= 1000000) {
        (void)snprintf(out, size, "%u", number);
        return out;
    }
    if (size > 0)
        out[0] = '\0';
    if (number >= 1000) {
        append_hundreds(out, size, number / 1000);
        const size_t used = strlen(out);
        const char *joint = number % 1000 == 0 ? "" : number % 1000 < 100 ? " and " : " ";
        (void)snprintf(out + used, size - used, " thousand%s", joint);
    }
    if (number < 1000 || number % 1000 != 0)
        append_hundreds(out, size, number % 1000);
    return out;
}

char *text_file_name(char out[TEXT_FILE_NAME_SIZE], const char *value) {
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t used = 0;
    for (; used < TEXT_FILE_NAME_SIZE - 1 && value[used] != '\0'; used++)
        out[used] = (char)(strchr(kept, value[used]) ? value[used] : '_');
    out[used] = '\0';
    return out;
}

char *text_copy(char *out, size_t size, const char *text) {
    if (size == 0)
        return out;
    size_t length = strnlen(text, size - 1);
    /* A character is not cut in two: no document could hold the half. */
    for (int i = 0; i < 3 && length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80; i++)
        length--;
    memcpy(out, text, length);
    out[length] = '\0';
    return out;
}
