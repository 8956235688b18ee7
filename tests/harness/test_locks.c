/* Locked drives, and what the operator may give to open them: whole erases of simulated drives. */
#include "quietus/ask.h"
#include "quietus/keys.h"

#include "../unit/test.h"
#include "trial.h"

#include <errno.h>
#include <unistd.h>

/* The linker puts this before the agent's own: the question of that number fails (0: none). */
static unsigned discovery_fails_at;
static unsigned discoveries;

int __real_ask_tcg_discovery(struct device *device, struct tcg_discovery *out);
int __wrap_ask_tcg_discovery(struct device *device, struct tcg_discovery *out);

int __wrap_ask_tcg_discovery(struct device *device, struct tcg_discovery *out) {
    if (++discoveries != discovery_fails_at)
        return __real_ask_tcg_discovery(device, out);
    *out = (struct tcg_discovery){0};
    return -EIO;
}

static const char locked[] =
    "family = ata\nsize = 4M\nspare = 1M\nserial = LOCKED-1\n"
    "plant = QPLANT every=4 stale=20 remapped=5\n"
    "user-password = \"U-secret/0815\"\nmaster-password = \"M-secret/4711\"\n";

struct expected {
    const char *more;   /* lines of the description */
    const char *user;   /* that the operator gives, or NULL */
    const char *master; /* likewise */
    enum disposition outcome;
    const char *method;
    const char *says;
    unsigned passwords; /* UNLOCK and ERASE UNIT with a password that may be wrong, at most */
};

static void give(struct disk_secrets *secrets, enum secret_kind kind, const char *value) {
    if (!value)
        return;
    secrets->of[kind].given = true;
    memcpy(secrets->of[kind].bytes, value, strlen(value));
}

static const char *only_method; /* NULL: what the plan picks */

static void erase(const char *description, const struct disk_secrets *secrets, enum model_path path,
                  bool fallback, struct trial_result *result) {
    char folder[] = "/tmp/quietus-locks-XXXXXX";
    char problem[512] = "";
    bool unseen;
    keys_start();
    assert_non_null(mkdtemp(folder));
    struct trial trial = {
        .folder = folder, .description = description, .path = path, .secrets = secrets};
    policy_default(&trial.policy);
    trial.policy.fallback = fallback;
    if (only_method) {
        text_copy(trial.policy.methods[0], POLICY_NAME_SIZE, only_method);
        trial.policy.method_count = 1;
    }
    if (!trial_run(&trial, result, problem, sizeof problem))
        fail_msg("%s", problem);
    const char *wrong = trial_verdict(result, &unseen);
    if (wrong)
        fail_msg("%s", wrong);
    trial_clean(folder);
}

static void check(const struct expected *expected, enum model_path path) {
    char description[1024];
    struct disk_secrets secrets = {0};
    struct trial_result result;
    (void)snprintf(description, sizeof description, "%s%s", locked, expected->more);
    give(&secrets, SECRET_ATA_USER, expected->user);
    give(&secrets, SECRET_ATA_MASTER, expected->master);
    erase(description, &secrets, path, false, &result);
    if (result.outcome != expected->outcome)
        fail_msg("%s: %s, not %s: %s\n%s", expected->more, disposition_name(result.outcome),
                 disposition_name(expected->outcome), result.reason, result.attempts);
    if (expected->method)
        assert_string_equal(result.method, expected->method);
    if (expected->says && !strstr(result.reason, expected->says))
        fail_msg("the reason is: %s", result.reason);
    if (result.passwords_sent > expected->passwords)
        fail_msg("%s: %u passwords sent", expected->more, result.passwords_sent);
}

static const char sanitizes[] = "sanitize = block\n";
static const char maximum[] = "sanitize = block\nmaster-maximum = yes\n";

