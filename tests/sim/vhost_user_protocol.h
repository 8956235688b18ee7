/* Messages of vhost-user as they are on the wire (QEMU's docs/interop/vhost-user.rst). */
#ifndef SIM_VHOST_USER_PROTOCOL_H
#define SIM_VHOST_USER_PROTOCOL_H

#include <stdint.h>

enum vhost_user_request {
    VHOST_USER_GET_FEATURES = 1,
    VHOST_USER_SET_FEATURES = 2,
    VHOST_USER_SET_OWNER = 3,
    VHOST_USER_RESET_OWNER = 4,
    VHOST_USER_SET_MEM_TABLE = 5,
    VHOST_USER_SET_VRING_NUM = 8,
    VHOST_USER_SET_VRING_ADDR = 9,
    VHOST_USER_SET_VRING_BASE = 10,
    VHOST_USER_GET_VRING_BASE = 11,
    VHOST_USER_SET_VRING_KICK = 12,
    VHOST_USER_SET_VRING_CALL = 13,
    VHOST_USER_SET_VRING_ERR = 14,
    VHOST_USER_GET_PROTOCOL_FEATURES = 15,
    VHOST_USER_SET_PROTOCOL_FEATURES = 16,
    VHOST_USER_GET_QUEUE_NUM = 17,
    VHOST_USER_SET_VRING_ENABLE = 18,
    VHOST_USER_REQUESTS
};

enum {
    VHOST_USER_VERSION = 1,
    VHOST_USER_REPLY = 4,
    VHOST_USER_NEED_REPLY = 8,
};

enum {
    VHOST_USER_PROTOCOL_MQ = 1 << 0,
    VHOST_USER_PROTOCOL_REPLY_ACK = 1 << 3,
};

#define VHOST_USER_PROTOCOL_FEATURES (UINT64_C(1) << 30) /* a bit of the virtio features */

/* In SET_VRING_KICK, CALL and ERR: the queue, and whether no descriptor comes along. */
#define VHOST_USER_QUEUE_MASK    0xff
#define VHOST_USER_NO_DESCRIPTOR 0x100

struct vhost_user_header {
    uint32_t request;
    uint32_t flags;
    uint32_t size; /* of the payload */
};

struct vhost_user_vring_state {
    uint32_t index;
    uint32_t value;
};

struct vhost_user_vring_address {
    uint32_t index;
    uint32_t flags;
    uint64_t descriptors, used, available, log; /* in the machine's own address space */
};

struct vhost_user_memory_region {
    uint64_t guest, size, user, offset;
};

struct vhost_user_memory {
    uint32_t count;
    uint32_t padding;
    struct vhost_user_memory_region regions[];
};

#endif
