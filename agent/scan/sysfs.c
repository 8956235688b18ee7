#include "quietus/sysfs.h"

#include "quietus/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sysfs_text(const char *folder, const char *attribute, char *out, size_t size) {
    char path[PATH_MAX];
    path_format(path, folder, "/%s", attribute);
    const int error = file_read_line(path, out, size);
    size_t length = strlen(out);
    while (length > 0 && out[length - 1] == ' ')
        out[--length] = '\0';
    return error;
}

int sysfs_field(const char *folder, const char *attribute, char *out, size_t size) {
    char line[256];
    const int error = sysfs_text(folder, attribute, line, sizeof line);
    text_from_field(out, size, (const uint8_t *)line, strlen(line));
    return error;
}

int64_t sysfs_number(const char *folder, const char *attribute, int64_t fallback) {
    char text[64];
    char *end;
    if (sysfs_text(folder, attribute, text, sizeof text) || text[0] == '\0')
        return fallback;
    errno = 0;
    const long long value = strtoll(text, &end, 0);
    return errno == 0 && *end == '\0' ? value : fallback;
}

void sysfs_link_name(const char *folder, const char *link, char *out, size_t size) {
    char path[PATH_MAX];
    char target[PATH_MAX];
    out[0] = '\0';
    path_format(path, folder, "/%s", link);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    text_copy(out, size, slash ? slash + 1 : target);
}
