#include "ata_security.h"

#include <string.h>

/* The data block: word 0 is flags, bytes 2 to 33 the password, word 17 the new master identifier.
 */
enum {
    FLAG_MASTER = 1 << 0,
    FLAG_ENHANCED = 1 << 1,
    FLAG_MAXIMUM = 1 << 8,
    PASSWORD_OFFSET = 2,
    MASTER_ID_OFFSET = 34,
};

enum { COMMAND_ERASE_UNIT = 0xf4 };

/* Word 128. */
enum {
    WORD_SUPPORTED = 1 << 0,
    WORD_ENABLED = 1 << 1,
    WORD_LOCKED = 1 << 2,
    WORD_FROZEN = 1 << 3,
    WORD_EXPIRED = 1 << 4,
    WORD_ENHANCED = 1 << 5,
    WORD_MAXIMUM = 1 << 8,
};

static uint16_t word_at(const uint8_t *block, unsigned offset) {
    return (uint16_t)(block[offset] | block[offset + 1] << 8);
}

static bool names_master(const uint8_t *block) {
    return word_at(block, 0) & FLAG_MASTER;
}

static bool expired(const struct ata_security *security) {
    return security->attempts_left == 0;
}

static bool password_matches(const struct ata_security *security, const uint8_t *block) {
    const uint8_t *given = block + PASSWORD_OFFSET;
    if (names_master(block))
        return memcmp(given, security->master_password, ATA_PASSWORD_SIZE) == 0;
    return security->enabled && memcmp(given, security->user_password, ATA_PASSWORD_SIZE) == 0;
}

/* With capability Maximum the master password serves for nothing but to erase. */
static bool master_is_too_weak(const struct ata_security *security, const uint8_t *block) {
    return security->enabled && security->master_maximum && names_master(block);
}

void ata_security_make(struct ata_security *security) {
    *security = (struct ata_security){.master_id = ATA_MASTER_ID_FACTORY,
                                      .attempts_left = ATA_SECURITY_ATTEMPTS};
}

static void set_master_password(struct ata_security *security, const uint8_t *block) {
    const uint16_t id = word_at(block, MASTER_ID_OFFSET);
    memcpy(security->master_password, block + PASSWORD_OFFSET, ATA_PASSWORD_SIZE);
    if (id != 0x0000 && id != 0xffff) /* those two mean "not given" */
        security->master_id = id;
}

bool ata_security_set_password(struct ata_security *security, const uint8_t *block) {
    if (security->locked || security->frozen)
        return false;
    if (names_master(block)) {
        set_master_password(security, block);
        return true;
    }
    memcpy(security->user_password, block + PASSWORD_OFFSET, ATA_PASSWORD_SIZE);
    security->master_maximum = word_at(block, 0) & FLAG_MAXIMUM;
    security->enabled = true;
    return true;
}

bool ata_security_unlock(struct ata_security *security, const uint8_t *block) {
    if (security->frozen || expired(security) || master_is_too_weak(security, block))
        return false;
    if (password_matches(security, block)) {
        security->locked = false;
        return true;
    }
    /* Only a locked drive counts: on an unlocked one nothing is to be gained by guessing. */
    if (security->locked)
        security->attempts_left--;
    return false;
}

bool ata_security_disable(struct ata_security *security, const uint8_t *block) {
    if (security->locked || security->frozen || master_is_too_weak(security, block))
        return false;
    if (!password_matches(security, block))
        return false;
    ata_security_erased(security);
    return true;
}

bool ata_security_freeze(struct ata_security *security) {
    if (security->locked)
        return false;
    security->frozen = true;
    return true;
}

bool ata_security_prepare(struct ata_security *security) {
    if (security->frozen)
        return false;
    security->prepared = true;
    return true;
}

void ata_security_next_command(struct ata_security *security, uint8_t command) {
    if (command != COMMAND_ERASE_UNIT)
        security->prepared = false;
}

bool ata_security_may_erase(struct ata_security *security, const uint8_t *block) {
    const bool prepared = security->prepared;
    security->prepared = false;
    if (!prepared || security->frozen || expired(security))
        return false;
    return password_matches(security, block);
}

bool ata_security_erase_is_enhanced(const uint8_t *block) {
    return word_at(block, 0) & FLAG_ENHANCED;
}

void ata_security_erased(struct ata_security *security) {
    memset(security->user_password, 0, sizeof security->user_password);
    security->enabled = false;
    security->locked = false;
    security->master_maximum = false;
}

bool ata_security_denies_media(const struct ata_security *security) {
    return security->locked;
}

void ata_security_power_on(struct ata_security *security) {
    security->locked = security->enabled;
    security->frozen = false;
    security->prepared = false;
    security->attempts_left = ATA_SECURITY_ATTEMPTS;
}

void ata_security_hard_reset(struct ata_security *security, bool settings_preserved) {
    security->prepared = false;
    if (!settings_preserved)
        ata_security_power_on(security);
}

uint16_t ata_security_word(const struct ata_security *security, bool enhanced_supported) {
    return (uint16_t)(WORD_SUPPORTED | (security->enabled ? WORD_ENABLED : 0) |
                      (security->locked ? WORD_LOCKED : 0) | (security->frozen ? WORD_FROZEN : 0) |
                      (expired(security) ? WORD_EXPIRED : 0) |
                      (enhanced_supported ? WORD_ENHANCED : 0) |
                      (security->master_maximum ? WORD_MAXIMUM : 0));
}
