#include "quietus/check.h"

#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/outcome.h"

#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Counts of the closing line, in this order. */
enum verdict { TRUSTED, UNPROVEN, NOT_INTACT, UNCHECKABLE, NOT_READ, VERDICT_COUNT };

static const char *const verdict_titles[] = {
    [TRUSTED] = "INTACT AND TRUSTED",
    [UNPROVEN] = "INTACT, ORIGIN UNPROVEN",
    [NOT_INTACT] = "NOT INTACT",
    [UNCHECKABLE] = "CANNOT BE CHECKED",
};

static const char *const verdict_counts[] = {
    [TRUSTED] = "intact and trusted", [UNPROVEN] = "intact, origin unproven",
    [NOT_INTACT] = "not intact",      [UNCHECKABLE] = "cannot be checked",
    [NOT_READ] = "could not be read",
};

struct checked_file {
    const char *path;
    bool read;
    struct check_result result;
};

static enum verdict verdict_of(const struct checked_file *file) {
    if (!file->read)
        return NOT_READ;
    if (file->result.status == CHECK_TRUSTED)
        return TRUSTED;
    if (file->result.status == CHECK_UNPROVEN)
        return UNPROVEN;
    return file->result.cannot_be_checked ? UNCHECKABLE : NOT_INTACT;
}

static void line(const char *name, const char *text) {
    char clean[1024];
    if (text[0] != '\0')
        (void)printf("    %-9s%s\n", name, text_printable(clean, sizeof clean, text));
}

static void lines(const char *name, const json_t *list, const char *before) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s", before, json_string_value(entry));
        line(name, text);
    }
}

static void print_certificate(const json_t *certificate) {
    char text[1024];
    const json_t *disk = json_object_get(certificate, "disk");
    const json_t *claim = json_object_get(json_object_get(certificate, "method"), "claim");
    (void)snprintf(text, sizeof text, "disk %s (%s): %s%s%s", json_text(disk, "serial"),
                   json_text(disk, "model"), json_text(certificate, "disposition"),
                   json_is_object(claim) ? ", " : "", json_text(claim, "category"));
    line("says", text);
    line("because", json_text(certificate, "reason"));
}

static void print_record(const json_t *record) {
    char text[1024];
    const json_t *summary = json_object_get(record, "summary");
    int used = snprintf(text, sizeof text, "server %s: %" PRIu64 " disks found",
                        json_text(json_object_get(record, "server"), "serial"),
                        json_count(summary, "found"));
    for (int i = 0; i < DISPOSITION_COUNT && used > 0 && (size_t)used < sizeof text; i++) {
        const char *name = disposition_name((enum disposition)i);
        const uint64_t count = json_count(summary, name);
        if (count > 0)
            used +=
                snprintf(text + used, sizeof text - (size_t)used, ", %" PRIu64 " %s", count, name);
    }
    line("says", text);
    line("order", json_text(json_object_get(record, "order"), "problem"));
}

static void print_begun(const json_t *begun) {
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "server %s: the erase of %zu disks began; what became of them "
                   "is in the record of run %.12s, or unknown",
                   json_text(json_object_get(begun, "server"), "serial"),
                   json_array_size(json_object_get(begun, "disks")), json_text(begun, "run_id"));
    line("says", text);
}

/* Whether the time is right, by this machine's clock. */
static const char *order_time_text(const json_t *order) {
    int64_t from;
    int64_t until;
    const int64_t now = clock_now();
    if (clock_parse(json_text(order, "not_before"), &from) ||
        clock_parse(json_text(order, "expires"), &until))
        return "; these are no times";
    if (now < from)
        return "; not yet";
    return now < until ? "" : "; it has expired";
}

static void print_order(const struct check_result *result) {
    char text[1024];
    const json_t *order = result->document;
    const json_t *approvals = json_object_get(order, "approvals");
    const uint64_t needed = approvals ? json_count(approvals, "needed") : 1;
    (void)snprintf(text, sizeof text, "order %s to erase %zu disks of server %s",
                   json_text(order, "id"), json_array_size(json_object_get(order, "disks")),
                   json_text(json_object_get(order, "server"), "serial"));
    line("says", text);
    (void)snprintf(text, sizeof text, "from %s to %s%s", json_text(order, "not_before"),
                   json_text(order, "expires"), order_time_text(order));
    line("valid", text);
    (void)snprintf(
        text, sizeof text, "by %" PRIu64 " of the keys that you trust; it needs %" PRIu64 "%s",
        result->approvals, needed, result->approvals < needed ? ", or it is refused" : "");
    line("approved", text);
    lines("", json_object_get(approvals, "roles"), "one of them for the role ");
}

