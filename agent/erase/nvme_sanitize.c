/*
 * NVMe Sanitize: the drive erases everything it has, namespaces or not, and goes on over resets and
 * power cuts until it is done (DEVICE-FACTS C.5). The log page that it keeps names the command,
 * which ties the end to it.
 */
#include "quietus/ask.h"

#include "earlier.h"
#include "methods.h"
#include "nvme_common.h"

#include <errno.h>
#include <libnvme.h>
#include <sodium.h>

enum {
    COMMAND_TIMEOUT_MS = 120000, /* it returns at once; some drives take their time to begin */
    OVERWRITE_ONCE = 1U << 4,    /* OWPASS 7:4; 0 would be 16 passes */
    ESTIMATE_PASSES = 16,        /* the overwrite estimate of the log is for so many */
};

struct action {
    const char *name;
    uint32_t dword10; /* AUSE 0: a drive that fails stays locked until a sanitize succeeds */
    bool patterned;
};

static const struct action crypto_erase = {"Sanitize (crypto erase)",
                                           NVME_SANITIZE_SANACT_START_CRYPTO_ERASE, false};
static const struct action block_erase = {"Sanitize (block erase)",
                                          NVME_SANITIZE_SANACT_START_BLOCK_ERASE, false};
static const struct action overwrite = {
    "Sanitize (overwrite)", NVME_SANITIZE_SANACT_START_OVERWRITE | OVERWRITE_ONCE, true};

static uint64_t estimate_of(const struct action *action, const struct nvme_sanitize_log *log) {
    uint32_t seconds = log->estimate_block;
    if (action == &crypto_erase)
        seconds = log->estimate_crypto;
    if (action == &overwrite)
        seconds = log->estimate_overwrite == UINT32_MAX
                      ? UINT32_MAX
                      : log->estimate_overwrite / ESTIMATE_PASSES + 1;
    return seconds == UINT32_MAX ? 0 : seconds;
}

/* A sanitize under way, and what its log says of it. */
struct sanitize {
    struct device *device;
    uint32_t dword10;
    struct nvme_sanitize_log before;
    struct nvme_sanitize_log last;
    bool any; /* whatever it is, it need not be ours */
};

static bool is_ours(const struct sanitize *sanitize, const struct nvme_sanitize_log *log) {
    return sanitize->any || log->command_dword10 == sanitize->dword10;
}

static int ask_log(void *user, struct follow_answer *out) {
    struct sanitize *sanitize = user;
    struct nvme_sanitize_log log;
    const int error = ask_nvme_sanitize_log(sanitize->device, &log);
    if (error)
        return error;
    sanitize->last = log;
    if (!is_ours(sanitize, &log))
        return 0;
    if (log.state == NVME_SANITIZING) {
        out->state = FOLLOW_AT_WORK;
        out->progress = log.progress;
    }
    if (log.state == NVME_SANITIZED || log.state == NVME_SANITIZED_DEALLOCATED)
        out->state = FOLLOW_SUCCEEDED;
    if (log.state == NVME_SANITIZE_FAILED)
        out->state = FOLLOW_FAILED;
    return 0;
}

/* True if the log could not look as it does without this command having run. */
static bool log_changed(const struct sanitize *sanitize) {
    const struct nvme_sanitize_log *before = &sanitize->before;
    const struct nvme_sanitize_log *after = &sanitize->last;
    return before->state != after->state || before->command_dword10 != after->command_dword10 ||
           (!before->global_data_erased && after->global_data_erased);
}

static enum binding bind(const struct sanitize *sanitize, const struct follow *follow,
                         bool good_status) {
    if (follow->seen_at_work)
        return BINDING_SEEN_AT_WORK;
    if (log_changed(sanitize))
        return BINDING_LOG_NAMES_IT;
    return good_status ? BINDING_STATUS_AND_MEDIUM : BINDING_NONE;
}

static int send(struct erase_run *run, const struct action *action) {
    struct nvme_command command = {
        .name = action->name,
        .opcode = nvme_admin_sanitize_nvm,
        .cdw10 = action->dword10,
        .timeout_ms = COMMAND_TIMEOUT_MS,
    };
    if (action->patterned)
        randombytes_buf(&command.cdw11, sizeof command.cdw11);
    progress_expect(run->progress, 2 * (int64_t)COMMAND_TIMEOUT_MS);
    const int error = armed_nvme(run->armed, &command, run->reason);
    return nvme_judge_completion(run, action->name, &command, error);
}

