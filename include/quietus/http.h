/* HTTP and HTTPS, by libcurl; names are resolved by c-ares, since static glibc cannot. */
#ifndef QUIETUS_HTTP_H
#define QUIETUS_HTTP_H

#include "quietus/server.h"
#include "quietus/text.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Once, before any thread. The certificates of servers have to be valid at clock_now's time. */
void http_start(void);

/* Certificates that HTTPS servers are checked against (PEM); NULL: the image's own choice, which is
 * /etc/quietus/ca.pem if there is one, else the public authorities. */
void http_trust(const char *ca_file);

/*
 * Both are ended, with -EIO, ten minutes after they began and once clock_monotonic_ms has come to
 * *deadline_ms, which may be moved meanwhile; a server that goes on answering slowly holds nobody
 * up for longer.
 */

/* Fetches at most limit bytes; 0, or a negative errno with the reason (-EIO if it may be worth
 * another try, -ENOENT if the server says that there is no such thing). The caller frees data,
 * which has a NUL behind it. */
int http_get(const char *url, size_t limit, const atomic_int_fast64_t *deadline_ms, char **data,
             size_t *length, struct reason *reason);

/* Stores data at the URL. 0 if the server answered with a 2xx. */
int http_put(const char *url, const char *data, size_t length,
             const atomic_int_fast64_t *deadline_ms, struct reason *reason);

/*
 * What the Date header of the URL's server says: how far it is ahead of the machine's clock, and
 * how wrong that may be (it has whole seconds). Of HTTPS: whom an authority vouches for, by a
 * certificate that is valid at the time that is told. At most some twenty seconds. 0, or -EIO with
 * the reason.
 */
int http_date(const char *url, int64_t *ahead_ms, int64_t *error_ms, struct reason *reason);

/* A URL as messages and documents have it: without a user's name and password. Returns out. */
char *http_shown_url(const char *url, char *out, size_t size);

/* The time in a header's line, if it is a Date, from 1970 to 9999: no document can name another. */
bool http_date_of_header(const char *line, size_t length, int64_t *seconds);

/*
 * Replaces {serial}, {uuid}, {board_serial} and {mac} (the first interface's, with hyphens) by the
 * server's values: in a URL percent-encoded, as boot loaders do it, else as text_file_name has it.
 * -EINVAL with the reason if a name in braces is none of these or its value is empty, or out is too
 * small.
 */
int http_expand(const char *pattern, const struct server *server, char *out, size_t size,
                struct reason *reason);
/* The same for a part of a URL. */
int http_expand_url(const char *pattern, const struct server *server, char *out, size_t size,
                    struct reason *reason);

#endif
