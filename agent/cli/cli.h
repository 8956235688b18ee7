/* The commands, each in its file, and what they share. */
#ifndef QUIETUS_CLI_H
#define QUIETUS_CLI_H

#include "quietus/exit_status.h"
#include "quietus/keys.h"
#include "quietus/pipeline.h"
#include "quietus/policy.h"
#include "quietus/secrets.h"
#include "quietus/thaw.h"

#include <getopt.h>

/* A disk that is opened may hold the program in the kernel for ever: see apart_run. */
enum opens { NO_DISKS, OPENS_DISKS };

struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    int (*run)(int argc, char **argv);
    enum opens opens;
};

/* In the order in which help lists them, ended by an entry without name. */
extern const struct command commands[];

int cli_scan(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_erase(int argc, char **argv);
int cli_agent(int argc, char **argv);
int cli_deliver(int argc, char **argv);
int cli_fetch(int argc, char **argv);
int cli_keygen(int argc, char **argv);
int cli_order(int argc, char **argv);
int cli_sign(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_locate(int argc, char **argv);
int cli_seal(int argc, char **argv);
int cli_stick(int argc, char **argv);
int cli_tui(int argc, char **argv);

/* Prints "quietus COMMAND: message" on stderr and returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_error(const char *command, const char *format, ...);

/* After getopt_long has returned '?': points to the help. Returns EXIT_USAGE. */
int cli_bad_option(const char *command);

/* Prints a document for machines, indented, on stdout; takes over the reference. */
void cli_print_json(json_t *value);

/*
 * The options that set a policy: --least, --no-fallback, --method, --passes, --verify,
 * --clear-reservations, --sector-size. Values begin where no letter is.
 */
enum {
    OPTION_LEAST = 1000,
    OPTION_NO_FALLBACK,
    OPTION_METHOD,
    OPTION_PASSES,
    OPTION_VERIFY,
    OPTION_CLEAR_RESERVATIONS,
    OPTION_SECTOR_SIZE,
};

/* clang-format off */
#define CLI_POLICY_OPTIONS                                       \
    {"least", required_argument, NULL, OPTION_LEAST},            \
    {"no-fallback", no_argument, NULL, OPTION_NO_FALLBACK},      \
    {"method", required_argument, NULL, OPTION_METHOD},          \
    {"passes", required_argument, NULL, OPTION_PASSES},          \
    {"verify", required_argument, NULL, OPTION_VERIFY},          \
    {"clear-reservations", no_argument, NULL, OPTION_CLEAR_RESERVATIONS}, \
    {"sector-size", required_argument, NULL, OPTION_SECTOR_SIZE}
/* clang-format on */

/* Takes one of these options; -EINVAL with the reason. */
int cli_policy_option(int option, const char *value, struct policy *policy, struct reason *reason);

/* "text", "json" or "none"; -EINVAL. */
int cli_progress_style(const char *text, enum progress_style *out);

/* Reads a JSON file; NULL with the reason. */
json_t *cli_read_json(const char *path, struct reason *reason);

/* Reads a list of expected disks (expected.h); NULL with the reason. */
json_t *cli_read_expected(const char *path, struct reason *reason);

/* Where the passphrase of a sealed file comes from. */
struct passphrase_source {
    const char *file; /* its first line; or NULL, and then: */
    int terminal;     /* a person types it here */
    unsigned seconds; /* how long to wait for that; 0: for ever */
};

/* A new one: of the file, or typed twice. */
int cli_new_passphrase(const struct passphrase_source *source, char out[PASSPHRASE_SIZE],
                       struct reason *reason);

/* Reads a key that signs; who is at the terminal is asked for its passphrase, if it has one. As
 * signing_key_read. */
int cli_read_key(const char *path, struct signing_key **key, struct reason *reason);

/* Opens sealed secrets, with three tries for a person. As secrets_open, or the error of the source.
 */
int cli_open_secrets(struct secrets *secrets, const char *sealed, size_t length,
                     const struct passphrase_source *source, struct reason *reason);
int cli_open_secrets_file(struct secrets *secrets, const char *path,
                          const struct passphrase_source *source, struct reason *reason);

/* Thaws the frozen disks of the scan, if there are any and it is asked for, and scans anew. True if
 * the scan is another one now. */
bool cli_thaw(enum thaw how, struct scan *scan, const struct authorization *authorization);

/* The key on the stick (keys/site.key) that signs the documents of a run; NULL if there is none,
 * or, with a finding, if it is no good. The caller's. */
struct signing_key *cli_stick_key(const char *stick, json_t *findings);
/* A finding if there is a stick that no document can be written to. */
void cli_stick_for_documents(const char *stick, json_t *findings);

/* Reads a file and checks it (check.h). 0, or negative errno if it cannot be read. */
struct check_result;
int cli_check_file(const char *path, const struct trust *trust, struct check_result *result);

/* HTTPS needs the right time: where the URL's server is asked by it, learns what time it is. */
void cli_time_for(const char *url);

bool cli_is_folder(const char *path);

/* EXIT_GOOD if the folder is a saved tree; else prints what is wrong and returns EXIT_USAGE. */
int cli_sysroot(const char *command, const char *path);

#endif
