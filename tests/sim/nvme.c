/* NVMe: which commands there are, what each may do when, and their way in and out. */
#include "nvme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bits of the Commands Supported and Effects log. */
enum {
    EFFECT_SUPPORTED = 1 << 0,
    EFFECT_LBA_CONTENT = 1 << 1,
    EFFECT_NS_CAPABILITY = 1 << 2,
    EFFECT_NS_INVENTORY = 1 << 3,
    EFFECT_ALONE_ON_NS = 1 << 16,
    EFFECT_ALONE = 2 << 16,
};

typedef bool condition(const struct drive *drive);

struct command {
    uint8_t opcode;
    nvme_handler *handler; /* NULL: the front end's */
    uint32_t effects;
    bool during_sanitize; /* allowed while one is in progress or has failed */
    condition *supported; /* NULL: always */
};

static bool has_format(const struct drive *drive) {
    return drive->description->nvme.format_nvm;
}

static bool has_namespace_management(const struct drive *drive) {
    return drive->description->nvme.namespace_management;
}

static bool has_security(const struct drive *drive) {
    return drive->description->tcg.present;
}

static bool has_compare(const struct drive *drive) {
    return drive->description->nvme.compare;
}

static bool has_write_zeroes(const struct drive *drive) {
    return drive->description->nvme.write_zeroes;
}

static uint16_t keep_alive(struct drive *drive, struct drive_request *request) {
    (void)drive;
    (void)request;
    return NVME_OK;
}

static const struct command admin_commands[] = {
    {NVME_DELETE_SQ, NULL, EFFECT_SUPPORTED, true, NULL},
    {NVME_CREATE_SQ, NULL, EFFECT_SUPPORTED, true, NULL},
    {NVME_GET_LOG_PAGE, nvme_serve_get_log_page, EFFECT_SUPPORTED, true, NULL},
    {NVME_DELETE_CQ, NULL, EFFECT_SUPPORTED, true, NULL},
    {NVME_CREATE_CQ, NULL, EFFECT_SUPPORTED, true, NULL},
    {NVME_IDENTIFY, nvme_serve_identify, EFFECT_SUPPORTED, true, NULL},
    {NVME_ABORT, NULL, EFFECT_SUPPORTED, true, NULL},
    {NVME_SET_FEATURES, nvme_serve_set_features, EFFECT_SUPPORTED, true, NULL},
    {NVME_GET_FEATURES, nvme_serve_get_features, EFFECT_SUPPORTED, true, NULL},
    {NVME_ASYNC_EVENT, NULL, EFFECT_SUPPORTED, true, NULL},
    {NVME_NS_MANAGEMENT, nvme_ns_management, EFFECT_SUPPORTED | EFFECT_NS_INVENTORY, false,
     has_namespace_management},
    {NVME_NS_ATTACHMENT, nvme_ns_attachment, EFFECT_SUPPORTED | EFFECT_NS_INVENTORY, false,
     has_namespace_management},
    {NVME_KEEP_ALIVE, keep_alive, EFFECT_SUPPORTED, true, NULL},
    {NVME_SECURITY_SEND, nvme_serve_security_send, EFFECT_SUPPORTED, true, has_security},
    {NVME_SECURITY_RECEIVE, nvme_serve_security_receive, EFFECT_SUPPORTED, true, has_security},
    {NVME_FORMAT, nvme_format,
     EFFECT_SUPPORTED | EFFECT_LBA_CONTENT | EFFECT_NS_CAPABILITY | EFFECT_ALONE_ON_NS, false,
     has_format},
    /* Looks at the state itself: it ends failures. */
    {NVME_SANITIZE, nvme_sanitize, EFFECT_SUPPORTED | EFFECT_LBA_CONTENT | EFFECT_ALONE, true,
     nvme_can_sanitize},
};

static const struct command io_commands[] = {
    {NVME_FLUSH, nvme_flush, EFFECT_SUPPORTED, true, NULL},
    {NVME_WRITE, nvme_write, EFFECT_SUPPORTED | EFFECT_LBA_CONTENT, false, NULL},
    {NVME_READ, nvme_read, EFFECT_SUPPORTED, false, NULL},
    {NVME_COMPARE, nvme_compare, EFFECT_SUPPORTED, false, has_compare},
    {NVME_WRITE_ZEROES, nvme_write_zeroes, EFFECT_SUPPORTED | EFFECT_LBA_CONTENT, false,
     has_write_zeroes},
    {NVME_DSM, nvme_dataset_management, EFFECT_SUPPORTED | EFFECT_LBA_CONTENT, false, NULL},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct command *find_command(const struct drive *drive, bool admin, uint8_t opcode) {
    const struct command *table = admin ? admin_commands : io_commands;
    const size_t count = admin ? COUNT_OF(admin_commands) : COUNT_OF(io_commands);
    for (size_t i = 0; i < count; i++)
        if (table[i].opcode == opcode)
            return table[i].supported == NULL || table[i].supported(drive) ? &table[i] : NULL;
    return NULL;
}

void nvme_effects_log(const struct drive *drive, uint8_t log[NVME_PAGE]) {
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        const struct command *admin = find_command(drive, true, (uint8_t)opcode);
        const struct command *io = find_command(drive, false, (uint8_t)opcode);
        if (admin != NULL)
            store_le(log + 4 * (size_t)opcode, 4, admin->effects);
        if (io != NULL)
            store_le(log + 1024 + 4 * (size_t)opcode, 4, io->effects);
    }
}

