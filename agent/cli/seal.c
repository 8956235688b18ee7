/* seal: secrets of disks into a file that may travel; and how commands get them back. */
#include "quietus/cleanup.h"
#include "quietus/file.h"

#include "cli.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 3 };

/* A file with a passphrase in its first line. */
static int read_passphrase(const char *path, char out[PASSPHRASE_SIZE], struct reason *reason) {
    char *text = NULL;
    size_t length = 0;
    int error = file_read(path, PASSPHRASE_SIZE, &text, &length);
    if (error) {
        reason_set(reason, "%.200s: %s", path, strerror(-error));
        return error;
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (strlen(text) >= PASSPHRASE_SIZE || text[0] == '\0') {
        reason_set(reason, "%.200s has no passphrase in its first line", path);
        error = -EINVAL;
    } else {
        text_copy(out, PASSPHRASE_SIZE, text);
    }
    sodium_memzero(text, length);
    free(text);
    return error;
}

static int type_new_passphrase(char out[PASSPHRASE_SIZE], struct reason *reason) {
    char again[PASSPHRASE_SIZE];
    int error = secret_typed(STDIN_FILENO, "New passphrase: ", 0, out, PASSPHRASE_SIZE);
    if (error == 0)
        error = secret_typed(STDIN_FILENO, "Once more: ", 0, again, sizeof again);
    if (error)
        reason_set(reason, "no terminal to type a passphrase at; use --passphrase-file");
    else if (strcmp(out, again) != 0) {
        reason_set(reason, "the two are not the same");
        error = -EINVAL;
    }
    sodium_memzero(again, sizeof again);
    return error;
}

int cli_new_passphrase(const struct passphrase_source *source, char out[PASSPHRASE_SIZE],
                       struct reason *reason) {
    return source->file ? read_passphrase(source->file, out, reason)
                        : type_new_passphrase(out, reason);
}

int cli_read_key(const char *path, struct signing_key **key, struct reason *reason) {
    char passphrase[PASSPHRASE_SIZE] = "";
    int error = -EACCES;
    if (!signing_key_is_sealed(path))
        return signing_key_read(path, key, reason);
    for (int i = 0; error == -EACCES && i < TRIES; i++) {
        if (i > 0)
            (void)fprintf(stderr, "quietus: %s\n", reason->text);
        error =
            secret_typed(STDIN_FILENO, "Passphrase of the key: ", 0, passphrase, sizeof passphrase);
        if (error)
            reason_set(reason, "no terminal to type the passphrase of %.200s at", path);
        else
            error = signing_key_open(path, passphrase, key, reason);
    }
    sodium_memzero(passphrase, sizeof passphrase);
    return error;
}

static int seal_file(const char *input, const char *output, const char *passphrase,
                     struct reason *reason) {
    char *text = NULL;
    AUTO_FREE char *sealed = NULL;
    size_t length = 0;
    int error = file_read(input, SECRETS_FILE_LIMIT / 2, &text, &length);
    if (error) {
        reason_set(reason, "%.200s: %s", input, strerror(-error));
        return error;
    }
    if (strlen(text) != length) {
        reason_set(reason, "%.200s is no text", input);
        error = -EINVAL;
    } else {
        error = secrets_seal(text, passphrase, &sealed, reason);
    }
    sodium_memzero(text, length);
    free(text);
    if (error == 0) {
        error = file_write(output, sealed, strlen(sealed), 0644);
        if (error)
            reason_set(reason, "%.200s: %s", output, strerror(-error));
    }
    return error;
}

int cli_seal(int argc, char **argv) {
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"passphrase-file", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    const char *output = NULL;
    const char *passphrase_file = NULL;
    char passphrase[PASSPHRASE_SIZE] = "";
    struct reason reason;
    for (int option; (option = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
        if (option == 'o')
            output = optarg;
        else if (option == 'p')
            passphrase_file = optarg;
        else
            return cli_bad_option("seal");
    }
    if (optind + 1 != argc || !output)
        return cli_error("seal", "takes --output FILE and the file with the secrets");
    const struct passphrase_source source = {.file = passphrase_file, .terminal = STDIN_FILENO};
    int error = cli_new_passphrase(&source, passphrase, &reason);
    if (error == 0)
        error = seal_file(argv[optind], output, passphrase, &reason);
    sodium_memzero(passphrase, sizeof passphrase);
    return error ? cli_error("seal", "%s", reason.text) : EXIT_GOOD;
}

int cli_open_secrets(struct secrets *secrets, const char *sealed, size_t length,
                     const struct passphrase_source *source, struct reason *reason) {
    char passphrase[PASSPHRASE_SIZE] = "";
    int error = -EACCES;
    for (int i = 0; error == -EACCES && i < (source->file ? 1 : TRIES); i++) {
        if (source->file) {
            error = read_passphrase(source->file, passphrase, reason);
        } else {
            if (i > 0)
                (void)fprintf(stderr, "quietus: %s\n", reason->text);
            error = secret_typed(source->terminal,
                                 "Passphrase of the sealed secrets: ", source->seconds, passphrase,
                                 sizeof passphrase);
            if (error)
                reason_set(reason, error == -ETIME ? "nobody typed the passphrase of the secrets"
                                                   : "no passphrase of the secrets was typed");
        }
        if (error == 0)
            error = secrets_open(secrets, sealed, length, passphrase, reason);
    }
    sodium_memzero(passphrase, sizeof passphrase);
    return error;
}

int cli_open_secrets_file(struct secrets *secrets, const char *path,
                          const struct passphrase_source *source, struct reason *reason) {
    AUTO_FREE char *sealed = NULL;
    size_t length = 0;
    struct reason problem;
    int error = file_read(path, SECRETS_FILE_LIMIT, &sealed, &length);
    if (error)
        reason_set(&problem, "%s", strerror(-error));
    else
        error = cli_open_secrets(secrets, sealed, length, source, &problem);
    if (error)
        reason_set(reason, "%.150s: %.150s", path, problem.text);
    return error;
}
