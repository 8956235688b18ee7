/* The unattended agent: what the kernel's command line asks for, by a signed order. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/expected.h"
#include "quietus/file.h"
#include "quietus/finding.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/resume.h"
#include "quietus/stick.h"
#include "quietus/timekeeping.h"

#include "agent_words.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Where no order is named, it is on the stick, if there is one. */
static void look_on_stick(struct agent_words *out) {
    if (out->erase && out->order[0] == '\0' && stick_present(out->stick))
        (void)snprintf(out->order, sizeof out->order, "%s/orders/{serial}.json", out->stick);
}

static int parse(int argc, char **argv, struct agent_words *out) {
    static const struct option options[] = {
        {"command-line", required_argument, NULL, 'c'},
        {"trust", required_argument, NULL, 't'},
        {"spool", required_argument, NULL, 's'},
        {"state", required_argument, NULL, 'k'},
        {"stick", required_argument, NULL, 'u'},
        {"passphrase-file", required_argument, NULL, 'f'},
        {"check-words", no_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    enum { LINE_LIMIT = 65536 };
    AUTO_FREE char *line = NULL;
    size_t length;
    *out = (struct agent_words){
        .locate = true,
        .order_wait = 300,
        .deliver_seconds = 600,
        .heartbeat_seconds = 60,
        .command_line = "/proc/cmdline",
        .trust_folder = "/etc/quietus/trust",
        .spool = "/run/quietus/spool",
        .state = "/run/quietus/stick/state",
        .stick = STICK_FOLDER,
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'c')
            out->command_line = optarg;
        else if (option == 't')
            out->trust_folder = optarg;
        else if (option == 's')
            out->spool = optarg;
        else if (option == 'k')
            out->state = optarg;
        else if (option == 'u')
            out->stick = optarg;
        else if (option == 'f')
            out->passphrase_file = optarg;
        else if (option == 'w')
            out->only_check = true;
        else
            return cli_bad_option("agent");
    }
    if (optind < argc)
        return cli_error("agent", "takes no argument '%s'", argv[optind]);
    const int error = file_read(out->command_line, LINE_LIMIT, &line, &length);
    if (error)
        return cli_error("agent", "%s: %s", out->command_line, strerror(-error));
    const int status = agent_take_words(line, out);
    look_on_stick(out);
    return status;
}

/* What an agent's run consists of. */
struct agent_run {
    const struct agent_words *options;
    struct scan scan;
    struct order order; /* .document NULL: none */
    struct policy policy;
    struct authorization authorization;
    struct secrets *secrets;
    json_t *order_json;
    const char *mode;   /* what the record says was done: "erase" or "inspect" */
    bool order_invalid; /* asked to erase, and there is no good order */
};

static bool is_url(const char *text) {
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* Once; a file, or a URL. */
static int fetch_once(const char *where, size_t limit, int64_t give_up_ms, char **text,
                      size_t *length, struct reason *reason) {
    enum { SHORTEST_TRY_MS = 10000 };
    const int64_t least_ms = clock_monotonic_ms() + SHORTEST_TRY_MS;
    atomic_int_fast64_t deadline_ms = give_up_ms > least_ms ? give_up_ms : least_ms;
    if (is_url(where))
        return http_get(where, limit, &deadline_ms, text, length, reason);
    const char *path = strncmp(where, "file://", 7) == 0 ? where + 7 : where;
    const int error = file_read(path, limit, text, length);
    if (error)
        reason_set(reason, "%.200s: %s", path, strerror(-error));
    return error;
}

/* The first HTTPS URL that the command line has, since its server can prove who it is; else any;
 * else "". */
static const char *url_for_time(const struct agent_words *options) {
    const char *const urls[] = {options->report, options->order, options->expected,
                                options->secrets};
    const char *best = "";
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const bool secure = strncmp(urls[i], "https://", 8) == 0;
        if (secure && strncmp(best, "https://", 8) != 0)
            best = urls[i];
        else if (is_url(urls[i]) && best[0] == '\0')
            best = urls[i];
    }
    return best;
}

/* Before anything is judged by the time, and again where a network comes up late. */
static void learn_time(const struct agent_run *run) {
    char url[2 * AGENT_VALUE_SIZE];
    struct reason reason;
    if (time_chosen())
        return;
    if (http_expand(url_for_time(run->options), &run->scan.server, url, sizeof url, &reason))
        url[0] = '\0';
    if (time_learn(&(struct time_sources){run->options->ntp, TIME_SERVERS_OF_DHCP, url}))
        time_print(stdout);
}

/* Networks come up late: what is wanted is tried for until the time is over. What the server says
 * is not there is not waited for. */
static int fetch(const struct agent_run *run, const char *what, const char *from, size_t limit,
                 char **text, size_t *length, struct reason *reason) {
    const struct agent_words *options = run->options;
    char where[2 * AGENT_VALUE_SIZE];
    const int64_t give_up = clock_monotonic_ms() + (int64_t)options->order_wait * 1000;
    int64_t pause_s = 1;
    int error = http_expand(from, &run->scan.server, where, sizeof where, reason);
    if (error)
        return error;
    for (;;) {
        error = fetch_once(where, limit, give_up, text, length, reason);
        if (error != -EIO || clock_monotonic_ms() + pause_s * 1000 > give_up)
            return error;
        (void)printf("waiting for the %s: %s\n", what, reason->text);
        const struct timespec time = {.tv_sec = pause_s};
        (void)nanosleep(&time, NULL);
        learn_time(run);
        pause_s = pause_s < 16 ? pause_s * 2 : 16;
    }
}

/* For the record and the certificates of refusal: which order, or what is wrong with it. */
static void note_order(struct agent_run *run, const char *problem) {
    run->order_json = json_new_object();
    json_put_text(run->order_json, "kind", "order");
    if (run->order.document) {
        json_put_text(run->order_json, "id", run->order.id);
        json_put_text(run->order_json, "digest", run->order.digest);
        json_put_text(run->order_json, "signed_by", run->order.signers);
        json_put(run->order_json, "signed_by_keys", json_deep_copy(run->order.signer_keys));
        json_put_text(run->order_json, "holds", json_text(run->order.document, "holds"));
    }
    json_put_text_if(run->order_json, "problem", problem);
}

/* Asked to erase, and nothing may be: status 11, with what is wrong in the record. */
static void say_no_order(struct agent_run *run, const char *problem) {
    (void)fprintf(stderr, "quietus: %s\n", problem);
    run->order_invalid = true;
    note_order(run, problem);
}

static void refuse_all(struct agent_run *run, const char *why) {
    struct reason problem;
    reason_set(&problem, "no good order: %s", why);
    say_no_order(run, problem.text);
    authorize_nothing(&run->scan, DISPOSITION_REFUSED, problem.text, &run->authorization);
}

/* There is none for this server yet: nothing is refused, what there is to order is reported. */
static void inspect_instead(struct agent_run *run, const char *why) {
    struct reason problem;
    reason_set(&problem, "no order for this server, inspected only: %s", why);
    run->mode = "inspect";
    say_no_order(run, problem.text);
    authorize_nothing(&run->scan, DISPOSITION_EXCLUDED,
                      "inspected only: there is no order for this server", &run->authorization);
}

/* Gets and opens the order; false, with nothing authorized, if there is none that is good. */
static bool open_order(struct agent_run *run) {
    AUTO_FREE char *text = NULL;
    size_t length = 0;
    struct trust trust;
    struct reason reason = {""};
    if (run->options->order[0] == '\0') {
        refuse_all(run, "no order was given (quietus.order)");
        return false;
    }
    int error = fetch(run, "order", run->options->order, ORDER_LIMIT, &text, &length, &reason);
    if (error == -ENOENT) {
        inspect_instead(run, reason.text);
        return false;
    }
    if (error == 0)
        error = trust_read(run->options->trust_folder, &trust, &reason);
    if (error == 0) {
        error = order_open(text, length, &trust, &run->order, &reason);
        trust_free(&trust);
    }
    if (error)
        refuse_all(run, reason.text);
    return error == 0;
}

/* What is no disk of this machine is left alone by the scan; what the order names of it may be the
 * boot medium all the same (an image that the BMC shows). */
static void look_closer(struct agent_run *run) {
    for (size_t i = 0; i < run->scan.disk_count; i++) {
        struct disk *disk = run->scan.disks[i];
        if (disk_not_local(disk) && order_names(&run->order, disk))
            scan_look_closer("", disk);
    }
}

static void authorize_disks(struct agent_run *run) {
    struct reason reason;
    const struct resume_search search = {run->options->state, SCAN_ANSWER_SECONDS, device_open};
    if (order_check_server(&run->order, &run->scan.server, &reason) == 0)
        resume_find(&search, &run->order, &run->scan);
    look_closer(run);
    if (authorize_by_order(&run->order, &run->scan, clock_now(), &run->authorization, &reason)) {
        struct reason problem;
        reason_set(&problem, "no good order: %s", reason.text);
        say_no_order(run, problem.text);
        return;
    }
    note_order(run, "");
}

static bool any_warrant(const struct authorization *authorization) {
    for (size_t i = 0; i < authorization->count; i++) {
        if (authorization->decisions[i].warrant)
            return true;
    }
    return false;
}

/*
 * The sealed secrets, opened by a passphrase that somebody types: none is in the image, on the
 * command line or on the server (law 9). Without them the run goes on, and a locked disk fails.
 */
static void open_secrets(struct agent_run *run) {
    enum { TYPING_SECONDS = 300 };
    AUTO_FREE char *sealed = NULL;
    size_t length = 0;
    struct reason reason;
    if (run->options->secrets[0] == '\0' || !any_warrant(&run->authorization))
        return;
    int error =
        fetch(run, "secrets", run->options->secrets, SECRETS_FILE_LIMIT, &sealed, &length, &reason);
    if (error == 0) {
        AUTO_FD console = open("/dev/console", O_RDONLY | O_NOCTTY | O_CLOEXEC);
        const struct passphrase_source source = {
            .file = run->options->passphrase_file, .terminal = console, .seconds = TYPING_SECONDS};
        (void)puts("quietus: the sealed secrets wait for their passphrase, at the last console");
        error = cli_open_secrets(run->secrets, sealed, length, &source, &reason);
    }
    if (error)
        (void)fprintf(stderr, "quietus: going on without the sealed secrets: %s\n", reason.text);
}

/* Not before the order is good: it disturbs the whole machine. The disks of the new scan are
 * authorized anew. */
static void thaw(struct agent_run *run) {
    if (!cli_thaw(run->options->thaw, &run->scan, &run->authorization))
        return;
    authorization_free(&run->authorization);
    json_decref(run->order_json);
    authorize_disks(run);
}

static void authorize_erase(struct agent_run *run) {
    if (!open_order(run))
        return;
    run->policy = run->order.policy;
    authorize_disks(run);
    thaw(run);
}

/* Inspection touches nothing; the record has the whole scan, from which an order can be made. */
static void authorize_inspection(struct agent_run *run) {
    authorize_nothing(&run->scan, DISPOSITION_EXCLUDED, "inspection: nothing is changed",
                      &run->authorization);
}

/* What a BMC or a database says the server has; a finding, and an empty list, if it does not come.
 */
static json_t *fetch_expected(struct agent_run *run) {
    AUTO_FREE char *text = NULL;
    size_t length = 0;
    struct reason reason = {""};
    json_t *list = NULL;
    if (fetch(run, "list of expected disks", run->options->expected, EXPECTED_LIMIT, &text, &length,
              &reason) == 0) {
        json_t *document = json_parse(text, length, &reason);
        list = document ? expected_from_json(document, &reason) : NULL;
        json_decref(document);
    }
    if (list)
        return list;
    finding_add(run->scan.findings,
                &(struct finding){.kind = "expected",
                                  .controller = "quietus.expected",
                                  .reason = reason.text,
                                  .remedy =
                                      "compare the record with the inventory by hand: whether "
                                      "a disk is missing here was not looked at"});
    return json_new_array();
}

/* The order's list and the one that the command line names, together. */
static void compare_expected(struct agent_run *run) {
    struct authorization *authorization = &run->authorization;
    const json_t *known[] = {authorization->absent, authorization->absent_retained};
    json_t *list = run->options->expected[0] != '\0' ? fetch_expected(run) : json_new_array();
    json_t *ordered = json_object_get(run->order.document, "expected");
    if (ordered)
        (void)json_array_extend(list, ordered);
    authorization->absent_expected = json_new_array();
    if (json_array_size(list) > 0)
        expected_compare(list, &run->scan, known, authorization->absent_expected);
    json_decref(list);
}

static void scan_machine(struct agent_run *run) {
    scan_run(&(struct scan_options){.root = "", .answer_seconds = SCAN_ANSWER_SECONDS}, &run->scan);
    scan_print(&run->scan, stdout);
    (void)puts("");
}

static int run_agent(const struct agent_words *options) {
    struct agent_run run = {
        .options = options, .mode = options->erase ? "erase" : "inspect", .secrets = secrets_new()};
    struct session session;
    struct reason reason;
    char report[2 * AGENT_VALUE_SIZE];
    policy_default(&run.policy);
    scan_machine(&run);
    const bool reports = options->report[0] != '\0';
    if (reports && http_expand(options->report, &run.scan.server, report, sizeof report, &reason)) {
        scan_free(&run.scan);
        secrets_free(run.secrets);
        return cli_error("agent", "%s", reason.text);
    }
    learn_time(&run);
    if (options->erase)
        authorize_erase(&run);
    else
        authorize_inspection(&run);
    compare_expected(&run);
    open_secrets(&run);
    session_start(&session, cli_stick_key(options->stick, run.scan.findings));
    cli_stick_for_documents(options->stick, run.scan.findings);
    const struct pipeline pipeline = {
        .session = &session,
        .scan = &run.scan,
        .authorization = &run.authorization,
        .policy = &run.policy,
        .secrets = run.secrets,
        .mode = run.mode,
        .order = run.order_json,
        .order_invalid = run.order_invalid,
        .spool = options->spool,
        .state = options->state,
        .report = reports ? report : NULL,
        .stick = options->stick,
        .must_deliver = true,
        .locate = options->locate && strcmp(run.mode, "erase") == 0,
        .deliver_seconds = options->deliver_seconds,
        .heartbeat_seconds = options->heartbeat_seconds,
        .progress = options->progress,
        .limits = options->limits,
    };
    const int status = pipeline_run(&pipeline);
    session_end(&session);
    authorization_free(&run.authorization);
    order_free(&run.order);
    json_decref(run.order_json);
    secrets_free(run.secrets);
    scan_free(&run.scan);
    return status;
}

int cli_agent(int argc, char **argv) {
    struct agent_words options;
    const int status = parse(argc, argv, &options);
    return status == EXIT_GOOD && !options.only_check ? run_agent(&options) : status;
}
