/*
 * A drive that an ATA password locks is opened before anything else is tried (DEVICE-FACTS A.5,
 * A.6, A.10). What opens it is not an erase that counts: the run goes on with fresh markers and a
 * method of its plan, also after an erase by the master password.
 */
#include "quietus/json.h"

#include "ata_lock.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*
 * A drive counts wrong passwords and takes none any more after five until a power cycle. It does
 * not say how many are left: a run uses at most four, each password once, and leaves one to a
 * person.
 */
enum { DRIVE_ATTEMPTS = 5, ATTEMPTS = DRIVE_ATTEMPTS - 1 };

struct opening {
    const struct earlier *earlier;
    struct ata_link link;
    unsigned attempts; /* that could be wrong ones, so far */
    bool given;        /* the operator's, that did not fit */
};

static bool is_open(const struct ata_security *state) {
    return !state->enabled;
}

static bool try_password(struct opening *opening, const struct ata_password *password) {
    struct reason ignored;
    if (opening->attempts >= ATTEMPTS)
        return false;
    opening->attempts++;
    return ata_take_password_off(&opening->link, password, &ignored) == 0;
}

/* Capability Maximum: the master password serves for nothing but to erase. */
static bool erase_by_master(struct opening *opening, const struct ata_security *state,
                            const struct ata_password *master) {
    const struct earlier *earlier = opening->earlier;
    struct ata_security after;
    struct reason reason = {""};
    if (opening->attempts >= ATTEMPTS)
        return false;
    opening->attempts++;
    const uint32_t timeout =
        ata_erase_timeout_ms(earlier->disk->identity.capacity, state->normal_minutes);
    const int error = ata_erase_unit(&opening->link, master, false, timeout, &reason);
    const bool opened = ata_ask_security(&opening->link, &after) == 0 && is_open(&after);
    json_t *event = json_new_object();
    json_put_text(event, "what",
                  "SECURITY ERASE UNIT by the master password, since the drive lets that do "
                  "nothing else; the run's own erase follows");
    json_put_text(event, "ended", opened ? "the password is gone" : "the drive is still locked");
    json_put_text_if(event, "why", error ? reason.text : "");
    evidence_event(earlier->evidence, "opened-by-erase", event);
    return opened;
}

static void take_given(const struct disk_secrets *secrets, enum secret_kind kind,
                       struct ata_password *out) {
    *out =
        (struct ata_password){.name = "given by the operator", .master = kind == SECRET_ATA_MASTER};
    memcpy(out->bytes, secrets->of[kind].bytes, SECRET_SIZE);
}

static bool try_given(struct opening *opening, const struct ata_security *state) {
    static const enum secret_kind kinds[] = {SECRET_ATA_USER, SECRET_ATA_MASTER};
    const struct disk_secrets *secrets = opening->earlier->secrets;
    bool opened = false;
    for (size_t i = 0; !opened && i < sizeof kinds / sizeof *kinds; i++) {
        struct ata_password password;
        if (!secrets->of[kinds[i]].given)
            continue;
        opening->given = true;
        take_given(secrets, kinds[i], &password);
        opened = password.master && state->master_maximum
                     ? erase_by_master(opening, state, &password)
                     : try_password(opening, &password);
        sodium_memzero(&password, sizeof password);
    }
    return opened;
}

static bool try_known(struct opening *opening) {
    for (int i = 0; i < ATA_PASSWORDS_KNOWN; i++) {
        if (try_password(opening, ata_passwords_known[i]))
            return true;
    }
    return false;
}

/* At most: what was tried before this run is not known. */
static void tell_attempts_left(const struct opening *opening, const struct ata_security *state,
                               char *out, size_t size) {
    out[0] = '\0';
    if (state->count_expired)
        text_copy(out, size, "; its attempts are used up until a power cycle");
    else if (opening->attempts > 0)
        (void)snprintf(out, size, "; at most %u of the %d attempts until a power cycle %s left",
                       DRIVE_ATTEMPTS - opening->attempts, DRIVE_ATTEMPTS,
                       DRIVE_ATTEMPTS - opening->attempts == 1 ? "is" : "are");
}

static void explain(const struct opening *opening, const struct ata_security *state) {
    char left[80];
    tell_attempts_left(opening, state, left, sizeof left);
    reason_set(opening->earlier->reason,
               "%s by an ATA password that is none of those that erase tools leave%s%s%s%s",
               state->locked ? "locked" : "protected",
               opening->given ? "; what was given for it did not open it" : "", left,
               state->frozen ? "; security is frozen until a power cycle" : "",
               state->locked && !opening->given
                   ? "; give its user or master password, or destroy it"
                   : "");
}

int ata_security_open(const struct earlier *earlier) {
    struct opening opening = {
        .earlier = earlier,
        .link = {earlier->armed, earlier->progress, earlier->policy},
    };
    struct ata_security state;
    if (!earlier->disk->ata.security.supported)
        return 0;
    const int error = ata_ask_security(&opening.link, &state);
    if (error) {
        reason_set(earlier->reason, "the drive does not say whether it is locked: %s",
                   strerror(-error));
        return error;
    }
    if (is_open(&state))
        return 0;
    const bool may_try = !state.count_expired && !state.frozen;
    if (may_try && (try_given(&opening, &state) || try_known(&opening)))
        return device_refresh(armed_device(earlier->armed)), 0;
    (void)ata_ask_security(&opening.link, &state);
    explain(&opening, &state);
    return state.locked ? -EACCES : 0;
}
