/* Keys in PEM files, and the folder of keys that are trusted. */
#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/memory.h"
#include "quietus/sealed.h"

#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { PEM_LIMIT = 4096, PKCS8_SIZE = 48 };

/* RFC 8410: PKCS #8 of an Ed25519 key, version 1, up to the seed. */
static const uint8_t pkcs8_prefix[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

static const char private_label[] = "PRIVATE KEY";
static const char public_label[] = "PUBLIC KEY";

/* Of a key under a passphrase. */
static const char key_schema[] = "quietus.key/1";

/* The bytes between the BEGIN and END lines of that label; -EINVAL if there are no such lines. */
static int pem_decode(const char *text, const char *label, uint8_t *out, size_t size,
                      size_t *length) {
    char begin[64];
    char end[64];
    (void)snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);
    (void)snprintf(end, sizeof end, "-----END %s-----", label);
    const char *start = strstr(text, begin);
    if (!start)
        return -EINVAL;
    start += strlen(begin);
    const char *stop = strstr(start, end);
    if (!stop || sodium_base642bin(out, size, start, (size_t)(stop - start), "\r\n \t", length,
                                   NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return -EINVAL;
    return 0;
}

static size_t pem_encode(const uint8_t *der, size_t length, const char *label, char *out,
                         size_t size) {
    char base64[128];
    (void)sodium_bin2base64(base64, sizeof base64, der, length, sodium_base64_VARIANT_ORIGINAL);
    const int used =
        snprintf(out, size, "-----BEGIN %s-----\n%s\n-----END %s-----\n", label, base64, label);
    sodium_memzero(base64, sizeof base64);
    return (size_t)used;
}

static int read_pem(const char *path, const char *label, uint8_t *out, size_t size, size_t *length,
                    struct reason *reason) {
    char *text;
    size_t text_length;
    int error = file_read(path, PEM_LIMIT, &text, &text_length);
    if (error) {
        reason_set(reason, "%s: %s", path, strerror(-error));
        return error;
    }
    error = pem_decode(text, label, out, size, length);
    sodium_memzero(text, text_length);
    free(text);
    if (error)
        reason_set(reason, "%s: no '%s' in PEM form in it", path, label);
    return error;
}

/* A signing key of its PEM form. */
static int key_from_pem(const char *path, const char *text, struct signing_key **out,
                        struct reason *reason) {
    uint8_t der[PKCS8_SIZE + 64];
    size_t length = 0;
    const bool good = pem_decode(text, private_label, der, sizeof der, &length) == 0 &&
                      length == PKCS8_SIZE && memcmp(der, pkcs8_prefix, sizeof pkcs8_prefix) == 0;
    if (good)
        *out = signing_key_from_seed(der + sizeof pkcs8_prefix);
    else
        reason_set(reason, "%s: not an Ed25519 private key without a passphrase", path);
    sodium_memzero(der, sizeof der);
    return good ? 0 : -EINVAL;
}

static int read_key_file(const char *path, char **text, size_t *length, struct reason *reason) {
    const int error = file_read(path, PEM_LIMIT, text, length);
    if (error)
        reason_set(reason, "%s: %s", path, strerror(-error));
    return error;
}

int signing_key_read(const char *path, struct signing_key **out, struct reason *reason) {
    char *text;
    size_t length;
    int error = read_key_file(path, &text, &length, reason);
    if (error)
        return error;
    if (sealed_is(key_schema, text, length)) {
        reason_set(reason, "%s: it wants its passphrase", path);
        error = -EACCES;
    } else {
        error = key_from_pem(path, text, out, reason);
    }
    sodium_memzero(text, length);
    free(text);
    return error;
}

bool signing_key_is_sealed(const char *path) {
    AUTO_FREE char *text = NULL;
    size_t length;
    struct reason ignored;
    if (read_key_file(path, &text, &length, &ignored))
        return false;
    const bool sealed = sealed_is(key_schema, text, length);
    sodium_memzero(text, length);
    return sealed;
}

int signing_key_open(const char *path, const char *passphrase, struct signing_key **out,
                     struct reason *reason) {
    AUTO_FREE char *sealed = NULL;
    char *text = NULL;
    size_t length;
    struct reason problem;
    int error = read_key_file(path, &sealed, &length, reason);
    if (error)
        return error;
    error = sealed_open(key_schema, sealed, length, passphrase, &text, &problem);
    if (error) {
        reason_set(reason, "%.150s: %.150s", path, problem.text);
        return error;
    }
    error = key_from_pem(path, text, out, reason);
    sodium_free(text);
    return error;
}

enum { PRIVATE_PEM_SIZE = 256 };

static size_t key_to_pem(const struct signing_key *key, char out[PRIVATE_PEM_SIZE]) {
    uint8_t der[PKCS8_SIZE];
    memcpy(der, pkcs8_prefix, sizeof pkcs8_prefix);
    memcpy(der + sizeof pkcs8_prefix, key->secret, crypto_sign_SEEDBYTES);
    const size_t length = pem_encode(der, sizeof der, private_label, out, PRIVATE_PEM_SIZE);
    sodium_memzero(der, sizeof der);
    return length;
}

static int write_key_file(const char *path, const char *text, size_t length,
                          struct reason *reason) {
    const int error = file_write_new(path, text, length, 0600);
    if (error == -EEXIST)
        reason_set(reason, "%s exists already; a key is never written over another", path);
    else if (error)
        reason_set(reason, "%s: %s", path, strerror(-error));
    return error;
}

int signing_key_write(const struct signing_key *key, const char *path, struct reason *reason) {
    char pem[PRIVATE_PEM_SIZE];
    const size_t length = key_to_pem(key, pem);
    const int error = write_key_file(path, pem, length, reason);
    sodium_memzero(pem, sizeof pem);
    return error;
}

int signing_key_write_sealed(const struct signing_key *key, const char *path,
                             const char *passphrase, struct reason *reason) {
    char pem[PRIVATE_PEM_SIZE];
    AUTO_FREE char *sealed = NULL;
    const size_t length = key_to_pem(key, pem);
    int error = sealed_make(key_schema, pem, length, passphrase, &sealed, reason);
    if (error == 0)
        error = write_key_file(path, sealed, strlen(sealed), reason);
    sodium_memzero(pem, sizeof pem);
    return error;
}

int public_key_read(const char *path, struct public_key *out, struct reason *reason) {
    uint8_t der[KEY_SPKI_SIZE + 64];
    size_t length;
    int error = read_pem(path, public_label, der, sizeof der, &length, reason);
    if (error)
        return error;
    error = public_key_from_spki(der, length, out);
    if (error)
        reason_set(reason, "%s: not an Ed25519 public key that can be trusted", path);
    return error;
}

int public_key_write(const struct public_key *key, const char *path, struct reason *reason) {
    uint8_t der[KEY_SPKI_SIZE];
    char pem[256];
    public_key_spki(key, der);
    const size_t length = pem_encode(der, sizeof der, public_label, pem, sizeof pem);
    const int error = file_write(path, pem, length, 0644);
    if (error)
        reason_set(reason, "%s: %s", path, strerror(-error));
    return error;
}

void trust_add(struct trust *trust, const struct public_key *key, const char *name,
               const char *role) {
    trust->keys = memory_grow(trust->keys, trust->count + 1, sizeof *trust->keys);
    struct trusted_key *added = &trust->keys[trust->count++];
    added->key = *key;
    text_copy(added->name, sizeof added->name, name);
    text_copy(added->role, sizeof added->role, role);
}

void trust_free(struct trust *trust) {
    free(trust->keys);
    *trust = (struct trust){0};
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text);
    const size_t wanted = strlen(end);
    return length > wanted && strcmp(text + length - wanted, end) == 0;
}

static int read_folder(const char *folder, const char *role, struct trust *out,
                       struct reason *reason) {
    char path[PATH_MAX];
    char **names;
    int error = 0;
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count && error == 0; i++) {
        struct stat status;
        struct public_key key;
        path_format(path, folder, "/%s", names[i]);
        if (stat(path, &status) == 0 && S_ISDIR(status.st_mode) && role[0] == '\0') {
            error = read_folder(path, names[i], out, reason);
        } else if (ends_with(names[i], ".pub")) {
            error = public_key_read(path, &key, reason);
            names[i][strlen(names[i]) - strlen(".pub")] = '\0';
            if (error == 0)
                trust_add(out, &key, names[i], role);
        }
    }
    folder_free_names(names, count);
    return error;
}

int trust_read(const char *folder, struct trust *out, struct reason *reason) {
    *out = (struct trust){0};
    const int error = read_folder(folder, "", out, reason);
    if (error)
        trust_free(out);
    return error;
}
