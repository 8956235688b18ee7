/*
 * The consoles of a machine, of which one has the screen: the one where Enter was pressed last. So
 * a line that nobody is at, or that brings noise, keeps nobody out.
 */
#ifndef QUIETUS_TUI_CONSOLES_H
#define QUIETUS_TUI_CONSOLES_H

#include "terminal.h"

struct consoles;

/* devices: nodes; none: this program's own terminal has the screen at once. NULL with the reason if
 * none of them can be used. */
struct consoles *consoles_open(char *const *devices, size_t count, struct reason *reason);
void consoles_close(struct consoles *consoles);

/* The one that has the screen, or NULL as long as nobody has pressed Enter anywhere. */
struct terminal *consoles_current(const struct consoles *consoles);

/* Waits so long for anything to be typed anywhere. True if the screen has gone to another console.
 */
bool consoles_wait(struct consoles *consoles, int milliseconds);

/* True if this program's own terminal is gone (its window was closed), and nobody can press a key.
 */
bool consoles_lost(const struct consoles *consoles);

#endif
