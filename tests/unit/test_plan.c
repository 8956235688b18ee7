/* What planning makes of disks, of models that are known, and of the policy. */
#include "quietus/json.h"
#include "quietus/models.h"
#include "quietus/plan.h"

#include "test.h"

#include <errno.h>
#include <unistd.h>

static struct disk *plain_disk(void) {
    struct disk *disk = disk_new();
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.node = "/dev/sdx", .lba_size = 512, .lba_count = 1000};
    disk->identity.capacity = 512 * 1000;
    disk->bus = BUS_NVME;
    disk->medium = MEDIUM_FLASH;
    return disk;
}

static void test_plan_takes_the_best_first(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    struct disk *disk = plain_disk();
    policy_default(&policy);
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_string_equal(plan.steps[0].method->name, "overwrite");
    disk->commands = COMMANDS_NVME;
    disk->has_nvme = true;
    disk->nvme.format_supported = true;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 2);
    assert_string_equal(plan.steps[0].method->name, "nvme-format-user-data");
    disk->nvme.crypto_format = true;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 3);
    assert_string_equal(plan.steps[0].method->name, "nvme-format-crypto");
    disk->nvme.sanitize_overwrite = true;
    plan_make(disk, &policy, &plan);
    assert_string_equal(plan.steps[0].method->name, "nvme-sanitize-overwrite");
    disk->nvme.sanitize_crypto = true;
    plan_make(disk, &policy, &plan);
    assert_string_equal(plan.steps[0].method->name, "nvme-sanitize-crypto");
    disk->nvme.sanitize_block = true;
    plan_make(disk, &policy, &plan);
    assert_string_equal(plan.steps[0].method->name, "nvme-sanitize-crypto-block");
    assert_string_equal(plan.steps[1].method->name, "nvme-sanitize-block");
    assert_int_equal(plan.step_count, 7);
    policy.fallback = false;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_int_equal(plan.rejected_count, 6);
    disk_free(disk);
}

static void test_plan_keeps_to_the_policy(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    struct disk *disk = plain_disk();
    policy_default(&policy);
    policy.least = CATEGORY_PURGE;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    policy_default(&policy);
    text_copy(policy.methods[0], POLICY_NAME_SIZE, "nvme-format-crypto");
    policy.method_count = 1;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    for (unsigned i = 0; i < plan.rejected_count; i++)
        assert_string_not_equal(plan.rejected[i].reason.text, "");
    disk_free(disk);
}

static void test_plan_of_what_cannot_be_written(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    struct disk *disk = plain_disk();
    policy_default(&policy);
    disk->areas[0].read_only = true;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    disk->areas[0].read_only = false;
    disk->areas[0].node[0] = '\0';
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    disk->area_count = 0;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    disk_free(disk);
}

/* Law 6: what a method does not reach on this disk is said. */
static void test_exceptions(void **state) {
    (void)state;
    struct disk *disk = plain_disk();
    disk->has_nvme = true;
    disk->nvme.unallocated_capacity = 5000;
    disk->nvme.rpmb_units = 1;
    json_t *list = plan_exceptions(disk, method_find("nvme-format-crypto"));
    char *text = json_line(list);
    assert_non_null(strstr(text, "5.0 kB belong to no namespace"));
    assert_non_null(strstr(text, "RPMB"));
    free(text);
    json_decref(list);
    /* A sanitize reaches the unallocated capacity, but no RPMB. */
    list = plan_exceptions(disk, method_find("nvme-sanitize-block"));
    text = json_line(list);
    assert_null(strstr(text, "belong to no namespace"));
    assert_non_null(strstr(text, "RPMB"));
    free(text);
    json_decref(list);
    disk_free(disk);
}

/* Neither does a whole-drive method claim more than the drive's word of what no sample reaches. */
static void test_exceptions_of_hidden_capacity(void **state) {
    (void)state;
    struct disk *disk = plain_disk();
    disk->commands = COMMANDS_ATA;
    disk->has_ata = true;
    disk->hidden_known = true;
    disk->ata.sectors = 1000;
    disk->ata.logical_sector_size = 512;
    for (int hides = 0; hides < 2; hides++) {
        disk->native_sectors = hides ? 3000 : 1000;
        static const char *const names[] = {"ata-sanitize-block", "overwrite"};
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            json_t *list = plan_exceptions(disk, method_find(names[i]));
            char *text = json_line(list);
            assert_int_equal(strstr(text, "hidden (HPA, AMAC or DCO) and could not") != NULL,
                             hides);
            free(text);
            json_decref(list);
        }
    }
    disk_free(disk);
}

/* Namespaces that are not attached keep their data in whatever goes through namespaces. */
static void test_unattached_namespaces_want_a_sanitize(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    struct disk *disk = plain_disk();
    policy_default(&policy);
    disk->commands = COMMANDS_NVME;
    disk->has_nvme = true;
    disk->nvme.format_supported = true;
    disk->nvme.sanitize_block = true;
    disk->unreached_namespaces = 2;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_string_equal(plan.steps[0].method->name, "nvme-sanitize-block");
    disk->nvme.sanitize_block = false;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    disk_free(disk);
}

static struct disk *nvme_of_model(const char *model, const char *firmware) {
    struct disk *disk = plain_disk();
    disk->commands = COMMANDS_NVME;
    disk->has_nvme = true;
    disk->nvme.format_supported = true;
    disk->nvme.sanitize_block = true;
    text_copy(disk->identity.model, sizeof disk->identity.model, model);
    text_copy(disk->identity.firmware, sizeof disk->identity.firmware, firmware);
    return disk;
}

