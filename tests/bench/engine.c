/*
 * The write and read engine alone, on block devices that hold nothing of value: what scripts/bench
 * holds beside other tools.
 *   quietus-engine zero|random|verify|sample DEVICE...
 * zero, random: one pass over each, flushed; verify, sample: a zero pass read back, in full or by
 * the default samples. All devices at once, a thread each. Prints a line for each: seconds and
 * bytes.
 */
#include "quietus/clock.h"
#include "quietus/keys.h"
#include "quietus/run.h"

#include "../../agent/authorize/internal.h"
#include "../../agent/erase/writer.h"
#include "block_device.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEVICES = 64 };

struct job {
    const char *what;
    struct disk *disk;
    struct layout layout;
    struct progress progress;
    pthread_t thread;
    int64_t ms;
    struct reason problem;
};

static int overwrite(struct job *job, struct device *device, const struct pass *pass) {
    struct armed *armed;
    struct pattern pattern;
    struct write_report report;
    json_t *authority = json_object();
    struct warrant *warrant = warrant_issue(job->disk, authority);
    json_decref(authority);
    int error = warrant_arm(warrant, device, &armed, &job->problem);
    warrant_free(warrant);
    if (error)
        return error;
    pattern_start(&pattern, pass);
    error = armed_begin(armed, &job->problem);
    if (error == 0)
        error = writer_run(&(struct write_job){.armed = armed,
                                               .layout = &job->layout,
                                               .pattern = &pattern,
                                               .progress = &job->progress},
                           &report);
    if (error == 0)
        error = armed_end(armed);
    armed_close(armed);
    return error ? error : report.first_error;
}

static int read_back(struct job *job, struct device *device, enum verify_kind kind) {
    const struct verify_level level = {.kind = kind};
    const struct pattern zero = {0};
    struct sample_places places;
    struct verify_report report;
    sample_places_choose(&job->layout, &level, NULL, &places);
    const int error = verify_pattern(device, &job->layout, &zero, &places, &job->progress, &report);
    sample_places_free(&places);
    if (error == 0 && (!report.complete || report.mismatched > 0))
        reason_set(&job->problem, "%s does not hold zeroes", disk_node(job->disk));
    return error;
}

static void *work(void *argument) {
    struct job *job = argument;
    struct device *device = NULL;
    const int64_t began = clock_monotonic_ms();
    int error = device_open(job->disk, &device);
    if (error == 0)
        error = device_identity(device, &job->disk->identity, &job->problem);
    if (error == 0 && strcmp(job->what, "verify") == 0)
        error = read_back(job, device, VERIFY_FULL);
    else if (error == 0 && strcmp(job->what, "sample") == 0)
        error = read_back(job, device, VERIFY_SAMPLE);
    else if (error == 0)
        error = overwrite(job, device, &(struct pass){.random = strcmp(job->what, "random") == 0});
    job->ms = clock_monotonic_ms() - began;
    if (error && job->problem.text[0] == '\0')
        reason_set(&job->problem, "%s: %s", disk_node(job->disk), strerror(-error));
    if (device)
        device_close(device);
    return NULL;
}

int main(int argc, char **argv) {
    static struct job jobs[MOST_DEVICES];
    int status = 0;
    if (argc < 3 || argc - 2 > MOST_DEVICES) {
        (void)fprintf(stderr, "usage: quietus-engine zero|random|verify|sample DEVICE...\n");
        return 1;
    }
    keys_start();
    for (int i = 0; i < argc - 2; i++) {
        struct job *job = &jobs[i];
        job->what = argv[1];
        job->disk = block_device(argv[i + 2]);
        if (!job->disk)
            return 1;
        layout_make(job->disk->areas, 1, &job->layout);
    }
    for (int i = 0; i < argc - 2; i++) {
        if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) != 0)
            return 1;
    }
    for (int i = 0; i < argc - 2; i++) {
        (void)pthread_join(jobs[i].thread, NULL);
        (void)printf("%s %s %.3f s %llu bytes\n", disk_node(jobs[i].disk),
                     jobs[i].problem.text[0] ? jobs[i].problem.text : "good",
                     (double)jobs[i].ms / 1000, (unsigned long long)jobs[i].layout.bytes);
        status |= jobs[i].problem.text[0] != '\0';
        disk_free(jobs[i].disk);
    }
    return status;
}
