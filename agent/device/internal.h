/* What the files of this folder share, and the makers of warrants need: see armed.h. */
#ifndef QUIETUS_DEVICE_INTERNAL_H
#define QUIETUS_DEVICE_INTERNAL_H

#include "quietus/armed.h"
#include "quietus/device.h"

struct device {
    const struct transport_ops *ops;
    void *context;
    enum command_set commands;
    struct disk_area areas[DISK_AREAS];
    unsigned area_count;
    struct evidence *evidence; /* may be NULL */
    device_finder finder;      /* may be NULL */
    void *finder_user;
    const struct disk *lost; /* what the finder is given */
    bool is_armed;
};

/* The Linux transport for a disk's nodes. */
int linux_transport_open(const struct disk *disk, const struct transport_ops **ops, void **context);

/*
 * Whether the block device that area_fd has open is the disk that command_fd has: names are given
 * out again, but not while somebody has the device open. 0; -ESTALE if it is another disk's.
 */
int nodes_belong_together(int command_fd, int area_fd);

/* Takes the SCSI device that fd has open out of the kernel's tree and has its host look for disks.
 */
int nodes_rediscover(int command_fd);

/* Without the question whether the command only asks. */
int device_scsi_unchecked(struct device *device, struct scsi_command *command);
int device_nvme_unchecked(struct device *device, struct nvme_command *command);
int device_ata_unchecked(struct device *device, const char *name,
                         const struct ata_taskfile *taskfile, void *data, uint32_t timeout_ms,
                         struct ata_registers *registers);

/* One read or write, whole: 0, -EIO if it was cut short, or another negative errno (-ETIME:
 * silent). */
int device_do_unchecked(struct device *device, const struct io_request *wanted);

/*
 * Opens the device for writing; its identity must be the expected one. Called by warrant_arm alone
 * (tests/unit/test_laws.c looks). -ESTALE or -EBUSY or another negative errno with the reason.
 */
int armed_open(struct device *device, const struct disk_identity *expected, struct armed **out,
               struct reason *reason);

#endif
