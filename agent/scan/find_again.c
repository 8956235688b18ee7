/* A disk that has vanished from its nodes and may be back under others. */
#include "quietus/device.h"
#include "quietus/json.h"

#include "internal.h"

#include <errno.h>

/* What is read and written by commands has no block device to find; that its capacity is the same
 * is a part of being the same disk. */
static void take_areas(struct disk *candidate, const struct disk *lost) {
    if (candidate->area_count != 0 || lost->area_count != 1 || lost->areas[0].node[0] != '\0' ||
        lost->commands == COMMANDS_NVME)
        return;
    candidate->areas[0] = lost->areas[0];
    candidate->area_count = 1;
}

/* The candidate, opened, if it says that it is the lost disk; else NULL. */
static struct device *open_if_same(struct disk *candidate, const struct disk *lost) {
    struct device *device;
    struct disk_identity identity;
    struct reason reason;
    /* No disk of a network is asked on behalf of one that is not. */
    if (disk_not_local(candidate) && !disk_not_local(lost))
        return NULL;
    if (raid_is_behind(&candidate->raid) && !raid_prepare(candidate))
        return NULL;
    take_areas(candidate, lost);
    if (candidate->commands != lost->commands || device_open(candidate, &device))
        return NULL;
    if (device_identity(device, &identity, &reason) == 0 &&
        disk_identity_same(&lost->identity, &identity, &reason))
        return device;
    device_close(device);
    return NULL;
}

int scan_find_again_below(const char *root, const struct disk *lost, struct device **out) {
    struct scan scan = {.findings = json_new_array()};
    unsigned found = 0;
    if (raid_is_behind(&lost->raid))
        scan_find_raid(root, true, &scan);
    else if (lost->commands == COMMANDS_NVME)
        scan_find_nvme(root, &scan);
    else if (lost->commands == COMMANDS_NONE)
        scan_find_block(root, &scan);
    else
        scan_find_scsi(root, &scan);
    for (size_t i = 0; i < scan.disk_count; i++) {
        struct device *device = open_if_same(scan.disks[i], lost);
        if (device && found++ == 0)
            *out = device;
        else
            device_close(device);
    }
    scan_free(&scan);
    if (found > 1)
        device_close(*out);
    return found == 1 ? 0 : found == 0 ? -ENODEV : -EEXIST;
}

int scan_find_again(void *user, const struct disk *lost, struct device **out) {
    (void)user;
    return scan_find_again_below("", lost, out);
}
