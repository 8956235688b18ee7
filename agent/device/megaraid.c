/*
 * MEGASAS_IOC_FIRMWARE of megaraid_sas: the firmware's own frames, carried by the driver
 * (DEVICE-FACTS E.4; the driver's megaraid_sas.h and megasas_mgmt_fw_ioctl).
 */
#include "passage.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define MEGASAS_IOC_FIRMWARE _IOWR('M', 1, struct megaraid_packet)

/* struct megasas_iocpacket */
enum {
    PACKET_HOST = 0,
    PACKET_SGL_OFFSET = 4,
    PACKET_SGE_COUNT = 8,
    PACKET_SENSE_OFFSET = 12,
    PACKET_SENSE_LENGTH = 16,
    PACKET_FRAME = 20,
    PACKET_IOVEC = 20 + 128,
};

/* The frame: struct megasas_pthru_frame, and from OPCODE on struct megasas_dcmd_frame. */
enum {
    FRAME_COMMAND = 0x00,
    FRAME_SENSE_LENGTH = 0x01,
    FRAME_COMMAND_STATUS = 0x02,
    FRAME_TARGET = 0x04,
    FRAME_CDB_LENGTH = 0x06,
    FRAME_SGE_COUNT = 0x07,
    FRAME_FLAGS = 0x10,
    FRAME_TIMEOUT = 0x12,
    FRAME_TRANSFER_LENGTH = 0x14,
    FRAME_SENSE_POINTER = 0x18,
    FRAME_CDB = 0x20,
    FRAME_SGL = 0x30,
    FRAME_OPCODE = 0x18,
    FRAME_MAILBOX = 0x1c,
    FRAME_QUESTION_SGL = 0x28,
};

enum { COMMAND_PD_SCSI_IO = 0x04, COMMAND_DCMD = 0x05, FLAG_WRITE = 0x08, FLAG_READ = 0x10 };

/* enum MFI_STAT */
enum {
    STATUS_OK = 0x00,
    STATUS_DEVICE_NOT_FOUND = 0x0c,
    STATUS_SCSI_DONE_WITH_ERROR = 0x2d,
    STATUS_SCSI_RESERVATION_CONFLICT = 0x2f,
    STATUS_NONE = 0xff,
};

enum { DEVICE_LUN = 0 };

/* Device ids have 16 bits, of which the frame's target has room for eight. */
static uint8_t target_of(const struct raid_address *address) {
    return (uint8_t)address->device_id;
}

static void put_data(struct megaraid_packet *out, uint32_t sgl_offset, const void *data,
                     uint32_t length, uint8_t flag) {
    uint8_t *frame = out->bytes + PACKET_FRAME;
    put_le32(out->bytes + PACKET_SGL_OFFSET, sgl_offset);
    put_le32(out->bytes + PACKET_SGE_COUNT, 1);
    put_le64(out->bytes + PACKET_IOVEC, (uint64_t)(uintptr_t)data);
    put_le64(out->bytes + PACKET_IOVEC + 8, length);
    frame[FRAME_SGE_COUNT] = 1;
    put_le16(frame + FRAME_FLAGS, flag);
    put_le32(frame + FRAME_TRANSFER_LENGTH, length);
}

void megaraid_encode_scsi(const struct raid_address *address, const struct scsi_command *command,
                          const uint8_t *sense, struct megaraid_packet *out) {
    *out = (struct megaraid_packet){{0}};
    uint8_t *frame = out->bytes + PACKET_FRAME;
    put_le16(out->bytes + PACKET_HOST, address->host);
    put_le32(out->bytes + PACKET_SENSE_OFFSET, FRAME_SENSE_POINTER);
    put_le32(out->bytes + PACKET_SENSE_LENGTH, MEGARAID_SENSE_SIZE);
    frame[FRAME_COMMAND] = COMMAND_PD_SCSI_IO;
    frame[FRAME_SENSE_LENGTH] = MEGARAID_SENSE_SIZE;
    frame[FRAME_COMMAND_STATUS] = STATUS_NONE;
    frame[FRAME_TARGET] = target_of(address);
    frame[FRAME_TARGET + 1] = DEVICE_LUN;
    frame[FRAME_CDB_LENGTH] = command->cdb_length;
    put_le16(frame + FRAME_TIMEOUT, passage_seconds(command->timeout_ms));
    put_le64(frame + FRAME_SENSE_POINTER, (uint64_t)(uintptr_t)sense);
    memcpy(frame + FRAME_CDB, command->cdb, command->cdb_length);
    if (command->transfer != TRANSFER_NONE && command->data_length > 0)
        put_data(out, FRAME_SGL, command->data, command->data_length,
                 command->transfer == TRANSFER_IN ? FLAG_READ : FLAG_WRITE);
}

