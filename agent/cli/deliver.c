#include "quietus/deliver.h"

#include "quietus/http.h"

#include "cli.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Under its own name, with the server's before it. */
static void name_log(const char *file, const struct server *server, char *out, size_t size) {
    char serial[TEXT_FILE_NAME_SIZE];
    const char *slash = strrchr(file, '/');
    const bool named = !server_value_is_placeholder(server->serial);
    text_file_name(serial, named ? server->serial : "server");
    (void)snprintf(out, size, "%s-%.160s", serial, slash ? slash + 1 : file);
    for (char *p = out; *p; p++)
        *p = isalnum((unsigned char)*p) || strchr("-.", *p) ? *p : '_';
}

/* A log of init's, or, with a name, what others look for by that. */
static int deliver_one(const char *file, const char *as, const struct server *server,
                       const char *target) {
    char name[512];
    struct reason reason = {""};
    atomic_int_fast64_t deadline_ms = INT64_MAX;
    if (!as)
        name_log(file, server, name, sizeof name);
    else if (http_expand_url(as, server, name, sizeof name, &reason))
        return cli_error("deliver", "%s", reason.text);
    if (deliver_file(file, target, name, &deadline_ms, &reason) == 0)
        return EXIT_GOOD;
    (void)fprintf(stderr, "quietus deliver: %s\n", reason.text);
    return EXIT_UNDELIVERED;
}

static int deliver_spool(const char *spool, const char *target) {
    struct reason reason = {""};
    atomic_int_fast64_t deadline_ms = INT64_MAX;
    const size_t left = deliver_once(spool, target, &deadline_ms, &reason);
    if (left == 0)
        return EXIT_GOOD;
    (void)fprintf(stderr, "quietus deliver: %zu documents are left: %s\n", left, reason.text);
    return EXIT_UNDELIVERED;
}

/* Every document of the spool onto a stick, acknowledged or not. */
static int deliver_to_stick(const char *spool, const char *stick) {
    struct reason reason = {""};
    const size_t left = spool_copy_to_stick(spool, stick, &reason);
    if (left == 0)
        return EXIT_GOOD;
    (void)fprintf(stderr, "quietus deliver: %zu documents are not on the stick: %s\n", left,
                  reason.text);
    return EXIT_UNDELIVERED;
}

int cli_deliver(int argc, char **argv) {
    static const struct option options[] = {
        {"spool", required_argument, NULL, 's'}, {"file", required_argument, NULL, 'f'},
        {"to", required_argument, NULL, 't'},    {"stick", required_argument, NULL, 'u'},
        {"as", required_argument, NULL, 'a'},    {NULL, 0, NULL, 0},
    };
    const char *spool = NULL;
    const char *file = NULL;
    const char *url = NULL;
    const char *stick = NULL;
    const char *as = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            spool = optarg;
        else if (option == 'f')
            file = optarg;
        else if (option == 't')
            url = optarg;
        else if (option == 'u')
            stick = optarg;
        else if (option == 'a')
            as = optarg;
        else
            return cli_bad_option("deliver");
    }
    if (!spool == !file || !url == !stick || (file && stick) || (as && !file) || optind < argc)
        return cli_error("deliver", "takes --spool DIR or --file FILE, and --to URL; or --spool "
                                    "DIR and --stick DIR");
    if (spool && !cli_is_folder(spool))
        return cli_error("deliver", "there is no folder %s", spool);
    if (stick)
        return deliver_to_stick(spool, stick);
    struct reason reason = {""};
    struct server server;
    char target[2048];
    server_read("", &server);
    if (http_expand(url, &server, target, sizeof target, &reason))
        return cli_error("deliver", "%s", reason.text);
    cli_time_for(target);
    return file ? deliver_one(file, as, &server, target) : deliver_spool(spool, target);
}
