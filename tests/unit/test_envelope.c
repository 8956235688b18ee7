#include "quietus/cleanup.h"
#include "quietus/envelope.h"
#include "quietus/file.h"
#include "quietus/json.h"

#include "test.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

static const char payload[] = "{\"a\":\"\xc3\xa4\",\"n\":1}";

static int start(void **state) {
    (void)state;
    keys_start();
    return 0;
}

static void parse(const char *text, struct envelope *out) {
    struct reason reason = {""};
    if (envelope_parse(text, strlen(text), out, &reason) != 0)
        fail_msg("%s", reason.text);
}

static void test_sign_and_verify(void **state) {
    (void)state;
    struct signing_key *key = signing_key_generate();
    struct signing_key *other = signing_key_generate();
    AUTO_FREE char *text = envelope_make(envelope_type_order, payload, strlen(payload), key);
    struct envelope envelope;
    parse(text, &envelope);
    assert_string_equal(envelope.payload, payload);
    assert_string_equal(envelope.type, envelope_type_order);
    assert_true(envelope_signed_by(&envelope, signing_key_public(key)));
    assert_false(envelope_signed_by(&envelope, signing_key_public(other)));
    envelope_free(&envelope);
    signing_key_free(key);
    signing_key_free(other);
}

/* Every bit of payload, type and signature counts. */
static void test_every_change_is_noticed(void **state) {
    (void)state;
    struct signing_key *key = signing_key_generate();
    AUTO_FREE char *text = envelope_make(envelope_type_record, payload, strlen(payload), key);
    struct envelope envelope;
    parse(text, &envelope);
    for (size_t i = 0; i < envelope.payload_length * 8; i++) {
        envelope.payload[i / 8] ^= (char)(1 << i % 8);
        assert_false(envelope_signed_by(&envelope, signing_key_public(key)));
        envelope.payload[i / 8] ^= (char)(1 << i % 8);
    }
    for (size_t i = 0; i < strlen(envelope.type) * 8; i++) {
        envelope.type[i / 8] ^= (char)(1 << i % 8);
        if (envelope.type[i / 8] != '\0')
            assert_false(envelope_signed_by(&envelope, signing_key_public(key)));
        envelope.type[i / 8] ^= (char)(1 << i % 8);
    }
    for (size_t i = 0; i < KEY_SIGNATURE_SIZE * 8; i++) {
        envelope.signatures[0].bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(envelope_signed_by(&envelope, signing_key_public(key)));
        envelope.signatures[0].bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_true(envelope_signed_by(&envelope, signing_key_public(key)));
    envelope_free(&envelope);
    signing_key_free(key);
}

/* The pre-authentication encoding is DSSE's: checked against a signature made by hand over it. */
static void test_encoding_is_dsse(void **state) {
    (void)state;
    static const char encoded[] =
        "DSSEv1 35 application/vnd.quietus.record+json 16 {\"a\":\"\xc3\xa4\",\"n\":1}";
    struct signing_key *key = signing_key_generate();
    struct envelope envelope = {.payload = strdup(payload), .signature_count = 1};
    envelope.payload_length = strlen(payload);
    assert_int_equal(envelope.payload_length, 16);
    assert_int_equal(strlen(envelope_type_record), 35);
    text_copy(envelope.type, sizeof envelope.type, envelope_type_record);
    signing_key_sign(key, encoded, strlen(encoded), envelope.signatures[0].bytes);
    assert_true(envelope_signed_by(&envelope, signing_key_public(key)));
    envelope_free(&envelope);
    signing_key_free(key);
}

static void test_a_second_signature_changes_no_reference(void **state) {
    (void)state;
    struct signing_key *first = signing_key_generate();
    struct signing_key *second = signing_key_generate();
    char before[ENVELOPE_DIGEST_SIZE];
    char after[ENVELOPE_DIGEST_SIZE];
    struct envelope envelope;
    AUTO_FREE char *text = envelope_make(envelope_type_order, payload, strlen(payload), first);
    parse(text, &envelope);
    envelope_digest(envelope.payload, envelope.payload_length, before);
    AUTO_FREE char *both = envelope_sign(&envelope, second);
    envelope_free(&envelope);
    parse(both, &envelope);
    envelope_digest(envelope.payload, envelope.payload_length, after);
    assert_string_equal(before, after);
    assert_int_equal(envelope.signature_count, 2);
    assert_true(envelope_signed_by(&envelope, signing_key_public(first)));
    assert_true(envelope_signed_by(&envelope, signing_key_public(second)));
    envelope_free(&envelope);
    signing_key_free(first);
    signing_key_free(second);
}

static void test_what_is_no_envelope(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"payload\":\"e30=\",\"payloadType\":\"t\"}",
        "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[]}",
        "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}",
        "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[{}]}",
        "{\"payload\":\"***\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}",
        "{\"payload\":7,\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct envelope envelope;
        struct reason reason = {""};
        assert_int_equal(envelope_parse(bad[i], strlen(bad[i]), &envelope, &reason), -EINVAL);
        assert_string_not_equal(reason.text, "");
    }
}

/* Anyone can make signatures that fit a key of small order; such a key is never trusted. */
static void test_keys_of_small_order_are_refused(void **state) {
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        struct public_key key;
        uint8_t spki[KEY_SPKI_SIZE];
        struct public_key again;
        const uint8_t zero_signature[KEY_SIGNATURE_SIZE] = {1};
        assert_int_equal(hex_decode(key.bytes, sizeof key.bytes, points[i]), 0);
        assert_false(public_key_acceptable(&key));
        assert_false(public_key_verify(&key, "m", 1, zero_signature));
        public_key_spki(&key, spki);
        assert_int_equal(public_key_from_spki(spki, sizeof spki, &again), -EINVAL);
    }
}

