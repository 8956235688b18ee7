/* Certificates and records: what they say, and that no change to them goes unnoticed. */
#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/cleanup.h"
#include "quietus/json.h"
#include "quietus/plan.h"

#include "../../agent/authorize/internal.h"
#include "fake_disk.h"
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct session session;
static const struct server server = {.serial = "S", .uuid = "U"};

static int start(void **state) {
    (void)state;
    keys_start();
    session_start(&session, NULL);
    return 0;
}

static int stop(void **state) {
    (void)state;
    session_end(&session);
    return 0;
}

/* The payload of the certificate of a disk, which has to come out as erased; frees the disk. */
static json_t *certificate_of(struct fake_disk *fake) {
    static const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE] = {9};
    struct policy policy;
    struct document document;
    struct envelope envelope;
    struct reason reason = {""};
    policy_default(&policy);
    struct disk *disk = fake_disk_scanned(fake);
    json_t *authority = json_pack("{s:s}", "kind", "operator");
    struct disk_run *run = disk_run_new(disk, warrant_issue(disk, authority), &policy, run_id);
    struct device *device = fake_disk_open(fake, disk);
    disk_run_on_device(run, device);
    device_close(device);
    certificate_of_run(&session, &server, run, &document);
    assert_int_equal(envelope_parse(document.text, strlen(document.text), &envelope, &reason), 0);
    json_t *payload = json_parse(envelope.payload, envelope.payload_length, &reason);
    assert_string_equal(json_text(payload, "disposition"), "erased");
    envelope_free(&envelope);
    document_free(&document);
    disk_run_free(run);
    json_decref(authority);
    disk_free(disk);
    fake_disk_free(fake);
    return payload;
}

static json_t *erased_certificate(enum command_set commands) {
    struct fake_disk fake;
    fake_disk_make(&fake, commands, 8);
    return certificate_of(&fake);
}

/* The disk vanished in the pass and came back. */
static json_t *certificate_in_parts(void) {
    enum { AFTER = 12 }; /* requests */
    struct fake_disk fake;
    fake_disk_make(&fake, COMMANDS_ATA, 8);
    fake.vanishes_after = AFTER;
    fake.returns = 1;
    return certificate_of(&fake);
}

/* Signs a payload with the session's own key, as somebody who has it could, and checks it. */
static enum check_status check_signed(const char *type, const json_t *payload) {
    AUTO_FREE char *text = json_line(payload);
    AUTO_FREE char *envelope = envelope_make(type, text, strlen(text), session.key);
    struct check_result result;
    const struct trust nobody = {0};
    check_envelope(envelope, strlen(envelope), &nobody, &result);
    const enum check_status status = result.status;
    assert_true((status == CHECK_NOT_INTACT) == (json_array_size(result.problems) > 0));
    check_result_free(&result);
    return status;
}

static void test_good_certificates_are_intact(void **state) {
    (void)state;
    static const enum command_set sets[] = {COMMANDS_ATA, COMMANDS_NVME};
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        json_t *payload = erased_certificate(sets[i]);
        assert_int_equal(check_signed(envelope_type_certificate, payload), CHECK_UNPROVEN);
        json_decref(payload);
    }
}

static void test_a_trusted_key_is_told_apart(void **state) {
    (void)state;
    json_t *payload = erased_certificate(COMMANDS_ATA);
    AUTO_FREE char *text = json_line(payload);
    AUTO_FREE char *envelope =
        envelope_make(envelope_type_certificate, text, strlen(text), session.key);
    struct trust trust = {0};
    struct check_result result;
    trust_add(&trust, signing_key_public(session.key), "site", "");
    check_envelope(envelope, strlen(envelope), &trust, &result);
    assert_int_equal(result.status, CHECK_TRUSTED);
    check_result_free(&result);
    trust_free(&trust);
    json_decref(payload);
}

/* A certificate signed by one key that names another as its own. */
static void test_own_key_must_be_the_signer(void **state) {
    (void)state;
    json_t *payload = erased_certificate(COMMANDS_ATA);
    struct signing_key *other = signing_key_generate();
    AUTO_FREE char *text = json_line(payload);
    AUTO_FREE char *envelope = envelope_make(envelope_type_certificate, text, strlen(text), other);
    struct check_result result;
    const struct trust nobody = {0};
    check_envelope(envelope, strlen(envelope), &nobody, &result);
    assert_int_equal(result.status, CHECK_NOT_INTACT);
    check_result_free(&result);
    signing_key_free(other);
    json_decref(payload);
}

