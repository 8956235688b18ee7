/*
 * The spool, where every document is before anyone tries to send it, and sending from it until each
 * is acknowledged (law 8). Acknowledged is what can be read back with the same bytes: a 200 alone
 * may come from a captive portal. A document that is on a stick, read back too, is safe, though
 * nobody has acknowledged it yet.
 */
#ifndef QUIETUS_DELIVER_H
#define QUIETUS_DELIVER_H

#include "quietus/certificate.h"

#include <stdatomic.h>

/*
 * Makes the folder if need be, and leaves a mark in it, incomplete-RUN, that tells init that not
 * every document of the run is in it, whatever becomes of the agent. 0 or negative errno.
 */
int spool_begin(const char *folder, const char *run_id);
/* Every document of the run is in the spool: the mark goes. */
void spool_complete(const char *folder, const char *run_id);

/* Writes the document's file into the folder, which is made if need be. 0 or negative errno; one
 * that is there already is never replaced (-EEXIST). */
int spool_put(const char *folder, const struct document *document);

/*
 * Writes every document of the folder, those that were acknowledged too, to the stick's
 * certificates (stick_put), and notes in the spool's folder on-stick that it is safe. Returns how
 * many are not safe on it, with the reason of the last failure; at least 1 if the folder cannot be
 * read. For a stick that comes late.
 */
size_t spool_copy_to_stick(const char *folder, const char *stick, struct reason *reason);

/* The same for those that are on no stick yet. heard_ms: set to clock_monotonic_ms whenever the
 * stick is done with one of them. */
size_t spool_save(const char *folder, const char *stick, atomic_int_fast64_t *heard_ms,
                  struct reason *reason);

/* How many documents of the folder are neither acknowledged nor on a stick; as spool_count else. */
size_t spool_count_unsafe(const char *folder);

/* How many documents are in the folder and not acknowledged. A folder that is not there has none;
 * if it cannot be read, at least 1. */
size_t spool_count(const char *folder);

/*
 * Tries each document of the folder once: stores it below the URL, reads it back, and moves it to
 * the folder "sent" if the bytes are the same. Returns how many are left, with the reason of the
 * last failure; at least 1 if the folder cannot be read. deadline_ms as in http.h.
 */
size_t deliver_once(const char *folder, const char *url, const atomic_int_fast64_t *deadline_ms,
                    struct reason *reason);

/* Stores one file below the URL under the name, and reads it back. 0, or negative errno with the
 * reason. */
int deliver_file(const char *path, const char *url, const char *name,
                 const atomic_int_fast64_t *deadline_ms, struct reason *reason);

/* Sends in the background, with back-off, as documents come. */
struct deliverer;
struct deliverer *deliverer_start(const char *folder, const char *url);
/* Something new is in the spool. */
void deliverer_wake(struct deliverer *deliverer);
/* Waits at most that many seconds (and ten more for a last try) for the spool to be empty, stops,
 * and returns how many documents are left, with the reason of the last failure. */
size_t deliverer_finish(struct deliverer *deliverer, unsigned seconds, struct reason *reason);

/*
 * Writes what comes into the spool to a stick, as long as one is there, in a thread of its own: a
 * stick that hangs costs only itself. One that is not done with a document in STICK_SILENCE_MS does
 * not answer, and nobody waits for it any longer; if it answers yet, what it has taken is safe.
 */
enum { STICK_SILENCE_MS = 30000 };

struct stick_writer;
struct stick_writer *stick_writer_start(const char *folder, const char *stick);
/* Something new is in the spool. */
void stick_writer_wake(struct stick_writer *writer);
/* Waits until everything in the spool was tried, or the stick does not answer. */
void stick_writer_wait(struct stick_writer *writer);
/* Whether something could not be written, or the stick does not answer; and why. */
bool stick_writer_fails(struct stick_writer *writer, struct reason *reason);
/* Tries once more what is not on the stick, waits, and stops; a thread that hangs, and its memory,
 * are given up. False if there was no stick that takes documents; else the reason says why it has
 * not got everything, or "". */
bool stick_writer_finish(struct stick_writer *writer, struct reason *reason);

#endif
