/*
 * ATA SANITIZE DEVICE (DEVICE-FACTS A.7): the drive goes on over resets and power cuts. Its status
 * needs registers that some controllers do not give back; then the method is not begun.
 */
#include "quietus/ask.h"
#include "quietus/json.h"

#include "earlier.h"
#include "methods.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

enum {
    COMMAND_TIMEOUT_MS = 120000,
    LBA_MODE = 0x40,
    OVERWRITE_ONCE = 1, /* COUNT 3:0; 0 would be 16 passes. FAILURE MODE 0: a drive that fails stays
                           closed until a sanitize succeeds */
    SLOWEST_MB_S = 20,  /* of an overwrite, if nothing better is known */
};

struct action {
    const char *name;
    uint16_t features;
    uint16_t count;
    uint64_t lba;
};

static const struct action crypto_scramble = {"CRYPTO SCRAMBLE EXT", ATA_SANITIZE_CRYPTO_SCRAMBLE,
                                              0, ATA_SANITIZE_CRYPTO_SIGNATURE};
static const struct action block_erase = {"BLOCK ERASE EXT", ATA_SANITIZE_BLOCK_ERASE, 0,
                                          ATA_SANITIZE_BLOCK_SIGNATURE};
static const struct action overwrite = {"OVERWRITE EXT", ATA_SANITIZE_OVERWRITE, OVERWRITE_ONCE,
                                        ATA_SANITIZE_OVERWRITE_SIGNATURE};

struct sanitize {
    struct device *device;
    bool any;        /* whatever ends, it need not be ours */
    bool good_start; /* the drive took the command with a good status */
    bool seen;       /* in progress */
    struct ata_sanitize_status before;
    struct ata_sanitize_status last;
};

/*
 * "Completed" alone may be years old. It counts once the drive was seen at work, or was not
 * completed before, or took the command with a good status (the samples must tell then).
 */
static bool completed_counts(const struct sanitize *sanitize) {
    return sanitize->any || sanitize->seen || !sanitize->before.completed || sanitize->good_start;
}

static int ask_status(void *user, struct follow_answer *out) {
    struct sanitize *sanitize = user;
    struct ata_sanitize_status status;
    const int error = ask_ata_sanitize_status(sanitize->device, &status);
    if (error)
        return error;
    if (!status.known)
        return -ENODATA;
    sanitize->last = status;
    if (status.failed) {
        out->state = FOLLOW_FAILED;
    } else if (status.in_progress) {
        sanitize->seen = true;
        out->state = FOLLOW_AT_WORK;
        out->progress = status.progress;
    } else if (status.completed && completed_counts(sanitize)) {
        out->state = FOLLOW_SUCCEEDED;
    }
    return 0;
}

static enum binding bind(const struct sanitize *sanitize) {
    if (sanitize->seen)
        return BINDING_SEEN_AT_WORK;
    if (!sanitize->before.completed && sanitize->last.completed)
        return BINDING_STATE_CHANGED;
    return sanitize->good_start ? BINDING_STATUS_AND_MEDIUM : BINDING_NONE;
}

static const char *failure_text(uint8_t reason) {
    static const char *const texts[] = {
        "no reason given",
        "it ended, but sectors are left that were not sanitized",
        "it does not know the command",
        "it is frozen",
        "antifreeze lock is set",
    };
    return texts[reason < sizeof texts / sizeof *texts ? reason : 0];
}

/* 0 if the drive took it, or if that is not known and following it has to tell. */
static int send(struct erase_run *run, const struct action *action, struct sanitize *sanitize) {
    struct ata_taskfile taskfile = {
        .protocol = ATA_NON_DATA,
        .extended = true,
        .features = action->features,
        .count = action->count,
        .lba = action->lba,
        .device = LBA_MODE,
        .command = ATA_SANITIZE_DEVICE,
    };
    char name[64];
    struct ata_registers registers;
    uint32_t pattern;
    (void)snprintf(name, sizeof name, "SANITIZE DEVICE (%s)", action->name);
    if (action == &overwrite) {
        randombytes_buf(&pattern, sizeof pattern);
        taskfile.lba |= pattern;
    }
    const int error =
        armed_ata(run->armed, name, &taskfile, NULL, COMMAND_TIMEOUT_MS, &registers, run->reason);
    if (error == -ESTALE) {
        run->facts->refuted = true;
        return error;
    }
    sanitize->good_start = error == 0 && registers.valid;
    if (!registers.valid || error == 0)
        return 0;
    run->facts->refuted = true;
    reason_set(run->reason, "%s was refused by the drive: %s (status %02xh, error %02xh)", name,
               failure_text((uint8_t)registers.lba), registers.status, registers.error);
    return -EIO;
}

static uint64_t estimate_of(const struct erase_run *run, const struct action *action) {
    return action == &overwrite ? run->layout->bytes / (SLOWEST_MB_S * 1000000ULL) + 1 : 0;
}

