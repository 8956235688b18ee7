#include "virtqueue.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool load16(const struct virtqueue *queue, uint64_t address, uint16_t *value) {
    const uint16_t *place = guest_memory_at(queue->memory, address, sizeof *place);
    if (!place) {
        return false;
    }
    *value = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    return true;
}

static bool read_descriptor(const struct virtqueue *queue, uint64_t table, uint32_t entries,
                            uint16_t index, struct vring_desc *descriptor) {
    return index < entries && guest_memory_read(queue->memory, table + sizeof *descriptor * index,
                                                descriptor, sizeof *descriptor);
}

/* Readable descriptors come before writable ones in every chain (2.6.4.2). */
static bool add_segment(struct virtqueue_chain *chain, const struct vring_desc *descriptor) {
    size_t count = chain->readable_count + chain->writable_count;
    if (count == VIRTQUEUE_SEGMENTS) {
        return false;
    }
    chain->segments[count] = (struct virtqueue_segment){descriptor->addr, descriptor->len};
    if (descriptor->flags & VRING_DESC_F_WRITE) {
        chain->writable_count++;
        chain->writable_bytes += descriptor->len;
        return true;
    }
    chain->readable_count++;
    chain->readable_bytes += descriptor->len;
    return chain->writable_count == 0;
}

static bool walk(const struct virtqueue *queue, struct virtqueue_chain *chain) {
    uint64_t table = queue->descriptors;
    uint32_t entries = queue->size;
    uint16_t index = chain->head;
    for (unsigned steps = 0; steps <= VIRTQUEUE_SEGMENTS; steps++) {
        struct vring_desc descriptor;
        if (!read_descriptor(queue, table, entries, index, &descriptor)) {
            return false;
        }
        if (descriptor.flags & VRING_DESC_F_INDIRECT) {
            table = descriptor.addr;
            entries = descriptor.len / (uint32_t)sizeof descriptor;
            index = 0;
            continue;
        }
        if (!add_segment(chain, &descriptor)) {
            return false;
        }
        if (!(descriptor.flags & VRING_DESC_F_NEXT)) {
            return true;
        }
        index = descriptor.next;
    }
    return false;
}

bool virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain) {
    uint16_t index = 0;
    uint16_t head = 0;
    if (!queue->running || queue->size == 0 ||
        !load16(queue, queue->available + offsetof(struct vring_avail, idx), &index) ||
        index == queue->next ||
        !load16(queue,
                queue->available + offsetof(struct vring_avail, ring) +
                    sizeof(uint16_t) * (queue->next % queue->size),
                &head)) {
        return false;
    }
    *chain = (struct virtqueue_chain){.head = head};
    chain->segments = calloc(VIRTQUEUE_SEGMENTS, sizeof *chain->segments);
    if (!chain->segments) {
        return false;
    }
    queue->next++;
    if (!walk(queue, chain)) { /* a broken chain is given back empty */
        chain->readable_count = chain->writable_count = 0;
        chain->readable_bytes = chain->writable_bytes = 0;
    }
    return true;
}

/* Copies a range of a sequence of segments; exactly one of to and from is given. */
static bool copy(const struct virtqueue *queue, const struct virtqueue_segment *segments,
                 size_t count, size_t offset, uint8_t *to, const uint8_t *from, size_t size) {
    for (size_t i = 0; i < count && size > 0; i++) {
        if (offset >= segments[i].length) {
            offset -= segments[i].length;
            continue;
        }
        size_t piece = segments[i].length - offset;
        piece = piece < size ? piece : size;
        uint64_t address = segments[i].address + offset;
        bool copied = to ? guest_memory_read(queue->memory, address, to, piece)
                         : guest_memory_write(queue->memory, address, from, piece);
        if (!copied) {
            return false;
        }
        to = to ? to + piece : NULL;
        from = from ? from + piece : NULL;
        size -= piece;
        offset = 0;
    }
    return size == 0;
}

bool virtqueue_read(const struct virtqueue *queue, const struct virtqueue_chain *chain,
                    size_t offset, void *data, size_t size) {
    return copy(queue, chain->segments, chain->readable_count, offset, data, NULL, size);
}

bool virtqueue_write(const struct virtqueue *queue, const struct virtqueue_chain *chain,
                     size_t offset, const void *data, size_t size) {
    return copy(queue, chain->segments + chain->readable_count, chain->writable_count, offset, NULL,
                data, size);
}

void virtqueue_put(struct virtqueue *queue, const struct virtqueue_chain *chain, uint32_t written) {
    uint16_t *index = guest_memory_at(queue->memory, queue->used + offsetof(struct vring_used, idx),
                                      sizeof *index);
    if (!queue->running || !index) {
        return;
    }
    const struct vring_used_elem element = {chain->head, written};
    guest_memory_write(queue->memory,
                       queue->used + offsetof(struct vring_used, ring) +
                           sizeof element * (*index % queue->size),
                       &element, sizeof element);
    __atomic_store_n(index, (uint16_t)(*index + 1), __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint16_t flags = 0;
    load16(queue, queue->available, &flags);
    const uint64_t one = 1;
    if (!(flags & VRING_AVAIL_F_NO_INTERRUPT) && queue->call >= 0 &&
        write(queue->call, &one, sizeof one) != sizeof one) {
        return; /* the counter is full: the guest has an interrupt to come anyway */
    }
}

void virtqueue_release(struct virtqueue_chain *chain) {
    free(chain->segments);
    chain->segments = NULL;
}
