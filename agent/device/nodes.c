/* That the node which takes commands and the one which is written to are one disk's. */
#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Where the kernel's tree has the device of an open node; sub: what to follow from there. */
static int place_of(int fd, const char *sub, char out[PATH_MAX]) {
    struct stat status;
    char path[PATH_MAX];
    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode))
        return -ENODEV;
    path_format(path, "", "/sys/dev/%s/%u:%u%s", S_ISBLK(status.st_mode) ? "block" : "char",
                major(status.st_rdev), minor(status.st_rdev), sub);
    return realpath(path, out) ? 0 : -ENODEV;
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* A namespace hangs on its controller, or, with several paths, on a subsystem that lists it. */
static bool is_namespace_of(const char *controller, const char *parent) {
    char path[PATH_MAX];
    char real[PATH_MAX];
    const char *name = strrchr(controller, '/');
    if (strcmp(controller, parent) == 0)
        return true;
    path_format(path, parent, "/%s", name ? name + 1 : "");
    return realpath(path, real) && strcmp(real, controller) == 0;
}

int nodes_belong_together(int command_fd, int area_fd) {
    char command[PATH_MAX];
    char area[PATH_MAX];
    int error = place_of(area_fd, "/device", area);
    if (error == 0)
        error = place_of(command_fd, "", command);
    if (error)
        return error;
    const char *name = strrchr(command, '/');
    if (name && starts_with(name, "/nvme"))
        return is_namespace_of(command, area) ? 0 : -ESTALE;
    /* SCSI: the generic node, or the block device itself. */
    error = place_of(command_fd, "/device", command);
    if (error)
        return error;
    return strcmp(command, area) == 0 ? 0 : -ESTALE;
}

static int write_file(const char *path, const char *text) {
    const AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

int nodes_rediscover(int command_fd) {
    char device[PATH_MAX];
    char path[PATH_MAX];
    int error = place_of(command_fd, "/device", device);
    if (error)
        return error;
    /* .../hostN/targetN:C:T/N:C:T:L */
    char *host = strstr(device, "/host");
    char *end = host ? strchr(host + 1, '/') : NULL;
    if (!end)
        return -ENODEV;
    path_format(path, device, "/delete");
    error = write_file(path, "1");
    if (error)
        return error;
    *end = '\0';
    path_format(path, device, "/scsi_host%s/scan", strrchr(device, '/'));
    return write_file(path, "- - -");
}
