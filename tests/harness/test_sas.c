/* Whole erases of a simulated SAS disk in simulated time: reservations, retired sectors, odd
 * sectors. */
#include "quietus/ask.h"
#include "quietus/json.h"
#include "quietus/keys.h"

#include "../unit/test.h"
#include "trial.h"

#include <unistd.h>

#define DISK                                                                                       \
    "family = scsi\nsize = 8M\nspare = 2M\nmedium = magnetic\nencrypts = no\n"                     \
    "plant = QPLANT every=4 stale=20 remapped=5\n"

struct whole {
    struct trial trial;
    struct trial_result result;
    char folder[64];
};

static void prepare(struct whole *whole, const char *description) {
    *whole = (struct whole){.folder = "/tmp/quietus-sas-XXXXXX"};
    assert_non_null(mkdtemp(whole->folder));
    whole->trial =
        (struct trial){.folder = whole->folder, .description = description, .path = MODEL_SAS};
    policy_default(&whole->trial.policy);
}

/* Runs it; its end has to be the expected one, and true. */
static void go(struct whole *whole, enum disposition expected) {
    char problem[512] = "";
    bool unseen;
    keys_start();
    const bool done = trial_run(&whole->trial, &whole->result, problem, sizeof problem);
    trial_clean(whole->folder);
    if (!done)
        fail_msg("%s", problem);
    if (whole->result.outcome != expected)
        fail_msg("%s, not %s: %s\n%s", disposition_name(whole->result.outcome),
                 disposition_name(expected), whole->result.reason, whole->result.attempts);
    const char *wrong = trial_verdict(&whole->result, &unseen);
    if (wrong)
        fail_msg("%s", wrong);
}

