#include "lines.h"

#include "quietus/cleanup.h"
#include "quietus/memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *screen_text(char *out, size_t size, const char *text) {
    size_t used = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p && used + 1 < size; p++) {
        const bool continues = (*p & 0xc0) == 0x80; /* of a UTF-8 character that has its '?' */
        if (continues && p != (const unsigned char *)text && p[-1] >= 0x80)
            continue;
        out[used++] = (*p >= ' ' && *p <= '~') || *p == '\n' ? (char)*p : '?';
    }
    if (size > 0)
        out[used] = '\0';
    return out;
}

void lines_free(struct lines *lines) {
    free(lines->list);
    *lines = (struct lines){0};
}

static void append(struct lines *lines, enum style style, unsigned indent, const char *text,
                   size_t length) {
    lines->list = memory_grow(lines->list, lines->count + 1, sizeof *lines->list);
    struct line *line = &lines->list[lines->count++];
    *line = (struct line){.style = style};
    (void)snprintf(line->text, sizeof line->text, "%*s%.*s", (int)indent, "", (int)length, text);
}

void lines_add(struct lines *lines, enum style style, const char *format, ...) {
    char text[2 * LINE_SIZE];
    char clean[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)screen_text(clean, sizeof clean, text);
    for (char *p = clean; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    append(lines, style, 0, clean, strlen(clean));
}

/* How much of the text goes into a line of that width: up to the last space, if there is one. */
static size_t fitting(const char *text, size_t length, size_t width) {
    if (length <= width)
        return length;
    for (size_t i = width; i > 0; i--) {
        if (text[i] == ' ')
            return i;
    }
    return width;
}

static void wrap_paragraph(struct lines *lines, enum style style, unsigned columns, unsigned indent,
                           const char *text, size_t length) {
    enum { LEAST_WIDTH = 8, HANGING = 2 };
    bool first = true;
    do {
        const unsigned start = first ? indent : indent + HANGING;
        const size_t room = columns > start + LEAST_WIDTH ? columns - start : LEAST_WIDTH;
        const size_t taken = fitting(text, length, room);
        append(lines, style, start, text, taken);
        text += taken;
        length -= taken;
        while (length > 0 && *text == ' ') {
            text++;
            length--;
        }
        first = false;
    } while (length > 0);
}

void lines_wrap(struct lines *lines, enum style style, unsigned columns, unsigned indent,
                const char *text) {
    const size_t size = strlen(text) + 1;
    AUTO_FREE char *clean = memory_new(1, size);
    (void)screen_text(clean, size, text);
    if (columns >= LINE_SIZE)
        columns = LINE_SIZE - 1;
    for (const char *p = clean;;) {
        const size_t length = strcspn(p, "\n");
        if (length > 0 || p[length] == '\n')
            wrap_paragraph(lines, style, columns, indent, p, length);
        if (p[length] == '\0')
            break;
        p += length + 1;
    }
}
