/*
 * The agent's transport over a simulated drive, carried as the kernel's drivers would carry it, in
 * simulated time: a whole erase of hours takes milliseconds, and nothing boots.
 */
#ifndef QUIETUS_MODEL_TRANSPORT_H
#define QUIETUS_MODEL_TRANSPORT_H

#include "quietus/device.h"

#include "drive.h"

struct raid_faults; /* raid_model.h */

/* How a drive is reached. */
enum model_path {
    MODEL_NVME,
    MODEL_LIBATA,   /* registers by libata's rules: descriptor sense */
    MODEL_SATL,     /* the drive's own SCSI translation */
    MODEL_SAS,      /* a native SCSI disk */
    MODEL_MEGARAID, /* either, behind a RAID controller: see raid_model.h */
    MODEL_CCISS,
};

struct model {
    struct drive *drive;
    enum model_path path;
    /* The machine loses power before this command (1: the first); 0: it does not. From then on
     * nothing is answered. */
    unsigned power_cut_at;
    unsigned commands;
    unsigned passwords_sent; /* SECURITY UNLOCK and ERASE UNIT */
    bool is_off;
    /* A drive that vanishes for a while keeps its node: reads, writes and flushes wait for it and
     * are sent again, as by libata after the loss of a link. */
    bool is_waited_for;
    const struct raid_faults *faults; /* of a RAID controller; may be NULL */
    /* A SAS disk on two paths: commands that came by each, those of them that touch the medium, and
     * the command at which a path goes dead (1: before the first; 0: never). */
    unsigned ports; /* 2, or anything else for one */
    unsigned sent[2];
    unsigned on_medium[2];
    unsigned dead_at[2];
    unsigned sanitize_at; /* the number of the first SANITIZE among those of its path */
};

/* The clock of the agent becomes the simulated one. */
void model_use_clock(void);

/* A command to the drive, whatever way it came: 0; -ETIMEDOUT; -ENODEV: it is gone; -ECONNRESET. */
int model_carry(struct model *model, struct drive_request *request, uint64_t timeout_ms);

/* The drive as the scan would have found it; the caller frees it. */
struct disk *model_scan(struct model *model);

/* Opens it, with a finder that finds it again after it has vanished and come back. */
struct device *model_open(struct model *model, const struct disk *disk);

#endif
