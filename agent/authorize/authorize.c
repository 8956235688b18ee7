#include "quietus/json.h"
#include "quietus/memory.h"

#include "internal.h"

#include <stdlib.h>

bool decide_untouchable(const struct disk *disk, struct decision *decision) {
    if (disk->boot_medium) {
        decision->disposition = DISPOSITION_EXCLUDED;
        reason_set(&decision->reason, "boot medium: %s", disk->boot_reason);
        return true;
    }
    if (disk->in_use) {
        decision->disposition = DISPOSITION_REFUSED;
        reason_set(&decision->reason, "in use: %s", disk->use_reason);
        return true;
    }
    if (disk->hidden_member) {
        decision->disposition = DISPOSITION_REFUSED;
        reason_set(
            &decision->reason,
            "its RAID controller (%s) hides it, and may have made a volume of it: delete the "
            "volume or make the disk JBOD first",
            disk->controller.driver);
        return true;
    }
    return false;
}

void authorize_nothing(const struct scan *scan, enum disposition disposition, const char *reason,
                       struct authorization *out) {
    *out = (struct authorization){
        .decisions = memory_new(scan->disk_count, sizeof *out->decisions),
        .count = scan->disk_count,
        .absent = json_new_array(),
        .absent_retained = json_new_array(),
    };
    for (size_t i = 0; i < scan->disk_count; i++) {
        out->decisions[i].disposition = disposition;
        reason_set(&out->decisions[i].reason, "%s", reason);
    }
}

void authorization_free(struct authorization *authorization) {
    for (size_t i = 0; i < authorization->count; i++)
        warrant_free(authorization->decisions[i].warrant);
    free(authorization->decisions);
    json_decref(authorization->absent);
    json_decref(authorization->absent_retained);
    json_decref(authorization->absent_expected);
    *authorization = (struct authorization){0};
}
