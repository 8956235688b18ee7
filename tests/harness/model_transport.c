#include "model_transport.h"

#include "quietus/bytes.h"
#include "quietus/clock.h"
#include "quietus/memory.h"

#include "model_internal.h"
#include "simtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    IO_TIMEOUT_MS = 30000,
    IO_TRIES = 3,
    NVME_FLUSH = 0x00,
    NVME_WRITE = 0x01,
    NVME_READ = 0x02,
    NVME_ABORTED_BY_HOST = 0x0371, /* the kernel's, for what a reset has swept away */
    ATA_READ_DMA_EXT = 0x25,
    ATA_WRITE_DMA_EXT = 0x35,
    SCSI_READ_16 = 0x88,
    SCSI_WRITE_16 = 0x8a,
    SCSI_SYNCHRONIZE_CACHE_16 = 0x91,
    HOST_NO_CONNECT = 1,
    HOST_TIMED_OUT = 3,
    STATUS_ERROR = 0x01,
    STATUS_FAULT = 0x20,
};

/* One opened device. It is dead once the drive has vanished, even if it comes back: the kernel
 * makes new nodes then. */
struct handle {
    struct model *model;
    unsigned port;
    unsigned generation;
    struct disk_area areas[DISK_AREAS];
    unsigned area_count;
    bool is_armed;
    struct io_request *finished[TRANSPORT_DEPTH];
    unsigned under_way;
};

static int64_t simulated_now(void) {
    return (int64_t)simtime_now();
}

static struct drive *clock_drive; /* acts on the time that passes while the agent waits */

static void pass(uint64_t milliseconds) {
    const uint64_t end = simtime_now() + milliseconds;
    while (simtime_now() < end) {
        uint64_t step = clock_drive ? drive_next_event(clock_drive) : UINT64_MAX;
        if (step > end - simtime_now())
            step = end - simtime_now();
        simtime_move(step == 0 ? 1 : step);
        if (clock_drive)
            drive_advance(clock_drive);
    }
}

static void simulated_sleep(int64_t milliseconds) {
    pass(milliseconds > 0 ? (uint64_t)milliseconds : 1);
}

void model_clock_of(struct model *model) {
    clock_drive = model->drive;
}

void model_use_clock(void) {
    static const struct clock_source simulated = {simulated_now, simulated_sleep};
    simtime_start(0);
    clock_use(&simulated);
}

static bool is_dead(const struct handle *handle) {
    const struct model *model = handle->model;
    return model->is_off || !drive_present(model->drive) ||
           drive_generation(model->drive) != handle->generation;
}

/* What SCSI disks are asked without anything being read, written or erased. */
static bool touches_medium(const struct drive_request *request) {
    return request->protocol == PROTOCOL_SCSI &&
           !device_scsi_only_asks(request->cdb, request->cdb_length);
}

static void count(struct model *model, unsigned port, const struct drive_request *request) {
    model->sent[port]++;
    model->on_medium[port] += touches_medium(request);
    if (request->protocol == PROTOCOL_SCSI && request->cdb[0] == SCSI_SANITIZE &&
        model->sanitize_at == 0)
        model->sanitize_at = model->sent[port];
}

static bool is_dead_path(const struct model *model, unsigned port) {
    return model->dead_at[port] != 0 && model->sent[port] >= model->dead_at[port];
}

/* 0: the drive answered; -ETIMEDOUT; -ENODEV: it is gone; -ECONNRESET: a reset swept it away. */
static int exchange(struct handle *handle, struct drive_request *request, uint64_t timeout_ms) {
    struct model *model = handle->model;
    request->controller = (uint16_t)handle->port;
    count(model, handle->port, request);
    if (is_dead_path(model, handle->port))
        return -ECONNRESET;
    const uint64_t end = simtime_now() + timeout_ms;
    if (model->power_cut_at != 0 && ++model->commands >= model->power_cut_at)
        model->is_off = true;
    if (is_dead(handle))
        return -ENODEV;
    drive_execute(model->drive, request);
    while (request->state == REQUEST_PENDING && simtime_now() < end) {
        uint64_t step = drive_next_event(model->drive);
        if (step > end - simtime_now())
            step = end - simtime_now();
        simtime_move(step == 0 ? 1 : step);
        drive_advance(model->drive);
    }
    if (request->state == REQUEST_DONE)
        return 0;
    if (request->state == REQUEST_LOST)
        return is_dead(handle) ? -ENODEV : -ECONNRESET;
    drive_forget(model->drive, request);
    drive_reset(model->drive, model->path == MODEL_NVME ? RESET_CONTROLLER : RESET_HARD);
    return -ETIMEDOUT;
}

