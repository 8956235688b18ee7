/*
 * Drives that lose their power in an overwrite, with what they had acknowledged, while the kernel
 * waits for them and goes on: nothing fails, and samples find by luck alone what is left.
 */
#include "quietus/ask.h"
#include "quietus/json.h"
#include "quietus/keys.h"

#include "../unit/test.h"
#include "trial.h"

#include <errno.h>
#include <unistd.h>

/* The linker puts this before the agent's own: from this question on it fails (0: it never does).
 */
static unsigned health_fails_from;
static unsigned health_asked;

int __real_ask_nvme_health(struct device *device, struct nvme_health *out);
int __wrap_ask_nvme_health(struct device *device, struct nvme_health *out);

int __wrap_ask_nvme_health(struct device *device, struct nvme_health *out) {
    if (++health_asked < health_fails_from || health_fails_from == 0)
        return __real_ask_nvme_health(device, out);
    return -EIO;
}

#define LINES "size = 16M\nspare = 2M\nencrypts = no\nsanitize = none\nplant = QPLANT every=1\n"
#define CACHE "volatile-cache = 64K\n"
#define CUT   "misbehave = power-cut overwrite at=50% after=2s\n"

static const struct kind {
    const char *name;
    enum model_path path;
    const char *lines;
    const char *counter; /* in the evidence */
    bool tells_always;   /* a counter, though it may not count */
} kinds[] = {
    {"nvme", MODEL_NVME, "family = nvme\n" LINES, "power_cycles", true},
    {"sata", MODEL_LIBATA, "family = ata\nmedium = magnetic\n" LINES, "power_on_resets", false},
    {"satl", MODEL_SATL, "family = ata\n" LINES, "power_cycle_attribute", false},
    {"sas", MODEL_SAS, "family = scsi\nmedium = magnetic\nwrite-cache = yes\n" LINES,
     "start_stop_cycles", false},
};

/* What the certificate says, in the end. */
struct seen {
    bool every_unit;
    bool says_lost; /* an exception */
    char result[40];
    char level[40];  /* of the verification */
    int64_t counted; /* more than before */
};

static void set_up(struct model *model, void *user) {
    (void)user;
    model->is_waited_for = true;
}

static const struct kind *current;

static void look(struct model *model, struct disk_run *run, void *user) {
    struct seen *out = user;
    size_t i;
    json_t *entry;
    (void)model;
    json_t *evidence = evidence_list(run->evidence);
    json_array_foreach(evidence, i, entry) {
        if (strcmp(json_text(entry, "kind"), "power-counters") != 0)
            continue;
        text_copy(out->result, sizeof out->result, json_text(entry, "result"));
        out->counted = (int64_t)json_count(json_object_get(entry, "after"), current->counter) -
                       (int64_t)json_count(json_object_get(entry, "before"), current->counter);
    }
    json_decref(evidence);
    const struct attempt *last = disk_run_last_attempt(run);
    if (!last)
        return;
    out->every_unit = json_flag(last->verification, "every_unit");
    text_copy(out->level, sizeof out->level, json_text(last->verification, "level"));
    json_array_foreach(last->exceptions, i, entry) {
        if (strstr(json_string_value(entry), "may have lost power"))
            out->says_lost = true;
    }
}

/* Few samples: without the counters nobody would notice. */
static void erase(const struct kind *kind, const char *method, const char *more, const char *passes,
                  struct trial_result *result, struct seen *seen) {
    char folder[] = "/tmp/quietus-power-XXXXXX";
    char description[512];
    char problem[512] = "";
    struct reason reason;
    (void)snprintf(description, sizeof description, "%s%s", kind->lines, more);
    *seen = (struct seen){0};
    current = kind;
    health_asked = 0;
    keys_start();
    assert_non_null(mkdtemp(folder));
    struct trial trial = {.folder = folder,
                          .description = description,
                          .path = kind->path,
                          .set_up = set_up,
                          .look = look,
                          .user = seen};
    policy_default(&trial.policy);
    trial.policy.verify = (struct verify_level){VERIFY_PERCENT, 0.1};
    trial.policy.method_count = 1;
    text_copy(trial.policy.methods[0], POLICY_NAME_SIZE, method);
    assert_int_equal(passes_parse(passes, &trial.policy.passes, &reason), 0);
    const bool done = trial_run(&trial, result, problem, sizeof problem);
    trial_clean(folder);
    if (!done)
        fail_msg("%s", problem);
    /* Whatever becomes of it: its certificate does not contradict itself. */
    assert_string_equal(result->wrong, "");
}

