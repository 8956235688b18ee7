#include "fake_disk.h"

#include "quietus/clock.h"

#include "test.h"

#include <errno.h>

enum { ADMIN_IDENTIFY = 0x06, ADMIN_FORMAT = 0x80, SECTOR = 512 };

static void vanish(struct fake_disk *fake) {
    fake->has_vanished = true;
    fake->is_armed = fake->wakes_after > 0; /* nobody has taken its node away */
    if (fake->loses_cache)
        fake_disk_power_cut(fake);
}

/* Nothing answers: after that, only a transport that was opened anew. */
static bool is_gone(struct fake_disk *fake) {
    if (fake->vanishes_after == 0 || fake->has_vanished)
        return fake->has_vanished;
    if (fake->requests - fake->found_at >= fake->vanishes_after)
        vanish(fake);
    return fake->has_vanished;
}

static bool wakes_up(struct fake_disk *fake) {
    if (fake->wakes_after == 0 || ++fake->questions < fake->wakes_after)
        return false;
    fake->has_vanished = false;
    fake->vanishes_after = 0;
    return true;
}

static void note(struct fake_disk *fake, char event) {
    if (fake->logged + 1 < FAKE_LOG)
        fake->log[fake->logged++] = event;
}

static void put_digits(uint8_t *out, unsigned count, uint64_t value) {
    for (; count > 0; value /= 10)
        out[--count] = (uint8_t)('0' + value % 10);
}

/* Lines with the sector's number and their place in it. */
static void fill_sector(uint64_t index, uint8_t out[SECTOR]) {
    enum { NUMBER = 14, PLACE = 21 };
    static const char line[32] = "customer data 000000 0000000000";
    for (size_t i = 0; i < SECTOR; i += sizeof line) {
        memcpy(out + i, line, sizeof line);
        put_digits(out + i + NUMBER, 6, index);
        put_digits(out + i + PLACE, 10, i);
    }
}

void fake_disk_make(struct fake_disk *fake, enum command_set commands, unsigned mebibytes) {
    uint8_t sector[SECTOR];
    *fake = (struct fake_disk){.commands = commands,
                               .serial = "FAKE0001",
                               .bytes = (uint64_t)mebibytes << 20,
                               .lba_size = SECTOR,
                               .namespaces = 1};
    fake->medium = calloc(1, fake->bytes);
    fake->was_read = calloc(1, fake->bytes / SECTOR);
    assert_non_null(fake->medium);
    assert_non_null(fake->was_read);
    for (uint64_t i = 0; i < fake->bytes / SECTOR; i++) {
        fill_sector(i, sector);
        memcpy(fake->medium + i * SECTOR, sector, SECTOR);
    }
}

void fake_disk_free(struct fake_disk *fake) {
    free(fake->medium);
    free(fake->was_read);
    free(fake->flushed);
    fake->flushed = NULL;
    fake->medium = NULL;
    fake->was_read = NULL;
}

void fake_disk_cache_writes(struct fake_disk *fake) {
    if (!fake->flushed)
        fake->flushed = malloc(fake->bytes);
    assert_non_null(fake->flushed);
    memcpy(fake->flushed, fake->medium, fake->bytes);
}

void fake_disk_power_cut(struct fake_disk *fake) {
    for (uint64_t at = 0; at < fake->bytes; at += (uint64_t)2 * SECTOR)
        memcpy(fake->medium + at, fake->flushed + at, SECTOR);
    memcpy(fake->flushed, fake->medium, fake->bytes);
}

void fake_disk_erase(struct fake_disk *fake) {
    memset(fake->medium, 0, fake->bytes);
}

uint64_t fake_disk_residue(const struct fake_disk *fake) {
    uint8_t sector[SECTOR];
    uint64_t left = 0;
    for (uint64_t i = 0; i < fake->bytes / SECTOR; i++) {
        fill_sector(i, sector);
        left += memcmp(fake->medium + i * SECTOR, sector, SECTOR) == 0;
    }
    return left;
}

static uint64_t area_bytes(const struct fake_disk *fake) {
    return fake->bytes / fake->namespaces;
}

