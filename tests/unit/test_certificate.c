/* Certificates and records: what they say, to whom, and what is shown of them. */
#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/cleanup.h"
#include "quietus/json.h"

#include "certified.h"
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_good_certificates_are_intact(void **state) {
    (void)state;
    static const enum command_set sets[] = {COMMANDS_ATA, COMMANDS_NVME};
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        json_t *payload = certified_erase(sets[i]);
        assert_int_equal(certified_check(envelope_type_certificate, payload), CHECK_UNPROVEN);
        json_decref(payload);
    }
}

static void test_a_trusted_key_is_told_apart(void **state) {
    (void)state;
    json_t *payload = certified_erase(COMMANDS_ATA);
    AUTO_FREE char *text = json_line(payload);
    AUTO_FREE char *envelope =
        envelope_make(envelope_type_certificate, text, strlen(text), certified_session.key);
    struct trust trust = {0};
    struct check_result result;
    trust_add(&trust, signing_key_public(certified_session.key), "site", "");
    check_envelope(envelope, strlen(envelope), &trust, &result);
    assert_int_equal(result.status, CHECK_TRUSTED);
    check_result_free(&result);
    trust_free(&trust);
    json_decref(payload);
}

/* A certificate signed by one key that names another as its own. */
static void test_own_key_must_be_the_signer(void **state) {
    (void)state;
    json_t *payload = certified_erase(COMMANDS_ATA);
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

/* Law 9 and 5: the evidence has the bytes, and no secret of this machine is in a document. */
static void test_certificate_holds_the_evidence_and_no_secret(void **state) {
    (void)state;
    json_t *payload = certified_erase(COMMANDS_ATA);
    assert_string_equal(json_text(json_object_get(payload, "assurance"), "level"), "self");
    assert_int_equal(strlen(json_text(certified_pass(payload), "key")), 64);
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
    record_close(record, &certified_session, 0, &document);
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
    certificate_of_decision(&certified_session, &certified_server, disk, &refused, NULL, &first);
    disk->number = 2;
    certificate_of_decision(&certified_session, &certified_server, disk, &refused, NULL, &second);
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
    struct record *record = record_new(&certified_session, &scan, "erase");
    record_disk(record, scan.disks[0], DISPOSITION_FAILED, "x", NULL);
    record_disk(record, scan.disks[1], DISPOSITION_EXCLUDED, "x", NULL);
    record_disk(record, scan.disks[2], DISPOSITION_HELD, "x", NULL);
    json_t *entry = json_pack("{s:s}", "serial", "GONE");
    record_absent(record, entry, "not found");
    json_decref(entry);
    json_t *payload = close_record(record);
    assert_int_equal(json_array_size(json_object_get(payload, "disks")), 4);
    assert_int_equal(certified_check(envelope_type_record, payload), CHECK_UNPROVEN);

    json_t *forged = json_deep_copy(payload);
    json_array_remove(json_object_get(forged, "disks"), 0);
    assert_int_equal(certified_check(envelope_type_record, forged), CHECK_NOT_INTACT);
    json_decref(forged);
    forged = json_deep_copy(payload);
    json_object_set_new(json_array_get(json_object_get(forged, "disks"), 0), "disposition",
                        json_string("erased"));
    assert_int_equal(certified_check(envelope_type_record, forged), CHECK_NOT_INTACT);
    json_decref(forged);
    json_decref(payload);
    record_free(record);
    scan_free(&scan);
}

/* Law 3: a record with a disk left out, or twice in it, is not made: the program ends instead. */
static void record_with(unsigned lines) {
    struct scan scan = scan_of(2);
    struct record *record = record_new(&certified_session, &scan, "erase");
    for (unsigned i = 0; i < lines; i++)
        record_disk(record, scan.disks[0], DISPOSITION_EXCLUDED, "x", NULL);
    struct document document;
    (void)close(STDERR_FILENO);
    record_close(record, &certified_session, 0, &document);
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
    json_t *payload = certified_erase(COMMANDS_ATA);
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
    json_t *payload = certified_erase(COMMANDS_ATA);
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

static const struct CMUnitTest tests[] = {
    CERTIFIED_TEST(test_good_certificates_are_intact),
    CERTIFIED_TEST(test_a_trusted_key_is_told_apart),
    CERTIFIED_TEST(test_own_key_must_be_the_signer),
    CERTIFIED_TEST(test_certificate_holds_the_evidence_and_no_secret),
    CERTIFIED_TEST(test_record_has_every_disk),
    CERTIFIED_TEST(test_names_of_disks_without_names),
    CERTIFIED_TEST(test_the_orders_key_is_told),
    CERTIFIED_TEST(test_record_without_a_disk_cannot_be_made),
    CERTIFIED_TEST(test_show_keeps_control_characters_from_the_terminal),
    CERTIFIED_TEST(test_show_survives_forgeries),
    CERTIFIED_TEST(test_problems_of_hostile_files_are_printable),
};

TEST_MAIN(tests)