static json_t *last_attempt(const json_t *payload) {
    json_t *attempts = json_object_get(payload, "attempts");
    return json_array_get(attempts, json_array_size(attempts) - 1);
}

static json_t *last_pass(const json_t *payload) {
    json_t *found = NULL;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(payload, "evidence"), i, entry) {
        if (strcmp(json_text(entry, "kind"), "overwrite-pass") == 0)
            found = entry;
    }
    return found;
}

/* As if not every unit had been read, with the bound of a sample. */
static void say_sampled(const json_t *payload, double residue) {
    json_t *shown = json_object_get(last_attempt(payload), "verification");
    json_object_set_new(shown, "every_unit", json_false());
    json_object_set_new(shown, "bound",
                        json_pack("{s:f,s:f,s:s}", "residue", residue, "confidence", 0.9999,
                                  "formula", "1 - (1 - p s / l)^n"));
}

static json_t *facts_of(const json_t *payload) {
    return json_object_get(last_attempt(payload), "facts");
}

static json_t *claim_of(const json_t *payload) {
    return json_object_get(json_object_get(payload, "method"), "claim");
}

/* Ways to make a certificate say more than it shows. */
static void forge_facts(json_t *p) {
    json_object_set_new(facts_of(p), "state_read_back", json_false());
}
static void forge_refuted(json_t *p) {
    json_object_set_new(facts_of(p), "refuted", json_true());
}
static void forge_binding(json_t *p) {
    json_object_set_new(facts_of(p), "bound_by", json_string("none"));
}
static void forge_no_facts(json_t *p) {
    json_object_del(last_attempt(p), "facts");
}
static void forge_mismatch(json_t *p) {
    json_object_set_new(json_object_get(last_attempt(p), "verification"), "mismatched",
                        json_integer(1));
}
static void forge_counts(json_t *p) {
    json_object_set_new(json_object_get(facts_of(p), "samples"), "read", json_integer(99999));
}
static void forge_announced(json_t *p) {
    json_object_set_new(json_object_get(last_attempt(p), "verification"), "announced",
                        json_integer(1));
}
/* No disk announces read errors after an overwrite or a format. */
static void forge_announced_reads(json_t *p) {
    json_t *samples = json_object_get(facts_of(p), "samples");
    json_t *shown = json_object_get(last_attempt(p), "verification");
    const json_int_t read = json_integer_value(json_object_get(samples, "read"));
    json_object_set_new(samples, "read", json_integer(read - 1));
    json_object_set_new(samples, "announced", json_integer(1));
    json_object_set_new(shown, "read", json_integer(read - 1));
    json_object_set_new(shown, "announced", json_integer(1));
}
static void forge_purge(json_t *p) {
    json_object_set_new(claim_of(p), "category", json_string("purge"));
}
static void forge_rev1(json_t *p) {
    json_object_set_new(claim_of(p), "rev1_category", json_string("purge"));
}
static void forge_method(json_t *p) {
    json_object_set_new(json_object_get(p, "method"), "name", json_string("nvme-format-crypto"));
}
static void forge_unknown_method(json_t *p) {
    json_object_set_new(json_object_get(p, "method"), "name", json_string("magic"));
}
static void forge_half_a_pass(json_t *p) {
    json_object_set_new(last_pass(p), "bytes_acknowledged", json_integer(4096));
}
static void forge_bad_sectors(json_t *p) {
    json_object_set_new(last_pass(p), "bad_lbas", json_integer(1));
}
static void forge_flush(json_t *p) {
    json_object_set_new(last_pass(p), "flush", json_string("Input/output error"));
}
static void forge_result(json_t *p) {
    json_object_set_new(last_pass(p), "result", json_string("Connection timed out"));
}
static void forge_failed_writes(json_t *p) {
    json_object_set_new(last_pass(p), "requests_failed", json_integer(1));
    json_object_set_new(json_object_get(last_attempt(p), "verification"), "every_unit",
                        json_false());
}
static void forge_formula(json_t *p) {
    json_t *verification = json_object_get(last_attempt(p), "verification");
    json_object_set_new(json_object_get(verification, "bound"), "formula",
                        json_string("all of it"));
}
static void forge_more_passes(json_t *p) {
    json_object_set_new(json_object_get(p, "policy"), "passes", json_string("random,random"));
}
static void forge_no_evidence(json_t *p) {
    json_object_set_new(p, "evidence", json_array());
}
static void forge_other_disk_after(json_t *p) {
    json_object_set_new(json_object_get(p, "identity_after"), "serial", json_string("X"));
}
static void forge_no_disk_after(json_t *p) {
    json_object_del(p, "identity_after");
}
static void forge_no_authority(json_t *p) {
    json_object_set_new(p, "authority", json_null());
}
static void forge_disposition(json_t *p) {
    json_object_set_new(p, "disposition", json_string("failed"));
}
static void forge_no_such_disposition(json_t *p) {
    json_object_set_new(p, "disposition", json_string("wiped"));
}
static void forge_schema(json_t *p) {
    json_object_set_new(p, "schema", json_string("quietus.certificate/9"));
}
static void forge_no_disk(json_t *p) {
    json_object_set_new(p, "disk", json_string("all of them"));
}

