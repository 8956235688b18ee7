/* The host protected area (READ NATIVE MAX, SET MAX) and the accessible max address (AMAC):
 * DEVICE-FACTS A.8. */
#include "ata.h"

void ata_hidden_power_on(struct ata *ata) {
    const uint64_t native = ata_native_sectors(ata);
    const uint64_t saved = ata->saved->accessible_sectors;
    ata->accessible_sectors = saved != 0 && saved < native ? saved : native;
}

enum ata_result ata_run_read_native_max(struct ata *ata, struct drive_request *request) {
    const bool extended = request->ata.command == ATA_READ_NATIVE_MAX_EXT;
    const uint64_t last = ata_native_sectors(ata) - 1;
    if (!ata_description(ata)->ata.hpa)
        return ATA_ABORTED;
    ata_put_lba(request, !extended && last > 0xfffffff ? 0xfffffff : last, extended);
    return ATA_DONE;
}

static bool read_native_max_was_just_before(const struct ata *ata, bool extended) {
    return ata->previous_command == (extended ? ATA_READ_NATIVE_MAX_EXT : ATA_READ_NATIVE_MAX);
}

static enum ata_result set_max_address(struct ata *ata, struct drive_request *request,
                                       bool extended) {
    enum { COUNT_PERSISTENT = 1 };
    const uint64_t last = ata_range_of(&request->ata, extended).lba;
    const bool persistent = request->ata.count & COUNT_PERSISTENT;
    if (ata->max_frozen || last >= ata_native_sectors(ata))
        return ATA_ABORTED;
    if (persistent && ata->max_was_set) { /* one in a power cycle; ACS: ID NOT FOUND */
        request->ata_out.status = ATA_STATUS_GOOD | ATA_STATUS_ERR;
        request->ata_out.error = ATA_ERROR_ID_NOT_FOUND;
        return ATA_ERROR;
    }
    ata->accessible_sectors = last + 1;
    if (persistent) {
        ata->saved->accessible_sectors = last + 1;
        ata->max_was_set = true;
    }
    ata_put_lba(request, last, extended);
    return ATA_DONE;
}

/* The passwords of SET MAX are not there, and word 83 does not claim them; its freeze lock is. */
enum ata_result ata_run_set_max(struct ata *ata, struct drive_request *request) {
    enum { FEATURE_ADDRESS = 0x00, FEATURE_FREEZE_LOCK = 0x04 };
    const bool extended = request->ata.command == ATA_SET_MAX_EXT;
    if (!ata_description(ata)->ata.hpa)
        return ATA_ABORTED;
    if (read_native_max_was_just_before(ata, extended)) /* then FEATURES does not count */
        return set_max_address(ata, request, extended);
    if (extended || (uint8_t)request->ata.features != FEATURE_FREEZE_LOCK)
        return ATA_ABORTED;
    ata->max_frozen = true;
    return ATA_DONE;
}

static enum ata_result set_accessible_max(struct ata *ata, uint64_t last) {
    if (ata->amac_frozen || ata->max_was_set || last >= ata_native_sectors(ata))
        return ATA_ABORTED;
    ata->saved->accessible_sectors = ata->accessible_sectors = last + 1;
    ata->max_was_set = true;
    return ATA_DONE;
}

enum ata_result ata_run_accessible_max(struct ata *ata, struct drive_request *request) {
    if (!ata_description(ata)->ata.amac)
        return ATA_ABORTED;
    switch (request->ata.features) {
    case ATA_AMAC_GET_NATIVE:
        ata_put_lba(request, ata_native_sectors(ata) - 1, true);
        return ATA_DONE;
    case ATA_AMAC_SET:
        return set_accessible_max(ata, request->ata.lba);
    case ATA_AMAC_FREEZE_LOCK:
        ata->amac_frozen = true;
        return ATA_DONE;
    default:
        return ATA_ABORTED;
    }
}
