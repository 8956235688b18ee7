/* A disk that has vanished from its nodes and may be back under others. */
#include "quietus/device.h"

#include "internal.h"

#include <errno.h>
#include <jansson.h>

static bool is_it(const struct disk *candidate, const struct disk *lost) {
    struct device *device;
    struct disk_identity identity;
    struct reason reason;
    if (candidate->commands != lost->commands || device_open(candidate, &device))
        return false;
    const bool same = device_identity(device, &identity, &reason) == 0 &&
                      disk_identity_same(&lost->identity, &identity, &reason);
    device_close(device);
    return same;
}

int scan_find_again(const struct disk *lost, struct disk **out) {
    struct scan scan = {.findings = json_array()};
    size_t found = 0;
    size_t index = 0;
    if (lost->commands == COMMANDS_NVME)
        scan_find_nvme("", &scan);
    else if (lost->commands == COMMANDS_NONE)
        scan_find_block("", &scan);
    else
        scan_find_scsi("", &scan);
    for (size_t i = 0; i < scan.disk_count; i++) {
        if (!is_it(scan.disks[i], lost))
            continue;
        index = i;
        found++;
    }
    if (found == 1) {
        *out = scan.disks[index];
        scan.disks[index] = scan.disks[--scan.disk_count];
    }
    scan_free(&scan);
    return found == 1 ? 0 : found == 0 ? -ENODEV : -EEXIST;
}