static void test_forgeries_are_noticed(void **state) {
    (void)state;
    static void (*const forgeries[])(json_t *) = {
        forge_facts,
        forge_refuted,
        forge_binding,
        forge_no_facts,
        forge_mismatch,
        forge_counts,
        forge_announced,
        forge_announced_reads,
        forge_purge,
        forge_rev1,
        forge_method,
        forge_unknown_method,
        forge_half_a_pass,
        forge_bad_sectors,
        forge_flush,
        forge_result,
        forge_failed_writes,
        forge_formula,
        forge_more_passes,
        forge_no_evidence,
        forge_other_disk_after,
        forge_no_disk_after,
        forge_no_authority,
        forge_disposition,
        forge_no_such_disposition,
        forge_schema,
        forge_no_disk,
    };
    json_t *good = erased_certificate(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        json_t *payload = json_deep_copy(good);
        forgeries[i](payload);
        if (check_signed(envelope_type_certificate, payload) != CHECK_NOT_INTACT)
            fail_msg("forgery %zu went unnoticed", i);
        json_decref(payload);
    }
    json_decref(good);
}

static json_t *first_part(const json_t *payload) {
    json_t *evidence = json_object_get(payload, "evidence");
    size_t i = 0;
    while (strcmp(json_text(json_array_get(evidence, i), "kind"), "overwrite-pass") != 0)
        i++;
    return json_array_get(evidence, i);
}

static void forge_gap(json_t *p) {
    json_object_set_new(first_part(p), "flushed_below", json_integer(4096));
}
static void forge_rest_alone(json_t *p) {
    json_object_set_new(first_part(p), "kind", json_string("note"));
}
static void forge_part_of_another_pass(json_t *p) {
    json_object_set_new(first_part(p), "pass", json_integer(2));
}
static void forge_other_key(json_t *p) {
    json_object_set_new(first_part(p), "key", json_string("00"));
}
static void forge_other_pattern(json_t *p) {
    json_object_set_new(first_part(p), "pattern", json_string("ones"));
}
static void forge_not_all_read(json_t *p) {
    say_sampled(p, 0.01);
}

static void forge_reading_cut_off(json_t *p) {
    json_object_set_new(first_part(p), "kind", json_string("reading-cut-off"));
    json_object_del(last_pass(p), "taken_up_at");
    json_object_set(last_pass(p), "bytes_acknowledged",
                    json_object_get(json_object_get(p, "identity_after"), "capacity"));
    forge_not_all_read(p);
}
static void forge_overwrite_cut_off(json_t *p) {
    json_object_set_new(first_part(p), "method", json_string("overwrite"));
    forge_reading_cut_off(p);
}
static void forge_begun_anew(json_t *p) {
    json_object_set_new(first_part(p), "flushed_below", json_integer(0));
    json_object_del(last_pass(p), "taken_up_at");
    json_object_set(last_pass(p), "bytes_acknowledged",
                    json_object_get(json_object_get(p, "identity_after"), "capacity"));
    forge_not_all_read(p);
}

