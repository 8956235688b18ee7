/* The Linux transport; besides passage.c the only code that calls ioctl. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/memory.h"

#include "command_io.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libnvme.h>
#include <liburing.h>
#include <linux/fs.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

struct linux_transport {
    int command_fd;
    int area_fds[DISK_AREAS];
    char nodes[DISK_AREAS][DISK_NODE_SIZE];
    uint32_t nsids[DISK_AREAS];
    uint32_t lba_sizes[DISK_AREAS];
    bool by_command; /* an area without a block device is read and written by SCSI commands */
    bool may_write;  /* such an area, while armed */
    unsigned area_count;
    bool has_ring; /* else requests are done one by one, as they are submitted */
    struct io_uring ring;
    uint8_t *lent; /* registered with the ring, or NULL */
    size_t lent_length;
    bool has_files; /* area_fds are registered too */
    unsigned under_way;
    struct io_request *finished[TRANSPORT_DEPTH]; /* without a ring */
};

static int data_direction(enum transfer transfer) {
    switch (transfer) {
    case TRANSFER_IN:
        return SG_DXFER_FROM_DEV;
    case TRANSFER_OUT:
        return SG_DXFER_TO_DEV;
    default:
        return SG_DXFER_NONE;
    }
}

/* A residue that cannot be is that of everything. */
void linux_take_answer(const struct sg_io_hdr *header, struct scsi_command *command) {
    const bool is_possible = header->resid >= 0 && (uint32_t)header->resid <= command->data_length;
    const uint32_t residue = is_possible ? (uint32_t)header->resid : command->data_length;
    command->status = header->status;
    command->host_status = header->host_status;
    command->driver_status = header->driver_status;
    command->sense_length = header->sb_len_wr;
    command->received = command->transfer == TRANSFER_IN ? command->data_length - residue : 0;
    command->unsent = command->transfer == TRANSFER_OUT ? residue : 0;
}

static int linux_scsi(void *context, struct scsi_command *command) {
    const struct linux_transport *transport = context;
    if (transport->command_fd < 0)
        return -EOPNOTSUPP;
    struct sg_io_hdr header = {
        .interface_id = 'S',
        .dxfer_direction = data_direction(command->transfer),
        .cmd_len = command->cdb_length,
        .mx_sb_len = sizeof command->sense,
        .dxfer_len = command->data_length,
        .dxferp = command->data,
        .cmdp = command->cdb,
        .sbp = command->sense,
        .timeout = command->timeout_ms,
    };
    if (ioctl(transport->command_fd, SG_IO, &header) != 0)
        return -errno;
    linux_take_answer(&header, command);
    return 0;
}

static int linux_nvme_admin(void *context, struct nvme_command *command) {
    const struct linux_transport *transport = context;
    if (transport->command_fd < 0)
        return -EOPNOTSUPP;
    struct nvme_passthru_cmd request = {
        .opcode = command->opcode,
        .nsid = command->nsid,
        .addr = (uint64_t)(uintptr_t)command->data,
        .data_len = command->data_length,
        .cdw10 = command->cdw10,
        .cdw11 = command->cdw11,
        .cdw12 = command->cdw12,
        .cdw13 = command->cdw13,
        .cdw14 = command->cdw14,
        .cdw15 = command->cdw15,
        .timeout_ms = command->timeout_ms,
    };
    const int status =
        nvme_submit_admin_passthru(transport->command_fd, &request, &command->result);
    if (status < 0)
        return -errno;
    command->status = (uint16_t)status;
    return 0;
}

static int linux_area_size(void *context, unsigned area, uint64_t *bytes) {
    const struct linux_transport *transport = context;
    if (transport->area_fds[area] < 0)
        return -ENODEV;
    return ioctl(transport->area_fds[area], BLKGETSIZE64, bytes) == 0 ? 0 : -errno;
}

