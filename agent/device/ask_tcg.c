/* Level-0 discovery, over each command set (DEVICE-FACTS D). */
#include "quietus/ask.h"

#include <errno.h>
#include <nvme/types.h>

enum { TIMEOUT_MS = 30000, BLOCK = 512, INC_512 = 0x80 };

static int receive_nvme(struct device *device, void *data) {
    struct nvme_command command = {
        .name = "Security Receive (level-0 discovery)",
        .opcode = nvme_admin_security_recv,
        .cdw10 = (uint32_t)TCG_PROTOCOL << 24 | TCG_DISCOVERY_COMID << 8,
        .cdw11 = TCG_DISCOVERY_SIZE,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = TCG_DISCOVERY_SIZE,
        .timeout_ms = TIMEOUT_MS,
    };
    const int error = device_nvme(device, &command);
    return error ? error : command.status ? -EIO : 0;
}

static int receive_scsi(struct device *device, void *data) {
    struct scsi_command command = {
        .name = "SECURITY PROTOCOL IN (level-0 discovery)",
        .cdb = {SCSI_SECURITY_PROTOCOL_IN, TCG_PROTOCOL, 0, TCG_DISCOVERY_COMID, INC_512, 0, 0, 0,
                0, TCG_DISCOVERY_SIZE / BLOCK},
        .cdb_length = 12,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = TCG_DISCOVERY_SIZE,
        .timeout_ms = TIMEOUT_MS,
    };
    const int error = device_scsi(device, &command);
    if (error)
        return error;
    return command.host_status != 0 || command.status != SCSI_GOOD ? -EIO : 0;
}

/* The length in blocks is in COUNT and LBA 7:0, the ComID in LBA 23:8. libata lets it pass only
 * with allow_tpm=1; without that, its translation of the SCSI command may do. */
static int receive_ata(struct device *device, void *data) {
    const struct ata_taskfile taskfile = {
        .protocol = ATA_PIO_IN,
        .features = TCG_PROTOCOL,
        .count = TCG_DISCOVERY_SIZE / BLOCK,
        .lba = TCG_DISCOVERY_COMID << 8,
        .command = ATA_TRUSTED_RECEIVE,
    };
    struct ata_registers registers;
    const int error = device_ata(device, "TRUSTED RECEIVE (level-0 discovery)", &taskfile, data,
                                 TIMEOUT_MS, &registers);
    return error ? receive_scsi(device, data) : 0;
}

int ask_tcg_discovery(struct device *device, struct tcg_discovery *out) {
    static int (*const receivers[])(struct device *, void *) = {
        [COMMANDS_NONE] = NULL,
        [COMMANDS_SCSI] = receive_scsi,
        [COMMANDS_ATA] = receive_ata,
        [COMMANDS_NVME] = receive_nvme,
    };
    uint8_t data[TCG_DISCOVERY_SIZE] = {0};
    *out = (struct tcg_discovery){0};
    if (!receivers[device_commands(device)])
        return -EOPNOTSUPP;
    const int error = receivers[device_commands(device)](device, data);
    return error ? error : tcg_decode_discovery((struct bytes){data, sizeof data}, out);
}
