/*
 * ATA SECURITY ERASE UNIT, normal and enhanced (DEVICE-FACTS A.5, A.6). It needs a password, which
 * is fixed and public; the drive forgets it when the erase has succeeded, and that is what ties the
 * end to the command. Interrupted, the drive is locked with it: then the same erase is begun again.
 * The drive is never left locked.
 */
#include "quietus/clock.h"
#include "quietus/json.h"

#include "ata_lock.h"
#include "methods.h"

#include <errno.h>

enum {
    ERASES = 3, /* interrupted ones are begun again */
    /* A refusal takes the drive no time; but a bus that is just being looked at may take its own.
     * An erase that fails sooner than this costs little to begin again. */
    AT_ONCE_MS = 60000,
};

static struct ata_link link_of(const struct erase_run *run) {
    return (struct ata_link){run->armed, run->progress, run->policy};
}

static void tell_begun_again(const struct erase_run *run, const char *what) {
    json_t *event = json_new_object();
    json_put_text(event, "what", what);
    json_put_text(event, "why", run->reason->text);
    evidence_event(run->evidence, "interrupted", event);
}

/*
 * Erases, and begins again while the drive says that it was interrupted, or when it refuses at
 * once: a command of the kernel's, which looks at a drive that has come back, may have got in
 * between PREPARE and ERASE UNIT. 0 if the password is gone that only a finished erase takes away.
 */
static int erase_to_the_end(struct erase_run *run, bool enhanced, uint32_t timeout_ms,
                            bool *good_status) {
    const struct ata_link link = link_of(run);
    for (int i = 0; i < ERASES; i++) {
        struct ata_security state;
        const int64_t sent = clock_monotonic_ms();
        const int error =
            ata_erase_unit(&link, &ata_password_quietus, enhanced, timeout_ms, run->reason);
        if (error == -ESTALE)
            return error;
        const bool at_once = clock_monotonic_ms() - sent < AT_ONCE_MS;
        *good_status = error == 0;
        if (ata_ask_security(&link, &state)) {
            reason_set(run->reason, "the drive does not answer after SECURITY ERASE UNIT");
            return -ETIME;
        }
        if (!state.enabled)
            return 0;
        if (error == -EIO && (!at_once || i + 1 == ERASES))
            return error;
        if (error == 0) {
            reason_set(run->reason, "the drive reports success, but its password is still set");
            return -EIO;
        }
        tell_begun_again(run, error == -EIO
                                  ? "the erase was refused, or failed early, and is asked for again"
                                  : "the erase was interrupted and is begun again");
    }
    reason_set(run->reason, "SECURITY ERASE UNIT was interrupted %d times", ERASES);
    return -EIO;
}

/* Some controllers garble the answer: what the drive says of its state afterwards decides. */
static int set_password(struct erase_run *run) {
    const struct ata_link link = link_of(run);
    struct ata_security state;
    const int error = ata_send_password(run->armed, ATA_SECURITY_SET_PASSWORD,
                                        &ata_password_quietus, run->reason);
    if (error == -ESTALE)
        return error;
    if (ata_ask_security(&link, &state)) {
        reason_set(run->reason, "the drive does not answer after SECURITY SET PASSWORD");
        return -ETIME;
    }
    if (state.enabled && !state.locked)
        return 0;
    if (error == 0)
        reason_set(run->reason, "the drive did not take the password, though it said so");
    return -EIO;
}

static int run_erase(struct erase_run *run, bool enhanced) {
    const struct ata_link link = link_of(run);
    struct ata_security before;
    struct reason unlocking = {""};
    bool good_status = false;
    if (ata_ask_security(&link, &before) || before.frozen || before.enabled) {
        reason_set(run->reason, "ATA security is %s",
                   before.frozen ? "frozen (a power cycle of the drive alone ends that)"
                                 : "in use");
        run->facts->refuted = true;
        return -EIO;
    }
    int error = set_password(run);
    if (error == 0)
        error = erase_to_the_end(
            run, enhanced,
            ata_erase_timeout_ms(run->layout->bytes,
                                 enhanced ? before.enhanced_minutes : before.normal_minutes),
            &good_status);
    if (error) {
        run->facts->refuted = error != -ETIME;
        if (error != -ETIME && error != -ESTALE &&
            ata_take_password_off(&link, &ata_password_quietus, &unlocking) != 0)
            json_add_text(run->exceptions,
                          "the drive is left with the ATA user password of Quietus set");
        return error;
    }
    run->facts->accepted = true;
    run->facts->ended_in_success = true;
    run->facts->binding = BINDING_STATE_CHANGED;
    if (!good_status)
        json_add_text(run->exceptions,
                      "the controller lost the command's end; that it succeeded is known from the "
                      "password that the drive has dropped");
    run->reason->text[0] = '\0';
    return 0;
}

static int run_normal(struct erase_run *run) {
    return run_erase(run, false);
}

static int run_enhanced(struct erase_run *run) {
    return run_erase(run, true);
}

/* Security is off again. */
static int read_back(struct erase_run *run) {
    const struct ata_link link = link_of(run);
    struct ata_security state;
    if (ata_ask_security(&link, &state) == 0 && !state.enabled && !state.locked)
        return 0;
    reason_set(run->reason, "asked again, the drive is still protected by its password");
    return -EIO;
}

static bool normal_offered(const struct disk *disk, struct reason *reason) {
    if (!disk->has_ata || disk->bus == BUS_USB) {
        reason_set(reason, disk->has_ata ? "no security commands are sent over USB bridges"
                                         : "it does not say what it can");
        return false;
    }
    if (!disk->ata.security.supported) {
        reason_set(reason, "the drive does not offer SECURITY ERASE UNIT");
        return false;
    }
    if (disk->ata.security.frozen) {
        reason_set(reason,
                   "ATA security is frozen, usually by the BIOS; a power cycle of the drive "
                   "alone ends that");
        return false;
    }
    return true;
}

static bool enhanced_offered(const struct disk *disk, struct reason *reason) {
    if (!normal_offered(disk, reason))
        return false;
    if (disk->ata.security.enhanced_erase)
        return true;
    reason_set(reason, "the drive does not offer enhanced SECURITY ERASE UNIT");
    return false;
}

const struct method method_ata_security_enhanced = {
    .name = "ata-security-erase-enhanced",
    .summary = "ATA SECURITY ERASE UNIT, enhanced",
    .commands = COMMANDS_ATA,
    .never_reaches = "whether hidden areas are covered is up to the vendor; the state of the media "
                     "is attested by the drive alone",
    .claims =
        {
            [MEDIUM_UNKNOWN] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
            [MEDIUM_ROTATING] = {CATEGORY_PURGE, CATEGORY_PURGE},
            [MEDIUM_FLASH] = {CATEGORY_PURGE, CATEGORY_CLEAR},
        },
    .offered = enhanced_offered,
    .run = run_enhanced,
    .read_back = read_back,
};

const struct method method_ata_security_normal = {
    .name = "ata-security-erase",
    .summary = "ATA SECURITY ERASE UNIT, normal",
    .commands = COMMANDS_ATA,
    .never_reaches = "sectors that the drive has retired or keeps in reserve are beyond a normal "
                     "security erase, and whether hidden areas are covered is up to the vendor",
    .claims = CLAIMS_CLEAR,
    .offered = normal_offered,
    .run = run_normal,
    .read_back = read_back,
};