/* After so many destructive events another disk answers. */
static void count_destructive(struct fake_disk *fake) {
    fake->destructive++;
    if (fake->becomes_another_after != 0 && fake->destructive == fake->becomes_another_after)
        strcpy(fake->serial, "ANOTHER1");
}

static int fake_scsi(void *context, struct scsi_command *command) {
    struct fake_disk *fake = context;
    if (is_gone(fake) && !wakes_up(fake))
        return -ENODEV;
    if (fake->on_scsi && fake->on_scsi(fake, command))
        return 0;
    if (command->cdb[0] == 0x85 && command->cdb[14] == 0xec) {
        note(fake, 'i');
        make_identify(command->data, "FAKE ATA DISK", fake->serial, fake->bytes / SECTOR);
        command->status = SCSI_GOOD;
        command->received = 512 - fake->identify_lacks;
        return 0;
    }
    note(fake, 'x');
    command->status = SCSI_CHECK_CONDITION;
    command->sense[0] = 0x72;
    command->sense[1] = SENSE_ILLEGAL_REQUEST;
    command->sense[2] = 0x20;
    command->sense_length = 8;
    return 0;
}

static void identify_controller(const struct fake_disk *fake, uint8_t *out) {
    put_padded(out + 4, 20, fake->serial);
    put_padded(out + 24, 40, "FAKE NVME DISK");
    put_padded(out + 64, 8, "1.0");
    out[256] = 0x02; /* format */
    out[524] = 0x04; /* crypto erase in it */
    put_le32(out + 516, fake->namespaces);
}

static void identify_namespace(const struct fake_disk *fake, uint8_t *out) {
    const uint64_t blocks = area_bytes(fake) / fake->lba_size;
    put_le64(out, fake->formatted && fake->shrinks_after_format ? blocks - 8 : blocks);
    put_le64(out + 8, blocks);
    out[130] = 9;
    out[32] = (uint8_t)(0x80 | (fake->formatted ? fake->format_progress_left : 0));
}

static void erase_bytes(struct fake_disk *fake, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        if (i >= fake->format_keeps_from && i < fake->format_keeps_to)
            continue;
        if (fake->format_erases_what_was_read && !fake->was_read[i / SECTOR])
            continue;
        fake->medium[i] =
            fake->format_leaves_random ? (uint8_t)((i * 2654435761U) ^ (i * 40503U >> 7)) : 0;
    }
}

static void format(struct fake_disk *fake, struct nvme_command *command) {
    note(fake, 'F');
    count_destructive(fake);
    fake->formatted = true;
    command->status = fake->format_status;
    if (command->status != 0 || fake->format_keeps_data)
        return;
    const unsigned index = fake->format_skips_second ? 0 : command->nsid - 1;
    /* Setting 0 erases nothing (a disk imaging system lived on that for three years). */
    if ((command->cdw10 >> 9 & 7) != 0)
        erase_bytes(fake, index * area_bytes(fake), (index + 1) * area_bytes(fake));
    if (fake->flushed) /* no cache is between it and the medium */
        memcpy(fake->flushed, fake->medium, fake->bytes);
}

static int fake_nvme(void *context, struct nvme_command *command) {
    struct fake_disk *fake = context;
    if (is_gone(fake))
        return -ENODEV;
    command->status = 0;
    if (fake->on_nvme && fake->on_nvme(fake, command))
        return 0;
    if (command->opcode == ADMIN_IDENTIFY && command->cdw10 == 1) {
        note(fake, 'i');
        identify_controller(fake, command->data);
    } else if (command->opcode == ADMIN_IDENTIFY && command->cdw10 == 0) {
        identify_namespace(fake, command->data);
    } else if (command->opcode == ADMIN_FORMAT) {
        if (fake->format_error)
            return fake->format_error;
        format(fake, command);
    } else {
        note(fake, 'x');
        command->status = 0x4001; /* invalid opcode */
    }
    return 0;
}

static int fake_area_size(void *context, unsigned area, uint64_t *bytes) {
    (void)area;
    *bytes = area_bytes(context);
    return 0;
}

static int fake_area_names(void *context, unsigned area, char *serial, char *model) {
    (void)area;
    text_copy(serial, TEXT_FIELD_SIZE, ((struct fake_disk *)context)->serial);
    text_copy(model, TEXT_FIELD_SIZE, "");
    return 0;
}

