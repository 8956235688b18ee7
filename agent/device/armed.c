#include "quietus/armed.h"

#include "quietus/memory.h"

#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_ATTENTION_RETRIES = 8 };

struct armed {
    struct device *device;
    struct disk_identity expected;
    bool writing;
    bool capacity_changes;
};

static int confirm_identity(const struct armed *armed, struct reason *reason) {
    struct disk_identity found;
    const int error = device_identity(armed->device, &found, reason);
    /* Between MODE SELECT and the end of FORMAT UNIT some disks tell no capacity. */
    if (armed->capacity_changes && (found.wwn[0] != '\0' || found.serial[0] != '\0'))
        found.capacity = armed->expected.capacity;
    else if (error)
        return error;
    return disk_identity_same(&armed->expected, &found, reason) ? 0 : -ESTALE;
}

int armed_open(struct device *device, const struct disk_identity *expected, struct armed **out,
               struct reason *reason) {
    struct armed *armed = memory_new(1, sizeof *armed);
    armed->device = device;
    armed->expected = *expected;
    int error = confirm_identity(armed, reason);
    if (error == 0) {
        error = device->ops->arm(device->context);
        if (error)
            reason_set(reason, "opening for writing failed: %s%s", strerror(-error),
                       error == -EBUSY ? " (something on this machine uses the disk)" : "");
    }
    if (error) {
        free(armed);
        return error;
    }
    device->is_armed = true;
    *out = armed;
    return 0;
}

void armed_close(struct armed *armed) {
    if (!armed)
        return;
    armed->device->is_armed = false;
    armed->device->ops->disarm(armed->device->context);
    free(armed);
}

struct device *armed_device(const struct armed *armed) {
    return armed->device;
}

const struct disk_identity *armed_expected(const struct armed *armed) {
    return &armed->expected;
}

void armed_capacity_changes(struct armed *armed) {
    armed->capacity_changes = true;
}

int armed_grown(struct armed *armed, struct reason *reason) {
    struct disk_identity found;
    struct disk_identity grown = armed->expected;
    const int error = device_identity(armed->device, &found, reason);
    if (error)
        return error;
    if (found.capacity > grown.capacity)
        grown.capacity = found.capacity;
    if (!disk_identity_same(&grown, &found, reason))
        return -ESTALE;
    armed->expected = grown;
    return 0;
}

static bool needs_another_try(const struct scsi_command *command) {
    struct scsi_sense sense;
    if (command->status != SCSI_CHECK_CONDITION)
        return false;
    scsi_decode_sense((struct bytes){command->sense, command->sense_length}, &sense);
    return sense.valid && sense.key == SENSE_UNIT_ATTENTION;
}

/*
 * A unit attention says that the command was not done and that something changed: look again who it
 * is. Some report one before every command, so after each look the command is sent twice.
 */
int armed_scsi(struct armed *armed, struct scsi_command *command, struct reason *reason) {
    int error = 0;
    for (int i = 0; i <= UNIT_ATTENTION_RETRIES; i++) {
        error = i % 2 ? 0 : confirm_identity(armed, reason);
        if (error)
            return error;
        error = device_scsi_unchecked(armed->device, command);
        if (error || !needs_another_try(command))
            break;
    }
    return error;
}

int armed_nvme(struct armed *armed, struct nvme_command *command, struct reason *reason) {
    const int error = confirm_identity(armed, reason);
    return error ? error : device_nvme_unchecked(armed->device, command);
}

int armed_ata(struct armed *armed, const char *name, const struct ata_taskfile *taskfile,
              void *data, uint32_t timeout_ms, struct ata_registers *registers,
              struct reason *reason) {
    int error = -EAGAIN;
    *registers = (struct ata_registers){0};
    for (int i = 0; error == -EAGAIN && i <= UNIT_ATTENTION_RETRIES; i++) {
        error = i % 2 ? 0 : confirm_identity(armed, reason);
        if (error)
            return error;
        error = device_ata_unchecked(armed->device, name, taskfile, data, timeout_ms, registers);
    }
    return error;
}

static int send_step(struct armed *armed, const struct ata_step *step,
                     struct ata_registers *registers) {
    int error = -EAGAIN;
    *registers = (struct ata_registers){0};
    for (int i = 0; error == -EAGAIN && i <= UNIT_ATTENTION_RETRIES; i++)
        error = device_ata_unchecked(armed->device, step->name, &step->taskfile, step->data,
                                     step->timeout_ms, registers);
    return error;
}

/* A unit attention between the two is harmless: another drive would not have been prepared. */
int armed_ata_pair(struct armed *armed, const struct ata_step *first, const struct ata_step *second,
                   int *first_error, struct ata_registers *registers, struct reason *reason) {
    *registers = (struct ata_registers){0};
    *first_error = 0;
    const int error = confirm_identity(armed, reason);
    if (error)
        return error;
    *first_error = send_step(armed, first, registers);
    /* An answer that cannot be read is no refusal: unprepared, the drive would refuse the second.
     */
    if (*first_error == -EIO && !registers->valid)
        *first_error = 0;
    return *first_error ? *first_error : send_step(armed, second, registers);
}

int armed_begin(struct armed *armed, struct reason *reason) {
    const int error = confirm_identity(armed, reason);
    armed->writing = error == 0;
    return error;
}

int armed_flush(struct armed *armed) {
    int first_error = 0;
    for (unsigned i = 0; i < armed->device->area_count; i++) {
        if (armed->device->areas[i].node[0] == '\0' && armed->device->commands == COMMANDS_NVME)
            continue; /* a namespace that nothing was written to; others are written by commands */
        const int error = armed->device->ops->flush(armed->device->context, i);
        if (error && first_error == 0)
            first_error = error;
    }
    return first_error;
}

int armed_end(struct armed *armed) {
    armed->writing = false;
    return armed_flush(armed);
}

int armed_submit(struct armed *armed, struct io_request *request) {
    if (request->write && !armed->writing)
        return -EPERM;
    return armed->device->ops->submit(armed->device->context, request);
}

int armed_write(struct armed *armed, unsigned area, uint64_t offset, void *buffer,
                uint32_t length) {
    const struct io_request request = {
        .write = true, .area = area, .offset = offset, .buffer = buffer, .length = length};
    return armed->writing ? device_do_unchecked(armed->device, &request) : -EPERM;
}