static void print_meaning(const struct check_result *result) {
    const char *schema = json_text(result->document, "schema");
    if (strcmp(schema, "quietus.certificate/1") == 0)
        print_certificate(result->document);
    else if (strcmp(schema, "quietus.record/1") == 0)
        print_record(result->document);
    else if (strcmp(schema, "quietus.begun/1") == 0)
        print_begun(result->document);
    else if (strcmp(schema, "quietus.order/1") == 0)
        print_order(result);
}

/* What an envelope says of its signers is a hint, and not signed. */
static void print_unknown_signers(const json_t *key_ids) {
    size_t i;
    json_t *id;
    json_array_foreach((json_t *)key_ids, i, id) {
        char text[64];
        (void)snprintf(text, sizeof text, "by a key that says it is %.16s", json_string_value(id));
        line("signed", text);
    }
}

static void print_result(const struct checked_file *file) {
    const struct check_result *result = &file->result;
    const enum verdict verdict = verdict_of(file);
    (void)printf("%s: %s\n", file->path, verdict_titles[verdict]);
    lines("problem", result->problems, "");
    lines("signed", result->signers, "by ");
    if (verdict == UNCHECKABLE)
        print_unknown_signers(result->key_ids);
    if (verdict != NOT_INTACT)
        print_meaning(result);
    line("digest", result->digest);
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A record names its certificates by digest: those that were given with it must be the ones. */
static void check_references(struct checked_file *record, const struct checked_file *files,
                             int count, bool quiet) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(record->result.document, "disks"), i, entry) {
        const json_t *reference = json_object_get(entry, "certificate");
        for (int k = 0; k < count && reference; k++) {
            if (!files[k].read ||
                strcmp(file_name(files[k].path), json_text(reference, "file")) != 0 ||
                strcmp(files[k].result.digest, json_text(reference, "digest")) == 0)
                continue;
            record->result.status = CHECK_NOT_INTACT;
            record->result.cannot_be_checked = false;
            if (!quiet)
                (void)printf("%s: NOT INTACT\n    problem  %s is not the certificate that it "
                             "names\n",
                             record->path, file_name(files[k].path));
        }
    }
}

static void print_total(const unsigned counts[VERDICT_COUNT], int count) {
    const char *separator = ": ";
    (void)printf("%d file%s", count, count == 1 ? "" : "s");
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (counts[i] == 0)
            continue;
        (void)printf("%s%u %s", separator, counts[i], verdict_counts[i]);
        separator = ", ";
    }
    (void)puts("");
    if (counts[UNPROVEN] > 0)
        (void)puts("Origin unproven: not altered since it was signed, but by a key for which none "
                   "that you trust\n(--trust) vouches; anybody could have made it.");
}

/* Not intact comes first, then what could not be read, then what is unproven. */
static int status_of(const unsigned counts[VERDICT_COUNT]) {
    if (counts[NOT_INTACT] + counts[UNCHECKABLE] > 0)
        return CHECK_NOT_INTACT;
    if (counts[NOT_READ] > 0)
        return EXIT_USAGE;
    return counts[UNPROVEN] > 0 ? CHECK_UNPROVEN : CHECK_TRUSTED;
}

static int check_files(char **paths, int count, const struct trust *trust, bool quiet) {
    struct checked_file *files = memory_new((size_t)count, sizeof *files);
    unsigned counts[VERDICT_COUNT] = {0};
    for (int i = 0; i < count; i++) {
        files[i].path = paths[i];
        const int error = cli_check_file(paths[i], trust, &files[i].result);
        files[i].read = error == 0;
        if (error)
            (void)cli_error("check", "%s: %s", paths[i], strerror(-error));
        else if (!quiet)
            print_result(&files[i]);
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(files[i].result.type, envelope_type_record) == 0)
            check_references(&files[i], files, count, quiet);
    }
    for (int i = 0; i < count; i++) {
        counts[verdict_of(&files[i])]++;
        if (files[i].read)
            check_result_free(&files[i].result);
    }
    if (!quiet)
        print_total(counts, count);
    free(files);
    return status_of(counts);
}

/* Named by its file, as the keys of the trust folder are. */
static int trust_file(const char *path, struct trust *trust, struct reason *reason) {
    struct public_key key;
    char name[KEY_NAME_SIZE];
    const int error = public_key_read(path, &key, reason);
    if (error)
        return error;
    text_copy(name, sizeof name, file_name(path));
    char *end = strrchr(name, '.');
    if (end && end != name && strcmp(end, ".pub") == 0)
        *end = '\0';
    trust_add(trust, &key, name, "");
    return 0;
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
        if (option == 'q')
            quiet = true;
        else if (option != 't')
            return cli_bad_option("check");
        else if (trust_file(optarg, &trust, &reason))
            return cli_error("check", "%s", reason.text);
    }
    const int status = optind < argc ? check_files(argv + optind, argc - optind, &trust, quiet)
                                     : cli_error("check", "name the files to check");
    trust_free(&trust);
    return status;
}