static void assert_says(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_silent(const char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("'%s' is in:\n%s", part, text);
}

/* --- reservations --- */

struct reservations {
    struct scsi_reservation reservation;
    struct scsi_registrations registrations;
    unsigned out; /* PERSISTENT RESERVE OUT in the evidence */
    unsigned changing;
};

static void look_at_reservations(struct model *model, struct disk_run *run, void *user) {
    struct reservations *out = user;
    struct device *device = model_open(model, run->disk);
    size_t i;
    json_t *entry;
    assert_int_equal(ask_scsi_reservation(device, &out->reservation), 0);
    assert_int_equal(ask_scsi_registrations(device, &out->registrations), 0);
    device_close(device);
    json_t *evidence = evidence_list(run->evidence);
    json_array_foreach(evidence, i, entry) {
        const char *cdb = json_text(json_object_get(entry, "command"), "cdb");
        uint8_t bytes[16] = {0};
        const size_t length = strlen(cdb) / 2;
        if (length < 6 || length > sizeof bytes || hex_decode(bytes, length, cdb) != 0)
            continue;
        out->out += bytes[0] == SCSI_PERSISTENT_RESERVE_OUT;
        out->changing += !device_scsi_only_asks(bytes, length);
    }
    json_decref(evidence);
}

/* Every type of reservation keeps the agent off, and nothing at all is sent that changes the disk.
 */
static void test_reserved_is_refused(void **state) {
    static const struct {
        unsigned type;
        const char *says;
    } cases[] = {
        {1, "(write exclusive, key 0x00000000000abcde)"},
        {3, "(exclusive access, key 0x00000000000abcde)"},
        {5, "(write exclusive, registrants only, key 0x00000000000abcde)"},
        {6, "(exclusive access, registrants only, key 0x00000000000abcde)"},
        {7, "by other hosts together (write exclusive, all registrants)"},
        {8, "by other hosts together (exclusive access, all registrants)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct whole whole;
        struct reservations seen = {0};
        char description[512];
        (void)snprintf(description, sizeof description, DISK "reserved-by = 0xabcde %u\n",
                       cases[i].type);
        prepare(&whole, description);
        whole.trial.look = look_at_reservations;
        whole.trial.user = &seen;
        go(&whole, DISPOSITION_REFUSED);
        assert_says(whole.result.reason, cases[i].says);
        assert_says(whole.result.reason, "clear_reservations");
        assert_int_equal(seen.changing, 0);
        assert_true(seen.reservation.held);
        assert_true(whole.result.visible > 0);
    }
}

static void test_reservation_cleared(void **state) {
    (void)state;
    for (unsigned type = 1; type <= 8; type++) {
        struct whole whole;
        struct reservations seen = {0};
        char description[512];
        if (type == 2 || type == 4)
            continue;
        (void)snprintf(description, sizeof description, DISK "reserved-by = 0xabcde %u\n", type);
        prepare(&whole, description);
        whole.trial.policy.clear_reservations = true;
        whole.trial.look = look_at_reservations;
        whole.trial.user = &seen;
        go(&whole, DISPOSITION_ERASED);
        assert_says(whole.result.exceptions, "the reservation and all registrations were cleared");
        assert_int_equal(seen.out, 2); /* REGISTER, CLEAR */
        assert_false(seen.reservation.held);
        assert_int_equal(seen.registrations.count, 0);
    }
}

/* A disk that knows no CLEAR: the holder is preempted; if that is refused too, all is left as it
 * was.
 */
static void test_reservation_preempted(void **state) {
    (void)state;
    for (unsigned type = 1; type <= 8; type++) {
        for (unsigned refuses = 0; refuses < 2; refuses++) {
            struct whole whole;
            struct reservations seen = {0};
            char description[512];
            if (type == 2 || type == 4)
                continue;
            (void)snprintf(description, sizeof description,
                           DISK "reserved-by = 0xabcde %u\nclear-refused = yes\n%s", type,
                           refuses ? "preempt-refused = yes\n" : "");
            prepare(&whole, description);
            whole.trial.policy.clear_reservations = true;
            whole.trial.look = look_at_reservations;
            whole.trial.user = &seen;
            go(&whole, refuses ? DISPOSITION_REFUSED : DISPOSITION_ERASED);
            /* REGISTER, CLEAR, PREEMPT, RELEASE, REGISTER; without RELEASE if it was refused. */
            assert_int_equal(seen.out, refuses ? 4 : 5);
            assert_true(seen.reservation.held == (refuses != 0));
            assert_int_equal(seen.registrations.count, refuses ? 1 : 0);
            if (refuses)
                assert_says(whole.result.reason, "neither cleared nor preempted");
            else
                assert_says(whole.result.exceptions, "preempted and released");
        }
    }
}

static void test_nobody_reserved(void **state) {
    (void)state;
    struct whole whole;
    struct reservations seen = {0};
    prepare(&whole, DISK);
    whole.trial.policy.clear_reservations = true;
    whole.trial.look = look_at_reservations;
    whole.trial.user = &seen;
    go(&whole, DISPOSITION_ERASED);
    assert_int_equal(seen.out, 0);
    assert_silent(whole.result.exceptions, "reserv");
}

/* --- retired sectors --- */

struct growth {
    json_t *event; /* the last in the evidence */
};

static void look_at_growth(struct model *model, struct disk_run *run, void *user) {
    struct growth *growth = user;
    size_t i;
    json_t *entry;
    (void)model;
    json_t *evidence = evidence_list(run->evidence);
    json_array_foreach(evidence, i, entry) {
        if (strcmp(json_text(entry, "kind"), "grown-defects") == 0)
            growth->event = json_incref(entry);
    }
    json_decref(evidence);
}

/* Of every kind of method: both numbers are on the certificate, and only growth is an exception. */
static void test_defects_that_grow(void **state) {
    static const struct {
        const char *method;
        const char *drive;
        uint64_t before, after;
    } cases[] = {
        {"overwrite", "bad-blocks = 8 800 8000\n", 0, 3},
        {"scsi-sanitize-overwrite", "misbehave = grow-defects scsi-sanitize-overwrite\n", 0, 3},
        {"scsi-sanitize-block", "misbehave = grow-defects scsi-sanitize-block\n", 0, 3},
        {"scsi-format", "misbehave = grow-defects scsi-format\n", 0, 3},
        {"overwrite", "", 0, 0},
        {"scsi-sanitize-block", "", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct whole whole;
        struct growth growth = {NULL};
        char description[512];
        (void)snprintf(description, sizeof description,
                       "family = scsi\nsize = 8M\nspare = 2M\nmedium = magnetic\n"
                       "encrypts = no\nplant = QPLANT every=4\n%s",
                       cases[i].drive);
        prepare(&whole, description);
        text_copy(whole.trial.policy.methods[0], POLICY_NAME_SIZE, cases[i].method);
        whole.trial.policy.method_count = 1;
        whole.trial.look = look_at_growth;
        whole.trial.user = &growth;
        go(&whole, DISPOSITION_ERASED);
        assert_non_null(growth.event);
        assert_int_equal(json_count(growth.event, "before"), cases[i].before);
        assert_int_equal(json_count(growth.event, "after"), cases[i].after);
        json_decref(growth.event);
        if (cases[i].after > cases[i].before)
            assert_says(whole.result.exceptions, "went from 0 to 3 entries");
        else
            assert_silent(whole.result.exceptions, "defect");
    }
}

/* --- reads after an erase --- */

struct reads {
    struct sample_facts samples;
};

static void look_at_reads(struct model *model, struct disk_run *run, void *user) {
    struct reads *reads = user;
    (void)model;
    reads->samples = run->attempts[run->attempt_count - 1].facts.samples;
}

#define BLOCK  "scsi-sanitize-block"
#define CRYPTO "scsi-sanitize-crypto"

/* What fails as it was announced is as good as it can be; anything else is not. */
static void test_reads_after_an_erase(void **state) {
    static const struct {
        const char *method;
        const char *drive;
        enum disposition ends;
        bool announced; /* all samples fail, as they may */
        const char *says;
    } cases[] = {
        {BLOCK, "after-block-erase = write-required\n", DISPOSITION_ERASED, true, "announces"},
        {BLOCK, "after-block-erase = error\n", DISPOSITION_ERASED, true, "announces"},
        {CRYPTO, "encrypts = yes\nafter-crypto-erase = error\n", DISPOSITION_ERASED, true,
         "announces"},
        {CRYPTO, "encrypts = yes\nafter-crypto-erase = write-required\n", DISPOSITION_ERASED, true,
         "announces"},
        {BLOCK, "misbehave = read-errors after=" BLOCK " announced\n", DISPOSITION_ERASED, true,
         "announces"},
        {BLOCK, "misbehave = read-errors after=" BLOCK " deallocated announced\n",
         DISPOSITION_ERASED, true, "announces"},
        {BLOCK, "misbehave = read-errors after=" BLOCK "\n", DISPOSITION_FAILED, false, ""},
        {BLOCK, "misbehave = read-errors after=" BLOCK " deallocated\n", DISPOSITION_FAILED, false,
         ""},
        /* The other erase was announced to do that, and another error than the one that comes. */
        {BLOCK, "after-crypto-erase = error\nmisbehave = read-errors after=" BLOCK "\n",
         DISPOSITION_FAILED, false, ""},
        {BLOCK, "after-block-erase = error\nmisbehave = read-errors after=" BLOCK " deallocated\n",
         DISPOSITION_FAILED, false, ""},
        {BLOCK, "after-block-erase = error\nmisbehave = lie " BLOCK "\n", DISPOSITION_FAILED, false,
         ""},
        {BLOCK, "after-block-erase = error\nmisbehave = partial " BLOCK " from=0 to=8191\n",
         DISPOSITION_FAILED, false, ""},
        /* Protection information that is wrong after the erase: what is behind it is compared. */
        {BLOCK, "protection = 1\nafter-block-erase = unspecified\n", DISPOSITION_ERASED, false,
         "without a check of their protection information"},
        {BLOCK,
         "protection = 1\nafter-block-erase = unspecified\nmisbehave = partial " BLOCK
         " from=0 to=4000\n",
         DISPOSITION_FAILED, false, ""},
        {BLOCK, "protection = 2\nafter-block-erase = unspecified\n", DISPOSITION_FAILED, false, ""},
        {BLOCK, "protection = 1\nafter-block-erase = write-required\n", DISPOSITION_ERASED, true,
         "announces"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct whole whole;
        struct reads reads = {0};
        char description[512];
        (void)snprintf(description, sizeof description, DISK "%s", cases[i].drive);
        prepare(&whole, description);
        text_copy(whole.trial.policy.methods[0], POLICY_NAME_SIZE, cases[i].method);
        whole.trial.policy.method_count = 1;
        whole.trial.look = look_at_reads;
        whole.trial.user = &reads;
        go(&whole, cases[i].ends);
        assert_says(whole.result.exceptions, cases[i].says);
        if (cases[i].ends == DISPOSITION_ERASED)
            assert_int_equal(reads.samples.announced,
                             cases[i].announced ? reads.samples.planned : 0);
    }
}

/* Every type of protection information, by every method that the disk offers: all of the medium is
 * erased, and can be read. */
static void test_protection_information(void **state) {
    (void)state;
    static const char *const names[] = {BLOCK, "scsi-sanitize-overwrite", "scsi-format",
                                        "overwrite"};
    for (unsigned type = 1; type <= 3; type++) {
        for (size_t i = 0; i < COUNT_OF(names) * 2; i++) {
            struct whole whole;
            char description[512];
            (void)snprintf(description, sizeof description, DISK "protection = %u\nsector = %u\n",
                           type, i < COUNT_OF(names) ? 512 : 520);
            prepare(&whole, description);
            text_copy(whole.trial.policy.methods[0], POLICY_NAME_SIZE, names[i % COUNT_OF(names)]);
            whole.trial.policy.method_count = 1;
            whole.trial.policy.verify.kind = VERIFY_FULL;
            go(&whole, DISPOSITION_ERASED);
            assert_int_equal(whole.result.visible, 0);
        }
    }
    struct whole whole; /* where a sanitize leaves type 2 unreadable, an overwrite puts it right */
    prepare(&whole, DISK "sanitize = block\nprotection = 2\nafter-block-erase = unspecified\n");
    go(&whole, DISPOSITION_ERASED);
    assert_string_equal(whole.result.method, "overwrite");
    assert_says(whole.result.attempts, "scsi-sanitize-block: failed");
}

/* --- other sectors --- */

struct seen_reformat {
    struct reformat reformat;
    struct scsi_capacity capacity;
    unsigned formats;
};

static void look_at_reformat(struct model *model, struct disk_run *run, void *user) {
    struct seen_reformat *seen = user;
    size_t i;
    json_t *entry;
    seen->reformat = run->reformat;
    struct device *device = model_open(model, run->disk);
    if (ask_scsi_capacity(device, &seen->capacity))
        seen->capacity = (struct scsi_capacity){0};
    device_close(device);
    json_t *evidence = evidence_list(run->evidence);
    json_array_foreach(evidence, i, entry) {
        const char *cdb = json_text(json_object_get(entry, "command"), "cdb");
        seen->formats += strlen(cdb) == 12 && strncmp(cdb, "04", 2) == 0;
        assert_true(strlen(cdb) != 12 || strncmp(cdb, "04", 2) != 0 || cdb[9] == '0'); /* FFMT */
    }
    json_decref(evidence);
}

/* Erased, whatever becomes of the reformat; that is told. */
static void test_other_sectors(void **state) {
    static const struct {
        const char *drive;
        unsigned asked;
        uint32_t after; /* what the disk has in the end; 0: it does not say */
        unsigned formats;
        const char *problem;
    } cases[] = {
        {"sector = 520\n", 512, 512, 1, NULL},
        {"sector = 528\nsanitize = overwrite\n", 512, 512, 1, NULL},
        {"sector = 520\n", 4096, 4096, 1, NULL},
        {"sector = 520\nmode-saves = no\n", 512, 512, 1, NULL},
        {"protection = 1\nsector = 520\n", 512, 512, 1, NULL},
        {"sector = 520\n", 0, 520, 0, NULL},
        {"", 512, 512, 0, NULL},
        {"sector = 520\nformat-picks = 528\n", 512, 528, 1, "it took sectors of 528 bytes"},
        {"sector = 520\nformat-sizes = 520\n", 512, 520, 0, "it refuses that sector size"},
        {"sector = 520\nmisbehave = fail scsi-format at=40%\n", 512, 0, 1,
         "reports that it failed"},
        {"sector = 520\nmisbehave = ignore scsi-format\n", 512, 520, 1, "it took sectors of 520"},
        {"sector = 520\nmisbehave = refuse scsi-format\n", 512, 520, 1, "refused by the disk"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct whole whole;
        struct seen_reformat seen = {0};
        char description[512];
        (void)snprintf(description, sizeof description, DISK "%s", cases[i].drive);
        prepare(&whole, description);
        text_copy(whole.trial.policy.methods[0], POLICY_NAME_SIZE, "scsi-sanitize-overwrite");
        whole.trial.policy.method_count = 1;
        whole.trial.policy.sector_size = cases[i].asked;
        whole.trial.look = look_at_reformat;
        whole.trial.user = &seen;
        go(&whole, DISPOSITION_ERASED);
        if (seen.capacity.block_size != cases[i].after || seen.formats != cases[i].formats)
            fail_msg("case %zu: sectors of %u bytes after %u formats: %s", i,
                     seen.capacity.block_size, seen.formats, whole.result.reason);
        if (cases[i].problem) {
            assert_says(whole.result.reason, cases[i].problem);
            assert_says(whole.result.exceptions, cases[i].problem);
        } else {
            assert_string_equal(seen.reformat.problem.text, "");
            assert_silent(whole.result.exceptions, "reformat");
        }
    }
}

/* --- two paths --- */

struct paths {
    unsigned dead_at; /* the command after the scan at which the first dies */
    unsigned scanned_path_count;
    char first[DISK_NODE_SIZE];
    enum path_state second_state;
    unsigned on_medium[2]; /* since the scan */
    unsigned sent[2];
    bool hidden_known;
    unsigned at_sanitize; /* commands sent by the first path until the sanitize was */
};

static void two_ports(struct model *model, void *user) {
    (void)user;
    model->ports = 2;
}

static void paths_scanned(struct model *model, struct disk *disk, void *user) {
    struct paths *paths = user;
    paths->scanned_path_count = disk->path_count;
    text_copy(paths->first, sizeof paths->first, disk->paths[0].node);
    paths->second_state = disk->paths[1].state;
    memset(model->on_medium, 0, sizeof model->on_medium);
    memset(model->sent, 0, sizeof model->sent);
    model->dead_at[0] = paths->dead_at;
}

static void paths_used(struct model *model, struct disk_run *run, void *user) {
    struct paths *paths = user;
    memcpy(paths->on_medium, model->on_medium, sizeof paths->on_medium);
    memcpy(paths->sent, model->sent, sizeof paths->sent);
    paths->hidden_known = run->now.hidden_known;
    paths->at_sanitize = model->sanitize_at;
}

static void prepare_paths(struct whole *whole, struct paths *paths, const char *description) {
    prepare(whole, description);
    whole->trial.set_up = two_ports;
    whole->trial.scanned = paths_scanned;
    whole->trial.look = paths_used;
    whole->trial.user = paths;
}

/* One disk; every command goes by one path, for every method, and none by the other. */
static void test_the_other_path_is_quiet(void **state) {
    static const char *const names[] = {"scsi-sanitize-block", "scsi-sanitize-overwrite",
                                        "scsi-format", "overwrite"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct whole whole;
        struct paths paths = {0};
        prepare_paths(&whole, &paths, DISK);
        text_copy(whole.trial.policy.methods[0], POLICY_NAME_SIZE, names[i]);
        whole.trial.policy.method_count = 1;
        go(&whole, DISPOSITION_ERASED);
        assert_int_equal(paths.scanned_path_count, 2);
        assert_true(paths.on_medium[0] > 0);
        assert_int_equal(paths.sent[1], 0);
        assert_true(paths.hidden_known);
    }
}

/* What is in standby, or dead, when it is scanned comes second. */
static void test_a_path_in_standby(void **state) {
    (void)state;
    struct whole whole;
    struct paths paths = {0};
    prepare_paths(&whole, &paths, DISK "standby-port = 1\n");
    go(&whole, DISPOSITION_ERASED);
    assert_int_equal(paths.scanned_path_count, 2);
    assert_string_equal(paths.first, "/dev/sg1");
    assert_int_equal(paths.second_state, PATH_STANDBY);
    assert_int_equal(paths.sent[0], 0);
    assert_true(paths.on_medium[1] > 0);
    struct paths other = {0};
    prepare_paths(&whole, &other, DISK "standby-port = 2\n");
    go(&whole, DISPOSITION_ERASED);
    assert_string_equal(other.first, "/dev/sg0");
    assert_int_equal(other.sent[1], 0);
}

/* A path that has died since the scan is left for the other before anything is begun. */
static void test_a_path_dies_after_the_scan(void **state) {
    (void)state;
    struct whole whole;
    struct paths paths = {.dead_at = 1};
    prepare_paths(&whole, &paths, DISK);
    whole.trial.policy.fallback = false;
    go(&whole, DISPOSITION_ERASED);
    assert_int_equal(paths.on_medium[0], 0);
    assert_true(paths.on_medium[1] > 0);
}

/* One that dies during a sanitize: what runs in the disk is followed by the other. */
static void test_a_path_dies_on_the_way(void **state) {
    (void)state;
    struct whole whole;
    struct paths healthy = {0};
    prepare_paths(&whole, &healthy, DISK);
    text_copy(whole.trial.policy.methods[0], POLICY_NAME_SIZE, "scsi-sanitize-overwrite");
    whole.trial.policy.method_count = 1;
    go(&whole, DISPOSITION_ERASED);
    struct paths paths = {.dead_at = healthy.at_sanitize + 3};
    const struct policy policy = whole.trial.policy;
    prepare_paths(&whole, &paths, DISK);
    whole.trial.policy = policy;
    go(&whole, DISPOSITION_ERASED);
    assert_true(paths.sent[1] > 0);
    assert_int_equal(paths.at_sanitize, healthy.at_sanitize);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_reserved_is_refused),
    cmocka_unit_test(test_reservation_cleared),
    cmocka_unit_test(test_reservation_preempted),
    cmocka_unit_test(test_nobody_reserved),
    cmocka_unit_test(test_defects_that_grow),
    cmocka_unit_test(test_reads_after_an_erase),
    cmocka_unit_test(test_protection_information),
    cmocka_unit_test(test_other_sectors),
    cmocka_unit_test(test_the_other_path_is_quiet),
    cmocka_unit_test(test_a_path_in_standby),
    cmocka_unit_test(test_a_path_dies_after_the_scan),
    cmocka_unit_test(test_a_path_dies_on_the_way),
};
TEST_MAIN(tests)
