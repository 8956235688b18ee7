/* The unattended agent: what the kernel's command line asks for, by a signed order. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { VALUE_SIZE = 1024, MOST_SECONDS = 1000000 };

struct agent_options {
    bool erase;
    char order[VALUE_SIZE];
    char report[VALUE_SIZE];
    unsigned order_wait;
    unsigned deliver_seconds;
    enum progress_style progress;
    struct runner_limits limits;
    const char *command_line;
    const char *trust_folder;
    const char *spool;
};

static int take_seconds(const char *value, unsigned *out) {
    char *end;
    errno = 0;
    const unsigned long seconds = strtoul(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || seconds > MOST_SECONDS)
        return -EINVAL;
    *out = (unsigned)seconds;
    return 0;
}

/* init's own; named here so that a word that nobody knows can be told from them. */
static bool is_for_init(const char *name) {
    static const char *const names[] = {"done",         "undelivered", "settle",
                                        "network_wait", "verbose",     "medium"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static int take_option(const char *name, const char *value, struct agent_options *out) {
    struct reason reason;
    if (strcmp(name, "mode") == 0) {
        out->erase = strcmp(value, "erase") == 0;
        return out->erase || strcmp(value, "inspect") == 0 ? 0 : -EINVAL;
    }
    /* Without a value: not what anybody means, so not what is done. */
    if (strcmp(name, "order") == 0 && value[0] != '\0' && strlen(value) < VALUE_SIZE) {
        text_copy(out->order, VALUE_SIZE, value);
        return 0;
    }
    if (strcmp(name, "report") == 0 && value[0] != '\0' && strlen(value) < VALUE_SIZE) {
        text_copy(out->report, VALUE_SIZE, value);
        return 0;
    }
    if (strcmp(name, "order_wait") == 0)
        return take_seconds(value, &out->order_wait);
    if (strcmp(name, "deliver") == 0)
        return take_seconds(value, &out->deliver_seconds);
    if (strcmp(name, "progress") == 0)
        return cli_progress_style(value, &out->progress);
    if (strcmp(name, "parallel") == 0)
        return runner_parse_parallel(value, &out->limits, &reason);
    if (strcmp(name, "start_rate") == 0)
        return runner_parse_start_rate(value, &out->limits, &reason);
    return is_for_init(name) ? 0 : -EINVAL;
}

/* A word that is misspelt must not be passed over: it may be the one that limits what is done. */
static int take_command_line(char *line, struct agent_options *out) {
    static const char prefix[] = "quietus.";
    char *rest = line;
    for (char *word; (word = strsep(&rest, " \t\n"));) {
        if (strncmp(word, prefix, strlen(prefix)) != 0)
            continue;
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        if (take_option(word + strlen(prefix), value ? value : "", out))
            return cli_error("agent",
                             "the kernel's command line has %s%s%s, which means nothing; "
                             "nothing was done",
                             word, value ? "=" : "", value ? value : "");
    }
    return EXIT_GOOD;
}

static int parse(int argc, char **argv, struct agent_options *out) {
    static const struct option options[] = {
        {"command-line", required_argument, NULL, 'c'},
        {"trust", required_argument, NULL, 't'},
        {"spool", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    enum { LINE_LIMIT = 65536 };
    AUTO_FREE char *line = NULL;
    size_t length;
    *out = (struct agent_options){
        .order_wait = 300,
        .deliver_seconds = 600,
        .command_line = "/proc/cmdline",
        .trust_folder = "/etc/quietus/trust",
        .spool = "/run/quietus/spool",
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'c')
            out->command_line = optarg;
        else if (option == 't')
            out->trust_folder = optarg;
        else if (option == 's')
            out->spool = optarg;
        else
            return cli_bad_option("agent");
    }
    if (optind < argc)
        return cli_error("agent", "takes no argument '%s'", argv[optind]);
    const int error = file_read(out->command_line, LINE_LIMIT, &line, &length);
    if (error)
        return cli_error("agent", "%s: %s", out->command_line, strerror(-error));
    return take_command_line(line, out);
}

static bool is_url(const char *text) {
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* Once; a file, or a URL. */
static int fetch_once(const char *where, int64_t give_up_ms, char **text, size_t *length,
                      struct reason *reason) {
    enum { SHORTEST_TRY_MS = 10000 };
    const int64_t least_ms = clock_monotonic_ms() + SHORTEST_TRY_MS;
    atomic_int_fast64_t deadline_ms = give_up_ms > least_ms ? give_up_ms : least_ms;
    if (is_url(where))
        return http_get(where, ORDER_LIMIT, &deadline_ms, text, length, reason);
    const char *path = strncmp(where, "file://", 7) == 0 ? where + 7 : where;
    const int error = file_read(path, ORDER_LIMIT, text, length);
    if (error)
        reason_set(reason, "%.200s: %s", path, strerror(-error));
    return error;
}

/* Networks come up late: the order is tried for until the time is over. What the server says is not
 * there is not waited for. */
static int fetch_order(const struct agent_options *options, const struct server *server,
                       char **text, size_t *length, struct reason *reason) {
    char where[2 * VALUE_SIZE];
    const int64_t give_up = clock_monotonic_ms() + (int64_t)options->order_wait * 1000;
    int64_t pause_s = 1;
    int error = http_expand(options->order, server, where, sizeof where, reason);
    if (error)
        return error;
    for (;;) {
        error = fetch_once(where, give_up, text, length, reason);
        if (error != -EIO || clock_monotonic_ms() + pause_s * 1000 > give_up)
            return error;
        (void)printf("waiting for the order: %s\n", reason->text);
        const struct timespec time = {.tv_sec = pause_s};
        (void)nanosleep(&time, NULL);
        pause_s = pause_s < 16 ? pause_s * 2 : 16;
    }
}

/* What an agent's run consists of. */
struct agent_run {
    const struct agent_options *options;
    struct scan scan;
    struct order order; /* .document NULL: none */
    struct policy policy;
    struct authorization authorization;
    json_t *order_json;
    const char *mode;   /* what the record says was done: "erase" or "inspect" */
    bool order_invalid; /* asked to erase, and there is no good order */
};

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
    int error = fetch_order(run->options, &run->scan.server, &text, &length, &reason);
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

static void authorize_erase(struct agent_run *run) {
    struct reason reason;
    if (!open_order(run))
        return;
    run->policy = run->order.policy;
    if (authorize_by_order(&run->order, &run->scan, clock_now(), &run->authorization, &reason)) {
        struct reason problem;
        reason_set(&problem, "no good order: %s", reason.text);
        say_no_order(run, problem.text);
        return;
    }
    note_order(run, "");
}

/* Inspection touches nothing; the record has the whole scan, from which an order can be made. */
static void authorize_inspection(struct agent_run *run) {
    authorize_nothing(&run->scan, DISPOSITION_EXCLUDED, "inspection: nothing is changed",
                      &run->authorization);
}

static void scan_machine(struct agent_run *run) {
    scan_run(&(struct scan_options){.root = "", .answer_seconds = SCAN_ANSWER_SECONDS}, &run->scan);
    scan_print(&run->scan, stdout);
    (void)puts("");
}

static int run_agent(const struct agent_options *options) {
    struct agent_run run = {.options = options, .mode = options->erase ? "erase" : "inspect"};
    struct session session;
    struct reason reason;
    char report[2 * VALUE_SIZE];
    policy_default(&run.policy);
    scan_machine(&run);
    const bool reports = options->report[0] != '\0';
    if (reports && http_expand(options->report, &run.scan.server, report, sizeof report, &reason)) {
        scan_free(&run.scan);
        return cli_error("agent", "%s", reason.text);
    }
    if (options->erase)
        authorize_erase(&run);
    else
        authorize_inspection(&run);
    session_start(&session, NULL);
    const struct pipeline pipeline = {
        .session = &session,
        .scan = &run.scan,
        .authorization = &run.authorization,
        .policy = &run.policy,
        .mode = run.mode,
        .order = run.order_json,
        .order_invalid = run.order_invalid,
        .spool = options->spool,
        .report = reports ? report : NULL,
        .must_deliver = true,
        .deliver_seconds = options->deliver_seconds,
        .progress = options->progress,
        .limits = options->limits,
    };
    const int status = pipeline_run(&pipeline);
    session_end(&session);
    authorization_free(&run.authorization);
    order_free(&run.order);
    json_decref(run.order_json);
    scan_free(&run.scan);
    return status;
}

int cli_agent(int argc, char **argv) {
    struct agent_options options;
    const int status = parse(argc, argv, &options);
    return status == EXIT_GOOD ? run_agent(&options) : status;
}
