#include "vhost_user.h"

#include "vhost_user_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_PAYLOAD                                                                            \
    (sizeof(struct vhost_user_memory) +                                                            \
     VHOST_USER_REGIONS * sizeof(struct vhost_user_memory_region))
#define LARGEST_MESSAGE (sizeof(struct vhost_user_header) + LARGEST_PAYLOAD)

struct reply {
    uint8_t data[16];
    size_t size;
};

static void put_reply(struct reply *reply, const void *data, size_t size) {
    memcpy(reply->data, data, size);
    reply->size = size;
}

static int take_fd(struct vhost_user *vhost) {
    if (vhost->fd_count == 0) {
        return -1;
    }
    int fd = vhost->fds[0];
    vhost->fds[0] = -1;
    return fd;
}

/* Rings: a queue runs from its kick descriptor's coming, and enabling, until its base is asked for.
 */

static void run(struct vhost_user_queue *queue) {
    queue->ring.running = queue->started && queue->enabled;
    if (queue->ring.running) {
        unsigned index = (unsigned)(queue - queue->vhost->queues);
        queue->vhost->device->ready(queue->vhost->device->context, index);
    }
}

static void on_kick(void *context) {
    struct vhost_user_queue *queue = context;
    uint64_t count;
    if (read(queue->kick.fd, &count, sizeof count) == sizeof count) {
        run(queue);
    }
}

static void drop_kick(struct vhost_user_queue *queue) {
    if (queue->kick.fd >= 0) {
        event_loop_remove(queue->vhost->server.loop, &queue->kick);
        close(queue->kick.fd);
        queue->kick.fd = -1;
    }
}

static void stop(struct vhost_user_queue *queue) {
    if (queue->started) {
        unsigned index = (unsigned)(queue - queue->vhost->queues);
        queue->vhost->device->stopping(queue->vhost->device->context, index);
    }
    queue->started = false;
    queue->ring.running = false;
    drop_kick(queue);
}

static uint64_t guest_address(const struct vhost_user *vhost, uint64_t user) {
    for (size_t i = 0; i < vhost->region_count; i++) {
        const struct vhost_user_region *region = &vhost->regions[i];
        if (user >= region->user && user - region->user < region->size) {
            return user - region->user + region->guest;
        }
    }
    return UINT64_MAX;
}

/* The handlers of messages; false: it cannot be done. A payload is at least as long as the table
 * says. */

static bool on_get_features(struct vhost_user *vhost, const uint8_t *payload, struct reply *reply) {
    (void)payload;
    uint64_t features = vhost->device->features | VHOST_USER_PROTOCOL_FEATURES;
    put_reply(reply, &features, sizeof features);
    return true;
}

/* Without the protocol features queues are enabled from the beginning. */
static bool on_set_features(struct vhost_user *vhost, const uint8_t *payload, struct reply *reply) {
    (void)reply;
    memcpy(&vhost->features, payload, sizeof vhost->features);
    if (!(vhost->features & VHOST_USER_PROTOCOL_FEATURES)) {
        for (unsigned i = 0; i < VHOST_USER_QUEUES; i++) {
            vhost->queues[i].enabled = true;
        }
    }
    return true;
}

static bool on_ignored(struct vhost_user *vhost, const uint8_t *payload, struct reply *reply) {
    (void)vhost, (void)payload, (void)reply;
    return true;
}

static bool on_get_protocol_features(struct vhost_user *vhost, const uint8_t *payload,
                                     struct reply *reply) {
    (void)vhost, (void)payload;
    const uint64_t features = VHOST_USER_PROTOCOL_MQ | VHOST_USER_PROTOCOL_REPLY_ACK;
    put_reply(reply, &features, sizeof features);
    return true;
}

static bool on_get_queue_num(struct vhost_user *vhost, const uint8_t *payload,
                             struct reply *reply) {
    (void)vhost, (void)payload;
    const uint64_t count = VHOST_USER_QUEUES;
    put_reply(reply, &count, sizeof count);
    return true;
}

