/*
 * quietus-trial [--satl] [--through megaraid|cciss] [--power-cut N] [--keep FOLDER] [--least purge]
 * [--policy JSON] [--secret KIND=VALUE] FILE
 *
 * Erases the simulated drive whose [drive] section (the lines below the heading) is in the file, by
 * the agent's own code and in simulated time, and says how it ended and what is left on the medium.
 * Exit status: 0 the certificate would be true; 1 usage; 2 it would not.
 */
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/keys.h"

#include "trial.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void) {
    (void)fputs(
        "usage: quietus-trial [--satl] [--through megaraid|cciss] [--power-cut N] [--keep FOLDER] "
        "[--least purge] [--policy JSON] [--secret KIND=VALUE] FILE\n",
        stderr);
    return 1;
}

static enum model_path path_of(const char *description, bool satl, const char *through) {
    if (through)
        return strcmp(through, "cciss") == 0 ? MODEL_CCISS : MODEL_MEGARAID;
    if (strstr(description, "family = scsi"))
        return MODEL_SAS;
    if (!strstr(description, "family = ata"))
        return MODEL_NVME;
    return satl ? MODEL_SATL : MODEL_LIBATA;
}

static int show(const struct trial_result *result) {
    bool unseen;
    const char *wrong = trial_verdict(result, &unseen);
    (void)printf("%s", disposition_name(result->outcome));
    if (result->claimed != CATEGORY_NONE)
        (void)printf(", %s, by %s", category_name(result->claimed), result->method);
    (void)printf(": %s\n", result->reason);
    (void)printf("attempts:\n%s", result->attempts);
    (void)printf("exceptions:\n%s", result->exceptions);
    (void)printf("on the medium: %llu pages visible, %llu recoverable%s\n",
                 (unsigned long long)result->visible, (unsigned long long)result->recoverable,
                 unseen ? " (cannot be seen from the host)" : "");
    (void)printf("%llu commands, %llu s of simulated time\n", (unsigned long long)result->commands,
                 (unsigned long long)result->simulated_ms / 1000);
    (void)printf("%s\n", wrong ? wrong : "the certificate would be true");
    return wrong ? 2 : 0;
}

/* "ata-master=VALUE" */
static bool take_secret(const char *text, struct disk_secrets *out) {
    char line[256];
    struct reason reason;
    struct secrets *secrets = secrets_new();
    const char *value = strchr(text, '=');
    (void)snprintf(line, sizeof line, "%.*s X = %s", value ? (int)(value - text) : 0, text,
                   value ? value + 1 : "");
    const bool good = value && secrets_parse(secrets, line, &reason) == 0;
    secrets_of_disk(secrets, "X", out);
    secrets_free(secrets);
    return good;
}

static bool take_policy(const char *text, struct policy *out) {
    struct reason reason = {""};
    json_t *object = json_parse(text, strlen(text), &reason);
    const bool good = object && policy_from_json(object, out, &reason) == 0;
    json_decref(object);
    if (!good)
        (void)fprintf(stderr, "quietus-trial: %s\n", reason.text);
    return good;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"satl", no_argument, NULL, 's'},
        {"through", required_argument, NULL, 't'},
        {"power-cut", required_argument, NULL, 'p'},
        {"keep", required_argument, NULL, 'k'},
        {"least", required_argument, NULL, 'l'},
        {"secret", required_argument, NULL, 'c'},
        {"policy", required_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    char folder[64] = "/tmp/quietus-trial-XXXXXX";
    struct trial trial = {0};
    struct trial_result result;
    bool satl = false;
    const char *through = NULL;
    char problem[512] = "";
    char *text;
    size_t length;
    struct disk_secrets secrets;
    keys_start();
    policy_default(&trial.policy);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            satl = true;
        else if (option == 't')
            through = optarg;
        else if (option == 'p')
            trial.power_cut_at = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'k')
            trial.folder = optarg;
        else if (option == 'c' && take_secret(optarg, &secrets))
            trial.secrets = &secrets;
        else if (option == 'j') {
            if (!take_policy(optarg, &trial.policy))
                return usage();
        } else if (option != 'l' || category_parse(optarg, &trial.policy.least) != 0)
            return usage();
    }
    if (optind + 1 != argc || file_read(argv[optind], 1 << 16, &text, &length) != 0)
        return usage();
    if (!trial.folder)
        trial.folder = mkdtemp(folder);
    trial.description = text;
    trial.path = path_of(text, satl, through);
    const bool done = trial_run(&trial, &result, problem, sizeof problem);
    free(text);
    if (!done) {
        (void)fprintf(stderr, "quietus-trial: %s\n", problem);
        return 1;
    }
    return show(&result);
}