/* What 2,048 samples find, one in each of as many strata: of one unit, or of one or two. */
static void test_bounds_have_to_be_earned(void **state) {
    (void)state;
    static const struct {
        unsigned units;
        double residue;
        enum check_status status;
    } rows[] = {
        {2048, 0.0045, CHECK_UNPROVEN},   {2048, 0.0044, CHECK_NOT_INTACT},
        {4096, 0.0045, CHECK_UNPROVEN},   {2049, 0.0045, CHECK_NOT_INTACT},
        {2049, 0.0090, CHECK_UNPROVEN},   {4095, 0.0089, CHECK_NOT_INTACT},
        {2047, 0.0090, CHECK_NOT_INTACT}, /* more strata than units */
    };
    json_t *good = erased_certificate(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *payload = json_deep_copy(good);
        json_t *shown = json_object_get(last_attempt(payload), "verification");
        assert_int_equal(json_count(shown, "informative_strata"), 2048);
        say_sampled(payload, rows[i].residue);
        json_object_set_new(shown, "units", json_integer(rows[i].units));
        if (check_signed(envelope_type_certificate, payload) != rows[i].status)
            fail_msg("row %zu", i);
        json_decref(payload);
    }
    json_object_set_new(json_object_get(last_attempt(good), "verification"), "every_unit",
                        json_false()); /* and its bound says that every unit was read */
    assert_int_equal(check_signed(envelope_type_certificate, good), CHECK_NOT_INTACT);
    json_decref(good);
}

/* A pass in two parts fits together, and then everything was read. */
static void test_forged_parts_are_noticed(void **state) {
    (void)state;
    static void (*const forgeries[])(json_t *) = {
        forge_gap,
        forge_rest_alone,
        forge_part_of_another_pass,
        forge_other_key,
        forge_other_pattern,
        forge_not_all_read,
        forge_reading_cut_off,
        forge_begun_anew,
        forge_overwrite_cut_off,
    };
    json_t *good = certificate_in_parts();
    assert_int_equal(check_signed(envelope_type_certificate, good), CHECK_UNPROVEN);
    assert_true(json_count(last_pass(good), "taken_up_at") > 0);
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        json_t *payload = json_deep_copy(good);
        forgeries[i](payload);
        if (check_signed(envelope_type_certificate, payload) != CHECK_NOT_INTACT)
            fail_msg("forgery %zu went unnoticed", i);
        json_decref(payload);
    }
    json_decref(good);
}

/* A drive that was switched on again while it was overwritten, and what was read of it then. */
static void test_lost_power_needs_every_byte(void **state) {
    (void)state;
    static const struct {
        const char *event;
        bool all_read;
        enum check_status status;
    } rows[] = {
        {"'method':'overwrite','before':{'a':5,'b':1},'after':{'a':5,'b':1}", 0, CHECK_UNPROVEN},
        {"'method':'overwrite','before':{'a':5,'b':1},'after':{'a':5,'b':2}", 0, CHECK_NOT_INTACT},
        {"'method':'overwrite','before':{'a':5,'b':1},'after':{'a':5,'b':2}", 1, CHECK_UNPROVEN},
        {"'method':'overwrite','before':{'a':5},'after':{}", 0, CHECK_NOT_INTACT},
        {"'method':'overwrite','before':{'a':5}", 0, CHECK_NOT_INTACT},
        {"'method':'overwrite','before':{},'after':{'a':5}", 0, CHECK_UNPROVEN},
        {"'method':'ata-sanitize-block','before':{'a':5},'after':{'a':6}", 0, CHECK_UNPROVEN},
    };
    json_t *good = erased_certificate(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[160];
        (void)snprintf(text, sizeof text, "{'kind':'power-counters',%s}", rows[i].event);
        for (char *at = text; *at != '\0'; at++)
            *at = *at == '\'' ? '"' : *at;
        json_t *payload = json_deep_copy(good);
        json_array_append_new(json_object_get(payload, "evidence"), json_loads(text, 0, NULL));
        if (!rows[i].all_read)
            say_sampled(payload, 0.01);
        if (check_signed(envelope_type_certificate, payload) != rows[i].status)
            fail_msg("row %zu", i);
        json_decref(payload);
    }
    json_decref(good);
}

