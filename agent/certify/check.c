#include "quietus/check.h"

#include "quietus/json.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

int check_own_key(const json_t *document, struct public_key *out) {
    uint8_t der[KEY_SPKI_SIZE];
    size_t length;
    const char *text = json_text(json_object_get(document, "assurance"), "public_key");
    if (sodium_base642bin(der, sizeof der, text, strlen(text), NULL, &length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return -EINVAL;
    return public_key_from_spki(der, length, out);
}

static void add_signer(struct check_result *out, const char *who, const struct public_key *key) {
    char id[KEY_ID_SIZE];
    char text[256];
    public_key_id(key, id);
    (void)snprintf(text, sizeof text, "%s, key %.16s", who, id);
    json_add_text(out->signers, text);
}

/* One key under two names is one signer. */
static bool is_repeated(const struct trust *trust, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (memcmp(&trust->keys[i].key, &trust->keys[index].key, sizeof trust->keys[i].key) == 0)
            return true;
    }
    return false;
}

/* Whether the document says that this key signed the order that it was made by. Who may order
 * erases is not who can vouch for them, unless whoever reads this thinks so. */
static bool signed_its_order(const json_t *document, const struct public_key *key) {
    static const char *const members[] = {"authority", "order"};
    char own[KEY_ID_SIZE];
    public_key_id(key, own);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        size_t k;
        json_t *id;
        json_array_foreach(json_object_get(json_object_get(document, members[i]), "signed_by_keys"),
                           k, id) {
            const char *text = json_string_value(id);
            if (text && strcmp(text, own) == 0)
                return true;
        }
    }
    return false;
}

static void find_trusted_signers(const struct envelope *envelope, const struct trust *trust,
                                 struct check_result *out) {
    char who[KEY_NAME_SIZE + 64];
    for (size_t i = 0; i < trust->count; i++) {
        if (is_repeated(trust, i) || !envelope_signed_by(envelope, &trust->keys[i].key))
            continue;
        (void)snprintf(who, sizeof who, "%s, whom you trust%s", trust->keys[i].name,
                       signed_its_order(out->document, &trust->keys[i].key)
                           ? " and who signed its order too"
                           : "");
        add_signer(out, who, &trust->keys[i].key);
        out->approvals++;
    }
}

/* A signature that says it is a trusted key's, and no such signature is good. */
static bool trusted_signature_is_broken(const struct envelope *envelope,
                                        const struct trust *trust) {
    char id[KEY_ID_SIZE];
    for (size_t i = 0; i < trust->count; i++) {
        public_key_id(&trust->keys[i].key, id);
        for (size_t k = 0; k < envelope->signature_count; k++) {
            if (strcmp(envelope->signatures[k].key_id, id) == 0)
                return true;
        }
    }
    return false;
}

static void judge_signature(const struct envelope *envelope, const struct trust *trust,
                            struct check_result *out) {
    struct public_key own;
    find_trusted_signers(envelope, trust, out);
    if (out->approvals > 0) {
        out->status = CHECK_TRUSTED;
        return;
    }
    const bool names_own = check_own_key(out->document, &own) == 0;
    if (names_own && envelope_signed_by(envelope, &own)) {
        const json_t *assurance = json_object_get(out->document, "assurance");
        const bool self = strcmp(json_text(assurance, "level"), "self") == 0;
        add_signer(out, self ? "a key made in memory for that run" : "a site's key", &own);
        out->status = CHECK_UNPROVEN;
        return;
    }
    out->cannot_be_checked = !names_own && !trusted_signature_is_broken(envelope, trust);
    json_add_text(out->problems, out->cannot_be_checked
                                     ? "no key that you have named (--trust) signed it, and it "
                                       "names none of its own"
                                     : "no signature is good: it was altered after it was signed");
}

static void judge_meaning(struct check_result *out) {
    if (strcmp(out->type, envelope_type_certificate) == 0)
        check_certificate_meaning(out->document, out->problems);
    else if (strcmp(out->type, envelope_type_record) == 0)
        check_record_meaning(out->document, out->problems);
    else if (strcmp(out->type, envelope_type_begun) == 0)
        check_begun_meaning(out->document, out->problems);
    else if (strcmp(out->type, envelope_type_order) != 0)
        json_add_text(out->problems, "it is of a type that Quietus does not know");
}

void check_envelope(const char *text, size_t length, const struct trust *trust,
                    struct check_result *out) {
    struct envelope envelope;
    struct reason reason;
    *out = (struct check_result){
        .status = CHECK_NOT_INTACT,
        .signers = json_new_array(),
        .problems = json_new_array(),
        .key_ids = json_new_array(),
    };
    if (envelope_parse(text, length, &envelope, &reason)) {
        json_add_text(out->problems, reason.text);
        return;
    }
    text_copy(out->type, sizeof out->type, envelope.type);
    envelope_digest(envelope.payload, envelope.payload_length, out->digest);
    for (size_t i = 0; i < envelope.signature_count; i++)
        json_add_text(out->key_ids, envelope.signatures[i].key_id);
    out->document = json_parse(envelope.payload, envelope.payload_length, &reason);
    if (out->document) {
        judge_signature(&envelope, trust, out);
        judge_meaning(out);
    } else {
        json_add_text(out->problems, reason.text);
    }
    if (json_array_size(out->problems) > 0)
        out->status = CHECK_NOT_INTACT;
    if (json_array_size(out->problems) > 1)
        out->cannot_be_checked = false; /* something else is wrong, whoever signed it */
    envelope_free(&envelope);
}

void check_result_free(struct check_result *result) {
    json_decref(result->signers);
    json_decref(result->problems);
    json_decref(result->key_ids);
    json_decref(result->document);
    *result = (struct check_result){0};
}
