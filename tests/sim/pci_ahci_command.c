/* The command list: fetching commands, handing them to the drive, completing them (AHCI 1.3.1, 4.2
 * and chapter 5). */
#include "pci_ahci_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_FPDMA_QUEUED = 0x60,
    WRITE_FPDMA_QUEUED = 0x61,
    READ_DMA_EXT = 0x25,
    WRITE_DMA_EXT = 0x35,
    WRITE_DMA_FUA_EXT = 0x3d,
    READ_LOG_EXT = 0x2f,
    READ_LOG_DMA_EXT = 0x47,
};

#define QUEUED_ERROR_LOG 0x10
#define FIS_HOST         0x27
#define FIS_IS_COMMAND   0x80
#define CONTROL_SRST     0x04
#define DEVICE_FUA       0x80
#define TABLE_ENTRIES    0x80 /* where the scatter list is in the command table */
#define LARGEST_TRANSFER ((size_t)65536 * 512)

struct header {
    uint32_t flags; /* entries << 16, direction and length of the FIS */
    uint32_t transferred;
    uint64_t table;
    uint32_t reserved[4];
};

struct scatter_entry {
    uint64_t address;
    uint32_t reserved;
    uint32_t count; /* bytes - 1 in bits 21:0 */
};

/* Commands that move their data by DMA; every other one with data does it by PIO (ACS-4, table 40).
 */
static const uint8_t dma_commands[] = {
    0x06, /* DATA SET MANAGEMENT */
    0x25, /* READ DMA EXT */
    0x35, /* WRITE DMA EXT */
    0x3d, /* WRITE DMA FUA EXT */
    0x47, /* READ LOG DMA EXT */
    0x57, /* WRITE LOG DMA EXT */
    0x5d, /* TRUSTED RECEIVE DMA */
    0x5f, /* TRUSTED SEND DMA */
    0xc8, /* READ DMA */
    0xca, /* WRITE DMA */
    0xe9, /* READ BUFFER DMA */
    0xeb, /* WRITE BUFFER DMA */
};

static bool is_pio(uint8_t command) {
    return !memchr(dma_commands, command, sizeof dma_commands);
}

static const struct guest_memory *memory_of(const struct ahci_port *port) {
    return &port->ahci->vfio.memory;
}

static uint64_t header_address(const struct ahci_port *port, unsigned slot) {
    uint64_t list = port->registers[PX_CLB] | (uint64_t)port->registers[PX_CLBU] << 32;
    return list + sizeof(struct header) * slot;
}

/* The host's memory is not as it should be: an error that only a reset ends. */
static void fail_fatally(struct ahci_port *port) {
    port->registers[PX_IS] |= IS_HBFS;
    port->stopped = true;
}

/* Copies between the command's buffer and the host's scatter list; returns the bytes copied. */
static size_t copy_data(const struct ahci_port *port, uint64_t table, unsigned entries,
                        uint8_t *data, size_t size, bool to_drive) {
    const struct guest_memory *memory = memory_of(port);
    size_t done = 0;
    for (unsigned i = 0; i < entries && done < size; i++) {
        struct scatter_entry entry;
        if (!guest_memory_read(memory, table + TABLE_ENTRIES + sizeof entry * i, &entry,
                               sizeof entry)) {
            break;
        }
        size_t piece = (entry.count & 0x3fffff) + 1;
        if (piece > size - done) {
            piece = size - done;
        }
        bool copied = to_drive ? guest_memory_read(memory, entry.address, data + done, piece)
                               : guest_memory_write(memory, entry.address, data + done, piece);
        if (!copied) {
            break;
        }
        done += piece;
    }
    return done;
}

static void set_bit(uint32_t *word, unsigned bit, bool value) {
    *word = (*word & ~(1U << bit)) | (uint32_t)value << bit;
}

/* The registers of a queued command, as those of the plain one that does the same. */
static void unqueue(struct ata_registers_in *ata) {
    bool fua = ata->device & DEVICE_FUA;
    uint8_t write = fua ? WRITE_DMA_FUA_EXT : WRITE_DMA_EXT;
    ata->command = ata->command == READ_FPDMA_QUEUED ? READ_DMA_EXT : write;
    ata->count = ata->features;
    ata->features = 0;
    ata->device = 0x40;
}

