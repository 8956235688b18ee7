#include "parts.h"

#include "quietus/clock.h"
#include "quietus/device.h"
#include "quietus/scan.h"

#include "scsi_reservation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void disk_run_new_parts(struct disk_run *run) {
    for (unsigned i = 0; i < run->disk->part_count; i++)
        run->parts[run->part_count++] = disk_run_new(
            run->disk->parts[i], warrant_take_part(run->warrant, i), run->policy, run->run_id);
}

static void name_part(const struct disk *part, const char *what, struct reason *reason) {
    char name[DISK_NODE_SIZE + TEXT_FIELD_SIZE + 4];
    char text[sizeof reason->text];
    (void)snprintf(text, sizeof text, "%s", what);
    reason_set(reason, "part %.60s: %.230s", disk_part_name(part, name, sizeof name), text);
}

static int open_part(const struct disk *part, struct device **device) {
    const int error = device_open(part, device);
    return error && part->path_count > 1 ? scan_find_again(NULL, part, device) : error;
}

static int ask_part(struct device *device, const struct disk *part, const struct policy *policy,
                    struct reason *reason) {
    struct disk_identity now;
    struct reason why = {""};
    if (device_identity(device, &now, &why) || !disk_identity_same(&part->identity, &now, &why)) {
        name_part(part, why.text, reason);
        return -ESTALE;
    }
    if (policy->clear_reservations || !scsi_is_reserved(device, &why))
        return 0;
    name_part(part, why.text, reason);
    return -EACCES;
}

/* 0 if the part is there and says who it is; -EACCES if another host has it. */
static int look_at_part(const struct disk *part, const struct policy *policy,
                        struct reason *reason) {
    struct device *device;
    int error = open_part(part, &device);
    if (error) {
        name_part(part, "it cannot be opened", reason);
        return error;
    }
    error = ask_part(device, part, policy, reason);
    device_close(device);
    return error;
}

static int look_at_all(struct disk_run *run) {
    for (unsigned i = 0; i < run->part_count; i++) {
        struct reason why;
        const int error = look_at_part(run->parts[i]->disk, run->policy, &why);
        if (error == 0)
            continue;
        reason_set(&run->problem, "%.280s; nothing was done to the others", why.text);
        run->refused = error == -EACCES;
        return error;
    }
    return 0;
}

static void execute_part(struct disk_run *run, unsigned i) {
    struct disk_run *part = run->parts[i];
    part->secrets = run->secrets;
    progress_expect(&part->progress, PROGRESS_SILENCE_MS);
    atomic_store(&run->part, i);
    disk_run_execute(part);
    disk_secrets_wipe(&part->secrets);
    atomic_store(&part->ended_flag, true);
}

void disk_run_execute_parts(struct disk_run *run) {
    run->started = clock_now();
    if (look_at_all(run) == 0) {
        for (unsigned i = 0; i < run->part_count && !atomic_load(&run->progress.given_up); i++)
            execute_part(run, i);
    }
    disk_secrets_wipe(&run->secrets);
    run->ended = clock_now();
}

enum disposition disk_run_disposition_of_parts(const struct disk_run *run, struct reason *reason) {
    enum disposition parts[DISK_PARTS];
    struct reason reasons[DISK_PARTS];
    unsigned which;
    for (unsigned i = 0; i < run->part_count; i++)
        parts[i] = disk_run_disposition(run->parts[i], &reasons[i]);
    const enum disposition whole = outcome_of_parts(parts, run->part_count, &which);
    if (whole == DISPOSITION_ERASED)
        reason_set(reason, "each of its %u parts: %.250s", run->part_count, reasons[which].text);
    else
        name_part(run->parts[which]->disk, reasons[which].text, reason);
    return whole;
}

const struct attempt *disk_run_least_attempt(const struct disk_run *run) {
    const struct attempt *least = NULL;
    for (unsigned i = 0; i < run->part_count; i++) {
        const struct attempt *last = disk_run_last_attempt(run->parts[i]);
        if (!last)
            return NULL;
        if (!least || last->claim.category < least->claim.category)
            least = last;
    }
    return least;
}