/* The whole memory is told anew each time. */
static bool on_set_mem_table(struct vhost_user *vhost, const uint8_t *payload,
                             struct reply *reply) {
    (void)reply;
    struct vhost_user_memory head;
    memcpy(&head, payload, sizeof head);
    if (head.count > VHOST_USER_REGIONS || head.count > vhost->fd_count) {
        return false;
    }
    guest_memory_clear(&vhost->memory);
    vhost->region_count = 0;
    for (uint32_t i = 0; i < head.count; i++) {
        struct vhost_user_memory_region region;
        memcpy(&region, payload + sizeof head + sizeof region * i, sizeof region);
        if (!guest_memory_map(&vhost->memory, region.guest, region.size, vhost->fds[i],
                              region.offset, true)) {
            return false;
        }
        vhost->regions[vhost->region_count++] =
            (struct vhost_user_region){region.guest, region.size, region.user};
    }
    return true;
}

static struct vhost_user_queue *queue_of(struct vhost_user *vhost, uint64_t index) {
    return index < VHOST_USER_QUEUES ? &vhost->queues[index] : NULL;
}

static bool on_set_vring_num(struct vhost_user *vhost, const uint8_t *payload,
                             struct reply *reply) {
    (void)reply;
    struct vhost_user_vring_state state;
    memcpy(&state, payload, sizeof state);
    struct vhost_user_queue *queue = queue_of(vhost, state.index);
    if (!queue || state.value > 32768 || (state.value & (state.value - 1)) != 0) {
        return false;
    }
    queue->ring.size = state.value;
    return true;
}

static bool on_set_vring_addr(struct vhost_user *vhost, const uint8_t *payload,
                              struct reply *reply) {
    (void)reply;
    struct vhost_user_vring_address address;
    memcpy(&address, payload, sizeof address);
    struct vhost_user_queue *queue = queue_of(vhost, address.index);
    if (!queue) {
        return false;
    }
    queue->ring.descriptors = guest_address(vhost, address.descriptors);
    queue->ring.available = guest_address(vhost, address.available);
    queue->ring.used = guest_address(vhost, address.used);
    return true;
}

static bool on_set_vring_base(struct vhost_user *vhost, const uint8_t *payload,
                              struct reply *reply) {
    (void)reply;
    struct vhost_user_vring_state state;
    memcpy(&state, payload, sizeof state);
    struct vhost_user_queue *queue = queue_of(vhost, state.index);
    if (!queue) {
        return false;
    }
    queue->ring.next = (uint16_t)state.value;
    return true;
}

static bool on_get_vring_base(struct vhost_user *vhost, const uint8_t *payload,
                              struct reply *reply) {
    struct vhost_user_vring_state state;
    memcpy(&state, payload, sizeof state);
    struct vhost_user_queue *queue = queue_of(vhost, state.index);
    if (!queue) {
        return false;
    }
    stop(queue);
    state.value = queue->ring.next;
    put_reply(reply, &state, sizeof state);
    return true;
}

static bool on_set_vring_kick(struct vhost_user *vhost, const uint8_t *payload,
                              struct reply *reply) {
    (void)reply;
    uint64_t value;
    memcpy(&value, payload, sizeof value);
    struct vhost_user_queue *queue = queue_of(vhost, value & VHOST_USER_QUEUE_MASK);
    if (!queue) {
        return false;
    }
    drop_kick(queue);
    queue->kick = (struct watch){take_fd(vhost), on_kick, queue};
    if (queue->kick.fd >= 0 && !event_loop_add(vhost->server.loop, &queue->kick)) {
        return false;
    }
    queue->started = true;
    run(queue);
    return true;
}

