/* For input.c: what is typed into a field. */
#ifndef QUIETUS_TUI_TYPING_H
#define QUIETUS_TUI_TYPING_H

#include "screen.h"

/* Words that are compared, and passwords: ASCII. True if the key belongs into the text; one that
 * does not fit is dropped. */
bool screen_type(struct screen *screen, char *text, size_t size, int key);

/* Texts for people: whole characters of UTF-8, of which the keys are the bytes. What is none, or
 * could not be seen on a document, is left out, and that is said. */
void screen_type_text(struct screen *screen, char *text, size_t size, int key);

/* To be asked before a key is taken for such a text: false if a character is not whole and the key
 * would end the text; the person is told. */
bool screen_text_whole(struct screen *screen, int key);

#endif
