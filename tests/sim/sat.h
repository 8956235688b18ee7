/*
 * The SCSI/ATA translation: the ATA drive as a SCSI disk, as SAS controllers and libata present it.
 */
#ifndef SIM_SAT_H
#define SIM_SAT_H

#include "ata.h"
#include "scsi.h"

struct sat {
    struct scsi_unit unit;
    struct ata *ata;
    struct drive_request inner;  /* the ATA command of a pass-through */
    struct drive_request *outer; /* the SCSI command that waits for it; NULL: none */
};

struct sat *sat_new(struct ata *ata); /* NULL: no memory */
void sat_free(struct sat *sat);
void sat_power_on(struct sat *sat);
void sat_reset(struct sat *sat, enum drive_reset kind);

void sat_execute(struct sat *sat, struct drive_request *request);
enum drive_direction sat_data_of(const struct drive *drive, const struct drive_request *request,
                                 size_t *length);

/* The ATA command that was left pending has its answer: gives it to whoever sent it. */
void sat_or_host_answer(struct sat *sat, struct drive_request *ata_request);
void sat_forget(struct sat *sat, const struct drive_request *request);

/* sat_pass_through.c */
scsi_run sat_run_pass_through;
enum drive_direction sat_pass_through_length(const struct scsi_unit *unit,
                                             const struct drive_request *request, size_t *length);
/* The inner command is done: ends the outer one. */
void sat_pass_through_end(struct sat *sat);

/* sat_device.c */
extern const struct scsi_device sat_device;
/* What an ATA error is in sense. */
struct scsi_sense sat_sense_of(const struct ata_registers_out *out);

#endif
