/* Reading by a command of our own: for the sense data that the block layer keeps to itself. */
#include "quietus/memory.h"

#include "command_io.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 60000,
    TRIES = 4,
    PROTECTION = 8,       /* bytes of protection information behind a sector */
    NOT_CHECKED = 3 << 5, /* RDPROTECT 011b: it is given and not checked (SBC) */
};

static struct scsi_command read_16(uint64_t lba, uint32_t count, bool unchecked, void *data,
                                   uint32_t length) {
    struct scsi_command command = {
        .name = "READ(16)",
        .cdb_length = 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = length,
        .timeout_ms = TIMEOUT_MS,
    };
    command_io_cdb(false, lba, count, command.cdb);
    command.cdb[1] = unchecked ? NOT_CHECKED : 0;
    return command;
}

/* A unit attention says nothing of the read. */
static int send(struct device *device, struct scsi_command *command, struct scsi_sense *sense) {
    for (int i = 0; i < TRIES; i++) {
        *sense = (struct scsi_sense){0};
        const int error = device->ops->scsi(device->context, command);
        if (error)
            return error;
        if (command->host_status == 0 && command->status == SCSI_GOOD)
            return command->received == command->data_length ? 0 : -EIO;
        if (command->status == SCSI_CHECK_CONDITION)
            scsi_decode_sense((struct bytes){command->sense, command->sense_length}, sense);
        if (!sense->valid || sense->key != SENSE_UNIT_ATTENTION)
            return -EIO;
    }
    return -EIO;
}

int device_read_by_command(struct device *device, const struct sector_read *read, void *out,
                           struct scsi_sense *sense) {
    const uint32_t size = device->areas[read->area].lba_size;
    const uint32_t moved = size + (read->unchecked ? PROTECTION : 0);
    *sense = (struct scsi_sense){0};
    if (device->commands != COMMANDS_SCSI)
        return -EOPNOTSUPP;
    uint8_t *data = memory_new(read->count, moved);
    struct scsi_command command =
        read_16(read->lba, read->count, read->unchecked, data, read->count * moved);
    const int error = send(device, &command, sense);
    for (uint32_t i = 0; error == 0 && i < read->count; i++)
        memcpy((uint8_t *)out + (size_t)i * size, data + (size_t)i * moved, size);
    free(data);
    return error;
}
