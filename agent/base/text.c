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
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
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

/* C0 and DEL, and C1, which UTF-8 encodes as C2h 80h to C2h 9Fh. */
static bool is_control(const unsigned char *p) {
    return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

char *text_printable(char *out, size_t size, const char *text) {
    size_t used = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p && used + 1 < size; p++) {
        const bool control = is_control(p);
        out[used++] = control ? '?' : (char)*p;
        if (control && *p == 0xc2)
            p++;
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

char *text_copy(char *out, size_t size, const char *text) {
    if (size == 0)
        return out;
    const size_t length = strnlen(text, size - 1);
    memcpy(out, text, length);
    out[length] = '\0';
    return out;
}
