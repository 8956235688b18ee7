/* A technician's screen without a terminal, for several tests. */
#ifndef QUIETUS_TEST_SCREEN_SETUP_H
#define QUIETUS_TEST_SCREEN_SETUP_H

#include "quietus/scan.h"

#include "../../agent/tui/screen.h"

void add_screen_disk(struct scan *scan, const char *serial, const char *model);

/* The screen has looked for disks, and this was found. */
void take_scan(struct screen *screen, const struct scan *scan);

/* A screen with so many disks, SERIAL-0 and so on. */
void start_screen(struct screen *screen, size_t count);

/* And Enter behind it, of which it returns the action. */
enum action type_text(struct screen *screen, const char *text);

bool is_shown(const struct screen *screen, const char *text);

/* As many lines as the screen has, none longer, nothing in them that a terminal obeys. */
void assert_sound(const struct screen *screen);

/* From the list to the page where a confirmation is typed. */
void go_to_confirmation(struct screen *screen);

#endif
