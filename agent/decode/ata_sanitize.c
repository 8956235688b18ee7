#include "quietus/ata.h"

enum {
    STATUS_ERROR = 0x01,
    ERROR_ABORT = 0x04,
    COUNT_COMPLETED = 15,
    COUNT_IN_PROGRESS = 14,
    COUNT_FROZEN = 13,
    NO_PROGRESS = 0xffff,
};

bool ata_command_has_password(uint8_t command) {
    return command == ATA_SECURITY_SET_PASSWORD || command == ATA_SECURITY_UNLOCK ||
           command == ATA_SECURITY_ERASE_UNIT || command == ATA_SECURITY_DISABLE_PASSWORD;
}

/* Without COUNT 15:8, LBA 15:0 tells whether something runs (DEVICE-FACTS A.3). */
static void infer(const struct ata_registers *registers, struct ata_sanitize_status *out) {
    const uint16_t low = (uint16_t)registers->lba;
    out->inferred = true;
    out->in_progress = registers->count_high_set && low != NO_PROGRESS;
    out->completed = registers->count_high_set && low == NO_PROGRESS;
    out->progress = low;
}

void ata_decode_sanitize_status(const struct ata_registers *registers,
                                struct ata_sanitize_status *out) {
    *out = (struct ata_sanitize_status){.known = registers->valid};
    if (!registers->valid)
        return;
    if (registers->status & STATUS_ERROR) {
        out->failed = (registers->error & ERROR_ABORT) != 0;
        out->known = out->failed;
        out->reason = (uint8_t)registers->lba;
        return;
    }
    if (!registers->high_valid) {
        infer(registers, out);
        return;
    }
    out->completed = bit(registers->count, COUNT_COMPLETED);
    out->in_progress = bit(registers->count, COUNT_IN_PROGRESS);
    out->frozen = bit(registers->count, COUNT_FROZEN);
    out->progress = (uint16_t)registers->lba;
}
