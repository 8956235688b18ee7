/* SECURITY and SANITIZE DEVICE commands, and the operations that they begin. The rules are in
 * ata_security.c and ata_sanitize.c. */
#include "ata.h"
#include "sat.h"

static struct ata_security *security_of(struct ata *ata) {
    return &ata->saved->security;
}

static enum ata_result accepted_if(bool accepted) {
    return accepted ? ATA_DONE : ATA_ABORTED;
}

/* --- SECURITY --- */

enum ata_result ata_run_security_set_password(struct ata *ata, struct drive_request *request) {
    return accepted_if(ata_security_supported(ata) &&
                       ata_security_set_password(security_of(ata), request->data));
}

enum ata_result ata_run_security_unlock(struct ata *ata, struct drive_request *request) {
    return accepted_if(ata_security_supported(ata) &&
                       ata_security_unlock(security_of(ata), request->data));
}

enum ata_result ata_run_security_prepare(struct ata *ata, struct drive_request *request) {
    (void)request;
    return accepted_if(ata_security_supported(ata) && ata_security_prepare(security_of(ata)));
}

enum ata_result ata_run_security_freeze(struct ata *ata, struct drive_request *request) {
    (void)request;
    return accepted_if(ata_security_supported(ata) && ata_security_freeze(security_of(ata)));
}

enum ata_result ata_run_security_disable(struct ata *ata, struct drive_request *request) {
    return accepted_if(ata_security_supported(ata) &&
                       ata_security_disable(security_of(ata), request->data));
}

/*
 * Normal: zeros over what the host can address, or over all of the native range if described so;
 * never over remapped sectors. Enhanced: everything, by new keys if the drive encrypts.
 */
static struct media_effect security_effect(const struct ata *ata, bool enhanced) {
    const struct drive_description *description = ata_description(ata);
    const enum effect_kind kind = enhanced && description->encrypts ? EFFECT_CRYPTO
                                  : description->flash              ? EFFECT_ERASE
                                                                    : EFFECT_OVERWRITE;
    struct media_effect effect = drive_effect(ata->drive, kind);
    if (enhanced)
        return effect;
    effect.retired = false;
    if (!description->ata.erase_covers_hidden &&
        ata->accessible_sectors < ata_capacity_sectors(ata))
        effect.to_page = (ata->accessible_sectors * description->sector - 1) / MEDIA_PAGE;
    return effect;
}

/* Once, a command that is not the host's has come between SECURITY ERASE PREPARE and this. */
static bool is_disturbed(struct ata *ata, enum erase_operation which) {
    if (ata->disturbed || !drive_misbehaves(ata->drive, MISBEHAVE_DISTURB, which))
        return false;
    ata->disturbed = true;
    return true;
}

enum ata_result ata_run_security_erase(struct ata *ata, struct drive_request *request) {
    const bool enhanced = ata_security_erase_is_enhanced(request->data);
    const enum erase_operation which = enhanced ? OP_SECURITY_ERASE_ENHANCED : OP_SECURITY_ERASE;
    if (!ata_security_supported(ata) || (enhanced && !ata_security_enhanced_supported(ata)) ||
        operation_running(ata->drive) ||
        drive_misbehaves(ata->drive, MISBEHAVE_REFUSE, which) != NULL || is_disturbed(ata, which) ||
        !ata_security_may_erase(security_of(ata), request->data))
        return ATA_ABORTED;
    if (drive_misbehaves(ata->drive, MISBEHAVE_IGNORE, which) != NULL)
        return ATA_DONE;
    if (drive_misbehaves(ata->drive, MISBEHAVE_HANG, which) != NULL)
        return ATA_LATER;
    const struct media_effect effect = security_effect(ata, enhanced);
    ata->erasing = request;
    operation_start(ata->drive, which, &effect, 0, false);
    return ATA_LATER;
}

/* --- SANITIZE DEVICE --- */

static enum erase_operation sanitize_operation(uint16_t feature) {
    switch (feature) {
    case SANITIZE_CRYPTO_SCRAMBLE:
        return OP_ATA_SANITIZE_CRYPTO;
    case SANITIZE_BLOCK_ERASE:
        return OP_ATA_SANITIZE_BLOCK;
    case SANITIZE_OVERWRITE:
        return OP_ATA_SANITIZE_OVERWRITE;
    default:
        return OP_NONE;
    }
}

