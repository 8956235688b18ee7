/*
 * How long a program keeps a block device busy, and what it costs: runs it, and looks at the
 * device's statistics every few milliseconds.
 *   quietus-stopwatch NODE PROGRAM [ARGUMENT]...
 * Prints a line of JSON: seconds from the start to the last sector that was read or written (a
 * program that only wakes up once a second is not charged for that), CPU seconds of the program,
 * and of the whole machine, kernel threads included. The program's own output is dropped, or shown
 * if it fails.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_NS = 3000000 };

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool read_text(const char *path, char *out, size_t size) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0)
        (void)close(fd);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* Sectors read and written so far (Documentation/block/stat.rst). */
static uint64_t sectors(const char *path) {
    unsigned long long field[7] = {0};
    char text[512];
    if (!read_text(path, text, sizeof text) ||
        sscanf(text, "%llu %llu %llu %llu %llu %llu %llu", &field[0], &field[1], &field[2],
               &field[3], &field[4], &field[5], &field[6]) != 7)
        return 0;
    return field[2] + field[6];
}

/* CPU seconds of everybody since the boot, but idle, waiting and stolen ones (proc(5)). */
static double machine_cpu(void) {
    unsigned long long user, nice, system, idle, wait, irq, softirq;
    char text[512];
    if (!read_text("/proc/stat", text, sizeof text) ||
        sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait,
               &irq, &softirq) != 7)
        return 0;
    return (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
}

static double seconds_of(const struct timeval *time) {
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static pid_t start(char **command, int output) {
    const pid_t child = fork();
    if (child != 0)
        return child;
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    (void)execvp(command[0], command);
    _exit(127);
}

static void show(int output) {
    char text[4096];
    ssize_t got;
    (void)lseek(output, 0, SEEK_SET);
    while ((got = read(output, text, sizeof text)) > 0)
        (void)fwrite(text, 1, (size_t)got, stderr);
}

int main(int argc, char **argv) {
    char path[256];
    char file[] = "/tmp/stopwatch-XXXXXX";
    int status = 0;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: quietus-stopwatch NODE PROGRAM [ARGUMENT]...\n");
        return 1;
    }
    const char *slash = strrchr(argv[1], '/');
    (void)snprintf(path, sizeof path, "/sys/class/block/%s/stat", slash ? slash + 1 : argv[1]);
    const int output = mkstemp(file);
    (void)unlink(file);
    uint64_t seen = sectors(path);
    const double machine_before = machine_cpu();
    const double began = now();
    double last = began;
    const pid_t child = start(argv + 2, output);
    bool over = false;
    while (!over) {
        over = waitpid(child, &status, WNOHANG) != 0;
        const uint64_t done = sectors(path);
        if (done != seen)
            last = now();
        seen = done;
        if (!over)
            (void)nanosleep(&(struct timespec){0, STEP_NS}, NULL);
    }
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    (void)printf("{\"seconds\": %.4f, \"cpu\": %.3f, \"machine_cpu\": %.3f}\n", last - began,
                 seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime),
                 machine_cpu() - machine_before);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        show(output);
        return 1;
    }
    return 0;
}
