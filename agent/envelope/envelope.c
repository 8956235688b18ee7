#include "quietus/envelope.h"

#include "quietus/cleanup.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

const char envelope_type_order[] = "application/vnd.quietus.order+json";
const char envelope_type_certificate[] = "application/vnd.quietus.certificate+json";
const char envelope_type_begun[] = "application/vnd.quietus.begun+json";
const char envelope_type_record[] = "application/vnd.quietus.record+json";

/* DSSE v1: "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload. The caller frees. */
static char *pre_authentication(const char *type, const char *payload, size_t length,
                                size_t *total) {
    char head[256];
    const int used = snprintf(head, sizeof head, "DSSEv1 %zu %s %zu ", strlen(type), type, length);
    memory_require(used > 0 && (size_t)used < sizeof head);
    char *text = memory_new((size_t)used + length + 1, 1);
    memcpy(text, head, (size_t)used);
    memcpy(text + used, payload, length);
    *total = (size_t)used + length;
    return text;
}

static char *base64(const void *data, size_t length) {
    const size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    char *text = memory_new(size, 1);
    return sodium_bin2base64(text, size, data, length, sodium_base64_VARIANT_ORIGINAL);
}

/* DSSE allows both alphabets. */
static int unbase64(const char *text, uint8_t *out, size_t size, size_t *length) {
    const size_t text_length = strlen(text);
    if (sodium_base642bin(out, size, text, text_length, NULL, length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0 ||
        sodium_base642bin(out, size, text, text_length, NULL, length, NULL,
                          sodium_base64_VARIANT_URLSAFE) == 0)
        return 0;
    return -EINVAL;
}

static int parse_payload(const json_t *document, struct envelope *out) {
    const char *text = json_text(document, "payload");
    const char *type = json_text(document, "payloadType");
    if (type[0] == '\0' || strlen(type) >= sizeof out->type)
        return -EINVAL;
    text_copy(out->type, sizeof out->type, type);
    out->payload = memory_new(strlen(text) + 1, 1);
    const int error = unbase64(text, (uint8_t *)out->payload, strlen(text), &out->payload_length);
    if (error == 0)
        out->payload[out->payload_length] = '\0';
    return error;
}

static int parse_signatures(const json_t *document, struct envelope *out) {
    const json_t *signatures = json_object_get(document, "signatures");
    const size_t count = json_array_size(signatures);
    if (count == 0 || count > ENVELOPE_SIGNATURES)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(signatures, i);
        struct envelope_signature *signature = &out->signatures[i];
        size_t length;
        text_copy(signature->key_id, sizeof signature->key_id, json_text(entry, "keyid"));
        if (unbase64(json_text(entry, "sig"), signature->bytes, sizeof signature->bytes, &length) ||
            length != sizeof signature->bytes)
            return -EINVAL;
    }
    out->signature_count = count;
    return 0;
}

int envelope_parse(const char *text, size_t length, struct envelope *out, struct reason *reason) {
    *out = (struct envelope){0};
    json_t *document = json_parse(text, length, reason);
    if (!document)
        return -EINVAL;
    int error = parse_payload(document, out);
    if (error)
        reason_set(reason, "not a DSSE envelope: no payload with its type");
    if (error == 0) {
        error = parse_signatures(document, out);
        if (error)
            reason_set(reason, "not a DSSE envelope: no list of 1 to %d Ed25519 signatures",
                       ENVELOPE_SIGNATURES);
    }
    json_decref(document);
    if (error)
        envelope_free(out);
    return error;
}

void envelope_free(struct envelope *envelope) {
    free(envelope->payload);
    *envelope = (struct envelope){0};
}

static json_t *signature_json(const char *key_id, const uint8_t bytes[KEY_SIGNATURE_SIZE]) {
    AUTO_FREE char *text = base64(bytes, KEY_SIGNATURE_SIZE);
    json_t *object = json_new_object();
    json_put_text(object, "keyid", key_id);
    json_put_text(object, "sig", text);
    return object;
}

static json_t *new_signature(const char *type, const char *payload, size_t length,
                             const struct signing_key *key) {
    char key_id[KEY_ID_SIZE];
    uint8_t signature[KEY_SIGNATURE_SIZE];
    size_t total;
    AUTO_FREE char *message = pre_authentication(type, payload, length, &total);
    signing_key_sign(key, message, total, signature);
    public_key_id(signing_key_public(key), key_id);
    return signature_json(key_id, signature);
}

/* Takes over the signatures. */
static char *assemble(const char *type, const char *payload, size_t length, json_t *signatures) {
    AUTO_FREE char *encoded = base64(payload, length);
    json_t *document = json_new_object();
    json_put_text(document, "payloadType", type);
    json_put_text(document, "payload", encoded);
    json_put(document, "signatures", signatures);
    AUTO_FREE char *line = json_line(document);
    json_decref(document);
    char *text = memory_new(strlen(line) + 2, 1);
    (void)stpcpy(stpcpy(text, line), "\n");
    return text;
}

char *envelope_make(const char *type, const char *payload, size_t length,
                    const struct signing_key *key) {
    json_t *signatures = json_new_array();
    json_add(signatures, new_signature(type, payload, length, key));
    return assemble(type, payload, length, signatures);
}

char *envelope_sign(const struct envelope *envelope, const struct signing_key *key) {
    if (envelope->signature_count == ENVELOPE_SIGNATURES)
        return NULL;
    json_t *signatures = json_new_array();
    for (size_t i = 0; i < envelope->signature_count; i++)
        json_add(signatures,
                 signature_json(envelope->signatures[i].key_id, envelope->signatures[i].bytes));
    json_add(signatures,
             new_signature(envelope->type, envelope->payload, envelope->payload_length, key));
    return assemble(envelope->type, envelope->payload, envelope->payload_length, signatures);
}

bool envelope_signed_by(const struct envelope *envelope, const struct public_key *key) {
    size_t total;
    AUTO_FREE char *message =
        pre_authentication(envelope->type, envelope->payload, envelope->payload_length, &total);
    for (size_t i = 0; i < envelope->signature_count; i++) {
        if (public_key_verify(key, message, total, envelope->signatures[i].bytes))
            return true;
    }
    return false;
}

void envelope_digest(const char *payload, size_t length, char out[ENVELOPE_DIGEST_SIZE]) {
    static const char prefix[] = "sha256:";
    uint8_t digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(digest, (const uint8_t *)payload, length);
    memcpy(out, prefix, sizeof prefix);
    hex_encode(out + sizeof prefix - 1, digest, sizeof digest);
}
