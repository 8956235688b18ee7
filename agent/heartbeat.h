/*
 * A small document that is stored again and again while a run lasts, so that whoever watches many
 * servers sees that this one is alive, and how far it is. It is not signed and no evidence, and
 * never holds the run up: it is sent by a thread of its own, and one that cannot be sent is
 * forgotten.
 */
#ifndef QUIETUS_HEARTBEAT_H
#define QUIETUS_HEARTBEAT_H

#include "quietus/pipeline.h"
#include "quietus/run.h"

struct heartbeat;

/* Below the URL, as SERVER-RUN.heartbeat, every so many seconds. NULL, which is fine everywhere, if
 * there is no URL or the seconds are 0. */
struct heartbeat *heartbeat_start(const char *url, unsigned seconds, const struct session *session,
                                  const struct server *server);

/* Called about every second; sends if it is time to. */
void heartbeat_update(struct heartbeat *heartbeat, struct disk_run *const *runs, size_t count);

/* The disks are done: "delivering", and at the end "ended" with the exit status, sent at once. */
void heartbeat_delivering(struct heartbeat *heartbeat);
/* Waits a few seconds for the last one to be sent, and no longer. */
void heartbeat_end(struct heartbeat *heartbeat, int exit_status);

#endif