static bool on_set_vring_call(struct vhost_user *vhost, const uint8_t *payload,
                              struct reply *reply) {
    (void)reply;
    uint64_t value;
    memcpy(&value, payload, sizeof value);
    struct vhost_user_queue *queue = queue_of(vhost, value & VHOST_USER_QUEUE_MASK);
    if (!queue) {
        return false;
    }
    if (queue->ring.call >= 0) {
        close(queue->ring.call);
    }
    queue->ring.call = take_fd(vhost);
    return true;
}

static bool on_set_vring_enable(struct vhost_user *vhost, const uint8_t *payload,
                                struct reply *reply) {
    (void)reply;
    struct vhost_user_vring_state state;
    memcpy(&state, payload, sizeof state);
    struct vhost_user_queue *queue = queue_of(vhost, state.index);
    if (!queue) {
        return false;
    }
    queue->enabled = state.value != 0;
    run(queue);
    return true;
}

static const struct {
    bool (*handle)(struct vhost_user *vhost, const uint8_t *payload, struct reply *reply);
    size_t least; /* bytes of payload */
} requests[VHOST_USER_REQUESTS] = {
    [VHOST_USER_GET_FEATURES] = {on_get_features, 0},
    [VHOST_USER_SET_FEATURES] = {on_set_features, sizeof(uint64_t)},
    [VHOST_USER_SET_OWNER] = {on_ignored, 0},
    [VHOST_USER_RESET_OWNER] = {on_ignored, 0},
    [VHOST_USER_SET_MEM_TABLE] = {on_set_mem_table, sizeof(struct vhost_user_memory)},
    [VHOST_USER_SET_VRING_NUM] = {on_set_vring_num, sizeof(struct vhost_user_vring_state)},
    [VHOST_USER_SET_VRING_ADDR] = {on_set_vring_addr, sizeof(struct vhost_user_vring_address)},
    [VHOST_USER_SET_VRING_BASE] = {on_set_vring_base, sizeof(struct vhost_user_vring_state)},
    [VHOST_USER_GET_VRING_BASE] = {on_get_vring_base, sizeof(struct vhost_user_vring_state)},
    [VHOST_USER_SET_VRING_KICK] = {on_set_vring_kick, sizeof(uint64_t)},
    [VHOST_USER_SET_VRING_CALL] = {on_set_vring_call, sizeof(uint64_t)},
    [VHOST_USER_SET_VRING_ERR] = {on_ignored, sizeof(uint64_t)},
    [VHOST_USER_GET_PROTOCOL_FEATURES] = {on_get_protocol_features, 0},
    [VHOST_USER_SET_PROTOCOL_FEATURES] = {on_ignored, sizeof(uint64_t)},
    [VHOST_USER_GET_QUEUE_NUM] = {on_get_queue_num, 0},
    [VHOST_USER_SET_VRING_ENABLE] = {on_set_vring_enable, sizeof(struct vhost_user_vring_state)},
};

static void close_fds(struct vhost_user *vhost) {
    for (size_t i = 0; i < vhost->fd_count; i++) {
        if (vhost->fds[i] >= 0) {
            close(vhost->fds[i]);
        }
    }
    vhost->fd_count = 0;
}

static void init_queue(struct vhost_user *vhost, struct vhost_user_queue *queue) {
    *queue = (struct vhost_user_queue){
        .vhost = vhost,
        .ring = {.memory = &vhost->memory, .call = -1},
        .kick = {.fd = -1},
    };
}

static void hang_up(struct vhost_user *vhost) {
    for (unsigned i = 0; i < VHOST_USER_QUEUES; i++) {
        struct vhost_user_queue *queue = &vhost->queues[i];
        stop(queue);
        if (queue->ring.call >= 0) {
            close(queue->ring.call);
        }
        init_queue(vhost, queue);
    }
    unix_server_hang_up(&vhost->server);
    close_fds(vhost);
    vhost->received = 0;
    guest_memory_clear(&vhost->memory);
    vhost->region_count = 0;
    vhost->device->disconnected(vhost->device->context);
}

