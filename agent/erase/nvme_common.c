#include "nvme_common.h"

#include "quietus/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <libnvme.h>
#include <string.h>

int nvme_judge_completion(struct erase_run *run, const char *what,
                          const struct nvme_command *command, int error) {
    if (error == -ESTALE) {
        run->facts->refuted = true; /* another disk: nothing was sent, and the reason is there */
        return error;
    }
    if (error) {
        reason_set(run->reason, "%s got lost: %s", what, strerror(-error));
        return -EIO;
    }
    if (command->status == 0)
        return 0;
    run->facts->refuted = (command->status >> 8 & 7) != NVME_SCT_PATH;
    reason_set(run->reason, "%s %s: %s (%04xh)", what,
               run->facts->refuted ? "was refused by the drive" : "got lost",
               nvme_status_to_string(command->status, false), command->status);
    return -EIO;
}

int nvme_namespaces_unchanged(struct erase_run *run) {
    for (unsigned i = 0; i < run->disk->area_count; i++) {
        const struct disk_area *area = &run->disk->areas[i];
        struct nvme_namespace now;
        const int error = ask_nvme_namespace(armed_device(run->armed), area->nsid, &now);
        if (error) {
            reason_set(run->reason, "namespace %" PRIu32 " does not answer after the erase",
                       area->nsid);
            return error;
        }
        if (now.format_progress_reported && now.format_remaining > 0) {
            reason_set(run->reason, "namespace %" PRIu32 " says that %u %% of its format are left",
                       area->nsid, now.format_remaining);
            return -EBUSY;
        }
        if (now.size != area->ns.size || now.format_index != area->ns.format_index ||
            now.protection != area->ns.protection) {
            reason_set(run->reason, "namespace %" PRIu32 " has another size or format than before",
                       area->nsid);
            return -ESTALE;
        }
    }
    return 0;
}
