/* Work in a process of its own: whoever started it sees what it would see without, and does not
 * wait for what is stuck. */
#include "quietus/apart.h"
#include "quietus/clock.h"
#include "quietus/interrupt.h"

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOON_MS = 500, LONG_S = 200 };

/* What the child says goes here: its pid first. */
static int said[2];

/* Whoever runs the tests may ignore signals (nohup), which would be inherited. */
static void begin(void) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        (void)signal(signals[i], SIG_DFL);
    assert_int_equal(pipe2(said, O_CLOEXEC), 0);
}

static void end(void) {
    (void)close(said[0]);
    (void)close(said[1]);
}

static void say_pid(void) {
    const pid_t pid = getpid();
    (void)!write(said[1], &pid, sizeof pid);
}

static pid_t hear_pid(void) {
    pid_t pid = 0;
    assert_int_equal(read(said[0], &pid, sizeof pid), sizeof pid);
    return pid;
}

/* A program that does its work apart, its output in a pipe whose end to read is returned. */
static pid_t start_program(int (*work)(int, char **), int *output) {
    int printed[2];
    char *arguments[] = {(char[]){"work"}, (char[]){"7"}, NULL};
    assert_int_equal(pipe2(printed, O_CLOEXEC), 0);
    const pid_t program = fork();
    if (program == 0) {
        (void)dup2(printed[1], STDOUT_FILENO);
        (void)dup2(printed[1], STDERR_FILENO);
        (void)close(printed[0]);
        (void)close(printed[1]);
        exit(apart_run(work, 2, arguments)); // NOLINT(concurrency-mt-unsafe)
    }
    (void)close(printed[1]);
    *output = printed[0];
    return program;
}

/* How the program has ended; the rest of what it printed is in `text`. */
static int end_of(pid_t program, int output, char *text, size_t size) {
    int how;
    size_t used = 0;
    ssize_t count;
    assert_int_equal(waitpid(program, &how, 0), program);
    while ((count = read(output, text + used, size - 1 - used)) > 0)
        used += (size_t)count;
    text[used] = '\0';
    (void)close(output);
    return how;
}

static void expect_exit(int how, int status) {
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), status);
}

static bool is_gone_soon(pid_t pid) {
    for (int waited = 0; waited < 20000; waited += 50) {
        if (kill(pid, 0) != 0 && errno == ESRCH)
            return true;
        clock_sleep_ms(50);
    }
    return false;
}

static int say_argument(int argc, char **argv) {
    say_pid();
    (void)printf("%s of %d", argv[1], argc);
    return (int)strtol(argv[1], NULL, 10);
}

static void test_status_and_output(void **state) {
    (void)state;
    int output;
    char text[100];
    begin();
    const pid_t program = start_program(say_argument, &output);
    const int how = end_of(program, output, text, sizeof text);
    expect_exit(how, 7);
    assert_string_equal(text, "7 of 2");
    assert_int_not_equal(hear_pid(), program);
    end();
}

static int wait_for_ever(int argc, char **argv) {
    (void)argc;
    (void)argv;
    say_pid();
    (void)sleep(LONG_S);
    return 0;
}

/* A signal to the program ends it as ever, and its child with it. */
static void test_signals(void **state) {
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGKILL};
    int output;
    char text[100];
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        begin();
        const pid_t program = start_program(wait_for_ever, &output);
        const pid_t child = hear_pid();
        assert_int_equal(kill(program, signals[i]), 0);
        const int how = end_of(program, output, text, sizeof text);
        assert_true(WIFSIGNALED(how));
        assert_int_equal(WTERMSIG(how), signals[i]);
        assert_true(is_gone_soon(child));
        end();
    }
}

/* nohup: one that is ignored ends nothing, passed on or not. */
static void test_ignored_signal(void **state) {
    (void)state;
    int how;
    int output;
    char text[100];
    begin();
    (void)signal(SIGHUP, SIG_IGN);
    const pid_t program = start_program(wait_for_ever, &output);
    (void)signal(SIGHUP, SIG_DFL);
    const pid_t child = hear_pid();
    assert_int_equal(kill(program, SIGHUP), 0);
    clock_sleep_ms(SOON_MS);
    assert_int_equal(waitpid(program, &how, WNOHANG), 0);
    assert_int_equal(kill(child, SIGUSR1), 0); /* and one that the child dies of shows */
    how = end_of(program, output, text, sizeof text);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(WTERMSIG(how), SIGUSR1);
    end();
}

