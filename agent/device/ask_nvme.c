/* What NVMe controllers are asked. */
#include "quietus/ask.h"

#include <errno.h>
#include <nvme/types.h>
#include <string.h>

enum { SHORT_TIMEOUT_MS = 30000 };

static int fetch(struct device *device, struct nvme_command *command) {
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
    return fetch(device, &command);
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

static int log_page(struct device *device, const char *name, uint8_t page, uint32_t nsid,
                    uint8_t *data, uint32_t length) {
    memset(data, 0, length);
    struct nvme_command command = {
        .name = name,
        .opcode = nvme_admin_get_log_page,
        .nsid = nsid,
        .cdw10 = page | (length / 4 - 1) << 16,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = length,
        .timeout_ms = SHORT_TIMEOUT_MS,
    };
    return fetch(device, &command);
}

int ask_nvme_health(struct device *device, struct nvme_health *out) {
    uint8_t data[512];
    const int error = log_page(device, "Get Log Page (SMART)", NVME_LOG_LID_SMART, NVME_NSID_ALL,
                               data, sizeof data);
    return error ? error : nvme_decode_health((struct bytes){data, sizeof data}, out);
}

int ask_nvme_boot_partition(struct device *device, uint64_t *size) {
    enum { BOOT_PARTITION_PAGE = 0x15 };
    uint8_t data[16];
    const int error = log_page(device, "Get Log Page (Boot Partition)", BOOT_PARTITION_PAGE, 0,
                               data, sizeof data);
    return error ? error : nvme_decode_boot_partition_log((struct bytes){data, sizeof data}, size);
}

int ask_nvme_sanitize_log(struct device *device, struct nvme_sanitize_log *out) {
    uint8_t data[512];
    const int error = log_page(device, "Get Log Page (Sanitize Status)", NVME_LOG_LID_SANITIZE,
                               NVME_NSID_ALL, data, sizeof data);
    return error ? error : nvme_decode_sanitize_log((struct bytes){data, sizeof data}, out);
}
