/*
 * One terminal, by ncurses: draws lines and gives keys. Nothing but printable ASCII, and half
 * blocks where the terminal shows them, is written to it.
 */
#ifndef QUIETUS_TUI_TERMINAL_H
#define QUIETUS_TUI_TERMINAL_H

#include "quietus/text.h"

#include "lines.h"

#include <stdbool.h>

struct terminal;

/*
 * device: a console's node, or NULL for this program's own terminal. Its kind is by its name
 * ("linux", for a serial line "vt220"), or $TERM. A serial line is asked for its size. NULL with
 * the reason.
 */
struct terminal *terminal_open(const char *device, struct reason *reason);
void terminal_close(struct terminal *terminal);

void terminal_size(const struct terminal *terminal, unsigned *columns, unsigned *rows);
bool terminal_half_blocks(const struct terminal *terminal);

/* To be polled for input. */
int terminal_fd(const struct terminal *terminal);

/* TERMINAL_NOTHING, a byte of a character or an enum key, or TERMINAL_RESIZED; does not wait.
 * Ctrl-L sends all of the screen again, and asks a serial line for its size anew. */
enum { TERMINAL_NOTHING = -1, TERMINAL_RESIZED = -2 };
int terminal_key(struct terminal *terminal);

/* Only what is different from before is sent. */
void terminal_draw(struct terminal *terminal, const struct lines *lines);

#endif