static void decode(const uint8_t *fis, struct ata_registers_in *ata) {
    ata->command = fis[2];
    ata->features = (uint16_t)(fis[3] | fis[11] << 8);
    ata->count = (uint16_t)(fis[12] | fis[13] << 8);
    ata->lba = fis[4] | (uint64_t)fis[5] << 8 | (uint64_t)fis[6] << 16 | (uint64_t)fis[8] << 24 |
               (uint64_t)fis[9] << 32 | (uint64_t)fis[10] << 40;
    ata->device = fis[7];
}

/* Log 10h tells the host which queued command failed (ACS-4, 9.13). The drive knows of no queue, so
 * that the answer is ours. */
static bool answer_error_log(struct ahci_port *port, struct drive_request *request) {
    const struct ata_registers_in *ata = &request->ata;
    bool log = ata->command == READ_LOG_EXT || ata->command == READ_LOG_DMA_EXT;
    if (!log || (ata->lba & 0xff) != QUEUED_ERROR_LOG || !port->error.valid ||
        request->data_size < 512) {
        return false;
    }
    const struct ata_registers_out *out = &port->error.registers;
    uint8_t *page = request->data;
    page[0] = port->error.slot;
    page[2] = out->status;
    page[3] = out->error;
    page[4] = (uint8_t)out->lba;
    page[5] = (uint8_t)(out->lba >> 8);
    page[6] = (uint8_t)(out->lba >> 16);
    page[7] = out->device;
    page[8] = (uint8_t)(out->lba >> 24);
    page[9] = (uint8_t)(out->lba >> 32);
    page[10] = (uint8_t)(out->lba >> 40);
    page[12] = (uint8_t)out->count;
    page[13] = (uint8_t)(out->count >> 8);
    uint8_t sum = 0;
    for (unsigned i = 0; i < 511; i++) {
        sum = (uint8_t)(sum + page[i]);
    }
    page[511] = (uint8_t)-sum;
    request->transferred = 512;
    request->ata_out = (struct ata_registers_out){.status = ATA_DRDY | 0x10};
    request->state = REQUEST_DONE;
    port->error.valid = false;
    return true;
}

/* Makes room for the data, and fetches what goes to the drive. */
static bool prepare_data(struct ahci_port *port, struct ahci_command *command, uint64_t table) {
    struct drive_request *request = &command->request;
    size_t length = 0;
    command->direction = drive_data_of(port->bay->drive, request, &length);
    if (command->direction == DATA_NONE || length == 0) {
        command->direction = DATA_NONE;
        return true;
    }
    request->data = length <= LARGEST_TRANSFER ? calloc(1, length) : NULL;
    request->data_size = length;
    if (!request->data) {
        return false;
    }
    return command->direction != DATA_TO_DRIVE ||
           copy_data(port, table, command->entries, request->data, length, true) == length;
}

static void release(struct ahci_command *command) {
    free(command->request.data);
    *command = (struct ahci_command){0};
}

/* The device control register: the software reset bit goes up with one FIS and down with the next.
 */
static void control(struct ahci_port *port, unsigned slot, const uint8_t *fis) {
    set_bit(&port->registers[PX_CI], slot, false);
    if (fis[15] & CONTROL_SRST) {
        ahci_port_forget(port);
        bay_reset(port->bay, RESET_SOFT);
        return;
    }
    ahci_port_signature(port);
}

static void begin_command(struct ahci_port *port, unsigned slot, const struct header *header,
                          const uint8_t *fis) {
    struct ahci_command *command = &port->commands[slot];
    struct drive_request *request = &command->request;
    request->protocol = PROTOCOL_ATA;
    decode(fis, &request->ata);
    command->active = true;
    command->entries = header->flags >> 16;
    command->queued =
        request->ata.command == READ_FPDMA_QUEUED || request->ata.command == WRITE_FPDMA_QUEUED;
    if (command->queued) {
        unqueue(&request->ata);
        set_bit(&port->registers[PX_CI], slot, false); /* accepted; PxSACT has it now */
    } else {
        port->busy = slot;
        port->registers[PX_TFD] |= ATA_BSY;
        port->registers[PX_CMD] = (port->registers[PX_CMD] & ~CMD_CCS) | slot << 8;
    }
    if (!prepare_data(port, command, header->table)) {
        release(command);
        port->registers[PX_IS] |= IS_OFS;
        port->stopped = true;
        return;
    }
    if (!answer_error_log(port, request)) {
        bay_execute(port->bay, request);
    }
}

