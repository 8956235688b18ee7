/*
 * NVMe Format NVM (80h). Command dword 10: LBAF 3:0, MSET 4, PI 7:5, PIL 8, SES 11:9, LBAFU 13:12.
 * The command is answered when the format has ended.
 */
#include "nvme.h"

enum { SES_NONE, SES_USER_DATA, SES_CRYPTO };

static enum erase_operation operation_of(unsigned ses) {
    static const enum erase_operation of[] = {OP_NVME_FORMAT, OP_NVME_FORMAT_USER_DATA,
                                              OP_NVME_FORMAT_CRYPTO};
    return of[ses];
}

/* Which namespaces it takes: FNA bit 1 decides for a secure erase, bit 0 otherwise. With FFFFFFFFh
 * those that are attached to this controller. */
static uint32_t scope(const struct drive *drive, const struct drive_request *request,
                      unsigned ses) {
    const struct nvme_description *nvme = &drive->description->nvme;
    const uint32_t nsid = sqe_nsid(request);
    const bool all = ses == SES_NONE ? nvme->format_all : nvme->erase_all;
    uint32_t mask = 0;
    for (uint32_t i = 1; i <= NVME_NAMESPACES; i++) {
        if (nsid == NVME_BROADCAST ? nvme_active(drive, i, request->controller) != NULL
                                   : all && nvme_allocated(drive, i) != NULL)
            mask |= 1U << i;
    }
    return nsid == NVME_BROADCAST || all ? mask : 1U << nsid;
}

static bool any_write_protected(const struct drive *drive, uint32_t mask) {
    for (uint32_t i = 1; i <= NVME_NAMESPACES; i++)
        if ((mask >> i & 1) != 0 && nvme_state(drive)->namespaces[i].write_protection != WP_NONE)
            return true;
    return false;
}

static bool good_format(const struct drive *drive, const struct nvme_namespace *wanted) {
    if (wanted->format >= drive->description->nvme.format_count)
        return false;
    return wanted->protection == 0 ||
           (wanted->protection <= 3 && nvme_metadata_bytes(drive, wanted) >= 8);
}

static struct nvme_namespace wanted_format(uint32_t cdw10) {
    return (struct nvme_namespace){.format = (uint8_t)((cdw10 & 0xf) | (cdw10 >> 12 & 3) << 4),
                                   .extended = (cdw10 & 1 << 4) != 0,
                                   .protection = (uint8_t)(cdw10 >> 5 & 7)};
}

static uint16_t check(const struct drive *drive, const struct drive_request *request,
                      const struct nvme_namespace *wanted, unsigned ses) {
    const struct nvme_description *nvme = &drive->description->nvme;
    const uint32_t nsid = sqe_nsid(request);
    if (nsid == NVME_BROADCAST && nvme->format_no_broadcast)
        return NVME_INVALID_FIELD;
    if (nsid == 0 || (nsid > NVME_NAMESPACES && nsid != NVME_BROADCAST))
        return NVME_INVALID_NAMESPACE;
    if (nsid != NVME_BROADCAST && nvme_active(drive, nsid, request->controller) == NULL)
        return NVME_INVALID_FIELD; /* a valid number, but not active here */
    if (ses > SES_CRYPTO || (ses == SES_CRYPTO && !nvme->format_crypto))
        return NVME_INVALID_FIELD;
    if (!good_format(drive, wanted))
        return NVME_INVALID_FORMAT;
    return any_write_protected(drive, scope(drive, request, ses)) ? NVME_WRITE_PROTECTED : NVME_OK;
}

/* Without a secure erase only the mapping goes. User data erase really erases, also what was
 * overwritten before. */
static struct media_effect effect_of(const struct drive *drive, unsigned ses, uint32_t mask) {
    static const enum effect_kind kinds[] = {EFFECT_UNMAP, EFFECT_ERASE, EFFECT_CRYPTO};
    struct media_effect effect = drive_effect(drive, kinds[ses]);
    effect.regions = mask;
    /* One key for the drive, and no namespace that would be lost without being asked for. */
    if (ses == SES_CRYPTO && !drive->description->key_per_namespace)
        effect.regions = UINT32_MAX;
    return effect;
}

/* With one key for the whole drive, a crypto erase of some namespaces cannot be done by it. */
static bool needs_erase_instead(const struct drive *drive, unsigned ses, uint32_t mask) {
    if (ses != SES_CRYPTO)
        return false;
    if (!drive->description->encrypts)
        return true;
    if (drive->description->key_per_namespace)
        return false;
    for (uint32_t i = 1; i <= NVME_NAMESPACES; i++)
        if (nvme_allocated(drive, i) != NULL && (mask >> i & 1) == 0)
            return true;
    return false;
}

uint16_t nvme_format(struct drive *drive, struct drive_request *request) {
    struct nvme_volatile *now = nvme_volatile(drive);
    const unsigned ses = sqe_dword(request, 10) >> 9 & 7;
    const struct nvme_namespace wanted = wanted_format(sqe_dword(request, 10));
    if (now->formatting != 0)
        return NVME_FORMAT_IN_PROGRESS;
    uint16_t status = check(drive, request, &wanted, ses);
    if (status == NVME_OK)
        status = nvme_refusal(drive, operation_of(ses));
    if (status != NVME_OK)
        return status;
    if (drive_misbehaves(drive, MISBEHAVE_HANG, operation_of(ses)) != NULL)
        return NVME_LATER;
    if (drive_misbehaves(drive, MISBEHAVE_IGNORE, operation_of(ses)) != NULL)
        return NVME_OK;
    const uint32_t mask = scope(drive, request, ses);
    struct media_effect effect = effect_of(drive, ses, mask);
    if (needs_erase_instead(drive, ses, mask)) {
        effect.kind = EFFECT_ERASE;
        effect.regions = mask;
    }
    now->formatting = mask;
    now->after_format = wanted;
    now->blocked = request;
    operation_start(drive, operation_of(ses), &effect, 0, false);
    return NVME_LATER;
}

static void apply_format(struct drive *drive, uint32_t nsid) {
    struct nvme_namespace *ns = &nvme_state(drive)->namespaces[nsid];
    const struct nvme_namespace *wanted = &nvme_volatile(drive)->after_format;
    const uint32_t old_bytes = nvme_lba_bytes(drive, ns);
    ns->format = wanted->format;
    ns->extended = wanted->extended;
    ns->protection = wanted->protection;
    if (nvme_lba_bytes(drive, ns) != old_bytes)
        ns->lbas = ns->bytes / nvme_lba_bytes(drive, ns);
}

void nvme_format_ended(struct drive *drive, bool success) {
    struct nvme_volatile *now = nvme_volatile(drive);
    struct drive_request *request = now->blocked;
    for (uint32_t i = 1; success && i <= NVME_NAMESPACES; i++)
        if ((now->formatting >> i & 1) != 0)
            apply_format(drive, i);
    now->formatting = 0;
    now->blocked = NULL;
    if (request != NULL)
        nvme_complete(drive, request, success ? NVME_OK : NVME_INTERNAL_ERROR);
}
