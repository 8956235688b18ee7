/* What the SCSI methods share: SANITIZE and FORMAT UNIT run in the disk and are asked for alike. */
#ifndef QUIETUS_SCSI_COMMON_H
#define QUIETUS_SCSI_COMMON_H

#include "follow.h"

/* A command that goes on in the disk after its status. */
struct scsi_operation {
    const char *name;
    uint8_t cdb[16];
    uint8_t cdb_length;
    void *data;
    uint32_t data_length;
    uint16_t at_work; /* ASC and ASCQ while it runs */
    uint16_t failed;  /* and when it has failed */
    uint64_t estimate_s;
};

/*
 * Sends it and follows it to its end; sets what facts it has seen. part, parts: for the progress.
 * Returns as struct method's run.
 */
int scsi_run_operation(struct erase_run *run, const struct scsi_operation *operation, unsigned part,
                       unsigned parts);

/* The disk is ready, and has the capacity and the sectors that it had. */
int scsi_unchanged(struct erase_run *run);

/* A sanitize or format that was under way is followed to its end: as nvme_sanitize_wait. */
struct earlier;
int scsi_operation_wait(const struct earlier *earlier, struct follow *follow, enum follow_end *end);

/*
 * MODE SELECT of a block descriptor alone: what the disk is to have as number and size of blocks.
 * save: for good. 0; -EIO if the disk does not take it; or as armed_scsi, with the reason.
 */
int scsi_select_blocks(struct armed *armed, const char *name,
                       const struct scsi_block_descriptor *wanted, bool save,
                       struct reason *reason);

/* How long writing all of the disk may take, in seconds. */
uint64_t scsi_seconds_to_write(const struct erase_run *run);

#endif
