#include "command_io.h"

#include "quietus/scsi.h"

#include <errno.h>
#include <string.h>

/* As the kernel's SCSI layer tells these two apart (scsi_lib.c). */
static int error_of(const struct scsi_command *command) {
    enum { ASC_PROTECTION = 0x10 };
    struct scsi_sense sense;
    scsi_decode_sense((struct bytes){command->sense, command->sense_length}, &sense);
    if (command->status != SCSI_CHECK_CONDITION || !sense.valid)
        return -EIO;
    if (sense.key == SENSE_ABORTED_COMMAND && sense.asc == ASC_PROTECTION)
        return -EILSEQ;
    return sense.key == SENSE_MEDIUM_ERROR ? -ENODATA : -EIO;
}

void command_io_cdb(bool write, uint64_t lba, uint32_t count, uint8_t cdb[16]) {
    enum { READ_16 = 0x88, WRITE_16 = 0x8a };
    memset(cdb, 0, 16);
    cdb[0] = write ? WRITE_16 : READ_16;
    put_be64(cdb + 2, lba);
    put_be32(cdb + 10, count);
}

/* A good status says nothing of how much was moved. */
static bool is_whole(const struct io_request *request, const struct scsi_command *command) {
    return request->write ? command->unsent == 0 : command->received == command->data_length;
}

/* One READ(16) or WRITE(16), tried again after whatever went wrong. */
static int transfer(const struct command_io *io, const struct io_request *request, uint32_t done,
                    uint32_t length) {
    enum { TIMEOUT_MS = 60000, TRIES = 3 };
    int error = -EIO;
    for (int i = 0; error && i < TRIES; i++) {
        struct scsi_command command = {
            .cdb_length = 16,
            .transfer = request->write ? TRANSFER_OUT : TRANSFER_IN,
            .data = (uint8_t *)request->buffer + done,
            .data_length = length,
            .timeout_ms = TIMEOUT_MS,
        };
        command_io_cdb(request->write, (request->offset + done) / io->lba_size,
                       length / io->lba_size, command.cdb);
        error = io->scsi(io->context, &command);
        if (error == -ENODEV || error == -ENXIO)
            return error;
        if (error == 0 && (command.host_status != 0 || command.status != SCSI_GOOD ||
                           !is_whole(request, &command)))
            error = error_of(&command);
    }
    return error;
}

void command_io_do(const struct command_io *io, struct io_request *request) {
    enum { MOST = 60 << 10 }; /* 16 bits have to hold it (CCISS_PASSTHRU) */
    const uint32_t most = MOST / io->lba_size * io->lba_size;
    uint32_t done = 0;
    int error = request->write && !io->may_write ? -EBADF : 0;
    if (most == 0)
        error = -EINVAL; /* not one sector would fit */
    while (error == 0 && done < request->length) {
        const uint32_t left = request->length - done;
        const uint32_t length = left < most ? left : most;
        error = transfer(io, request, done, length);
        done += length;
    }
    request->result = error ? error : (int32_t)request->length;
}

int command_io_flush(const struct command_io *io) {
    enum { SYNCHRONIZE_CACHE_10 = 0x35, TIMEOUT_MS = 120000, TRIES = 3 };
    for (int i = 0; i < TRIES; i++) {
        struct scsi_command command = {
            .cdb = {SYNCHRONIZE_CACHE_10}, .cdb_length = 10, .timeout_ms = TIMEOUT_MS};
        const int error = io->scsi(io->context, &command);
        if (error)
            return error;
        if (command.host_status == 0 && command.status == SCSI_GOOD)
            return 0;
    }
    return -EIO;
}
