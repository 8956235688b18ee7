#include "cli.h"

#include "quietus/check.h"
#include "quietus/cleanup.h"
#include "quietus/envelope.h"
#include "quietus/expected.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/method.h"
#include "quietus/timekeeping.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

int cli_error(const char *command, const char *format, ...) {
    va_list arguments;
    (void)fprintf(stderr, "quietus %s: ", command);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputs("\n", stderr);
    return EXIT_USAGE;
}

int cli_bad_option(const char *command) {
    (void)fprintf(stderr, "quietus help %s tells what there is\n", command);
    return EXIT_USAGE;
}

void cli_print_json(json_t *value) {
    (void)json_dumpf(value, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(value);
}

static int add_method(const char *name, struct policy *policy, struct reason *reason) {
    if (!method_find(name)) {
        reason_set(reason, "there is no method '%.60s'; 'quietus plan' names them", name);
        return -EINVAL;
    }
    if (policy->method_count == POLICY_METHODS) {
        reason_set(reason, "too many methods");
        return -EINVAL;
    }
    text_copy(policy->methods[policy->method_count++], POLICY_NAME_SIZE, name);
    return 0;
}

int cli_policy_option(int option, const char *value, struct policy *policy, struct reason *reason) {
    switch (option) {
    case OPTION_LEAST:
        reason_set(reason, "--least takes clear or purge");
        return category_parse(value, &policy->least);
    case OPTION_NO_FALLBACK:
        policy->fallback = false;
        return 0;
    case OPTION_METHOD:
        return add_method(value, policy, reason);
    case OPTION_PASSES:
        return passes_parse(value, &policy->passes, reason);
    case OPTION_VERIFY:
        return verify_level_parse(value, &policy->verify, reason);
    case OPTION_SECTOR_SIZE:
        reason_set(reason, "--sector-size takes 512 or 4096");
        policy->sector_size = strcmp(value, "512") == 0    ? 512
                              : strcmp(value, "4096") == 0 ? 4096
                                                           : 0;
        return policy->sector_size ? 0 : -EINVAL;
    case OPTION_CLEAR_RESERVATIONS:
        policy->clear_reservations = true;
        return 0;
    default:
        reason_set(reason, "unknown option");
        return -EINVAL;
    }
}

int cli_progress_style(const char *text, enum progress_style *out) {
    static const char *const names[] = {"text", "json", "none"};
    for (int i = PROGRESS_TEXT; i <= PROGRESS_NONE; i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *out = (enum progress_style)i;
        return 0;
    }
    return -EINVAL;
}

json_t *cli_read_json(const char *path, struct reason *reason) {
    AUTO_FREE char *text = NULL;
    size_t length;
    const int error = file_read(path, ENVELOPE_LIMIT, &text, &length);
    if (error) {
        reason_set(reason, "%.200s: %s", path, strerror(-error));
        return NULL;
    }
    return json_parse(text, length, reason);
}

json_t *cli_read_expected(const char *path, struct reason *reason) {
    json_t *document = cli_read_json(path, reason);
    json_t *list = document ? expected_from_json(document, reason) : NULL;
    json_decref(document);
    return list;
}

int cli_check_file(const char *path, const struct trust *trust, struct check_result *result) {
    AUTO_FREE char *text = NULL;
    size_t length;
    const int error = file_read(path, ENVELOPE_LIMIT, &text, &length);
    if (error == 0)
        check_envelope(text, length, trust, result);
    return error;
}

void cli_time_for(const char *url) {
    if (strncmp(url, "https://", 8) == 0)
        (void)time_learn(&(struct time_sources){"", TIME_SERVERS_OF_DHCP, url});
}

bool cli_is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int cli_sysroot(const char *command, const char *path) {
    char sys[PATH_MAX];
    path_format(sys, path, "/sys");
    if (cli_is_folder(sys))
        return EXIT_GOOD;
    return cli_error(command, "%s is no saved tree: it has no folder 'sys' (scripts/save-tree)",
                     path);
}
