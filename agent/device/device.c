#include "quietus/device.h"

#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include "internal.h"
#include "passage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ATA_STATUS_ERROR = 0x01,
    ATA_STATUS_FAULT = 0x20,
    ATA_STATUS_READY = 0x40,
    ATA_STATUS_BUSY = 0x80,
    UNIT_ATTENTION_RETRIES = 8,
};

struct device *device_new(const struct transport_ops *ops, void *context, const struct disk *disk) {
    struct device *device = memory_new(1, sizeof *device);
    device->ops = ops;
    device->context = context;
    device->commands = disk->commands;
    device->area_count = disk->area_count;
    memcpy(device->areas, disk->areas, sizeof device->areas);
    return device;
}

int device_open(const struct disk *disk, struct device **out) {
    const struct transport_ops *ops;
    void *context;
    const int error = raid_is_behind(&disk->raid) ? passage_transport_open(disk, &ops, &context)
                                                  : linux_transport_open(disk, &ops, &context);
    if (error)
        return error;
    *out = device_new(ops, context, disk);
    return 0;
}

void device_close(struct device *device) {
    if (!device)
        return;
    device->ops->close(device->context);
    free(device);
}

void device_set_finder(struct device *device, device_finder finder, void *user,
                       const struct disk *lost) {
    device->finder = finder;
    device->finder_user = user;
    device->lost = lost;
}

static void record_move(const struct device *device) {
    json_t *event = json_new_object();
    json_put_text(event, "what", "the disk had vanished and was found again by its identity");
    json_put_text(event, "node", device->area_count > 0 ? device->areas[0].node : "");
    if (device->evidence)
        evidence_event(device->evidence, "found-again", event);
    else
        json_decref(event);
}

/* Its namespaces are not all back yet; or its sectors are others, which nobody counts with unless
 * they were meant to change. */
static bool has_same_areas(const struct device *device, const struct device *found,
                           bool may_change) {
    if (found->area_count != device->area_count)
        return false;
    for (unsigned i = 0; i < device->area_count && !may_change; i++) {
        if (found->areas[i].lba_size != device->areas[i].lba_size ||
            found->areas[i].nsid != device->areas[i].nsid)
            return false;
    }
    return true;
}

static int go_over(struct device *device, bool may_change) {
    struct device *found;
    int error =
        device->finder ? device->finder(device->finder_user, device->lost, &found) : -ENODEV;
    if (error)
        return error;
    if (!has_same_areas(device, found, may_change))
        error = -ENODEV;
    else if (device->is_armed)
        error = found->ops->arm(found->context);
    if (error) {
        device_close(found);
        return error;
    }
    device->ops->close(device->context);
    device->ops = found->ops;
    device->context = found->context;
    memcpy(device->areas, found->areas, sizeof device->areas);
    free(found); /* its transport lives on in this one */
    record_move(device);
    return 0;
}

int device_find_again(struct device *device) {
    return go_over(device, false);
}

void device_set_lost(struct device *device, const struct disk *lost) {
    device->lost = lost;
}

int device_rediscover(struct device *device) {
    enum { RETURN_MS = 200000, ASK_AGAIN_MS = 500 };
    const int64_t until = clock_monotonic_ms() + RETURN_MS;
    /* It would be taken away, and nobody would look for it. */
    if (device->finder && disk_can_be_mistaken(device->lost))
        return -EEXIST;
    int error = device->ops->rediscover(device->context);
    if (error)
        return error;
    if (!device->finder) { /* what has no other nodes is where it was */
        memcpy(device->areas, device->lost->areas, sizeof device->areas);
        return 0;
    }
    while ((error = go_over(device, true)) != 0) {
        if (clock_monotonic_ms() > until)
            return error;
        clock_sleep_ms(ASK_AGAIN_MS);
    }
    return 0;
}

void device_record(struct device *device, struct evidence *evidence) {
    device->evidence = evidence;
}

unsigned device_area_count(const struct device *device) {
    return device->area_count;
}

const struct disk_area *device_areas(const struct device *device) {
    return device->areas;
}

const struct disk_area *device_area(const struct device *device, unsigned index) {
    return &device->areas[index];
}

enum command_set device_commands(const struct device *device) {
    return device->commands;
}

int device_scsi_unchecked(struct device *device, struct scsi_command *command) {
    if (device->commands != COMMANDS_SCSI && device->commands != COMMANDS_ATA)
        return -EOPNOTSUPP;
    const int error = device->ops->scsi(device->context, command);
    if (device->evidence)
        evidence_scsi(device->evidence, command, error);
    return error;
}

static bool is_unit_attention(const struct scsi_command *command) {
    struct scsi_sense sense;
    if (command->status != SCSI_CHECK_CONDITION)
        return false;
    scsi_decode_sense((struct bytes){command->sense, command->sense_length}, &sense);
    return sense.valid && sense.key == SENSE_UNIT_ATTENTION;
}

int device_scsi(struct device *device, struct scsi_command *command) {
    if (!device_scsi_only_asks(command->cdb, command->cdb_length))
        return -EPERM;
    int error = 0;
    for (int i = 0; i <= UNIT_ATTENTION_RETRIES; i++) {
        error = device_scsi_unchecked(device, command);
        if (error || !is_unit_attention(command))
            break;
    }
    return error;
}