static bool send_reply(struct vhost_user *vhost, uint32_t request, const struct reply *reply) {
    const struct vhost_user_header head = {request, VHOST_USER_VERSION | VHOST_USER_REPLY,
                                           (uint32_t)reply->size};
    uint8_t out[sizeof head + sizeof reply->data];
    memcpy(out, &head, sizeof head);
    memcpy(out + sizeof head, reply->data, reply->size);
    return unix_server_send(&vhost->server, out, sizeof head + reply->size);
}

/* How much room the payload of SET_MEM_TABLE must have for the count that it names. */
static bool is_complete(const struct vhost_user_header *header, const uint8_t *payload) {
    if (header->request != VHOST_USER_SET_MEM_TABLE) {
        return true;
    }
    struct vhost_user_memory head;
    memcpy(&head, payload, sizeof head);
    return (header->size - sizeof head) / sizeof(struct vhost_user_memory_region) >= head.count;
}

/* Acts on the message in vhost->message. False: the connection cannot go on. */
static bool answer(struct vhost_user *vhost, const struct vhost_user_header *header) {
    const uint8_t *payload = vhost->message + sizeof *header;
    struct reply reply = {.size = 0};
    bool known = header->request < VHOST_USER_REQUESTS && requests[header->request].handle;
    bool done = known && header->size >= requests[header->request].least &&
                is_complete(header, payload) &&
                requests[header->request].handle(vhost, payload, &reply);
    if (!done) {
        fprintf(stderr, "vhost-user request %u failed\n", header->request);
    }
    if (reply.size == 0 && header->flags & VHOST_USER_NEED_REPLY) {
        uint64_t error = !done;
        put_reply(&reply, &error, sizeof error);
    }
    return reply.size > 0 ? send_reply(vhost, header->request, &reply) : done;
}

static size_t message_size(const struct vhost_user *vhost, struct vhost_user_header *header) {
    if (vhost->received < sizeof *header) {
        return sizeof *header;
    }
    memcpy(header, vhost->message, sizeof *header);
    return sizeof *header + header->size;
}

/* Receives a part of a message, and acts on it when it is complete. */
static void on_readable(void *context) {
    struct vhost_user *vhost = context;
    struct vhost_user_header header = {.size = 0};
    size_t wanted = message_size(vhost, &header);
    long got = unix_server_receive(&vhost->server, vhost->message + vhost->received,
                                   wanted - vhost->received, vhost->fds, &vhost->fd_count);
    if (got < 0) {
        hang_up(vhost);
        return;
    }
    vhost->received += (size_t)got;
    wanted = message_size(vhost, &header);
    if (vhost->received < sizeof header) {
        return;
    }
    if (wanted > LARGEST_MESSAGE) {
        hang_up(vhost);
        return;
    }
    if (vhost->received < wanted) {
        return;
    }
    vhost->received = 0;
    bool good = answer(vhost, &header);
    close_fds(vhost);
    if (!good) {
        hang_up(vhost);
    }
}

static void on_connected(void *context) {
    struct vhost_user *vhost = context;
    vhost->device->connected(vhost->device->context);
}

bool vhost_user_open(struct vhost_user *vhost, struct event_loop *loop, const char *path,
                     const struct vhost_user_device *device, char *problem, size_t problem_size) {
    vhost->device = device;
    vhost->message = malloc(LARGEST_MESSAGE);
    if (!vhost->message) {
        snprintf(problem, problem_size, "out of memory");
        return false;
    }
    for (unsigned i = 0; i < VHOST_USER_QUEUES; i++) {
        init_queue(vhost, &vhost->queues[i]);
    }
    vhost->server =
        (struct unix_server){.connected = on_connected, .readable = on_readable, .context = vhost};
    if (!unix_server_open(&vhost->server, loop, path, problem, problem_size)) {
        free(vhost->message);
        return false;
    }
    return true;
}

void vhost_user_close(struct vhost_user *vhost) {
    if (unix_server_is_connected(&vhost->server)) {
        hang_up(vhost);
    }
    unix_server_close(&vhost->server);
    free(vhost->message);
}
