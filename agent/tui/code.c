#include "code.h"

#include <ctype.h>
#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *code_text(char *out, size_t size, const char *id, const char *digest) {
    (void)snprintf(out, size, "QUIETUS:%s:%s", id, digest);
    for (char *p = out; *p; p++) {
        *p = (char)toupper((unsigned char)*p);
        /* A code's alphanumeric mode has these and no others (ISO/IEC 18004, 7.4.4). */
        if (!isalnum((unsigned char)*p) && !strchr(" $%*+-./:", *p))
            *p = '-';
    }
    return out;
}

struct frame {
    const QRcode *code;
    size_t width; /* modules */
    size_t margin;
};

static bool is_dark(const struct frame *frame, size_t row, size_t column) {
    const size_t end = frame->margin + frame->width;
    if (row < frame->margin || row >= end || column < frame->margin || column >= end)
        return false;
    row -= frame->margin;
    column -= frame->margin;
    return frame->code->data[row * frame->width + column] & 1;
}

static void add_halves(const struct frame *frame, struct lines *out) {
    static const char signs[2][2] = {{CODE_LIGHT, CODE_LOWER}, {CODE_UPPER, CODE_DARK}};
    const size_t size = frame->width + 2 * frame->margin;
    for (size_t row = 0; row < size; row += 2) {
        char text[LINE_SIZE] = "";
        for (size_t column = 0; column < size; column++)
            text[column] = signs[is_dark(frame, row, column)][is_dark(frame, row + 1, column)];
        lines_add(out, STYLE_CODE, "%s", text);
        out->list[out->count - 1].style_columns = (unsigned)size;
    }
}

static void add_wide(const struct frame *frame, struct lines *out) {
    const size_t size = frame->width + 2 * frame->margin;
    for (size_t row = 0; row < size; row++) {
        char text[LINE_SIZE] = "";
        for (size_t column = 0; column < size; column++) {
            text[2 * column] = is_dark(frame, row, column) ? CODE_DARK : CODE_LIGHT;
            text[2 * column + 1] = text[2 * column];
        }
        lines_add(out, STYLE_WIDE, "%s", text);
        out->list[out->count - 1].style_columns = 2 * (unsigned)size;
    }
}

static bool fits(size_t size, enum style style, unsigned columns, unsigned rows) {
    const size_t across = size * (style == STYLE_WIDE ? 2 : 1);
    const size_t down = style == STYLE_WIDE ? size : (size + 1) / 2;
    return across <= columns && down <= rows && across < LINE_SIZE;
}

int code_lines(const char *text, enum style style, unsigned columns, unsigned rows,
               struct lines *out) {
    static const size_t margins[] = {4, 3, 2};
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code)
        return -E2BIG;
    int error = -ENOSPC;
    for (size_t i = 0; i < sizeof margins / sizeof *margins && error; i++) {
        const struct frame frame = {code, (size_t)code->width, margins[i]};
        if (!fits(frame.width + 2 * frame.margin, style, columns, rows))
            continue;
        if (style == STYLE_WIDE)
            add_wide(&frame, out);
        else
            add_halves(&frame, out);
        error = 0;
    }
    QRcode_free(code);
    return error;
}
