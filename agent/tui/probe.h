/* What a terminal says of itself when it is asked. */
#ifndef QUIETUS_TUI_PROBE_H
#define QUIETUS_TUI_PROBE_H

#include <stdbool.h>

struct probe {
    bool answers;
    bool utf8; /* a character of three bytes moved the cursor by one */
    unsigned columns;
    unsigned rows;
};

/*
 * Writes to the terminal and reads what it answers; it has to be in raw mode. What was typed ahead
 * is thrown away. A terminal that says nothing costs a third of a second.
 */
void probe_terminal(int fd, struct probe *out);

/* "ESC [ ROW ; COLUMN R" anywhere in the text: true, and the two. */
bool probe_decode(const char *text, unsigned *row, unsigned *column);

#endif
