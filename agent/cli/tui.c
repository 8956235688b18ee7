#include "../tui/tui.h"

#include "quietus/memory.h"
#include "quietus/timekeeping.h"

#include "cli.h"

#include <stdlib.h>

/* For the certificates; before there are threads, and not again if a network comes later. */
static void learn_time(const char *servers) {
    (void)time_learn(&(struct time_sources){servers, TIME_SERVERS_OF_DHCP, ""});
    time_print(stdout);
}

int cli_tui(int argc, char **argv) {
    static const struct option options[] = {
        {"console", required_argument, NULL, 'c'},
        {"spool", required_argument, NULL, 's'},
        {"stick", required_argument, NULL, 't'},
        {"sign-key", required_argument, NULL, 'k'},
        {"parallel", required_argument, NULL, 'n'},
        {"start-rate", required_argument, NULL, 'f'},
        {"ntp", required_argument, NULL, 'm'},
        {"choice", required_argument, NULL, 'e'},
        {"sysroot", required_argument, NULL, 'r'},
        CLI_POLICY_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    struct tui_options how = {.root = "", .spool = "./quietus-certificates"};
    struct reason reason;
    const char *time_servers = NULL;
    char **consoles = memory_new((size_t)argc, sizeof *consoles);
    int error = 0;
    policy_default(&how.policy);
    for (int option; !error && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'c')
            consoles[how.console_count++] = optarg;
        else if (option == 's')
            how.spool = optarg;
        else if (option == 't')
            how.stick = optarg;
        else if (option == 'k')
            how.sign_key = optarg;
        else if (option == 'm')
            time_servers = optarg;
        else if (option == 'e')
            how.choice = optarg;
        else if (option == 'r')
            how.root = optarg[0] ? optarg : ".";
        else if (option == 'n')
            error = runner_parse_parallel(optarg, &how.limits, &reason);
        else if (option == 'f')
            error = runner_parse_start_rate(optarg, &how.limits, &reason);
        else
            error = cli_policy_option(option, optarg, &how.policy, &reason);
        if (option == '?') {
            free(consoles);
            return cli_bad_option("tui");
        }
    }
    how.consoles = consoles;
    int status = EXIT_USAGE;
    if (error)
        status = cli_error("tui", "%s", reason.text);
    else if (optind != argc)
        status = cli_error("tui", "takes options only; disks are chosen on the screen");
    else if (how.root[0] == '\0' || cli_sysroot("tui", how.root) == EXIT_GOOD) {
        if (time_servers)
            learn_time(time_servers);
        status = tui_run(&how);
    }
    free(consoles);
    return status;
}
