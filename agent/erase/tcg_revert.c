/*
 * Revert of a TCG drive to factory state by the PSID on its label: the drive makes new media keys
 * (DEVICE-FACTS D). Of a drive whose locking is not in use it erases nothing, and of one without
 * media encryption (Pyrite) never. Some report success and change nothing: discovery is asked
 * again.
 */
#include "quietus/ask.h"
#include "quietus/json.h"

#include "earlier.h"
#include "methods.h"
#include "tcg_session.h"

#include <errno.h>
#include <string.h>

/* Law 2: locking off, nothing locked, no shadow, by the drive's own word. */
static int confirm_open(struct device *device, struct tcg_discovery *out, struct reason *reason) {
    struct tcg_discovery now;
    const int error = ask_tcg_discovery(device, &now);
    if (error) {
        reason_set(reason,
                   "asked again after the revert, the drive does not say whether it is "
                   "locked: %s",
                   strerror(-error));
        return error;
    }
    *out = now;
    const bool is_off = !now.locking_enabled || tcg_always_enabled(&now);
    if (is_off && !now.locked && !now.shadow_enabled)
        return 0;
    reason_set(reason, "the drive reports success, but TCG locking is still in use");
    return -EIO;
}

int tcg_open(const struct earlier *earlier, struct disk *now) {
    const struct disk_secrets *secrets = earlier->secrets;
    struct reason reason = {""};
    if (!tcg_covers_media(&now->tcg) || !secrets->of[SECRET_PSID].given)
        return 0;
    int error = tcg_revert_possible(&now->tcg, &reason) ? 0 : -EOPNOTSUPP;
    if (error == 0 && now->units > 1) {
        reason_set(&reason, "a revert would erase the other logical units of the device too");
        error = -EOPNOTSUPP;
    }
    if (error == 0)
        error = tcg_revert_by_psid(earlier->armed, earlier->progress, &now->tcg,
                                   secrets->of[SECRET_PSID].bytes, &reason);
    if (error == 0)
        error = confirm_open(armed_device(earlier->armed), &now->tcg, &reason);
    json_t *event = json_new_object();
    json_put_text(event, "what",
                  "TCG revert by PSID, since ranges are locked or a shadow is in "
                  "force; the run's own erase follows");
    json_put_text(event, "ended", error ? "the drive is still locked" : "TCG locking is off");
    json_put_text_if(event, "why", reason.text);
    evidence_event(earlier->evidence, "opened-by-revert", event);
    if (error) {
        reason_set(earlier->reason, "locked by TCG security: %.250s", reason.text);
        return error;
    }
    (void)device_refresh(armed_device(earlier->armed));
    return 0;
}

static void record_revert(struct erase_run *run, const struct tcg_discovery *now, int error) {
    json_t *event = json_new_object();
    json_put_text(event, "locking_before", "in use");
    json_put_text(event, "locking_after",
                  error                     ? "not known to be off"
                  : tcg_always_enabled(now) ? "nothing locked"
                                            : "off");
    evidence_event(run->evidence, "tcg-revert", event);
}

static int run_revert(struct erase_run *run) {
    struct tcg_discovery now;
    int error = ask_tcg_discovery(armed_device(run->armed), &now);
    if (error || !now.locking_enabled) {
        reason_set(run->reason, "TCG locking is not in use: a revert would erase nothing");
        run->facts->refuted = true;
        return -EIO;
    }
    progress_start(run->progress, PHASE_ERASING, 1, 1, 0);
    error = tcg_revert_by_psid(run->armed, run->progress, &now, run->secrets->of[SECRET_PSID].bytes,
                               run->reason);
    run->facts->accepted = error == 0;
    if (error == 0)
        error = confirm_open(armed_device(run->armed), &now, run->reason);
    record_revert(run, &now, error);
    if (error) {
        run->facts->refuted = error != -ETIME;
        return error;
    }
    run->facts->ended_in_success = true;
    /* What is always in use has no state that the revert's end would change. */
    run->facts->binding =
        tcg_always_enabled(&now) ? BINDING_STATUS_AND_MEDIUM : BINDING_STATE_CHANGED;
    return 0;
}

static int read_back(struct erase_run *run) {
    struct tcg_discovery now;
    return confirm_open(armed_device(run->armed), &now, run->reason);
}

static bool has_security(const struct disk *disk) {
    return disk->tcg.known && disk->tcg.classes != 0;
}

static bool revert_offered(const struct disk *disk, struct reason *reason) {
    if (!tcg_revert_possible(&disk->tcg, reason))
        return false;
    if (disk->units > 1)
        reason_set(reason, "a revert would erase the other logical units of the device too");
    else if (!disk->tcg.locking || !disk->tcg.media_encryption)
        reason_set(reason, "no media encryption: a revert erases nothing");
    else if (!disk->tcg.locking_enabled)
        reason_set(reason, "TCG locking is not in use: a revert would erase nothing");
    else if (!disk->psid_given)
        reason_set(reason, "it needs the PSID from the drive's label (quietus seal)");
    else
        return true;
    return false;
}

const struct method method_tcg_psid_revert = {
    .name = "tcg-psid-revert",
    .summary = "TCG revert to factory state by PSID, which replaces the media keys",
    .never_reaches = "that all data was under the keys that were replaced, and the state of the "
                     "media, is attested by the drive alone",
    .claims = CLAIMS_PURGE,
    .concerns = has_security,
    .offered = revert_offered,
    .run = run_revert,
    .read_back = read_back,
};