/* NVMe: setting 0 erases nothing, a failed status is none, and every namespace counts. */
static void test_forged_formats_are_noticed(void **state) {
    (void)state;
    json_t *good = erased_certificate(COMMANDS_NVME);
    for (int change = 0; change < 3; change++) {
        json_t *payload = json_deep_copy(good);
        size_t i;
        json_t *entry;
        json_array_foreach(json_object_get(payload, "evidence"), i, entry) {
            json_t *command = json_object_get(entry, "command");
            if (json_count(command, "opcode") != 0x80)
                continue;
            if (change == 0)
                json_array_set_new(json_object_get(command, "cdw10_15"), 0, json_integer(0));
            else if (change == 1)
                json_object_set_new(json_object_get(entry, "answer"), "status", json_integer(1));
            else
                json_object_set_new(command, "nsid", json_integer(2));
        }
        assert_int_equal(check_signed(envelope_type_certificate, payload), CHECK_NOT_INTACT);
        json_decref(payload);
    }
    json_decref(good);
}

#define NVME_SANITIZE(action)                                                                      \
    "{\"kind\":\"nvme\",\"command\":{\"opcode\":132,\"cdw10_15\":[" action                         \
    "]},\"answer\":{\"status\":0}}"
#define ATA_SANITIZE(features)                                                                     \
    "{\"kind\":\"scsi\",\"command\":{\"cdb\":\"85072000" features                                  \
    "000000000000000040b400\"},\"answer\":{\"status\":2}}"
#define SECURITY_ERASE(flags, answer)                                                              \
    "{\"kind\":\"scsi\",\"command\":{\"cdb\":\"850b260000000100000000000000f400\",\"data\":"       \
    "{\"flags\":\"" flags "\"}},\"answer\":{" answer "}}"
#define ENDED "{\"kind\":\"followed\",\"end\":\"ended in success\"}"
#define HALTS "{\"kind\":\"followed\",\"end\":\"no longer moves\"}"

/* What each method has to show, and what is not enough for it. */
static const struct {
    const char *method;
    const char *enough;
    const char *not_enough;
} firmware_evidence[] = {
    {"nvme-sanitize-block", NVME_SANITIZE("2") "," ENDED, NVME_SANITIZE("2")},
    {"nvme-sanitize-block", NVME_SANITIZE("2") "," HALTS "," ENDED,
     NVME_SANITIZE("2") "," ENDED "," HALTS},
    {"nvme-sanitize-crypto", NVME_SANITIZE("4") "," ENDED, NVME_SANITIZE("2") "," ENDED},
    {"nvme-sanitize-overwrite", NVME_SANITIZE("19") "," ENDED, NVME_SANITIZE("18") "," ENDED},
    {"nvme-sanitize-crypto-block", NVME_SANITIZE("4") "," ENDED "," NVME_SANITIZE("2") "," ENDED,
     NVME_SANITIZE("4") "," NVME_SANITIZE("2") "," ENDED},
    {"nvme-sanitize-crypto-block", NVME_SANITIZE("4") "," ENDED "," NVME_SANITIZE("2") "," ENDED,
     NVME_SANITIZE("4") "," ENDED "," ENDED},
    {"ata-sanitize-block", ATA_SANITIZE("12") "," ENDED, ATA_SANITIZE("11") "," ENDED},
    {"ata-sanitize-crypto", ATA_SANITIZE("11") "," ENDED, ATA_SANITIZE("00") "," ENDED},
    {"ata-sanitize-overwrite", ATA_SANITIZE("14") "," ENDED, ATA_SANITIZE("14") "," HALTS},
    {"ata-sanitize-crypto-block", ATA_SANITIZE("11") "," ENDED "," ATA_SANITIZE("12") "," ENDED,
     ATA_SANITIZE("12") "," ENDED "," ENDED},
    {"ata-security-erase", SECURITY_ERASE("0000", "\"status\":0"),
     SECURITY_ERASE("0200", "\"status\":0")},
    {"ata-security-erase-enhanced", SECURITY_ERASE("0200", "\"status\":0"),
     SECURITY_ERASE("0200", "\"not_sent\":\"no\"")},
};

