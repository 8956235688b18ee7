/*
 * Ed25519 keys in the PEM forms that OpenSSL reads and writes (RFC 8410), so that everything signed
 * here can be checked without Quietus.
 */
#ifndef QUIETUS_KEYS_H
#define QUIETUS_KEYS_H

#include "quietus/text.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    KEY_PUBLIC_SIZE = 32,
    KEY_SIGNATURE_SIZE = 64,
    KEY_ID_SIZE = 65, /* SHA-256 of the SubjectPublicKeyInfo in hexadecimal, and the NUL */
    KEY_SPKI_SIZE = 44,
    KEY_NAME_SIZE = 64,
};

struct public_key {
    uint8_t bytes[KEY_PUBLIC_SIZE];
};

/* In memory that is locked and is wiped by signing_key_free. */
struct signing_key;

/* libsodium's start-up; every program and test calls it once before anything else here. */
void keys_start(void);

struct signing_key *signing_key_generate(void);
struct signing_key *signing_key_copy(const struct signing_key *key);
void signing_key_free(struct signing_key *key);
const struct public_key *signing_key_public(const struct signing_key *key);
void signing_key_sign(const struct signing_key *key, const void *message, size_t length,
                      uint8_t signature[KEY_SIGNATURE_SIZE]);

/* True if the signature is good and the key is one that can sign (not of small order). */
bool public_key_verify(const struct public_key *key, const void *message, size_t length,
                       const uint8_t signature[KEY_SIGNATURE_SIZE]);

/* False for keys of small order and encodings that are not canonical: anyone can sign "by" those.
 */
bool public_key_acceptable(const struct public_key *key);

/* What `openssl pkey -pubin -outform DER | sha256sum` prints. */
void public_key_id(const struct public_key *key, char out[KEY_ID_SIZE]);

/* The SubjectPublicKeyInfo, DER. */
void public_key_spki(const struct public_key *key, uint8_t out[KEY_SPKI_SIZE]);
int public_key_from_spki(const uint8_t *der, size_t length, struct public_key *out);

/* PEM files. 0, or a negative errno with the reason. A private key file is made with mode 0600 and
 * never written over an existing one. */
int signing_key_read(const char *path, struct signing_key **out, struct reason *reason);
int signing_key_write(const struct signing_key *key, const char *path, struct reason *reason);
/*
 * The same under a passphrase (sealed.h): a file that wants one is read by signing_key_open alone.
 * -EACCES: another passphrase.
 */
bool signing_key_is_sealed(const char *path);
int signing_key_open(const char *path, const char *passphrase, struct signing_key **out,
                     struct reason *reason);
int signing_key_write_sealed(const struct signing_key *key, const char *path,
                             const char *passphrase, struct reason *reason);
int public_key_read(const char *path, struct public_key *out, struct reason *reason);
int public_key_write(const struct public_key *key, const char *path, struct reason *reason);

struct trusted_key {
    struct public_key key;
    char name[KEY_NAME_SIZE]; /* the file's, without .pub */
    char role[KEY_NAME_SIZE]; /* the folder's, or "" */
};

struct trust {
    struct trusted_key *keys;
    size_t count;
};

/*
 * Reads every *.pub in a folder, and in its folders, whose names are roles. A folder that is not
 * there trusts nobody; a file that is no good key is an error. End with trust_free.
 */
int trust_read(const char *folder, struct trust *out, struct reason *reason);
/* Adds one key; name is copied. */
void trust_add(struct trust *trust, const struct public_key *key, const char *name,
               const char *role);
void trust_free(struct trust *trust);

#endif
