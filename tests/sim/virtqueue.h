/* A split virtqueue in the guest's memory, the device's side (virtio 1.1, 2.6), with indirect
 * descriptors and without event indexes. */
#ifndef SIM_VIRTQUEUE_H
#define SIM_VIRTQUEUE_H

#include "guest_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most descriptors in a chain. */
#define VIRTQUEUE_SEGMENTS 1024

struct virtqueue {
    const struct guest_memory *memory;
    uint32_t size;                         /* a power of two; 0: not set up */
    uint64_t descriptors, available, used; /* guest-physical */
    uint16_t next;                         /* of the available ring, to be taken */
    bool running;
    int call; /* eventfd that interrupts the guest; -1: none */
};

struct virtqueue_segment {
    uint64_t address;
    uint32_t length;
};

/* A request: what the driver wrote and the room that it left for the answer, each in one sequence.
 */
struct virtqueue_chain {
    uint16_t head;
    size_t readable_count, writable_count;
    size_t readable_bytes, writable_bytes;
    struct virtqueue_segment *segments; /* readable ones first */
};

/* Takes the next chain; the caller frees it with virtqueue_release. False: there is none. */
bool virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain);

/* Copies from offset on; false if the chain is shorter or not in memory. */
bool virtqueue_read(const struct virtqueue *queue, const struct virtqueue_chain *chain,
                    size_t offset, void *data, size_t size);
bool virtqueue_write(const struct virtqueue *queue, const struct virtqueue_chain *chain,
                     size_t offset, const void *data, size_t size);

/* Gives the chain back to the driver with so many bytes written, and interrupts the guest. */
void virtqueue_put(struct virtqueue *queue, const struct virtqueue_chain *chain, uint32_t written);

void virtqueue_release(struct virtqueue_chain *chain);

#endif
