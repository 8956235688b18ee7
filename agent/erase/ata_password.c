#include "ata_password.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, NAME_SIZE = 96 };

const struct ata_password ata_password_quietus = {
    .name = "Quietus", .master = false, .bytes = "Quietus erase in progress"};

/* hdparm's NULL: 32 zero bytes; before its version 9.51 the word itself was sent. */
static const struct ata_password hdparm_null = {.name = "all zero (hdparm NULL)", .bytes = ""};
static const struct ata_password hdparm_word = {.name = "the word NULL (old hdparm)",
                                                .bytes = "NULL"};
static const struct ata_password windows = {.name = "Windows secure erase",
                                            .bytes = "AutoATAWindowsString12345678901"};

const struct ata_password *const ata_passwords_known[ATA_PASSWORDS_KNOWN] = {
    &ata_password_quietus, &hdparm_null, &hdparm_word, &windows};

static const char *command_name(uint8_t command) {
    switch (command) {
    case ATA_SECURITY_SET_PASSWORD:
        return "SECURITY SET PASSWORD";
    case ATA_SECURITY_UNLOCK:
        return "SECURITY UNLOCK";
    case ATA_SECURITY_DISABLE_PASSWORD:
        return "SECURITY DISABLE PASSWORD";
    default:
        return "SECURITY ERASE UNIT";
    }
}

void ata_password_step(uint8_t command, const struct ata_password *password, uint8_t flags,
                       uint8_t *data, char *name, struct ata_step *out) {
    memset(data, 0, ATA_SECURITY_DATA_SIZE);
    data[0] = (uint8_t)(flags | (password->master ? ATA_SECURITY_IS_MASTER : 0));
    memcpy(data + ATA_PASSWORD_OFFSET, password->bytes, ATA_PASSWORD_SIZE);
    (void)snprintf(name, NAME_SIZE, "%s%s (%s password: %s)", command_name(command),
                   flags & ATA_SECURITY_ENHANCED ? ", enhanced" : "",
                   password->master ? "master" : "user", password->name);
    *out = (struct ata_step){
        .name = name,
        .taskfile = {.protocol = ATA_PIO_OUT, .count = 1, .command = command},
        .data = data,
        .timeout_ms = TIMEOUT_MS,
    };
}
