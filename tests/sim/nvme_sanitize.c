/*
 * NVMe Sanitize (84h) and its log (81h). Base Specification, clause "Sanitize operations".
 *
 * Command dword 10: SANACT 2:0, AUSE 3, OWPASS 7:4 (0: 16), OIPBP 8, NDAS 9.
 */
#include "nvme.h"

enum {
    CDW10_UNRESTRICTED = 1 << 3,
    CDW10_INVERT = 1 << 8,
    CDW10_NO_DEALLOCATE = 1 << 9,
};

static const struct {
    enum nvme_sanitize_action action;
    enum erase_operation which;
    enum effect_kind effect;
} actions[] = {
    {SANITIZE_BLOCK, OP_NVME_SANITIZE_BLOCK, EFFECT_ERASE},
    {SANITIZE_OVERWRITE, OP_NVME_SANITIZE_OVERWRITE, EFFECT_OVERWRITE},
    {SANITIZE_CRYPTO, OP_NVME_SANITIZE_CRYPTO, EFFECT_CRYPTO},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

static bool supports(const struct drive *drive, enum erase_operation which) {
    const struct drive_description *description = drive->description;
    switch (which) {
    case OP_NVME_SANITIZE_BLOCK:
        return description->sanitize_block;
    case OP_NVME_SANITIZE_OVERWRITE:
        return description->sanitize_overwrite;
    case OP_NVME_SANITIZE_CRYPTO:
        return description->sanitize_crypto;
    default:
        return false;
    }
}

bool nvme_is_sanitize(enum erase_operation which) {
    return which == OP_NVME_SANITIZE_BLOCK || which == OP_NVME_SANITIZE_OVERWRITE ||
           which == OP_NVME_SANITIZE_CRYPTO;
}

bool nvme_can_sanitize(const struct drive *drive) {
    for (unsigned i = 0; i < ACTIONS; i++)
        if (supports(drive, actions[i].which))
            return true;
    return false;
}

/* Bits 0 crypto erase, 1 block erase, 2 overwrite, 29 NDI, 31:30 NODMMAS. */
uint32_t nvme_sanicap(const struct drive *drive) {
    static const struct {
        enum erase_operation which;
        unsigned bit;
    } bits[] = {
        {OP_NVME_SANITIZE_CRYPTO, 0}, {OP_NVME_SANITIZE_BLOCK, 1}, {OP_NVME_SANITIZE_OVERWRITE, 2}};
    uint32_t value = 0;
    for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
        if (supports(drive, bits[i].which) &&
            drive_misbehaves(drive, MISBEHAVE_HIDDEN, bits[i].which) == NULL)
            value |= 1U << bits[i].bit;
    if (value == 0)
        return 0;
    return value | (uint32_t)drive->description->nvme.no_deallocate_inhibited << 29 |
           drive->description->nvme.no_deallocate_modifies << 30;
}

/* --- log 81h --- */

static uint32_t passes_of(uint32_t cdw10) {
    const uint32_t passes = cdw10 >> 4 & 0xf;
    return passes == 0 ? 16 : passes;
}

static void put_estimate(uint8_t *to, uint64_t milliseconds) {
    store_le(to, 4, milliseconds == TIME_NOT_REPORTED ? 0xffffffff : milliseconds / 1000);
}

static uint32_t passes_completed(const struct drive *drive) {
    const struct nvme_state *state = nvme_state(drive);
    const struct operation *operation = &drive->state->operation;
    if (state->sanitize_status != SANITIZING || operation->duration_ms == 0)
        return state->sanitize_passes;
    if ((state->sanitize_cdw10 & 7) != SANITIZE_OVERWRITE)
        return 0;
    return (uint32_t)(operation->done_ms * passes_of(state->sanitize_cdw10) /
                      operation->duration_ms);
}

void nvme_sanitize_log(const struct drive *drive, uint8_t log[512]) {
    const struct nvme_state *state = nvme_state(drive);
    const struct nvme_description *nvme = &drive->description->nvme;
    const bool running = state->sanitize_status == SANITIZING;
    memset(log, 0, 512);
    store_le(log, 2, running ? operation_progress(drive) : 0xffff); /* SPROG */
    store_le(log + 2, 2,
             (uint64_t)state->sanitize_status | (uint64_t)(passes_completed(drive) & 0x1f) << 3 |
                 (uint64_t)state->global_data_erased << 8); /* SSTAT */
    store_le(log + 4, 4, state->sanitize_cdw10);
    put_estimate(log + 8, nvme->estimate_overwrite);
    put_estimate(log + 12, nvme->estimate_block);
    put_estimate(log + 16, nvme->estimate_crypto);
    for (unsigned at = 20; at < 32; at += 4) /* with no-deallocate: no other estimates */
        store_le(log + at, 4, 0xffffffff);
}

/* --- the command --- */

static bool is_write_protected(const struct drive *drive) {
    for (uint32_t nsid = 1; nsid <= NVME_NAMESPACES; nsid++) {
        const struct nvme_namespace *ns = nvme_allocated(drive, nsid);
        if (ns != NULL && ns->write_protection != WP_NONE)
            return true;
    }
    return false;
}

/* NDAS with NDI set: an error, or (NODRM) a warning at the end. */
static bool refuses_no_deallocate(const struct drive *drive, uint32_t cdw10) {
    return (cdw10 & CDW10_NO_DEALLOCATE) != 0 && drive->description->nvme.no_deallocate_inhibited &&
           !nvme_state(drive)->no_deallocate_warning;
}

/* A failure in restricted mode is left only by another sanitize in restricted mode. */
static bool keeps_restricted(const struct nvme_state *state, uint32_t cdw10) {
    return state->sanitize_status == SANITIZE_FAILED &&
           (state->sanitize_cdw10 & CDW10_UNRESTRICTED) == 0 && (cdw10 & CDW10_UNRESTRICTED) != 0;
}

static uint16_t exit_failure(struct nvme_state *state) {
    if (state->sanitize_status != SANITIZE_FAILED)
        return NVME_OK;
    if ((state->sanitize_cdw10 & CDW10_UNRESTRICTED) == 0)
        return NVME_SANITIZE_FAILED;
    state->sanitize_status = SANITIZED_NEVER;
    return NVME_OK;
}

static void begin(struct drive *drive, const struct drive_request *request,
                  enum erase_operation which, enum effect_kind kind) {
    struct nvme_state *state = nvme_state(drive);
    struct media_effect effect = drive_effect(drive, kind);
    const uint32_t cdw10 = sqe_dword(request, 10);
    uint64_t duration = drive->description->duration[which];
    if (kind == EFFECT_OVERWRITE) {
        effect.passes = passes_of(cdw10);
        effect.pattern = sqe_dword(request, 11);
        effect.invert = (cdw10 & CDW10_INVERT) != 0;
        effect.unmap_at_end = (cdw10 & CDW10_NO_DEALLOCATE) == 0;
        duration *= effect.passes;
    }
    state->sanitize_cdw10 = cdw10;
    state->sanitize_passes = 0;
    state->global_data_erased = false;
    operation_start(drive, which, &effect, duration, true);
    state->sanitize_status = SANITIZING;
}

static uint16_t sanitize(struct drive *drive, const struct drive_request *request,
                         enum erase_operation which, enum effect_kind kind) {
    const uint32_t cdw10 = sqe_dword(request, 10);
    if (!supports(drive, which) || refuses_no_deallocate(drive, cdw10))
        return NVME_INVALID_FIELD;
    if (keeps_restricted(nvme_state(drive), cdw10))
        return NVME_SANITIZE_FAILED;
    if (is_write_protected(drive))
        return NVME_WRITE_PROTECTED;
    const uint16_t refused = nvme_refusal(drive, which);
    if (refused != NVME_OK)
        return refused;
    if (drive_misbehaves(drive, MISBEHAVE_HANG, which) != NULL)
        return NVME_LATER;
    if (drive_misbehaves(drive, MISBEHAVE_IGNORE, which) == NULL)
        begin(drive, request, which, kind);
    return NVME_OK;
}

uint16_t nvme_sanitize(struct drive *drive, struct drive_request *request) {
    struct nvme_state *state = nvme_state(drive);
    const unsigned action = sqe_dword(request, 10) & 7;
    if (state->sanitize_status == SANITIZING)
        return NVME_SANITIZE_IN_PROGRESS;
    if (nvme_volatile(drive)->formatting != 0)
        return NVME_FORMAT_IN_PROGRESS;
    if (action == SANITIZE_EXIT_FAILURE)
        return exit_failure(state);
    for (unsigned i = 0; i < ACTIONS; i++)
        if (actions[i].action == action)
            return sanitize(drive, request, actions[i].which, actions[i].effect);
    return NVME_INVALID_FIELD;
}

/* Deallocated in spite of NDAS: the drive may say so in a status of its own. */
static enum nvme_sanitize_status success_status(const struct drive *drive) {
    const uint32_t cdw10 = nvme_state(drive)->sanitize_cdw10;
    const bool inhibited =
        (cdw10 & CDW10_NO_DEALLOCATE) != 0 && drive->description->nvme.no_deallocate_inhibited;
    if (inhibited ||
        drive_misbehaves(drive, MISBEHAVE_STATUS_4, drive->state->operation.which) != NULL)
        return SANITIZED_DEALLOCATED;
    return SANITIZED;
}

void nvme_sanitize_ended(struct drive *drive, bool success) {
    struct nvme_state *state = nvme_state(drive);
    state->sanitize_passes = success && (state->sanitize_cdw10 & 7) == SANITIZE_OVERWRITE
                                 ? passes_of(state->sanitize_cdw10)
                                 : passes_completed(drive);
    state->sanitize_status = success ? success_status(drive) : SANITIZE_FAILED;
    state->global_data_erased = success;
}
