/* The transport through a RAID controller: everything by SCSI commands. */
#include "passage.h"

#include "quietus/memory.h"

#include "command_io.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

/* sg passes unknown ioctls on to the driver only if it was opened for writing. */
static int kernel_open(const char *node, int *fd) {
    *fd = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return *fd < 0 ? -errno : 0;
}

static int kernel_ioctl(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

static void kernel_close(int fd) {
    (void)close(fd);
}

static const struct passage_kernel real = {kernel_open, kernel_ioctl, kernel_close};
static const struct passage_kernel *kernel = &real;

void passage_use(const struct passage_kernel *other) {
    kernel = other ? other : &real;
}

int passage_open(const struct raid_address *address, struct passage *out) {
    *out = (struct passage){.address = *address, .fd = -1};
    if (getrandom(out->canary, sizeof out->canary, 0) != sizeof out->canary)
        return -EIO;
    return kernel->open(address->node, &out->fd);
}

void passage_close(struct passage *passage) {
    if (passage->fd >= 0)
        kernel->close(passage->fd);
    passage->fd = -1;
}

int passage_ioctl(const struct passage *passage, unsigned long request, void *argument) {
    return kernel->ioctl(passage->fd, request, argument);
}

uint16_t passage_seconds(uint32_t milliseconds) {
    const uint32_t value = milliseconds / 1000 + (milliseconds % 1000 != 0);
    return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

int passage_scsi(const struct passage *passage, struct scsi_command *command) {
    switch (passage->address.driver) {
    case RAID_MEGARAID:
        return megaraid_scsi(passage, command);
    case RAID_CCISS:
        return cciss_scsi(passage, command);
    default:
        return -EOPNOTSUPP;
    }
}

struct raid_transport {
    struct passage passage;
    struct command_io io;
    struct io_request *finished[TRANSPORT_DEPTH];
    unsigned under_way;
};

static int transport_scsi(void *context, struct scsi_command *command) {
    return passage_scsi(&((struct raid_transport *)context)->passage, command);
}

static int transport_nvme(void *context, struct nvme_command *command) {
    (void)context;
    (void)command;
    return -EOPNOTSUPP;
}

static int transport_area_size(void *context, unsigned area, uint64_t *bytes) {
    (void)context;
    (void)area;
    *bytes = 0;
    return -ENODEV;
}

static int transport_area_names(void *context, unsigned area, char *serial, char *model) {
    (void)context;
    (void)area;
    serial[0] = '\0';
    model[0] = '\0';
    return -ENODEV;
}

/* Nobody on this machine can have it open: there is nothing to open. What the controller does with
 * it is not to be prevented (see plan_exceptions). */
static int transport_arm(void *context) {
    ((struct raid_transport *)context)->io.may_write = true;
    return 0;
}

static void transport_disarm(void *context) {
    ((struct raid_transport *)context)->io.may_write = false;
}

static int transport_submit(void *context, struct io_request *request) {
    struct raid_transport *transport = context;
    if (request->area != 0 || transport->io.lba_size == 0)
        return -ENODEV;
    if (transport->under_way >= TRANSPORT_DEPTH)
        return -EAGAIN;
    command_io_do(&transport->io, request);
    transport->finished[transport->under_way++] = request;
    return 0;
}

static int transport_wait(void *context, uint32_t timeout_ms, struct io_request **done) {
    struct raid_transport *transport = context;
    (void)timeout_ms;
    if (transport->under_way == 0)
        return -ENOENT;
    *done = transport->finished[0];
    transport->under_way--;
    memmove(transport->finished, transport->finished + 1,
            transport->under_way * sizeof transport->finished[0]);
    return 0;
}

static int transport_flush(void *context, unsigned area) {
    (void)area;
    return command_io_flush(&((struct raid_transport *)context)->io);
}

/* There is no block layer that would remember anything. */
static int transport_nothing(void *context) {
    (void)context;
    return 0;
}

static void transport_close(void *context) {
    struct raid_transport *transport = context;
    passage_close(&transport->passage);
    free(transport);
}

static const struct transport_ops ops_of_raid = {
    .scsi = transport_scsi,
    .nvme_admin = transport_nvme,
    .area_size = transport_area_size,
    .area_names = transport_area_names,
    .arm = transport_arm,
    .disarm = transport_disarm,
    .submit = transport_submit,
    .wait = transport_wait,
    .flush = transport_flush,
    .refresh = transport_nothing,
    .rediscover = transport_nothing,
    .close = transport_close,
};

int passage_transport_open(const struct disk *disk, const struct transport_ops **ops,
                           void **context) {
    struct raid_transport *transport = memory_new(1, sizeof *transport);
    const int error = passage_open(&disk->raid.address, &transport->passage);
    if (error) {
        free(transport);
        return error;
    }
    transport->io = (struct command_io){
        .scsi = transport_scsi,
        .context = transport,
        .lba_size = disk->area_count > 0 ? disk->areas[0].lba_size : 0,
    };
    *ops = &ops_of_raid;
    *context = transport;
    return 0;
}
