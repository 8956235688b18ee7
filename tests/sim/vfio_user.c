#include "vfio_user.h"

#include "vfio_user_irqs.h"
#include "vfio_user_protocol.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Registers and configuration space are read in small pieces; more than this at once is refused. */
#define LARGEST_ACCESS  4096
#define LARGEST_PAYLOAD (sizeof(struct vfio_user_access) + LARGEST_ACCESS)
#define LARGEST_MESSAGE (sizeof(struct vfio_user_header) + LARGEST_PAYLOAD)

#define DMA_WRITABLE 2

struct reply {
    uint8_t data[LARGEST_PAYLOAD];
    size_t size;
};

static void put_reply(struct reply *reply, const void *data, size_t size) {
    memcpy(reply->data + reply->size, data, size);
    reply->size += size;
}

/* The handlers of messages return 0 or an errno for the client. A payload is at least as long as
 * the table says. */

static int on_version(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                      struct reply *reply) {
    (void)vfio, (void)payload, (void)size;
    static const char capabilities[] = "{\"capabilities\":{\"max_msg_fds\":8,"
                                       "\"max_data_xfer_size\":4096}}";
    const struct vfio_user_version version = {0, 0};
    put_reply(reply, &version, sizeof version);
    put_reply(reply, capabilities, sizeof capabilities);
    return 0;
}

/* Memory without a descriptor is a ROM or a frame buffer; no driver puts its queues there. */
static int on_dma_map(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                      struct reply *reply) {
    (void)size, (void)reply;
    struct vfio_user_dma_map map;
    memcpy(&map, payload, sizeof map);
    if (vfio->fd_count == 0) {
        return 0;
    }
    bool mapped = guest_memory_map(&vfio->memory, map.address, map.size, vfio->fds[0], map.offset,
                                   map.flags & DMA_WRITABLE);
    return mapped ? 0 : errno;
}

static int on_dma_unmap(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                        struct reply *reply) {
    (void)size;
    struct vfio_user_dma_unmap unmap;
    memcpy(&unmap, payload, sizeof unmap);
    if (unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL) {
        guest_memory_clear(&vfio->memory);
    } else {
        guest_memory_unmap(&vfio->memory, unmap.address, unmap.size);
    }
    put_reply(reply, &unmap, sizeof unmap);
    return 0;
}

static int on_get_info(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                       struct reply *reply) {
    (void)vfio, (void)payload, (void)size;
    const struct vfio_user_device_info info = {
        .argsz = sizeof info,
        .flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
        .regions = VFIO_PCI_NUM_REGIONS,
        .irqs = VFIO_PCI_NUM_IRQS,
    };
    put_reply(reply, &info, sizeof info);
    return 0;
}

static uint64_t region_size(const struct vfio_user *vfio, uint32_t index) {
    if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
        return vfio->config.size;
    }
    return index < VFIO_USER_BARS ? vfio->bar_size[index] : 0;
}

static int on_get_region_info(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                              struct reply *reply) {
    (void)size;
    struct vfio_user_region_info info;
    memcpy(&info, payload, sizeof info);
    if (info.index >= VFIO_PCI_NUM_REGIONS) {
        return EINVAL;
    }
    info.argsz = sizeof info;
    info.cap_offset = 0;
    info.offset = 0;
    info.size = region_size(vfio, info.index);
    info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
    put_reply(reply, &info, sizeof info);
    return 0;
}

static int on_get_irq_info(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                           struct reply *reply) {
    (void)size;
    struct vfio_user_irq_info info;
    memcpy(&info, payload, sizeof info);
    if (info.index >= VFIO_PCI_NUM_IRQS) {
        return EINVAL;
    }
    info.argsz = sizeof info;
    info.flags = VFIO_IRQ_INFO_EVENTFD;
    if (info.index == VFIO_PCI_INTX_IRQ_INDEX) {
        info.flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
    }
    info.count = vfio_user_irq_count(vfio, info.index);
    put_reply(reply, &info, sizeof info);
    return 0;
}

static int on_set_irqs(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                       struct reply *reply) {
    (void)size, (void)reply;
    struct vfio_user_set_irqs set;
    memcpy(&set, payload, sizeof set);
    return vfio_user_irqs_set(vfio, &set);
}

