/*
 * ATA SECURITY ERASE UNIT, normal and enhanced (DEVICE-FACTS A.5, A.6). It needs a password, which
 * is fixed and public; the drive forgets it when the erase has succeeded, and that is what ties the
 * end to the command. Interrupted, the drive is locked with it: then the same erase is begun again.
 * The drive is never left locked.
 */
#include "quietus/ask.h"
#include "quietus/clock.h"
#include "quietus/json.h"

#include "ata_password.h"
#include "earlier.h"
#include "methods.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ERASES = 3, /* interrupted ones are begun again */
    RETURN_MS = 300000,
    ASK_AGAIN_MS = 2000,
    MARGIN_MS = 1800000,
    LONGEST_MS = 7 * 24 * 3600 * 1000,
    SLOWEST_MB_S = 30,
    PREPARE_TIMEOUT_MS = 30000,
    SATURATED_MINUTES = 508, /* words 89 and 90: "or longer" */
};

static int send_password(struct armed *armed, uint8_t command, const struct ata_password *password,
                         struct reason *reason) {
    uint8_t data[ATA_SECURITY_DATA_SIZE];
    char name[96];
    struct ata_step step;
    struct ata_registers registers;
    ata_password_step(command, password, 0, data, name, &step);
    const int error =
        armed_ata(armed, step.name, &step.taskfile, step.data, step.timeout_ms, &registers, reason);
    if (error && error != -ESTALE)
        reason_set(reason, "%s failed: %s (status %02xh, error %02xh)", name, strerror(-error),
                   registers.status, registers.error);
    return error;
}

/* The way to the drive, and how long to wait for it. */
struct link {
    struct armed *armed;
    struct progress *progress;
    const struct policy *policy;
};

static struct link link_of(const struct erase_run *run) {
    return (struct link){run->armed, run->progress, run->policy};
}

/* How long a drive that has gone away may take to return. */
static int64_t return_ms(const struct policy *policy) {
    const int64_t stall = follow_stall_ms(policy, 0);
    return stall < RETURN_MS ? stall : RETURN_MS;
}

/* The state, as soon as the drive gives it: after a reset that can take a while. */
static int ask_state(const struct link *link, struct ata_security *out) {
    struct armed *armed = link->armed;
    const int64_t limit = return_ms(link->policy);
    const int64_t until = clock_monotonic_ms() + limit;
    struct ata_identify identify;
    int error;
    progress_expect(link->progress, 2 * limit);
    while ((error = ask_ata_identify(armed_device(armed), &identify)) != 0) {
        if (clock_monotonic_ms() > until)
            return error;
        (void)device_find_again(armed_device(armed));
        clock_sleep_ms(ASK_AGAIN_MS);
    }
    *out = identify.security;
    return 0;
}

/* Takes the password off, whatever state the drive is in. 0 if security is off at the end. */
static int take_off(const struct link *link, const struct ata_password *password,
                    struct reason *reason) {
    struct ata_security state;
    int error = ask_state(link, &state);
    if (error || !state.enabled)
        return error;
    if (state.locked)
        (void)send_password(link->armed, ATA_SECURITY_UNLOCK, password, reason);
    error = ask_state(link, &state);
    if (error || state.locked)
        return error ? error : -EACCES;
    (void)send_password(link->armed, ATA_SECURITY_DISABLE_PASSWORD, password, reason);
    error = ask_state(link, &state);
    return error ? error : state.enabled ? -EACCES : 0;
}

int ata_security_open(const struct earlier *earlier) {
    const struct link link = {earlier->armed, earlier->progress, earlier->policy};
    struct ata_security state;
    struct reason ignored;
    if (!earlier->disk->ata.security.supported)
        return 0;
    int error = ask_state(&link, &state);
    if (error) {
        reason_set(earlier->reason, "the drive does not say whether it is locked: %s",
                   strerror(-error));
        return error;
    }
    if (!state.enabled)
        return 0;
    for (int i = 0; i < ATA_PASSWORDS_KNOWN && !state.count_expired && !state.frozen; i++) {
        if (take_off(&link, ata_passwords_known[i], &ignored) == 0)
            return device_refresh(armed_device(earlier->armed)), 0;
        if (ask_state(&link, &state))
            break;
    }
    reason_set(earlier->reason,
               "%s by an ATA password that is none of those that erase tools leave%s%s",
               state.locked ? "locked" : "protected",
               state.count_expired ? "; its attempts are used up until a power cycle" : "",
               state.frozen ? "; security is frozen until a power cycle" : "");
    return state.locked ? -EACCES : 0;
}

