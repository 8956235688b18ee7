/* The plan of a run, which its thread makes anew, perhaps while a certificate tells it. */
#include "quietus/run.h"

#include <pthread.h>

/* One for all runs: it is held no longer than a copy takes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void disk_run_plan(struct disk_run *run) {
    struct plan plan;
    plan_make(&run->now, run->policy, &plan);
    (void)pthread_mutex_lock(&lock);
    run->plan = plan;
    (void)pthread_mutex_unlock(&lock);
}

json_t *disk_run_plan_json(const struct disk_run *run) {
    (void)pthread_mutex_lock(&lock);
    const struct plan plan = run->plan;
    (void)pthread_mutex_unlock(&lock);
    return plan_json(&plan);
}
