/*
 * The ATA SANITIZE feature set as a state machine of its own: commands in, accepted or aborted out.
 * What an operation does to the media, and how far it has come, is the caller's.
 *
 * Facts: DEVICE-FACTS A.7 (features, signatures, registers, states SD0 to SD4).
 */
#ifndef SIM_ATA_SANITIZE_H
#define SIM_ATA_SANITIZE_H

#include "drive.h"

enum ata_sanitize_state {
    SD0_IDLE,
    SD1_FROZEN,
    SD2_IN_OPERATION,
    SD3_FAILED,
    SD4_SUCCEEDED,
};

enum ata_sanitize_feature {
    SANITIZE_STATUS = 0x0000,
    SANITIZE_CRYPTO_SCRAMBLE = 0x0011,
    SANITIZE_BLOCK_ERASE = 0x0012,
    SANITIZE_OVERWRITE = 0x0014,
    SANITIZE_FREEZE_LOCK = 0x0020,
    SANITIZE_ANTIFREEZE_LOCK = 0x0040,
};

/* LBA 7:0 of an aborted command. */
enum ata_sanitize_reason {
    SANITIZE_REASON_NOT_REPORTED = 0,
    SANITIZE_REASON_NOT_ALL_SANITIZED = 1,
    SANITIZE_REASON_FEATURE = 2,
    SANITIZE_REASON_FROZEN = 3,
    SANITIZE_REASON_ANTIFREEZE = 4,
};

struct ata_sanitize_abilities {
    bool crypto_scramble;
    bool block_erase;
    bool overwrite;
    bool antifreeze_lock;
};

struct ata_sanitize {
    /* Kept without power, but for what ata_sanitize_power_on ends. */
    enum ata_sanitize_state state;
    bool completed;    /* COUNT bit 15: the last operation ended without error */
    bool failure_mode; /* FAILURE MODE of the last operation: its failure may be cleared */
    uint8_t reason;    /* why it failed */
    /* Lost without power. */
    bool antifrozen;
};

/* What the COUNT of an operation says; the pattern is LBA 31:0. */
struct ata_sanitize_overwrite {
    uint8_t passes; /* 1 to 16 */
    bool invert;    /* between passes */
    bool definitive_ending_pattern;
    uint32_t pattern;
};
struct ata_sanitize_overwrite ata_sanitize_overwrite_of(const struct ata_registers_in *in);

struct ata_sanitize_verdict {
    bool accepted;
    bool begins;    /* an operation: the state is SD2 now */
    uint8_t reason; /* if it is not accepted */
};

/* Carries out SANITIZE DEVICE (B4h), as far as states go. */
struct ata_sanitize_verdict ata_sanitize_command(struct ata_sanitize *sanitize,
                                                 const struct ata_sanitize_abilities *abilities,
                                                 const struct ata_registers_in *in);

/* COUNT of every answer to it. */
uint16_t ata_sanitize_count(const struct ata_sanitize *sanitize);

/* The operation has ended. */
void ata_sanitize_succeeded(struct ata_sanitize *sanitize);
void ata_sanitize_failed(struct ata_sanitize *sanitize, enum ata_sanitize_reason reason);

/* May this command be carried out, while the drive is in operation or has failed? True in other
 * states. */
bool ata_sanitize_permits(const struct ata_sanitize *sanitize, const struct ata_registers_in *in);

void ata_sanitize_power_on(struct ata_sanitize *sanitize);
void ata_sanitize_hard_reset(struct ata_sanitize *sanitize);

#endif
