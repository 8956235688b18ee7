/*
 * The ATA passwords that are tried on a drive, and the SECURITY commands that carry one. The
 * evidence names a password and never has it.
 */
#ifndef QUIETUS_ATA_PASSWORD_H
#define QUIETUS_ATA_PASSWORD_H

#include "quietus/armed.h"

struct ata_password {
    const char *name; /* for the evidence and for people */
    bool master;
    char bytes[ATA_PASSWORD_SIZE + 1]; /* padded with NUL */
};

/*
 * What Quietus sets before a SECURITY ERASE. Fixed and public: it protects nothing, and whoever
 * finds a drive that lost power in the middle can open it.
 */
extern const struct ata_password ata_password_quietus;

/*
 * The passwords that erase tools are known to leave behind, that of Quietus first (DEVICE-FACTS
 * A.6). A drive takes five wrong ones until it wants a power cycle: all are tried once, and one
 * attempt is left to a person.
 */
enum { ATA_PASSWORDS_KNOWN = 4 };
extern const struct ata_password *const ata_passwords_known[ATA_PASSWORDS_KNOWN];

/* A SECURITY command with a password. data has room for ATA_SECURITY_DATA_SIZE, name for 96. */
void ata_password_step(uint8_t command, const struct ata_password *password, uint8_t flags,
                       uint8_t *data, char *name, struct ata_step *out);

#endif