static int run_one(struct erase_run *run, const void *which, unsigned part, unsigned parts) {
    const struct action *action = which;
    struct sanitize sanitize = {.device = armed_device(run->armed)};
    if (ask_ata_sanitize_status(sanitize.device, &sanitize.before) || !sanitize.before.known) {
        reason_set(run->reason,
                   "the controller does not give back the drive's registers, so a sanitize could "
                   "not be followed to its end; it was not begun");
        run->facts->refuted = true;
        return -EOPNOTSUPP;
    }
    sanitize.last = sanitize.before;
    const int error = send(run, action, &sanitize);
    if (error)
        return error;
    run->facts->accepted = sanitize.good_start;
    struct follow follow =
        follow_of_run(run, PHASE_SANITIZING, part, parts, estimate_of(run, action));
    follow.ask = ask_status;
    follow.user = &sanitize;
    const enum follow_end end = follow_to_end(&follow);
    if (end != FOLLOW_END_SUCCEEDED)
        return follow_note_failure(run, action->name, &follow, end,
                                   sanitize.last.failed ? failure_text(sanitize.last.reason) : "");
    if (sanitize.last.inferred)
        json_add_text(
            run->exceptions,
            "the controller gives back only part of the drive's registers: the end of the "
            "sanitize was inferred from them");
    follow_note_success(run, bind(&sanitize));
    return 0;
}

static int run_crypto_block(struct erase_run *run) {
    return run_actions(run, run_one, &crypto_scramble, &block_erase);
}

static int run_crypto(struct erase_run *run) {
    return run_actions(run, run_one, &crypto_scramble, NULL);
}

static int run_block(struct erase_run *run) {
    return run_actions(run, run_one, &block_erase, NULL);
}

static int run_overwrite(struct erase_run *run) {
    return run_actions(run, run_one, &overwrite, NULL);
}

static int read_back(struct erase_run *run) {
    struct ata_sanitize_status status;
    if (ask_ata_sanitize_status(armed_device(run->armed), &status) == 0 && status.known &&
        status.completed && !status.in_progress && !status.failed)
        return 0;
    reason_set(run->reason, "asked again, the drive does not say that the sanitize is complete");
    return -EIO;
}

int ata_sanitize_wait(const struct earlier *earlier, struct follow *follow, enum follow_end *end) {
    struct sanitize sanitize = {.device = armed_device(earlier->armed), .any = true};
    if (ask_ata_sanitize_status(sanitize.device, &sanitize.before) || !sanitize.before.in_progress)
        return 0;
    return earlier_follow(follow, ask_status, &sanitize, end);
}

static bool sanitize_offered(const struct disk *disk, bool has_it, const char *what,
                             struct reason *reason) {
    if (!disk->has_ata || disk->bus == BUS_USB) {
        reason_set(reason, disk->has_ata ? "no security commands are sent over USB bridges"
                                         : "it does not say what it can");
        return false;
    }
    if (!disk->ata.sanitize.supported || !has_it) {
        reason_set(reason, "the drive does not offer %s", what);
        return false;
    }
    return true;
}

static bool crypto_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->ata.sanitize.crypto_scramble, "CRYPTO SCRAMBLE EXT",
                            reason);
}

static bool block_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->ata.sanitize.block_erase, "BLOCK ERASE EXT", reason);
}

static bool both_offered(const struct disk *disk, struct reason *reason) {
    return crypto_offered(disk, reason) && block_offered(disk, reason);
}

static bool overwrite_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->ata.sanitize.overwrite, "OVERWRITE EXT", reason);
}

static const char beyond_sanitize[] =
    "sectors that have become physically inaccessible may keep what they held, and logs are not "
    "erased; the state of the media is attested by the drive alone";

const struct method method_ata_sanitize_crypto_block = {
    .name = "ata-sanitize-crypto-block",
    .summary = "ATA SANITIZE, crypto scramble and then block erase",
    .commands = COMMANDS_ATA,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_PURGE,
    .offered = both_offered,
    .run = run_crypto_block,
    .read_back = read_back,
};

const struct method method_ata_sanitize_block = {
    .name = "ata-sanitize-block",
    .summary = "ATA SANITIZE, block erase",
    .commands = COMMANDS_ATA,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_PURGE,
    .offered = block_offered,
    .run = run_block,
    .read_back = read_back,
};

const struct method method_ata_sanitize_crypto = {
    .name = "ata-sanitize-crypto",
    .summary = "ATA SANITIZE, crypto scramble",
    .commands = COMMANDS_ATA,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_PURGE,
    .offered = crypto_offered,
    .run = run_crypto,
    .read_back = read_back,
};

const struct method method_ata_sanitize_overwrite = {
    .name = "ata-sanitize-overwrite",
    .summary = "ATA SANITIZE, overwrite (one pass)",
    .commands = COMMANDS_ATA,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = CLAIMS_FIRMWARE_OVERWRITE,
    .offered = overwrite_offered,
    .run = run_overwrite,
    .read_back = read_back,
};