/* A sanitize in progress, or one that failed, shuts nearly everything out. */
static uint16_t barred_by_sanitize(const struct drive *drive, const struct command *command) {
    const enum nvme_sanitize_status status = nvme_state(drive)->sanitize_status;
    if (command->during_sanitize)
        return NVME_OK;
    if (status == SANITIZING)
        return NVME_SANITIZE_IN_PROGRESS;
    return status == SANITIZE_FAILED ? NVME_SANITIZE_FAILED : NVME_OK;
}

static void log_error(struct drive *drive, const struct drive_request *request, uint16_t status) {
    struct nvme_state *state = nvme_state(drive);
    struct nvme_error *entry = &state->error_log[state->errors % NVME_ERRORS];
    *entry = (struct nvme_error){.count = ++state->errors,
                                 .lba = load_le(request->sqe + 40, 8),
                                 .nsid = sqe_nsid(request),
                                 .status = status};
}

void nvme_complete(struct drive *drive, struct drive_request *request, uint16_t status) {
    request->nvme_status = status;
    if (status != NVME_OK)
        log_error(drive, request, status);
    request_done(drive, request);
}

static uint16_t run(struct drive *drive, struct drive_request *request) {
    const bool admin = request->protocol == PROTOCOL_NVME_ADMIN;
    const struct command *command = find_command(drive, admin, request->sqe[0]);
    if (command == NULL || request->controller >= drive->description->nvme.controllers)
        return NVME_INVALID_OPCODE;
    const uint16_t barred = barred_by_sanitize(drive, command);
    if (barred != NVME_OK)
        return barred;
    return command->handler == NULL ? NVME_INVALID_OPCODE : command->handler(drive, request);
}

static void execute(struct drive *drive, struct drive_request *request) {
    request->nvme_result = 0;
    const uint16_t status = run(drive, request);
    if (status != NVME_LATER)
        nvme_complete(drive, request, status);
}

void nvme_return(struct drive_request *request, const void *data, size_t length) {
    const size_t part = length < request->data_size ? length : request->data_size;
    memcpy(request->data, data, part);
    memset(request->data + part, 0, request->data_size - part);
    request->transferred = request->data_size;
}

/* --- direction and length --- */

static size_t feature_length(const struct drive_request *request) {
    switch (sqe_dword(request, 10) & 0xff) {
    case 0x03: /* LBA range type */
        return NVME_PAGE;
    case 0x0e: /* timestamp */
        return 8;
    case 0x81: /* host identifier; EXHID */
        return (sqe_dword(request, 11) & 1) != 0 ? 16 : 8;
    default:
        return 0;
    }
}

static size_t admin_length(const struct drive_request *request) {
    const uint32_t cdw10 = sqe_dword(request, 10), cdw11 = sqe_dword(request, 11);
    switch (request->sqe[0]) {
    case NVME_IDENTIFY:
    case NVME_NS_ATTACHMENT:
        return NVME_PAGE;
    case NVME_NS_MANAGEMENT:
        return (cdw10 & 0xf) == 0 ? NVME_PAGE : 0;
    case NVME_GET_LOG_PAGE:
        return ((size_t)(cdw10 >> 16 | (cdw11 & 0xffff) << 16) + 1) * 4;
    case NVME_SET_FEATURES:
    case NVME_GET_FEATURES:
        return feature_length(request);
    case NVME_SECURITY_SEND:
    case NVME_SECURITY_RECEIVE:
        return cdw11;
    case NVME_FIRMWARE_DOWNLOAD:
        return ((size_t)cdw10 + 1) * 4;
    default:
        return 0;
    }
}

static size_t io_length(const struct drive *drive, const struct drive_request *request) {
    const struct nvme_namespace *ns = nvme_active(drive, sqe_nsid(request), request->controller);
    const size_t blocks = (sqe_dword(request, 12) & 0xffff) + 1;
    switch (request->sqe[0]) {
    case NVME_READ:
    case NVME_WRITE:
    case NVME_COMPARE:
        return ns == NULL ? 0 : blocks * nvme_transfer_bytes(drive, ns, request);
    case NVME_DSM:
        return ((size_t)(sqe_dword(request, 10) & 0xff) + 1) * 16;
    default:
        return 0;
    }
}

