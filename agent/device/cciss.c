/* CCISS_PASSTHRU of hpsa and smartpqi (DEVICE-FACTS E.4, linux/cciss_ioctl.h). */
#include "passage.h"

#include <errno.h>
#include <string.h>

void cciss_encode_scsi(const struct raid_address *address, const struct scsi_command *command,
                       IOCTL_Command_struct *out) {
    static const uint8_t directions[] = {
        [TRANSFER_NONE] = XFER_NONE, [TRANSFER_IN] = XFER_READ, [TRANSFER_OUT] = XFER_WRITE};
    memset(out, 0, sizeof *out);
    memcpy(out->LUN_info.LunAddrBytes, address->lun, sizeof address->lun);
    out->Request.CDBLen = command->cdb_length;
    out->Request.Type.Type = TYPE_CMD;
    out->Request.Type.Attribute = ATTR_SIMPLE;
    out->Request.Type.Direction = directions[command->transfer];
    out->Request.Timeout = passage_seconds(command->timeout_ms);
    memcpy(out->Request.CDB, command->cdb, command->cdb_length);
    if (command->transfer == TRANSFER_NONE)
        return;
    out->buf_size = (uint16_t)command->data_length;
    out->buf = command->data;
}

static void take_sense(const ErrorInfo_struct *info, struct scsi_command *command) {
    command->status = info->ScsiStatus;
    command->sense_length = info->SenseLen < SENSEINFOBYTES ? info->SenseLen : SENSEINFOBYTES;
    memcpy(command->sense, info->SenseInfo, command->sense_length);
}

int cciss_decode_scsi(const IOCTL_Command_struct *packet, struct scsi_command *command) {
    const ErrorInfo_struct *info = &packet->error_info;
    command->status = SCSI_GOOD;
    command->host_status = 0;
    command->driver_status = 0;
    command->sense_length = 0;
    command->received = 0;
    command->unsent = 0; /* see CMD_DATA_UNDERRUN */
    if (command->transfer == TRANSFER_IN && info->ResidualCnt <= command->data_length)
        command->received = command->data_length - info->ResidualCnt;
    switch (info->CommandStatus) {
    case CMD_SUCCESS:
        return 0;
    case CMD_DATA_UNDERRUN: /* less came than there was room for; of a write, not all went out */
        if (command->transfer == TRANSFER_OUT)
            command->host_status = SCSI_HOST_ERROR;
        take_sense(info, command);
        return 0;
    case CMD_TARGET_STATUS:
        take_sense(info, command);
        return 0;
    case CMD_CONNECTION_LOST:
        return -ENODEV;
    case CMD_TIMEOUT:
        command->host_status = SCSI_HOST_TIMED_OUT;
        return 0;
    default:
        command->host_status = SCSI_HOST_ERROR;
        return 0;
    }
}

int cciss_scsi(const struct passage *passage, struct scsi_command *command) {
    IOCTL_Command_struct packet;
    if (command->transfer != TRANSFER_NONE && command->data_length > CCISS_MOST)
        return -EMSGSIZE;
    cciss_encode_scsi(&passage->address, command, &packet);
    const int error = passage_ioctl(passage, CCISS_PASSTHRU, &packet);
    return error ? error : cciss_decode_scsi(&packet, command);
}
