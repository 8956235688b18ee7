/*
 * An opened disk that can be asked but not changed: a command that is not known to be harmless is
 * refused here, whoever sends it. What changes a disk goes through armed.h.
 */
#ifndef QUIETUS_DEVICE_H
#define QUIETUS_DEVICE_H

#include "quietus/disk.h"
#include "quietus/evidence.h"
#include "quietus/transport.h"

struct device;

/*
 * Opens the disk's nodes for reading. Only nodes, command set and areas of the disk are used, so
 * that the scan can open what it has just found. 0 or negative errno; the caller closes.
 */
int device_open(const struct disk *disk, struct device **out);

/* A device over a given transport, for tests; closes the context through ops->close. */
struct device *device_new(const struct transport_ops *ops, void *context, const struct disk *disk);

void device_close(struct device *device);

/*
 * Who looks for the disk when it has vanished from its nodes: finds it by its identity among what
 * the kernel shows now, and opens it anew. 0; -ENODEV: not there (yet); -EEXIST: more than one disk
 * says that it is this one, or did when it was scanned, or nothing names it: whichever is found may
 * be another one.
 */
typedef int (*device_finder)(void *user, const struct disk *lost, struct device **out);

/* lost must outlive the device. Without a finder a vanished disk stays lost. */
void device_set_finder(struct device *device, device_finder finder, void *user,
                       const struct disk *lost);

/*
 * Goes over to the nodes that the disk has now, armed again if it was. 0; -ENODEV or -EEXIST as the
 * finder; or another negative errno, and the device is as it was.
 */
int device_find_again(struct device *device);

/* Which disk the finder looks for from now on; must outlive the device. */
void device_set_lost(struct device *device, const struct disk *lost);

/*
 * Has the kernel take the disk anew, whose capacity has changed, and goes over to its new nodes. 0;
 * -ENODEV if it has not come back in time; -EEXIST if it can be mistaken for another disk (disk.h),
 * in which case nothing was done and the device is as it was, or if until the time was over more
 * than one disk said that it is this one; or another negative errno.
 */
int device_rediscover(struct device *device);

/* From now on every command is recorded; NULL: no longer. */
void device_record(struct device *device, struct evidence *evidence);

unsigned device_area_count(const struct device *device);
const struct disk_area *device_areas(const struct device *device);
const struct disk_area *device_area(const struct device *device, unsigned index);
enum command_set device_commands(const struct device *device);

/*
 * Sends a command that only asks. -EPERM if it is not on the list of those; otherwise as the
 * transport: 0 does not mean that the disk was pleased, look at the status.
 */
int device_scsi(struct device *device, struct scsi_command *command);
int device_nvme(struct device *device, struct nvme_command *command);

/*
 * Sends an ATA command through SAT. registers: what came back, .valid only if something did. Data,
 * if any, has 512 * count bytes. 0; -EIO if the transport or the drive failed it (registers may say
 * more); -EAGAIN: a unit attention came instead; -EPERM; negative errno.
 */
int device_ata(struct device *device, const char *name, const struct ata_taskfile *taskfile,
               void *data, uint32_t timeout_ms, struct ata_registers *registers);

/* True if the command only asks. Pure; these are the lists behind -EPERM. */
bool device_scsi_only_asks(const uint8_t *cdb, size_t length);
bool device_nvme_only_asks(const struct nvme_command *command);

/*
 * Lends memory that the requests from now on lie in, until it is lent NULL: that comes before it is
 * freed. Only for speed, and only one piece at a time.
 */
void device_lend(struct device *device, void *memory, size_t length);

/* Reads: see transport.h. A request with .write set is refused with -EPERM. */
int device_submit(struct device *device, struct io_request *request);
int device_wait(struct device *device, uint32_t timeout_ms, struct io_request **done);
/* Reads exactly length bytes in one go; 0 or negative errno. */
int device_read(struct device *device, unsigned area, uint64_t offset, void *buffer,
                uint32_t length);

/*
 * Reads sectors of a SCSI disk by a command, which is not recorded: for the sense data of a read
 * that has failed. unchecked: protection information is not checked (types 1 and 3 only). out: room
 * for the sectors' data. 0; -EIO with the sense, if there is any (.valid); or another negative
 * errno.
 */
struct sector_read {
    unsigned area;
    uint64_t lba;
    uint32_t count;
    bool unchecked;
};
int device_read_by_command(struct device *device, const struct sector_read *read, void *out,
                           struct scsi_sense *sense);

/* Makes the kernel drop what it has cached of the disk and read its partitions anew. 0 or negative
 * errno. */
int device_refresh(struct device *device);

/*
 * Asks the disk who it is (law 4): by its own commands where it takes any, else from the block
 * layer. 0 or negative errno with the reason; what it did say is in out all the same.
 */
int device_identity(struct device *device, struct disk_identity *out, struct reason *reason);

#endif
