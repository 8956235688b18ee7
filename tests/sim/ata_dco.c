/* The device configuration overlay: what the drive has, and what it is made to hide
 * (DEVICE-FACTS A.8). Obsolete since ACS-3, and on old drives still there. */
#include "ata.h"
#include "fields.h"

#include <string.h>

/* Byte offsets in the data of IDENTIFY and SET, and bits of the features. */
enum { AT_REVISION = 0, AT_MWDMA = 2, AT_UDMA = 4, AT_MAX_LBA = 6, AT_FEATURES = 14 };
enum {
    FEATURE_SMART = 1 << 0,
    FEATURE_SECURITY = 1 << 3,
    FEATURE_HPA = 1 << 7,
    FEATURE_48_BIT = 1 << 8
};

static void dco_identify(const struct ata *ata, uint8_t *data) {
    const struct ata_description *own = &ata_description(ata)->ata;
    memset(data, 0, ATA_BLOCK);
    store_le(data + AT_REVISION, 2, 0x0002);
    store_le(data + AT_MWDMA, 2, 0x0007);
    store_le(data + AT_UDMA, 2, 0x007f);
    store_le(data + AT_MAX_LBA, 8, ata_capacity_sectors(ata) - 1);
    store_le(data + AT_FEATURES, 2,
             FEATURE_SMART | FEATURE_48_BIT | (own->security ? FEATURE_SECURITY : 0) |
                 (own->hpa ? FEATURE_HPA : 0));
    ata_seal(data);
}

/* With an HPA in place the overlay may not be changed. */
static bool has_hpa(const struct ata *ata) {
    return ata->accessible_sectors != ata_native_sectors(ata);
}

static enum ata_result restore(struct ata *ata) {
    if (has_hpa(ata))
        return ATA_ABORTED;
    ata->saved->native_sectors = 0;
    ata->saved->accessible_sectors = 0;
    ata->saved->security_hidden = false;
    ata_hidden_power_on(ata);
    return ATA_DONE;
}

static bool is_sealed(const uint8_t *data) {
    uint8_t sum = 0;
    for (unsigned i = 0; i < ATA_BLOCK; i++)
        sum = (uint8_t)(sum + data[i]);
    return data[510] == 0xa5 && sum == 0;
}

static enum ata_result set(struct ata *ata, const uint8_t *data) {
    const uint64_t last = load_le(data + AT_MAX_LBA, 8);
    const bool hides_security = !(load_le(data + AT_FEATURES, 2) & FEATURE_SECURITY);
    if (!is_sealed(data) || has_hpa(ata) || last >= ata_capacity_sectors(ata) ||
        (hides_security && ata->saved->security.enabled))
        return ATA_ABORTED;
    ata->saved->native_sectors = last + 1;
    ata->saved->security_hidden = hides_security;
    ata_hidden_power_on(ata);
    return ATA_DONE;
}

enum ata_result ata_run_dco(struct ata *ata, struct drive_request *request) {
    if (!ata_description(ata)->ata.dco || ata->dco_frozen)
        return ATA_ABORTED;
    switch ((uint8_t)request->ata.features) {
    case ATA_DCO_RESTORE:
        return restore(ata);
    case ATA_DCO_FREEZE_LOCK:
        ata->dco_frozen = true;
        return ATA_DONE;
    case ATA_DCO_IDENTIFY:
        dco_identify(ata, request->data);
        request->transferred = ATA_BLOCK;
        return ATA_DONE;
    case ATA_DCO_SET:
        return set(ata, request->data);
    default:
        return ATA_ABORTED;
    }
}