static bool access_is_valid(const struct vfio_user *vfio, const struct vfio_user_access *access) {
    uint64_t room = region_size(vfio, access->region);
    return access->count > 0 && access->count <= LARGEST_ACCESS && access->offset < room &&
           access->count <= room - access->offset;
}

/* The largest piece, up to 8 bytes, that is naturally aligned. */
static unsigned piece_size(uint64_t offset, size_t left) {
    unsigned piece = 8;
    while (piece > left || offset % piece != 0) {
        piece /= 2;
    }
    return piece;
}

static void read_bar(struct vfio_user *vfio, const struct vfio_user_access *access, uint8_t *data) {
    for (size_t done = 0; done < access->count;) {
        uint64_t offset = access->offset + done;
        unsigned piece = piece_size(offset, access->count - done);
        uint64_t value = vfio->device->read(vfio->device->context, access->region, offset, piece);
        memcpy(data + done, &value, piece);
        done += piece;
    }
}

static void write_bar(struct vfio_user *vfio, const struct vfio_user_access *access,
                      const uint8_t *data) {
    for (size_t done = 0; done < access->count;) {
        uint64_t offset = access->offset + done;
        unsigned piece = piece_size(offset, access->count - done);
        uint64_t value = 0;
        memcpy(&value, data + done, piece);
        vfio->device->write(vfio->device->context, access->region, offset, piece, value);
        done += piece;
    }
}

static int on_region_read(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                          struct reply *reply) {
    (void)size;
    struct vfio_user_access access;
    memcpy(&access, payload, sizeof access);
    if (!access_is_valid(vfio, &access)) {
        return EINVAL;
    }
    put_reply(reply, &access, sizeof access);
    uint8_t *data = reply->data + reply->size;
    if (access.region == VFIO_PCI_CONFIG_REGION_INDEX) {
        pci_config_read(&vfio->config, access.offset, data, access.count);
    } else {
        read_bar(vfio, &access, data);
    }
    reply->size += access.count;
    return 0;
}

static int on_region_write(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                           struct reply *reply) {
    struct vfio_user_access access;
    memcpy(&access, payload, sizeof access);
    if (!access_is_valid(vfio, &access) || size - sizeof access < access.count) {
        return EINVAL;
    }
    const uint8_t *data = payload + sizeof access;
    if (access.region != VFIO_PCI_CONFIG_REGION_INDEX) {
        write_bar(vfio, &access, data);
    } else if (pci_config_write(&vfio->config, access.offset, data, access.count)) {
        vfio->device->reset(vfio->device->context);
    }
    vfio_user_set_intx(vfio, vfio->intx_level); /* INTx may have been enabled by the write */
    put_reply(reply, &access, sizeof access);
    return 0;
}

static int on_reset(struct vfio_user *vfio, const uint8_t *payload, size_t size,
                    struct reply *reply) {
    (void)payload, (void)size, (void)reply;
    vfio_user_set_intx(vfio, false);
    pci_config_reset(&vfio->config);
    vfio->device->reset(vfio->device->context);
    return 0;
}

static const struct {
    int (*handle)(struct vfio_user *vfio, const uint8_t *payload, size_t size, struct reply *reply);
    size_t least; /* bytes of payload */
} commands[VFIO_USER_COMMANDS] = {
    [VFIO_USER_VERSION] = {on_version, sizeof(struct vfio_user_version)},
    [VFIO_USER_DMA_MAP] = {on_dma_map, sizeof(struct vfio_user_dma_map)},
    [VFIO_USER_DMA_UNMAP] = {on_dma_unmap, sizeof(struct vfio_user_dma_unmap)},
    [VFIO_USER_DEVICE_GET_INFO] = {on_get_info, 0},
    [VFIO_USER_DEVICE_GET_REGION_INFO] = {on_get_region_info, sizeof(struct vfio_user_region_info)},
    [VFIO_USER_DEVICE_GET_IRQ_INFO] = {on_get_irq_info, sizeof(struct vfio_user_irq_info)},
    [VFIO_USER_DEVICE_SET_IRQS] = {on_set_irqs, sizeof(struct vfio_user_set_irqs)},
    [VFIO_USER_REGION_READ] = {on_region_read, sizeof(struct vfio_user_access)},
    [VFIO_USER_REGION_WRITE] = {on_region_write, sizeof(struct vfio_user_access)},
    [VFIO_USER_DEVICE_RESET] = {on_reset, 0},
};

