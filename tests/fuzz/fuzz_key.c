/* Key files. */
#include "quietus/keys.h"

#include "fuzz.h"

#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    keys_start();
    return 0;
}

static void check_public(const char *path) {
    struct public_key key;
    struct public_key again;
    struct reason reason = {""};
    uint8_t der[KEY_SPKI_SIZE];
    if (public_key_read(path, &key, &reason)) {
        require_reason(&reason);
        return;
    }
    REQUIRE(public_key_acceptable(&key));
    public_key_spki(&key, der);
    REQUIRE(public_key_from_spki(der, sizeof der, &again) == 0);
    REQUIRE(memcmp(&key, &again, sizeof key) == 0);
}

static void check_private(const char *path) {
    struct signing_key *key;
    struct reason reason = {""};
    uint8_t signature[KEY_SIGNATURE_SIZE];
    if (signing_key_read(path, &key, &reason)) {
        require_reason(&reason);
        return;
    }
    signing_key_sign(key, "m", 1, signature);
    REQUIRE(public_key_verify(signing_key_public(key), "m", 1, signature));
    signing_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[32];
    const int fd = fuzz_file(data, size, path);
    check_public(path);
    check_private(path);
    (void)close(fd);
    return 0;
}
