#include "agent_words.h"

#include "quietus/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int take_seconds(const char *value, unsigned *out) {
    char *end;
    errno = 0;
    const unsigned long seconds = strtoul(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || value[0] == '-' ||
        seconds > AGENT_MOST_SECONDS)
        return -EINVAL;
    *out = (unsigned)seconds;
    return 0;
}

/* Without a value: not what anybody means, so not what is done. */
static int take_text(const char *value, char *out) {
    if (value[0] == '\0' || strlen(value) >= AGENT_VALUE_SIZE)
        return -EINVAL;
    text_copy(out, AGENT_VALUE_SIZE, value);
    return 0;
}

static int take_either(const char *value, const char *yes, const char *no, bool *out) {
    *out = strcmp(value, yes) == 0;
    return *out || strcmp(value, no) == 0 ? 0 : -EINVAL;
}

static int take_mode(const char *value, struct agent_words *out) {
    return take_either(value, "erase", "inspect", &out->erase);
}

static int take_locate(const char *value, struct agent_words *out) {
    return take_either(value, "on", "off", &out->locate);
}

static int take_order(const char *value, struct agent_words *out) {
    return take_text(value, out->order);
}

static int take_report(const char *value, struct agent_words *out) {
    return take_text(value, out->report);
}

static int take_expected(const char *value, struct agent_words *out) {
    return take_text(value, out->expected);
}

static int take_secrets(const char *value, struct agent_words *out) {
    return take_text(value, out->secrets);
}

static int take_ntp(const char *value, struct agent_words *out) {
    return take_text(value, out->ntp);
}

static int take_order_wait(const char *value, struct agent_words *out) {
    return take_seconds(value, &out->order_wait);
}

static int take_deliver(const char *value, struct agent_words *out) {
    return take_seconds(value, &out->deliver_seconds);
}

static int take_heartbeat(const char *value, struct agent_words *out) {
    return take_seconds(value, &out->heartbeat_seconds);
}

static int take_thaw(const char *value, struct agent_words *out) {
    return thaw_parse(value, &out->thaw);
}

static int take_progress(const char *value, struct agent_words *out) {
    return cli_progress_style(value, &out->progress);
}

static int take_parallel(const char *value, struct agent_words *out) {
    struct reason reason;
    return runner_parse_parallel(value, &out->limits, &reason);
}

static int take_start_rate(const char *value, struct agent_words *out) {
    struct reason reason;
    return runner_parse_start_rate(value, &out->limits, &reason);
}

/* init's own; named here so that a word that nobody knows can be told from them. */
static int leave_to_init(const char *value, struct agent_words *out) {
    (void)value;
    (void)out;
    return 0;
}

static const struct {
    const char *name;
    int (*take)(const char *value, struct agent_words *out);
} words[] = {
    {"mode", take_mode},
    {"order", take_order},
    {"report", take_report},
    {"expected", take_expected},
    {"secrets", take_secrets},
    {"thaw", take_thaw},
    {"ntp", take_ntp},
    {"locate", take_locate},
    {"order_wait", take_order_wait},
    {"deliver", take_deliver},
    {"heartbeat", take_heartbeat},
    {"progress", take_progress},
    {"parallel", take_parallel},
    {"start_rate", take_start_rate},
    {"done", leave_to_init},
    {"mark", leave_to_init},
    {"undelivered", leave_to_init},
    {"settle", leave_to_init},
    {"medium", leave_to_init},
    {"verbose", leave_to_init},
    {"network_wait", leave_to_init},
    {"nic", leave_to_init},
    {"vlan", leave_to_init},
    {"address", leave_to_init},
    {"gateway", leave_to_init},
    {"dns", leave_to_init},
    {"ca", leave_to_init},
    {"ca_sha256", leave_to_init},
};

static int take_word(const char *name, const char *value, struct agent_words *out) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i].name) == 0)
            return words[i].take(value, out);
    }
    return -EINVAL;
}

int agent_take_words(char *line, struct agent_words *out) {
    static const char prefix[] = "quietus.";
    char *rest = line;
    for (char *word; (word = strsep(&rest, " \t\n"));) {
        if (strncmp(word, prefix, strlen(prefix)) != 0)
            continue;
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        if (take_word(word + strlen(prefix), value ? value : "", out))
            return cli_error("agent",
                             "the kernel's command line has %s%s%s, which means nothing; "
                             "nothing was done",
                             word, value ? "=" : "", value ? value : "");
    }
    return EXIT_GOOD;
}
