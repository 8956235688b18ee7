/*
 * quietus-sim: simulated drives for virtual machines.
 *
 *     quietus-sim [--trace] [--factor N] DESCRIPTION
 *
 * Reads a description of drives and ports (description.h), opens the drives with what their files
 * hold, and listens at each port's socket for a QEMU:
 *
 *     front = nvme   -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"SOCKET"}}'
 *     front = ahci   the same
 *     front = scsi   -chardev socket,id=c,path=SOCKET -device vhost-user-scsi-pci,chardev=c
 *
 * The machine's memory must be shared (memory-backend-memfd,share=on). "ready" is printed on stdout
 * once every socket listens. A machine that goes away cuts the power of its drives; the next one
 * finds them as they were left. SIGTERM or SIGINT ends it, as a power cut.
 */
#include "bay.h"
#include "description.h"
#include "event_loop.h"
#include "pci_ahci.h"
#include "pci_nvme.h"
#include "simtime.h"
#include "vhost_user_scsi.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char usage[] =
    "usage: quietus-sim [--trace] [--factor N] DESCRIPTION\n"
    "Serves the simulated drives of a description to virtual machines until SIGTERM.\n"
    "  --trace     print each command with its result on stderr\n"
    "  --factor N  let simulated time run N times as fast as real time (default 1)\n";

struct port {
    const struct port_description *description;
    struct bay *bays[PORT_DRIVES];
    void *front;
};

struct simulation {
    struct event_loop loop;
    struct watch signals;
    bool ended;
    bool trace;
    uint64_t factor;
    struct bay bays[DESCRIPTION_DRIVES];
    unsigned bay_count;
    struct port ports[DESCRIPTION_PORTS];
    unsigned port_count;
};

static void *open_nvme(struct event_loop *loop, struct port *port, char *problem, size_t size) {
    const struct port_description *description = port->description;
    if (description->drive_count != 1) {
        snprintf(problem, size, "port %s: an NVMe controller has one drive", description->name);
        return NULL;
    }
    return pci_nvme_open(loop, description->socket, port->bays[0],
                         (uint16_t)description->controller, problem, size);
}

static void advance_nvme(void *front) {
    pci_nvme_advance(front);
}

static void close_nvme(void *front) {
    pci_nvme_close(front);
}

static void *open_ahci(struct event_loop *loop, struct port *port, char *problem, size_t size) {
    return pci_ahci_open(loop, port->description->socket, port->bays,
                         port->description->drive_count, problem, size);
}

static void advance_ahci(void *front) {
    pci_ahci_advance(front);
}

static void close_ahci(void *front) {
    pci_ahci_close(front);
}

static void *open_scsi(struct event_loop *loop, struct port *port, char *problem, size_t size) {
    return vhost_user_scsi_open(loop, port->description->socket, port->bays,
                                port->description->drive_count,
                                (uint16_t)port->description->controller, problem, size);
}

static void advance_scsi(void *front) {
    vhost_user_scsi_advance(front);
}

static void close_scsi(void *front) {
    vhost_user_scsi_close(front);
}

static const struct {
    void *(*open)(struct event_loop *loop, struct port *port, char *problem, size_t size);
    void (*advance)(void *front);
    void (*close)(void *front);
} fronts[] = {
    [FRONT_NVME] = {open_nvme, advance_nvme, close_nvme},
    [FRONT_AHCI] = {open_ahci, advance_ahci, close_ahci},
    [FRONT_SCSI] = {open_scsi, advance_scsi, close_scsi},
};

static struct bay *bay_of(struct simulation *simulation, const char *name) {
    for (unsigned i = 0; i < simulation->bay_count; i++) {
        if (strcmp(drive_name(simulation->bays[i].drive), name) == 0) {
            return &simulation->bays[i];
        }
    }
    return NULL;
}

static bool open_drives(struct simulation *simulation, const struct description *description,
                        char *problem, size_t size) {
    for (unsigned i = 0; i < description->drive_count; i++) {
        struct drive *drive = drive_open(&description->drives[i], problem, size);
        if (!drive) {
            return false;
        }
        simulation->bays[simulation->bay_count++] =
            (struct bay){.drive = drive, .trace = simulation->trace};
    }
    return true;
}

