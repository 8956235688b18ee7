#include "quietus/locate.h"

#include "quietus/cleanup.h"
#include "quietus/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int locate_set(const char *root, const struct disk_place *place, bool on) {
    char path[PATH_MAX];
    if (place->led[0] == '\0')
        return -ENODEV;
    path_format(path, root, "%s", place->led);
    const AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* An enclosure's "locate" and a slot's "attention" both take these. */
    return write(fd, on ? "1\n" : "0\n", 2) == 2 ? 0 : -errno;
}
