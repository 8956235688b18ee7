/*
 * Lines of text for a screen. Pure. Whatever is put in, only printable ASCII comes out: it is the
 * same on every terminal and serial line, one column for each byte, and nothing that a disk says of
 * itself can move the cursor.
 */
#ifndef QUIETUS_TUI_LINES_H
#define QUIETUS_TUI_LINES_H

#include <stddef.h>

enum { LINE_SIZE = 400 }; /* columns, and the NUL */

enum style {
    STYLE_PLAIN,
    STYLE_BAR,    /* title and keys */
    STYLE_CURSOR, /* where the person is */
    STYLE_STRONG,
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_CODE, /* modules of a QR code, two to a character: see code.h */
    STYLE_WIDE, /* one to two characters */
};

struct line {
    char text[LINE_SIZE];
    enum style style;
    unsigned style_columns; /* the style ends here; 0: the whole line has it */
};

struct lines {
    struct line *list;
    size_t count;
};

void lines_free(struct lines *lines);

/* One line; what is too long is cut. */
__attribute__((format(printf, 3, 4))) void lines_add(struct lines *lines, enum style style,
                                                     const char *format, ...);

/*
 * A text of any length, broken between words (or within one that is longer than a line). Its own
 * newlines are kept. Every line begins at that column, the second and further ones of a paragraph
 * two columns later.
 */
void lines_wrap(struct lines *lines, enum style style, unsigned columns, unsigned indent,
                const char *text);

/* Printable ASCII: each other character becomes one '?'; newlines stay. Returns out. */
char *screen_text(char *out, size_t size, const char *text);

#endif
