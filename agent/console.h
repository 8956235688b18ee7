/*
 * What is said while disks are worked on. A thread writes it, so that a terminal or a serial line
 * that takes nothing any more holds up no certificate and no watch over a disk.
 */
#ifndef QUIETUS_CONSOLE_H
#define QUIETUS_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

struct console;

struct console *console_new(void);

/* Puts the text, which is copied, behind what was said before; it goes to the file descriptor. */
void console_say(struct console *console, int fd, const char *text);

/* True while something has not been written yet: no time for what is not important. */
bool console_is_busy(struct console *console);

/* Waits at most that long for what was said to be written, and ends it. */
void console_free(struct console *console, int64_t milliseconds);

#endif
