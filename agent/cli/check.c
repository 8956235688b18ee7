/* check and show. */
#include "quietus/check.h"

#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/json.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char *verdict_text(enum check_status status) {
    switch (status) {
    case CHECK_TRUSTED:
        return "INTACT AND TRUSTED";
    case CHECK_UNPROVEN:
        return "INTACT, ORIGIN UNPROVEN";
    default:
        return "NOT INTACT";
    }
}

/* One sentence on what the document says. */
static void print_meaning(const json_t *document) {
    char text[1024];
    char clean[1024];
    const char *schema = json_text(document, "schema");
    text[0] = '\0';
    if (strcmp(schema, "quietus.certificate/1") == 0) {
        const json_t *disk = json_object_get(document, "disk");
        const json_t *claim = json_object_get(json_object_get(document, "method"), "claim");
        (void)snprintf(text, sizeof text, "disk %s (%s): %s%s%s; %s", json_text(disk, "serial"),
                       json_text(disk, "model"), json_text(document, "disposition"),
                       json_is_object(claim) ? ", " : "", json_text(claim, "category"),
                       json_text(document, "reason"));
    } else if (strcmp(schema, "quietus.record/1") == 0) {
        const json_t *summary = json_object_get(document, "summary");
        (void)snprintf(text, sizeof text,
                       "server %s: %llu disks found, %llu erased, %llu failed, %llu unknown, %llu "
                       "refused, %llu absent, %llu excluded",
                       json_text(json_object_get(document, "server"), "serial"),
                       (unsigned long long)json_count(summary, "found"),
                       (unsigned long long)json_count(summary, "erased"),
                       (unsigned long long)json_count(summary, "failed"),
                       (unsigned long long)json_count(summary, "unknown"),
                       (unsigned long long)json_count(summary, "refused"),
                       (unsigned long long)json_count(summary, "absent"),
                       (unsigned long long)json_count(summary, "excluded"));
    } else if (strcmp(schema, "quietus.order/1") == 0) {
        (void)snprintf(text, sizeof text, "order %s, valid %s to %s", json_text(document, "id"),
                       json_text(document, "not_before"), json_text(document, "expires"));
    }
    if (text[0] != '\0')
        (void)printf("    says: %s\n", text_printable(clean, sizeof clean, text));
}

static void print_result(const char *path, const struct check_result *result) {
    size_t i;
    json_t *problem;
    (void)printf("%s: %s\n    %s\n", path, verdict_text(result->status), result->signature.text);
    json_array_foreach(result->problems, i, problem)(void)
        printf("    problem: %s\n", json_string_value(problem));
    if (result->status != CHECK_NOT_INTACT)
        print_meaning(result->document);
    if (result->digest[0] != '\0')
        (void)printf("    payload %s\n", result->digest);
}

/* A record names its certificates by digest: those that were given with it must be the ones. */
static bool files_agree(const char *path, const struct check_result *record, char **paths,
                        const struct check_result *results, int count) {
    bool agree = true;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(record->document, "disks"), i, entry) {
        const json_t *reference = json_object_get(entry, "certificate");
        for (int k = 0; k < count && reference; k++) {
            const char *slash = strrchr(paths[k], '/');
            const char *name = slash ? slash + 1 : paths[k];
            if (strcmp(name, json_text(reference, "file")) != 0 ||
                strcmp(results[k].digest, json_text(reference, "digest")) == 0)
                continue;
            (void)printf("%s: NOT INTACT\n    problem: %s is not the certificate that it names\n",
                         path, name);
            agree = false;
        }
    }
    return agree;
}

static int read_and_check(const char *path, const struct trust *trust,
                          struct check_result *result) {
    AUTO_FREE char *text = NULL;
    size_t length;
    const int error = file_read(path, ENVELOPE_LIMIT, &text, &length);
    if (error)
        return error;
    check_envelope(text, length, trust, result);
    return 0;
}

static int check_files(char **paths, int count, const struct trust *trust, bool quiet) {
    struct check_result *results = calloc((size_t)count, sizeof *results);
    int worst = results ? EXIT_GOOD : EXIT_USAGE;
    int checked = 0;
    for (; results && checked < count; checked++) {
        const int error = read_and_check(paths[checked], trust, &results[checked]);
        if (error) {
            worst = cli_error("check", "%s: %s", paths[checked], strerror(-error));
            break;
        }
        if (!quiet)
            print_result(paths[checked], &results[checked]);
        if ((int)results[checked].status > worst)
            worst = (int)results[checked].status;
    }
    for (int i = 0; i < checked && checked == count; i++) {
        if (strcmp(results[i].type, envelope_type_record) == 0 &&
            !files_agree(paths[i], &results[i], paths, results, count))
            worst = CHECK_NOT_INTACT;
    }
    for (int i = 0; i < checked; i++)
        check_result_free(&results[i]);
    free(results);
    return worst;
}

int cli_check(int argc, char **argv) {
    static const struct option options[] = {
        {"trust", required_argument, NULL, 't'},
        {"quiet", no_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    struct trust trust = {0};
    struct reason reason;
    bool quiet = false;
    for (int option; (option = getopt_long(argc, argv, "t:q", options, NULL)) != -1;) {
        struct public_key key;
        if (option == 'q')
            quiet = true;
        else if (option != 't')
            return cli_bad_option("check");
        else if (public_key_read(optarg, &key, &reason))
            return cli_error("check", "%s", reason.text);
        else
            trust_add(&trust, &key, optarg, "");
    }
    const int status = optind < argc ? check_files(argv + optind, argc - optind, &trust, quiet)
                                     : cli_error("check", "name the files to check");
    trust_free(&trust);
    return status;
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
        const int error = read_and_check(argv[i], &nobody, &result);
        if (error)
            return cli_error("show", "%s: %s", argv[i], strerror(-error));
        if (!result.document) {
            check_result_free(&result);
            return cli_error("show", "%s is no document of Quietus", argv[i]);
        }
        if (json) {
            cli_print_json(json_incref(result.document));
        } else {
            show_document(result.document, stdout);
            (void)puts(
                "\nThis is what the document says; 'quietus check' tells whether it is intact.");
        }
        check_result_free(&result);
    }
    return EXIT_GOOD;
}
