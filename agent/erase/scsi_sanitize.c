/*
 * SCSI SANITIZE (DEVICE-FACTS B.3), polled by REQUEST SENSE. AUSE is 0: a disk that fails stays
 * closed until a sanitize succeeds. Every path to the disk is affected.
 */
#include "methods.h"
#include "scsi_common.h"

#include <sodium.h>

enum { LIST_HEADER = 4, PATTERN = 4, ONE_PASS = 1 };

struct action {
    const char *name;
    uint8_t service_action;
};

static const struct action crypto_erase = {"SANITIZE (cryptographic erase)",
                                           SCSI_SANITIZE_CRYPTO_ERASE};
static const struct action block_erase = {"SANITIZE (block erase)", SCSI_SANITIZE_BLOCK_ERASE};
static const struct action overwrite = {"SANITIZE (overwrite)", SCSI_SANITIZE_OVERWRITE};

static int run_one(struct erase_run *run, const void *which, unsigned part, unsigned parts) {
    const struct action *action = which;
    uint8_t list[LIST_HEADER + PATTERN] = {ONE_PASS, 0, 0, PATTERN};
    struct scsi_operation operation = {
        .name = action->name,
        .cdb = {SCSI_SANITIZE, SCSI_SANITIZE_IMMED | action->service_action},
        .cdb_length = 10,
        .at_work = SCSI_SANITIZE_IN_PROGRESS,
        .failed = SCSI_SANITIZE_FAILED,
    };
    /* A pattern of four bytes, as translations to ATA want it, that is new each time. */
    if (action == &overwrite) {
        randombytes_buf(list + LIST_HEADER, PATTERN);
        operation.cdb[8] = sizeof list;
        operation.data = list;
        operation.data_length = sizeof list;
        operation.estimate_s = scsi_seconds_to_write(run);
    }
    return scsi_run_operation(run, &operation, part, parts);
}

static int run_crypto_block(struct erase_run *run) {
    return run_actions(run, run_one, &crypto_erase, &block_erase);
}

static int run_crypto(struct erase_run *run) {
    return run_actions(run, run_one, &crypto_erase, NULL);
}

static int run_block(struct erase_run *run) {
    return run_actions(run, run_one, &block_erase, NULL);
}

static int run_overwrite(struct erase_run *run) {
    return run_actions(run, run_one, &overwrite, NULL);
}

static bool sanitize_offered(const struct disk *disk, enum scsi_support support, const char *what,
                             struct reason *reason) {
    if (disk->bus == BUS_USB) {
        reason_set(reason, "no sanitize is sent over USB bridges");
        return false;
    }
    if (support == SCSI_SUPPORTED)
        return true;
    reason_set(reason, "the disk %s %s",
               support == SCSI_NOT_SUPPORTED ? "does not offer" : "does not say whether it offers",
               what);
    return false;
}

static bool crypto_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->scsi_sanitize_crypto, "SANITIZE cryptographic erase",
                            reason);
}

static bool block_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->scsi_sanitize_block, "SANITIZE block erase", reason);
}

static bool both_offered(const struct disk *disk, struct reason *reason) {
    return crypto_offered(disk, reason) && block_offered(disk, reason);
}

static bool overwrite_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->scsi_sanitize_overwrite, "SANITIZE overwrite", reason);
}

static enum read_promise after_block(const struct disk *disk) {
    return (enum read_promise)disk->after_block_erase;
}

static enum read_promise after_crypto(const struct disk *disk) {
    return (enum read_promise)disk->after_crypto_erase;
}

static const char beyond_sanitize[] = "sectors that have become physically inaccessible may keep "
                                      "what they held; the state of the media "
                                      "is attested by the drive alone";

const struct method method_scsi_sanitize_crypto_block = {
    .name = "scsi-sanitize-crypto-block",
    .summary = "SCSI SANITIZE, cryptographic erase and then block erase",
    .commands = COMMANDS_SCSI,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_PURGE,
    .offered = both_offered,
    .run = run_crypto_block,
    .announced = after_block,
    .read_back = scsi_unchanged,
};

const struct method method_scsi_sanitize_block = {
    .name = "scsi-sanitize-block",
    .summary = "SCSI SANITIZE, block erase",
    .commands = COMMANDS_SCSI,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_PURGE,
    .offered = block_offered,
    .run = run_block,
    .announced = after_block,
    .read_back = scsi_unchanged,
};

const struct method method_scsi_sanitize_crypto = {
    .name = "scsi-sanitize-crypto",
    .summary = "SCSI SANITIZE, cryptographic erase",
    .commands = COMMANDS_SCSI,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_PURGE,
    .offered = crypto_offered,
    .run = run_crypto,
    .announced = after_crypto,
    .read_back = scsi_unchanged,
};

const struct method method_scsi_sanitize_overwrite = {
    .name = "scsi-sanitize-overwrite",
    .summary = "SCSI SANITIZE, overwrite (one pass)",
    .commands = COMMANDS_SCSI,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_FIRMWARE_OVERWRITE,
    .offered = overwrite_offered,
    .run = run_overwrite,
    .read_back = scsi_unchanged,
};
