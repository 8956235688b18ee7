#include "whole_erase.h"

#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/clock.h"
#include "quietus/json.h"

#include "../../agent/authorize/internal.h"
#include "test.h"

static int64_t now_ms;

static int64_t now(void) {
    return now_ms;
}

static void wait_for(int64_t milliseconds) {
    now_ms += milliseconds;
}

void still_clock(void) {
    static const struct clock_source source = {now, wait_for};
    now_ms = 1000;
    clock_use(&source);
}

int64_t still_clock_ms(void) {
    return now_ms;
}

void erase_make(struct erase *erase, enum command_set commands, unsigned mebibytes) {
    keys_start();
    memset(erase, 0, sizeof *erase);
    fake_disk_make(&erase->fake, commands, mebibytes);
    policy_default(&erase->policy);
}

void erase_only(struct erase *erase, const char *method) {
    text_copy(erase->policy.methods[0], POLICY_NAME_SIZE, method);
    erase->policy.method_count = 1;
}

void erase_passes(struct erase *erase, const char *passes) {
    struct reason reason;
    assert_int_equal(passes_parse(passes, &erase->policy.passes, &reason), 0);
}

void erase_go(struct erase *erase) {
    static const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE] = {1, 2, 3};
    json_t *authority = json_new_object();
    json_put_text(authority, "kind", "operator");
    if (!erase->disk)
        erase->disk = fake_disk_scanned(&erase->fake);
    struct warrant *warrant = warrant_issue(erase->disk, authority);
    json_decref(authority);
    erase->run = disk_run_new(erase->disk, warrant, &erase->policy, run_id);
    struct device *device = fake_disk_open(&erase->fake, erase->disk);
    disk_run_on_device(erase->run, device);
    device_close(device);
    erase->outcome = disk_run_disposition(erase->run, &erase->reason);
}

const struct attempt *erase_attempt(const struct erase *erase, unsigned i) {
    assert_true(i < erase->run->attempt_count);
    return &erase->run->attempts[i];
}

static void check_certificate(const struct erase *erase) {
    struct session session;
    struct document document;
    struct check_result result;
    const struct server server = {.serial = "S"};
    const struct trust nobody = {0};
    session_start(&session, NULL);
    certificate_of_run(&session, &server, erase->run, &document);
    check_envelope(document.text, strlen(document.text), &nobody, &result);
    if (result.status != CHECK_UNPROVEN)
        fail_msg("the certificate is not intact: %s",
                 json_string_value(json_array_get(result.problems, 0)));
    assert_string_equal(json_text(result.document, "disposition"),
                        disposition_name(erase->outcome));
    const bool claims = json_is_object(json_object_get(result.document, "method"));
    assert_true(claims == (erase->outcome == DISPOSITION_ERASED));
    check_result_free(&result);
    document_free(&document);
    session_end(&session);
}

void erase_end(struct erase *erase, enum disposition expected) {
    if (erase->outcome != expected)
        fail_msg("%s, not %s: %s", disposition_name(erase->outcome), disposition_name(expected),
                 erase->reason.text);
    if (erase->outcome == DISPOSITION_ERASED)
        assert_int_equal(fake_disk_residue(&erase->fake), 0);
    check_certificate(erase);
    disk_run_free(erase->run);
    disk_free(erase->disk);
    fake_disk_free(&erase->fake);
    clock_use(NULL);
}
