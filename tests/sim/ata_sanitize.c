#include "ata_sanitize.h"

#include "ata_codes.h"

enum {
    COUNT_CLEAR_FAILED = 1 << 0, /* in, of the status */
    COUNT_PASSES = 0xf,          /* in, of an overwrite */
    COUNT_FAILURE_MODE = 1 << 4,
    COUNT_DEFINITIVE = 1 << 6,
    COUNT_INVERT = 1 << 7,
    COUNT_COMPLETED = 1 << 15, /* out */
    COUNT_IN_PROGRESS = 1 << 14,
    COUNT_FROZEN = 1 << 13,
    COUNT_ANTIFROZEN = 1 << 12,
};

/* The signatures that LBA must have: against a command gone astray. */
static const struct {
    uint16_t feature;
    uint64_t mask;
    uint64_t lba;
} signatures[] = {
    {SANITIZE_CRYPTO_SCRAMBLE, 0xffffffffffff, 0x000043727970}, /* "Cryp" */
    {SANITIZE_BLOCK_ERASE, 0xffffffffffff, 0x0000426b4572},     /* "BkEr" */
    {SANITIZE_OVERWRITE, 0xffff00000000, 0x4f5700000000},       /* "OW", then the pattern */
    {SANITIZE_FREEZE_LOCK, 0xffffffffffff, 0x000046724c6b},     /* "FrLk" */
    {SANITIZE_ANTIFREEZE_LOCK, 0xffffffffffff, 0x0000416e7469}, /* "Anti" */
};