static void close_fds(struct vfio_user *vfio) {
    for (size_t i = 0; i < vfio->fd_count; i++) {
        if (vfio->fds[i] >= 0) {
            close(vfio->fds[i]);
        }
    }
    vfio->fd_count = 0;
}

static void hang_up(struct vfio_user *vfio) {
    unix_server_hang_up(&vfio->server);
    close_fds(vfio);
    vfio->received = 0;
    vfio_user_irqs_clear(vfio);
    guest_memory_clear(&vfio->memory);
    pci_config_reset(&vfio->config);
    vfio->device->disconnected(vfio->device->context);
}

/* Answers the message in vfio->message. False: the connection cannot go on. */
static bool answer(struct vfio_user *vfio, const struct vfio_user_header *header) {
    const uint8_t *payload = vfio->message + sizeof *header;
    size_t size = header->size - sizeof *header;
    struct reply reply = {.size = 0};
    int error = ENOTSUP;
    if (header->command < VFIO_USER_COMMANDS && commands[header->command].handle) {
        error = size < commands[header->command].least
                    ? EINVAL
                    : commands[header->command].handle(vfio, payload, size, &reply);
    }
    if (header->flags & VFIO_USER_NO_REPLY) {
        return true;
    }
    if (error) {
        reply.size = 0;
    }
    struct vfio_user_header head = *header;
    head.flags = VFIO_USER_TYPE_REPLY | (error ? VFIO_USER_ERROR : 0U);
    head.error = (uint32_t)error;
    head.size = (uint32_t)(sizeof head + reply.size);
    uint8_t out[LARGEST_MESSAGE];
    memcpy(out, &head, sizeof head);
    memcpy(out + sizeof head, reply.data, reply.size);
    return unix_server_send(&vfio->server, out, head.size);
}

/* How many bytes the message has; so long as the header is not complete, that of the header. */
static size_t message_size(const struct vfio_user *vfio, struct vfio_user_header *header) {
    if (vfio->received < sizeof *header) {
        return sizeof *header;
    }
    memcpy(header, vfio->message, sizeof *header);
    return header->size;
}

/* Receives a part of a message, and acts on it when it is complete. */
static void on_readable(void *context) {
    struct vfio_user *vfio = context;
    struct vfio_user_header header = {.size = 0};
    size_t wanted = message_size(vfio, &header);
    long got = unix_server_receive(&vfio->server, vfio->message + vfio->received,
                                   wanted - vfio->received, vfio->fds, &vfio->fd_count);
    if (got < 0) {
        hang_up(vfio);
        return;
    }
    vfio->received += (size_t)got;
    wanted = message_size(vfio, &header);
    if (vfio->received < sizeof header) {
        return;
    }
    if (wanted < sizeof header || wanted > LARGEST_MESSAGE) {
        hang_up(vfio);
        return;
    }
    if (vfio->received < wanted) {
        return;
    }
    vfio->received = 0;
    bool good = answer(vfio, &header);
    close_fds(vfio);
    if (!good) {
        hang_up(vfio);
    }
}

static void on_connected(void *context) {
    struct vfio_user *vfio = context;
    vfio->device->connected(vfio->device->context);
}

bool vfio_user_open(struct vfio_user *vfio, struct event_loop *loop, const char *path,
                    const struct vfio_user_device *device, char *problem, size_t problem_size) {
    vfio->device = device;
    vfio->message = malloc(LARGEST_MESSAGE);
    if (!vfio->message) {
        snprintf(problem, problem_size, "out of memory");
        return false;
    }
    vfio_user_irqs_init(vfio);
    vfio->server =
        (struct unix_server){.connected = on_connected, .readable = on_readable, .context = vfio};
    if (!unix_server_open(&vfio->server, loop, path, problem, problem_size)) {
        free(vfio->message);
        return false;
    }
    return true;
}

void vfio_user_close(struct vfio_user *vfio) {
    if (unix_server_is_connected(&vfio->server)) {
        hang_up(vfio);
    }
    unix_server_close(&vfio->server);
    free(vfio->message);
}
