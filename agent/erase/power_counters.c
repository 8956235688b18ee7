#include "power_counters.h"

#include "quietus/ask.h"
#include "quietus/json.h"

static bool is_nvme(const struct disk *disk) {
    return disk->commands == COMMANDS_NVME;
}

static bool is_ata(const struct disk *disk) {
    return disk->commands == COMMANDS_ATA && disk->has_ata && disk->ata.smart_enabled;
}

/* Bridges to USB are asked for nothing that they may not know. */
static bool has_ata_logs(const struct disk *disk) {
    return disk->commands == COMMANDS_ATA && disk->has_ata && disk->ata.logs &&
           disk->bus != BUS_USB;
}

static bool is_scsi(const struct disk *disk) {
    return disk->commands == COMMANDS_SCSI && disk->bus != BUS_USB && !disk_is_volume(disk);
}

static int ask_power_cycles(struct device *device, uint64_t *out) {
    struct nvme_health health;
    const int error = ask_nvme_health(device, &health);
    *out = error ? 0 : health.power_cycles;
    return error;
}

static int ask_unsafe_shutdowns(struct device *device, uint64_t *out) {
    struct nvme_health health;
    const int error = ask_nvme_health(device, &health);
    *out = error ? 0 : health.unsafe_shutdowns;
    return error;
}

static int ask_power_on_resets(struct device *device, uint64_t *out) {
    uint32_t count = 0;
    const int error = ask_ata_power_on_resets(device, &count);
    *out = count;
    return error;
}

static int ask_attribute(struct device *device, uint64_t *out) {
    struct ata_smart smart;
    const int error = ask_ata_smart(device, &smart);
    *out = error ? UINT64_MAX : smart.power_cycles;
    return error;
}

static int ask_starts(struct device *device, uint64_t *out) {
    uint32_t count = 0;
    const int error = ask_scsi_starts(device, &count);
    *out = count;
    return error;
}

/*
 * Sources: NVMe, SMART / health log (02h); ACS, device statistics, and attribute 12, which no
 * standard has but all makers; SPC, log page 0Eh (DEVICE-FACTS A.9, B.6, C). Of a SAS disk that
 * does not rotate, and of some that do, there is none: the unit attention of a power-on (29h) would
 * say it, but the kernel takes it, and prints the same of any reset.
 */
static const struct {
    const char *name; /* in the evidence */
    bool (*offered)(const struct disk *disk);
    int (*ask)(struct device *device, uint64_t *out);
} counters[POWER_COUNTERS] = {
    {"power_cycles", is_nvme, ask_power_cycles},
    {"unsafe_shutdowns", is_nvme, ask_unsafe_shutdowns},
    {"power_on_resets", has_ata_logs, ask_power_on_resets},
    {"power_cycle_attribute", is_ata, ask_attribute},
    {"start_stop_cycles", is_scsi, ask_starts},
};

struct power_counters power_counters_ask(struct device *device, const struct disk *disk) {
    struct power_counters out = {0};
    for (unsigned i = 0; i < POWER_COUNTERS; i++) {
        out.known[i] = counters[i].offered(disk) && counters[i].ask(device, &out.value[i]) == 0 &&
                       out.value[i] != UINT64_MAX;
        out.value[i] &= INT64_MAX; /* as documents can have it */
    }
    return out;
}

static json_t *as_json(const struct power_counters *read) {
    json_t *object = json_new_object();
    for (unsigned i = 0; i < POWER_COUNTERS; i++) {
        if (read->known[i])
            json_put_count(object, counters[i].name, read->value[i]);
    }
    return object;
}

bool power_counters_changed(const struct power_counters *before, struct device *device,
                            const struct disk *disk, const char *method,
                            struct evidence *evidence) {
    const struct power_counters after = power_counters_ask(device, disk);
    unsigned compared = 0;
    bool changed = false;
    for (unsigned i = 0; i < POWER_COUNTERS; i++) {
        compared += before->known[i];
        changed = changed ||
                  (before->known[i] && (!after.known[i] || after.value[i] != before->value[i]));
    }
    json_t *event = json_new_object();
    json_put_text(event, "method", method);
    json_put(event, "before", as_json(before));
    json_put(event, "after", as_json(&after));
    json_put_text(event, "result",
                  compared == 0 ? "the drive tells no counter"
                  : changed     ? "not as before"
                                : "as before");
    evidence_event(evidence, "power-counters", event);
    return changed;
}

void power_counters_except(json_t *exceptions, bool by_host) {
    json_add_text(exceptions,
                  by_host
                      ? "by its own counters (evidence: power-counters) the drive may have lost "
                        "power while it was overwritten, and with it what it had acknowledged: "
                        "every byte had to be read back"
                      : "by its own counters (evidence: power-counters) the drive may have lost "
                        "power during the attempt: markers that it had acknowledged may be "
                        "lost, and then samples of places that were blank say nothing");
}
