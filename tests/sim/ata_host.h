/* The host's side of ATA and of the SCSI/ATA translation, for the tests. */
#ifndef SIM_ATA_HOST_H
#define SIM_ATA_HOST_H

#include "ata_codes.h"
#include "drive.h"

/* One command at a time; it and its data are of the host until the next. */
struct ata_host {
    struct drive *drive;
    struct drive_request request;
    uint8_t data[1 << 17];
};

/* Each sends and returns the request, which may be pending. Data for the drive is in host->data;
 * there is as much room as the command needs. */
struct drive_request *ata_send(struct ata_host *host, struct ata_registers_in in);
/* A command without more than a code, a feature and a count. */
struct drive_request *ata_simple(struct ata_host *host, uint8_t command, uint16_t feature,
                                 uint16_t count);
struct drive_request *ata_lba(struct ata_host *host, uint8_t command, uint16_t feature,
                              uint16_t count, uint64_t lba);
/* A security command with its block. */
struct drive_request *ata_password(struct ata_host *host, uint8_t command, uint16_t flags,
                                   const char *password);
uint16_t ata_identify_word(struct ata_host *host, unsigned word);

struct drive_request *scsi_send(struct ata_host *host, const uint8_t *cdb, uint8_t length);
/* ATA PASS-THROUGH(16); flags is byte 2. */
struct drive_request *scsi_pass_through(struct ata_host *host, struct ata_registers_in in,
                                        uint8_t protocol, bool extend, uint8_t flags);

/* Physical pages that still hold planted data: those of one state (enum page_state), or of all
 * (-1). */
uint64_t planted_pages(const struct drive *drive, int state);

/* Done, and well; or done with ERR and ABRT. */
void assert_ata_good(const struct drive_request *request);
void assert_ata_aborted(const struct drive_request *request);

#endif
