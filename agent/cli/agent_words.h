/* What the kernel's command line tells the unattended agent. */
#ifndef QUIETUS_CLI_AGENT_WORDS_H
#define QUIETUS_CLI_AGENT_WORDS_H

#include "cli.h"

enum { AGENT_VALUE_SIZE = 1024, AGENT_MOST_SECONDS = 1000000 };

struct agent_words {
    bool erase;
    bool locate;
    char order[AGENT_VALUE_SIZE];
    char report[AGENT_VALUE_SIZE];
    char expected[AGENT_VALUE_SIZE];
    char secrets[AGENT_VALUE_SIZE];
    char ntp[AGENT_VALUE_SIZE];
    unsigned order_wait;
    unsigned deliver_seconds;
    unsigned heartbeat_seconds;
    enum progress_style progress;
    struct runner_limits limits;
    enum thaw thaw;
    /* Of the agent's own options: */
    const char *command_line;
    const char *trust_folder;
    const char *spool;
    const char *state;
    const char *stick;
    const char *passphrase_file;
    bool only_check;
};

/* Takes the words over; the line is cut up. EXIT_GOOD, or EXIT_USAGE after a message: a word that
 * is misspelt must not be passed over, since it may be the one that limits what is done. */
int agent_take_words(char *line, struct agent_words *out);

#endif
