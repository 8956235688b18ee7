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
    int margin;
};

static bool is_dark(const struct frame *frame, int row, int column) {
    const int width = frame->code->width;
    row -= frame->margin;
    column -= frame->margin;
    return row >= 0 && row < width && column >= 0 && column < width &&
           (frame->code->data[row * width + column] & 1);
}

static void add_halves(const struct frame *frame, struct lines *out) {
    static const char signs[2][2] = {{CODE_LIGHT, CODE_LOWER}, {CODE_UPPER, CODE_DARK}};
    const int size = frame->code->width + 2 * frame->margin;
    for (int row = 0; row < size; row += 2) {
        char text[LINE_SIZE] = "";
        for (int column = 0; column < size; column++)
            text[column] = signs[is_dark(frame, row, column)][is_dark(frame, row + 1, column)];
        lines_add(out, STYLE_CODE, "%s", text);
        out->list[out->count - 1].style_columns = (unsigned)size;
    }
}

static void add_wide(const struct frame *frame, struct lines *out) {
    const int size = frame->code->width + 2 * frame->margin;
    for (int row = 0; row < size; row++) {
        char text[LINE_SIZE] = "";
        for (int column = 0; column < size; column++) {
            text[2 * column] = is_dark(frame, row, column) ? CODE_DARK : CODE_LIGHT;
            text[2 * column + 1] = text[2 * column];
        }
        lines_add(out, STYLE_WIDE, "%s", text);
        out->list[out->count - 1].style_columns = 2 * (unsigned)size;
    }
}

static bool fits(int size, enum style style, unsigned columns, unsigned rows) {
    const unsigned across = (unsigned)size * (style == STYLE_WIDE ? 2 : 1);
    const unsigned down = style == STYLE_WIDE ? (unsigned)size : ((unsigned)size + 1) / 2;
    return across <= columns && down <= rows && across < LINE_SIZE;
}

int code_lines(const char *text, enum style style, unsigned columns, unsigned rows,
               struct lines *out) {
    static const int margins[] = {4, 3, 2};
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code)
        return -E2BIG;
    int error = -ENOSPC;
    for (size_t i = 0; i < sizeof margins / sizeof *margins && error; i++) {
        const struct frame frame = {code, margins[i]};
        if (!fits(code->width + 2 * frame.margin, style, columns, rows))
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