/* How long the command may take: what the drive says and a half, or what its size makes likely. */
static uint32_t timeout_of(const struct erase_run *run, uint32_t minutes) {
    int64_t ms = (int64_t)minutes * 90000 + MARGIN_MS;
    const int64_t by_size =
        (int64_t)(run->layout->bytes / (SLOWEST_MB_S * 1000ULL)) + (int64_t)MARGIN_MS;
    if ((minutes == 0 || minutes >= SATURATED_MINUTES) && by_size > ms)
        ms = by_size;
    return ms > LONGEST_MS ? (uint32_t)LONGEST_MS : (uint32_t)ms;
}

/* PREPARE and ERASE UNIT. 0 with a good status, -EIO refused, -EAGAIN interrupted or unclear. */
static int erase_once(struct erase_run *run, bool enhanced, uint32_t timeout_ms) {
    uint8_t data[ATA_SECURITY_DATA_SIZE];
    char name[96];
    int first_error;
    struct ata_registers registers;
    struct ata_step unit;
    const struct ata_step prepare = {
        .name = "SECURITY ERASE PREPARE",
        .taskfile = {.protocol = ATA_NON_DATA, .command = ATA_SECURITY_ERASE_PREPARE},
        .timeout_ms = PREPARE_TIMEOUT_MS,
    };
    ata_password_step(ATA_SECURITY_ERASE_UNIT, &ata_password_quietus,
                      enhanced ? ATA_SECURITY_ENHANCED : 0, data, name, &unit);
    unit.timeout_ms = timeout_ms;
    progress_start(run->progress, PHASE_ERASING, 1, 1, 0);
    progress_expect(run->progress, (int64_t)timeout_ms + 2 * (int64_t)RETURN_MS);
    const int error =
        armed_ata_pair(run->armed, &prepare, &unit, &first_error, &registers, run->reason);
    if (error == 0 || error == -ESTALE)
        return error;
    reason_set(run->reason, "%s: %s (status %02xh, error %02xh)",
               first_error ? prepare.name : unit.name, strerror(-error), registers.status,
               registers.error);
    return registers.valid ? -EIO : -EAGAIN;
}

/*
 * Erases, and begins again while the drive says that it was interrupted. 0 if the password is gone
 * that only a finished erase takes away.
 */
static int erase_to_the_end(struct erase_run *run, bool enhanced, uint32_t timeout_ms,
                            bool *good_status) {
    const struct link link = link_of(run);
    for (int i = 0; i < ERASES; i++) {
        struct ata_security state;
        const int error = erase_once(run, enhanced, timeout_ms);
        if (error == -ESTALE)
            return error;
        *good_status = error == 0;
        if (ask_state(&link, &state)) {
            reason_set(run->reason, "the drive does not answer after SECURITY ERASE UNIT");
            return -ETIME;
        }
        if (!state.enabled)
            return 0;
        if (error == -EIO)
            return error;
        if (error == 0) {
            reason_set(run->reason, "the drive reports success, but its password is still set");
            return -EIO;
        }
        json_t *event = json_new_object();
        json_put_text(event, "what", "the erase was interrupted and is begun again");
        json_put_text(event, "why", run->reason->text);
        evidence_event(run->evidence, "interrupted", event);
    }
    reason_set(run->reason, "SECURITY ERASE UNIT was interrupted %d times", ERASES);
    return -EIO;
}

/* Some controllers garble the answer: what the drive says of its state afterwards decides. */
static int set_password(struct erase_run *run) {
    const struct link link = link_of(run);
    struct ata_security state;
    const int error =
        send_password(run->armed, ATA_SECURITY_SET_PASSWORD, &ata_password_quietus, run->reason);
    if (error == -ESTALE)
        return error;
    if (ask_state(&link, &state)) {
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
    const struct link link = link_of(run);
    struct ata_security before;
    struct reason unlocking = {""};
    bool good_status = false;
    if (ask_state(&link, &before) || before.frozen || before.enabled) {
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
            timeout_of(run, enhanced ? before.enhanced_minutes : before.normal_minutes),
            &good_status);
    if (error) {
        run->facts->refuted = error != -ETIME;
        if (error != -ETIME && error != -ESTALE &&
            take_off(&link, &ata_password_quietus, &unlocking) != 0)
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
    const struct link link = link_of(run);
    struct ata_security state;
    if (ask_state(&link, &state) == 0 && !state.enabled && !state.locked)
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
    .claims =
        {
            [MEDIUM_UNKNOWN] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
            [MEDIUM_ROTATING] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
            [MEDIUM_FLASH] = {CATEGORY_CLEAR, CATEGORY_CLEAR},
        },
    .offered = normal_offered,
    .run = run_normal,
    .read_back = read_back,
};
