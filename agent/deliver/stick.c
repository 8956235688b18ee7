#include "quietus/stick.h"

#include "quietus/cleanup.h"
#include "quietus/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

bool stick_present(const char *stick) {
    struct stat status;
    return stat(stick, &status) == 0 && S_ISDIR(status.st_mode);
}

bool stick_writable(const char *stick) {
    struct statvfs status;
    return stick_present(stick) && statvfs(stick, &status) == 0 && !(status.f_flag & ST_RDONLY);
}

static bool is_single_name(const char *name) {
    return name[0] != '\0' && name[0] != '.' && !strchr(name, '/');
}

/* What was written is still in memory: dropped, so that the medium is what is read. */
static int forget_cached(const char *path) {
    const AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fsync(fd) != 0)
        return -errno;
    return -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int read_back(const char *path, const void *data, size_t length) {
    AUTO_FREE char *back = NULL;
    size_t back_length;
    int error = forget_cached(path);
    if (error == 0)
        error = file_read(path, length, &back, &back_length);
    if (error == -EFBIG)
        return -EBADMSG;
    if (error)
        return error;
    return back_length == length && memcmp(back, data, length) == 0 ? 0 : -EBADMSG;
}

int stick_put(const char *stick, const char *folder, const char *name, const void *data,
              size_t length) {
    char path[PATH_MAX];
    if (!is_single_name(folder) || !is_single_name(name))
        return -EINVAL;
    if (!stick_present(stick))
        return -ENODEV;
    path_format(path, stick, "/%s", folder);
    if (path[0] == '\0')
        return -ENAMETOOLONG;
    /* One folder only: where the stick has gone meanwhile, none of memory takes its place. */
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return -errno;
    path_format(path, stick, "/%s/%s", folder, name);
    if (path[0] == '\0')
        return -ENAMETOOLONG;
    int error = file_write_new(path, data, length, 0644);
    if (error && error != -EEXIST)
        return error;
    const bool is_new = error == 0;
    error = read_back(path, data, length);
    return error == -EBADMSG && !is_new ? -EEXIST : error;
}