static enum check_status check_with_evidence(const json_t *good, const char *name,
                                             const char *entries) {
    char text[1024];
    struct reason reason;
    json_t *payload = json_deep_copy(good);
    const struct method *method = method_find(name);
    assert_non_null(method);
    (void)snprintf(text, sizeof text, "[%s]", entries);
    json_object_set_new(json_object_get(payload, "method"), "name", json_string(name));
    json_object_set_new(last_attempt(payload), "method", json_string(name));
    json_object_set_new(json_object_get(payload, "method"), "claim",
                        claim_json(&method->claims[MEDIUM_ROTATING]));
    json_object_set_new(json_object_get(payload, "disk"), "medium", json_string("hdd"));
    json_object_set_new(payload, "evidence", json_parse(text, strlen(text), &reason));
    const enum check_status status = check_signed(envelope_type_certificate, payload);
    json_decref(payload);
    return status;
}

static void test_firmware_methods_have_to_be_shown(void **state) {
    (void)state;
    json_t *good = erased_certificate(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(firmware_evidence); i++) {
        const char *method = firmware_evidence[i].method;
        if (check_with_evidence(good, method, firmware_evidence[i].enough) != CHECK_UNPROVEN)
            fail_msg("%zu: %s is shown, and was not seen", i, method);
        if (check_with_evidence(good, method, firmware_evidence[i].not_enough) != CHECK_NOT_INTACT)
            fail_msg("%zu: %s is not shown, and was believed", i, method);
    }
    json_decref(good);
}

/* Law 9 and 5: the evidence has the bytes, and no secret of this machine is in a document. */
static void test_certificate_holds_the_evidence_and_no_secret(void **state) {
    (void)state;
    json_t *payload = erased_certificate(COMMANDS_ATA);
    assert_string_equal(json_text(json_object_get(payload, "assurance"), "level"), "self");
    assert_int_equal(strlen(json_text(last_pass(payload), "key")), 64);
    AUTO_FREE char *text = json_line(payload);
    assert_null(strstr(text, "PRIVATE"));
    const json_t *identify = json_array_get(json_object_get(payload, "evidence"), 0);
    assert_string_equal(json_text(json_object_get(identify, "command"), "cdb"),
                        "85080e0000000100000000000000ec00");
    assert_int_equal(
        json_count(json_object_get(json_object_get(identify, "answer"), "data"), "length"), 512);
    json_decref(payload);
}

static struct scan scan_of(size_t disks) {
    struct scan scan = {.findings = json_new_array(), .disk_count = disks};
    scan.disks = calloc(disks, sizeof *scan.disks);
    for (size_t i = 0; i < disks; i++) {
        scan.disks[i] = disk_new();
        (void)snprintf(scan.disks[i]->identity.serial, TEXT_FIELD_SIZE, "D%zu", i);
    }
    return scan;
}

static json_t *close_record(struct record *record) {
    struct document document;
    struct envelope envelope;
    struct reason reason;
    record_close(record, &session, 0, &document);
    assert_int_equal(envelope_parse(document.text, strlen(document.text), &envelope, &reason), 0);
    json_t *payload = json_parse(envelope.payload, envelope.payload_length, &reason);
    envelope_free(&envelope);
    document_free(&document);
    return payload;
}

/* Disks without a node and a serial number: each certificate has its own file. */
static void test_names_of_disks_without_names(void **state) {
    (void)state;
    const struct decision refused = {.disposition = DISPOSITION_REFUSED};
    struct document first;
    struct document second;
    struct disk *disk = disk_new();
    disk->number = 1;
    certificate_of_decision(&session, &server, disk, &refused, NULL, &first);
    disk->number = 2;
    certificate_of_decision(&session, &server, disk, &refused, NULL, &second);
    assert_string_not_equal(first.file, second.file);
    document_free(&first);
    document_free(&second);
    disk_free(disk);
}

/* A key that orders erases is named as such where it vouches for one. */
static void test_the_orders_key_is_told(void **state) {
    (void)state;
    struct trust trust = {0};
    struct check_result result;
    char id[KEY_ID_SIZE];
    struct signing_key *key = signing_key_generate();
    public_key_id(signing_key_public(key), id);
    trust_add(&trust, signing_key_public(key), "orders", "");
    for (int named = 0; named <= 1; named++) {
        json_t *document =
            json_pack("{s:{s:[s]}}", "authority", "signed_by_keys", named ? id : "0123");
        char *payload = json_line(document);
        char *text = envelope_make(envelope_type_certificate, payload, strlen(payload), key);
        check_envelope(text, strlen(text), &trust, &result);
        const char *signer = json_string_value(json_array_get(result.signers, 0));
        assert_non_null(signer);
        assert_true((strstr(signer, "signed its order too") != NULL) == named);
        check_result_free(&result);
        free(text);
        free(payload);
        json_decref(document);
    }
    trust_free(&trust);
    signing_key_free(key);
}