void megaraid_encode_question(const struct raid_address *address,
                              const struct megaraid_question *question,
                              struct megaraid_packet *out) {
    enum { TIMEOUT_S = 60 };
    *out = (struct megaraid_packet){{0}};
    uint8_t *frame = out->bytes + PACKET_FRAME;
    put_le16(out->bytes + PACKET_HOST, address->host);
    frame[FRAME_COMMAND] = COMMAND_DCMD;
    frame[FRAME_COMMAND_STATUS] = STATUS_NONE;
    put_le16(frame + FRAME_TIMEOUT, TIMEOUT_S);
    put_le32(frame + FRAME_OPCODE, question->opcode);
    put_le16(frame + FRAME_MAILBOX, question->parameter);
    put_data(out, FRAME_QUESTION_SGL, question->data, question->length, FLAG_READ);
}

/* How much of a buffer that was full of canaries has been written to, to eight bytes. */
static uint32_t delivered(const uint8_t *data, uint32_t length, const uint8_t canary[8]) {
    enum { STEP = 8 };
    uint32_t end = (length + STEP - 1) / STEP * STEP;
    while (end > 0) {
        const uint32_t start = end - STEP;
        const uint32_t size = length - start < STEP ? length - start : STEP;
        if (memcmp(data + start, canary, size) != 0)
            break;
        end = start;
    }
    return end < length ? end : length;
}

/* The length that sense data say of themselves; 0 if there are none. */
static uint8_t sense_length(const uint8_t *sense) {
    enum { HEADER = 8 };
    if ((sense[0] & 0x7f) < 0x70 || (sense[0] & 0x7f) > 0x73)
        return 0;
    const unsigned length = HEADER + (unsigned)sense[7];
    return length < MEGARAID_SENSE_SIZE ? (uint8_t)length : MEGARAID_SENSE_SIZE;
}

static void take_sense(const uint8_t *sense, struct scsi_command *command) {
    command->status = SCSI_CHECK_CONDITION;
    command->sense_length = sense_length(sense);
    memcpy(command->sense, sense, command->sense_length);
    if (command->sense_length == 0)
        command->host_status = SCSI_HOST_ERROR; /* it failed, and does not say how */
}

int megaraid_decode_scsi(const struct megaraid_packet *packet, const uint8_t *sense,
                         const uint8_t canary[8], struct scsi_command *command) {
    command->status = SCSI_GOOD;
    command->host_status = 0;
    command->driver_status = 0;
    command->sense_length = 0;
    command->received = 0;
    command->unsent = 0; /* the firmware does not tell */
    if (command->transfer == TRANSFER_IN) {
        uint8_t *data = command->data;
        command->received = delivered(data, command->data_length, canary);
        memset(data + command->received, 0, command->data_length - command->received);
    }
    switch (packet->bytes[PACKET_FRAME + FRAME_COMMAND_STATUS]) {
    case STATUS_OK:
        return 0;
    case STATUS_DEVICE_NOT_FOUND:
        return -ENODEV;
    case STATUS_SCSI_DONE_WITH_ERROR:
        take_sense(sense, command);
        return 0;
    case STATUS_SCSI_RESERVATION_CONFLICT:
        command->status = SCSI_RESERVATION_CONFLICT;
        return 0;
    case STATUS_NONE: /* nobody has ended it: the driver gave up waiting */
        command->host_status = SCSI_HOST_TIMED_OUT;
        return 0;
    default:
        command->host_status = SCSI_HOST_ERROR;
        return 0;
    }
}

/*
 * The controllers do not return ATA registers in the sense data (smartmontools refuses to ask for
 * them): a command that ends in them would be sent for nothing.
 */
static bool asks_for_registers(const struct scsi_command *command) {
    enum { CHECK_CONDITION_ALWAYS = 0x20 };
    return command->cdb[0] == SCSI_ATA_PASS_THROUGH_16 &&
           (command->cdb[2] & CHECK_CONDITION_ALWAYS) != 0;
}

static void fill(uint8_t *data, uint32_t length, const uint8_t canary[8]) {
    for (uint32_t i = 0; i < length; i++)
        data[i] = canary[i % 8];
}

int megaraid_scsi(const struct passage *passage, struct scsi_command *command) {
    struct megaraid_packet packet;
    uint8_t sense[MEGARAID_SENSE_SIZE] = {0};
    if (asks_for_registers(command) || passage->address.device_id > UINT8_MAX)
        return -EOPNOTSUPP;
    if (command->transfer == TRANSFER_IN)
        fill(command->data, command->data_length, passage->canary);
    megaraid_encode_scsi(&passage->address, command, sense, &packet);
    const int error = passage_ioctl(passage, MEGASAS_IOC_FIRMWARE, &packet);
    return error ? error : megaraid_decode_scsi(&packet, sense, passage->canary, command);
}

int megaraid_ask(const struct passage *passage, const struct megaraid_question *question) {
    struct megaraid_packet packet;
    megaraid_encode_question(&passage->address, question, &packet);
    const int error = passage_ioctl(passage, MEGASAS_IOC_FIRMWARE, &packet);
    if (error)
        return error;
    const uint8_t status = packet.bytes[PACKET_FRAME + FRAME_COMMAND_STATUS];
    return status == STATUS_OK ? 0 : status == STATUS_DEVICE_NOT_FOUND ? -ENODEV : -EIO;
}
