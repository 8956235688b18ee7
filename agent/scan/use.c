/* Whether anything on this machine uses a disk, and whether the system was booted from it. */
#include "quietus/cleanup.h"
#include "quietus/json.h"
#include "quietus/stick.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The value of a kernel option; "" if it was not given. */
static void kernel_option(const char *root, const char *name, char *out, size_t size) {
    char path[PATH_MAX];
    char line[4096];
    char *rest = line;
    out[0] = '\0';
    path_format(path, root, "/proc");
    (void)sysfs_text(path, "cmdline", line, sizeof line);
    for (char *word; (word = strsep(&rest, " \n"));) {
        const size_t length = strlen(name);
        if (strncmp(word, name, length) == 0 && word[length] == '=')
            text_copy(out, size, word + length + 1);
    }
}

/* What init looks for a stick on. Whoever had the server could put a label on its own disks, which
 * must not keep them from being erased. */
static bool may_be_stick(const struct disk *disk) {
    return disk->bus == BUS_USB || disk->removable || disk->virtual_medium;
}

static bool names_boot_medium(const json_t *signature, const char *uuid, struct disk *disk) {
    const bool is_labelled = strcmp(json_text(signature, "label"), STICK_LABEL) == 0;
    if (uuid[0] != '\0' && strcmp(json_text(signature, "uuid"), uuid) == 0) {
        disk->has_medium_uuid = true;
        text_copy(disk->boot_reason, sizeof disk->boot_reason,
                  "this system was booted from it (quietus.medium)");
    } else if (is_labelled && may_be_stick(disk))
        text_copy(disk->boot_reason, sizeof disk->boot_reason,
                  "it carries a file system with the label QUIETUS");
    else {
        if (is_labelled)
            disk_finding(disk, "it carries a file system with the label QUIETUS, but is no stick: "
                               "it is treated as any other disk");
        return false;
    }
    disk->boot_medium = true;
    return true;
}

static void check_boot_medium(const char *root, struct disk *disk) {
    char uuid[128];
    size_t i;
    size_t k;
    json_t *area;
    json_t *entry;
    kernel_option(root, "quietus.medium", uuid, sizeof uuid);
    json_array_foreach(disk->content, i, area) {
        json_array_foreach(json_object_get(area, "signatures"), k, entry) {
            if (names_boot_medium(entry, uuid, disk))
                return;
        }
        json_t *table = json_object_get(area, "table");
        size_t p;
        json_t *partition;
        json_array_foreach(json_object_get(table, "partitions"), p, partition) {
            json_array_foreach(json_object_get(partition, "signatures"), k, entry) {
                if (names_boot_medium(entry, uuid, disk))
                    return;
            }
        }
    }
}

static unsigned count_media(const struct scan *scan, bool sticks_only) {
    unsigned count = 0;
    for (size_t i = 0; i < scan->disk_count; i++)
        count += scan->disks[i]->has_medium_uuid && (!sticks_only || may_be_stick(scan->disks[i]));
    return count;
}

/*
 * A file system's UUID is copied with a disk, and anybody can write one: where a stick carries it,
 * built-in disks that do too are like all others. Where none does, nobody can know, and none is
 * touched: that is told, since a disk may be left out by it that nobody booted from.
 */
static void judge_medium(struct disk *disk, unsigned media, unsigned sticks) {
    if (may_be_stick(disk))
        return;
    if (sticks > 0) {
        disk->boot_medium = false;
        disk->boot_reason[0] = '\0';
        disk_finding(disk, "it carries the file system that quietus.medium names, and so does a "
                           "stick: it is treated as any other disk");
    } else if (media > 1) {
        disk_finding(disk,
                     "one of %u disks with the file system that quietus.medium names: from which "
                     "of them this system was booted cannot be known, and none is touched",
                     media);
    } else {
        disk_finding(disk, "it is taken for the boot medium by a file system's UUID alone "
                           "(quietus.medium), and is no stick");
    }
}

void use_judge_media(struct scan *scan) {
    const unsigned media = count_media(scan, false);
    const unsigned sticks = count_media(scan, true);
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (scan->disks[i]->has_medium_uuid)
            judge_medium(scan->disks[i], media, sticks);
    }
}

/* The first reason found is the one that is told. */
__attribute__((format(printf, 2, 3))) static void set_in_use(struct disk *disk, const char *format,
                                                             ...) {
    if (disk->in_use)
        return;
    disk->in_use = true;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(disk->use_reason, sizeof disk->use_reason, format, arguments);
    va_end(arguments);
}

/* A stacked device (md, dm, bcache, ...) holds the block device. */
static void check_holders(const char *folder, struct disk *disk) {
    char path[PATH_MAX];
    char **names;
    path_format(path, folder, "/holders");
    const size_t count = folder_names(path, &names);
    if (count > 0)
        set_in_use(disk, "%s is built on it", names[0]);
    folder_free_names(names, count);
}

/* mountinfo's third field is the device's number. */
static void check_mounts(const char *root, const char *number, struct disk *disk) {
    char path[PATH_MAX];
    char line[4096];
    path_format(path, root, "/proc/self/mountinfo");
    AUTO_STREAM stream = fopen(path, "re");
    while (stream && fgets(line, sizeof line, stream)) {
        char device[32];
        char point[256];
        if (sscanf(line, "%*s %*s %31s %*s %255s", device, point) == 2 &&
            strcmp(device, number) == 0)
            set_in_use(disk, "it is mounted on %s", point);
    }
}

static void check_swaps(const char *root, const char *number, struct disk *disk) {
    char path[PATH_MAX];
    char line[1024];
    path_format(path, root, "/proc/swaps");
    AUTO_STREAM stream = fopen(path, "re");
    while (stream && fgets(line, sizeof line, stream)) {
        char name[512];
        char text[32];
        struct stat status;
        if (sscanf(line, "%511s", name) != 1 || stat(name, &status) != 0 ||
            !S_ISBLK(status.st_mode))
            continue;
        (void)snprintf(text, sizeof text, "%u:%u", major(status.st_rdev), minor(status.st_rdev));
        if (strcmp(text, number) == 0)
            set_in_use(disk, "%s is used as swap", name);
    }
}

static void check_block(const char *root, const char *folder, struct disk *disk) {
    char number[32];
    check_holders(folder, disk);
    if (sysfs_text(folder, "dev", number, sizeof number))
        return;
    check_mounts(root, number, disk);
    check_swaps(root, number, disk);
}

/* A block device and its partitions, which are the folders in its own that have a number. */
static void check_area(const char *root, const char *name, struct disk *disk) {
    char folder[PATH_MAX];
    char partition[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/class/block/%s", name);
    check_block(root, folder, disk);
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(partition, folder, "/%s", names[i]);
        if (sysfs_number(partition, "partition", -1) > 0)
            check_block(root, partition, disk);
    }
    folder_free_names(names, count);
}

void use_check(const char *root, struct disk *disk) {
    check_boot_medium(root, disk);
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (strncmp(disk->areas[i].node, "/dev/", 5) == 0)
            check_area(root, disk->areas[i].node + 5, disk);
    }
}
