#include "quietus/file.h"

#include "quietus/cleanup.h"
#include "quietus/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, size_t limit, char **data, size_t *length) {
    size_t room = 4096;
    size_t used = 0;
    char *buffer = malloc(room + 1);
    while (buffer) {
        const ssize_t got = read(fd, buffer + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            const int error = -errno;
            free(buffer);
            return error;
        }
        used += (size_t)got;
        if (used > limit) {
            free(buffer);
            return -EFBIG;
        }
        if (got == 0) {
            buffer[used] = '\0';
            *data = buffer;
            *length = used;
            return 0;
        }
        if (used < room)
            continue;
        room *= 2;
        char *larger = realloc(buffer, room + 1);
        if (!larger)
            free(buffer);
        buffer = larger;
    }
    return -ENOMEM;
}

int file_read(const char *path, size_t limit, char **data, size_t *length) {
    const AUTO_FD fd =
        strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    return read_all(fd, limit, data, length);
}

static int write_all(int fd, const char *data, size_t length) {
    while (length > 0) {
        const ssize_t put = write(fd, data, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        data += put;
        length -= (size_t)put;
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

/* After a rename: on FAT the new entry says that the file is empty until its inode is written. */
static int sync_file(const char *path) {
    const AUTO_FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return fsync(fd) == 0 ? 0 : -errno;
}

static int sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        (void)snprintf(folder, sizeof folder, ".");
    else
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
    const AUTO_FD fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return fsync(fd) == 0 ? 0 : -errno;
}

/*
 * On FAT the room of a file that is removed or replaced may become free on the medium before its
 * entry goes; after a power cut between the two the entry leads to room that is given to others
 * next. While the file is open its room stays (close_removed).
 */
static int open_to_remove(const char *path) {
    return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* Lets go of it once the folder is on the medium as it is now. */
static int close_removed(int fd, const char *path) {
    const int error = sync_folder_of(path);
    if (fd >= 0)
        (void)close(fd);
    return error;
}

/* A name that nobody can have prepared: what is in its place is neither followed nor written to. */
static int write_temporary(const char *path, const void *data, size_t length, mode_t mode) {
    const AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    const int error = write_all(fd, data, length);
    if (error)
        (void)unlink(path);
    return error;
}

/* Renames, but not over a file that is there. Some file systems cannot (EINVAL): then it is looked
 * at first. */
static int rename_to_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return rename(from, to) == 0 ? 0 : -errno;
}

static int write_and_rename(const char *path, const void *data, size_t length, mode_t mode,
                            bool replace) {
    char temporary[PATH_MAX];
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return -EIO;
    const int wanted = snprintf(temporary, sizeof temporary, "%s.tmp%016" PRIx64, path, random);
    if (wanted < 0 || (size_t)wanted >= sizeof temporary)
        return -ENAMETOOLONG;
    int error = write_temporary(temporary, data, length, mode);
    if (error)
        return error;
    const int old = replace ? open_to_remove(path) : -1;
    if (replace)
        error = rename(temporary, path) == 0 ? 0 : -errno;
    else
        error = rename_to_new(temporary, path);
    if (error)
        (void)unlink(temporary);
    else
        error = sync_file(path);
    const int folder_error = close_removed(old, path);
    return error ? error : folder_error;
}

int file_write(const char *path, const void *data, size_t length, mode_t mode) {
    return write_and_rename(path, data, length, mode, true);
}

int file_write_new(const char *path, const void *data, size_t length, mode_t mode) {
    return write_and_rename(path, data, length, mode, false);
}

int file_remove(const char *path) {
    const int fd = open_to_remove(path);
    if (remove(path) != 0) {
        const int error = -errno;
        if (fd >= 0)
            (void)close(fd);
        return error;
    }
    return close_removed(fd, path);
}

int file_read_line(const char *path, char *out, size_t size) {
    out[0] = '\0';
    const AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    const ssize_t got = read(fd, out, size - 1);
    if (got < 0) {
        out[0] = '\0';
        return -errno;
    }
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return 0;
}

int file_make_folders(const char *path, mode_t mode) {
    char partial[PATH_MAX];
    const size_t length = strlen(path);
    if (length >= sizeof partial)
        return -ENAMETOOLONG;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, mode) != 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

void path_format(char *out, const char *start, const char *format, ...) {
    const size_t used = strnlen(start, PATH_MAX);
    va_list arguments;
    va_start(arguments, format);
    int added = -1;
    if (used < PATH_MAX) {
        memcpy(out, start, used);
        added = vsnprintf(out + used, PATH_MAX - used, format, arguments);
    }
    va_end(arguments);
    if (added < 0 || used + (size_t)added >= PATH_MAX)
        out[0] = '\0';
}

static int compare_names(const void *a, const void *b) {
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

int folder_list(const char *folder, char ***names, size_t *count) {
    *names = NULL;
    *count = 0;
    AUTO_FOLDER stream = opendir(folder);
    if (!stream)
        return -errno;
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(stream))) {
        if (entry->d_name[0] == '.')
            continue;
        *names = memory_grow(*names, *count + 1, sizeof **names);
        (*names)[(*count)++] = memory_text(entry->d_name);
    }
    const int error = -errno;
    if (*count > 0)
        qsort(*names, *count, sizeof **names, compare_names);
    return error;
}

size_t folder_names(const char *folder, char ***names) {
    size_t count;
    (void)folder_list(folder, names, &count);
    return count;
}

void folder_free_names(char **names, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
