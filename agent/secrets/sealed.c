/* The sealed file: JSON with the parameters of the passphrase's hash, and a secretbox. */
#include "quietus/sealed.h"

#include "quietus/cleanup.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/secrets.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/*
 * libsodium's "moderate" Argon2id: three passes over 256 MiB. A file that asks for more than these
 * limits is refused, since it would take the machine's memory or an hour.
 */
enum {
    PASSES = crypto_pwhash_OPSLIMIT_MODERATE,
    MEMORY = crypto_pwhash_MEMLIMIT_MODERATE,
    MOST_PASSES = 16,
    MOST_MEMORY = 1 << 29,
    LEAST_MEMORY = 1 << 13,
};

static const char secrets_schema[] = "quietus.secrets/1";
static const char kdf[] = "argon2id13";
static const char cipher[] = "xsalsa20poly1305";

struct parameters {
    uint64_t passes;
    uint64_t memory;
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t nonce[crypto_secretbox_NONCEBYTES];
};

static int make_key(const struct parameters *parameters, const char *passphrase,
                    uint8_t key[crypto_secretbox_KEYBYTES], struct reason *reason) {
    if (crypto_pwhash(key, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase),
                      parameters->salt, parameters->passes, (size_t)parameters->memory,
                      crypto_pwhash_ALG_ARGON2ID13) == 0)
        return 0;
    reason_set(reason, "there is no memory for it: opening needs %llu MiB",
               (unsigned long long)parameters->memory >> 20);
    return -ENOMEM;
}

static void put_base64(json_t *object, const char *key, const uint8_t *data, size_t length) {
    const size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    AUTO_FREE char *text = memory_new(1, size);
    (void)sodium_bin2base64(text, size, data, length, sodium_base64_VARIANT_ORIGINAL);
    json_put_text(object, key, text);
}

static int take_base64(const json_t *object, const char *key, uint8_t *out, size_t size,
                       size_t *length) {
    const char *text = json_text(object, key);
    return sodium_base642bin(out, size, text, strlen(text), NULL, length, NULL,
                             sodium_base64_VARIANT_ORIGINAL)
               ? -EINVAL
               : 0;
}

static char *sealed_text(const char *schema, const struct parameters *parameters,
                         const uint8_t *box, size_t length) {
    json_t *object = json_new_object();
    json_put_text(object, "schema", schema);
    json_put_text(object, "kdf", kdf);
    json_put_count(object, "passes", parameters->passes);
    json_put_count(object, "memory", parameters->memory);
    put_base64(object, "salt", parameters->salt, sizeof parameters->salt);
    json_put_text(object, "cipher", cipher);
    put_base64(object, "nonce", parameters->nonce, sizeof parameters->nonce);
    put_base64(object, "box", box, length);
    char *text = json_line(object);
    json_decref(object);
    return text;
}

int sealed_make(const char *schema, const char *text, size_t length, const char *passphrase,
                char **sealed, struct reason *reason) {
    uint8_t key[crypto_secretbox_KEYBYTES];
    struct parameters parameters = {.passes = PASSES, .memory = MEMORY};
    if (strlen(passphrase) < PASSPHRASE_LEAST) {
        reason_set(reason,
                   "the passphrase has to have %d characters at least: who has the file "
                   "can try as many as they like",
                   PASSPHRASE_LEAST);
        return -EINVAL;
    }
    randombytes_buf(parameters.salt, sizeof parameters.salt);
    randombytes_buf(parameters.nonce, sizeof parameters.nonce);
    const int error = make_key(&parameters, passphrase, key, reason);
    if (error == 0) {
        uint8_t *box = memory_new(1, length + crypto_secretbox_MACBYTES);
        (void)crypto_secretbox_easy(box, (const uint8_t *)text, length, parameters.nonce, key);
        *sealed = sealed_text(schema, &parameters, box, length + crypto_secretbox_MACBYTES);
        free(box);
    }
    sodium_memzero(key, sizeof key);
    return error;
}

int secrets_seal(const char *text, const char *passphrase, char **sealed, struct reason *reason) {
    struct secrets *tried = secrets_new();
    const int error = secrets_parse(tried, text, reason);
    secrets_free(tried);
    return error ? error
                 : sealed_make(secrets_schema, text, strlen(text), passphrase, sealed, reason);
}

static bool parameters_good(const char *schema, const json_t *object, struct parameters *out) {
    size_t salt = 0;
    size_t nonce = 0;
    out->passes = json_count(object, "passes");
    out->memory = json_count(object, "memory");
    return strcmp(json_text(object, "schema"), schema) == 0 &&
           strcmp(json_text(object, "kdf"), kdf) == 0 &&
           strcmp(json_text(object, "cipher"), cipher) == 0 && out->passes >= 1 &&
           out->passes <= MOST_PASSES && out->memory >= LEAST_MEMORY &&
           out->memory <= MOST_MEMORY &&
           take_base64(object, "salt", out->salt, sizeof out->salt, &salt) == 0 &&
           salt == sizeof out->salt &&
           take_base64(object, "nonce", out->nonce, sizeof out->nonce, &nonce) == 0 &&
           nonce == sizeof out->nonce;
}

/* The box, which the caller frees; NULL if this is no sealed file of that kind. */
static uint8_t *take_box(const char *schema, const char *sealed, size_t length,
                         struct parameters *parameters, size_t *box_length) {
    struct reason ignored;
    json_t *object = json_parse(sealed, length, &ignored);
    uint8_t *box = NULL;
    if (json_is_object(object) && parameters_good(schema, object, parameters)) {
        box = memory_new(1, length);
        if (take_base64(object, "box", box, length, box_length) ||
            *box_length < crypto_secretbox_MACBYTES) {
            free(box);
            box = NULL;
        }
    }
    json_decref(object);
    return box;
}

bool sealed_is(const char *schema, const char *text, size_t length) {
    struct parameters parameters;
    size_t box_length = 0;
    uint8_t *box = take_box(schema, text, length, &parameters, &box_length);
    free(box);
    return box != NULL;
}

int sealed_open(const char *schema, const char *sealed, size_t length, const char *passphrase,
                char **text, struct reason *reason) {
    uint8_t key[crypto_secretbox_KEYBYTES];
    struct parameters parameters;
    size_t box_length = 0;
    AUTO_FREE uint8_t *box = take_box(schema, sealed, length, &parameters, &box_length);
    if (!box) {
        reason_set(reason, "it is no sealed file of that kind");
        return -EINVAL;
    }
    const int error = make_key(&parameters, passphrase, key, reason);
    if (error)
        return error;
    const size_t text_length = box_length - crypto_secretbox_MACBYTES;
    *text = sodium_malloc(text_length + 1);
    memory_require(*text != NULL);
    (*text)[text_length] = '\0';
    const int failed =
        crypto_secretbox_open_easy((uint8_t *)*text, box, box_length, parameters.nonce, key);
    sodium_memzero(key, sizeof key);
    if (!failed)
        return 0;
    sodium_free(*text);
    *text = NULL;
    reason_set(reason, "the passphrase is another one, or the file was altered");
    return -EACCES;
}

int secrets_open(struct secrets *secrets, const char *sealed, size_t length, const char *passphrase,
                 struct reason *reason) {
    char *text = NULL;
    int error = sealed_open(secrets_schema, sealed, length, passphrase, &text, reason);
    if (error == -EINVAL)
        reason_set(reason, "it is no file that `quietus seal` has made; secrets are taken from no "
                           "other");
    if (error)
        return error;
    error = secrets_parse(secrets, text, reason);
    sodium_free(text);
    return error;
}
