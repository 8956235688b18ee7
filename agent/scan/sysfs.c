#include "quietus/sysfs.h"

#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/memory.h"
#include "quietus/text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void sysfs_path(char *out, const char *root, const char *format, ...) {
    const size_t used = strnlen(root, PATH_MAX);
    va_list arguments;
    va_start(arguments, format);
    int added = -1;
    if (used < PATH_MAX) {
        memcpy(out, root, used);
        added = vsnprintf(out + used, PATH_MAX - used, format, arguments);
    }
    va_end(arguments);
    if (added < 0 || used + (size_t)added >= PATH_MAX)
        out[0] = '\0';
}

int sysfs_text(const char *folder, const char *attribute, char *out, size_t size) {
    char path[PATH_MAX];
    sysfs_path(path, folder, "/%s", attribute);
    const int error = file_read_line(path, out, size);
    size_t length = strlen(out);
    while (length > 0 && out[length - 1] == ' ')
        out[--length] = '\0';
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
    sysfs_path(path, folder, "/%s", link);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    text_copy(out, size, slash ? slash + 1 : target);
}

static int compare_names(const void *a, const void *b) {
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

size_t sysfs_names(const char *folder, char ***names) {
    *names = NULL;
    AUTO_FOLDER stream = opendir(folder);
    if (!stream)
        return 0;
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(stream));) {
        if (entry->d_name[0] == '.')
            continue;
        *names = memory_grow(*names, count + 1, sizeof **names);
        (*names)[count++] = memory_text(entry->d_name);
    }
    if (count > 0)
        qsort(*names, count, sizeof **names, compare_names);
    return count;
}

void sysfs_free_names(char **names, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
