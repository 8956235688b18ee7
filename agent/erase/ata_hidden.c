/*
 * Capacity that a drive hides from the host (DEVICE-FACTS A.8): a host protected area or an
 * accessible max address first, then a device configuration overlay, which cannot be lifted while
 * one of the others is there. Each is opened for good: a volatile change would end with the next
 * reset.
 */
#include "quietus/ask.h"
#include "quietus/json.h"

#include "earlier.h"

#include <errno.h>

enum { TIMEOUT_MS = 30000, LBA_MODE = 0x40, ROUNDS = 3 };

/* SET MAX has to follow READ NATIVE MAX at once. */
static int open_hpa(const struct earlier *earlier, const struct ata_identify *identify,
                    uint64_t native) {
    int first_error;
    struct ata_registers registers;
    const struct ata_step ask = {
        .name = "READ NATIVE MAX ADDRESS",
        .taskfile = {.protocol = ATA_NON_DATA,
                     .extended = identify->lba48,
                     .device = LBA_MODE,
                     .command = identify->lba48 ? ATA_READ_NATIVE_MAX_EXT : ATA_READ_NATIVE_MAX},
        .timeout_ms = TIMEOUT_MS,
    };
    const struct ata_step set = {
        .name = "SET MAX ADDRESS (persistent)",
        .taskfile = {.protocol = ATA_NON_DATA,
                     .extended = identify->lba48,
                     .count = ATA_SET_MAX_PERSISTENT,
                     .lba = native - 1,
                     .device = LBA_MODE,
                     .command = identify->lba48 ? ATA_SET_MAX_EXT : ATA_SET_MAX},
        .timeout_ms = TIMEOUT_MS,
    };
    return armed_ata_pair(earlier->armed, &ask, &set, &first_error, &registers, earlier->reason);
}

static int send(const struct earlier *earlier, const char *name, uint8_t command, uint16_t features,
                uint64_t lba) {
    struct ata_registers registers;
    const struct ata_taskfile taskfile = {
        .protocol = ATA_NON_DATA,
        .extended = command == ATA_ACCESSIBLE_MAX,
        .features = features,
        .lba = lba,
        .device = LBA_MODE,
        .command = command,
    };
    return armed_ata(earlier->armed, name, &taskfile, NULL, TIMEOUT_MS, &registers,
                     earlier->reason);
}

/* Opens the outermost of what hides something. -ENOENT: nothing hides anything. */
static int open_one(const struct earlier *earlier, const struct ata_identify *identify) {
    struct device *device = armed_device(earlier->armed);
    uint64_t native;
    uint64_t dco;
    if (ask_ata_native(device, identify, &native) == 0 && native > identify->sectors) {
        if (identify->amac_supported)
            return send(earlier, "SET ACCESSIBLE MAX ADDRESS EXT", ATA_ACCESSIBLE_MAX, ATA_AMAC_SET,
                        native - 1);
        return open_hpa(earlier, identify, native);
    }
    if (identify->dco_supported && ask_ata_dco(device, &dco) == 0 && dco > identify->sectors + 1)
        return send(earlier, "DEVICE CONFIGURATION RESTORE", ATA_DCO, ATA_DCO_RESTORE, 0);
    return -ENOENT;
}

static void record(const struct earlier *earlier, uint64_t before, const struct disk *now) {
    json_t *event = json_new_object();
    json_put_count(event, "sectors_before", before);
    json_put_count(event, "sectors_now", now->ata.sectors);
    json_put_count(event, "native_sectors", now->native_sectors);
    evidence_event(earlier->evidence, "hidden-areas", event);
}

int ata_hidden_open(const struct earlier *earlier, struct disk *now) {
    struct ata_identify identify;
    const uint64_t before = now->ata.sectors;
    struct device *device = armed_device(earlier->armed);
    bool opened = false;
    if (!now->hidden_known || now->native_sectors <= before)
        return 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (ask_ata_identify(device, &identify))
            break;
        const int error = open_one(earlier, &identify);
        if (error == -ESTALE)
            return error;
        if (error)
            break;
        opened = true;
        struct reason ignored;
        if (armed_grown(earlier->armed, &ignored) == -ESTALE) {
            *earlier->reason = ignored;
            return -ESTALE;
        }
    }
    earlier->reason->text[0] = '\0';
    if (ask_ata_identify(device, &now->ata)) {
        reason_set(earlier->reason, "it does not answer after hidden capacity was opened");
        return -EIO;
    }
    record(earlier, before, now);
    return opened ? earlier_grown(earlier, now->ata.sectors, now) : 0;
}
