/* The back end's side of vhost-user: virtqueues of a virtual machine (QEMU's
 * docs/interop/vhost-user.rst). */
#ifndef SIM_VHOST_USER_H
#define SIM_VHOST_USER_H

#include "guest_memory.h"
#include "unix_server.h"
#include "virtqueue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VHOST_USER_QUEUES  16
#define VHOST_USER_REGIONS 8

struct vhost_user_device {
    uint64_t features;                               /* of the virtio device */
    void (*ready)(void *context, unsigned queue);    /* the queue runs, or was kicked */
    void (*stopping)(void *context, unsigned queue); /* give up what came from it */
    void (*connected)(void *context);
    void (*disconnected)(void *context);
    void *context;
};

struct vhost_user;

struct vhost_user_queue {
    struct vhost_user *vhost;
    struct virtqueue ring;
    struct watch kick; /* fd -1: none */
    bool enabled;
    bool started;
};

/* How the machine's own addresses, which it names rings by, map to the guest's. */
struct vhost_user_region {
    uint64_t guest, size, user;
};

struct vhost_user {
    struct unix_server server;
    const struct vhost_user_device *device;
    struct guest_memory memory;
    struct vhost_user_region regions[VHOST_USER_REGIONS];
    size_t region_count;
    uint64_t features; /* those that were acknowledged */
    struct vhost_user_queue queues[VHOST_USER_QUEUES];
    uint8_t *message;
    size_t received;
    int fds[UNIX_SERVER_FDS];
    size_t fd_count;
};

/* Listens at the path. False with a message in problem. */
bool vhost_user_open(struct vhost_user *vhost, struct event_loop *loop, const char *path,
                     const struct vhost_user_device *device, char *problem, size_t problem_size);

void vhost_user_close(struct vhost_user *vhost);

#endif
