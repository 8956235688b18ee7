/* A disk that has vanished from its nodes and may be back under others. */
#include "quietus/device.h"
#include "quietus/json.h"

#include "internal.h"

#include <errno.h>

static uint64_t bytes_of(const struct disk *disk) {
    uint64_t bytes = 0;
    for (unsigned i = 0; i < disk->area_count; i++)
        bytes += disk->areas[i].lba_count * disk->areas[i].lba_size;
    return bytes;
}

/*
 * Sectors that have no block device are read and written by commands: nothing to find but the path.
 * Otherwise the block device has to be as large as it was: on another path the kernel may not have
 * seen yet that the capacity has changed.
 */
static bool take_areas(struct disk *candidate, const struct disk *lost) {
    const bool by_command =
        lost->area_count == 1 && lost->areas[0].node[0] == '\0' && lost->commands != COMMANDS_NVME;
    if (by_command && (candidate->area_count == 0 || lost->commands == COMMANDS_SCSI)) {
        candidate->area_count = 1;
        candidate->areas[0] = lost->areas[0];
        return true;
    }
    return lost->path_count < 2 || bytes_of(candidate) == bytes_of(lost);
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
    if (candidate->commands != lost->commands || !take_areas(candidate, lost) ||
        device_open(candidate, &device))
        return NULL;
    if (device_identity(device, &identity, &reason) == 0 &&
        disk_identity_same(&lost->identity, &identity, &reason))
        return device;
    device_close(device);
    return NULL;
}

int scan_find_again_below(const char *root, const struct disk *lost, struct device **out) {
    if (disk_can_be_mistaken(lost))
        return -EEXIST;
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
    if (found == 0)
        return -ENODEV;
    /* A disk with two paths is found twice: the first that answers will do. */
    if (found <= (lost->path_count > 1 ? lost->path_count : 1))
        return 0;
    device_close(*out);
    return -EEXIST;
}

int scan_find_again(void *user, const struct disk *lost, struct device **out) {
    (void)user;
    return scan_find_again_below("", lost, out);
}
