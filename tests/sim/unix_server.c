#include "unix_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void accept_connection(void *context) {
    struct unix_server *server = context;
    int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    server->connection.fd = fd;
    if (!event_loop_add(server->loop, &server->connection)) {
        close(fd);
        server->connection.fd = -1;
        return;
    }
    event_loop_remove(server->loop, &server->listener);
    server->connected(server->context);
}

static bool listen_at(int fd, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (unlink(path) != 0 && errno != ENOENT) {
        return false;
    }
    return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0;
}

bool unix_server_open(struct unix_server *server, struct event_loop *loop, const char *path,
                      char *problem, size_t problem_size) {
    server->loop = loop;
    server->connection = (struct watch){-1, server->readable, server->context};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    server->listener = (struct watch){fd, accept_connection, server};
    if (fd < 0 || !listen_at(fd, path) || !event_loop_add(loop, &server->listener)) {
        snprintf(problem, problem_size, "cannot listen at %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        server->listener.fd = -1;
        return false;
    }
    return true;
}

bool unix_server_is_connected(const struct unix_server *server) {
    return server->connection.fd >= 0;
}

static void take_descriptors(struct msghdr *message, int fds[UNIX_SERVER_FDS], size_t *fd_count) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
         control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
            if (*fd_count < UNIX_SERVER_FDS) {
                fds[(*fd_count)++] = fd;
            } else {
                close(fd);
            }
        }
    }
}

long unix_server_receive(struct unix_server *server, void *data, size_t size,
                         int fds[UNIX_SERVER_FDS], size_t *fd_count) {
    struct iovec part = {.iov_base = data, .iov_len = size};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(UNIX_SERVER_FDS * sizeof(int))];
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t got = recvmsg(server->connection.fd, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    take_descriptors(&message, fds, fd_count);
    return got == 0 ? -1 : got;
}

bool unix_server_send(struct unix_server *server, const void *data, size_t size) {
    return send(server->connection.fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

void unix_server_hang_up(struct unix_server *server) {
    event_loop_remove(server->loop, &server->connection);
    close(server->connection.fd);
    server->connection.fd = -1;
    event_loop_add(server->loop, &server->listener);
}

void unix_server_close(struct unix_server *server) {
    if (unix_server_is_connected(server)) {
        unix_server_hang_up(server);
    }
    event_loop_remove(server->loop, &server->listener);
    close(server->listener.fd);
    server->listener.fd = -1;
}
