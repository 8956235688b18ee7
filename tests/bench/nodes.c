/*
 * Erases block devices that the agent takes for no disks, such as those of the device mapper, by
 * its own runner, with everything that belongs to it: the watch over silent disks, the
 * verification, the judgement. For tests through the kernel; what is on the devices is lost.
 *   quietus-nodes [--hurry N] NODE...
 * hurry: the agent's clock goes N times as fast, so that a disk falls silent in seconds.
 * A line for each: node, disposition, seconds, reason; and one for each range of bad sectors.
 */
#include "quietus/apart.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/keys.h"
#include "quietus/run.h"

#include "../../agent/authorize/internal.h"
#include "block_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_NODES = 64 };

static int64_t hurry = 1;
static int64_t began_ms;

static int64_t real_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t hurried_ms(void) {
    return real_ms() * hurry;
}

static void hurried_sleep(int64_t milliseconds) {
    const int64_t real = milliseconds / hurry;
    (void)nanosleep(&(struct timespec){real / 1000, real % 1000 * 1000000}, NULL);
}

static void print_bad_sectors(const struct disk_run *run) {
    size_t i;
    size_t k;
    json_t *event;
    json_t *range;
    json_t *evidence = evidence_list(run->evidence);
    json_array_foreach(evidence, i, event) {
        json_array_foreach(json_object_get(event, "bad_ranges"), k, range) {
            (void)printf("BAD %s %llu+%llu\n", disk_node(run->disk),
                         (unsigned long long)json_count(range, "lba"),
                         (unsigned long long)json_count(range, "count"));
        }
    }
    json_decref(evidence);
}

static void ended(void *user, struct disk_run *run) {
    struct reason reason;
    (void)user;
    const enum disposition outcome = disk_run_disposition(run, &reason);
    print_bad_sectors(run);
    (void)printf("NODE %s %s %.1f %s\n", disk_node(run->disk), disposition_name(outcome),
                 (double)(real_ms() - began_ms) / 1000, reason.text);
    (void)fflush(stdout);
}

static void tick(void *user) {
    (void)user;
}

static struct disk_run *new_run(struct disk *disk, const struct policy *policy) {
    static const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE];
    json_t *authority = json_new_object();
    disk->content_known = true;
    struct warrant *warrant = warrant_issue(disk, authority);
    json_decref(authority);
    return disk_run_new(disk, warrant, policy, run_id);
}

static int erase(int argc, char **argv) {
    static const struct clock_source hurried = {hurried_ms, hurried_sleep};
    static const struct runner_limits no_limits;
    static struct disk_run *runs[MOST_NODES];
    static struct policy policy;
    const bool has_hurry = argc > 2 && strcmp(argv[1], "--hurry") == 0;
    char **nodes = argv + (has_hurry ? 3 : 1);
    const size_t count = (size_t)(argv + argc - nodes);
    if (count == 0 || count > MOST_NODES) {
        (void)fprintf(stderr, "usage: quietus-nodes [--hurry N] NODE...\n");
        return 1;
    }
    if (has_hurry)
        hurry = strtol(argv[2], NULL, 10);
    keys_start();
    clock_use(&hurried);
    policy_default(&policy);
    for (size_t i = 0; i < count; i++) {
        struct disk *disk = block_device(nodes[i]);
        if (!disk)
            return 1;
        runs[i] = new_run(disk, &policy);
    }
    began_ms = real_ms();
    (void)runner_run(runs, count, &no_limits, &(struct runner_callbacks){ended, tick, NULL});
    return 0;
}

int main(int argc, char **argv) {
    return apart_run(erase, argc, argv);
}
