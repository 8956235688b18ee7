/*
 * JSON from outside: orders, descriptions and inventories to make orders of, policies, facts, and
 * certificates and records that are shown.
 */
#include "quietus/check.h"
#include "quietus/expected.h"
#include "quietus/json.h"
#include "quietus/order.h"
#include "quietus/order_make.h"
#include "quietus/outcome.h"

#include "fuzz.h"

#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    keys_start();
    return 0;
}

static void check_policy(const json_t *document) {
    struct policy policy;
    struct policy again;
    struct reason reason = {""};
    if (policy_from_json(document, &policy, &reason)) {
        require_reason(&reason);
        return;
    }
    json_t *object = policy_json(&policy);
    REQUIRE(policy_from_json(object, &again, &reason) == 0);
    json_t *object_again = policy_json(&again);
    REQUIRE(json_equal(object, object_again));
    REQUIRE(again.verify.percent == policy.verify.percent);
    json_decref(object_again);
    require_document(object);
}

static void check_facts(const json_t *document) {
    struct erase_facts facts;
    struct erase_facts again;
    struct reason reason = {""};
    if (erase_facts_from_json(document, &facts))
        return;
    json_t *object = erase_facts_json(&facts);
    REQUIRE(erase_facts_from_json(object, &again) == 0);
    json_t *object_again = erase_facts_json(&again);
    REQUIRE(json_equal(object, object_again));
    /* Law 2, once more. */
    if (outcome_judge(&facts, &reason) == DISPOSITION_ERASED)
        REQUIRE(facts.accepted && facts.binding != BINDING_NONE && facts.ended_in_success &&
                facts.state_read_back && facts.reached_all && !facts.refuted &&
                facts.samples.complete && facts.samples.mismatched == 0 &&
                facts.samples.unreadable == 0 &&
                facts.samples.read + facts.samples.announced == facts.samples.planned);
    require_reason(&reason);
    json_decref(object_again);
    require_document(object);
}

static void check_order(json_t *document) {
    struct order order = {.document = document};
    struct reason reason = {""};
    if (order_check_form(document, &order, &reason)) {
        require_reason(&reason);
        return;
    }
    REQUIRE(order.id[0] != '\0' && order.expires > order.not_before);
    (void)order_check_time(&order, order.not_before, &reason);
    const struct server server = {.serial = "QT-SRV-0042", .uuid = "6a1f3c52"};
    reason.text[0] = '\0';
    if (order_check_server(&order, &server, &reason))
        require_reason(&reason);
}

static void check_order_made(const json_t *document) {
    struct reason reason = {""};
    const json_t *description = json_object_get(document, "description");
    json_t *order = order_make(description ? description : document,
                               json_object_get(document, "inventory"), &reason);
    if (order)
        require_document(order);
    else
        require_reason(&reason);
}

/* Whatever a document says, it cannot play tricks with the terminal that it is shown on. */
static void check_shown(const json_t *document) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    REQUIRE(stream);
    show_document(document, stream);
    REQUIRE(fclose(stream) == 0);
    for (char *p = text; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    require_printable(text);
    free(text);
}

static void check_meaning(const json_t *document) {
    json_t *problems = json_new_array();
    check_certificate_meaning(document, problems);
    check_record_meaning(document, problems);
    require_document(problems);
}

/* A BMC's inventory comes over the network, unsigned. */
static void check_expected(const json_t *document) {
    struct reason reason = {""};
    json_t *list = expected_from_json(document, &reason);
    if (!list) {
        require_reason(&reason);
        return;
    }
    REQUIRE(json_array_size(list) > 0 && expected_check_form(list, &reason) == 0);
    require_document(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reason reason = {""};
    const struct bytes text = fuzz_copy(data, size);
    json_t *document = json_parse((const char *)text.data, text.length, &reason);
    if (document) {
        check_policy(document);
        check_facts(document);
        check_order(document);
        check_order_made(document);
        check_meaning(document);
        check_shown(document);
        check_expected(document);
        json_decref(document);
    } else {
        require_reason(&reason);
    }
    free((void *)text.data);
    return 0;
}
