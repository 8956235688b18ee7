/* Which commands only ask. What is not listed is taken to destroy. */
#include "quietus/device.h"
#include "quietus/scsi_reservation.h"

#include <nvme/types.h>

static const uint8_t harmless_scsi[] = {
    SCSI_TEST_UNIT_READY,     SCSI_REQUEST_SENSE,       SCSI_INQUIRY,
    SCSI_MODE_SENSE_6,        SCSI_READ_CAPACITY_10,    SCSI_LOG_SENSE,
    SCSI_MODE_SENSE_10,       SCSI_REPORT_LUNS,         SCSI_PERSISTENT_RESERVE_IN,
    SCSI_READ_DEFECT_DATA_10, SCSI_READ_DEFECT_DATA_12,
};

/* Opcodes whose service action decides. */
static const struct {
    uint8_t opcode;
    uint8_t service_action;
} harmless_actions[] = {
    {SCSI_SERVICE_ACTION_IN_16, SCSI_SA_READ_CAPACITY_16},
    {SCSI_MAINTENANCE_IN, SCSI_SA_REPORT_SUPPORTED_OPERATION_CODES},
};

static const uint8_t harmless_ata[] = {
    ATA_IDENTIFY_DEVICE,
    ATA_READ_NATIVE_MAX,
    ATA_READ_NATIVE_MAX_EXT,
};

static const uint8_t harmless_smart[] = {ATA_SMART_READ_DATA, ATA_SMART_RETURN_STATUS};

static const uint8_t harmless_logs[] = {ATA_LOG_DIRECTORY, ATA_LOG_STATISTICS};

static const uint8_t harmless_nvme[] = {
    nvme_admin_identify,
    nvme_admin_get_log_page,
    nvme_admin_get_features,
};

static bool listed(uint8_t value, const uint8_t *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == value)
            return true;
    }
    return false;
}

static bool ata_only_asks(const uint8_t *cdb) {
    const uint8_t command = cdb[14];
    /* SANITIZE STATUS EXT, but not its clearing of a failure (COUNT bit 0) */
    if (command == ATA_SANITIZE_DEVICE)
        return cdb[3] == 0 && cdb[4] == ATA_SANITIZE_STATUS_EXT && cdb[5] == 0 && cdb[6] == 0;
    if (command == ATA_ACCESSIBLE_MAX)
        return cdb[3] == 0 && cdb[4] == ATA_AMAC_GET_NATIVE;
    if (command == ATA_DCO)
        return cdb[4] == ATA_DCO_IDENTIFY;
    if (command == ATA_TRUSTED_RECEIVE) /* level-0 discovery, and no session's answers */
        return cdb[3] == 0 && cdb[4] == TCG_PROTOCOL && cdb[7] == 0 && cdb[9] == 0 &&
               cdb[10] == TCG_DISCOVERY_COMID && cdb[11] == 0 && cdb[12] == 0;
    if (command == ATA_READ_LOG_EXT) /* no log that reading changes */
        return listed(cdb[8], harmless_logs, sizeof harmless_logs) && cdb[3] == 0 && cdb[4] == 0;
    if (command == ATA_SMART)
        return listed(cdb[4], harmless_smart, sizeof harmless_smart);
    return listed(command, harmless_ata, sizeof harmless_ata);
}

bool device_scsi_only_asks(const uint8_t *cdb, size_t length) {
    if (length < 6)
        return false;
    if (cdb[0] == SCSI_ATA_PASS_THROUGH_16)
        return length == 16 && ata_only_asks(cdb);
    if (cdb[0] == SCSI_SECURITY_PROTOCOL_IN)
        return cdb[1] == TCG_PROTOCOL && get_be16(cdb + 2) == TCG_DISCOVERY_COMID;
    for (size_t i = 0; i < sizeof harmless_actions / sizeof *harmless_actions; i++) {
        if (cdb[0] == harmless_actions[i].opcode)
            return (cdb[1] & 0x1f) == harmless_actions[i].service_action;
    }
    return listed(cdb[0], harmless_scsi, sizeof harmless_scsi);
}

/* Security Receive is one half of a session, but for discovery. */
bool device_nvme_only_asks(const struct nvme_command *command) {
    if (command->opcode == nvme_admin_security_recv)
        return command->cdw10 == ((uint32_t)TCG_PROTOCOL << 24 | TCG_DISCOVERY_COMID << 8);
    return listed(command->opcode, harmless_nvme, sizeof harmless_nvme);
}
