#ifndef QUIETUS_ENVELOPE_INTERNAL_H
#define QUIETUS_ENVELOPE_INTERNAL_H

#include "quietus/keys.h"

#include <sodium.h>

struct signing_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* seed, then public key (libsodium) */
    struct public_key public;
};

/* seed: RFC 8032's 32 bytes. */
struct signing_key *signing_key_from_seed(const uint8_t seed[crypto_sign_SEEDBYTES]);

#endif