int model_carry(struct model *model, struct drive_request *request, uint64_t timeout_ms) {
    struct handle handle = {.model = model, .generation = drive_generation(model->drive)};
    return exchange(&handle, request, timeout_ms);
}

static int model_nvme(void *context, struct nvme_command *command) {
    struct handle *handle = context;
    struct drive_request request = {
        .protocol = PROTOCOL_NVME_ADMIN, .data = command->data, .data_size = command->data_length};
    const uint32_t dwords[] = {command->cdw10, command->cdw11, command->cdw12,
                               command->cdw13, command->cdw14, command->cdw15};
    request.sqe[0] = command->opcode;
    put_le32(request.sqe + 4, command->nsid);
    for (size_t i = 0; i < sizeof dwords / sizeof *dwords; i++)
        put_le32(request.sqe + 40 + 4 * i, dwords[i]);
    const int error = exchange(handle, &request, command->timeout_ms);
    if (error == -ENODEV)
        return error;
    command->status = error ? NVME_ABORTED_BY_HOST : request.nvme_status;
    command->result = request.nvme_result;
    return 0;
}

/*
 * As libata of kernel 6.12 fills in sense data for a pass-through (DEVICE-FACTS A.3): the
 * descriptor format for what went well; for what failed the fixed one, unless somebody has set
 * D_SENSE, under the code of the error.
 */
static void give_good_registers(uint8_t *s, const struct ata_registers_out *out, bool extended) {
    s[0] = 0x72;
    s[1] = SENSE_RECOVERED_ERROR;
    s[3] = 0x1d;
    s[7] = 14;
    s[8] = 0x09;
    s[9] = 0x0c;
    s[10] = extended;
    s[11] = out->error;
    s[13] = (uint8_t)out->count;
    s[15] = (uint8_t)out->lba;
    s[17] = (uint8_t)(out->lba >> 8);
    s[19] = (uint8_t)(out->lba >> 16);
    if (extended) {
        s[12] = (uint8_t)(out->count >> 8);
        s[14] = (uint8_t)(out->lba >> 24);
        s[16] = (uint8_t)(out->lba >> 32);
        s[18] = (uint8_t)(out->lba >> 40);
    }
    s[20] = out->device;
    s[21] = out->status;
}

static void give_failed_registers(uint8_t *s, const struct ata_registers_out *out, bool extended) {
    s[0] = 0xf0;
    s[2] = SENSE_ABORTED_COMMAND;
    s[3] = out->error;
    s[4] = out->status;
    s[5] = out->device;
    s[6] = (uint8_t)out->count;
    s[7] = 10;
    if (extended)
        s[8] = (uint8_t)(0x80 | (out->count >> 8 ? 0x40 : 0) | (out->lba >> 24 ? 0x20 : 0));
    s[9] = (uint8_t)out->lba;
    s[10] = (uint8_t)(out->lba >> 8);
    s[11] = (uint8_t)(out->lba >> 16);
}

static void give_registers(struct scsi_command *command, const struct ata_registers_out *out,
                           bool extended) {
    const bool failed = out->status & (STATUS_ERROR | STATUS_FAULT);
    if (!failed && !(command->cdb[2] & 0x20))
        return;
    command->status = SCSI_CHECK_CONDITION;
    memset(command->sense, 0, 22);
    if (failed)
        give_failed_registers(command->sense, out, extended);
    else
        give_good_registers(command->sense, out, extended);
    command->sense_length = failed ? 18 : 22;
}

static struct ata_registers_in registers_of(const uint8_t *cdb) {
    struct ata_registers_in in = {
        .features = cdb[4],
        .count = cdb[6],
        .lba = (uint64_t)cdb[8] | (uint64_t)cdb[10] << 8 | (uint64_t)cdb[12] << 16,
        .device = cdb[13],
        .command = cdb[14],
    };
    if (cdb[1] & 1) {
        in.features |= (uint16_t)(cdb[3] << 8);
        in.count |= (uint16_t)(cdb[5] << 8);
        in.lba |= (uint64_t)cdb[7] << 24 | (uint64_t)cdb[9] << 32 | (uint64_t)cdb[11] << 40;
    }
    return in;
}

static bool carries_password(const struct scsi_command *command) {
    const uint8_t opcode = command->cdb[14];
    return command->cdb[0] == SCSI_ATA_PASS_THROUGH_16 &&
           (opcode == ATA_SECURITY_UNLOCK || opcode == ATA_SECURITY_ERASE_UNIT);
}

