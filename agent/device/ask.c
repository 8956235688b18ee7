#include "quietus/ask.h"

#include "internal.h"

#include <errno.h>
#include <nvme/types.h>
#include <string.h>

enum {
    SHORT_TIMEOUT_MS = 30000,
    VPD_ROOM = 1024,
};

int ask_fetch(struct device *device, struct scsi_command *command, struct bytes *answer) {
    const int error = device_scsi(device, command);
    if (error)
        return error;
    if (command->host_status != 0 || command->status != SCSI_GOOD)
        return -EIO;
    *answer = (struct bytes){command->data, command->received};
    return 0;
}

static struct scsi_command inquiry(uint8_t page, bool vpd, void *data, uint16_t room) {
    return (struct scsi_command){
        .name = vpd ? "INQUIRY (VPD)" : "INQUIRY",
        .cdb = {SCSI_INQUIRY, vpd ? 1 : 0, page, (uint8_t)(room >> 8), (uint8_t)room, 0},
        .cdb_length = 6,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = room,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
}

int ask_scsi_inquiry(struct device *device, struct scsi_inquiry *out) {
    uint8_t data[96] = {0};
    struct scsi_command command = inquiry(0, false, data, sizeof data);
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_inquiry(answer, out);
}

int ask_scsi_vpd(struct device *device, uint8_t page, uint8_t *data, size_t *length) {
    const uint16_t room = *length > VPD_ROOM ? VPD_ROOM : (uint16_t)*length;
    memset(data, 0, room);
    struct scsi_command command = inquiry(page, true, data, room);
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
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
    struct scsi_command command = {
        .name = "READ CAPACITY(10)",
        .cdb = {SCSI_READ_CAPACITY_10},
        .cdb_length = 10,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_capacity_10(answer, out);
}

int ask_scsi_capacity(struct device *device, struct scsi_capacity *out) {
    uint8_t data[32] = {0};
    struct scsi_command command = {
        .name = "READ CAPACITY(16)",
        .cdb = {SCSI_SERVICE_ACTION_IN_16, SCSI_SA_READ_CAPACITY_16},
        .cdb_length = 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    command.cdb[13] = sizeof data;
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? ask_capacity_10(device, out) : scsi_decode_capacity_16(answer, out);
}

int ask_scsi_block_descriptor(struct device *device, bool by_default,
                              struct scsi_block_descriptor *out) {
    enum { LONG_LBA_ACCEPTED = 0x10, ALL_PAGES = 0x3f, DEFAULT_VALUES = 0x80 };
    uint8_t data[252] = {0};
    struct scsi_command command = {
        .name = "MODE SENSE(10) (block descriptor)",
        .cdb = {SCSI_MODE_SENSE_10, LONG_LBA_ACCEPTED,
                (uint8_t)(ALL_PAGES | (by_default ? DEFAULT_VALUES : 0)), 0, 0, 0, 0, 0,
                sizeof data, 0},
        .cdb_length = 10,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_block_descriptor(answer, out);
}

int ask_scsi_write_protect(struct device *device, bool *write_protected) {
    uint8_t data[192] = {0};
    struct scsi_command command = {
        .name = "MODE SENSE(10)",
        .cdb = {SCSI_MODE_SENSE_10, 0x08, 0x3f, 0, 0, 0, 0, 0, sizeof data, 0},
        .cdb_length = 10,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_mode_write_protect(answer, write_protected);
}

int ask_scsi_units(struct device *device, unsigned *count) {
    uint8_t data[64] = {0};
    struct scsi_command command = {
        .name = "REPORT LUNS",
        .cdb = {SCSI_REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 0, sizeof data, 0, 0},
        .cdb_length = 12,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_units(answer, count);
}

int ask_scsi_log_exceptions(struct device *device, uint8_t *asc, uint8_t *ascq) {
    uint8_t data[64] = {0};
    struct scsi_command command = {
        .name = "LOG SENSE (2Fh)",
        .cdb = {SCSI_LOG_SENSE, 0, 0x40 | 0x2f, 0, 0, 0, 0, 0, sizeof data, 0},
        .cdb_length = 10,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_log_exceptions(answer, asc, ascq);
}

int ask_scsi_supports(struct device *device, uint8_t opcode, uint8_t service_action,
                      enum scsi_support *out) {
    enum { OPCODE_WITH_SERVICE_ACTION = 3 };
    uint8_t data[64] = {0};
    struct scsi_command command = {
        .name = "REPORT SUPPORTED OPERATION CODES",
        .cdb = {SCSI_MAINTENANCE_IN, SCSI_SA_REPORT_SUPPORTED_OPERATION_CODES,
                OPCODE_WITH_SERVICE_ACTION, opcode, 0, service_action, 0, 0, 0, sizeof data},
        .cdb_length = 12,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
    return error ? error : scsi_decode_one_command(answer, out);
}

int ask_scsi_sense(struct device *device, struct scsi_sense *out) {
    uint8_t data[252] = {0};
    struct scsi_command command = {
        .name = "REQUEST SENSE",
        .cdb = {SCSI_REQUEST_SENSE, 0, 0, 0, sizeof data, 0},
        .cdb_length = 6,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    struct bytes answer;
    const int error = ask_fetch(device, &command, &answer);
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

int ask_ata_identify(struct device *device, struct ata_identify *out) {
    uint8_t data[ATA_IDENTIFY_SIZE] = {0};
    const struct ata_taskfile taskfile = {
        .protocol = ATA_PIO_IN, .count = 1, .command = ATA_IDENTIFY_DEVICE};
    struct ata_registers registers;
    const int error =
        device_ata(device, "IDENTIFY DEVICE", &taskfile, data, SHORT_TIMEOUT_MS, &registers);
    return error ? error : ata_decode_identify((struct bytes){data, sizeof data}, out);
}

int ask_ata_smart(struct device *device, struct ata_smart *out) {
    uint8_t data[512] = {0};
    const struct ata_taskfile taskfile = {.protocol = ATA_PIO_IN,
                                          .features = ATA_SMART_READ_DATA,
                                          .count = 1,
                                          .lba = ATA_SMART_LBA,
                                          .command = ATA_SMART};
    struct ata_registers registers;
    const int error =
        device_ata(device, "SMART READ DATA", &taskfile, data, SHORT_TIMEOUT_MS, &registers);
    return error ? error : ata_decode_smart((struct bytes){data, sizeof data}, out);
}

int ask_ata_failing(struct device *device, bool *failing) {
    const struct ata_taskfile taskfile = {.protocol = ATA_NON_DATA,
                                          .features = ATA_SMART_RETURN_STATUS,
                                          .lba = ATA_SMART_LBA,
                                          .command = ATA_SMART};
    struct ata_registers registers;
    const int error =
        device_ata(device, "SMART RETURN STATUS", &taskfile, NULL, SHORT_TIMEOUT_MS, &registers);
    if (error)
        return error;
    const uint64_t signature = registers.lba & 0xffff00;
    if (!registers.valid || (signature != ATA_SMART_LBA && signature != ATA_SMART_LBA_FAILING))
        return -EIO;
    *failing = signature == ATA_SMART_LBA_FAILING;
    return 0;
}

/* Fixed format brings LBA 23:0, and whether there is more. */
static bool is_same_as_far_as_known(const struct ata_registers *registers, uint64_t lba) {
    return (registers->lba & 0xffffff) == (lba & 0xffffff) &&
           registers->lba_high_set == (lba >> 24 != 0);
}

int ask_ata_native(struct device *device, const struct ata_identify *identify, uint64_t *sectors) {
    enum { LBA_MODE = 0x40 };
    *sectors = identify->sectors;
    if (!identify->amac_supported && !identify->hpa_supported)
        return 0;
    const bool extended = identify->amac_supported || identify->lba48;
    const struct ata_taskfile taskfile = {
        .protocol = ATA_NON_DATA,
        .extended = extended,
        .device = LBA_MODE,
        .command = identify->amac_supported ? ATA_ACCESSIBLE_MAX
                   : identify->lba48        ? ATA_READ_NATIVE_MAX_EXT
                                            : ATA_READ_NATIVE_MAX,
    };
    struct ata_registers registers;
    const int error = device_ata(
        device, identify->amac_supported ? "GET NATIVE MAX ADDRESS EXT" : "READ NATIVE MAX ADDRESS",
        &taskfile, NULL, SHORT_TIMEOUT_MS, &registers);
    if (error)
        return error;
    if (!registers.valid)
        return -EIO;
    if (extended && !registers.high_valid)
        return is_same_as_far_as_known(&registers, identify->sectors - 1) ? 0 : -EIO;
    if (registers.lba + 1 < identify->sectors)
        return -EIO;
    *sectors = registers.lba + 1;
    return 0;
}

int ask_ata_dco(struct device *device, uint64_t *sectors) {
    uint8_t data[512] = {0};
    const struct ata_taskfile taskfile = {
        .protocol = ATA_PIO_IN, .features = ATA_DCO_IDENTIFY, .count = 1, .command = ATA_DCO};
    struct ata_registers registers;
    const int error = device_ata(device, "DEVICE CONFIGURATION IDENTIFY", &taskfile, data,
                                 SHORT_TIMEOUT_MS, &registers);
    return error ? error : ata_decode_dco((struct bytes){data, sizeof data}, sectors);
}

int ask_ata_sanitize_status(struct device *device, struct ata_sanitize_status *out) {
    const struct ata_taskfile taskfile = {.protocol = ATA_NON_DATA,
                                          .extended = true,
                                          .features = ATA_SANITIZE_STATUS_EXT,
                                          .command = ATA_SANITIZE_DEVICE};
    struct ata_registers registers;
    const int error =
        device_ata(device, "SANITIZE STATUS EXT", &taskfile, NULL, SHORT_TIMEOUT_MS, &registers);
    ata_decode_sanitize_status(&registers, out);
    return error && !out->known ? error : 0;
}

static int fetch_nvme(struct device *device, struct nvme_command *command) {
    const int error = device_nvme(device, command);
    if (error)
        return error;
    return command->status == 0 ? 0 : -EIO;
}

static int identify(struct device *device, const char *name, uint8_t structure, uint32_t nsid,
                    uint8_t data[NVME_DATA_SIZE]) {
    memset(data, 0, NVME_DATA_SIZE);
    struct nvme_command command = {
        .name = name,
        .opcode = nvme_admin_identify,
        .nsid = nsid,
        .cdw10 = structure,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = NVME_DATA_SIZE,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    return fetch_nvme(device, &command);
}

int ask_nvme_controller(struct device *device, struct nvme_controller *out) {
    uint8_t data[NVME_DATA_SIZE];
    const int error = identify(device, "Identify Controller", NVME_IDENTIFY_CNS_CTRL, 0, data);
    return error ? error : nvme_decode_controller((struct bytes){data, sizeof data}, out);
}

int ask_nvme_namespace(struct device *device, uint32_t nsid, struct nvme_namespace *out) {
    uint8_t data[NVME_DATA_SIZE];
    const int error = identify(device, "Identify Namespace", NVME_IDENTIFY_CNS_NS, nsid, data);
    return error ? error : nvme_decode_namespace((struct bytes){data, sizeof data}, out);
}

int ask_nvme_namespaces(struct device *device, bool allocated, uint32_t ids[1024]) {
    uint8_t data[NVME_DATA_SIZE];
    const uint8_t structure =
        allocated ? NVME_IDENTIFY_CNS_ALLOCATED_NS_LIST : NVME_IDENTIFY_CNS_NS_ACTIVE_LIST;
    const int error =
        identify(device, allocated ? "Identify Allocated Namespaces" : "Identify Active Namespaces",
                 structure, 0, data);
    return error ? error : nvme_decode_namespace_list((struct bytes){data, sizeof data}, ids);
}

int ask_nvme_health(struct device *device, struct nvme_health *out) {
    uint8_t data[512] = {0};
    struct nvme_command command = {
        .name = "Get Log Page (SMART)",
        .opcode = nvme_admin_get_log_page,
        .nsid = NVME_NSID_ALL,
        .cdw10 = NVME_LOG_LID_SMART | (sizeof data / 4 - 1) << 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    const int error = fetch_nvme(device, &command);
    return error ? error : nvme_decode_health((struct bytes){data, sizeof data}, out);
}

int ask_nvme_boot_partition(struct device *device, uint64_t *size) {
    enum { BOOT_PARTITION_PAGE = 0x15 };
    uint8_t data[16] = {0};
    struct nvme_command command = {
        .name = "Get Log Page (Boot Partition)",
        .opcode = nvme_admin_get_log_page,
        .cdw10 = BOOT_PARTITION_PAGE | (sizeof data / 4 - 1) << 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    const int error = fetch_nvme(device, &command);
    return error ? error : nvme_decode_boot_partition_log((struct bytes){data, sizeof data}, size);
}

int ask_nvme_sanitize_log(struct device *device, struct nvme_sanitize_log *out) {
    uint8_t data[512] = {0};
    struct nvme_command command = {
        .name = "Get Log Page (Sanitize Status)",
        .opcode = nvme_admin_get_log_page,
        .nsid = NVME_NSID_ALL,
        .cdw10 = NVME_LOG_LID_SANITIZE | (sizeof data / 4 - 1) << 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = sizeof data,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    const int error = fetch_nvme(device, &command);
    return error ? error : nvme_decode_sanitize_log((struct bytes){data, sizeof data}, out);
}
