#include "thermometer.h"

#include "quietus/condition.h"
#include "quietus/file.h"
#include "quietus/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 10000, MILLI = 1000 };

struct place {
    char controller[DISK_NODE_SIZE]; /* "nvme0"; "": none that tells */
    bool may_be_asked;
    int degrees;
};

struct thermometer {
    char root[PATH_MAX];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct place *places;
    size_t count;
    bool news; /* a disk may be asked that could not be before */
    bool stop;
    bool stopped;
};

/* 0: it does not tell. */
static int read_degrees(const char *root, const char *controller) {
    static const char prefix[] = "hwmon";
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char line[32];
    char **names;
    int degrees = 0;
    path_format(folder, root, "/sys/class/nvme/%s", controller);
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count && degrees == 0; i++) {
        if (strncmp(names[i], prefix, strlen(prefix)) != 0)
            continue;
        path_format(path, folder, "/%s/temp1_input", names[i]);
        if (file_read_line(path, line, sizeof line) == 0)
            degrees = (int)(strtol(line, NULL, 10) / MILLI);
    }
    folder_free_names(names, count);
    return degrees;
}

static void measure(struct thermometer *thermometer, size_t i) {
    struct place place;
    (void)pthread_mutex_lock(&thermometer->lock);
    place = thermometer->places[i];
    (void)pthread_mutex_unlock(&thermometer->lock);
    if (!place.may_be_asked)
        return;
    const int degrees = read_degrees(thermometer->root, place.controller);
    (void)pthread_mutex_lock(&thermometer->lock);
    thermometer->places[i].degrees = degrees;
    (void)pthread_mutex_unlock(&thermometer->lock);
}

static void *measure_all(void *argument) {
    struct thermometer *thermometer = argument;
    (void)pthread_mutex_lock(&thermometer->lock);
    while (!thermometer->stop) {
        thermometer->news = false;
        (void)pthread_mutex_unlock(&thermometer->lock);
        for (size_t i = 0; i < thermometer->count; i++)
            measure(thermometer, i);
        (void)pthread_mutex_lock(&thermometer->lock);
        const struct timespec until = condition_time_in(EVERY_MS);
        int error = 0;
        while (!thermometer->stop && !thermometer->news && error == 0)
            error = pthread_cond_timedwait(&thermometer->changed, &thermometer->lock, &until);
    }
    thermometer->stopped = true;
    (void)pthread_cond_broadcast(&thermometer->changed);
    (void)pthread_mutex_unlock(&thermometer->lock);
    return NULL;
}

struct thermometer *thermometer_start(const char *root, size_t count) {
    struct thermometer *thermometer = memory_new(1, sizeof *thermometer);
    text_copy(thermometer->root, sizeof thermometer->root, root);
    thermometer->places = memory_new(count, sizeof *thermometer->places);
    thermometer->count = count;
    (void)pthread_mutex_init(&thermometer->lock, NULL);
    condition_init(&thermometer->changed);
    memory_require(pthread_create(&thermometer->thread, NULL, measure_all, thermometer) == 0);
    return thermometer;
}

int thermometer_look(struct thermometer *thermometer, size_t index, const struct disk *disk,
                     enum phase phase) {
    (void)pthread_mutex_lock(&thermometer->lock);
    struct place *place = &thermometer->places[index];
    if (place->controller[0] == '\0' && disk->commands == COMMANDS_NVME && disk->path_count > 0) {
        const char *slash = strrchr(disk->paths[0].node, '/');
        text_copy(place->controller, sizeof place->controller, slash ? slash + 1 : "");
    }
    const bool by_host =
        phase == PHASE_SAMPLING || phase == PHASE_WRITING || phase == PHASE_VERIFYING;
    const bool before = place->may_be_asked;
    place->may_be_asked = by_host && place->controller[0] != '\0';
    if (place->may_be_asked && !before) {
        thermometer->news = true;
        (void)pthread_cond_broadcast(&thermometer->changed);
    }
    const int degrees = place->degrees;
    (void)pthread_mutex_unlock(&thermometer->lock);
    return degrees;
}

void thermometer_stop(struct thermometer *thermometer) {
    enum { LAST_MS = 1000 };
    const struct timespec until = condition_time_in(LAST_MS);
    int error = 0;
    (void)pthread_mutex_lock(&thermometer->lock);
    thermometer->stop = true;
    (void)pthread_cond_broadcast(&thermometer->changed);
    while (!thermometer->stopped && error == 0)
        error = pthread_cond_timedwait(&thermometer->changed, &thermometer->lock, &until);
    const bool stopped = thermometer->stopped;
    (void)pthread_mutex_unlock(&thermometer->lock);
    if (!stopped) { /* it waits for a drive that does not answer */
        (void)pthread_detach(thermometer->thread);
        memory_abandon(thermometer);
        return;
    }
    (void)pthread_join(thermometer->thread, NULL);
    (void)pthread_mutex_destroy(&thermometer->lock);
    (void)pthread_cond_destroy(&thermometer->changed);
    free(thermometer->places);
    free(thermometer);
}
