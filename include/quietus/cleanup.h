/* Variables that clean up after themselves when they go out of scope. */
#ifndef QUIETUS_CLEANUP_H
#define QUIETUS_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd(const int *fd) {
    if (*fd > STDERR_FILENO)
        (void)close(*fd);
}

static inline void cleanup_memory(void *pointer) {
    free(*(void **)pointer);
}

static inline void cleanup_folder(DIR **folder) {
    if (*folder)
        (void)closedir(*folder);
}

static inline void cleanup_stream(FILE **stream) {
    if (*stream)
        (void)fclose(*stream);
}

#define AUTO_FD     __attribute__((cleanup(cleanup_fd))) int
#define AUTO_FREE   __attribute__((cleanup(cleanup_memory)))
#define AUTO_FOLDER __attribute__((cleanup(cleanup_folder))) DIR *
#define AUTO_STREAM __attribute__((cleanup(cleanup_stream))) FILE *

#endif
