/* Reading and writing the medium by SCSI commands, where there is no block device. */
#ifndef QUIETUS_DEVICE_COMMAND_IO_H
#define QUIETUS_DEVICE_COMMAND_IO_H

#include "quietus/transport.h"

/* Who sends the commands. */
struct command_io {
    int (*scsi)(void *context, struct scsi_command *command);
    void *context;
    uint32_t lba_size;
    bool may_write;
};

/* READ(16) or WRITE(16) of so many blocks (SBC-4). */
void command_io_cdb(bool write, uint64_t lba, uint32_t count, uint8_t cdb[16]);

/* Does a whole read or write: sets its result. A command that moves less than it should fails. */
void command_io_do(const struct command_io *io, struct io_request *request);

/* Has the disk write down what it has cached. 0 or negative errno. */
int command_io_flush(const struct command_io *io);

/* What SG_IO says of a command. */
struct sg_io_hdr;
void linux_take_answer(const struct sg_io_hdr *header, struct scsi_command *command);

#endif
