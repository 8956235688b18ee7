/* Paths, folders, and whole files, read with a limit and written so that a crash leaves either all
 * of one or none. */
#ifndef QUIETUS_FILE_H
#define QUIETUS_FILE_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads a file of at most limit bytes into a new buffer with a NUL behind the last byte (not
 * counted in length), which the caller frees. "-" is standard input. 0, or negative errno (-EFBIG:
 * longer).
 */
int file_read(const char *path, size_t limit, char **data, size_t *length);

/*
 * Writes a temporary file beside path, syncs it, renames it over path and syncs both it
 * and the folder. On an
 * error nothing is left behind and an older file stays as it was. 0 or negative errno.
 */
int file_write(const char *path, const void *data, size_t length, mode_t mode);
/* The same, but a file that is there already stays: -EEXIST. */
int file_write_new(const char *path, const void *data, size_t length, mode_t mode);

/* Removes a file or an empty folder so that a power cut leaves either all of it or nothing, on FAT
 * too, and does not return before it is gone from the medium. 0 or negative errno. */
int file_remove(const char *path);

/* The first line of a small file (sysfs and the like) without its newline, cut to size; 0 or
 * negative errno, and then out is empty. */
int file_read_line(const char *path, char *out, size_t size);

/* Creates a folder and its parents. 0 or negative errno; existing is fine. */
int file_make_folders(const char *path, mode_t mode);

/* out = start + what the format says; out has room for PATH_MAX. Too long a path becomes "". */
__attribute__((format(printf, 3, 4))) void path_format(char *out, const char *start,
                                                       const char *format, ...);

/* The sorted names in a folder, without those that begin with a dot. 0, or negative errno, and then
 * there may be more. In any case the caller frees with folder_free_names. */
int folder_list(const char *folder, char ***names, size_t *count);
/* The same where a folder that cannot be read holds nothing of interest (sysfs). Returns the
 * number. */
size_t folder_names(const char *folder, char ***names);
void folder_free_names(char **names, size_t count);

#endif
