/*
 * NVMe Format NVM with a secure erase setting, namespace by namespace, keeping each one's LBA
 * format (DEVICE-FACTS C.6). It does not reach unallocated capacity, nor namespaces that are not
 * attached.
 */
#include "quietus/json.h"

#include "follow.h"
#include "methods.h"
#include "nvme_common.h"

#include <errno.h>
#include <inttypes.h>
#include <libnvme.h>
#include <string.h>

enum {
    ERASE_USER_DATA = 1,
    ERASE_CRYPTO = 2,
    MARGIN_MS = 120000, /* the kernel's error handling after a time-out */
};

static bool format_offered(const struct disk *disk, struct reason *reason) {
    if (!disk->has_nvme || !disk_bus_is_local(disk->bus)) {
        reason_set(reason, "it is no NVMe drive of this machine");
        return false;
    }
    if (!disk->nvme.format_supported) {
        reason_set(reason, "the drive does not offer Format NVM");
        return false;
    }
    if (disk->area_count == 0) {
        reason_set(reason, "no namespace is attached");
        return false;
    }
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (disk->areas[i].read_only || disk->areas[i].node[0] == '\0') {
            reason_set(reason, "namespace %" PRIu32 " is write protected or has no block device",
                       disk->areas[i].nsid);
            return false;
        }
    }
    return true;
}

static bool crypto_offered(const struct disk *disk, struct reason *reason) {
    if (!format_offered(disk, reason))
        return false;
    if (disk->nvme.crypto_format)
        return true;
    reason_set(reason, "the drive does not offer cryptographic erase in Format NVM");
    return false;
}

/* CDW10 with the format that the namespace has now: anything else would change its LBA size. */
static uint32_t command_dword10(const struct nvme_namespace *ns, uint32_t erase) {
    const uint32_t index = ns->format_index;
    return (index & 0xf) | (ns->extended_metadata ? 1U << 4 : 0) |
           (uint32_t)(ns->protection & 7) << 5 | (uint32_t)(ns->protection >> 3 & 1) << 8 |
           erase << 9 | (index >> 4 & 3) << 12;
}

/* The completion comes when the drive is done, and no drive says how long that takes: the time-out
 * is all that notices one that has lost the command. */
static int format_one(struct erase_run *run, const struct disk_area *area, uint32_t erase) {
    const int64_t timeout_ms = follow_stall_ms(run->policy, 0);
    struct nvme_command command = {
        .name = erase == ERASE_CRYPTO ? "Format NVM (cryptographic erase)"
                                      : "Format NVM (user data erase)",
        .opcode = nvme_admin_format_nvm,
        .nsid = area->nsid,
        .cdw10 = command_dword10(&area->ns, erase),
        .timeout_ms = (uint32_t)timeout_ms,
    };
    progress_expect(run->progress, timeout_ms + MARGIN_MS);
    char what[64];
    (void)snprintf(what, sizeof what, "Format NVM of namespace %" PRIu32, area->nsid);
    const int error = armed_nvme(run->armed, &command, run->reason);
    return nvme_judge_completion(run, what, &command, error);
}

static int format_all(struct erase_run *run, uint32_t erase) {
    const struct disk *disk = run->disk;
    for (unsigned i = 0; i < disk->area_count; i++) {
        progress_start(run->progress, PHASE_FORMATTING, i + 1, disk->area_count, 0);
        const int error = format_one(run, &disk->areas[i], erase);
        if (error)
            return error;
    }
    run->facts->accepted = true;
    run->facts->ended_in_success = true; /* the completion comes when the format is done */
    run->facts->binding = BINDING_STATUS_AND_MEDIUM;
    return 0;
}

static int run_crypto(struct erase_run *run) {
    return format_all(run, ERASE_CRYPTO);
}

static int run_user_data(struct erase_run *run) {
    return format_all(run, ERASE_USER_DATA);
}

static const char beyond_format[] =
    "capacity that belongs to no namespace, and retired blocks that the drive does not erase with "
    "the namespace, are beyond Format NVM; the state of the media is attested by the drive alone";

#define CLAIMS                                                                                     \
    {                                                                                              \
        [MEDIUM_UNKNOWN] = {CATEGORY_CLEAR, CATEGORY_PURGE},                                       \
        [MEDIUM_ROTATING] = {CATEGORY_CLEAR, CATEGORY_PURGE},                                      \
        [MEDIUM_FLASH] = {CATEGORY_CLEAR, CATEGORY_PURGE},                                         \
    }

const struct method method_nvme_format_crypto = {
    .name = "nvme-format-crypto",
    .summary = "NVMe Format NVM, cryptographic erase",
    .commands = COMMANDS_NVME,
    .never_reaches = beyond_format,
    .claims = CLAIMS,
    .offered = crypto_offered,
    .run = run_crypto,
    .read_back = nvme_namespaces_unchanged,
};

const struct method method_nvme_format_user_data = {
    .name = "nvme-format-user-data",
    .summary = "NVMe Format NVM, user data erase",
    .commands = COMMANDS_NVME,
    .never_reaches = beyond_format,
    .claims = CLAIMS,
    .offered = format_offered,
    .run = run_user_data,
    .read_back = nvme_namespaces_unchanged,
};