int device_nvme_unchecked(struct device *device, struct nvme_command *command) {
    if (device->commands != COMMANDS_NVME)
        return -EOPNOTSUPP;
    const int error = device->ops->nvme_admin(device->context, command);
    if (device->evidence)
        evidence_nvme(device->evidence, command, error);
    return error;
}

int device_nvme(struct device *device, struct nvme_command *command) {
    if (!device_nvme_only_asks(command))
        return -EPERM;
    return device_nvme_unchecked(device, command);
}

/*
 * A drive that has finished a command is ready and not busy. Anything else, above all the zeros
 * that some controllers give, is no information (DEVICE-FACTS 0.1).
 */
static bool is_plausible(const struct ata_registers *registers) {
    return registers->valid &&
           (registers->status & (ATA_STATUS_READY | ATA_STATUS_BUSY)) == ATA_STATUS_READY;
}

/* What a finished pass-through says. An answer that is shorter than its page is none. */
static int judge_status(const struct scsi_command *command, struct ata_registers *registers) {
    *registers = (struct ata_registers){0};
    if (command->host_status == SCSI_HOST_TIMED_OUT)
        return -ETIMEDOUT;
    if (command->host_status != 0)
        return -EIO;
    if (command->status == SCSI_GOOD)
        return 0;
    if (command->status != SCSI_CHECK_CONDITION)
        return -EIO;
    struct scsi_sense sense;
    const struct bytes data = {command->sense, command->sense_length};
    scsi_decode_sense(data, &sense);
    if (!sense.ata.valid)
        (void)scsi_decode_pass_through_failure(data, &sense.ata);
    if (is_plausible(&sense.ata)) {
        *registers = sense.ata;
        return sense.ata.status & (ATA_STATUS_ERROR | ATA_STATUS_FAULT) ? -EIO : 0;
    }
    if (sense.valid && sense.key == SENSE_UNIT_ATTENTION)
        return -EAGAIN;
    return sense.valid && sense.key <= SENSE_RECOVERED_ERROR ? 0 : -EIO;
}

static int judge_pass_through(const struct scsi_command *command, struct ata_registers *registers) {
    const int error = judge_status(command, registers);
    const bool is_short =
        command->transfer == TRANSFER_IN && command->received < command->data_length;
    return error == 0 && is_short ? -EIO : error;
}

static struct scsi_command pass_through(const char *name, const struct ata_taskfile *taskfile,
                                        void *data, uint32_t timeout_ms) {
    struct scsi_command command = {
        .name = name,
        .cdb_length = 16,
        .data = data,
        .timeout_ms = timeout_ms,
    };
    ata_encode_pass_through(taskfile, command.cdb);
    if (taskfile->protocol != ATA_NON_DATA) {
        command.transfer = taskfile->protocol == ATA_PIO_OUT ? TRANSFER_OUT : TRANSFER_IN;
        command.data_length = 512U * taskfile->count;
    }
    return command;
}

int device_ata_unchecked(struct device *device, const char *name,
                         const struct ata_taskfile *taskfile, void *data, uint32_t timeout_ms,
                         struct ata_registers *registers) {
    if (device->commands != COMMANDS_ATA)
        return -EOPNOTSUPP;
    struct scsi_command command = pass_through(name, taskfile, data, timeout_ms);
    const int error = device_scsi_unchecked(device, &command);
    return error ? error : judge_pass_through(&command, registers);
}

int device_ata(struct device *device, const char *name, const struct ata_taskfile *taskfile,
               void *data, uint32_t timeout_ms, struct ata_registers *registers) {
    *registers = (struct ata_registers){0};
    if (device->commands != COMMANDS_ATA)
        return -EOPNOTSUPP;
    struct scsi_command command = pass_through(name, taskfile, data, timeout_ms);
    const int error = device_scsi(device, &command);
    return error ? error : judge_pass_through(&command, registers);
}

void device_lend(struct device *device, void *memory, size_t length) {
    if (device->ops->lend)
        device->ops->lend(device->context, memory, length);
}

int device_submit(struct device *device, struct io_request *request) {
    if (request->write)
        return -EPERM;
    return device->ops->submit(device->context, request);
}

int device_wait(struct device *device, uint32_t timeout_ms, struct io_request **done) {
    return device->ops->wait(device->context, timeout_ms, done);
}

/* The request is on the heap: one that is never answered must outlive the caller. */
int device_do_unchecked(struct device *device, const struct io_request *wanted) {
    enum { LIMIT_MS = 300000 };
    struct io_request *request = memory_new(1, sizeof *request);
    struct io_request *done = NULL;
    *request = *wanted;
    int error = device->ops->submit(device->context, request);
    if (error == 0)
        error = device_wait(device, LIMIT_MS, &done);
    if (error == -ETIME) {
        memory_abandon(request);
        return error;
    }
    if (error == 0 && done->result < 0)
        error = done->result;
    else if (error == 0 && (uint32_t)done->result != wanted->length)
        error = -EIO;
    free(request);
    return error;
}

int device_read(struct device *device, unsigned area, uint64_t offset, void *buffer,
                uint32_t length) {
    const struct io_request request = {
        .area = area, .offset = offset, .buffer = buffer, .length = length};
    return device_do_unchecked(device, &request);
}

int device_refresh(struct device *device) {
    return device->ops->refresh(device->context);
}
