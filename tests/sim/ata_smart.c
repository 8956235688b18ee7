/* SMART: attributes, thresholds, status, logs (DEVICE-FACTS A.9; layouts: SMART as smartmontools
 * and vendors' manuals have it). */
#include "ata.h"
#include "fields.h"

#include <string.h>

enum { SIGNATURE = 0xc24f00, EXCEEDED = 0x2cf400 }; /* LBA 23:8 */

/* Degrees Celsius: 38 now, at least 20 and at most 45 so far, as many drives have it. */
static const uint64_t temperature = 45ULL << 32 | 20U << 16 | 38;

struct ata_health ata_health_of(const struct ata *ata) {
    const struct drive_description *description = ata_description(ata);
    const struct ata_description *own = &description->ata;
    const uint64_t retired = media_retired_pages(ata->drive->media);
    return (struct ata_health){
        .reallocated = own->reallocated + retired * (MEDIA_PAGE / description->sector),
        .pending = own->pending,
        .uncorrectable = own->uncorrectable,
        .power_on_hours = own->power_on_hours,
    };
}

static void put_attribute(uint8_t *to, uint8_t id, uint16_t flags, uint64_t raw) {
    to[0] = id;
    store_le(to + 1, 2, flags);
    to[3] = to[4] = 100; /* current, worst */
    store_le(to + 5, 6, raw);
}

enum { REVISION = 0x0010, ATTRIBUTES_AT = 2, ATTRIBUTE = 12, PREFAILURE = 0x0033, AGE = 0x0032 };

static void seal(uint8_t *data) {
    uint8_t sum = 0;
    for (unsigned i = 0; i < ATA_BLOCK - 1; i++)
        sum = (uint8_t)(sum + data[i]);
    data[ATA_BLOCK - 1] = (uint8_t)-sum;
}

static void put_data(const struct ata *ata, uint8_t *data) {
    const struct ata_health health = ata_health_of(ata);
    const bool counts = ata_description(ata)->counts_power;
    const uint64_t powered_on = ata->drive->state->powered_on;
    const struct {
        uint8_t id;
        uint16_t flags;
        uint64_t raw;
    } attributes[] = {{5, PREFAILURE, health.reallocated},
                      {9, AGE, health.power_on_hours},
                      {counts ? 12 : 0, counts ? AGE : 0, counts ? powered_on : 0},
                      {194, AGE, temperature},
                      {197, AGE, health.pending},
                      {198, AGE, health.uncorrectable}};
    memset(data, 0, ATA_BLOCK);
    store_le(data, 2, REVISION);
    uint8_t *at = data + ATTRIBUTES_AT;
    for (unsigned i = 0; i < sizeof attributes / sizeof *attributes; i++, at += ATTRIBUTE)
        put_attribute(at, attributes[i].id, attributes[i].flags, attributes[i].raw);
    if (ata_description(ata)->smart_failing) /* the first is below its threshold */
        data[ATTRIBUTES_AT + 3] = data[ATTRIBUTES_AT + 4] = 1;
    seal(data);
}

static void put_thresholds(uint8_t *data) {
    static const uint8_t thresholds[][2] = {{5, 10}, {9, 0}, {12, 0}, {194, 0}, {197, 0}, {198, 0}};
    memset(data, 0, ATA_BLOCK);
    store_le(data, 2, REVISION);
    for (unsigned i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
        memcpy(data + ATTRIBUTES_AT + (size_t)i * ATTRIBUTE, thresholds[i], 2);
    seal(data);
}

/* The directory, and an empty error log and self-test log. */
static enum ata_result read_log(struct drive_request *request) {
    enum { DIRECTORY = 0x00, ERRORS = 0x01, SELF_TESTS = 0x06 };
    const uint8_t address = (uint8_t)request->ata.lba;
    if (request->ata.count != 1)
        return ATA_ABORTED;
    memset(request->data, 0, ATA_BLOCK);
    request->data[0] = 1;       /* version, of all three */
    if (address == DIRECTORY) { /* two bytes for each log: its length */
        request->data[(size_t)2 * ERRORS] = request->data[(size_t)2 * SELF_TESTS] = 1;
    } else if (address == ERRORS || address == SELF_TESTS) {
        seal(request->data);
    } else {
        return ATA_ABORTED;
    }
    request->transferred = ATA_BLOCK;
    return ATA_DONE;
}

static enum ata_result read_data(struct ata *ata, struct drive_request *request, bool thresholds) {
    if (thresholds)
        put_thresholds(request->data);
    else
        put_data(ata, request->data);
    request->transferred = ATA_BLOCK;
    return ATA_DONE;
}

static enum ata_result return_status(const struct ata *ata, struct drive_request *request) {
    request->ata_out.lba = ata_description(ata)->smart_failing ? EXCEEDED : SIGNATURE;
    return ATA_DONE;
}

enum ata_result ata_run_smart(struct ata *ata, struct drive_request *request) {
    const uint8_t feature = (uint8_t)request->ata.features;
    if ((request->ata.lba & 0xffff00) != SIGNATURE || (!ata->smart && feature != ATA_SMART_ENABLE))
        return ATA_ABORTED;
    switch (feature) {
    case ATA_SMART_READ_DATA:
    case ATA_SMART_READ_THRESHOLDS:
        return read_data(ata, request, feature == ATA_SMART_READ_THRESHOLDS);
    case ATA_SMART_READ_LOG:
        return read_log(request);
    case ATA_SMART_RETURN_STATUS:
        return return_status(ata, request);
    case ATA_SMART_ENABLE:
    case ATA_SMART_DISABLE:
        ata->smart = feature == ATA_SMART_ENABLE;
        return ATA_DONE;
    case ATA_SMART_AUTOSAVE:
    case ATA_SMART_OFFLINE_IMMEDIATE:
        return ATA_DONE;
    default:
        return ATA_ABORTED;
    }
}