static int run_one(struct erase_run *run, const void *which, unsigned part, unsigned parts) {
    const struct action *action = which;
    struct sanitize sanitize = {.device = armed_device(run->armed), .dword10 = action->dword10};
    if (ask_nvme_sanitize_log(sanitize.device, &sanitize.before)) {
        reason_set(run->reason, "the sanitize log cannot be read, so %s could not be followed",
                   action->name);
        run->facts->refuted = true;
        return -EIO;
    }
    sanitize.last = sanitize.before;
    const int sent = send(run, action);
    if (run->facts->refuted)
        return sent;
    run->facts->accepted = sent == 0;
    /* A command that got lost may have begun all the same: its log tells. */
    struct follow follow =
        follow_of_run(run, PHASE_SANITIZING, part, parts, estimate_of(action, &sanitize.before));
    follow.ask = ask_log;
    follow.user = &sanitize;
    const enum follow_end end = follow_to_end(&follow);
    if (end != FOLLOW_END_SUCCEEDED)
        return follow_note_failure(run, action->name, &follow, end, "");
    const enum binding binding = bind(&sanitize, &follow, sent == 0);
    if (sent != 0 && binding == BINDING_NONE)
        return sent;
    follow_note_success(run, binding);
    return 0;
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

/* The log still says success, and every namespace is as it was. */
static int read_back(struct erase_run *run) {
    struct nvme_sanitize_log log;
    const int error = ask_nvme_sanitize_log(armed_device(run->armed), &log);
    if (error || (log.state != NVME_SANITIZED && log.state != NVME_SANITIZED_DEALLOCATED)) {
        reason_set(run->reason, "read again, the sanitize log does not say success");
        return -EIO;
    }
    return nvme_namespaces_unchanged(run);
}

int nvme_sanitize_wait(const struct earlier *earlier, struct follow *follow, enum follow_end *end) {
    struct sanitize sanitize = {.device = armed_device(earlier->armed), .any = true};
    const int error = ask_nvme_sanitize_log(sanitize.device, &sanitize.before);
    if (error || sanitize.before.state != NVME_SANITIZING)
        return 0;
    return earlier_follow(follow, ask_log, &sanitize, end);
}

static bool sanitize_offered(const struct disk *disk, bool has_it, const char *what,
                             struct reason *reason) {
    if (!disk->has_nvme || !disk_bus_is_local(disk->bus)) {
        reason_set(reason, "it is no NVMe drive of this machine, or does not say what it can");
        return false;
    }
    if (!has_it) {
        reason_set(reason, "the drive does not offer %s", what);
        return false;
    }
    return true;
}

static bool crypto_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->nvme.sanitize_crypto, "Sanitize crypto erase", reason);
}

static bool block_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->nvme.sanitize_block, "Sanitize block erase", reason);
}

static bool both_offered(const struct disk *disk, struct reason *reason) {
    return crypto_offered(disk, reason) && block_offered(disk, reason);
}

static bool overwrite_offered(const struct disk *disk, struct reason *reason) {
    return sanitize_offered(disk, disk->nvme.sanitize_overwrite, "Sanitize overwrite", reason);
}

static const char beyond_sanitize[] = "boot partitions and RPMB areas are beyond a sanitize; the "
                                      "state of the media is attested by the "
                                      "drive alone";

/* Rev. 1 is older than the command and does not list it. */
#define PURGE                                                                                      \
    {                                                                                              \
        [MEDIUM_UNKNOWN] = {CATEGORY_PURGE, CATEGORY_NONE},                                        \
        [MEDIUM_ROTATING] = {CATEGORY_PURGE, CATEGORY_NONE},                                       \
        [MEDIUM_FLASH] = {CATEGORY_PURGE, CATEGORY_NONE},                                          \
    }

const struct method method_nvme_sanitize_crypto_block = {
    .name = "nvme-sanitize-crypto-block",
    .summary = "NVMe Sanitize, crypto erase and then block erase",
    .commands = COMMANDS_NVME,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = PURGE,
    .offered = both_offered,
    .run = run_crypto_block,
    .read_back = read_back,
};

const struct method method_nvme_sanitize_block = {
    .name = "nvme-sanitize-block",
    .summary = "NVMe Sanitize, block erase",
    .commands = COMMANDS_NVME,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = PURGE,
    .offered = block_offered,
    .run = run_block,
    .read_back = read_back,
};

const struct method method_nvme_sanitize_crypto = {
    .name = "nvme-sanitize-crypto",
    .summary = "NVMe Sanitize, crypto erase",
    .commands = COMMANDS_NVME,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = PURGE,
    .offered = crypto_offered,
    .run = run_crypto,
    .read_back = read_back,
};

const struct method method_nvme_sanitize_overwrite = {
    .name = "nvme-sanitize-overwrite",
    .summary = "NVMe Sanitize, overwrite (one pass)",
    .commands = COMMANDS_NVME,
    .never_reaches = beyond_sanitize,
    .whole_drive = true,
    .claims = PURGE,
    .offered = overwrite_offered,
    .run = run_overwrite,
    .read_back = read_back,
};
