/* Questions that only SCSI disks of servers are asked: reservations, retired blocks. */
#include "quietus/ask.h"

#include "internal.h"

#include <errno.h>

enum { SHORT_TIMEOUT_MS = 30000 };

static int reserve_in(struct device *device, const char *name, uint8_t action, void *data,
                      uint8_t room, struct bytes *answer) {
    struct scsi_command command = {
        .name = name,
        .cdb = {SCSI_PERSISTENT_RESERVE_IN, action, 0, 0, 0, 0, 0, 0, room, 0},
        .cdb_length = 10,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = room,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    return ask_fetch(device, &command, answer);
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
