#include "quietus/json.h"

#include "cli.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct erase_options {
    struct policy policy;
    const char *operator_name;
    const char *ticket;
    const char *sign_key;
    const char *spool;
    const char *report;
    const char *secrets;
    const char *passphrase_file;
    enum thaw thaw;
    enum progress_style progress;
    struct runner_limits limits;
};

static int parse(int argc, char **argv, struct erase_options *out) {
    static const struct option options[] = {
        {"operator", required_argument, NULL, 'o'},
        {"ticket", required_argument, NULL, 't'},
        {"sign-key", required_argument, NULL, 'k'},
        {"spool", required_argument, NULL, 's'},
        {"report", required_argument, NULL, 'r'},
        {"progress", required_argument, NULL, 'p'},
        {"parallel", required_argument, NULL, 'n'},
        {"start-rate", required_argument, NULL, 'f'},
        {"secrets", required_argument, NULL, 'x'},
        {"passphrase-file", required_argument, NULL, 'y'},
        {"thaw", required_argument, NULL, 'w'},
        CLI_POLICY_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    struct reason reason;
    *out = (struct erase_options){
        .operator_name = "", .ticket = "", .spool = "./quietus-certificates"};
    policy_default(&out->policy);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'o')
            out->operator_name = optarg;
        else if (option == 't')
            out->ticket = optarg;
        else if (option == 'k')
            out->sign_key = optarg;
        else if (option == 's')
            out->spool = optarg;
        else if (option == 'r')
            out->report = optarg;
        else if (option == 'x')
            out->secrets = optarg;
        else if (option == 'y')
            out->passphrase_file = optarg;
        else if (option == 'w') {
            if (thaw_parse(optarg, &out->thaw))
                return cli_error("erase", "--thaw takes s3 or port-reset");
        } else if (option == '?')
            return cli_bad_option("erase");
        else if (option == 'p') {
            if (cli_progress_style(optarg, &out->progress))
                return cli_error("erase", "--progress takes text, json or none");
        } else if (option == 'n') {
            if (runner_parse_parallel(optarg, &out->limits, &reason))
                return cli_error("erase", "%s", reason.text);
        } else if (option == 'f') {
            if (runner_parse_start_rate(optarg, &out->limits, &reason))
                return cli_error("erase", "%s", reason.text);
        } else if (cli_policy_option(option, optarg, &out->policy, &reason)) {
            return cli_error("erase", "%s", reason.text);
        }
    }
    if (optind == argc)
        return cli_error("erase", "name the disks to erase; 'quietus scan' lists them");
    return EXIT_GOOD;
}

/* What a person should see before destroying it. */
static char *confirm(void *user, const struct disk *disk, const char *expected) {
    char text[1024];
    char size[32];
    char *typed = NULL;
    size_t room = 0;
    (void)user;
    (void)printf("\n%s: %s %s, %s, %s\n    serial %s\n    holds  %s\n", disk_node(disk),
                 disk->identity.vendor, disk->identity.model,
                 text_size(size, sizeof size, disk->identity.capacity), disk_bus_name(disk->bus),
                 disk->identity.serial[0] ? disk->identity.serial : "(none)",
                 disk_content_text(disk, text, sizeof text));
    (void)printf("EVERYTHING on it will be destroyed. Type %s to go on: ",
                 disk->identity.serial[0] ? "its serial number" : expected);
    (void)fflush(stdout);
    const ssize_t length = getline(&typed, &room, stdin);
    if (length <= 0) {
        free(typed);
        return NULL;
    }
    typed[strcspn(typed, "\n")] = '\0';
    return typed;
}

/* Nothing refused at the prompt is worth a run: a person who mistypes gets another chance. */
static bool anything_to_do(const struct authorization *authorization) {
    bool any = false;
    for (size_t i = 0; i < authorization->count; i++) {
        const struct decision *decision = &authorization->decisions[i];
        any = any || decision->warrant;
        if (decision->disposition == DISPOSITION_REFUSED)
            (void)fprintf(stderr, "refused: %s\n", decision->reason.text);
    }
    return any;
}

/* Asks for one secret of a disk; nothing typed, or no terminal: it is not known. */
static void ask_secret(struct secrets *secrets, enum secret_kind kind, const char *what,
                       const struct disk *disk) {
    char prompt[TEXT_FIELD_SIZE + 96];
    char typed[PASSPHRASE_SIZE] = "";
    struct reason reason;
    (void)snprintf(prompt, sizeof prompt, "%s of %s (not shown; empty if not known): ", what,
                   disk->identity.serial);
    if (secret_typed(STDIN_FILENO, prompt, 0, typed, sizeof typed) == 0 && typed[0] != '\0' &&
        secrets_add(secrets, kind, disk->identity.serial, typed, &reason))
        (void)fprintf(stderr, "quietus: not taken: %s\n", reason.text);
    sodium_memzero(typed, sizeof typed);
}