static void read_name(const char *block, const char *file, char *out) {
    char path[128];
    char line[128];
    out[0] = '\0';
    (void)snprintf(path, sizeof path, "/sys/class/block/%s/%s", block, file);
    if (file_read_line(path, line, sizeof line) == 0)
        text_from_field(out, TEXT_FIELD_SIZE, (const uint8_t *)line, strlen(line));
}

static int linux_area_names(void *context, unsigned area, char *serial, char *model) {
    const struct linux_transport *transport = context;
    const char *name = strrchr(transport->nodes[area], '/');
    if (!name)
        return -ENODEV;
    read_name(name + 1, "serial", serial);
    read_name(name + 1, "device/name", model); /* MMC has one */
    return 0;
}

static int check_area(const struct linux_transport *transport, unsigned area, int fd) {
    const int error = nodes_belong_together(transport->command_fd, fd);
    if (error || transport->nsids[area] == 0)
        return error;
    const int nsid = ioctl(fd, NVME_IOCTL_ID);
    return nsid > 0 && (uint32_t)nsid == transport->nsids[area] ? 0 : -ESTALE;
}

/* Names lead to a disk once, here; that it is the one which takes the commands is made sure of. */
static int open_areas(struct linux_transport *transport) {
    for (unsigned i = 0; i < transport->area_count; i++) {
        if (transport->nodes[i][0] == '\0')
            continue;
        const int fd = open(transport->nodes[i], O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            return -errno;
        transport->area_fds[i] = fd;
        const int error = transport->command_fd >= 0 ? check_area(transport, i, fd) : 0;
        if (error)
            return error;
    }
    return 0;
}

/* Saves the kernel a look-up for each request. What it refuses is done without. A file that is
 * registered stays open, so this has to follow every change of area_fds. But taking something back
 * waits for requests that use it (io_rsrc_ref_quiesce, Linux 5.13 to 6.12): with one that never
 * ends it is left. */
static void register_files(struct linux_transport *transport, bool wanted) {
    if (transport->under_way > 0)
        return;
    if (transport->has_files)
        (void)io_uring_unregister_files(&transport->ring);
    transport->has_files =
        wanted && transport->has_ring &&
        io_uring_register_files(&transport->ring, transport->area_fds, transport->area_count) == 0;
}

/* The same devices with other rights: through what is open, never by name again. */
static int reopen_areas(struct linux_transport *transport, int flags) {
    register_files(transport, false);
    for (unsigned i = 0; i < transport->area_count; i++) {
        char path[64];
        if (transport->area_fds[i] < 0)
            continue;
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", transport->area_fds[i]);
        const int fd = open(path, flags | O_DIRECT | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            return -errno;
        (void)close(transport->area_fds[i]);
        transport->area_fds[i] = fd;
    }
    register_files(transport, true);
    return 0;
}

/* O_EXCL on a block device fails while anything else has claimed it: a mount, swap, md, dm. */
static int linux_arm(void *context) {
    struct linux_transport *transport = context;
    transport->may_write = true;
    return reopen_areas(context, O_RDWR | O_EXCL);
}

static void linux_disarm(void *context) {
    ((struct linux_transport *)context)->may_write = false;
    (void)reopen_areas(context, O_RDONLY);
}

/* Where memory may not be locked (RLIMIT_MEMLOCK) the kernel refuses, and it is mapped each time.
 */
static void linux_lend(void *context, void *memory, size_t length) {
    struct linux_transport *transport = context;
    const struct iovec whole = {memory, length};
    if (transport->under_way > 0)
        return; /* see register_files */
    if (transport->lent)
        (void)io_uring_unregister_buffers(&transport->ring);
    const bool taken = memory && transport->has_ring &&
                       io_uring_register_buffers(&transport->ring, &whole, 1) == 0;
    transport->lent = taken ? memory : NULL;
    transport->lent_length = length;
}

static bool is_lent(const struct linux_transport *transport, const struct io_request *request) {
    const uint8_t *start = request->buffer;
    return transport->lent && start >= transport->lent &&
           start + request->length <= transport->lent + transport->lent_length;
}

static void prepare(const struct linux_transport *transport, const struct io_request *request,
                    struct io_uring_sqe *sqe) {
    const int fd = transport->has_files ? (int)request->area : transport->area_fds[request->area];
    const bool fixed = is_lent(transport, request);
    void *buffer = request->buffer;
    if (request->write && fixed)
        io_uring_prep_write_fixed(sqe, fd, buffer, request->length, request->offset, 0);
    else if (request->write)
        io_uring_prep_write(sqe, fd, buffer, request->length, request->offset);
    else if (fixed)
        io_uring_prep_read_fixed(sqe, fd, buffer, request->length, request->offset, 0);
    else
        io_uring_prep_read(sqe, fd, buffer, request->length, request->offset);
    if (transport->has_files)
        io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
}

static int submit_to_ring(struct linux_transport *transport, struct io_request *request) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&transport->ring);
    if (!sqe)
        return -EAGAIN;
    prepare(transport, request, sqe);
    io_uring_sqe_set_data(sqe, request);
    /* Once in the ring it is under way, whatever the kernel says now: short of memory it takes it
     * later, from linux_wait. */
    (void)io_uring_submit(&transport->ring);
    return 0;
}

