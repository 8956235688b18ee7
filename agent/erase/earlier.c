#include "earlier.h"

#include "scsi_common.h"

#include <errno.h>
#include <string.h>

int earlier_follow(struct follow *follow, int (*ask)(void *user, struct follow_answer *out),
                   void *user, enum follow_end *end) {
    follow->ask = ask;
    follow->user = user;
    *end = follow_to_end(follow);
    follow->user = NULL;
    return 1;
}

static int wait_for_sanitize(const struct earlier *earlier) {
    struct follow follow = {
        .device = armed_device(earlier->armed),
        .progress = earlier->progress,
        .evidence = earlier->evidence,
        .phase = PHASE_EARLIER,
        .part = 1,
        .parts = 1,
        .stall_ms = follow_stall_ms(earlier->policy, 0),
    };
    enum follow_end end = FOLLOW_END_NOTHING;
    int found = 0;
    if (earlier->disk->has_nvme)
        found = nvme_sanitize_wait(earlier, &follow, &end);
    else if (earlier->disk->has_ata && earlier->disk->ata.sanitize.supported)
        found = ata_sanitize_wait(earlier, &follow, &end);
    else if (earlier->disk->commands == COMMANDS_SCSI && earlier->disk->bus == BUS_SAS)
        found = scsi_operation_wait(earlier, &follow, &end);
    /* One that failed is no obstacle to another. */
    if (found == 0 || end == FOLLOW_END_SUCCEEDED || end == FOLLOW_END_FAILED)
        return 0;
    char text[96];
    reason_set(earlier->reason, "a sanitize from before this run is under way in the drive, and %s",
               follow_end_text(&follow, end, text, sizeof text));
    return -ETIME;
}

int earlier_settle(const struct earlier *earlier) {
    const int error = wait_for_sanitize(earlier);
    if (error)
        return error;
    return earlier->disk->has_ata ? ata_security_open(earlier) : 0;
}

/* After a restart the kernel knows the whole capacity from the beginning. */
static void explain_not_back(const struct disk *disk, int error, struct reason *reason) {
    const bool is_nameless = disk_can_be_mistaken(disk) && !disk->has_twin;
    if (error != -EEXIST) {
        reason_set(reason, "it has not come back after hidden capacity was opened: %s",
                   strerror(-error));
        return;
    }
    reason_set(reason,
               "hidden capacity was opened, which the kernel sees only when it finds the disk "
               "anew, and another disk cannot be told from it, since %s run again",
               is_nameless ? "it reports neither serial number nor WWN; restart the server and"
                           : "both report the same identity; remove the other one, or restart the "
                             "server, and");
}

int earlier_grown(const struct earlier *earlier, uint64_t sectors, struct disk *now) {
    struct device *device = armed_device(earlier->armed);
    int error = armed_grown(earlier->armed, earlier->reason);
    if (error)
        return error;
    now->identity = *armed_expected(earlier->armed);
    for (unsigned i = 0; i < now->area_count; i++)
        now->areas[i].lba_count = sectors;
    progress_expect(earlier->progress, PROGRESS_SILENCE_MS);
    error = device_rediscover(device);
    if (error) {
        explain_not_back(now, error, earlier->reason);
        return error;
    }
    memcpy(now->areas, device_areas(device), sizeof now->areas);
    return 0;
}