/* Begins the operation that the registers name. */
static void start_sanitize(struct ata *ata, const struct ata_registers_in *in) {
    static const enum effect_kind kinds[] = {[OP_ATA_SANITIZE_CRYPTO] = EFFECT_CRYPTO,
                                             [OP_ATA_SANITIZE_BLOCK] = EFFECT_ERASE,
                                             [OP_ATA_SANITIZE_OVERWRITE] = EFFECT_OVERWRITE};
    const enum erase_operation which = sanitize_operation(in->features);
    struct media_effect effect = drive_effect(ata->drive, kinds[which]);
    uint64_t duration = 0;
    if (which == OP_ATA_SANITIZE_OVERWRITE) {
        const struct ata_sanitize_overwrite overwrite = ata_sanitize_overwrite_of(in);
        effect.pattern = overwrite.pattern;
        effect.passes = overwrite.passes;
        effect.invert = overwrite.invert;
        duration = ata_description(ata)->duration[which] * overwrite.passes;
    }
    operation_start(ata->drive, which, &effect, duration, true);
}

/* A locked drive sanitizes only if it says so in log 30h and the failure mode is the strict one. */
static bool lock_forbids(const struct ata *ata, const struct ata_registers_in *in) {
    enum { COUNT_FAILURE_MODE = 1 << 4 };
    return ata_security_denies_media(&ata->saved->security) &&
           (!ata_description(ata)->ata.sanitize_overrides_security ||
            (in->count & COUNT_FAILURE_MODE) != 0);
}

static bool is_refused(const struct ata *ata, const struct ata_registers_in *in,
                       enum erase_operation which) {
    return which != OP_NONE && (lock_forbids(ata, in) || tcg_denies_erase(ata->drive) ||
                                drive_misbehaves(ata->drive, MISBEHAVE_REFUSE, which) != NULL);
}

static uint16_t progress_or_none(struct ata *ata) {
    if (ata->saved->sanitize.state != SD2_IN_OPERATION)
        return 0xffff;
    const uint32_t progress = operation_progress(ata->drive);
    return (uint16_t)(progress < 0xffff ? progress : 0xfffe); /* FFFFh means "not in progress" */
}

static enum ata_result execute_sanitize(struct ata *ata, struct drive_request *request) {
    const struct ata_sanitize_abilities can = ata_sanitize_abilities(ata);
    struct ata_sanitize *sanitize = &ata->saved->sanitize;
    const struct ata_sanitize_verdict verdict = ata_sanitize_command(sanitize, &can, &request->ata);
    if (verdict.begins)
        start_sanitize(ata, &request->ata);
    request->ata_out.count = ata_sanitize_count(sanitize);
    request->ata_out.lba = verdict.accepted ? progress_or_none(ata) : verdict.reason;
    return accepted_if(verdict.accepted);
}

enum ata_result ata_run_sanitize(struct ata *ata, struct drive_request *request) {
    const struct ata_sanitize_abilities can = ata_sanitize_abilities(ata);
    const enum erase_operation which = sanitize_operation(request->ata.features);
    if (!can.crypto_scramble && !can.block_erase && !can.overwrite)
        return ATA_ABORTED;
    if (is_refused(ata, &request->ata, which)) {
        request->ata_out.count = ata_sanitize_count(&ata->saved->sanitize);
        return ATA_ABORTED;
    }
    if (which != OP_NONE && drive_misbehaves(ata->drive, MISBEHAVE_HANG, which) != NULL)
        return ATA_LATER;
    if (which != OP_NONE && drive_misbehaves(ata->drive, MISBEHAVE_IGNORE, which) != NULL) {
        request->ata_out.count = ata_sanitize_count(&ata->saved->sanitize);
        request->ata_out.lba = 0xffff;
        return ATA_DONE;
    }
    return execute_sanitize(ata, request);
}

/* --- the ends of operations --- */

static bool is_security(enum erase_operation which) {
    return which == OP_SECURITY_ERASE || which == OP_SECURITY_ERASE_ENHANCED;
}

static void answer_erase(struct ata *ata, bool success) {
    struct drive_request *request = ata->erasing;
    ata->erasing = NULL;
    if (success)
        ata_security_erased(security_of(ata));
    if (request == NULL)
        return;
    if (!success) {
        request->ata_out.status = ATA_STATUS_GOOD | ATA_STATUS_ERR;
        request->ata_out.error = ATA_ERROR_ABORTED;
    }
    sat_or_host_answer(ata->sat, request);
}

void ata_operation_ended(struct drive *drive, enum erase_operation which, bool success) {
    struct ata *ata = ata_of(drive);
    if (is_security(which))
        answer_erase(ata, success);
    else if (success)
        ata_sanitize_succeeded(&ata->saved->sanitize);
    else
        ata_sanitize_failed(&ata->saved->sanitize, SANITIZE_REASON_NOT_ALL_SANITIZED);
}

/* Power or a reset ended a security erase: locked, with its password, half erased. */
void ata_operation_cut(struct drive *drive, enum erase_operation which) {
    struct ata *ata = ata_of(drive);
    ata->erasing = NULL;
    if (is_security(which))
        security_of(ata)->locked = security_of(ata)->enabled;
}
