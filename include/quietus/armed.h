/*
 * A disk that may be changed. Only warrant_arm (warrant.h) makes one, for the one disk that the
 * warrant names; there is no other way to a destructive command or a write (law 1).
 */
#ifndef QUIETUS_ARMED_H
#define QUIETUS_ARMED_H

#include "quietus/device.h"

struct armed;

/* Gives up the right to write; the device stays open. */
void armed_close(struct armed *armed);

struct device *armed_device(const struct armed *armed);

/*
 * Sends a command that may destroy. The disk's identity is read again first (law 4): -ESTALE with
 * the reason if it is not the disk of the warrant, and nothing is sent. Otherwise as device_*.
 */
int armed_scsi(struct armed *armed, struct scsi_command *command, struct reason *reason);
int armed_nvme(struct armed *armed, struct nvme_command *command, struct reason *reason);
int armed_ata(struct armed *armed, const char *name, const struct ata_taskfile *taskfile,
              void *data, uint32_t timeout_ms, struct ata_registers *registers,
              struct reason *reason);

/* The disk that is expected: the warrant's, with the capacity that armed_grown has allowed. */
const struct disk_identity *armed_expected(const struct armed *armed);

/*
 * Hidden capacity has been opened: from now on the disk is expected to be as large as it says. 0;
 * -ESTALE with the reason if anything else about it has changed, or it has shrunk.
 */
int armed_grown(struct armed *armed, struct reason *reason);

/*
 * The sector size is about to change, and the capacity with it: from now on the disk is known by
 * its names alone.
 */
void armed_capacity_changes(struct armed *armed);

/*
 * Two commands with nothing between them, as SECURITY ERASE PREPARE and ERASE UNIT have to be. The
 * identity is read before the first. first_error: what came of that one; if it is not 0, the second
 * was not sent. (An answer that cannot be read counts as 0.)
 */
struct ata_step {
    const char *name;
    struct ata_taskfile taskfile;
    void *data;
    uint32_t timeout_ms;
};
int armed_ata_pair(struct armed *armed, const struct ata_step *first, const struct ata_step *second,
                   int *first_error, struct ata_registers *registers, struct reason *reason);

/*
 * Writing goes on between these two: armed_begin reads the identity again, -ESTALE if it is another
 * disk's. armed_end flushes what was written in every area; 0 or negative errno.
 */
int armed_begin(struct armed *armed, struct reason *reason);
int armed_end(struct armed *armed);
/* The same flush, and writing goes on. */
int armed_flush(struct armed *armed);

/* As device_submit, but for writes too; a write outside of begin and end is refused with -EPERM. */
int armed_submit(struct armed *armed, struct io_request *request);
/* Writes exactly length bytes in one go; 0 or negative errno. */
int armed_write(struct armed *armed, unsigned area, uint64_t offset, void *buffer, uint32_t length);

#endif
