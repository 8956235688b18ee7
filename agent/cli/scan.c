#include "cli.h"

#include <stdio.h>

int cli_scan(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"sysroot", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    struct scan_options how = {.root = "", .answer_seconds = SCAN_ANSWER_SECONDS};
    bool json = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'j')
            json = true;
        else if (option == 's')
            how.root = optarg[0] ? optarg : ".";
        else
            return cli_bad_option("scan");
    }
    if (optind < argc)
        return cli_error("scan", "takes no argument '%s'", argv[optind]);
    if (how.root[0] != '\0' && cli_sysroot("scan", how.root))
        return EXIT_USAGE;
    struct scan scan;
    scan_run(&how, &scan);
    if (json)
        cli_print_json(scan_json(&scan));
    else
        scan_print(&scan, stdout);
    scan_free(&scan);
    return EXIT_GOOD;
}
