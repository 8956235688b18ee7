#include "quietus/memory.h"

#include "internal.h"

#include <errno.h>
#include <string.h>

/* RFC 8410: SubjectPublicKeyInfo of an Ed25519 key up to the key itself. */
static const uint8_t spki_prefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

void keys_start(void) {
    memory_require(sodium_init() >= 0);
}

static struct signing_key *new_key(void) {
    struct signing_key *key = sodium_malloc(sizeof *key);
    memory_require(key != NULL);
    return key;
}

struct signing_key *signing_key_generate(void) {
    struct signing_key *key = new_key();
    (void)crypto_sign_keypair(key->public.bytes, key->secret);
    return key;
}

struct signing_key *signing_key_from_seed(const uint8_t seed[crypto_sign_SEEDBYTES]) {
    struct signing_key *key = new_key();
    (void)crypto_sign_seed_keypair(key->public.bytes, key->secret, seed);
    return key;
}

struct signing_key *signing_key_copy(const struct signing_key *key) {
    struct signing_key *copy = new_key();
    *copy = *key;
    return copy;
}

void signing_key_free(struct signing_key *key) {
    sodium_free(key); /* wipes it */
}

const struct public_key *signing_key_public(const struct signing_key *key) {
    return &key->public;
}

void signing_key_sign(const struct signing_key *key, const void *message, size_t length,
                      uint8_t signature[KEY_SIGNATURE_SIZE]) {
    (void)crypto_sign_detached(signature, NULL, message, length, key->secret);
}

bool public_key_acceptable(const struct public_key *key) {
    return crypto_core_ed25519_is_valid_point(key->bytes) == 1;
}

bool public_key_verify(const struct public_key *key, const void *message, size_t length,
                       const uint8_t signature[KEY_SIGNATURE_SIZE]) {
    return public_key_acceptable(key) &&
           crypto_sign_verify_detached(signature, message, length, key->bytes) == 0;
}

void public_key_spki(const struct public_key *key, uint8_t out[KEY_SPKI_SIZE]) {
    memcpy(out, spki_prefix, sizeof spki_prefix);
    memcpy(out + sizeof spki_prefix, key->bytes, sizeof key->bytes);
}

int public_key_from_spki(const uint8_t *der, size_t length, struct public_key *out) {
    if (length != KEY_SPKI_SIZE || memcmp(der, spki_prefix, sizeof spki_prefix) != 0)
        return -EINVAL;
    memcpy(out->bytes, der + sizeof spki_prefix, sizeof out->bytes);
    return public_key_acceptable(out) ? 0 : -EINVAL;
}

void public_key_id(const struct public_key *key, char out[KEY_ID_SIZE]) {
    uint8_t spki[KEY_SPKI_SIZE];
    uint8_t digest[crypto_hash_sha256_BYTES];
    public_key_spki(key, spki);
    (void)crypto_hash_sha256(digest, spki, sizeof spki);
    hex_encode(out, digest, sizeof digest);
}
