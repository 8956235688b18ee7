/* Messages of vfio-user as they are on the wire (QEMU's docs/interop/vfio-user.rst). Flags within
 * them are those of linux/vfio.h. */
#ifndef SIM_VFIO_USER_PROTOCOL_H
#define SIM_VFIO_USER_PROTOCOL_H

#include <stdint.h>

enum vfio_user_command {
    VFIO_USER_VERSION = 1,
    VFIO_USER_DMA_MAP = 2,
    VFIO_USER_DMA_UNMAP = 3,
    VFIO_USER_DEVICE_GET_INFO = 4,
    VFIO_USER_DEVICE_GET_REGION_INFO = 5,
    VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
    VFIO_USER_DEVICE_SET_IRQS = 8,
    VFIO_USER_REGION_READ = 9,
    VFIO_USER_REGION_WRITE = 10,
    VFIO_USER_DEVICE_RESET = 13,
    VFIO_USER_COMMANDS
};

enum {
    VFIO_USER_TYPE_REPLY = 1,
    VFIO_USER_NO_REPLY = 0x10,
    VFIO_USER_ERROR = 0x20,
};

struct vfio_user_header {
    uint16_t id;
    uint16_t command;
    uint32_t size; /* with this header */
    uint32_t flags;
    uint32_t error;
};

struct vfio_user_version {
    uint16_t major;
    uint16_t minor;
};

struct vfio_user_dma_map {
    uint32_t argsz;
    uint32_t flags; /* 1: readable, 2: writable */
    uint64_t offset;
    uint64_t address;
    uint64_t size;
};

struct vfio_user_dma_unmap {
    uint32_t argsz;
    uint32_t flags;
    uint64_t address;
    uint64_t size;
};

struct vfio_user_device_info {
    uint32_t argsz;
    uint32_t flags;
    uint32_t regions;
    uint32_t irqs;
};

struct vfio_user_region_info {
    uint32_t argsz;
    uint32_t flags;
    uint32_t index;
    uint32_t cap_offset;
    uint64_t size;
    uint64_t offset;
};

struct vfio_user_irq_info {
    uint32_t argsz;
    uint32_t flags;
    uint32_t index;
    uint32_t count;
};

struct vfio_user_set_irqs {
    uint32_t argsz;
    uint32_t flags;
    uint32_t index;
    uint32_t start;
    uint32_t count;
};

/* A region read's request, and the head of its answer and of a region write, which the bytes
 * follow. */
struct vfio_user_access {
    uint64_t offset;
    uint32_t region;
    uint32_t count;
};

#endif
