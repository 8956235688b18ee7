/* A file from a server, for init: whole, and with the digest that it has to have. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/http.h"

#include "cli.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LIMIT = 16 << 20 };

struct fetch_options {
    const char *output;
    bool has_digest;
    uint8_t digest[crypto_hash_sha256_BYTES];
    unsigned long seconds;
    const char *url;
};

static int parse(int argc, char **argv, struct fetch_options *out) {
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"sha256", required_argument, NULL, 'd'},
        {"seconds", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    *out = (struct fetch_options){0};
    for (int option; (option = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
        if (option == 'o') {
            out->output = optarg;
        } else if (option == 'd') {
            if (hex_decode(out->digest, sizeof out->digest, optarg))
                return cli_error("fetch", "--sha256 takes 64 hexadecimal digits");
            out->has_digest = true;
        } else if (option == 's') {
            out->seconds = strtoul(optarg, NULL, 10);
        } else {
            return cli_bad_option("fetch");
        }
    }
    if (!out->output || optind + 1 != argc)
        return cli_error("fetch", "takes --output FILE and one URL");
    out->url = argv[optind];
    return EXIT_GOOD;
}

static int fetch_once(const struct fetch_options *options, const char *url, char **data,
                      size_t *length, struct reason *reason) {
    uint8_t found[crypto_hash_sha256_BYTES];
    atomic_int_fast64_t deadline_ms = INT64_MAX;
    const int error = http_get(url, FILE_LIMIT, &deadline_ms, data, length, reason);
    if (error || !options->has_digest)
        return error;
    (void)crypto_hash_sha256(found, (const uint8_t *)*data, *length);
    if (sodium_memcmp(found, options->digest, sizeof found) == 0)
        return 0;
    free(*data);
    *data = NULL;
    reason_set(reason, "%.200s: what is there has another digest", url);
    return -EBADMSG;
}

int cli_fetch(int argc, char **argv) {
    enum { PAUSE_MS = 2000 };
    AUTO_FREE char *data = NULL;
    size_t length = 0;
    char url[2048];
    struct fetch_options options;
    struct reason reason = {""};
    struct server server;
    const int status = parse(argc, argv, &options);
    if (status != EXIT_GOOD)
        return status;
    server_read("", &server);
    if (http_expand(options.url, &server, url, sizeof url, &reason))
        return cli_error("fetch", "%s", reason.text);
    cli_time_for(url);
    const int64_t give_up_ms = clock_monotonic_ms() + (int64_t)options.seconds * 1000;
    int error = fetch_once(&options, url, &data, &length, &reason);
    while (error == -EIO && clock_monotonic_ms() + PAUSE_MS <= give_up_ms) {
        clock_sleep_ms(PAUSE_MS);
        error = fetch_once(&options, url, &data, &length, &reason);
    }
    if (error)
        return cli_error("fetch", "%s", reason.text);
    error = file_write(options.output, data, length, 0644);
    return error ? cli_error("fetch", "%s: %s", options.output, strerror(-error)) : EXIT_GOOD;
}
