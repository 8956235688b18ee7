/*
 * Keeps the documents of the spool: on the image the spool is memory, so each is copied to the
 * stick as soon as it is there, and to another stick that is put in; what is safely on one leaves
 * the spool for its folder "sent", as what was delivered does. A thread of its own, since a stick
 * may hang.
 */
#ifndef QUIETUS_TUI_KEEPING_H
#define QUIETUS_TUI_KEEPING_H

#include "screen.h"

struct keeping;

/* stick: the folder where a stick is mounted; NULL: documents stay in the spool, which is on a disk
 * that stays. */
struct keeping *keeping_start(const char *spool, const char *stick);

/* How it stands; does not wait for anything slow. */
void keeping_read(struct keeping *keeping, struct screen_keeping *out);

/* Looks at once; until that is done the state is stale. */
void keeping_look_again(struct keeping *keeping);

/* The same, and saves everything: what is on one stick already goes to the one that is there now
 * too. */
void keeping_save_all(struct keeping *keeping);

void keeping_stop(struct keeping *keeping);

#endif
