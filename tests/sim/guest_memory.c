#include "guest_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool grow(struct guest_memory *memory) {
    if (memory->count < memory->room) {
        return true;
    }
    size_t room = memory->room ? 2 * memory->room : 16;
    struct guest_region *regions = realloc(memory->regions, room * sizeof *regions);
    if (!regions) {
        return false;
    }
    memory->regions = regions;
    memory->room = room;
    return true;
}

bool guest_memory_map(struct guest_memory *memory, uint64_t address, uint64_t size, int fd,
                      uint64_t offset, bool writable) {
    if (size == 0 || address + size < address) {
        errno = EINVAL;
        return false;
    }
    if (!grow(memory)) {
        return false;
    }
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *host = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)offset);
    if (host == MAP_FAILED) {
        return false;
    }
    memory->regions[memory->count++] = (struct guest_region){address, size, host, writable};
    return true;
}

void guest_memory_unmap(struct guest_memory *memory, uint64_t address, uint64_t size) {
    size_t kept = 0;
    for (size_t i = 0; i < memory->count; i++) {
        struct guest_region region = memory->regions[i];
        bool within = region.address >= address && region.size <= size &&
                      region.address - address <= size - region.size;
        if (within) {
            munmap(region.host, region.size);
        } else {
            memory->regions[kept++] = region;
        }
    }
    memory->count = kept;
}

void guest_memory_clear(struct guest_memory *memory) {
    for (size_t i = 0; i < memory->count; i++) {
        munmap(memory->regions[i].host, memory->regions[i].size);
    }
    free(memory->regions);
    *memory = (struct guest_memory){0};
}

static const struct guest_region *region_of(const struct guest_memory *memory, uint64_t address) {
    for (size_t i = 0; i < memory->count; i++) {
        const struct guest_region *region = &memory->regions[i];
        if (address >= region->address && address - region->address < region->size) {
            return region;
        }
    }
    return NULL;
}

void *guest_memory_at(const struct guest_memory *memory, uint64_t address, size_t size) {
    const struct guest_region *region = region_of(memory, address);
    if (!region || !region->writable || region->size - (address - region->address) < size) {
        return NULL;
    }
    return region->host + (address - region->address);
}

/* Whether all of the range is memory that may be used so: looked at before anything is copied. */
static bool covers(const struct guest_memory *memory, uint64_t address, size_t size, bool write) {
    while (size > 0) {
        const struct guest_region *region = region_of(memory, address);
        if (!region || (write && !region->writable)) {
            return false;
        }
        uint64_t left = region->size - (address - region->address);
        size_t step = left < size ? (size_t)left : size;
        address += step;
        size -= step;
    }
    return true;
}

static void copy(const struct guest_memory *memory, uint64_t address, uint8_t *to,
                 const uint8_t *from, size_t size) {
    while (size > 0) {
        const struct guest_region *region = region_of(memory, address);
        uint64_t offset = address - region->address;
        uint64_t left = region->size - offset;
        size_t step = left < size ? (size_t)left : size;
        if (to) {
            memcpy(to, region->host + offset, step);
            to += step;
        } else {
            memcpy(region->host + offset, from, step);
            from += step;
        }
        address += step;
        size -= step;
    }
}

bool guest_memory_read(const struct guest_memory *memory, uint64_t address, void *data,
                       size_t size) {
    if (!covers(memory, address, size, false)) {
        return false;
    }
    copy(memory, address, data, NULL, size);
    return true;
}

bool guest_memory_write(const struct guest_memory *memory, uint64_t address, const void *data,
                        size_t size) {
    if (!covers(memory, address, size, true)) {
        return false;
    }
    copy(memory, address, NULL, data, size);
    return true;
}