static int model_scsi(void *context, struct scsi_command *command) {
    struct handle *handle = context;
    const bool libata = handle->model->path == MODEL_LIBATA;
    struct drive_request request = {
        .protocol = libata ? PROTOCOL_ATA : PROTOCOL_SCSI,
        .data = command->data,
        .data_size = command->data_length,
        .cdb_length = command->cdb_length,
    };
    if (libata && command->cdb[0] != SCSI_ATA_PASS_THROUGH_16)
        return -EOPNOTSUPP; /* nothing that the agent asks of an ATA disk */
    handle->model->passwords_sent += carries_password(command);
    request.ata = registers_of(command->cdb);
    memcpy(request.cdb, command->cdb, sizeof command->cdb);
    command->status = SCSI_GOOD;
    command->host_status = 0;
    command->sense_length = 0;
    command->received = 0;
    const int error = exchange(handle, &request, command->timeout_ms);
    if (error == -ENODEV)
        return error;
    if (error) {
        command->host_status = error == -ETIMEDOUT ? HOST_TIMED_OUT : HOST_NO_CONNECT;
        return 0;
    }
    command->received = command->transfer == TRANSFER_IN ? (uint32_t)request.transferred : 0;
    if (libata) {
        give_registers(command, &request.ata_out, command->cdb[1] & 1);
        return 0;
    }
    command->status = request.scsi_status;
    command->sense_length =
        request.sense_length < sizeof command->sense ? request.sense_length : sizeof command->sense;
    memcpy(command->sense, request.sense, command->sense_length);
    return 0;
}

static void address_nvme(const struct handle *handle, const struct io_request *io,
                         struct drive_request *request) {
    const struct disk_area *area = &handle->areas[io->area];
    request->protocol = PROTOCOL_NVME_IO;
    request->sqe[0] = io->write ? NVME_WRITE : NVME_READ;
    put_le32(request->sqe + 4, area->nsid);
    put_le64(request->sqe + 40, io->offset / area->lba_size);
    put_le32(request->sqe + 48, io->length / area->lba_size - 1);
}

static void address_ata(const struct handle *handle, const struct io_request *io,
                        struct drive_request *request) {
    const struct disk_area *area = &handle->areas[io->area];
    request->protocol = PROTOCOL_ATA;
    request->ata = (struct ata_registers_in){
        .count = (uint16_t)(io->length / area->lba_size),
        .lba = io->offset / area->lba_size,
        .device = 0x40,
        .command = io->write ? ATA_WRITE_DMA_EXT : ATA_READ_DMA_EXT,
    };
}

