/* What a host sets or asks that concerns no data: features, power, diagnostics, IDENTIFY. */
#include "ata.h"

enum ata_result ata_run_identify(struct ata *ata, struct drive_request *request) {
    ata_identify_data(ata, request->data);
    request->transferred = ATA_BLOCK;
    return ATA_DONE;
}

static bool set_transfer_mode(struct ata *ata, uint8_t mode) {
    enum { PIO_FLOW = 0x08, PIO_LAST = 0x0c, MWDMA = 0x20, MWDMA_LAST = 0x22, UDMA = 0x40 };
    if (mode >= UDMA && mode <= UDMA + 6) {
        ata->transfer_mode = mode & 7;
        return true;
    }
    return mode <= 1 || (mode >= PIO_FLOW && mode <= PIO_LAST) ||
           (mode >= MWDMA && mode <= MWDMA_LAST);
}

static bool set_sata_feature(struct ata *ata, uint8_t feature, bool on) {
    if (feature != ATA_SATA_FEATURE_SSP || !ata_description(ata)->ata.settings_preservation)
        return false;
    ata->settings_preserved = on;
    return true;
}

static bool set_feature(struct ata *ata, uint8_t feature, uint8_t count) {
    switch (feature) {
    case ATA_FEATURE_ENABLE_WRITE_CACHE:
    case ATA_FEATURE_DISABLE_WRITE_CACHE:
        ata->write_cache = feature == ATA_FEATURE_ENABLE_WRITE_CACHE;
        media_use_cache(ata->drive->media, ata->write_cache);
        return true;
    case ATA_FEATURE_ENABLE_READ_AHEAD:
    case ATA_FEATURE_DISABLE_READ_AHEAD:
        ata->read_ahead = feature == ATA_FEATURE_ENABLE_READ_AHEAD;
        return true;
    case ATA_FEATURE_TRANSFER_MODE:
        return set_transfer_mode(ata, count);
    case ATA_FEATURE_ENABLE_PUIS:
    case ATA_FEATURE_DISABLE_PUIS:
        ata->saved->starts_in_standby = feature == ATA_FEATURE_ENABLE_PUIS;
        return true;
    case ATA_FEATURE_PUIS_SPIN_UP:
        ata->starting_in_standby = false;
        ata->power = ATA_POWER_IDLE;
        return true;
    case ATA_FEATURE_ENABLE_SATA:
    case ATA_FEATURE_DISABLE_SATA:
        return set_sata_feature(ata, count, feature == ATA_FEATURE_ENABLE_SATA);
    default:
        return false;
    }
}

enum ata_result ata_run_set_features(struct ata *ata, struct drive_request *request) {
    const struct ata_registers_in *in = &request->ata;
    return set_feature(ata, (uint8_t)in->features, (uint8_t)in->count) ? ATA_DONE : ATA_ABORTED;
}

enum ata_result ata_run_set_multiple(struct ata *ata, struct drive_request *request) {
    const uint8_t sectors = (uint8_t)request->ata.count;
    if (sectors > 16 || (sectors & (sectors - 1)) != 0)
        return ATA_ABORTED;
    ata->multiple = sectors;
    return ATA_DONE;
}

/* COUNT: FFh active or idle, 80h idle, 00h standby (ACS, CHECK POWER MODE). */
enum ata_result ata_run_check_power(struct ata *ata, struct drive_request *request) {
    static const uint8_t codes[] = {[ATA_POWER_ACTIVE] = 0xff,
                                    [ATA_POWER_IDLE] = 0x80,
                                    [ATA_POWER_STANDBY] = 0x00,
                                    [ATA_POWER_SLEEP] = 0x00};
    request->ata_out.count = codes[ata->power];
    return ATA_DONE;
}

/* UNLOAD parks the heads, and a sanitize stands still until the next command (DEVICE-FACTS A.7). */
static bool is_unload(const struct ata_registers_in *in) {
    enum { FEATURE_UNLOAD = 0x44, SIGNATURE = 0x554e4c };
    return in->command == ATA_IDLE_IMMEDIATE && (uint8_t)in->features == FEATURE_UNLOAD &&
           (in->lba & 0xffffff) == SIGNATURE;
}

enum ata_result ata_run_idle(struct ata *ata, struct drive_request *request) {
    enum { UNLOADED = 0xc4 };
    if (ata->starting_in_standby)
        return ATA_ABORTED;
    ata->power = ATA_POWER_IDLE;
    if (is_unload(&request->ata)) {
        request->ata_out.lba = UNLOADED;
        operation_suspend(ata->drive, ata->saved->sanitize.state == SD2_IN_OPERATION);
    }
    return ATA_DONE;
}

enum ata_result ata_run_standby(struct ata *ata, struct drive_request *request) {
    (void)request;
    media_flush(ata->drive->media);
    ata->power = ATA_POWER_STANDBY;
    return ATA_DONE;
}

enum ata_result ata_run_sleep(struct ata *ata, struct drive_request *request) {
    (void)request;
    media_flush(ata->drive->media);
    ata->power = ATA_POWER_SLEEP;
    return ATA_DONE;
}

enum ata_result ata_run_diagnostic(struct ata *ata, struct drive_request *request) {
    drive_ata_signature(ata->drive, &request->ata_out);
    return ATA_DONE;
}
