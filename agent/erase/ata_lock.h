/* The ATA password of a drive: asking for its state, setting it and taking it off. */
#ifndef QUIETUS_ATA_LOCK_H
#define QUIETUS_ATA_LOCK_H

#include "ata_password.h"
#include "earlier.h"

/* The way to the drive, and how long to wait for it. */
struct ata_link {
    struct armed *armed;
    struct progress *progress;
    const struct policy *policy;
};

/* How long a drive that has gone away may take to return. */
enum { ATA_RETURN_MS = 300000 };

/* Sends a SECURITY command that carries a password; an error has a reason that does not show it. */
int ata_send_password(struct armed *armed, uint8_t command, const struct ata_password *password,
                      struct reason *reason);

/* The state, as soon as the drive gives it: after a reset that can take a while. */
int ata_ask_security(const struct ata_link *link, struct ata_security *out);

/* Takes the password off, whatever state the drive is in. 0 if security is off at the end. */
int ata_take_password_off(const struct ata_link *link, const struct ata_password *password,
                          struct reason *reason);

/* How long ERASE UNIT may take on so many bytes, by what the drive says and by its size. */
uint32_t ata_erase_timeout_ms(uint64_t bytes, uint32_t minutes);

/*
 * PREPARE and ERASE UNIT. 0 with a good status, -EIO refused, -EAGAIN interrupted or unclear,
 * -ESTALE another disk; with the reason.
 */
int ata_erase_unit(const struct ata_link *link, const struct ata_password *password, bool enhanced,
                   uint32_t timeout_ms, struct reason *reason);

#endif