static int fake_arm(void *context) {
    struct fake_disk *fake = context;
    note(fake, 'a');
    if (fake->busy || fake->is_armed) /* O_EXCL: by the old node too */
        return -EBUSY;
    fake->is_armed = true;
    return 0;
}

static void fake_disarm(void *context) {
    ((struct fake_disk *)context)->is_armed = false;
}

static bool touches(const struct io_request *request, uint64_t base, uint64_t from, uint64_t to) {
    const uint64_t start = base + request->offset;
    return start < to && start + request->length > from;
}

static bool is_bad_write(struct fake_disk *fake, uint64_t from, uint32_t length) {
    const uint64_t period = fake->bad_write_period ? fake->bad_write_period : 1;
    bool bad = false;
    for (uint64_t at = from; at < from + length && !bad; at += SECTOR)
        bad = at >= fake->bad_write_from && at < fake->bad_write_to && at / SECTOR % period == 0;
    if (!bad || (fake->bad_write_failures && fake->failed_writes >= fake->bad_write_failures))
        return false;
    fake->failed_writes++;
    return true;
}

/* What was acknowledged, and only in its cache. */
static void lose_with_failure(struct fake_disk *fake) {
    uint8_t sector[SECTOR];
    for (uint64_t at = fake->failure_loses_from; at < fake->failure_loses_to; at += SECTOR) {
        fill_sector(at / SECTOR, sector);
        memcpy(fake->medium + at, sector, SECTOR);
    }
}

static int32_t transfer(struct fake_disk *fake, const struct io_request *request) {
    const uint64_t base = request->area * area_bytes(fake);
    uint64_t at = base + request->offset;
    if (at + request->length > fake->bytes)
        return -EINVAL;
    if (is_gone(fake))
        return -ENODEV;
    if (fake->wraps_at != 0)
        at %= fake->wraps_at;
    if (!request->write) {
        if (touches(request, base, fake->bad_read_from, fake->bad_read_to)) {
            fake->failed_reads++;
            return -EIO;
        }
        memcpy(request->buffer, fake->medium + at, request->length);
        memset(fake->was_read + at / SECTOR, 1, request->length / SECTOR);
        return (int32_t)request->length;
    }
    note(fake, 'w');
    count_destructive(fake);
    if (!fake->is_armed)
        return -EBADF;
    if (is_bad_write(fake, base + request->offset, request->length)) {
        lose_with_failure(fake);
        return -EIO;
    }
    if (!fake->drops_writes)
        memcpy(fake->medium + at, request->buffer, request->length);
    return (int32_t)request->length;
}

static int fake_submit(void *context, struct io_request *request) {
    struct fake_disk *fake = context;
    if (fake->under_way == TRANSPORT_DEPTH)
        return -EAGAIN;
    fake->requests++;
    request->result = transfer(fake, request);
    fake->finished[fake->under_way++] = request;
    return 0;
}

static int fake_wait(void *context, uint32_t timeout_ms, struct io_request **done) {
    struct fake_disk *fake = context;
    (void)timeout_ms;
    if (fake->under_way == 0)
        return -ENOENT;
    if (fake->silent_after != 0 && fake->requests > fake->silent_after)
        return -ETIME;
    if (fake->request_takes_ms && fake->requests > fake->slow_after)
        clock_sleep_ms(fake->request_takes_ms);
    *done = fake->finished[--fake->under_way]; /* not in order: nobody may count on it */
    return 0;
}

static int fake_flush(void *context, unsigned area) {
    struct fake_disk *fake = context;
    (void)area;
    note(fake, 'f');
    if (is_gone(fake))
        return -ENODEV;
    if (++fake->flushes == fake->flush_fails_at) {
        fake_disk_power_cut(fake);
        return -EIO;
    }
    if (fake->flush_fails)
        return -EIO;
    if (fake->flushed && !fake->flush_lies)
        memcpy(fake->flushed, fake->medium, fake->bytes);
    if (fake->flushes == fake->vanishes_after_flush)
        vanish(fake);
    return 0;
}

