#include "certified.h"

#include "quietus/cleanup.h"
#include "quietus/json.h"
#include "quietus/run.h"

#include "../../agent/authorize/internal.h"
#include "fake_disk.h"
#include "test.h"

struct session certified_session;
const struct server certified_server = {.serial = "S", .uuid = "U"};

int certified_start(void **state) {
    (void)state;
    keys_start();
    session_start(&certified_session, NULL);
    return 0;
}

int certified_stop(void **state) {
    (void)state;
    session_end(&certified_session);
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
    certificate_of_run(&certified_session, &certified_server, run, &document);
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

json_t *certified_erase(enum command_set commands) {
    struct fake_disk fake;
    fake_disk_make(&fake, commands, 8);
    return certificate_of(&fake);
}

json_t *certified_in_parts(void) {
    enum { AFTER = 12 }; /* requests */
    struct fake_disk fake;
    fake_disk_make(&fake, COMMANDS_ATA, 8);
    fake.vanishes_after = AFTER;
    fake.returns = 1;
    return certificate_of(&fake);
}

enum check_status certified_check(const char *type, const json_t *payload) {
    AUTO_FREE char *text = json_line(payload);
    AUTO_FREE char *envelope = envelope_make(type, text, strlen(text), certified_session.key);
    struct check_result result;
    const struct trust nobody = {0};
    check_envelope(envelope, strlen(envelope), &nobody, &result);
    const enum check_status status = result.status;
    assert_true((status == CHECK_NOT_INTACT) == (json_array_size(result.problems) > 0));
    check_result_free(&result);
    return status;
}

json_t *certified_attempt(const json_t *payload) {
    json_t *attempts = json_object_get(payload, "attempts");
    return json_array_get(attempts, json_array_size(attempts) - 1);
}

json_t *certified_pass(const json_t *payload) {
    json_t *found = NULL;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(payload, "evidence"), i, entry) {
        if (strcmp(json_text(entry, "kind"), "overwrite-pass") == 0)
            found = entry;
    }
    return found;
}

void certified_say_sampled(const json_t *payload, double residue) {
    json_t *shown = json_object_get(certified_attempt(payload), "verification");
    json_object_set_new(shown, "every_unit", json_false());
    json_object_set_new(shown, "bound",
                        json_pack("{s:f,s:f,s:s}", "residue", residue, "confidence", 0.9999,
                                  "formula", "1 - (1 - p s / l)^n"));
}
