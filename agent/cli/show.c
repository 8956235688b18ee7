#include "quietus/check.h"
#include "quietus/json.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>

static void show(const struct check_result *result, bool json) {
    if (json) {
        cli_print_json(json_incref(result->document));
        return;
    }
    show_document(result->document, stdout);
    show_signers(result->document, result->key_ids, stdout);
    (void)puts("\nThis is what the document says; 'quietus check' tells whether it is intact.");
}

int cli_show(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    const struct trust nobody = {0};
    bool json = false;
    for (int option; (option = getopt_long(argc, argv, "j", options, NULL)) != -1;) {
        if (option != 'j')
            return cli_bad_option("show");
        json = true;
    }
    if (optind == argc)
        return cli_error("show", "name the files to show");
    for (int i = optind; i < argc; i++) {
        struct check_result result;
        const int error = cli_check_file(argv[i], &nobody, &result);
        if (error)
            return cli_error("show", "%s: %s", argv[i], strerror(-error));
        const bool known = result.document != NULL;
        if (known)
            show(&result, json);
        check_result_free(&result);
        if (!known)
            return cli_error("show", "%s is no document of Quietus", argv[i]);
    }
    return EXIT_GOOD;
}
