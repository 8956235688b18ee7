/* Secrets of locked disks: their text, the sealed file, and that nothing shows them. */
#include "quietus/file.h"
#include "quietus/keys.h"
#include "quietus/secrets.h"

#include "test.h"

#include <errno.h>
#include <unistd.h>

static const char passphrase[] = "correct horse battery";
static const char lines[] = "# of rack 7\n"
                            "\n"
                            "ata-user WD-1 = pass = word\r\n"
                            "ata-master WD 2 = hex:00ff10\n"
                            "psid S-3 = ABCDEFGH-IJKLMNOP-QRSTUVWX-YZ012345\n"
                            "ata-user WD-1 = newer";

static void assert_lines(const struct secrets *secrets) {
    struct disk_secrets disk;
    secrets_of_disk(secrets, "WD-1", &disk);
    assert_true(disk.of[SECRET_ATA_USER].given && !disk.of[SECRET_ATA_MASTER].given);
    assert_string_equal(disk.of[SECRET_ATA_USER].bytes, "newer");
    secrets_of_disk(secrets, "WD 2", &disk);
    assert_true(disk.of[SECRET_ATA_MASTER].given);
    assert_memory_equal(disk.of[SECRET_ATA_MASTER].bytes, "\x00\xff\x10\x00", 4);
    secrets_of_disk(secrets, "S-3", &disk);
    assert_true(disk.of[SECRET_PSID].given);
    assert_memory_equal(disk.of[SECRET_PSID].bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", 32);
    disk_secrets_wipe(&disk);
    assert_true(bytes_all((const uint8_t *)&disk, sizeof disk, 0));
    secrets_of_disk(secrets, "S-4", &disk);
    assert_true(bytes_all((const uint8_t *)&disk, sizeof disk, 0));
    secrets_of_disk(secrets, "", &disk);
    assert_true(bytes_all((const uint8_t *)&disk, sizeof disk, 0));
}

static void test_lines(void **state) {
    (void)state;
    struct reason reason;
    keys_start();
    struct secrets *secrets = secrets_new();
    assert_int_equal(secrets_parse(secrets, lines, &reason), 0);
    assert_lines(secrets);
    secrets_free(secrets);
}

static void test_many(void **state) {
    (void)state;
    struct reason reason;
    struct disk_secrets disk;
    char serial[16];
    keys_start();
    struct secrets *secrets = secrets_new();
    for (int i = 0; i < 100; i++) {
        (void)snprintf(serial, sizeof serial, "N-%d", i);
        assert_int_equal(secrets_add(secrets, SECRET_ATA_USER, serial, serial, &reason), 0);
    }
    for (int i = 0; i < 100; i++) {
        (void)snprintf(serial, sizeof serial, "N-%d", i);
        secrets_of_disk(secrets, serial, &disk);
        assert_string_equal(disk.of[SECRET_ATA_USER].bytes, serial);
    }
    /* One is forgotten, and no other. */
    secrets_forget(secrets, SECRET_ATA_USER, "N-7");
    secrets_forget(secrets, SECRET_PSID, "N-8");
    secrets_of_disk(secrets, "N-7", &disk);
    assert_false(disk.of[SECRET_ATA_USER].given);
    for (int i = 8; i < 100; i++) {
        (void)snprintf(serial, sizeof serial, "N-%d", i);
        secrets_of_disk(secrets, serial, &disk);
        assert_string_equal(disk.of[SECRET_ATA_USER].bytes, serial);
    }
    secrets_free(secrets);
}

/* The reason has the number of the line and nothing of what is in it. */
static void test_bad_lines(void **state) {
    (void)state;
    static const char *const bad[] = {
        "ata-user WD-1 pa55word",
        "ata-user = pa55word",
        "ata-user  = pa55word",
        "pa55word WD-1 = x",
        "ata-user WD-1 = ",
        "ata-user WD-1 = pa55word pa55word pa55word pa55word",
        "ata-user WD-1 = hex:pa55word",
        "ata-user WD-1 = hex:",
        "ata-user WD-1 = hex:0",
        "ata-master WD-1 = hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        "psid WD-1 = pa55word",
        "psid WD-1 = ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456",
        "psid WD-1 = ABCDEFGHIJKLMNOPQRSTUVWXYZ01234\t",
    };
    keys_start();
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char text[256];
        struct reason reason = {""};
        struct secrets *secrets = secrets_new();
        (void)snprintf(text, sizeof text, "# first\n%s\n", bad[i]);
        if (secrets_parse(secrets, text, &reason) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(reason.text, "line 2: "));
        assert_null(strstr(reason.text, "pa55word"));
        secrets_free(secrets);
    }
}

