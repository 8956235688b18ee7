/* "stop" on the technician's screen: it ends the run, and never the screen. */
#include "quietus/interrupt.h"
#include "quietus/json.h"
#include "quietus/pipeline.h"

#include "../../agent/authorize/internal.h"
#include "../../agent/tui/job.h"
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char place[] = "/tmp/quietus-stop-XXXXXX";

static void begun(void *user, struct disk_run *const *runs, size_t count) {
    (void)user, (void)runs, (void)count;
}

static void tick(void *user) {
    (void)user;
}

static void ended(void *user, const struct disk *disk, const struct disk_run *run,
                  enum disposition disposition, const char *reason,
                  const struct document *certificate) {
    (void)user, (void)disk, (void)run, (void)disposition, (void)reason, (void)certificate;
}

/* The person types "stop" when the last disk has ended and the screen does not show it yet. */
static void closed(void *user, const struct document *record) {
    (void)user, (void)record;
    job_stop();
}

static void complained(void *user, const char *text) {
    (void)user, (void)text;
}

static enum exit_status run_and_stop_late(void) {
    static const struct pipeline_watcher watcher = {begun, tick, ended, closed, complained, NULL};
    struct scan scan = {.server = {.serial = "SRV"}, .findings = json_new_array()};
    struct authorization authorization;
    struct policy policy;
    struct session session;
    policy_default(&policy);
    authorize_nothing(&scan, DISPOSITION_EXCLUDED, "not named", &authorization);
    session_start(&session, NULL);
    const struct pipeline pipeline = {
        .session = &session,
        .scan = &scan,
        .authorization = &authorization,
        .policy = &policy,
        .mode = "erase",
        .spool = place,
        .watcher = &watcher,
    };
    const enum exit_status status = pipeline_run(&pipeline);
    session_end(&session);
    authorization_free(&authorization);
    scan_free(&scan);
    return status;
}

static void test_stop_after_the_last_disk(void **state) {
    (void)state;
    char command[64];
    int status = 0;
    assert_non_null(mkdtemp(place));
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        keys_start();
        interrupt_hold();
        const enum exit_status how = run_and_stop_late();
        interrupt_release();
        _exit((int)how);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GOOD);
}

/* One that comes before the disks are begun is not lost, it counts once, and not for the next run.
 */
static void test_when_a_stop_counts(void **state) {
    (void)state;
    interrupt_hold();
    job_stop();
    interrupt_hold();
    assert_int_equal(interrupt_wait(0), SIGINT);
    assert_int_equal(interrupt_wait(0), 0);
    job_stop();
    interrupt_release();
    interrupt_hold();
    assert_int_equal(interrupt_wait(0), 0);
    interrupt_release();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_stop_after_the_last_disk),
    cmocka_unit_test(test_when_a_stop_counts),
};

TEST_MAIN(tests)
