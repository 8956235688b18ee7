/* What ATA disks are asked. */
#include "quietus/ask.h"

#include <errno.h>

enum { SHORT_TIMEOUT_MS = 30000 };

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

static int read_log(struct device *device, const char *name, uint8_t log, uint8_t page,
                    uint8_t data[512]) {
    const struct ata_taskfile taskfile = {.protocol = ATA_PIO_IN,
                                          .extended = true,
                                          .count = 1,
                                          .lba = (uint64_t)page << 8 | log,
                                          .command = ATA_READ_LOG_EXT};
    struct ata_registers registers;
    return device_ata(device, name, &taskfile, data, SHORT_TIMEOUT_MS, &registers);
}

/* The directory first: what a log that is not there does to a drive nobody has to find out. */
int ask_ata_power_on_resets(struct device *device, uint32_t *out) {
    uint8_t data[512] = {0};
    uint16_t pages = 0;
    int error = read_log(device, "READ LOG EXT (directory)", ATA_LOG_DIRECTORY, 0, data);
    if (error == 0)
        error =
            ata_decode_log_directory((struct bytes){data, sizeof data}, ATA_LOG_STATISTICS, &pages);
    if (error)
        return error;
    if (pages <= ATA_STATISTICS_GENERAL)
        return -ENODATA;
    error = read_log(device, "READ LOG EXT (device statistics)", ATA_LOG_STATISTICS,
                     ATA_STATISTICS_GENERAL, data);
    return error ? error : ata_decode_power_on_resets((struct bytes){data, sizeof data}, out);
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