static void begin(struct ahci_port *port, unsigned slot) {
    struct header header;
    uint8_t fis[64];
    const struct guest_memory *memory = memory_of(port);
    if (!guest_memory_read(memory, header_address(port, slot), &header, sizeof header) ||
        !guest_memory_read(memory, header.table, fis, sizeof fis)) {
        fail_fatally(port);
        return;
    }
    if (fis[0] != FIS_HOST) {
        set_bit(&port->registers[PX_CI], slot, false);
    } else if (fis[1] & FIS_IS_COMMAND) {
        begin_command(port, slot, &header, fis);
    } else {
        control(port, slot, fis);
    }
}

/* Puts the data into the host's memory and its length into the header. */
static void deliver_data(struct ahci_port *port, unsigned slot) {
    struct ahci_command *command = &port->commands[slot];
    struct drive_request *request = &command->request;
    uint64_t address = header_address(port, slot);
    struct header header;
    if (!guest_memory_read(memory_of(port), address, &header, sizeof header)) {
        fail_fatally(port);
        return;
    }
    size_t moved = request->data_size;
    if (command->direction == DATA_FROM_DRIVE) {
        moved = copy_data(port, header.table, command->entries, request->data, request->transferred,
                          false);
        if (moved < request->transferred) {
            port->registers[PX_IS] |= IS_OFS;
        }
    }
    header.transferred = (uint32_t)moved;
    guest_memory_write(memory_of(port), address, &header, sizeof header);
}

static void report_queued(struct ahci_port *port, unsigned slot,
                          const struct ata_registers_out *out, bool failed) {
    if (failed) {
        port->error = (struct ahci_queued_error){true, (uint8_t)slot, *out};
    }
    ahci_send_device_bits(port, out, failed ? 0 : 1U << slot);
}

static void report(struct ahci_port *port, unsigned slot, const struct ata_registers_out *out,
                   bool failed) {
    const struct ahci_command *command = &port->commands[slot];
    port->busy = AHCI_SLOTS;
    if (!failed) {
        set_bit(&port->registers[PX_CI], slot, false);
    }
    if (!failed && command->direction == DATA_FROM_DRIVE && is_pio(command->request.ata.command)) {
        ahci_send_pio_setup(port, out, command->request.transferred);
    } else {
        ahci_send_registers(port, out, true);
    }
}

/* After an error nothing more is fetched until the host has cleared ST. */
static void finish(struct ahci_port *port, unsigned slot) {
    struct ahci_command *command = &port->commands[slot];
    const struct ata_registers_out out = command->request.ata_out;
    bool failed = out.status & ATA_ERR || out.status & ATA_DF;
    bay_done(port->bay, &command->request);
    if (!failed && command->direction != DATA_NONE) {
        deliver_data(port, slot);
    }
    if (command->queued) {
        report_queued(port, slot, &out, failed);
    } else {
        report(port, slot, &out, failed);
    }
    port->stopped |= failed;
    release(command);
}

/* A command that is lost leaves the drive busy for the host, which has to reset it. */
static void complete(struct ahci_port *port, unsigned slot) {
    struct ahci_command *command = &port->commands[slot];
    if (!command->active || command->request.state == REQUEST_PENDING) {
        return;
    }
    if (command->request.state == REQUEST_LOST) {
        bay_done(port->bay, &command->request);
        release(command);
        return;
    }
    finish(port, slot);
}

void ahci_port_complete(struct ahci_port *port) {
    for (unsigned slot = 0; slot < AHCI_SLOTS; slot++) {
        complete(port, slot);
    }
    ahci_port_run(port);
}

static bool may_begin(const struct ahci_port *port, unsigned slot) {
    return port->registers[PX_CMD] & CMD_ST && !port->stopped && port->link &&
           port->busy == AHCI_SLOTS && port->registers[PX_CI] >> slot & 1 &&
           !port->commands[slot].active;
}

void ahci_port_run(struct ahci_port *port) {
    for (unsigned slot = 0; slot < AHCI_SLOTS; slot++) {
        if (may_begin(port, slot)) {
            begin(port, slot);
            complete(port, slot);
        }
    }
    ahci_update_interrupt(port->ahci);
}

void ahci_port_forget(struct ahci_port *port) {
    for (unsigned slot = 0; slot < AHCI_SLOTS; slot++) {
        struct ahci_command *command = &port->commands[slot];
        if (!command->active) {
            continue;
        }
        if (command->request.state == REQUEST_PENDING) {
            bay_forget(port->bay, &command->request);
        }
        release(command);
    }
    port->busy = AHCI_SLOTS;
}
