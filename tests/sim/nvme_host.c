#include "nvme_host.h"

#include "simtime.h"

static struct drive_request last;

static void send(struct drive *drive, struct drive_request *request,
                 const struct nvme_command *command) {
    *request = (struct drive_request){
        .protocol = command->io ? PROTOCOL_NVME_IO : PROTOCOL_NVME_ADMIN,
        .data = command->data,
        .data_size = command->data_size,
        .controller = command->controller,
    };
    request->sqe[0] = command->opcode;
    store_le(request->sqe + 4, 4, command->nsid);
    store_le(request->sqe + 40, 4, command->cdw10);
    store_le(request->sqe + 44, 4, command->cdw11);
    store_le(request->sqe + 48, 4, command->cdw12);
    store_le(request->sqe + 52, 4, command->cdw13);
    drive_execute(drive, request);
}

uint16_t host_command_wait(struct drive *drive, const struct nvme_command *command,
                           uint64_t milliseconds) {
    const uint64_t end = simtime_now() + milliseconds;
    send(drive, &last, command);
    while (last.state == REQUEST_PENDING && simtime_now() < end) {
        uint64_t step = drive_next_event(drive);
        if (step > end - simtime_now())
            step = end - simtime_now();
        simtime_move(step == 0 ? 1 : step);
        drive_advance(drive);
    }
    if (last.state == REQUEST_PENDING) {
        drive_forget(drive, &last);
        return HOST_PENDING;
    }
    return last.state == REQUEST_LOST ? HOST_LOST : last.nvme_status;
}

uint16_t host_command(struct drive *drive, const struct nvme_command *command) {
    return host_command_wait(drive, command, 0);
}

uint32_t host_result(void) {
    return last.nvme_result;
}

size_t host_transferred(void) {
    return last.transferred;
}

static uint16_t host_io(struct drive *drive, uint8_t opcode, uint32_t nsid, uint64_t lba,
                        uint32_t lbas, void *data, size_t size) {
    return host_command(drive, &(struct nvme_command){.io = true,
                                                      .opcode = opcode,
                                                      .nsid = nsid,
                                                      .cdw10 = (uint32_t)lba,
                                                      .cdw11 = (uint32_t)(lba >> 32),
                                                      .cdw12 = lbas - 1,
                                                      .data = data,
                                                      .data_size = size});
}

uint16_t host_read(struct drive *drive, uint32_t nsid, uint64_t lba, uint32_t lbas, void *data,
                   size_t size) {
    return host_io(drive, NVME_READ, nsid, lba, lbas, data, size);
}

uint16_t host_write(struct drive *drive, uint32_t nsid, uint64_t lba, uint32_t lbas, void *data,
                    size_t size) {
    return host_io(drive, NVME_WRITE, nsid, lba, lbas, data, size);
}

uint16_t host_identify(struct drive *drive, uint32_t nsid, uint32_t cns, uint8_t out[4096]) {
    return host_command(drive, &(struct nvme_command){.opcode = NVME_IDENTIFY,
                                                      .nsid = nsid,
                                                      .cdw10 = cns,
                                                      .data = out,
                                                      .data_size = NVME_PAGE});
}

uint16_t host_log(struct drive *drive, unsigned page, void *data, size_t size) {
    const uint32_t dwords = (uint32_t)(size / 4 - 1);
    return host_command(drive, &(struct nvme_command){.opcode = NVME_GET_LOG_PAGE,
                                                      .nsid = NVME_BROADCAST,
                                                      .cdw10 = page | dwords << 16,
                                                      .data = data,
                                                      .data_size = size});
}

uint16_t host_sanitize(struct drive *drive, uint32_t cdw10, uint32_t cdw11) {
    return host_command(
        drive, &(struct nvme_command){.opcode = NVME_SANITIZE, .cdw10 = cdw10, .cdw11 = cdw11});
}

uint16_t host_format(struct drive *drive, uint32_t nsid, uint32_t cdw10, uint64_t wait) {
    return host_command_wait(
        drive, &(struct nvme_command){.opcode = NVME_FORMAT, .nsid = nsid, .cdw10 = cdw10}, wait);
}

struct sanitize_log host_sanitize_log(struct drive *drive) {
    uint8_t log[512] = {0};
    const uint16_t status = host_log(drive, 0x81, log, sizeof log);
    if (status != NVME_OK)
        return (struct sanitize_log){.status = status};
    const uint32_t sstat = (uint32_t)load_le(log + 2, 2);
    return (struct sanitize_log){.progress = (uint32_t)load_le(log, 2),
                                 .status = sstat & 7,
                                 .passes = sstat >> 3 & 0x1f,
                                 .global_data_erased = (sstat & 0x100) != 0,
                                 .cdw10 = (uint32_t)load_le(log + 4, 4)};
}