static void test_sealed(void **state) {
    (void)state;
    struct reason reason;
    char *sealed = NULL;
    char *again = NULL;
    keys_start();
    assert_int_equal(secrets_seal(lines, passphrase, &sealed, &reason), 0);
    assert_int_equal(secrets_seal(lines, passphrase, &again, &reason), 0);
    assert_string_not_equal(sealed, again);
    assert_null(strstr(sealed, "WD-1"));
    assert_null(strstr(sealed, "newer"));
    struct secrets *secrets = secrets_new();
    assert_int_equal(secrets_open(secrets, sealed, strlen(sealed), passphrase, &reason), 0);
    assert_lines(secrets);
    secrets_free(secrets);

    struct disk_secrets disk;
    secrets = secrets_new();
    assert_int_equal(
        secrets_open(secrets, sealed, strlen(sealed), "correct horse batterz", &reason), -EACCES);
    char *box = strstr(sealed, "\"box\":\"") + 7;
    box[30] = box[30] == 'A' ? 'B' : 'A';
    assert_int_equal(secrets_open(secrets, sealed, strlen(sealed), passphrase, &reason), -EACCES);
    secrets_of_disk(secrets, "WD-1", &disk);
    assert_false(disk.of[SECRET_ATA_USER].given);
    secrets_free(secrets);
    free(sealed);
    free(again);
}

/* A key that signs, under a passphrase: the same key comes back, and nothing of it is in the file.
 */
static void test_sealed_key(void **state) {
    (void)state;
    static const char message[] = "message";
    char path[] = "/tmp/quietus-sealed-key-XXXXXX";
    uint8_t signature[KEY_SIGNATURE_SIZE];
    struct signing_key *again = NULL;
    struct reason reason;
    keys_start();
    assert_true(mkdtemp(path) != NULL && rmdir(path) == 0);
    struct signing_key *key = signing_key_generate();
    assert_int_equal(signing_key_write_sealed(key, path, "too short", &reason), -EINVAL);
    assert_int_equal(signing_key_write_sealed(key, path, passphrase, &reason), 0);
    assert_int_equal(signing_key_write_sealed(key, path, passphrase, &reason), -EEXIST);
    assert_true(signing_key_is_sealed(path));
    assert_int_equal(signing_key_read(path, &again, &reason), -EACCES);
    assert_int_equal(signing_key_open(path, "correct horse batterz", &again, &reason), -EACCES);
    assert_int_equal(signing_key_open(path, passphrase, &again, &reason), 0);
    signing_key_sign(again, message, sizeof message, signature);
    assert_true(public_key_verify(signing_key_public(key), message, sizeof message, signature));
    /* A key is no file of secrets. */
    char *text;
    size_t length;
    struct secrets *secrets = secrets_new();
    assert_int_equal(file_read(path, 4096, &text, &length), 0);
    assert_int_equal(secrets_open(secrets, text, length, passphrase, &reason), -EINVAL);
    secrets_free(secrets);
    free(text);
    (void)unlink(path);
    assert_int_equal(signing_key_write(key, path, &reason), 0);
    assert_false(signing_key_is_sealed(path));
    (void)unlink(path);
    signing_key_free(again);
    signing_key_free(key);
}

static void test_what_is_not_sealed(void **state) {
    (void)state;
    static const char *const files[] = {
        "",
        "{}",
        "[]",
        lines,
        "{\"schema\":\"quietus.secrets/1\"}",
        /* a hash that would take all memory */
        "{\"schema\":\"quietus.secrets/1\",\"kdf\":\"argon2id13\",\"passes\":3,"
        "\"memory\":1099511627776,\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\","
        "\"cipher\":\"xsalsa20poly1305\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"box\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        /* a box shorter than its tag */
        "{\"schema\":\"quietus.secrets/1\",\"kdf\":\"argon2id13\",\"passes\":1,"
        "\"memory\":8192,\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\","
        "\"cipher\":\"xsalsa20poly1305\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"box\":\"AAAA\"}",
    };
    keys_start();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct reason reason = {""};
        struct secrets *secrets = secrets_new();
        assert_int_equal(secrets_open(secrets, files[i], strlen(files[i]), passphrase, &reason),
                         -EINVAL);
        assert_non_null(strstr(reason.text, "quietus seal"));
        secrets_free(secrets);
    }
    char *sealed = NULL;
    struct reason reason;
    assert_int_equal(secrets_seal(lines, "too short", &sealed, &reason), -EINVAL);
    assert_int_equal(secrets_seal("no secrets", passphrase, &sealed, &reason), -EINVAL);
    assert_null(sealed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_lines),      cmocka_unit_test(test_many),
    cmocka_unit_test(test_bad_lines),  cmocka_unit_test(test_sealed),
    cmocka_unit_test(test_sealed_key), cmocka_unit_test(test_what_is_not_sealed),
};
TEST_MAIN(tests)
