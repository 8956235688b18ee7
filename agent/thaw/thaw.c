#include "quietus/thaw.h"

#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum {
    ASLEEP_SECONDS = 10,
    AWAKE_MS = 10000, /* until the drives are spun up and the kernel has asked them again */
};

int thaw_parse(const char *name, enum thaw *out) {
    if (strcmp(name, "s3") == 0)
        *out = THAW_SUSPEND;
    else if (strcmp(name, "port-reset") == 0)
        *out = THAW_PORT_RESET;
    else
        return -EINVAL;
    return 0;
}

static bool is_frozen(const struct disk *disk) {
    return disk->has_ata && disk->ata.security.frozen;
}

unsigned thaw_wanted(const struct scan *scan, const bool *to_erase) {
    unsigned count = 0;
    for (size_t i = 0; i < scan->disk_count; i++)
        count += is_frozen(scan->disks[i]) && (!to_erase || to_erase[i]);
    return count;
}

/* What would lock when its power goes, and is open now; NULL: nothing. */
static const char *locks_without_power(const struct disk *disk) {
    if (disk->has_ata && disk->ata.security.enabled && !disk->ata.security.locked)
        return "an ATA password is set";
    if (disk->tcg.known && disk->tcg.locking_enabled)
        return "its TCG locking is in use";
    return disk->tcg_unknown ? "whether its TCG locking is in use could not be asked" : NULL;
}

/* Also of disks that are to be kept: nobody asked for theirs to be locked. */
static int check_locks(const struct scan *scan, struct reason *reason) {
    char name[2 * TEXT_FIELD_SIZE + 32];
    for (size_t i = 0; i < scan->disk_count; i++) {
        const char *why = locks_without_power(scan->disks[i]);
        if (!why || disk_not_local(scan->disks[i]))
            continue;
        reason_set(reason, "%.120s would come back locked, or might: %s",
                   disk_name(scan->disks[i], name, sizeof name), why);
        return -EPERM;
    }
    return 0;
}

static int write_text(const char *root, const char *path, const char *text) {
    char whole[PATH_MAX];
    path_format(whole, root, "%s", path);
    const AUTO_FD fd = open(whole, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

/* Like "s2idle [deep]"; the word may be in brackets. */
static bool has_word(const char *root, const char *folder, const char *attribute,
                     const char *word) {
    char whole[PATH_MAX];
    char text[256];
    char *rest = text;
    path_format(whole, root, "%s", folder);
    if (sysfs_text(whole, attribute, text, sizeof text))
        return false;
    for (char *one; (one = strsep(&rest, " []"));) {
        if (strcmp(one, word) == 0)
            return true;
    }
    return false;
}

/* Nobody wakes a server whose alarm was not set: it is read back before the machine sleeps. */
static int set_alarm(const char *root, struct reason *reason) {
    static const char clock[] = "/sys/class/rtc/rtc0";
    char seconds[16];
    char folder[PATH_MAX];
    (void)snprintf(seconds, sizeof seconds, "+%d", ASLEEP_SECONDS);
    path_format(folder, root, "%s", clock);
    (void)write_text(root, "/sys/class/rtc/rtc0/wakealarm", "0");
    const int error = write_text(root, "/sys/class/rtc/rtc0/wakealarm", seconds);
    if (error == 0 && sysfs_number(folder, "wakealarm", 0) > 0)
        return 0;
    reason_set(reason, "the clock takes no alarm that would wake the machine%s%s",
               error ? ": " : "", error ? strerror(-error) : "");
    return error ? error : -EIO;
}

static int suspend(const char *root, struct reason *reason) {
    if (!has_word(root, "/sys/power", "state", "mem") ||
        !has_word(root, "/sys/power", "mem_sleep", "deep")) {
        reason_set(reason, "this machine has no suspend to memory (S3)");
        return -EOPNOTSUPP;
    }
    int error = write_text(root, "/sys/power/mem_sleep", "deep");
    if (error)
        reason_set(reason, "choosing S3: %s", strerror(-error));
    if (error == 0)
        error = set_alarm(root, reason);
    if (error)
        return error;
    error = write_text(root, "/sys/power/state", "mem");
    (void)write_text(root, "/sys/class/rtc/rtc0/wakealarm", "0");
    if (error)
        reason_set(reason, "the kernel did not suspend: %s", strerror(-error));
    return error;
}

/* The SCSI host of a disk, from "H:C:T:L"; -1: none. */
static long host_of(const struct disk *disk) {
    char *end;
    if (disk->path_count == 0)
        return -1;
    const long host = strtol(disk->paths[0].address, &end, 10);
    return end != disk->paths[0].address && *end == ':' ? host : -1;
}

static bool has_other_disks(const struct scan *scan, const bool *to_erase, long host) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (!to_erase[i] && host_of(scan->disks[i]) == host)
            return true;
    }
    return false;
}

static bool was_told(const struct scan *scan, const bool *to_erase, size_t before, long host) {
    for (size_t i = 0; i < before; i++) {
        if (to_erase[i] && is_frozen(scan->disks[i]) && host_of(scan->disks[i]) == host)
            return true;
    }
    return false;
}

/* The hosts of the frozen disks that are to be erased, each once. */
static int reset_ports(const char *root, const struct scan *scan, const bool *to_erase,
                       struct reason *reason) {
    int first_error = 0;
    for (size_t i = 0; i < scan->disk_count; i++) {
        const long host = host_of(scan->disks[i]);
        char path[64];
        if (!to_erase[i] || !is_frozen(scan->disks[i]) || host < 0 ||
            was_told(scan, to_erase, i, host))
            continue;
        (void)snprintf(path, sizeof path, "/sys/class/scsi_host/host%ld/scan", host);
        int error = -EBUSY;
        if (has_other_disks(scan, to_erase, host))
            reason_set(reason, "host%ld has a disk, too, that is not to be erased", host);
        else if ((error = write_text(root, path, "- - -")) != 0)
            reason_set(reason, "%s: %s", path, strerror(-error));
        if (first_error == 0)
            first_error = error;
    }
    return first_error;
}

int thaw_run(enum thaw how, const char *root, const struct scan *scan, const bool *to_erase,
             struct reason *reason) {
    int error = how == THAW_SUSPEND ? check_locks(scan, reason) : 0;
    if (error == 0)
        error =
            how == THAW_SUSPEND ? suspend(root, reason) : reset_ports(root, scan, to_erase, reason);
    if (error == 0)
        clock_sleep_ms(AWAKE_MS);
    return error;
}

static bool was_frozen(const struct scan *before, const struct disk *disk) {
    for (size_t i = 0; i < before->disk_count; i++) {
        const struct disk_identity *other = &before->disks[i]->identity;
        if (is_frozen(before->disks[i]) && strcmp(other->serial, disk->identity.serial) == 0 &&
            strcmp(other->model, disk->identity.model) == 0)
            return true;
    }
    return false;
}

void thaw_note(enum thaw how, const struct scan *before, const struct reason *problem,
               struct scan *after) {
    const char *what = how == THAW_SUSPEND ? "a suspend to memory (S3)" : "a reset of its port";
    for (size_t i = 0; i < after->disk_count; i++) {
        struct disk *disk = after->disks[i];
        if (!was_frozen(before, disk))
            continue;
        if (problem->text[0] != '\0')
            disk_finding(disk, "it could not be thawed by %s: %s", what, problem->text);
        else
            disk_finding(disk, "its ATA security was frozen, and %s after %s",
                         is_frozen(disk) ? "still is" : "is so no more", what);
    }
}
