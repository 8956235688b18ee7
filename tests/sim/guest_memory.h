/* The guest's memory, shared with us by descriptor: where a guest-physical address is in ours. */
#ifndef SIM_GUEST_MEMORY_H
#define SIM_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_region {
    uint64_t address;
    uint64_t size;
    uint8_t *host;
    bool writable;
};

struct guest_memory {
    struct guest_region *regions;
    size_t count;
    size_t room;
};

/* Maps size bytes of fd from offset on as the guest's memory at address. The descriptor is not
 * kept. False with errno set. */
bool guest_memory_map(struct guest_memory *memory, uint64_t address, uint64_t size, int fd,
                      uint64_t offset, bool writable);

/* Forgets every region that lies within the range. */
void guest_memory_unmap(struct guest_memory *memory, uint64_t address, uint64_t size);
void guest_memory_clear(struct guest_memory *memory);

/* The place of a range that is writable and lies in one region, else NULL. Good until the next map
 * or unmap. */
void *guest_memory_at(const struct guest_memory *memory, uint64_t address, size_t size);

/* False if a part of the range is not memory, or may not be written; then nothing was copied. */
bool guest_memory_read(const struct guest_memory *memory, uint64_t address, void *data,
                       size_t size);
bool guest_memory_write(const struct guest_memory *memory, uint64_t address, const void *data,
                        size_t size);

#endif