static void test_ata_passwords_that_the_operator_gives(void **state) {
    (void)state;
    static const struct expected rows[] = {
        {sanitizes, "U-secret/0815", NULL, DISPOSITION_ERASED, "ata-sanitize-block", NULL, 1},
        {sanitizes, NULL, "M-secret/4711", DISPOSITION_ERASED, "ata-sanitize-block", NULL, 1},
        {sanitizes, "wrong", "M-secret/4711", DISPOSITION_ERASED, "ata-sanitize-block", NULL, 2},
        {maximum, "U-secret/0815", NULL, DISPOSITION_ERASED, "ata-sanitize-block", NULL, 1},
        /* ERASE UNIT by the master password, and then the method of the plan. */
        {maximum, NULL, "M-secret/4711", DISPOSITION_ERASED, "ata-sanitize-block", NULL, 1},
        /* That erase alone is none: the plan's method follows though it is the same command. */
        {"sanitize = none\nmaster-maximum = yes\n", NULL, "M-secret/4711", DISPOSITION_ERASED,
         "ata-security-erase-enhanced", NULL, 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check(&rows[i], MODEL_LIBATA);
        check(&rows[i], MODEL_SATL);
    }
}

/* A wrong one costs one attempt, and one of the drive's five is always left. */
static void test_wrong_passwords_leave_an_attempt(void **state) {
    (void)state;
    static const struct expected rows[] = {
        {sanitizes, NULL, NULL, DISPOSITION_FAILED, NULL, "give its user or master password", 4},
        {sanitizes, "wrong", NULL, DISPOSITION_FAILED, NULL,
         "what was given for it did not open it; at most 1 of the 5 attempts", 4},
        {sanitizes, "wrong", "wrong", DISPOSITION_FAILED, NULL,
         "what was given for it did not open it; at most 1 of the 5 attempts", 4},
        {maximum, NULL, "wrong", DISPOSITION_FAILED, NULL, "what was given for it did not open it",
         4},
        {"sanitize = block\nattempts-used-up = yes\n", "U-secret/0815", NULL, DISPOSITION_FAILED,
         NULL, "used up", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i], MODEL_LIBATA);
}

/* The drive loses power while it erases by the master password: it comes back locked, and the next
 * boot begins again. */
static void test_master_erase_interrupted(void **state) {
    (void)state;
    static const struct expected expected = {
        "sanitize = block\nmaster-maximum = yes\n"
        "misbehave = power-cut security-erase at=50% after=10s\n",
        NULL,
        "M-secret/4711",
        DISPOSITION_FAILED,
        NULL,
        "what was given for it did not open it",
        4};
    check(&expected, MODEL_LIBATA);
}

/* --- TCG --- */

#define PSID "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

static void check_tcg(const char *lines, const char *psid, enum model_path path,
                      enum disposition outcome, struct trial_result *result) {
    static const char *const family[] = {
        [MODEL_NVME] = "nvme", [MODEL_LIBATA] = "ata", [MODEL_SATL] = "ata", [MODEL_SAS] = "scsi"};
    char description[1024];
    struct disk_secrets secrets = {0};
    (void)snprintf(description, sizeof description,
                   "family = %s\nsize = 4M\nspare = 1M\nserial = TCG-1\n"
                   "plant = QPLANT every=4\n%s",
                   family[path], lines);
    give(&secrets, SECRET_PSID, psid);
    erase(description, &secrets, path, true, result);
    if (result->outcome != outcome)
        fail_msg("%s by path %d: %s, not %s: %s\n%s", lines, path,
                 disposition_name(result->outcome), disposition_name(outcome), result->reason,
                 result->attempts);
}

static const enum model_path all_paths[] = {MODEL_NVME, MODEL_LIBATA, MODEL_SATL, MODEL_SAS};

/* Locked ranges are never erased in silence, whatever the drive takes or refuses. */
static void test_locked_ranges_are_not_erased(void **state) {
    (void)state;
    static const char *const lines[] = {
        "tcg = opal2 locked\n",
        "tcg = opal2 locked from=4000\n",
        "sanitize = none\ntcg = opal2 locked from=4000\n",
        "tcg = enterprise locked\n",
        "tcg = opal2 locked from=4000 erases\nsanitize = block\n",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
            struct trial_result result;
            check_tcg(lines[i], NULL, all_paths[k], DISPOSITION_FAILED, &result);
        }
    }
    /* All went well, but for a shadow over the first sectors: nobody has seen what is under it. */
    for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
        struct trial_result result;
        check_tcg("tcg = opal2 shadow\nsanitize = block\n", NULL, all_paths[k], DISPOSITION_UNKNOWN,
                  &result);
        assert_non_null(strstr(result.attempts, "not reached"));
    }
}

/* Security that is there and locks nothing is no obstacle. */
static void test_unlocked_security_is_no_obstacle(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
        struct trial_result result;
        check_tcg("tcg = opal2\n", NULL, all_paths[k], DISPOSITION_ERASED, &result);
        check_tcg("tcg = opal2 enabled\n", NULL, all_paths[k], DISPOSITION_ERASED, &result);
    }
}

/* Ranges that are locked are opened by the PSID, which is no erase that counts; the plan's follows.
 */
static void test_psid_opens(void **state) {
    (void)state;
    static const char *const kinds[] = {"opal1",   "opal2",   "opalite",   "ruby",
                                        "pyrite1", "pyrite2", "enterprise"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
            struct trial_result result;
            char lines[128];
            (void)snprintf(lines, sizeof lines, "sanitize = block\ntcg = %s locked psid=" PSID "\n",
                           kinds[i]);
            check_tcg(lines, PSID, all_paths[k], DISPOSITION_ERASED, &result);
            assert_non_null(strstr(result.method, "sanitize-block"));
        }
    }
}

