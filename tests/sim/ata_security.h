/*
 * The ATA SECURITY feature set as a state machine of its own: passwords in, accepted or aborted
 * out. What an accepted erase does to the media is the caller's.
 *
 * Facts: DEVICE-FACTS A.5 (commands, state table SEC0 to SEC6) and A.6 (freezing, resets). The two
 * powered-off states, SEC0 and SEC3, are a drive that is closed with enabled clear or set.
 */
#ifndef SIM_ATA_SECURITY_H
#define SIM_ATA_SECURITY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ATA_PASSWORD_SIZE = 32,
    ATA_SECURITY_BLOCK_SIZE = 512, /* what F1h, F2h, F4h and F6h carry */
    ATA_SECURITY_ATTEMPTS = 5,
    ATA_MASTER_ID_FACTORY = 0xfffe,
};

struct ata_security {
    /* Kept without power. */
    bool enabled; /* a user password is set */
    bool master_maximum;
    uint16_t master_id;
    uint8_t user_password[ATA_PASSWORD_SIZE];
    uint8_t master_password[ATA_PASSWORD_SIZE];
    /* Lost without power. */
    bool locked;
    bool frozen;
    bool prepared; /* the last command was ERASE PREPARE */
    uint8_t attempts_left;
};

/* What a new drive has: disabled, no user password, an all-zero master password. */
void ata_security_make(struct ata_security *security);

/* The data blocks are ATA_SECURITY_BLOCK_SIZE bytes. All return whether the command is accepted;
 * if it is not, nothing but the attempt counter has changed. */
bool ata_security_set_password(struct ata_security *security, const uint8_t *block);
bool ata_security_unlock(struct ata_security *security, const uint8_t *block);
bool ata_security_disable(struct ata_security *security, const uint8_t *block);
bool ata_security_freeze(struct ata_security *security);

/* ERASE PREPARE is good for the very next command; call ata_security_next_command with each command
 * (its code) before that is carried out. */
bool ata_security_prepare(struct ata_security *security);
void ata_security_next_command(struct ata_security *security, uint8_t command);

/* May ERASE UNIT begin? Spends the preparation. */
bool ata_security_may_erase(struct ata_security *security, const uint8_t *block);
bool ata_security_erase_is_enhanced(const uint8_t *block);
/* It has ended well: the user password is gone, the master password stays. */
void ata_security_erased(struct ata_security *security);

/* Media access, and what else a locked drive aborts. */
bool ata_security_denies_media(const struct ata_security *security);

void ata_security_power_on(struct ata_security *security);
/* COMRESET; with Software Settings Preservation lock, freeze and counter stay as they are. */
void ata_security_hard_reset(struct ata_security *security, bool settings_preserved);

/* Word 128 of IDENTIFY DEVICE. */
uint16_t ata_security_word(const struct ata_security *security, bool enhanced_supported);

#endif