/* Sectors that the kernel has no block device for (520 bytes and the like) go through sg. */
static struct command_io by_sg(struct linux_transport *transport, unsigned area) {
    return (struct command_io){
        .scsi = linux_scsi,
        .context = transport,
        .lba_size = transport->lba_sizes[area],
        .may_write = transport->may_write,
    };
}

static void do_at_once(struct linux_transport *transport, struct io_request *request) {
    if (transport->by_command) {
        const struct command_io io = by_sg(transport, request->area);
        command_io_do(&io, request);
        return;
    }
    const int fd = transport->area_fds[request->area];
    const off_t offset = (off_t)request->offset;
    const ssize_t done = request->write ? pwrite(fd, request->buffer, request->length, offset)
                                        : pread(fd, request->buffer, request->length, offset);
    request->result = done < 0 ? -errno : (int32_t)done;
}

static int linux_submit(void *context, struct io_request *request) {
    struct linux_transport *transport = context;
    if (request->area >= transport->area_count ||
        (transport->area_fds[request->area] < 0 && !transport->by_command))
        return -ENODEV;
    if (transport->under_way >= TRANSPORT_DEPTH)
        return -EAGAIN;
    if (transport->has_ring) {
        const int error = submit_to_ring(transport, request);
        if (error)
            return error;
    } else {
        do_at_once(transport, request);
        transport->finished[transport->under_way] = request;
    }
    transport->under_way++;
    return 0;
}

/* What the kernel had no memory for when it was submitted is submitted again until it takes it. */
static int wait_for_ring(struct io_uring *ring, uint32_t timeout_ms, struct io_uring_cqe **out) {
    enum { SUBMIT_AGAIN_MS = 100 };
    const int64_t until = clock_monotonic_ms() + timeout_ms;
    for (;;) {
        if (io_uring_sq_ready(ring) > 0)
            (void)io_uring_submit(ring);
        const int64_t left = until - clock_monotonic_ms();
        const bool is_stuck = io_uring_sq_ready(ring) > 0 && left > SUBMIT_AGAIN_MS;
        const int64_t now = is_stuck ? SUBMIT_AGAIN_MS : left > 0 ? left : 0;
        struct __kernel_timespec limit = {now / 1000, now % 1000 * 1000000};
        const int error = io_uring_wait_cqe_timeout(ring, out, &limit);
        if (error != -EINTR && !(error == -ETIME && is_stuck))
            return error;
    }
}

static int linux_wait(void *context, uint32_t timeout_ms, struct io_request **done) {
    struct linux_transport *transport = context;
    if (transport->under_way == 0)
        return -ENOENT;
    if (!transport->has_ring) {
        *done = transport->finished[0];
        transport->under_way--;
        memmove(transport->finished, transport->finished + 1,
                transport->under_way * sizeof transport->finished[0]);
        return 0;
    }
    struct io_uring_cqe *cqe;
    const int error = wait_for_ring(&transport->ring, timeout_ms, &cqe);
    if (error)
        return error;
    *done = io_uring_cqe_get_data(cqe);
    (*done)->result = cqe->res;
    io_uring_cqe_seen(&transport->ring, cqe);
    transport->under_way--;
    return 0;
}

