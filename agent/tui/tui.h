/* The technician's screen: what `quietus tui` runs. */
#ifndef QUIETUS_TUI_H
#define QUIETUS_TUI_H

#include "quietus/policy.h"
#include "quietus/run.h"

struct tui_options {
    struct policy policy;
    struct runner_limits limits;
    char *const *consoles; /* nodes; none: this terminal */
    size_t console_count;
    const char *root;     /* a saved tree: to look only; "": this machine */
    const char *spool;    /* folder */
    const char *stick;    /* where a stick is mounted, or NULL: the spool is where documents stay */
    const char *sign_key; /* or NULL: the stick's, or one made in memory */
    const char *choice;   /* file for "poweroff" or "reboot"; NULL: neither is offered */
};

/* Runs until the person ends it; the exit status of the last erase (exit_status.h), or 0. */
int tui_run(const struct tui_options *options);

#endif
