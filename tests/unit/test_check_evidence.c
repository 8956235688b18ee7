/* What the evidence has to show of each method, and what is not enough for it. */
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/plan.h"

#include "certified.h"
#include "test.h"

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
    json_t *good = certified_erase(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[160];
        (void)snprintf(text, sizeof text, "{'kind':'power-counters',%s}", rows[i].event);
        for (char *at = text; *at != '\0'; at++)
            *at = *at == '\'' ? '"' : *at;
        json_t *payload = json_deep_copy(good);
        json_array_append_new(json_object_get(payload, "evidence"), json_loads(text, 0, NULL));
        if (!rows[i].all_read)
            certified_say_sampled(payload, 0.01);
        if (certified_check(envelope_type_certificate, payload) != rows[i].status)
            fail_msg("row %zu", i);
        json_decref(payload);
    }
    json_decref(good);
}

/* NVMe: setting 0 erases nothing, a failed status is none, and every namespace counts. */
static void test_forged_formats_are_noticed(void **state) {
    (void)state;
    json_t *good = certified_erase(COMMANDS_NVME);
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
        assert_int_equal(certified_check(envelope_type_certificate, payload), CHECK_NOT_INTACT);
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
    json_object_set_new(certified_attempt(payload), "method", json_string(name));
    json_object_set_new(json_object_get(payload, "method"), "claim",
                        claim_json(&method->claims[MEDIUM_ROTATING]));
    json_object_set_new(json_object_get(payload, "disk"), "medium", json_string("hdd"));
    json_object_set_new(payload, "evidence", json_parse(text, strlen(text), &reason));
    const enum check_status status = certified_check(envelope_type_certificate, payload);
    json_decref(payload);
    return status;
}

static void test_firmware_methods_have_to_be_shown(void **state) {
    (void)state;
    json_t *good = certified_erase(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(firmware_evidence); i++) {
        const char *method = firmware_evidence[i].method;
        if (check_with_evidence(good, method, firmware_evidence[i].enough) != CHECK_UNPROVEN)
            fail_msg("%zu: %s is shown, and was not seen", i, method);
        if (check_with_evidence(good, method, firmware_evidence[i].not_enough) != CHECK_NOT_INTACT)
            fail_msg("%zu: %s is not shown, and was believed", i, method);
    }
    json_decref(good);
}

static const struct CMUnitTest tests[] = {
    CERTIFIED_TEST(test_forged_formats_are_noticed),
    CERTIFIED_TEST(test_firmware_methods_have_to_be_shown),
    CERTIFIED_TEST(test_lost_power_needs_every_byte),
};

TEST_MAIN(tests)