static void overwrite(const struct kind *kind, const char *more, const char *passes,
                      struct trial_result *result, struct seen *seen) {
    erase(kind, "overwrite", more, passes, result, seen);
}

static void expect(const struct kind *kind, const struct trial_result *result,
                   enum disposition outcome) {
    if (result->outcome != outcome)
        fail_msg("%s: %s, not %s: %s\n%s", kind->name, disposition_name(result->outcome),
                 disposition_name(outcome), result->reason, result->attempts);
}

static void test_what_was_lost_is_found(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct trial_result result;
        struct seen seen;
        overwrite(&kinds[i], CACHE CUT, "random", &result, &seen);
        assert_true(result.visible > 0);
        expect(&kinds[i], &result, DISPOSITION_FAILED);
        assert_non_null(strstr(result.reason, "samples show content"));
        assert_true(seen.every_unit && seen.says_lost);
        assert_string_equal(seen.result, "not as before");
        assert_int_equal(seen.counted, 1);
    }
}

static void test_nothing_lost_is_erased(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct trial_result result;
        struct seen seen;
        overwrite(&kinds[i], CUT, "random", &result, &seen);
        expect(&kinds[i], &result, DISPOSITION_ERASED);
        assert_int_equal(result.visible, 0);
        assert_true(seen.every_unit && seen.says_lost);
        assert_int_equal(seen.counted, 1);
    }
}

/* The last pass goes over it: it was the first one that was lost. */
static void test_a_later_pass_mends_it(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct trial_result result;
        struct seen seen;
        overwrite(&kinds[i], CACHE CUT, "0x5a,random", &result, &seen);
        expect(&kinds[i], &result, DISPOSITION_ERASED);
        assert_int_equal(result.visible, 0);
        assert_true(seen.every_unit && seen.says_lost);
    }
}

static void test_sampled_while_power_stays(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct trial_result result;
        struct seen seen;
        overwrite(&kinds[i], CACHE, "random", &result, &seen);
        expect(&kinds[i], &result, DISPOSITION_ERASED);
        assert_true(!seen.every_unit && !seen.says_lost);
        assert_string_equal(seen.result, "as before");
        assert_int_equal(seen.counted, 0);
    }
}

/* Nothing is claimed of a drive that does not count: all is as it was, and the evidence says why.
 */
static void test_a_drive_without_counters(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct trial_result result;
        struct seen seen;
        overwrite(&kinds[i], CACHE CUT "power-counters = no\n", "random", &result, &seen);
        assert_true(!seen.every_unit && !seen.says_lost);
        assert_string_equal(seen.result,
                            kinds[i].tells_always ? "as before" : "the drive tells no counter");
    }
}

/* The scan's question and the two before the pass are answered, those after it are not. */
static void test_a_counter_that_falls_silent(void **state) {
    (void)state;
    struct trial_result result;
    struct seen seen;
    health_fails_from = 4;
    overwrite(&kinds[0], CACHE, "random", &result, &seen);
    health_fails_from = 0;
    expect(&kinds[0], &result, DISPOSITION_ERASED);
    assert_true(seen.every_unit && seen.says_lost);
    assert_string_equal(seen.result, "not as before");
}

/* A sanitize goes on by itself; that markers may be lost is said, and no more is read for it. */
static void test_a_sanitize_goes_on(void **state) {
    (void)state;
    struct trial_result result;
    struct seen seen;
    erase(&kinds[0], "nvme-sanitize-block",
          "sanitize = block\nmisbehave = power-cut nvme-sanitize-block at=50% after=2s\n", "random",
          &result, &seen);
    expect(&kinds[0], &result, DISPOSITION_ERASED);
    assert_int_equal(result.visible, 0);
    assert_string_equal(seen.level, "0.1%");
    assert_non_null(strstr(result.exceptions, "markers that it had acknowledged may be lost"));
    assert_int_equal(seen.counted, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_was_lost_is_found),
    cmocka_unit_test(test_nothing_lost_is_erased),
    cmocka_unit_test(test_a_later_pass_mends_it),
    cmocka_unit_test(test_sampled_while_power_stays),
    cmocka_unit_test(test_a_drive_without_counters),
    cmocka_unit_test(test_a_counter_that_falls_silent),
    cmocka_unit_test(test_a_sanitize_goes_on),
};
TEST_MAIN(tests)