static void test_record_has_every_disk(void **state) {
    (void)state;
    struct scan scan = scan_of(3);
    struct record *record = record_new(&session, &scan, "erase");
    record_disk(record, scan.disks[0], DISPOSITION_FAILED, "x", NULL);
    record_disk(record, scan.disks[1], DISPOSITION_EXCLUDED, "x", NULL);
    record_disk(record, scan.disks[2], DISPOSITION_HELD, "x", NULL);
    json_t *entry = json_pack("{s:s}", "serial", "GONE");
    record_absent(record, entry, "not found");
    json_decref(entry);
    json_t *payload = close_record(record);
    assert_int_equal(json_array_size(json_object_get(payload, "disks")), 4);
    assert_int_equal(check_signed(envelope_type_record, payload), CHECK_UNPROVEN);

    json_t *forged = json_deep_copy(payload);
    json_array_remove(json_object_get(forged, "disks"), 0);
    assert_int_equal(check_signed(envelope_type_record, forged), CHECK_NOT_INTACT);
    json_decref(forged);
    forged = json_deep_copy(payload);
    json_object_set_new(json_array_get(json_object_get(forged, "disks"), 0), "disposition",
                        json_string("erased"));
    assert_int_equal(check_signed(envelope_type_record, forged), CHECK_NOT_INTACT);
    json_decref(forged);
    json_decref(payload);
    record_free(record);
    scan_free(&scan);
}

/* Law 3: a record with a disk left out, or twice in it, is not made: the program ends instead. */
static void record_with(unsigned lines) {
    struct scan scan = scan_of(2);
    struct record *record = record_new(&session, &scan, "erase");
    for (unsigned i = 0; i < lines; i++)
        record_disk(record, scan.disks[0], DISPOSITION_EXCLUDED, "x", NULL);
    struct document document;
    (void)close(STDERR_FILENO);
    record_close(record, &session, 0, &document);
}