static bool open_ports(struct simulation *simulation, const struct description *description,
                       char *problem, size_t size) {
    for (unsigned i = 0; i < description->port_count; i++) {
        struct port *port = &simulation->ports[simulation->port_count];
        port->description = &description->ports[i];
        for (unsigned k = 0; k < port->description->drive_count; k++) {
            port->bays[k] = bay_of(simulation, port->description->drives[k]);
            if (!port->bays[k]) {
                snprintf(problem, size, "port %s: there is no drive %s", port->description->name,
                         port->description->drives[k]);
                return false;
            }
        }
        port->front = fronts[port->description->front].open(&simulation->loop, port, problem, size);
        if (!port->front) {
            return false;
        }
        simulation->port_count++;
    }
    return true;
}

static void close_all(struct simulation *simulation) {
    for (unsigned i = 0; i < simulation->port_count; i++) {
        fronts[simulation->ports[i].description->front].close(simulation->ports[i].front);
    }
    for (unsigned i = 0; i < simulation->bay_count; i++) {
        drive_close(simulation->bays[i].drive);
    }
}

static void on_signal(void *context) {
    struct simulation *simulation = context;
    simulation->ended = true;
}

static bool watch_signals(struct simulation *simulation) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    simulation->signals = (struct watch){fd, on_signal, simulation};
    return fd >= 0 && event_loop_add(&simulation->loop, &simulation->signals);
}

static void advance(struct simulation *simulation) {
    for (unsigned i = 0; i < simulation->bay_count; i++) {
        drive_advance(simulation->bays[i].drive);
    }
    for (unsigned i = 0; i < simulation->port_count; i++) {
        struct port *port = &simulation->ports[i];
        fronts[port->description->front].advance(port->front);
    }
}

/* Real milliseconds until a drive has something to do; -1: none has. */
static int time_to_wait(const struct simulation *simulation) {
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < simulation->bay_count; i++) {
        uint64_t due = drive_next_event(simulation->bays[i].drive);
        least = due < least ? due : least;
    }
    if (least == UINT64_MAX) {
        return -1;
    }
    uint64_t real = least / simulation->factor + (least % simulation->factor != 0);
    return real < 1000 ? (int)real : 1000;
}

/* A command executed through one port may end another's, so that ports advance with the clock and
 * before each wait. */
static void serve(struct simulation *simulation) {
    uint64_t last = 0;
    while (!simulation->ended) {
        bool busy = event_loop_turn(&simulation->loop, 0);
        uint64_t now = simtime_now();
        if (!busy || now != last) {
            advance(simulation);
            last = now;
        }
        if (!busy) {
            event_loop_turn(&simulation->loop, time_to_wait(simulation));
        }
    }
}

static bool parse_factor(const char *text, uint64_t *factor) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *factor = value;
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && value >= 1 &&
           value <= 1000000;
}

/* Returns the index of the description, or the exit status, negative or zero, to end with. */
static int parse_options(int argc, char **argv, struct simulation *simulation) {
    static const struct option options[] = {{"trace", no_argument, NULL, 't'},
                                            {"factor", required_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (option == 't') {
            simulation->trace = true;
        } else if (option != 'f' || !parse_factor(optarg, &simulation->factor)) {
            fputs(usage, stderr);
            return -1;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return -1;
    }
    return optind;
}

static bool run(struct simulation *simulation, const char *path, char *problem, size_t size) {
    struct description *description = description_read(path, problem, size);
    if (!description) {
        return false;
    }
    if (!event_loop_open(&simulation->loop) || !watch_signals(simulation)) {
        snprintf(problem, size, "cannot set up the event loop: %s", strerror(errno));
        free(description);
        return false;
    }
    simtime_start(simulation->factor);
    bool opened = open_drives(simulation, description, problem, size) &&
                  open_ports(simulation, description, problem, size);
    if (opened) {
        puts("ready");
        fflush(stdout);
        serve(simulation);
    }
    close_all(simulation);
    close(simulation->signals.fd);
    event_loop_close(&simulation->loop);
    free(description);
    return opened;
}

int main(int argc, char **argv) {
    static struct simulation simulation = {.factor = 1};
    int index = parse_options(argc, argv, &simulation);
    if (index <= 0) {
        return index == 0 ? 0 : 1;
    }
    setvbuf(stderr, NULL, _IOLBF, 0);
    char problem[512] = "";
    if (!run(&simulation, argv[index], problem, sizeof problem)) {
        fprintf(stderr, "quietus-sim: %s\n", problem);
        return 1;
    }
    return 0;
}
