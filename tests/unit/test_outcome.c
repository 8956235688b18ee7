#include "quietus/json.h"
#include "quietus/outcome.h"

#include "test.h"

#include <errno.h>

static const struct erase_facts everything = {
    .accepted = true,
    .binding = BINDING_STATUS_AND_MEDIUM,
    .ended_in_success = true,
    .state_read_back = true,
    .reached_all = true,
    .samples = {.complete = true, .planned = 10, .read = 10, .strata = 10, .informative = 10},
};

static enum disposition judge(struct erase_facts facts) {
    struct reason reason = {""};
    const enum disposition judged = outcome_judge(&facts, &reason);
    assert_string_not_equal(reason.text, "");
    return judged;
}

static void test_zero_is_unknown(void **state) {
    (void)state;
    assert_int_equal(judge((struct erase_facts){0}), DISPOSITION_UNKNOWN);
    assert_string_equal(disposition_name((enum disposition)0), "unknown");
}

static void test_everything_is_erased(void **state) {
    (void)state;
    assert_int_equal(judge(everything), DISPOSITION_ERASED);
}

/* Law 2: each of its parts is needed. */
static void test_every_part_is_needed(void **state) {
    (void)state;
    struct erase_facts facts = everything;
    facts.accepted = false;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts = everything;
    facts.binding = BINDING_NONE;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts = everything;
    facts.ended_in_success = false;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts = everything;
    facts.state_read_back = false;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts = everything;
    facts.samples.complete = false;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts = everything;
    facts.samples.read = 9;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts = everything;
    facts.samples.informative = 0;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
}

static void test_anything_against_it_is_failure(void **state) {
    (void)state;
    struct erase_facts facts = everything;
    facts.refuted = true;
    assert_int_equal(judge(facts), DISPOSITION_FAILED);
    facts = everything;
    facts.samples.mismatched = 1;
    assert_int_equal(judge(facts), DISPOSITION_FAILED);
    facts = everything;
    facts.samples.unreadable = 1;
    assert_int_equal(judge(facts), DISPOSITION_FAILED);
}

/* All 2^8 combinations of the yes-or-no facts: exactly one is "erased". */
static void test_one_combination_is_erased(void **state) {
    (void)state;
    int erased = 0;
    for (unsigned i = 0; i < 256; i++) {
        struct erase_facts facts = everything;
        facts.accepted = i & 1;
        facts.binding = i & 2 ? BINDING_SEEN_AT_WORK : BINDING_NONE;
        facts.ended_in_success = i & 4;
        facts.state_read_back = i & 8;
        facts.refuted = i & 16;
        facts.samples.complete = i & 32;
        facts.samples.mismatched = i & 64 ? 1 : 0;
        facts.reached_all = i & 128;
        erased += judge(facts) == DISPOSITION_ERASED;
    }
    assert_int_equal(erased, 1);
}

static void test_blind_strata(void **state) {
    (void)state;
    struct erase_facts facts = everything;
    facts.samples.informative = 9;
    assert_int_equal(judge(facts), DISPOSITION_ERASED);
    facts.samples.informative = 8;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts.samples.strata = 9206;
    facts.samples.informative = 8286;
    assert_int_equal(judge(facts), DISPOSITION_ERASED);
    facts.samples.informative = 8285;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
    facts.samples.strata = UINT64_MAX;
    assert_int_equal(judge(facts), DISPOSITION_UNKNOWN);
}

static void test_facts_survive_json(void **state) {
    (void)state;
    struct erase_facts again;
    json_t *object = erase_facts_json(&everything);
    assert_int_equal(erase_facts_from_json(object, &again), 0);
    assert_memory_equal(&again, &everything, sizeof again);
    const char *key;
    void *next;
    json_t *value;
    json_object_foreach_safe(object, next, key, value) {
        json_t *without = json_deep_copy(object);
        json_object_del(without, key);
        assert_int_equal(erase_facts_from_json(without, &again), -EINVAL);
        json_object_set_new(without, key, json_integer(7));
        assert_int_equal(erase_facts_from_json(without, &again), -EINVAL);
        json_decref(without);
    }
    json_decref(object);
}

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < DISPOSITION_COUNT; i++) {
        enum disposition parsed;
        assert_int_equal(disposition_parse(disposition_name((enum disposition)i), &parsed), 0);
        assert_int_equal(parsed, i);
    }
    enum disposition parsed;
    assert_int_equal(disposition_parse("Erased", &parsed), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_zero_is_unknown),
    cmocka_unit_test(test_everything_is_erased),
    cmocka_unit_test(test_every_part_is_needed),
    cmocka_unit_test(test_anything_against_it_is_failure),
    cmocka_unit_test(test_one_combination_is_erased),
    cmocka_unit_test(test_blind_strata),
    cmocka_unit_test(test_facts_survive_json),
    cmocka_unit_test(test_names),
};
TEST_MAIN(tests)
