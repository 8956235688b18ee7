/* NVMe: Get Log Page (02h). */
#include "nvme.h"

#include <sodium.h>

enum nvme_log_page {
    LOG_ERRORS = 0x01,
    LOG_HEALTH = 0x02,
    LOG_FIRMWARE = 0x03,
    LOG_CHANGED_NAMESPACES = 0x04,
    LOG_EFFECTS = 0x05,
    LOG_BOOT_PARTITION = 0x15,
    LOG_SANITIZE = 0x81,
};

enum { LOG_MAX = NVME_PAGE };

/* Newest first. */
static size_t error_log(const struct drive *drive, uint8_t *out) {
    const struct nvme_state *state = nvme_state(drive);
    for (unsigned i = 0; i < NVME_ERRORS && i < state->errors; i++) {
        const struct nvme_error *error = &state->error_log[(state->errors - 1 - i) % NVME_ERRORS];
        uint8_t *entry = out + 64 * (size_t)i;
        store_le(entry, 8, error->count);
        store_le(entry + 12, 2, (uint64_t)error->status << 1); /* with the phase bit's place */
        store_le(entry + 14, 2, 0xffff); /* parameter error location: not told */
        store_le(entry + 16, 8, error->lba);
        store_le(entry + 24, 4, error->nsid);
    }
    return (size_t)64 * NVME_ERRORS;
}

static size_t health_log(const struct drive *drive, uint8_t *out) {
    const struct nvme_state *state = nvme_state(drive);
    const bool failing = drive->description->smart_failing;
    const bool read_only = drive_misbehaves(drive, MISBEHAVE_WRITE_PROTECTED, OP_NONE) != NULL ||
                           drive_misbehaves(drive, MISBEHAVE_WRITE_IGNORED, OP_NONE) != NULL;
    /* critical warning: reliability degraded, read only */
    out[0] = (uint8_t)(failing << 2 | read_only << 3);
    store_le(out + 1, 2, 310);  /* composite temperature, kelvin */
    out[3] = failing ? 2 : 100; /* available spare */
    out[4] = 10;                /* its threshold */
    out[5] = failing ? 98 : 3;  /* percentage used */
    store_le(out + 32, 8, state->blocks_read / 1000);
    store_le(out + 48, 8, state->blocks_written / 1000);
    if (drive->description->counts_power) {
        store_le(out + 112, 8, drive->state->powered_on);
        store_le(out + 144, 8, drive->state->cut_off);
    }
    store_le(out + 128, 8, 4711);             /* power-on hours */
    store_le(out + 160, 8, failing ? 12 : 0); /* media errors */
    store_le(out + 176, 8, state->errors);
    return 512;
}

static size_t firmware_log(const struct drive *drive, uint8_t *out) {
    out[0] = 1; /* slot 1 is active */
    store_text(out + 8, 8, drive->description->firmware);
    return 512;
}

/* Header: which is active and their size in 128 KiB. */
static size_t boot_partition_log(const struct drive *drive, uint8_t *out) {
    out[0] = LOG_BOOT_PARTITION;
    store_le(out + 4, 4, drive->description->nvme.boot_partition_bytes >> 17);
    return 16;
}

static size_t sanitize_log(const struct drive *drive, uint8_t *out) {
    nvme_sanitize_log(drive, out);
    if (drive_misbehaves(drive, MISBEHAVE_LOG_ZERO, OP_NONE) != NULL)
        memset(out, 0, 512);
    if (drive_misbehaves(drive, MISBEHAVE_LOG_GARBAGE, OP_NONE) != NULL)
        randombytes_buf(out, 512);
    return 512;
}

static size_t effects_log(const struct drive *drive, uint8_t *out) {
    nvme_effects_log(drive, out);
    return NVME_PAGE;
}

/* None: no notice was ever sent. */
static size_t changed_namespaces_log(const struct drive *drive, uint8_t *out) {
    (void)drive;
    out[0] = 0;
    return NVME_PAGE;
}

struct log {
    unsigned page;
    size_t (*fill)(const struct drive *drive, uint8_t *out);
    bool during_sanitize;
};

static const struct log logs[] = {
    {LOG_ERRORS, error_log, true},       {LOG_HEALTH, health_log, true},
    {LOG_FIRMWARE, firmware_log, false}, {LOG_CHANGED_NAMESPACES, changed_namespaces_log, true},
    {LOG_EFFECTS, effects_log, false},   {LOG_BOOT_PARTITION, boot_partition_log, false},
    {LOG_SANITIZE, sanitize_log, true},
};

static const struct log *find_log(const struct drive *drive, unsigned page) {
    const struct nvme_description *nvme = &drive->description->nvme;
    if (page == LOG_BOOT_PARTITION && nvme->boot_partition_bytes == 0)
        return NULL;
    if (page == LOG_SANITIZE && !nvme_can_sanitize(drive))
        return NULL;
    for (unsigned i = 0; i < sizeof logs / sizeof *logs; i++)
        if (logs[i].page == page)
            return &logs[i];
    return NULL;
}

/* The transfer ends half way; the rest of the host's buffer stays as it was. */
static void cut_short(const struct drive *drive, struct drive_request *request, unsigned page) {
    if (page == LOG_SANITIZE && drive_misbehaves(drive, MISBEHAVE_LOG_SHORT, OP_NONE) != NULL &&
        request->transferred > 2)
        request->transferred = 2;
}

uint16_t nvme_serve_get_log_page(struct drive *drive, struct drive_request *request) {
    uint8_t data[LOG_MAX] = {0};
    const unsigned page = sqe_dword(request, 10) & 0xff;
    const uint64_t offset = sqe_dword(request, 12) | (uint64_t)sqe_dword(request, 13) << 32;
    const enum nvme_sanitize_status status = nvme_state(drive)->sanitize_status;
    const struct log *log = find_log(drive, page);
    if (log == NULL)
        return NVME_INVALID_LOG_PAGE;
    if (!log->during_sanitize && status == SANITIZING)
        return NVME_SANITIZE_IN_PROGRESS;
    if (!log->during_sanitize && status == SANITIZE_FAILED)
        return NVME_SANITIZE_FAILED;
    const size_t length = log->fill(drive, data);
    if (offset % 4 != 0 || offset > length)
        return NVME_INVALID_FIELD;
    nvme_return(request, data + offset, length - offset);
    cut_short(drive, request, page);
    return NVME_OK;
}