static bool signature_is_right(const struct ata_registers_in *in) {
    for (unsigned i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (signatures[i].feature == in->features)
            return (in->lba & signatures[i].mask) == signatures[i].lba;
    return false;
}

static const struct ata_sanitize_verdict accepted = {.accepted = true};

static struct ata_sanitize_verdict aborted(uint8_t reason) {
    return (struct ata_sanitize_verdict){.reason = reason};
}

/* Only a failure of an operation with FAILURE MODE set may be left this way. */
static struct ata_sanitize_verdict tell_status(struct ata_sanitize *sanitize,
                                               const struct ata_registers_in *in) {
    if (sanitize->state != SD3_FAILED)
        return accepted;
    if (!(in->count & COUNT_CLEAR_FAILED) || !sanitize->failure_mode)
        return aborted(sanitize->reason);
    sanitize->state = SD0_IDLE;
    return accepted;
}

static struct ata_sanitize_verdict begin(struct ata_sanitize *sanitize,
                                         const struct ata_registers_in *in) {
    const bool failure_mode = in->count & COUNT_FAILURE_MODE;
    if (sanitize->state == SD1_FROZEN)
        return aborted(SANITIZE_REASON_FROZEN);
    if (sanitize->state == SD2_IN_OPERATION || !signature_is_right(in))
        return aborted(SANITIZE_REASON_NOT_REPORTED);
    /* After a restricted failure there is no way out but another restricted operation. */
    if (sanitize->state == SD3_FAILED && !sanitize->failure_mode && failure_mode)
        return aborted(SANITIZE_REASON_NOT_REPORTED);
    sanitize->state = SD2_IN_OPERATION;
    sanitize->completed = false;
    sanitize->failure_mode = failure_mode;
    return (struct ata_sanitize_verdict){.accepted = true, .begins = true};
}

/* That SD4 can be frozen too is an assumption: the facts name only SD0. */
static struct ata_sanitize_verdict freeze(struct ata_sanitize *sanitize,
                                          const struct ata_registers_in *in) {
    if (sanitize->antifrozen)
        return aborted(SANITIZE_REASON_ANTIFREEZE);
    if (sanitize->state == SD2_IN_OPERATION || sanitize->state == SD3_FAILED ||
        !signature_is_right(in))
        return aborted(SANITIZE_REASON_NOT_REPORTED);
    sanitize->state = SD1_FROZEN;
    return accepted;
}

static struct ata_sanitize_verdict antifreeze(struct ata_sanitize *sanitize,
                                              const struct ata_registers_in *in) {
    if (sanitize->state == SD1_FROZEN)
        return aborted(SANITIZE_REASON_FROZEN);
    if (!signature_is_right(in))
        return aborted(SANITIZE_REASON_NOT_REPORTED);
    sanitize->antifrozen = true;
    return accepted;
}

static bool is_able(const struct ata_sanitize_abilities *abilities, uint16_t feature) {
    switch (feature) {
    case SANITIZE_STATUS:
    case SANITIZE_FREEZE_LOCK:
        return true;
    case SANITIZE_CRYPTO_SCRAMBLE:
        return abilities->crypto_scramble;
    case SANITIZE_BLOCK_ERASE:
        return abilities->block_erase;
    case SANITIZE_OVERWRITE:
        return abilities->overwrite;
    case SANITIZE_ANTIFREEZE_LOCK:
        return abilities->antifreeze_lock;
    default:
        return false;
    }
}

struct ata_sanitize_verdict ata_sanitize_command(struct ata_sanitize *sanitize,
                                                 const struct ata_sanitize_abilities *abilities,
                                                 const struct ata_registers_in *in) {
    if (!is_able(abilities, in->features))
        return aborted(SANITIZE_REASON_FEATURE);
    switch (in->features) {
    case SANITIZE_STATUS:
        return tell_status(sanitize, in);
    case SANITIZE_FREEZE_LOCK:
        return freeze(sanitize, in);
    case SANITIZE_ANTIFREEZE_LOCK:
        return antifreeze(sanitize, in);
    default:
        return begin(sanitize, in);
    }
}

struct ata_sanitize_overwrite ata_sanitize_overwrite_of(const struct ata_registers_in *in) {
    const uint8_t passes = in->count & COUNT_PASSES;
    return (struct ata_sanitize_overwrite){
        .passes = passes ? passes : 16,
        .invert = in->count & COUNT_INVERT,
        .definitive_ending_pattern = in->count & COUNT_DEFINITIVE,
        .pattern = (uint32_t)in->lba,
    };
}

uint16_t ata_sanitize_count(const struct ata_sanitize *sanitize) {
    return (uint16_t)((sanitize->completed ? COUNT_COMPLETED : 0) |
                      (sanitize->state == SD2_IN_OPERATION ? COUNT_IN_PROGRESS : 0) |
                      (sanitize->state == SD1_FROZEN ? COUNT_FROZEN : 0) |
                      (sanitize->antifrozen ? COUNT_ANTIFROZEN : 0));
}

void ata_sanitize_succeeded(struct ata_sanitize *sanitize) {
    sanitize->state = SD4_SUCCEEDED;
    sanitize->completed = true;
}

void ata_sanitize_failed(struct ata_sanitize *sanitize, enum ata_sanitize_reason reason) {
    sanitize->state = SD3_FAILED;
    sanitize->reason = (uint8_t)reason;
}

static bool is_permitted_log(uint8_t address) {
    return address == ATA_LOG_SCT_STATUS || address == ATA_LOG_IDENTIFY ||
           address == ATA_LOG_NCQ_ERROR;
}

bool ata_sanitize_permits(const struct ata_sanitize *sanitize, const struct ata_registers_in *in) {
    if (sanitize->state != SD2_IN_OPERATION && sanitize->state != SD3_FAILED)
        return true;
    switch (in->command) {
    case ATA_IDENTIFY_DEVICE:
    case ATA_CHECK_POWER_MODE:
    case ATA_IDLE_IMMEDIATE:
    case ATA_REQUEST_SENSE_DATA_EXT:
    case ATA_SANITIZE_DEVICE:
    case ATA_SECURITY_UNLOCK:
        return true;
    case ATA_READ_LOG_EXT:
    case ATA_READ_LOG_DMA_EXT:
        return is_permitted_log((uint8_t)in->lba);
    case ATA_SMART:
        return (in->features & 0xff) == ATA_SMART_RETURN_STATUS;
    case ATA_SET_FEATURES:
        return (in->features & 0xff) == ATA_FEATURE_PUIS_SPIN_UP;
    default:
        return false;
    }
}

void ata_sanitize_power_on(struct ata_sanitize *sanitize) {
    sanitize->antifrozen = false;
    if (sanitize->state == SD1_FROZEN || sanitize->state == SD4_SUCCEEDED)
        sanitize->state = SD0_IDLE;
}

void ata_sanitize_hard_reset(struct ata_sanitize *sanitize) {
    if (sanitize->state == SD1_FROZEN)
        sanitize->state = SD0_IDLE;
}
