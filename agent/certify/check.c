#include "quietus/check.h"

#include "quietus/json.h"

#include <sodium.h>
#include <string.h>

/* The key that the document itself names; -EINVAL if it names none that can be one. */
static int own_key(const json_t *document, struct public_key *out) {
    uint8_t der[KEY_SPKI_SIZE];
    size_t length;
    const char *text = json_text(json_object_get(document, "assurance"), "public_key");
    if (sodium_base642bin(der, sizeof der, text, strlen(text), NULL, &length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return -1;
    return public_key_from_spki(der, length, out);
}

static void judge_signature(const struct envelope *envelope, const struct trust *trust,
                            struct check_result *out) {
    struct public_key own;
    char id[KEY_ID_SIZE];
    for (size_t i = 0; i < trust->count; i++) {
        if (!envelope_signed_by(envelope, &trust->keys[i].key))
            continue;
        public_key_id(&trust->keys[i].key, id);
        reason_set(&out->signature, "signed by %s, whom you trust (key %s)", trust->keys[i].name,
                   id);
        out->status = CHECK_TRUSTED;
        return;
    }
    if (own_key(out->document, &own) == 0 && envelope_signed_by(envelope, &own)) {
        const json_t *assurance = json_object_get(out->document, "assurance");
        const bool self = strcmp(json_text(assurance, "level"), "self") == 0;
        public_key_id(&own, id);
        reason_set(
            &out->signature,
            "signed by %s, for which no key that you trust vouches (key %s): it has not been "
            "altered since, but anybody could have made it",
            self ? "a key made in memory for this run" : "a site's key", id);
        out->status = CHECK_UNPROVEN;
        return;
    }
    reason_set(&out->signature, "no signature is good");
    json_add_text(out->problems,
                  "no signature is good: it was altered, or signed by a key that you "
                  "have not named (--trust)");
    out->status = CHECK_NOT_INTACT;
}

static void judge_meaning(struct check_result *out) {
    if (strcmp(out->type, envelope_type_certificate) == 0)
        check_certificate_meaning(out->document, out->problems);
    else if (strcmp(out->type, envelope_type_record) == 0)
        check_record_meaning(out->document, out->problems);
    else if (strcmp(out->type, envelope_type_order) != 0)
        json_add_text(out->problems, "it is of a type that Quietus does not know");
}

void check_envelope(const char *text, size_t length, const struct trust *trust,
                    struct check_result *out) {
    struct envelope envelope;
    struct reason reason;
    *out = (struct check_result){.status = CHECK_NOT_INTACT, .problems = json_new_array()};
    if (envelope_parse(text, length, &envelope, &reason)) {
        json_add_text(out->problems, reason.text);
        return;
    }
    text_copy(out->type, sizeof out->type, envelope.type);
    envelope_digest(envelope.payload, envelope.payload_length, out->digest);
    out->document = json_parse(envelope.payload, envelope.payload_length, &reason);
    if (out->document) {
        judge_signature(&envelope, trust, out);
        judge_meaning(out);
    } else {
        json_add_text(out->problems, reason.text);
    }
    if (json_array_size(out->problems) > 0)
        out->status = CHECK_NOT_INTACT;
    envelope_free(&envelope);
}

void check_result_free(struct check_result *result) {
    json_decref(result->problems);
    json_decref(result->document);
    *result = (struct check_result){0};
}
