#include "quietus/apart.h"

#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What this process is waiting for, besides the child's end. */
struct watch {
    pid_t child;
    int signals;      /* those to pass on (none that is ignored), and SIGCHLD */
    int told;         /* the child's status comes here; -1 once it has */
    int how;          /* what the child ends with, as waitpid has it */
    int last_signal;  /* that came, or SIGKILL */
    int64_t until_ms; /* when the child is left behind; 0: not yet to be */
};

/* Whoever reads what is printed is not to wait for the end of a process that is held. */
static void let_go_of_output(void) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
        (void)dup2(null, fd);
    cleanup_fd(&null);
}

static int work_and_tell(int (*work)(int argc, char **argv), int argc, char **argv, int told) {
    const int status = work(argc, argv);
    (void)fflush(stdout);
    (void)fflush(stderr);
    let_go_of_output();
    if (write(told, &status, sizeof status) != sizeof status)
        return status; /* nobody is there to be told */
    return status;
}

/* The program ends as the child has: whoever watches it sees no difference. */
static int end_as(int how) {
    if (WIFEXITED(how))
        return WEXITSTATUS(how);
    const int number = WTERMSIG(how);
    sigset_t one;
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* the child has dumped its own */
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, number);
    (void)sigprocmask(SIG_UNBLOCK, &one, NULL);
    return 128 + number; /* where it is none that ends a process */
}

static void take_signal(struct watch *watch) {
    struct signalfd_siginfo info;
    if (read(watch->signals, &info, sizeof info) != sizeof info || info.ssi_signo == SIGCHLD)
        return;
    watch->last_signal = (int)info.ssi_signo;
    /* A terminal's go to the whole foreground group, and the child has it already; but that it was
     * hung up is told to the leader of the session alone. */
    const bool is_leaders = info.ssi_signo == SIGHUP && getsid(0) == getpid();
    if (info.ssi_code != SI_KERNEL || is_leaders)
        (void)kill(watch->child, watch->last_signal);
}

static void leave_soon(struct watch *watch, int how) {
    watch->how = how;
    watch->until_ms = clock_monotonic_ms() + APART_GRACE_MS;
}

static void take_status(struct watch *watch) {
    int status;
    if (read(watch->told, &status, sizeof status) == sizeof status)
        leave_soon(watch, W_EXITCODE(status & 0xff, 0));
    watch->told = -1; /* or it has ended without */
}

static bool has_kill_waiting(const char *line) {
    static const char name[] = "SigPnd:";
    return strncmp(line, name, sizeof name - 1) == 0 &&
           (strtoull(line + sizeof name - 1, NULL, 16) >> (SIGKILL - 1) & 1) != 0;
}

/*
 * A child that a signal has ended while the kernel holds a thread of it says nothing, and waitpid
 * does not either. Its first thread is a zombie then, or, if it is the one that is held, has
 * SIGKILL waiting.
 */
static bool is_ending(pid_t child) {
    char path[64];
    char line[128];
    bool found = false;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    AUTO_STREAM stream = fopen(path, "re");
    while (stream && !found && fgets(line, sizeof line, stream))
        found = strncmp(line, "State:\tZ", 8) == 0 || has_kill_waiting(line);
    return found;
}

static int left_behind(const struct watch *watch) {
    (void)fprintf(stderr,
                  "quietus: a disk that does not answer holds process %d in the kernel; it is left "
                  "there, and the program ends without it\n",
                  (int)watch->child);
    return end_as(watch->how);
}

static int wait_for_end(struct watch *watch) {
    enum { LOOK_AGAIN_MS = 1000 };
    int how;
    while (waitpid(watch->child, &how, WNOHANG) != watch->child) {
        const bool is_left = watch->until_ms > 0;
        if (is_left && clock_monotonic_ms() >= watch->until_ms)
            return left_behind(watch);
        if (!is_left && is_ending(watch->child))
            leave_soon(watch, W_EXITCODE(0, watch->last_signal));
        struct pollfd fds[] = {{watch->signals, POLLIN, 0}, {watch->told, POLLIN, 0}};
        if (poll(fds, 2, LOOK_AGAIN_MS) <= 0)
            continue;
        if (fds[0].revents)
            take_signal(watch);
        if (fds[1].revents)
            take_status(watch);
    }
    return end_as(how);
}

static int watch_child(pid_t child, const int told[2], const sigset_t *signals) {
    AUTO_FD fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    AUTO_FD hear = told[0];
    struct watch watch = {.child = child, .signals = fd, .told = hear, .last_signal = SIGKILL};
    (void)close(told[1]); /* the child alone has it: its end is heard */
    return wait_for_end(&watch);
}

int apart_run(int (*work)(int argc, char **argv), int argc, char **argv) {
    const pid_t self = getpid();
    int told[2];
    sigset_t before;
    sigset_t signals = interrupt_signals();
    (void)sigaddset(&signals, SIGCHLD);
    if (pipe2(told, O_CLOEXEC) != 0)
        return work(argc, argv);
    (void)signal(SIGCHLD, SIG_DFL); /* if ignored, the kernel would not keep the child's status */
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    const pid_t child = fork();
    if (child > 0)
        return watch_child(child, told, &signals);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (child < 0) {
        (void)close(told[0]);
        (void)close(told[1]);
        return work(argc, argv);
    }
    /* Nothing of it goes on by itself, not even if it is left behind and the disk answers yet. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self)
        _exit(EXIT_FAILURE); /* killed already */
    return work_and_tell(work, argc, argv, told[1]);
}