/* Bits 1:0 of an opcode are the direction of its data. */
static enum drive_direction data_of(const struct drive *drive, const struct drive_request *request,
                                    size_t *length) {
    const unsigned direction = request->sqe[0] & 3;
    *length = request->protocol == PROTOCOL_NVME_ADMIN ? admin_length(request)
                                                       : io_length(drive, request);
    if (*length == 0 || direction == 0 || direction == 3) {
        *length = 0;
        return DATA_NONE;
    }
    return direction == 1 ? DATA_TO_DRIVE : DATA_FROM_DRIVE;
}

/* --- the command set --- */

static void last_sanitize(const struct drive *drive, struct nvme_state *state) {
    const struct nvme_description *nvme = &drive->description->nvme;
    if (!nvme->last_sanitize_known)
        return;
    state->sanitize_status = nvme->last_sanitize_failed ? SANITIZE_FAILED : SANITIZED;
    state->sanitize_cdw10 = nvme->last_sanitize_cdw10;
}

_Static_assert(sizeof(struct nvme_state) <= DRIVE_FAMILY_STATE, "no room in the state file");

/* What the drive remembers until power goes. */
static void power_cycled(struct drive *drive) {
    for (unsigned nsid = 1; nsid <= NVME_NAMESPACES; nsid++) {
        struct nvme_namespace *ns = &nvme_state(drive)->namespaces[nsid];
        if (ns->write_protection == WP_UNTIL_POWER_CYCLE)
            ns->write_protection = WP_NONE;
    }
}

static bool open_nvme(struct drive *drive, bool fresh, char *problem, size_t problem_size) {
    const struct nvme_description *nvme = &drive->description->nvme;
    if (nvme->controllers < 1 || nvme->controllers > NVME_CONTROLLERS)
        return snprintf(problem, problem_size, "one or two controllers") < 0;
    drive->family = calloc(1, sizeof(struct nvme_volatile));
    if (drive->family == NULL)
        return snprintf(problem, problem_size, "out of memory") < 0;
    media_set_fill(drive->media, nvme->deallocated_reads == 2 ? 0xff : 0);
    if (!fresh) {
        power_cycled(drive);
        return true;
    }
    nvme_state(drive)->write_cache = true;
    nvme_state(drive)->global_data_erased = true;
    last_sanitize(drive, nvme_state(drive));
    nvme_make_namespaces(drive);
    return true;
}

static void close_nvme(struct drive *drive) {
    free(drive->family);
}

static void reset(struct drive *drive, enum drive_reset kind) {
    struct nvme_volatile *now = nvme_volatile(drive);
    memset(now->features, 0, sizeof now->features);
    if (kind == RESET_POWER)
        power_cycled(drive);
}

static void operation_ended(struct drive *drive, enum erase_operation which, bool success) {
    if (nvme_is_sanitize(which))
        nvme_sanitize_ended(drive, success);
    else
        nvme_format_ended(drive, success);
}

/* A format that was cut off leaves the namespaces as they were, half erased. */
static void operation_cut(struct drive *drive, enum erase_operation which) {
    (void)which;
    nvme_volatile(drive)->formatting = 0;
}

static void forgotten(struct drive *drive, const struct drive_request *request) {
    if (nvme_volatile(drive)->blocked == request)
        nvme_volatile(drive)->blocked = NULL;
}

static uint32_t lba_bytes(const struct drive *drive) {
    const struct nvme_namespace *ns = nvme_allocated(drive, 1);
    return ns == NULL ? 512 : nvme_lba_bytes(drive, ns);
}

uint16_t nvme_refusal(const struct drive *drive, enum erase_operation which) {
    if (tcg_denies_erase(drive))
        return NVME_OPERATION_DENIED;
    const struct misbehaviour *line = drive_misbehaves(drive, MISBEHAVE_REFUSE, which);
    if (line == NULL)
        return NVME_OK;
    if (strcmp(line->word, "field") == 0)
        return NVME_INVALID_FIELD;
    return strcmp(line->word, "abort") == 0 ? NVME_INTERNAL_ERROR : NVME_INVALID_OPCODE;
}

const struct command_set nvme_command_set = {
    .open = open_nvme,
    .close = close_nvme,
    .execute = execute,
    .data_of = data_of,
    .reset = reset,
    .operation_ended = operation_ended,
    .operation_cut = operation_cut,
    .forgotten = forgotten,
    .lba_bytes = lba_bytes,
    .capacity_changed = nvme_capacity_changed,
    .plant = nvme_plant,
};