/* Each is asked for once: how often it came is the status. */
static int count_interrupts(int argc, char **argv) {
    (void)argc;
    (void)argv;
    int count = 0;
    interrupt_hold();
    say_pid();
    while (interrupt_wait(count == 0 ? LONG_S * 1000 : SOON_MS) != 0)
        count++;
    return count;
}

/* A program on a terminal of its own, as the leader of its session. */
static pid_t start_on_terminal(int *terminal) {
    const pid_t program = forkpty(terminal, NULL, NULL, NULL);
    if (program == 0)
        exit(apart_run(count_interrupts, 0, NULL)); // NOLINT(concurrency-mt-unsafe)
    (void)hear_pid();
    return program;
}

/* From a terminal both have it; the child is not told a second time. */
static void test_terminal(void **state) {
    (void)state;
    int how;
    int terminal;
    begin();
    const pid_t program = start_on_terminal(&terminal);
    assert_int_equal(write(terminal, "\x03", 1), 1);
    assert_int_equal(waitpid(program, &how, 0), program);
    expect_exit(how, 1);
    (void)close(terminal);
    end();
}

/* The terminal is hung up: the leader of its session is told, and nobody else. */
static void test_hangup(void **state) {
    (void)state;
    int how;
    int terminal;
    begin();
    const pid_t program = start_on_terminal(&terminal);
    (void)close(terminal);
    assert_int_equal(waitpid(program, &how, 0), program);
    expect_exit(how, 1);
    end();
}

static int end_well(int argc, char **argv) {
    (void)argc;
    (void)argv;
    interrupt_hold();
    say_pid();
    if (interrupt_wait((int64_t)LONG_S * 1000) != SIGTERM)
        return 1;
    say_pid();
    interrupt_release();
    clock_sleep_ms(SOON_MS); /* it is not only its end that saves it */
    return 21;
}

/* Who ends all processes of the name (killall) asks both: the child is asked once. */
static void test_both_are_asked(void **state) {
    (void)state;
    int output;
    char text[100];
    begin();
    const pid_t program = start_program(end_well, &output);
    const pid_t child = hear_pid();
    assert_int_equal(kill(child, SIGTERM), 0);
    (void)hear_pid(); /* it has taken that: they do not count as one */
    assert_int_equal(kill(program, SIGTERM), 0);
    const int how = end_of(program, output, text, sizeof text);
    expect_exit(how, 21);
    end();
}

static void *look_at_mask(void *argument) {
    sigset_t *mask = argument;
    (void)pthread_sigmask(SIG_SETMASK, NULL, mask);
    return NULL;
}

/* One that may be held is not the one that a signal finds while the others hold it. */
static void test_thread_that_no_signal_reaches(void **state) {
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t in_thread;
    sigset_t here;
    pthread_t thread;
    assert_int_equal(interrupt_free_thread(&thread, look_at_mask, &in_thread), 0);
    (void)pthread_join(thread, NULL);
    (void)look_at_mask(&here);
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        assert_true(sigismember(&in_thread, signals[i]));
        assert_false(sigismember(&here, signals[i]));
    }
}

/* As a thread in the kernel does, whatever it is sent. */
static void stay(void) {
    (void)prctl(PR_SET_PDEATHSIG, 0);
    (void)sleep(LONG_S);
}

static int end_never(int argc, char **argv) {
    (void)argc;
    (void)argv;
    (void)atexit(stay);
    say_pid();
    (void)puts("all is said");
    return 21;
}

/* It has ended for whoever waits, and for whoever reads what it printed, with its status. */
static void test_stuck(void **state) {
    (void)state;
    int output;
    char text[500];
    begin();
    const pid_t program = start_program(end_never, &output);
    const pid_t child = hear_pid();
    const int how = end_of(program, output, text, sizeof text);
    expect_exit(how, 21);
    assert_non_null(strstr(text, "all is said\n"));
    assert_non_null(strstr(text, "does not answer holds process"));
    assert_int_equal(kill(child, SIGKILL), 0); /* it was there still */
    end();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_status_and_output),
    cmocka_unit_test(test_signals),
    cmocka_unit_test(test_ignored_signal),
    cmocka_unit_test(test_terminal),
    cmocka_unit_test(test_hangup),
    cmocka_unit_test(test_both_are_asked),
    cmocka_unit_test(test_thread_that_no_signal_reaches),
    cmocka_unit_test(test_stuck),
};

TEST_MAIN(tests)