static void ask_passwords(struct secrets *secrets, const struct disk *disk) {
    (void)printf("\n%s is locked by an ATA password.\n", disk_node(disk));
    ask_secret(secrets, SECRET_ATA_USER, "User password", disk);
    ask_secret(secrets, SECRET_ATA_MASTER, "Master password", disk);
}

/* A person at a terminal is asked for what opens a locked disk and no file has brought. */
static void ask_secrets(struct secrets *secrets, const struct scan *scan,
                        const struct authorization *authorization) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *disk = scan->disks[i];
        struct disk_secrets known;
        if (!authorization->decisions[i].warrant || disk->identity.serial[0] == '\0')
            continue;
        secrets_of_disk(secrets, disk->identity.serial, &known);
        const bool password = known.of[SECRET_ATA_USER].given || known.of[SECRET_ATA_MASTER].given;
        const bool psid = known.of[SECRET_PSID].given;
        disk_secrets_wipe(&known);
        if (disk->has_ata && disk->ata.security.locked && !password)
            ask_passwords(secrets, disk);
        if (tcg_covers_media(&disk->tcg) && !psid) {
            (void)printf("\n%s is locked by TCG security.\n", disk_node(disk));
            ask_secret(secrets, SECRET_PSID, "PSID on the label", disk);
        }
    }
}

static int run(const struct erase_options *options, struct signing_key *key, struct scan *scan,
               struct authorization *authorization, const struct secrets *secrets) {
    struct session session;
    session_start(&session, key);
    const struct pipeline pipeline = {
        .session = &session,
        .scan = scan,
        .authorization = authorization,
        .policy = &options->policy,
        .secrets = secrets,
        .mode = "erase",
        .spool = options->spool,
        .report = options->report,
        .deliver_seconds = 60,
        .progress = options->progress,
        .limits = options->limits,
    };
    const int status = pipeline_run(&pipeline);
    if (options->progress == PROGRESS_TEXT)
        (void)printf("\ncertificates and record: %s (exit status %d)\n", options->spool, status);
    session_end(&session);
    return status;
}

int cli_erase(int argc, char **argv) {
    struct erase_options options;
    struct reason reason;
    struct signing_key *key = NULL;
    struct scan scan;
    struct authorization authorization;
    int status = parse(argc, argv, &options);
    if (status != EXIT_GOOD)
        return status;
    if (options.sign_key && cli_read_key(options.sign_key, &key, &reason))
        return cli_error("erase", "%s", reason.text);
    struct secrets *secrets = secrets_new();
    const struct passphrase_source source = {.file = options.passphrase_file,
                                             .terminal = STDIN_FILENO};
    if (options.secrets && cli_open_secrets_file(secrets, options.secrets, &source, &reason)) {
        signing_key_free(key);
        secrets_free(secrets);
        return cli_error("erase", "%s", reason.text);
    }
    scan_run(&(struct scan_options){.root = "", .answer_seconds = SCAN_ANSWER_SECONDS}, &scan);
    const struct operator_request request = {
        .nodes = argv + optind,
        .node_count = (size_t)(argc - optind),
        .name = options.operator_name,
        .ticket = options.ticket,
        .confirm = confirm,
    };
    if (authorize_by_operator(&request, &scan, &authorization, &reason)) {
        signing_key_free(key);
        secrets_free(secrets);
        scan_free(&scan);
        return cli_error("erase", "%s", reason.text);
    }
    /* Not before somebody has confirmed; and then what was confirmed is looked at again. */
    if (anything_to_do(&authorization) && cli_thaw(options.thaw, &scan, &authorization)) {
        (void)puts("quietus: the disks were asked anew; confirm again");
        authorization_free(&authorization);
        if (authorize_by_operator(&request, &scan, &authorization, &reason)) {
            signing_key_free(key);
            secrets_free(secrets);
            scan_free(&scan);
            return cli_error("erase", "%s", reason.text);
        }
    }
    if (anything_to_do(&authorization)) {
        if (isatty(STDIN_FILENO))
            ask_secrets(secrets, &scan, &authorization);
        status = run(&options, key, &scan, &authorization, secrets);
    } else {
        signing_key_free(key);
        status = EXIT_REFUSED;
    }
    secrets_free(secrets);
    authorization_free(&authorization);
    scan_free(&scan);
    return status;
}
