#include "quietus/expected.h"
#include "quietus/finding.h"
#include "quietus/json.h"

#include "cli.h"

#include <stdio.h>

/* Findings for the disks that are not there; how many. */
static size_t note_missing(const json_t *list, struct scan *scan) {
    static const json_t *const none[2] = {NULL, NULL};
    json_t *missing = json_new_array();
    size_t i;
    json_t *entry;
    expected_compare(list, scan, none, missing);
    json_array_foreach(missing, i, entry) {
        char reason[320];
        const char *serial = json_text(entry, "serial");
        finding_add(scan->findings,
                    &(struct finding){
                        .kind = "absent",
                        .controller = serial[0] ? serial : json_text(entry, "wwn"),
                        .slot = json_text(entry, "place"),
                        .reason = expected_reason(entry, scan, reason, sizeof reason),
                        .remedy = "find it, or correct the inventory: nothing here tells whether "
                                  "its data still exist"});
    }
    const size_t count = json_array_size(missing);
    json_decref(missing);
    return count;
}

int cli_scan(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"expected", required_argument, NULL, 'e'},
        {"sysroot", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    struct scan_options how = {.root = "", .answer_seconds = SCAN_ANSWER_SECONDS};
    const char *expected_file = NULL;
    bool json = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'j')
            json = true;
        else if (option == 'e')
            expected_file = optarg;
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
    struct reason reason;
    json_t *expected = NULL;
    if (expected_file && !(expected = cli_read_expected(expected_file, &reason)))
        return cli_error("scan", "%s", reason.text);
    scan_run(&how, &scan);
    const size_t missing = expected ? note_missing(expected, &scan) : 0;
    json_decref(expected);
    if (json)
        cli_print_json(scan_json(&scan));
    else
        scan_print(&scan, stdout);
    scan_free(&scan);
    return missing > 0 ? EXIT_UNKNOWN : EXIT_GOOD;
}
