/* The host's side of a native SCSI disk, for the tests. */
#ifndef SIM_SAS_HOST_H
#define SIM_SAS_HOST_H

#include "drive.h"
#include "scsi_sense.h"

/* One command at a time; it and its data are of the host until the next. */
struct sas_host {
    struct drive *drive;
    uint16_t path;
    struct drive_request request;
    uint8_t data[1 << 16];
};

/* Opens the drive and takes the unit attentions of power-on, on both paths. */
void sas_begin(struct sas_host *host, const char *lines);
/* The same after a power cut. */
void sas_power_cut(struct sas_host *host, const char *lines);

/* Sends a command with what is in host->data: as much as its CDB says, or so many bytes of a list
 * that says itself how long it is. Returns the request, which may be pending. */
const struct drive_request *sas_send(struct sas_host *host, const uint8_t *cdb, uint8_t length);
const struct drive_request *sas_send_list(struct sas_host *host, const uint8_t *cdb, uint8_t length,
                                          const uint8_t *list, size_t list_length);

/* READ(16) and WRITE(16) of host->data; protect is RDPROTECT or WRPROTECT. */
const struct drive_request *sas_read_16(struct sas_host *host, uint64_t lba, uint32_t blocks,
                                        uint8_t protect);
const struct drive_request *sas_write_16(struct sas_host *host, uint64_t lba, uint32_t blocks,
                                         uint8_t protect);
/* SANITIZE without a list; byte 1 is flags and service action. */
const struct drive_request *sas_sanitize(struct sas_host *host, uint8_t byte_1);
/* OVERWRITE with a pattern. */
const struct drive_request *sas_overwrite(struct sas_host *host, uint8_t flags, uint8_t list_0,
                                          const uint8_t *pattern, uint16_t pattern_length);
/* FORMAT UNIT with a short header and IMMED; info is FMTPINFO. */
const struct drive_request *sas_format(struct sas_host *host, uint8_t info, uint8_t usage);
/* MODE SELECT(10) of a long block descriptor alone. */
const struct drive_request *sas_select_blocks(struct sas_host *host, uint64_t blocks,
                                              uint32_t block_bytes);

/* Key << 16 | additional sense of REQUEST SENSE (fixed format), and its progress, 0x10000 if it
 * tells none. */
uint32_t sas_request_sense(struct sas_host *host, uint32_t *progress);
/* The capacity and the block length by READ CAPACITY(16). */
uint64_t sas_capacity(struct sas_host *host, uint32_t *block_bytes);

/* Physical pages that still hold planted data: in all, of one state, or where an LBA leads. */
uint64_t sas_planted(const struct drive *drive);
uint64_t sas_planted_in(const struct drive *drive, int state);

void sas_expect_good(const struct drive_request *request);
/* CHECK CONDITION with fixed sense. */
void sas_expect(const struct drive_request *request, uint8_t key, uint16_t additional);

#endif
