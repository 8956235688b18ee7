/* keygen, order, sign: what is done at an operator's desk before an erase. */
#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/order_make.h"

#include "cli.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_keys(const char *name, const char *passphrase, struct reason *reason) {
    char path[PATH_MAX];
    char id[KEY_ID_SIZE];
    struct signing_key *key = signing_key_generate();
    path_format(path, name, ".key");
    int error = passphrase ? signing_key_write_sealed(key, path, passphrase, reason)
                           : signing_key_write(key, path, reason);
    path_format(path, name, ".pub");
    if (error == 0)
        error = public_key_write(signing_key_public(key), path, reason);
    public_key_id(signing_key_public(key), id);
    signing_key_free(key);
    if (error == 0)
        (void)printf("%s.key  keep it secret: it signs%s\n%s.pub  hand it out: it checks\n"
                     "key id %s\n",
                     name, passphrase ? ", with its passphrase" : "", name, id);
    return error;
}

int cli_keygen(int argc, char **argv) {
    static const struct option options[] = {
        {"passphrase", no_argument, NULL, 'p'},
        {"passphrase-file", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    struct reason reason;
    struct passphrase_source source = {.terminal = STDIN_FILENO};
    char passphrase[PASSPHRASE_SIZE] = "";
    bool protect = false;
    int error = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == '?')
            return cli_bad_option("keygen");
        protect = true;
        if (option == 'f')
            source.file = optarg;
    }
    if (optind + 1 != argc)
        return cli_error("keygen", "takes the name of the files, without .key and .pub");
    if (protect)
        error = cli_new_passphrase(&source, passphrase, &reason);
    if (error == 0)
        error = write_keys(argv[optind], protect ? passphrase : NULL, &reason);
    sodium_memzero(passphrase, sizeof passphrase);
    return error ? cli_error("keygen", "%s", reason.text) : EXIT_GOOD;
}

static int put_out(const char *command, const char *path, const char *text) {
    if (!path) {
        (void)fputs(text, stdout);
        return EXIT_GOOD;
    }
    const int error = file_write(path, text, strlen(text), 0644);
    return error ? cli_error(command, "%s: %s", path, strerror(-error)) : EXIT_GOOD;
}

/* A scan as `quietus scan --json` prints it, or the record of an inspection, which has one in it.
 */
static json_t *read_inventory(const char *path, struct reason *reason) {
    AUTO_FREE char *text = NULL;
    size_t length;
    struct envelope envelope;
    const int error = file_read(path, ENVELOPE_LIMIT, &text, &length);
    if (error) {
        reason_set(reason, "%.200s: %s", path, strerror(-error));
        return NULL;
    }
    json_t *plain = json_parse(text, length, reason);
    if (!plain || json_object_get(plain, "disks"))
        return plain;
    json_decref(plain);
    if (envelope_parse(text, length, &envelope, reason))
        return NULL;
    json_t *record = json_parse(envelope.payload, envelope.payload_length, reason);
    json_t *scan = json_incref(json_object_get(record, "scan"));
    if (!scan)
        reason_set(reason, "%.200s holds no scan; take the record of an inspection", path);
    json_decref(record);
    envelope_free(&envelope);
    return scan;
}

/* Puts the list into the description, from which it comes into the order. */
static int add_expected(json_t *description, const char *path, struct reason *reason) {
    json_t *list = cli_read_expected(path, reason);
    if (!list)
        return -EINVAL;
    if (json_object_get(description, "expected")) {
        reason_set(reason, "the description has a list of expected disks already");
        json_decref(list);
        return -EINVAL;
    }
    if (json_is_object(description))
        json_put(description, "expected", list);
    else
        json_decref(list);
    return 0;
}

int cli_order(int argc, char **argv) {
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'},
        {"inventory", required_argument, NULL, 'i'},
        {"expected", required_argument, NULL, 'e'},
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *key_file = NULL;
    const char *expected_file = NULL;
    const char *inventory_file = NULL;
    const char *output = NULL;
    struct reason reason;
    for (int option; (option = getopt_long(argc, argv, "k:i:o:", options, NULL)) != -1;) {
        if (option == 'k')
            key_file = optarg;
        else if (option == 'i')
            inventory_file = optarg;
        else if (option == 'e')
            expected_file = optarg;
        else if (option == 'o')
            output = optarg;
        else
            return cli_bad_option("order");
    }
    if (!key_file || optind + 1 != argc)
        return cli_error("order", "takes --key FILE and one description");
    json_t *inventory = NULL;
    json_t *description = cli_read_json(argv[optind], &reason);
    if (description && inventory_file)
        inventory = read_inventory(inventory_file, &reason);
    json_t *order = NULL;
    const bool complete =
        description && (inventory || !inventory_file) &&
        (!expected_file || add_expected(description, expected_file, &reason) == 0);
    if (complete)
        order = order_make(description, inventory, &reason);
    json_decref(description);
    json_decref(inventory);
    struct signing_key *key = NULL;
    int status = EXIT_GOOD;
    if (!order || cli_read_key(key_file, &key, &reason)) {
        status = cli_error("order", "%s", reason.text);
    } else {
        AUTO_FREE char *payload = json_dumps(order, JSON_COMPACT);
        AUTO_FREE char *envelope =
            envelope_make(envelope_type_order, payload, strlen(payload), key);
        status = put_out("order", output, envelope);
    }
    json_decref(order);
    signing_key_free(key);
    return status;
}

int cli_sign(int argc, char **argv) {
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'},
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *key_file = NULL;
    const char *output = NULL;
    struct reason reason;
    for (int option; (option = getopt_long(argc, argv, "k:o:", options, NULL)) != -1;) {
        if (option == 'k')
            key_file = optarg;
        else if (option == 'o')
            output = optarg;
        else
            return cli_bad_option("sign");
    }
    if (!key_file || optind + 1 != argc)
        return cli_error("sign", "takes --key FILE and one envelope");
    AUTO_FREE char *text = NULL;
    size_t length;
    const int error = file_read(argv[optind], ENVELOPE_LIMIT, &text, &length);
    if (error)
        return cli_error("sign", "%s: %s", argv[optind], strerror(-error));
    struct envelope envelope;
    struct signing_key *key = NULL;
    if (envelope_parse(text, length, &envelope, &reason))
        return cli_error("sign", "%s: %s", argv[optind], reason.text);
    int status;
    if (cli_read_key(key_file, &key, &reason)) {
        status = cli_error("sign", "%s", reason.text);
    } else if (envelope_signed_by(&envelope, signing_key_public(key))) {
        status = cli_error("sign", "%s is signed by this key already; twice is no second approval",
                           argv[optind]);
    } else {
        AUTO_FREE char *with = envelope_sign(&envelope, key);
        status = with ? put_out("sign", output, with)
                      : cli_error("sign", "it has as many signatures as an envelope may have");
    }
    signing_key_free(key);
    envelope_free(&envelope);
    return status;
}
