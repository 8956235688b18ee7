/*
 * DSSE envelopes: a payload exactly as it was signed, its type, and signatures over both (the DSSE
 * pre-authentication encoding). Documents refer to each other by the digest of the payload, so that
 * another signature changes no reference.
 */
#ifndef QUIETUS_ENVELOPE_H
#define QUIETUS_ENVELOPE_H

#include "quietus/keys.h"

enum { ENVELOPE_SIGNATURES = 16, ENVELOPE_DIGEST_SIZE = 72, ENVELOPE_LIMIT = 16 << 20 };

extern const char envelope_type_order[];
extern const char envelope_type_certificate[];
extern const char envelope_type_begun[];
extern const char envelope_type_record[];

struct envelope_signature {
    char key_id[KEY_ID_SIZE]; /* a hint, not signed */
    uint8_t bytes[KEY_SIGNATURE_SIZE];
};

struct envelope {
    char *payload; /* with a NUL behind it */
    size_t payload_length;
    char type[128];
    struct envelope_signature signatures[ENVELOPE_SIGNATURES];
    size_t signature_count;
};

/* 0, or -EINVAL with the reason. End with envelope_free. */
int envelope_parse(const char *text, size_t length, struct envelope *out, struct reason *reason);
void envelope_free(struct envelope *envelope);

/* One line of JSON with a newline; the caller frees. */
char *envelope_make(const char *type, const char *payload, size_t length,
                    const struct signing_key *key);

/* The envelope's text with one more signature; NULL if it is full. The caller frees. */
char *envelope_sign(const struct envelope *envelope, const struct signing_key *key);

/* True if one of the signatures is this key's. */
bool envelope_signed_by(const struct envelope *envelope, const struct public_key *key);

/* "sha256:" and the digest of a payload in hexadecimal. */
void envelope_digest(const char *payload, size_t length, char out[ENVELOPE_DIGEST_SIZE]);

#endif