static void test_record_without_a_disk_cannot_be_made(void **state) {
    (void)state;
    for (unsigned lines = 1; lines <= 2; lines++) {
        const pid_t child = fork();
        if (child == 0) {
            (void)signal(SIGABRT, SIG_DFL);
            record_with(lines);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

static void test_show_keeps_control_characters_from_the_terminal(void **state) {
    (void)state;
    char *shown;
    size_t length;
    json_t *payload = erased_certificate(COMMANDS_ATA);
    json_object_set_new(payload, "reason", json_string("fine\x1b[2J\nDisk  another"));
    FILE *stream = open_memstream(&shown, &length);
    show_document(payload, stream);
    (void)fclose(stream);
    assert_null(strchr(shown, '\x1b'));
    assert_non_null(strstr(shown, "fine?[2J?Disk  another"));
    assert_non_null(strstr(shown, "ERASE CERTIFICATE: ERASED"));
    free(shown);
    json_decref(payload);
}

/* Members of a kind that Quietus never writes are shown as well as can be. */
static void test_show_survives_forgeries(void **state) {
    (void)state;
    char *shown;
    size_t length;
    json_t *payload = erased_certificate(COMMANDS_ATA);
    json_object_set_new(payload, "exceptions", json_pack("[i, n, s]", 1, "real"));
    json_object_set_new(payload, "attempts", json_string("none"));
    FILE *stream = open_memstream(&shown, &length);
    show_document(payload, stream);
    (void)fclose(stream);
    assert_non_null(strstr(shown, "  Exceptions       ?\n"));
    assert_non_null(strstr(shown, " real\n"));
    free(shown);
    json_decref(payload);
}

/* The message quotes the file, which must not reach the terminal as it is. */
static void test_problems_of_hostile_files_are_printable(void **state) {
    (void)state;
    static const char text[] = "{\"a\":\x1b[2J}";
    const struct trust nobody = {0};
    struct check_result result;
    check_envelope(text, strlen(text), &nobody, &result);
    assert_int_equal(result.status, CHECK_NOT_INTACT);
    const char *problem = json_string_value(json_array_get(result.problems, 0));
    assert_non_null(problem);
    assert_non_null(strstr(problem, "near '?"));
    assert_null(strchr(problem, '\x1b'));
    check_result_free(&result);
}

/* A certificate of a disk of two parts, made of a good one: the parts differ in their names. */
static json_t *certificate_of_parts(void) {
    static const char *const own[] = {"reason",   "method",         "exceptions", "attempts",
                                      "evidence", "identity_after", "plan"};
    json_t *whole = erased_certificate(COMMANDS_ATA);
    json_t *disk = json_object_get(whole, "disk");
    json_t *disks = json_new_array();
    json_t *parts = json_new_array();
    for (unsigned i = 0; i < 2; i++) {
        json_t *part = json_pack("{s:s}", "disposition", "erased");
        for (size_t k = 0; k < COUNT_OF(own); k++)
            json_put(part, own[k], json_deep_copy(json_object_get(whole, own[k])));
        json_t *unit = json_deep_copy(disk);
        json_put_text(unit, "wwn", i ? "naa.b" : "naa.a");
        json_put_text(json_object_get(part, "identity_after"), "wwn", i ? "naa.b" : "naa.a");
        json_put(part, "disk", json_deep_copy(unit));
        json_add(disks, unit);
        json_add(parts, part);
    }
    json_put_count(disk, "capacity", 2 * json_count(disk, "capacity"));
    json_put(disk, "parts", disks);
    json_put(whole, "parts", parts);
    json_put(whole, "attempts", json_new_array());
    json_put(whole, "evidence", json_new_array());
    return whole;
}

/* Each part has to bear out by itself that it is erased, and there must be no more of them. */
static void test_parts_of_a_disk(void **state) {
    (void)state;
    json_t *good = certificate_of_parts();
    assert_int_equal(check_signed(envelope_type_certificate, good), CHECK_UNPROVEN);
    for (unsigned lie = 0; lie < 9; lie++) {
        json_t *forged = json_deep_copy(good);
        json_t *parts = json_object_get(forged, "parts");
        json_t *part = json_array_get(parts, 1);
        json_t *disk = json_object_get(forged, "disk");
        if (lie == 0)
            json_array_remove(parts, 1);
        else if (lie == 1)
            json_put_text(part, "disposition", "failed");
        else if (lie == 2)
            json_put(part, "attempts", json_new_array());
        else if (lie == 3)
            json_put(part, "evidence", json_new_array());
        else if (lie == 4)
            json_put(part, "identity_after",
                     json_deep_copy(json_object_get(json_array_get(parts, 0), "identity_after")));
        else if (lie == 5)
            json_array_set_new(parts, 1, json_deep_copy(json_array_get(parts, 0)));
        else if (lie == 6)
            json_put_text(claim_of(forged), "category", "purge");
        else if (lie == 7)
            json_put_count(disk, "capacity", json_count(disk, "capacity") + 1);
        else
            json_object_del(forged, "parts");
        if (check_signed(envelope_type_certificate, forged) != CHECK_NOT_INTACT)
            fail_msg("lie %u was believed", lie);
        json_decref(forged);
    }
    json_decref(good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static const struct CMUnitTest tests[] = {
    TEST(test_good_certificates_are_intact),
    TEST(test_a_trusted_key_is_told_apart),
    TEST(test_own_key_must_be_the_signer),
    TEST(test_forgeries_are_noticed),
    TEST(test_bounds_have_to_be_earned),
    TEST(test_forged_parts_are_noticed),
    TEST(test_forged_formats_are_noticed),
    TEST(test_parts_of_a_disk),
    TEST(test_firmware_methods_have_to_be_shown),
    TEST(test_certificate_holds_the_evidence_and_no_secret),
    TEST(test_record_has_every_disk),
    TEST(test_names_of_disks_without_names),
    TEST(test_the_orders_key_is_told),
    TEST(test_record_without_a_disk_cannot_be_made),
    TEST(test_show_keeps_control_characters_from_the_terminal),
    TEST(test_show_survives_forgeries),
    TEST(test_problems_of_hostile_files_are_printable),
    TEST(test_lost_power_needs_every_byte),
};
TEST_MAIN(tests)
