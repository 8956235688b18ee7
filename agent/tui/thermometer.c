#include "thermometer.h"

#include "quietus/ask.h"
#include "quietus/clock.h"
#include "quietus/condition.h"
#include "quietus/file.h"
#include "quietus/interrupt.h"
#include "quietus/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 10000, QUESTION_EVERY_MS = 60000, MILLI = 1000 };

struct place {
    char controller[DISK_NODE_SIZE]; /* "nvme0"; "": not of NVMe */
    struct disk *disk; /* a copy of the nodes and the identity: what hangs may outlive the scan */
    const struct progress *progress;
    int64_t next_ms; /* not before */
    bool may_be_asked;
    int degrees;
};

struct thermometer {
    char root[PATH_MAX];
    int (*open)(const struct disk *disk, struct device **out);
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

static bool host_works(const struct progress *progress) {
    const enum phase phase = (enum phase)atomic_load(&progress->phase);
    return phase == PHASE_SAMPLING || phase == PHASE_WRITING || phase == PHASE_VERIFYING;
}

/* Node names are given out again: another disk may have this one's by now, and what goes on in that
 * one nobody knows here. */
static bool is_this_one(struct device *device, const struct disk *disk) {
    struct disk_identity now;
    struct reason unused;
    return device_identity(device, &now, &unused) == 0 &&
           strcmp(now.serial, disk->identity.serial) == 0 &&
           strcmp(now.model, disk->identity.model) == 0;
}

static int ask_device(struct device *device, const struct disk *disk) {
    struct ata_smart smart;
    int degrees = 0;
    if (!is_this_one(device, disk))
        return 0;
    if (disk->commands == COMMANDS_ATA)
        return ask_ata_smart(device, &smart) == 0 ? smart.temperature : 0;
    return ask_scsi_temperature(device, &degrees) == 0 ? degrees : 0;
}

static int ask_disk(const struct thermometer *thermometer, const struct disk *disk) {
    struct device *device;
    if (thermometer->open(disk, &device))
        return 0;
    const int degrees = ask_device(device, disk);
    device_close(device);
    return degrees;
}

/* Whether it is its turn, by how far the disk is at this moment. */
static bool take_turn(struct thermometer *thermometer, size_t i, struct place *out) {
    const int64_t now = clock_monotonic_ms();
    (void)pthread_mutex_lock(&thermometer->lock);
    struct place *place = &thermometer->places[i];
    const bool turn = !thermometer->stop && place->may_be_asked && host_works(place->progress) &&
                      now >= place->next_ms;
    if (turn)
        place->next_ms = now + (place->disk ? QUESTION_EVERY_MS : EVERY_MS);
    *out = *place;
    (void)pthread_mutex_unlock(&thermometer->lock);
    return turn;
}

static void measure(struct thermometer *thermometer, size_t i) {
    struct place place;
    if (!take_turn(thermometer, i, &place))
        return;
    const int degrees = place.disk ? ask_disk(thermometer, place.disk)
                                   : read_degrees(thermometer->root, place.controller);
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

struct thermometer *thermometer_start(const char *root, size_t count,
                                      int (*open)(const struct disk *disk, struct device **out)) {
    struct thermometer *thermometer = memory_new(1, sizeof *thermometer);
    text_copy(thermometer->root, sizeof thermometer->root, root);
    thermometer->open = open;
    thermometer->places = memory_new(count, sizeof *thermometer->places);
    thermometer->count = count;
    (void)pthread_mutex_init(&thermometer->lock, NULL);
    condition_init(&thermometer->changed);
    memory_require(interrupt_free_thread(&thermometer->thread, measure_all, thermometer) == 0);
    return thermometer;
}

/* Bridges, virtual disks and what is behind a RAID controller are left alone. */
static bool can_be_asked(const struct disk *disk) {
    return disk->path_count > 0 && !raid_is_behind(&disk->raid) &&
           ((disk->commands == COMMANDS_ATA && disk->bus != BUS_USB && disk->ata.smart_enabled) ||
            (disk->commands == COMMANDS_SCSI && disk->bus == BUS_SAS));
}

static void know_disk(struct place *place, const struct disk *disk) {
    if (place->disk || place->controller[0] != '\0')
        return;
    if (disk->commands == COMMANDS_NVME && disk->path_count > 0) {
        const char *slash = strrchr(disk->paths[0].node, '/');
        text_copy(place->controller, sizeof place->controller, slash ? slash + 1 : "");
    } else if (can_be_asked(disk)) {
        place->disk = memory_new(1, sizeof *place->disk);
        *place->disk = *disk;
    }
}

int thermometer_look(struct thermometer *thermometer, size_t index, const struct disk *disk,
                     const struct progress *progress) {
    (void)pthread_mutex_lock(&thermometer->lock);
    struct place *place = &thermometer->places[index];
    know_disk(place, disk);
    place->progress = progress;
    const bool before = place->may_be_asked;
    place->may_be_asked = host_works(progress) && (place->disk || place->controller[0] != '\0');
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
    if (!thermometer)
        return;
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
    for (size_t i = 0; i < thermometer->count; i++)
        free(thermometer->places[i].disk);
    free(thermometer->places);
    free(thermometer);
}
