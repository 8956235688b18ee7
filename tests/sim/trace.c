#include "trace.h"

#include "simtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void begin(const struct drive *drive) {
    fprintf(stderr, "%s %" PRIu64, drive_name(drive), simtime_now());
}

static uint32_t dword(const struct drive_request *request, unsigned index) {
    uint32_t value;
    memcpy(&value, request->sqe + sizeof value * index, sizeof value);
    return value;
}

static void print_nvme(const char *queue, const struct drive_request *request) {
    fprintf(stderr, " %s %02x nsid=%" PRIx32, queue, request->sqe[0], dword(request, 1));
    for (unsigned i = 10; i < 16; i++) {
        fprintf(stderr, " cdw%u=%08" PRIx32, i, dword(request, i));
    }
    fprintf(stderr, " controller=%u", request->controller);
}

static void print_nvme_admin(const struct drive_request *request) {
    print_nvme("nvme-admin", request);
}

static void print_nvme_io(const struct drive_request *request) {
    print_nvme("nvme-io", request);
}

static void print_nvme_result(const struct drive_request *request) {
    fprintf(stderr, "status=%04x result=%08" PRIx32, request->nvme_status, request->nvme_result);
}

static void print_ata(const struct drive_request *request) {
    const struct ata_registers_in *in = &request->ata;
    fprintf(stderr, " ata %02x features=%04x count=%04x lba=%012" PRIx64 " device=%02x",
            in->command, in->features, in->count, in->lba, in->device);
}

static void print_ata_result(const struct drive_request *request) {
    const struct ata_registers_out *out = &request->ata_out;
    fprintf(stderr, "status=%02x error=%02x count=%04x lba=%012" PRIx64, out->status, out->error,
            out->count, out->lba);
}

static void print_bytes(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, " %02x", bytes[i]);
    }
}

static void print_scsi(const struct drive_request *request) {
    fputs(" scsi", stderr);
    print_bytes(request->cdb, request->cdb_length);
    fprintf(stderr, " port=%u", request->controller);
}

static void print_scsi_result(const struct drive_request *request) {
    fprintf(stderr, "status=%02x", request->scsi_status);
    if (request->sense_length > 0) {
        fputs(" sense", stderr);
        print_bytes(request->sense, request->sense_length);
    }
}

static const struct {
    void (*command)(const struct drive_request *request);
    void (*result)(const struct drive_request *request);
} protocols[] = {
    [PROTOCOL_NVME_ADMIN] = {print_nvme_admin, print_nvme_result},
    [PROTOCOL_NVME_IO] = {print_nvme_io, print_nvme_result},
    [PROTOCOL_ATA] = {print_ata, print_ata_result},
    [PROTOCOL_SCSI] = {print_scsi, print_scsi_result},
};

void trace_request(const struct drive *drive, const struct drive_request *request) {
    begin(drive);
    protocols[request->protocol].command(request);
    fputs(" -> ", stderr);
    if (request->state == REQUEST_PENDING) {
        fputs("pending", stderr);
    } else if (request->state == REQUEST_LOST) {
        fputs("lost", stderr);
    } else {
        protocols[request->protocol].result(request);
    }
    fputc('\n', stderr);
}

void trace_reset(const struct drive *drive, enum drive_reset reset) {
    static const char *const names[] = {
        [RESET_POWER] = "power-cut",
        [RESET_HARD] = "hard-reset",
        [RESET_SOFT] = "soft-reset",
        [RESET_CONTROLLER] = "controller-reset",
    };
    trace_event(drive, names[reset]);
}

void trace_forget(const struct drive *drive, const struct drive_request *request) {
    begin(drive);
    protocols[request->protocol].command(request);
    fputs(" -> forgotten\n", stderr);
}

void trace_event(const struct drive *drive, const char *event) {
    begin(drive);
    fprintf(stderr, " %s\n", event);
}
