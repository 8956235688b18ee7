/* For input.c: what the keys do that go up and down. */
#ifndef QUIETUS_TUI_MOVING_H
#define QUIETUS_TUI_MOVING_H

#include "screen.h"

/* A page that is text. */
void screen_scroll(struct screen *screen, int key);

/* True if the key moves the cursor in a list of disks, to one of those that are shown. */
typedef bool (*shown_disk)(const struct screen_disk *disk);
bool screen_move(struct screen *screen, int key, shown_disk shown);

/* Likewise in the result, of which the text is scrolled too. */
bool screen_move_in_result(struct screen *screen, int key);

#endif
