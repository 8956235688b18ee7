/* What SCSI disks are asked. */
#include "quietus/ask.h"

#include <errno.h>
#include <string.h>

enum {
    SHORT_TIMEOUT_MS = 30000,
    VPD_ROOM = 1024,
};

/* A command that brings data. */
struct question {
    const char *name;
    uint8_t cdb[16];
    uint8_t cdb_length;
    void *data;
    uint16_t room;
};

/* 0 only for a good status, with the data cut to what came. */
static int ask(struct device *device, const struct question *question, struct bytes *answer) {
    struct scsi_command command = {
        .name = question->name,
        .cdb_length = question->cdb_length,
        .transfer = TRANSFER_IN,
        .data = question->data,
        .data_length = question->room,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    memcpy(command.cdb, question->cdb, sizeof command.cdb);
    const int error = device_scsi(device, &command);
    if (error)
        return error;
    if (command.host_status != 0 || command.status != SCSI_GOOD)
        return -EIO;
    *answer = (struct bytes){command.data, command.received};
    return 0;
}

int ask_scsi_inquiry(struct device *device, struct scsi_inquiry *out) {
    uint8_t data[96] = {0};
    const struct question question = {
        "INQUIRY", {SCSI_INQUIRY, 0, 0, 0, sizeof data, 0}, 6, data, sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? error : scsi_decode_inquiry(answer, out);
}

int ask_scsi_vpd(struct device *device, uint8_t page, uint8_t *data, size_t *length) {
    const uint16_t room = *length > VPD_ROOM ? VPD_ROOM : (uint16_t)*length;
    memset(data, 0, room);
    const struct question question = {
        "INQUIRY (VPD)",
        {SCSI_INQUIRY, 1, page, (uint8_t)(room >> 8), (uint8_t)room, 0},
        6,
        data,
        room};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    if (error)
        return error;
    *length = answer.length;
    return 0;
}

int ask_scsi_vpd_pages(struct device *device, bool pages[256]) {
    uint8_t data[4 + 256];
    size_t length = sizeof data;
    const int error = ask_scsi_vpd(device, 0, data, &length);
    return error ? error : scsi_decode_vpd_supported((struct bytes){data, length}, pages);
}

static int ask_capacity_10(struct device *device, struct scsi_capacity *out) {
    uint8_t data[8] = {0};
    const struct question question = {
        "READ CAPACITY(10)", {SCSI_READ_CAPACITY_10}, 10, data, sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? error : scsi_decode_capacity_10(answer, out);
}

int ask_scsi_capacity(struct device *device, struct scsi_capacity *out) {
    uint8_t data[32] = {0};
    const struct question question = {
        "READ CAPACITY(16)",
        {[0] = SCSI_SERVICE_ACTION_IN_16, [1] = SCSI_SA_READ_CAPACITY_16, [13] = sizeof data},
        16,
        data,
        sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? ask_capacity_10(device, out) : scsi_decode_capacity_16(answer, out);
}

int ask_scsi_block_descriptor(struct device *device, bool by_default,
                              struct scsi_block_descriptor *out) {
    enum { LONG_LBA_ACCEPTED = 0x10, ALL_PAGES = 0x3f, DEFAULT_VALUES = 0x80 };
    uint8_t data[252] = {0};
    const struct question question = {"MODE SENSE(10) (block descriptor)",
                                      {SCSI_MODE_SENSE_10, LONG_LBA_ACCEPTED,
                                       (uint8_t)(ALL_PAGES | (by_default ? DEFAULT_VALUES : 0)), 0,
                                       0, 0, 0, 0, sizeof data, 0},
                                      10,
                                      data,
                                      sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? error : scsi_decode_block_descriptor(answer, out);
}

int ask_scsi_write_protect(struct device *device, bool *write_protected) {
    uint8_t data[192] = {0};
    const struct question question = {
        "MODE SENSE(10)",
        {SCSI_MODE_SENSE_10, 0x08, 0x3f, 0, 0, 0, 0, 0, sizeof data, 0},
        10,
        data,
        sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? error : scsi_decode_mode_write_protect(answer, write_protected);
}

int ask_scsi_units(struct device *device, unsigned *count) {
    uint8_t data[64] = {0};
    const struct question question = {"REPORT LUNS",
                                      {SCSI_REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 0, sizeof data, 0, 0},
                                      12,
                                      data,
                                      sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? error : scsi_decode_units(answer, count);
}

static int ask_log(struct device *device, const char *name, uint8_t page, void *data, uint8_t room,
                   struct bytes *answer) {
    enum { CUMULATIVE = 0x40 };
    const struct question question = {
        name, {SCSI_LOG_SENSE, 0, CUMULATIVE | page, 0, 0, 0, 0, 0, room, 0}, 10, data, room};
    return ask(device, &question, answer);
}

int ask_scsi_log_exceptions(struct device *device, uint8_t *asc, uint8_t *ascq) {
    uint8_t data[64] = {0};
    struct bytes answer;
    const int error = ask_log(device, "LOG SENSE (2Fh)", 0x2f, data, sizeof data, &answer);
    return error ? error : scsi_decode_log_exceptions(answer, asc, ascq);
}

int ask_scsi_temperature(struct device *device, int *degrees) {
    uint8_t data[64] = {0};
    struct bytes answer;
    const int error = ask_log(device, "LOG SENSE (0Dh)", 0x0d, data, sizeof data, &answer);
    return error ? error : scsi_decode_log_temperature(answer, degrees);
}

int ask_scsi_starts(struct device *device, uint32_t *out) {
    uint8_t data[128] = {0};
    struct bytes answer;
    const int error = ask_log(device, "LOG SENSE (0Eh)", 0x0e, data, sizeof data, &answer);
    return error ? error : scsi_decode_log_starts(answer, out);
}

int ask_scsi_supports(struct device *device, uint8_t opcode, uint8_t service_action,
                      enum scsi_support *out) {
    enum { OPCODE_WITH_SERVICE_ACTION = 3 };
    uint8_t data[64] = {0};
    const struct question question = {
        "REPORT SUPPORTED OPERATION CODES",
        {SCSI_MAINTENANCE_IN, SCSI_SA_REPORT_SUPPORTED_OPERATION_CODES, OPCODE_WITH_SERVICE_ACTION,
         opcode, 0, service_action, 0, 0, 0, sizeof data},
        12,
        data,
        sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    return error ? error : scsi_decode_one_command(answer, out);
}

int ask_scsi_sense(struct device *device, struct scsi_sense *out) {
    uint8_t data[252] = {0};
    const struct question question = {
        "REQUEST SENSE", {SCSI_REQUEST_SENSE, 0, 0, 0, sizeof data, 0}, 6, data, sizeof data};
    struct bytes answer;
    const int error = ask(device, &question, &answer);
    if (error)
        return error;
    scsi_decode_sense(answer, out);
    return 0;
}

int ask_scsi_ready(struct device *device, struct scsi_sense *out) {
    struct scsi_command command = {
        .name = "TEST UNIT READY",
        .cdb = {SCSI_TEST_UNIT_READY},
        .cdb_length = 6,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    *out = (struct scsi_sense){0};
    const int error = device_scsi(device, &command);
    if (error)
        return error;
    if (command.host_status != 0)
        return -EIO;
    if (command.status == SCSI_GOOD)
        return 0;
    scsi_decode_sense((struct bytes){command.sense, command.sense_length}, out);
    return out->valid ? -EAGAIN : -EIO;
}

static int reserve_in(struct device *device, const char *name, uint8_t action, void *data,
                      uint8_t room, struct bytes *answer) {
    const struct question question = {
        name, {SCSI_PERSISTENT_RESERVE_IN, action, 0, 0, 0, 0, 0, 0, room, 0}, 10, data, room};
    return ask(device, &question, answer);
}

int ask_scsi_registrations(struct device *device, struct scsi_registrations *out) {
    uint8_t data[8 + 16 * 8] = {0};
    struct bytes answer;
    const int error = reserve_in(device, "PERSISTENT RESERVE IN (READ KEYS)", SCSI_RESERVE_IN_KEYS,
                                 data, sizeof data, &answer);
    return error ? error : scsi_decode_registrations(answer, out);
}

int ask_scsi_reservation(struct device *device, struct scsi_reservation *out) {
    uint8_t data[24] = {0};
    struct bytes answer;
    const int error = reserve_in(device, "PERSISTENT RESERVE IN (READ RESERVATION)",
                                 SCSI_RESERVE_IN_RESERVATION, data, sizeof data, &answer);
    return error ? error : scsi_decode_reservation(answer, out);
}

/* The header is enough. A disk that has the list in another format than was asked for says so by a
 * recovered error, 1C/xx, and gives it. */
static int ask_defects(struct device *device, bool is_12, uint8_t format, uint64_t *out) {
    enum { GROWN = 0x08, ASC_DEFECT_LIST = 0x1c, HEADER_10 = 4 };
    uint8_t data[8] = {0};
    const uint8_t room = is_12 ? sizeof data : HEADER_10;
    struct scsi_command command = {
        .name = is_12 ? "READ DEFECT DATA(12)" : "READ DEFECT DATA(10)",
        .cdb = {is_12 ? SCSI_READ_DEFECT_DATA_12 : SCSI_READ_DEFECT_DATA_10},
        .cdb_length = is_12 ? 12 : 10,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = room,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    command.cdb[is_12 ? 1 : 2] = GROWN | format;
    command.cdb[is_12 ? 9 : 8] = room;
    const int error = device_scsi(device, &command);
    if (error)
        return error;
    struct scsi_sense sense = {0};
    if (command.status == SCSI_CHECK_CONDITION)
        scsi_decode_sense((struct bytes){command.sense, command.sense_length}, &sense);
    const bool given =
        command.status == SCSI_GOOD ||
        (sense.valid && sense.key == SENSE_RECOVERED_ERROR && sense.asc == ASC_DEFECT_LIST);
    if (command.host_status != 0 || !given)
        return -EIO;
    return scsi_decode_defect_count((struct bytes){data, command.received}, is_12, out);
}

int ask_scsi_grown_defects(struct device *device, uint64_t *out) {
    enum { SHORT_BLOCK = 0, LONG_BLOCK = 3, FROM_INDEX = 4 };
    static const struct {
        bool is_12;
        uint8_t format;
    } ways[] = {{true, FROM_INDEX}, {true, LONG_BLOCK}, {false, FROM_INDEX}, {false, SHORT_BLOCK}};
    int error = -EIO;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        error = ask_defects(device, ways[i].is_12, ways[i].format, out);
        if (error != -EIO && error != -EINVAL)
            break;
    }
    return error;
}