static char folder[] = "/tmp/quietus-keys-XXXXXX";

static const char *in_folder(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int run_in_folder(const char *command) {
    char line[512];
    (void)snprintf(line, sizeof line, "cd %s && %s", folder, command);
    return system(line); // NOLINT(cert-env33-c)
}

/* Keys go to OpenSSL and back. */
static void test_key_files(void **state) {
    (void)state;
    struct reason reason = {""};
    struct stat status;
    struct public_key public;
    struct signing_key *again;
    char id[KEY_ID_SIZE];
    assert_non_null(mkdtemp(folder));
    struct signing_key *key = signing_key_generate();
    assert_int_equal(signing_key_write(key, in_folder("a.key"), &reason), 0);
    assert_int_equal(stat(in_folder("a.key"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(signing_key_write(key, in_folder("a.key"), &reason), -EEXIST);
    assert_int_equal(public_key_write(signing_key_public(key), in_folder("a.pub"), &reason), 0);
    assert_int_equal(signing_key_read(in_folder("a.key"), &again, &reason), 0);
    assert_memory_equal(signing_key_public(again), signing_key_public(key), sizeof public);
    signing_key_free(again);
    assert_int_equal(public_key_read(in_folder("a.pub"), &public, &reason), 0);
    assert_memory_equal(&public, signing_key_public(key), sizeof public);

    assert_int_equal(run_in_folder("openssl pkey -in a.key -pubout | cmp - a.pub"), 0);
    public_key_id(&public, id);
    char command[256];
    (void)snprintf(command, sizeof command,
                   "openssl pkey -pubin -in a.pub -outform DER | sha256sum | grep -q %s", id);
    assert_int_equal(run_in_folder(command), 0);
    assert_int_equal(run_in_folder("openssl genpkey -algorithm ed25519 -out o.key && "
                                   "openssl pkey -in o.key -pubout -out o.pub"),
                     0);
    assert_int_equal(signing_key_read(in_folder("o.key"), &again, &reason), 0);
    assert_int_equal(public_key_read(in_folder("o.pub"), &public, &reason), 0);
    assert_memory_equal(signing_key_public(again), &public, sizeof public);
    signing_key_free(again);

    assert_int_equal(public_key_read(in_folder("a.key"), &public, &reason), -EINVAL);
    assert_int_equal(signing_key_read(in_folder("a.pub"), &again, &reason), -EINVAL);
    assert_int_equal(signing_key_read(in_folder("none"), &again, &reason), -ENOENT);
    assert_int_equal(run_in_folder("openssl genpkey -algorithm x25519 -out x.key && "
                                   "openssl pkey -in x.key -pubout -out x.pub"),
                     0);
    assert_int_equal(public_key_read(in_folder("x.pub"), &public, &reason), -EINVAL);
    assert_int_equal(signing_key_read(in_folder("x.key"), &again, &reason), -EINVAL);
    signing_key_free(key);
    assert_int_equal(run_in_folder("rm -f *.key *.pub"), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_trust_folder(void **state) {
    (void)state;
    char path[] = "/tmp/quietus-trust-XXXXXX";
    struct reason reason = {""};
    struct trust trust;
    struct signing_key *key = signing_key_generate();
    assert_non_null(mkdtemp(path));
    assert_int_equal(trust_read("/nonexistent", &trust, &reason), 0);
    assert_int_equal(trust.count, 0);
    char file[160];
    (void)snprintf(file, sizeof file, "%s/security", path);
    assert_int_equal(mkdir(file, 0700), 0);
    (void)snprintf(file, sizeof file, "%s/alice.pub", path);
    assert_int_equal(public_key_write(signing_key_public(key), file, &reason), 0);
    (void)snprintf(file, sizeof file, "%s/security/bob.pub", path);
    assert_int_equal(public_key_write(signing_key_public(key), file, &reason), 0);
    assert_int_equal(trust_read(path, &trust, &reason), 0);
    assert_int_equal(trust.count, 2);
    assert_string_equal(trust.keys[0].name, "alice");
    assert_string_equal(trust.keys[1].name, "bob");
    assert_string_equal(trust.keys[1].role, "security");
    trust_free(&trust);
    /* A file that is no key is an error, not a key less. */
    (void)snprintf(file, sizeof file, "%s/eve.pub", path);
    assert_int_equal(file_write(file, "x", 1, 0600), 0);
    assert_int_equal(trust_read(path, &trust, &reason), -EINVAL);
    char command[200];
    (void)snprintf(command, sizeof command, "rm -r %s", path);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
    signing_key_free(key);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(test_sign_and_verify, start),
    cmocka_unit_test_setup(test_every_change_is_noticed, start),
    cmocka_unit_test_setup(test_encoding_is_dsse, start),
    cmocka_unit_test_setup(test_a_second_signature_changes_no_reference, start),
    cmocka_unit_test_setup(test_what_is_no_envelope, start),
    cmocka_unit_test_setup(test_keys_of_small_order_are_refused, start),
    cmocka_unit_test_setup(test_key_files, start),
    cmocka_unit_test_setup(test_trust_folder, start),
};
TEST_MAIN(tests)
