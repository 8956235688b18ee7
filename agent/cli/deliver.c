#include "quietus/deliver.h"

#include "quietus/http.h"

#include "cli.h"

#include <stdio.h>

int cli_deliver(int argc, char **argv) {
    static const struct option options[] = {
        {"spool", required_argument, NULL, 's'},
        {"to", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    const char *spool = NULL;
    const char *url = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            spool = optarg;
        else if (option == 't')
            url = optarg;
        else
            return cli_bad_option("deliver");
    }
    if (!spool || !url || optind < argc)
        return cli_error("deliver", "takes --spool DIR and --to URL");
    if (!cli_is_folder(spool))
        return cli_error("deliver", "there is no folder %s", spool);
    struct reason reason = {""};
    struct server server;
    char target[2048];
    server_read("", &server);
    if (http_expand(url, &server, target, sizeof target, &reason))
        return cli_error("deliver", "%s", reason.text);
    cli_time_for(target);
    atomic_int_fast64_t deadline_ms = INT64_MAX;
    const size_t left = deliver_once(spool, target, &deadline_ms, &reason);
    if (left == 0)
        return EXIT_GOOD;
    (void)fprintf(stderr, "quietus deliver: %zu documents are left: %s\n", left, reason.text);
    return EXIT_UNDELIVERED;
}