static void put_be(uint8_t *out, unsigned size, uint64_t value) {
    for (unsigned i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void address_scsi(const struct handle *handle, const struct io_request *io,
                         struct drive_request *request) {
    const struct disk_area *area = &handle->areas[io->area];
    request->protocol = PROTOCOL_SCSI;
    request->cdb_length = 16;
    request->cdb[0] = io->write ? SCSI_WRITE_16 : SCSI_READ_16;
    put_be(request->cdb + 2, 8, io->offset / area->lba_size);
    put_be(request->cdb + 10, 4, io->length / area->lba_size);
}

static void (*const addressers[])(const struct handle *, const struct io_request *,
                                  struct drive_request *) = {[MODEL_NVME] = address_nvme,
                                                             [MODEL_LIBATA] = address_ata,
                                                             [MODEL_SATL] = address_scsi,
                                                             [MODEL_SAS] = address_scsi};

static bool went_well(const struct handle *handle, const struct drive_request *request) {
    switch (handle->model->path) {
    case MODEL_NVME:
        return request->nvme_status == 0;
    case MODEL_LIBATA:
        return (request->ata_out.status & (STATUS_ERROR | STATUS_FAULT)) == 0;
    default:
        return request->scsi_status == SCSI_GOOD;
    }
}

/* What the kernel's SCSI layer makes of sense data (scsi_lib.c). */
static int error_of(const struct drive_request *request) {
    enum { ASC_PROTECTION = 0x10 };
    struct scsi_sense sense;
    if (request->protocol != PROTOCOL_SCSI)
        return -EIO;
    scsi_decode_sense((struct bytes){request->sense, request->sense_length}, &sense);
    if (sense.valid && sense.key == SENSE_ABORTED_COMMAND && sense.asc == ASC_PROTECTION)
        return -EILSEQ;
    return sense.valid && sense.key == SENSE_MEDIUM_ERROR ? -ENODATA : -EIO;
}

/* The kernel's error handling: whoever uses the node does not see that the drive was away. */
static bool outlast_absence(struct handle *handle) {
    enum { LONGEST_MS = 20000, STEP_MS = 10 };
    struct drive *drive = handle->model->drive;
    const uint64_t end = simtime_now() + LONGEST_MS;
    if (!handle->model->is_waited_for || handle->model->is_off)
        return false;
    while (!drive_present(drive) && simtime_now() < end) {
        simtime_move(STEP_MS);
        drive_advance(drive);
    }
    handle->generation = drive_generation(drive);
    return drive_present(drive);
}

/* As the block layer does it: a few tries, then an error. */
static int32_t transfer(struct handle *handle, const struct io_request *io) {
    int32_t result = -EIO;
    for (int i = 0; i < IO_TRIES; i++) {
        struct drive_request request = {.data = io->buffer, .data_size = io->length};
        addressers[handle->model->path](handle, io, &request);
        const int error = exchange(handle, &request, IO_TIMEOUT_MS);
        if (error == -ENODEV && !outlast_absence(handle))
            return -ENODEV;
        if (error == 0 && went_well(handle, &request))
            return (int32_t)io->length;
        result = error ? -EIO : error_of(&request);
    }
    return result;
}

static int model_submit(void *context, struct io_request *request) {
    struct handle *handle = context;
    if (handle->under_way == TRANSPORT_DEPTH)
        return -EAGAIN;
    request->result = request->write && !handle->is_armed ? -EBADF : transfer(handle, request);
    handle->finished[handle->under_way++] = request;
    return 0;
}

static int model_wait(void *context, uint32_t timeout_ms, struct io_request **done) {
    struct handle *handle = context;
    (void)timeout_ms;
    if (handle->under_way == 0)
        return -ENOENT;
    *done = handle->finished[--handle->under_way];
    return 0;
}

static void address_flush(const struct handle *handle, unsigned area,
                          struct drive_request *request) {
    switch (handle->model->path) {
    case MODEL_NVME:
        request->protocol = PROTOCOL_NVME_IO;
        request->sqe[0] = NVME_FLUSH;
        put_le32(request->sqe + 4, handle->areas[area].nsid);
        break;
    case MODEL_LIBATA:
        request->protocol = PROTOCOL_ATA;
        request->ata = (struct ata_registers_in){.device = 0x40, .command = ATA_FLUSH_CACHE_EXT};
        break;
    default:
        request->protocol = PROTOCOL_SCSI;
        request->cdb[0] = SCSI_SYNCHRONIZE_CACHE_16;
        request->cdb_length = 16;
        break;
    }
}

static int model_flush(void *context, unsigned area) {
    struct handle *handle = context;
    for (int i = 0; i < IO_TRIES; i++) {
        struct drive_request request = {0};
        address_flush(handle, area, &request);
        const int error = exchange(handle, &request, IO_TIMEOUT_MS);
        if (error == 0 && went_well(handle, &request))
            return 0;
        if (error == -ENODEV)
            (void)outlast_absence(handle);
    }
    return -EIO;
}

static int model_arm(void *context) {
    struct handle *handle = context;
    if (is_dead(handle))
        return -ENODEV;
    handle->is_armed = true;
    return 0;
}

static void model_disarm(void *context) {
    ((struct handle *)context)->is_armed = false;
}

static int model_area_size(void *context, unsigned area, uint64_t *bytes) {
    const struct handle *handle = context;
    *bytes = handle->areas[area].lba_count * handle->areas[area].lba_size;
    return 0;
}

static int model_area_names(void *context, unsigned area, char *serial, char *model) {
    (void)context;
    (void)area;
    text_copy(serial, TEXT_FIELD_SIZE, "");
    text_copy(model, TEXT_FIELD_SIZE, "");
    return 0;
}

static int model_refresh(void *context) {
    return is_dead(context) ? -ENODEV : 0;
}

static int model_rediscover(void *context) {
    (void)context;
    return 0;
}

static void model_close(void *context) {
    free(context);
}

static const struct transport_ops ops = {
    .scsi = model_scsi,
    .nvme_admin = model_nvme,
    .area_size = model_area_size,
    .area_names = model_area_names,
    .arm = model_arm,
    .disarm = model_disarm,
    .submit = model_submit,
    .wait = model_wait,
    .flush = model_flush,
    .refresh = model_refresh,
    .rediscover = model_rediscover,
    .close = model_close,
};

bool model_is_behind_raid(const struct model *model) {
    return model->path == MODEL_MEGARAID || model->path == MODEL_CCISS;
}

struct device *model_open_port(struct model *model, const struct disk *disk, unsigned port) {
    struct device *device;
    if (model_is_behind_raid(model)) {
        memory_require(device_open(disk, &device) == 0);
        return device;
    }
    struct handle *handle = memory_new(1, sizeof *handle);
    handle->model = model;
    handle->port = port;
    handle->generation = drive_generation(model->drive);
    handle->area_count = disk->area_count;
    memcpy(handle->areas, disk->areas, sizeof handle->areas);
    return device_new(&ops, handle, disk);
}
