/* A disk that has vanished from its nodes and may be back under others. */
#include "quietus/device.h"
#include "quietus/json.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <errno.h>
#include <string.h>

/* The kernel counts block devices as they come, and takes no number twice. */
static int64_t block_device_number(const char *root, const char *name) {
    char folder[PATH_MAX];
    path_format(folder, root, "/sys/class/block/%s", name);
    return sysfs_number(folder, "diskseq", 0);
}

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

uint64_t scan_newest_block_device(const char *root) {
    char folder[PATH_MAX];
    char **names;
    int64_t newest = 0;
    path_format(folder, root, "/sys/class/block");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        const int64_t number = block_device_number(root, names[i]);
        newest = number > newest ? number : newest;
    }
    folder_free_names(names, count);
    return (uint64_t)newest;
}

static bool was_there_before(const char *root, const struct disk_area *area,
                             const struct disk *lost) {
    if (strncmp(area->node, "/dev/", 5) != 0)
        return false;
    const int64_t number = block_device_number(root, area->node + 5);
    return number > 0 && (uint64_t)number <= lost->newest_block_device;
}

static bool has_node_of(const struct disk_area *area, const struct disk *lost) {
    for (unsigned i = 0; i < lost->area_count; i++) {
        if (strcmp(area->node, lost->areas[i].node) == 0)
            return true;
    }
    return false;
}

bool scan_is_another(const char *root, const struct disk *candidate, const struct disk *lost) {
    if (lost->commands == COMMANDS_NVME)
        return candidate->identity.serial[0] != '\0' && lost->identity.serial[0] != '\0' &&
               strcmp(candidate->identity.serial, lost->identity.serial) != 0;
    /* Another path to it has been there all the time. */
    if (lost->path_count > 1 || raid_is_behind(&candidate->raid) || candidate->area_count == 0)
        return false;
    for (unsigned i = 0; i < candidate->area_count; i++) {
        if (has_node_of(&candidate->areas[i], lost) ||
            !was_there_before(root, &candidate->areas[i], lost))
            return false;
    }
    return true;
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
        struct device *device =
            scan_is_another(root, scan.disks[i], lost) ? NULL : open_if_same(scan.disks[i], lost);
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