static int linux_flush(void *context, unsigned area) {
    struct linux_transport *transport = context;
    const struct command_io io = by_sg(transport, area);
    if (transport->by_command)
        return command_io_flush(&io);
    if (transport->area_fds[area] < 0)
        return -ENODEV;
    return fsync(transport->area_fds[area]) == 0 ? 0 : -errno;
}

static int linux_refresh(void *context) {
    const struct linux_transport *transport = context;
    int first_error = 0;
    for (unsigned i = 0; i < transport->area_count; i++) {
        if (transport->area_fds[i] < 0)
            continue;
        if (ioctl(transport->area_fds[i], BLKFLSBUF, 0) != 0 && first_error == 0)
            first_error = -errno;
        /* A disk that is in use elsewhere keeps its old partitions: not worth failing for. */
        (void)ioctl(transport->area_fds[i], BLKRRPART, 0);
    }
    return first_error;
}

static int linux_rediscover(void *context) {
    struct linux_transport *transport = context;
    register_files(transport, false);
    for (unsigned i = 0; i < transport->area_count; i++) {
        cleanup_fd(&transport->area_fds[i]);
        transport->area_fds[i] = -1; /* its number may be another disk's next */
    }
    return nodes_rediscover(transport->command_fd);
}

static void linux_close(void *context) {
    struct linux_transport *transport = context;
    register_files(transport, false); /* at once; the ring's end is not waited for */
    if (transport->has_ring && transport->under_way == 0)
        io_uring_queue_exit(&transport->ring);
    for (unsigned i = 0; i < transport->area_count; i++)
        cleanup_fd(&transport->area_fds[i]);
    cleanup_fd(&transport->command_fd);
    if (transport->under_way == 0 || !transport->has_ring)
        free(transport);
    else
        memory_abandon(transport); /* requests that the kernel still holds point into it */
}

static const struct transport_ops linux_ops = {
    .scsi = linux_scsi,
    .nvme_admin = linux_nvme_admin,
    .area_size = linux_area_size,
    .area_names = linux_area_names,
    .arm = linux_arm,
    .disarm = linux_disarm,
    .lend = linux_lend,
    .submit = linux_submit,
    .wait = linux_wait,
    .flush = linux_flush,
    .refresh = linux_refresh,
    .rediscover = linux_rediscover,
    .close = linux_close,
};

int linux_transport_open(const struct disk *disk, const struct transport_ops **ops,
                         void **context) {
    struct linux_transport *transport = memory_new(1, sizeof *transport);
    transport->command_fd = -1;
    transport->area_count = disk->area_count;
    for (unsigned i = 0; i < disk->area_count; i++) {
        transport->area_fds[i] = -1;
        transport->nsids[i] = disk->commands == COMMANDS_NVME ? disk->areas[i].nsid : 0;
        transport->lba_sizes[i] = disk->areas[i].lba_size;
        text_copy(transport->nodes[i], DISK_NODE_SIZE, disk->areas[i].node);
    }
    int error = 0;
    if (disk->commands != COMMANDS_NONE && disk->path_count > 0) {
        transport->command_fd =
            open(disk->paths[0].node, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (transport->command_fd < 0)
            error = -errno;
    }
    if (error == 0)
        error = open_areas(transport);
    if (error) {
        linux_close(transport);
        return error;
    }
    transport->by_command = disk->commands == COMMANDS_SCSI && transport->command_fd >= 0 &&
                            disk->area_count == 1 && disk->areas[0].node[0] == '\0';
    transport->has_ring =
        !transport->by_command && io_uring_queue_init(TRANSPORT_DEPTH, &transport->ring, 0) == 0;
    register_files(transport, true);
    *ops = &linux_ops;
    *context = transport;
    return 0;
}
