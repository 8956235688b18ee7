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

/* Writes a document of the spool to the stick's certificates as well (stick_put), and notes in the
 * spool's folder on-stick that it is safe. 0 or negative errno. */
int spool_put_on_stick(const char *folder, const char *stick, const struct document *document);

/*
 * The same for every document of the folder, those that were acknowledged too: for a stick that
 * comes late. Returns how many are not safe on it, with the reason of the last failure; at least 1
 * if the folder cannot be read.
 */
size_t spool_copy_to_stick(const char *folder, const char *stick, struct reason *reason);

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

#endif
