/*
 * DSSE envelopes as they come from the network or a folder, and envelopes that are signed well
 * around a payload from outside. The first byte decides which.
 */
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/order.h"

#include "fuzz.h"

static struct signing_key *key;
static struct trust trust;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    keys_start();
    key = signing_key_generate();
    trust_add(&trust, signing_key_public(key), "site", "security");
    return 0;
}

static void check_envelope_result(const char *text, size_t length) {
    struct check_result result;
    check_envelope(text, length, &trust, &result);
    REQUIRE(result.status == CHECK_NOT_INTACT || json_array_size(result.problems) == 0);
    REQUIRE(result.status != CHECK_NOT_INTACT || json_array_size(result.problems) > 0);
    require_document(json_incref(result.signers));
    require_document(json_incref(result.problems));
    check_result_free(&result);
}

static void check_order(const char *text, size_t length, bool is_signed) {
    struct order order;
    struct reason reason = {""};
    if (order_open(text, length, &trust, &order, &reason)) {
        require_reason(&reason);
        return;
    }
    REQUIRE(is_signed);
    REQUIRE(order.expires > order.not_before);
    require_printable(order.signers);
    order_free(&order);
}

static bool same_content(const struct envelope *a, const struct envelope *b) {
    return strcmp(a->type, b->type) == 0 && a->payload_length == b->payload_length &&
           memcmp(a->payload, b->payload, a->payload_length) == 0;
}

/* Another signature changes nothing of what was signed. */
static void check_signing(const struct envelope *envelope) {
    struct envelope again;
    struct reason reason = {""};
    char *text = envelope_sign(envelope, key);
    REQUIRE(text || envelope->signature_count == ENVELOPE_SIGNATURES);
    if (!text)
        return;
    REQUIRE(envelope_parse(text, strlen(text), &again, &reason) == 0);
    REQUIRE(same_content(envelope, &again));
    REQUIRE(envelope_signed_by(&again, signing_key_public(key)));
    envelope_free(&again);
    free(text);
}

static void check_text(const struct bytes *input) {
    struct envelope envelope;
    struct reason reason = {""};
    const char *text = (const char *)input->data;
    if (envelope_parse(text, input->length, &envelope, &reason) == 0) {
        REQUIRE(!envelope_signed_by(&envelope, signing_key_public(key)));
        check_signing(&envelope);
        envelope_free(&envelope);
    } else {
        require_reason(&reason);
    }
    check_order(text, input->length, false);
    check_envelope_result(text, input->length);
}

static void check_payload(const char *type, const struct bytes *payload) {
    struct envelope envelope;
    struct reason reason = {""};
    const char *content = payload->data ? (const char *)payload->data : "";
    char *text = envelope_make(type, content, payload->length, key);
    REQUIRE(envelope_parse(text, strlen(text), &envelope, &reason) == 0);
    REQUIRE(strcmp(envelope.type, type) == 0 && envelope.payload_length == payload->length);
    REQUIRE(memcmp(envelope.payload, content, payload->length) == 0);
    REQUIRE(envelope_signed_by(&envelope, signing_key_public(key)));
    envelope_free(&envelope);
    check_order(text, strlen(text), true);
    check_envelope_result(text, strlen(text));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *const types[] = {envelope_type_order, envelope_type_certificate,
                                 envelope_type_record, "application/x"};
    if (size == 0)
        return 0;
    const struct bytes input = fuzz_copy(data + 1, size - 1);
    if (data[0] < '0' || data[0] > '3')
        check_text(&input);
    else
        check_payload(types[data[0] - '0'], &input);
    free((void *)input.data);
    return 0;
}
