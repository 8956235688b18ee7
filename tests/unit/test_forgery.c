/* Signed by whom it may: a certificate that says more than it shows is not intact. */
#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/plan.h"

#include "certified.h"
#include "test.h"

static json_t *facts_of(const json_t *payload) {
    return json_object_get(certified_attempt(payload), "facts");
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
    json_object_del(certified_attempt(p), "facts");
}
static void forge_mismatch(json_t *p) {
    json_object_set_new(json_object_get(certified_attempt(p), "verification"), "mismatched",
                        json_integer(1));
}
static void forge_counts(json_t *p) {
    json_object_set_new(json_object_get(facts_of(p), "samples"), "read", json_integer(99999));
}
static void forge_announced(json_t *p) {
    json_object_set_new(json_object_get(certified_attempt(p), "verification"), "announced",
                        json_integer(1));
}
/* No disk announces read errors after an overwrite or a format. */
static void forge_announced_reads(json_t *p) {
    json_t *samples = json_object_get(facts_of(p), "samples");
    json_t *shown = json_object_get(certified_attempt(p), "verification");
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
    json_object_set_new(certified_pass(p), "bytes_acknowledged", json_integer(4096));
}
static void forge_bad_sectors(json_t *p) {
    json_object_set_new(certified_pass(p), "bad_lbas", json_integer(1));
}
static void forge_flush(json_t *p) {
    json_object_set_new(certified_pass(p), "flush", json_string("Input/output error"));
}
static void forge_result(json_t *p) {
    json_object_set_new(certified_pass(p), "result", json_string("Connection timed out"));
}
static void forge_failed_writes(json_t *p) {
    json_object_set_new(certified_pass(p), "requests_failed", json_integer(1));
    json_object_set_new(json_object_get(certified_attempt(p), "verification"), "every_unit",
                        json_false());
}
static void forge_formula(json_t *p) {
    json_t *verification = json_object_get(certified_attempt(p), "verification");
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
    json_t *good = certified_erase(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        json_t *payload = json_deep_copy(good);
        forgeries[i](payload);
        if (certified_check(envelope_type_certificate, payload) != CHECK_NOT_INTACT)
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
    certified_say_sampled(p, 0.01);
}

static void forge_reading_cut_off(json_t *p) {
    json_object_set_new(first_part(p), "kind", json_string("reading-cut-off"));
    json_object_del(certified_pass(p), "taken_up_at");
    json_object_set(certified_pass(p), "bytes_acknowledged",
                    json_object_get(json_object_get(p, "identity_after"), "capacity"));
    forge_not_all_read(p);
}
static void forge_overwrite_cut_off(json_t *p) {
    json_object_set_new(first_part(p), "method", json_string("overwrite"));
    forge_reading_cut_off(p);
}
static void forge_begun_anew(json_t *p) {
    json_object_set_new(first_part(p), "flushed_below", json_integer(0));
    json_object_del(certified_pass(p), "taken_up_at");
    json_object_set(certified_pass(p), "bytes_acknowledged",
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
    json_t *good = certified_erase(COMMANDS_ATA);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *payload = json_deep_copy(good);
        json_t *shown = json_object_get(certified_attempt(payload), "verification");
        assert_int_equal(json_count(shown, "informative_strata"), 2048);
        certified_say_sampled(payload, rows[i].residue);
        json_object_set_new(shown, "units", json_integer(rows[i].units));
        if (certified_check(envelope_type_certificate, payload) != rows[i].status)
            fail_msg("row %zu", i);
        json_decref(payload);
    }
    json_object_set_new(json_object_get(certified_attempt(good), "verification"), "every_unit",
                        json_false()); /* and its bound says that every unit was read */
    assert_int_equal(certified_check(envelope_type_certificate, good), CHECK_NOT_INTACT);
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
    json_t *good = certified_in_parts();
    assert_int_equal(certified_check(envelope_type_certificate, good), CHECK_UNPROVEN);
    assert_true(json_count(certified_pass(good), "taken_up_at") > 0);
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        json_t *payload = json_deep_copy(good);
        forgeries[i](payload);
        if (certified_check(envelope_type_certificate, payload) != CHECK_NOT_INTACT)
            fail_msg("forgery %zu went unnoticed", i);
        json_decref(payload);
    }
    json_decref(good);
}

/* A certificate of a disk of two parts, made of a good one: the parts differ in their names. */
static json_t *certificate_of_parts(void) {
    static const char *const own[] = {"reason",   "method",         "exceptions", "attempts",
                                      "evidence", "identity_after", "plan"};
    json_t *whole = certified_erase(COMMANDS_ATA);
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
    assert_int_equal(certified_check(envelope_type_certificate, good), CHECK_UNPROVEN);
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
        if (certified_check(envelope_type_certificate, forged) != CHECK_NOT_INTACT)
            fail_msg("lie %u was believed", lie);
        json_decref(forged);
    }
    json_decref(good);
}

static const struct CMUnitTest tests[] = {
    CERTIFIED_TEST(test_forgeries_are_noticed),
    CERTIFIED_TEST(test_bounds_have_to_be_earned),
    CERTIFIED_TEST(test_forged_parts_are_noticed),
    CERTIFIED_TEST(test_parts_of_a_disk),
};

TEST_MAIN(tests)