/* A block layer that shows less than the disk has would leave the rest as it is. */
static void test_what_the_kernel_does_not_show(void **state) {
    (void)state;
    struct plan plan;
    struct policy policy;
    struct disk *disk = plain_disk();
    policy_default(&policy);
    disk->identity.capacity *= 2;
    plan_make(disk, &policy, &plan);
    assert_int_equal(plan.step_count, 0);
    assert_non_null(strstr(plan.rejected[0].reason.text, "would not reach the rest"));
    disk_free(disk);
}

static void test_models_that_are_known(void **state) {
    (void)state;
    static const struct {
        const char *model;
        const char *firmware;
        const char *first; /* method that the plan begins with */
        bool noted;
    } cases[] = {
        {"SOME OTHER MODEL", "1", "nvme-sanitize-block", false},
        {"INTEL SSDPEKNW512G8", "002C", "nvme-format-user-data", true},
        {"INTEL SSDPEKKF256G8L", "L08P", "nvme-sanitize-block", true},
        {"INTEL SSDPE2KX010T8", "VDV10170", "overwrite", true},
        {"INTEL SSDPE2KX010T8", "VDV10184", "nvme-sanitize-block", false},
        {"INTEL SSDPE2KX010T8", "VDV10190", "nvme-sanitize-block", false},
        {"INTEL SSDPE2KX010T8", "QDV1", "overwrite", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan plan;
        struct policy policy;
        struct disk *disk = nvme_of_model(cases[i].model, cases[i].firmware);
        policy_default(&policy);
        plan_make(disk, &policy, &plan);
        assert_string_equal(plan.steps[0].method->name, cases[i].first);
        models_note(disk);
        assert_true((json_array_size(disk->findings) > 0) == cases[i].noted);
        disk_free(disk);
    }
    assert_int_equal(strlen(models_digest()), 64);
}

/* A site's list may be as long-winded as it likes, in any language. */
static void test_models_of_a_site(void **state) {
    (void)state;
    char path[] = "/tmp/quietus-models-XXXXXX";
    char text[1200];
    char many[801];
    struct reason reason = {""};
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i + 1 < sizeof many; i += 2)
        memcpy(many + i, "\xc3\xbc", 2);
    many[sizeof many - 1] = '\0';
    const int length = snprintf(
        text, sizeof text,
        "[{\"model\":\"VERBOSE*\",\"does\":\"x%s\",\"source\":\"s\",\"avoid\":[\"nvme-*\"]}]",
        many);
    assert_int_equal(write(fd, text, (size_t)length), length);
    (void)close(fd);
    assert_int_equal(models_load(path, &reason), 0);
    assert_int_equal(unlink(path), 0);
    struct disk *disk = nvme_of_model("VERBOSE 1", "1");
    models_note(disk);
    assert_int_equal(json_array_size(disk->findings), 1);
    assert_true(models_avoid(disk, "nvme-sanitize-block", &reason));
    json_t *value = json_string(reason.text);
    assert_non_null(value);
    json_decref(value);
    disk_free(disk);
}

/* A method that leaves more behind than another must not claim more. */
static void test_no_overwrite_is_a_purge(void **state) {
    (void)state;
    const struct method *overwrite = method_find("overwrite");
    for (int i = MEDIUM_UNKNOWN; i <= MEDIUM_FLASH; i++) {
        assert_int_equal(overwrite->claims[i].category, CATEGORY_CLEAR);
        assert_int_equal(overwrite->claims[i].rev1_category, CATEGORY_CLEAR);
    }
    assert_null(method_find("trim"));
}

static void test_policy_documents(void **state) {
    (void)state;
    struct policy policy;
    struct policy again;
    struct reason reason = {""};
    json_t *object =
        json_loads("{\"least_category\":\"clear\",\"fallback\":false,\"clear_reservations\":true,"
                   "\"sector_size\":4096,\"passes\":\"zero,random\",\"verify\":\"12.5%\","
                   "\"methods\":[\"overwrite\"]}",
                   0, NULL);
    assert_int_equal(policy_from_json(object, &policy, &reason), 0);
    json_t *written = policy_json(&policy);
    assert_int_equal(policy_from_json(written, &again, &reason), 0);
    assert_memory_equal(&policy, &again, sizeof policy);
    json_decref(written);
    json_decref(object);
    struct verify_level level;
    static const char *const bad[] = {"", "0%", "101%", "-5%", "nan%", "10", "all", "5%%"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(verify_level_parse(bad[i], &level, &reason), -EINVAL);
    /* No method is not every method. */
    object = json_loads("{\"methods\":[]}", 0, NULL);
    assert_int_equal(policy_from_json(object, &policy, &reason), -EINVAL);
    assert_non_null(strstr(reason.text, "empty"));
    json_decref(object);
    /* A certificate does not say 100 % where less was asked for. */
    static const char *const exact[] = {"10%", "0.1%", "99.99999999%", "33.333333333333336%"};
    for (size_t i = 0; i < COUNT_OF(exact); i++) {
        char text[32];
        assert_int_equal(verify_level_parse(exact[i], &level, &reason), 0);
        assert_string_equal(verify_level_text(&level, text, sizeof text), exact[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_plan_takes_the_best_first),
    cmocka_unit_test(test_plan_keeps_to_the_policy),
    cmocka_unit_test(test_plan_of_what_cannot_be_written),
    cmocka_unit_test(test_exceptions),
    cmocka_unit_test(test_exceptions_of_hidden_capacity),
    cmocka_unit_test(test_unattached_namespaces_want_a_sanitize),
    cmocka_unit_test(test_what_the_kernel_does_not_show),
    cmocka_unit_test(test_models_that_are_known),
    cmocka_unit_test(test_no_overwrite_is_a_purge),
    cmocka_unit_test(test_policy_documents),
    cmocka_unit_test(test_models_of_a_site), /* the last: it replaces the list */
};
TEST_MAIN(tests)
