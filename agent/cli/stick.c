/* What a stick adds to an unattended run: a key that signs, and a second place for documents. What
 * may be erased is never its business: trusted keys come from the image alone. */
#include "quietus/stick.h"

#include "quietus/file.h"
#include "quietus/finding.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void note(json_t *findings, const char *reason, const char *remedy) {
    (void)fprintf(stderr, "quietus: stick: %s\n", reason);
    finding_add(findings, &(struct finding){.kind = "stick",
                                            .controller = "the stick",
                                            .reason = reason,
                                            .remedy = remedy});
}

struct signing_key *cli_stick_key(const char *stick, json_t *findings) {
    char path[PATH_MAX];
    struct signing_key *key = NULL;
    struct reason reason;
    struct reason problem;
    path_format(path, stick, "/keys/site.key");
    if (!stick_present(stick) || access(path, F_OK) != 0)
        return NULL;
    if (signing_key_read(path, &key, &reason) == 0)
        return key;
    reason_set(&problem, "its key does not sign, a key made in memory does: %.200s", reason.text);
    note(findings, problem.text, "put keys/site.key on it as 'quietus keygen' makes it");
    return NULL;
}

void cli_stick_for_documents(const char *stick, json_t *findings) {
    if (!stick_present(stick) || stick_writable(stick))
        return;
    note(findings, "it cannot be written to: no document is kept on it",
         "give an address for the documents (quietus.report), or put in a stick that is labelled "
         "QUIETUS and can be written to");
}

int cli_stick(int argc, char **argv) {
    int status = EXIT_USAGE;
    char name[STICK_NAME_SIZE];
    for (int i = 1; i < argc; i++) {
        if (!stick_is_on("", argv[i], name))
            continue;
        (void)puts(name);
        status = EXIT_GOOD;
    }
    return status;
}