/* Owned and open: the revert is a method of its own, with markers before it. */
/* One question that gets lost must not make a drive with a shadow one without. */
static void test_a_shadow_is_not_forgotten(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
        for (discovery_fails_at = 0; discovery_fails_at < 6; discovery_fails_at++) {
            struct trial_result result;
            discoveries = 0;
            check_tcg("tcg = opal2 shadow\nsanitize = block\n", NULL, all_paths[k],
                      DISPOSITION_UNKNOWN, &result);
        }
    }
    discovery_fails_at = 0;
}

static void test_psid_revert_as_a_method(void **state) {
    (void)state;
    static const struct {
        const char *lines;
        enum disposition outcome;
        const char *says;
    } rows[] = {
        {"tcg = opal2 enabled psid=" PSID "\n", DISPOSITION_ERASED, "accepted"},
        {"tcg = opal2 enabled psid=" PSID "\ncrypto-unmaps = no\n", DISPOSITION_ERASED, "accepted"},
        {"tcg = opal2 enabled keeps-keys psid=" PSID "\n", DISPOSITION_FAILED, "samples"},
        {"tcg = opal2 enabled ignores psid=" PSID "\n", DISPOSITION_FAILED, "still in use"},
        {"tcg = opal2 enabled psid=012345ABCDEFGHIJKLMNOPQRSTUVWXYZ\n", DISPOSITION_FAILED,
         "not this drive's"},
        {"tcg = pyrite2 enabled psid=" PSID "\n", DISPOSITION_FAILED, "no media encryption"},
        {"tcg = opal2 psid=" PSID "\n", DISPOSITION_FAILED, "not in use"},
        {"tcg = enterprise psid=" PSID "\n", DISPOSITION_ERASED, "accepted"},
        {"tcg = enterprise enabled psid=" PSID "\n", DISPOSITION_ERASED, "accepted"},
        {"tcg = enterprise keeps-keys psid=" PSID "\n", DISPOSITION_FAILED, "samples"},
        {"tcg = enterprise ignores psid=" PSID "\n", DISPOSITION_FAILED, "samples"},
        {"tcg = enterprise clear psid=" PSID "\n", DISPOSITION_FAILED, "no media encryption"},
        {"tcg = enterprise psid=012345ABCDEFGHIJKLMNOPQRSTUVWXYZ\n", DISPOSITION_FAILED,
         "not this drive's"},
        {"tcg = enterprise\n", DISPOSITION_FAILED, "no revert by PSID"},
        {"", DISPOSITION_FAILED, "no method can be used"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
            struct trial_result result;
            only_method = "tcg-psid-revert";
            check_tcg(rows[i].lines, PSID, all_paths[k], rows[i].outcome, &result);
            only_method = NULL;
            if (!strstr(result.reason, rows[i].says))
                fail_msg("%s: the reason is: %s", rows[i].lines, result.reason);
            if (result.outcome == DISPOSITION_ERASED)
                assert_int_equal(result.claimed, CATEGORY_PURGE);
        }
    }
}

static void test_psid_that_opens_nothing(void **state) {
    (void)state;
    static const struct {
        const char *lines;
        const char *psid;
        const char *says;
    } rows[] = {
        {"tcg = opal2 locked psid=" PSID "\n", "012345ABCDEFGHIJKLMNOPQRSTUVWXYZ",
         "not this drive's"},
        {"tcg = opal2 locked ignores psid=" PSID "\n", PSID, "still in use"},
        {"tcg = enterprise locked psid=" PSID "\n", "012345ABCDEFGHIJKLMNOPQRSTUVWXYZ",
         "not this drive's"},
        {"tcg = enterprise locked ignores psid=" PSID "\n", PSID, "still in use"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t k = 0; k < COUNT_OF(all_paths); k++) {
            struct trial_result result;
            check_tcg(rows[i].lines, rows[i].psid, all_paths[k], DISPOSITION_FAILED, &result);
            if (!strstr(result.reason, rows[i].says))
                fail_msg("%s: the reason is: %s", rows[i].lines, result.reason);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_ata_passwords_that_the_operator_gives),
    cmocka_unit_test(test_wrong_passwords_leave_an_attempt),
    cmocka_unit_test(test_master_erase_interrupted),
    cmocka_unit_test(test_locked_ranges_are_not_erased),
    cmocka_unit_test(test_unlocked_security_is_no_obstacle),
    cmocka_unit_test(test_psid_opens),
    cmocka_unit_test(test_a_shadow_is_not_forgotten),
    cmocka_unit_test(test_psid_revert_as_a_method),
    cmocka_unit_test(test_psid_that_opens_nothing),
};
TEST_MAIN(tests)
