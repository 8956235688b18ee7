/* Physical region pages: where in the guest's memory a command's data is (NVM Express 1.4, 4.3). */
#include "pci_nvme_internal.h"

#include <string.h>

/* Goes through the pieces of a transfer. */
struct walk {
    const struct guest_memory *memory;
    uint64_t first, second; /* the command's two entries */
    bool is_list;           /* second leads to a list */
    uint64_t list;          /* address of the list's next entry */
    size_t left;            /* bytes to go */
    bool begun;
};

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t first_room(const struct walk *walk) {
    return NVME_PAGE - walk->first % NVME_PAGE;
}

/* total: the length of the command's data, which decides whether there is a list. */
static void begin(struct walk *walk, const struct guest_memory *memory, const uint8_t *sqe,
                  size_t total) {
    *walk = (struct walk){.memory = memory, .left = total};
    memcpy(&walk->first, sqe + 24, sizeof walk->first);
    memcpy(&walk->second, sqe + 32, sizeof walk->second);
    walk->is_list = total > first_room(walk) + NVME_PAGE;
    walk->list = walk->second;
}

/* The last entry of a list's page leads to the next page if one entry is not enough for the rest.
 */
static uint16_t next_of_list(struct walk *walk, uint64_t *page) {
    bool last_in_page = walk->list % NVME_PAGE == NVME_PAGE - sizeof *page;
    if (last_in_page && walk->left > NVME_PAGE) {
        if (!guest_memory_read(walk->memory, walk->list, &walk->list, sizeof walk->list)) {
            return NVME_DATA_TRANSFER_ERROR;
        }
        if (walk->list % NVME_PAGE != 0) {
            return NVME_INVALID_PRP_OFFSET;
        }
    }
    if (!guest_memory_read(walk->memory, walk->list, page, sizeof *page)) {
        return NVME_DATA_TRANSFER_ERROR;
    }
    walk->list += sizeof *page;
    return NVME_SUCCESS;
}

/* The next piece: its address and size. */
static uint16_t next(struct walk *walk, uint64_t *address, size_t *size) {
    uint16_t status = NVME_SUCCESS;
    size_t room = NVME_PAGE;
    if (!walk->begun) {
        walk->begun = true;
        *address = walk->first;
        room = first_room(walk);
    } else {
        *address = walk->second;
        if (walk->is_list) {
            status = next_of_list(walk, address);
        }
        if (status == NVME_SUCCESS && *address % NVME_PAGE != 0) {
            status = NVME_INVALID_PRP_OFFSET;
        }
    }
    *size = smaller(room, walk->left);
    walk->left -= *size;
    return status;
}

uint16_t nvme_gather(const struct guest_memory *memory, const uint8_t *sqe, uint8_t *data,
                     size_t size) {
    struct walk walk;
    begin(&walk, memory, sqe, size);
    while (walk.left > 0) {
        uint64_t address = 0;
        size_t piece = 0;
        uint16_t status = next(&walk, &address, &piece);
        if (status != NVME_SUCCESS) {
            return status;
        }
        if (!guest_memory_read(memory, address, data, piece)) {
            return NVME_DATA_TRANSFER_ERROR;
        }
        data += piece;
    }
    return NVME_SUCCESS;
}

uint16_t nvme_scatter(const struct guest_memory *memory, const uint8_t *sqe, const uint8_t *data,
                      size_t size, size_t total) {
    struct walk walk;
    begin(&walk, memory, sqe, total);
    while (size > 0 && walk.left > 0) {
        uint64_t address = 0;
        size_t piece = 0;
        uint16_t status = next(&walk, &address, &piece);
        if (status != NVME_SUCCESS) {
            return status;
        }
        piece = smaller(piece, size);
        if (!guest_memory_write(memory, address, data, piece)) {
            return NVME_DATA_TRANSFER_ERROR;
        }
        data += piece;
        size -= piece;
    }
    return NVME_SUCCESS;
}