static int fake_refresh(void *context) {
    (void)context;
    return 0;
}

static int fake_rediscover(void *context) {
    struct fake_disk *fake = context;
    fake->rediscoveries++;
    fake->has_vanished = fake->vanishes_after > 0;
    fake->is_armed = fake->is_armed && !fake->has_vanished;
    return 0;
}

static void fake_close(void *context) {
    struct fake_disk *fake = context;
    if (fake->returns_renumbered && fake->found_at > 0 && !fake->is_armed)
        fake->has_vanished = true;
}

static const struct transport_ops fake_ops = {
    .scsi = fake_scsi,
    .nvme_admin = fake_nvme,
    .area_size = fake_area_size,
    .area_names = fake_area_names,
    .arm = fake_arm,
    .disarm = fake_disarm,
    .submit = fake_submit,
    .wait = fake_wait,
    .flush = fake_flush,
    .refresh = fake_refresh,
    .rediscover = fake_rediscover,
    .close = fake_close,
};

struct disk *fake_disk_scanned(struct fake_disk *fake) {
    struct disk *disk = disk_new();
    disk->commands = fake->commands;
    disk->bus = fake->commands == COMMANDS_NVME ? BUS_NVME : BUS_SATA;
    disk->medium = fake->commands == COMMANDS_NVME ? MEDIUM_FLASH : MEDIUM_ROTATING;
    disk->content_known = true;
    disk->area_count = fake->namespaces;
    for (unsigned i = 0; i < fake->namespaces; i++) {
        struct disk_area *area = &disk->areas[i];
        (void)snprintf(area->node, sizeof area->node, "/dev/fake%u", i);
        area->nsid = fake->commands == COMMANDS_NVME ? i + 1 : 0;
        area->lba_size = fake->lba_size;
        area->lba_count = area_bytes(fake) / fake->lba_size;
        area->ns.size = area->lba_count;
        area->ns.lba_size = fake->lba_size;
    }
    disk->has_nvme = fake->commands == COMMANDS_NVME;
    disk->nvme.format_supported = disk->has_nvme;
    disk->nvme.crypto_format = disk->has_nvme;
    struct device *device = fake_disk_open(fake, disk);
    struct reason reason = {""};
    if (device_identity(device, &disk->identity, &reason) != 0)
        fail_msg("%s", reason.text);
    device_close(device);
    fake->logged = 0;
    memset(fake->log, 0, sizeof fake->log);
    return disk;
}

/* As the scan would: one that says it is the lost disk, by nodes of another name. */
static int find(void *user, const struct disk *lost, struct device **out) {
    struct fake_disk *fake = user;
    struct disk_identity identity;
    struct reason reason;
    fake->searches++;
    if (fake->twin_elsewhere > 0) {
        fake->twin_elsewhere--;
        return -EEXIST;
    }
    if (!fake->has_vanished || fake->returns == 0)
        return -ENODEV;
    struct disk found = {.commands = lost->commands, .area_count = lost->area_count};
    memcpy(found.areas, lost->areas, sizeof found.areas);
    for (unsigned i = 0; i < found.area_count; i++) {
        (void)snprintf(found.areas[i].node, DISK_NODE_SIZE, "/dev/again%u", i);
        found.areas[i].lba_count -= fake->returns_divided;
        found.areas[i].nsid += fake->returns_renumbered;
    }
    fake->has_vanished = false;
    fake->vanishes_after_flush = 0;
    fake->found_at = fake->requests;
    struct device *device = device_new(&fake_ops, fake, &found);
    if (device_identity(device, &identity, &reason) != 0 ||
        !disk_identity_same(&lost->identity, &identity, &reason)) {
        fake->has_vanished = true;
        device_close(device);
        return -ENODEV;
    }
    if (--fake->returns == 0)
        fake->vanishes_after = 0;
    *out = device;
    return 0;
}

struct device *fake_disk_open(struct fake_disk *fake, const struct disk *disk) {
    struct device *device = device_new(&fake_ops, fake, disk);
    if (fake->vanishes_after > 0 || fake->vanishes_after_flush > 0)
        device_set_finder(device, find, fake, disk);
    return device;
}
