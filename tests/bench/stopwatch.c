/*
 * How fast a program writes or reads a block device, and what that costs: runs it, and looks at its
 * and the device's statistics every few milliseconds.
 *   quietus-stopwatch read|write NODE PROGRAM [ARGUMENT]...
 * The clock starts when the program has handed over its first MiB, so that its start and its search
 * for disks are not charged, and stops at the last sector that the device was done with, so that
 * neither is a program's end. Prints a line of JSON: seconds and bytes between the two, CPU seconds
 * of the program and of the whole machine (kernel threads included) between the two, and the
 * seconds before. The program's own output is dropped, or shown if it fails. The program has to do
 * its input and output in its own process; threads are counted.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_NS = 2000000, FIRST_BYTES = 1 << 20 };

/* What can be seen at one moment. */
struct look {
    double time;
    double cpu;         /* of the program */
    double machine_cpu; /* of everybody */
    uint64_t bytes;     /* that the program has handed over, or asked for */
    uint64_t sectors;   /* that the device was done with */
};

/* Where to look. */
struct watched {
    bool writes;
    clockid_t clock;
    char io[64];
    char device[256];
};

static double seconds(clockid_t clock) {
    struct timespec time = {0};
    (void)clock_gettime(clock, &time);
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

/* Sectors read or written so far (Documentation/block/stat.rst). */
static uint64_t sectors(const struct watched *watched) {
    unsigned long long field[7] = {0};
    char text[512];
    if (!read_text(watched->device, text, sizeof text) ||
        sscanf(text, "%llu %llu %llu %llu %llu %llu %llu", &field[0], &field[1], &field[2],
               &field[3], &field[4], &field[5], &field[6]) != 7)
        return 0;
    return watched->writes ? field[6] : field[2];
}

/* Bytes that a process has caused to be read or written: counted when a direct request is made, or
 * a page of the cache gets dirty (proc(5), /proc/pid/io). */
static uint64_t process_bytes(const struct watched *watched) {
    char text[512];
    unsigned long long value = 0;
    if (!read_text(watched->io, text, sizeof text))
        return 0;
    const char *name = watched->writes ? "\nwrite_bytes: " : "\nread_bytes: ";
    const char *at = strstr(text, name);
    if (at)
        value = strtoull(at + strlen(name), NULL, 10);
    return value;
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

static struct look look(const struct watched *watched) {
    return (struct look){.sectors = sectors(watched),
                         .bytes = process_bytes(watched),
                         .cpu = seconds(watched->clock),
                         .machine_cpu = machine_cpu(),
                         .time = seconds(CLOCK_MONOTONIC)};
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

/* Looks until the program has ended; it stays a zombie, so that its clock can still be read.
 * first: when it had handed over the first MiB; last: when the device had done the last sector. */
static void watch(const struct watched *watched, pid_t child, struct look *first,
                  struct look *last) {
    bool over = false;
    while (!over) {
        siginfo_t ended = {0};
        over = waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
               ended.si_pid != 0;
        const struct look now = look(watched);
        if (first->bytes == 0 && now.bytes >= FIRST_BYTES)
            *first = now;
        if (now.sectors != last->sectors)
            *last = now;
        if (!over)
            (void)nanosleep(&(struct timespec){0, STEP_NS}, NULL);
    }
}

int main(int argc, char **argv) {
    struct watched watched = {.writes = argc > 1 && strcmp(argv[1], "write") == 0};
    char file[] = "/tmp/stopwatch-XXXXXX";
    int status = 0;
    if (argc < 4 || (!watched.writes && strcmp(argv[1], "read") != 0)) {
        (void)fprintf(stderr, "usage: quietus-stopwatch read|write NODE PROGRAM [ARGUMENT]...\n");
        return 1;
    }
    const char *slash = strrchr(argv[2], '/');
    (void)snprintf(watched.device, sizeof watched.device, "/sys/class/block/%s/stat",
                   slash ? slash + 1 : argv[2]);
    const int output = mkstemp(file);
    (void)unlink(file);
    struct look first = {0};
    struct look last = {.sectors = sectors(&watched)};
    const double began = seconds(CLOCK_MONOTONIC);
    const pid_t child = start(argv + 3, output);
    (void)snprintf(watched.io, sizeof watched.io, "/proc/%d/io", (int)child);
    if (clock_getcpuclockid(child, &watched.clock) != 0)
        return 1;
    watch(&watched, child, &first, &last);
    (void)waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        show(output);
        return 1;
    }
    if (first.bytes == 0 || last.time <= first.time) {
        (void)fprintf(stderr, "%s did too little on %s to be timed\n", argv[3], argv[2]);
        return 1;
    }
    (void)printf("{\"seconds\": %.4f, \"bytes\": %llu, \"cpu\": %.4f, \"machine_cpu\": %.3f, "
                 "\"start\": %.3f}\n",
                 last.time - first.time, (unsigned long long)(last.bytes - first.bytes),
                 last.cpu - first.cpu, last.machine_cpu - first.machine_cpu, first.time - began);
    return 0;
}
