/* A listening UNIX socket that serves one connection at a time; the next one waits until it has
 * ended. */
#ifndef SIM_UNIX_SERVER_H
#define SIM_UNIX_SERVER_H

#include "event_loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Descriptors that one message may bring. */
#define UNIX_SERVER_FDS 64

struct unix_server {
    struct event_loop *loop;
    struct watch listener;
    struct watch connection;
    void (*connected)(void *context);
    void (*readable)(void *context);
    void *context;
};

/* The three last members of the server are set by the caller beforehand. An old socket at the path
 * is replaced. False with a message in problem. */
bool unix_server_open(struct unix_server *server, struct event_loop *loop, const char *path,
                      char *problem, size_t problem_size);

bool unix_server_is_connected(const struct unix_server *server);

/*
 * Receives what is there, up to size bytes, and any descriptors sent with it; *fd_count is how many
 * fds holds already, and grows. Returns the number of bytes, 0 when nothing is there now, -1 when
 * the connection has ended.
 */
long unix_server_receive(struct unix_server *server, void *data, size_t size,
                         int fds[UNIX_SERVER_FDS], size_t *fd_count);

/* Sends it all at once. Answers are small and the client waits for them, so a full socket is an
 * error: false. */
bool unix_server_send(struct unix_server *server, const void *data, size_t size);

/* Ends the connection and waits for the next. */
void unix_server_hang_up(struct unix_server *server);

void unix_server_close(struct unix_server *server);

#endif
