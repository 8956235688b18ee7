#include "scsi_common.h"

#include "quietus/ask.h"

#include "earlier.h"

#include <errno.h>
#include <string.h>

enum {
    COMMAND_TIMEOUT_MS = 120000, /* with IMMED it returns once the list is checked */
    SLOWEST_MB_S = 20,
};

/* An operation under way, and how it may be recognised. */
struct watch {
    struct device *device;
    uint16_t at_work;
    uint16_t failed;
    bool any; /* whatever runs in the disk */
    bool good_start;
    bool seen;
};

static uint16_t code_of(const struct scsi_sense *sense) {
    return (uint16_t)(sense->asc << 8 | sense->ascq);
}

/* What sense data says of the operation, if anything. */
static bool read_sense(struct watch *watch, const struct scsi_sense *sense,
                       struct follow_answer *out) {
    const uint16_t code = code_of(sense);
    const bool at_work =
        code == watch->at_work ||
        (watch->any && (code == SCSI_SANITIZE_IN_PROGRESS || code == SCSI_FORMAT_IN_PROGRESS));
    if (!sense->valid || code == 0)
        return false;
    if (at_work) {
        watch->seen = true;
        out->state = FOLLOW_AT_WORK;
        out->progress = sense->progress_valid ? sense->progress : 0;
        return true;
    }
    if (code == watch->failed || code == SCSI_SANITIZE_FAILED || code == SCSI_FORMAT_FAILED) {
        out->state = FOLLOW_FAILED;
        return true;
    }
    return false;
}

/*
 * REQUEST SENSE tells while it runs and when it has failed; "no sense" is success as well as never
 * begun. Then the disk has to be ready, too.
 */
static int ask_disk(void *user, struct follow_answer *out) {
    struct watch *watch = user;
    struct scsi_sense sense;
    int error = ask_scsi_sense(watch->device, &sense);
    if (error)
        return error;
    if (read_sense(watch, &sense, out))
        return 0;
    if (!sense.valid)
        return -ENODATA;
    error = ask_scsi_ready(watch->device, &sense);
    if (error == -EAGAIN)
        return read_sense(watch, &sense, out) ? 0 : -EBUSY;
    if (error)
        return error;
    if (watch->any || watch->seen || watch->good_start)
        out->state = FOLLOW_SUCCEEDED;
    return 0;
}

static int refuse(struct erase_run *run, const struct scsi_operation *operation,
                  const struct scsi_command *command) {
    struct scsi_sense sense;
    char text[128];
    scsi_decode_sense((struct bytes){command->sense, command->sense_length}, &sense);
    run->facts->refuted = true;
    if (command->status == SCSI_CHECK_CONDITION)
        reason_set(run->reason, "%s was refused by the disk: %s", operation->name,
                   scsi_sense_text(&sense, text, sizeof text));
    else
        reason_set(run->reason, "%s was refused by the disk: status %02xh%s", operation->name,
                   command->status,
                   command->status == SCSI_RESERVATION_CONFLICT ? ", another host has reserved it"
                                                                : "");
    return -EIO;
}

/* 0 if the disk took it, or if that is not known and following it has to tell. */
static int send(struct erase_run *run, const struct scsi_operation *operation,
                struct watch *watch) {
    struct scsi_command command = {
        .name = operation->name,
        .cdb_length = operation->cdb_length,
        .transfer = operation->data_length ? TRANSFER_OUT : TRANSFER_NONE,
        .data = operation->data,
        .data_length = operation->data_length,
        .timeout_ms = COMMAND_TIMEOUT_MS,
    };
    memcpy(command.cdb, operation->cdb, sizeof command.cdb);
    progress_expect(run->progress, 3 * (int64_t)COMMAND_TIMEOUT_MS);
    const int error = armed_scsi(run->armed, &command, run->reason);
    if (error == -ESTALE) {
        run->facts->refuted = true;
        return error;
    }
    if (error == 0 && command.host_status == 0 && command.status != SCSI_GOOD)
        return refuse(run, operation, &command);
    watch->good_start = error == 0 && command.host_status == 0;
    return 0;
}

int scsi_run_operation(struct erase_run *run, const struct scsi_operation *operation, unsigned part,
                       unsigned parts) {
    struct watch watch = {
        .device = armed_device(run->armed),
        .at_work = operation->at_work,
        .failed = operation->failed,
    };
    const int error = send(run, operation, &watch);
    if (error)
        return error;
    run->facts->accepted = watch.good_start;
    const enum phase phase =
        operation->at_work == SCSI_FORMAT_IN_PROGRESS ? PHASE_FORMATTING : PHASE_SANITIZING;
    struct follow follow = follow_of_run(run, phase, part, parts, operation->estimate_s);
    follow.ask = ask_disk;
    follow.user = &watch;
    const enum follow_end end = follow_to_end(&follow);
    if (end != FOLLOW_END_SUCCEEDED)
        return follow_note_failure(run, operation->name, &follow, end, "");
    /* Without either, ask_disk does not call it a success. */
    follow_note_success(run, watch.seen ? BINDING_SEEN_AT_WORK : BINDING_STATUS_AND_MEDIUM);
    return 0;
}

int scsi_unchanged(struct erase_run *run) {
    struct scsi_sense sense;
    struct scsi_capacity capacity;
    char text[128];
    struct device *device = armed_device(run->armed);
    const struct disk_area *area = &run->disk->areas[0];
    const int error = ask_scsi_ready(device, &sense);
    if (error) {
        reason_set(run->reason, "after the erase the disk is not ready: %s",
                   error == -EAGAIN ? scsi_sense_text(&sense, text, sizeof text)
                                    : strerror(-error));
        return error;
    }
    if (ask_scsi_capacity(device, &capacity) || capacity.blocks != area->lba_count ||
        capacity.block_size != area->lba_size) {
        reason_set(run->reason, "after the erase the disk has another capacity or sector size");
        return -ESTALE;
    }
    return 0;
}

int scsi_operation_wait(const struct earlier *earlier, struct follow *follow,
                        enum follow_end *end) {
    struct follow_answer answer = {FOLLOW_IDLE, 0};
    struct watch watch = {.device = armed_device(earlier->armed), .any = true};
    if (ask_disk(&watch, &answer) != 0 || answer.state != FOLLOW_AT_WORK)
        return 0;
    return earlier_follow(follow, ask_disk, &watch, end);
}

uint64_t scsi_seconds_to_write(const struct erase_run *run) {
    return run->layout->bytes / (SLOWEST_MB_S * 1000000ULL) + 1;
}

int scsi_select_blocks(struct armed *armed, const char *name,
                       const struct scsi_block_descriptor *wanted, bool save,
                       struct reason *reason) {
    enum { TIMEOUT_MS = 60000, PAGE_FORMAT = 0x10, SAVE_PAGES = 0x01, LIST_SIZE = 24 };
    uint8_t list[LIST_SIZE];
    const size_t length = scsi_encode_block_descriptor(wanted, list);
    struct scsi_command command = {
        .name = name,
        .cdb = {SCSI_MODE_SELECT_10, (uint8_t)(PAGE_FORMAT | (save ? SAVE_PAGES : 0)), 0, 0, 0, 0,
                0, 0, (uint8_t)length, 0},
        .cdb_length = 10,
        .transfer = TRANSFER_OUT,
        .data = list,
        .data_length = (uint32_t)length,
        .timeout_ms = TIMEOUT_MS,
    };
    const int error = armed_scsi(armed, &command, reason);
    if (error)
        return error;
    return command.host_status == 0 && command.status == SCSI_GOOD ? 0 : -EIO;
}
