/*
 * How commands and data reach a disk: a handful of operations. The Linux implementation
 * (agent/device/linux.c) is the only code that calls ioctl; tests bring others.
 *
 * Nothing here asks whether a command may be sent. That is device.h (questions only) and armed.h
 * (with a warrant); outside agent/device and the tests nobody sees a transport.
 */
#ifndef QUIETUS_TRANSPORT_H
#define QUIETUS_TRANSPORT_H

#include "quietus/bytes.h"

enum transfer { TRANSFER_NONE, TRANSFER_IN, TRANSFER_OUT };

struct scsi_command {
    const char *name; /* for people and the evidence: "INQUIRY" */
    uint8_t cdb[16];
    uint8_t cdb_length;
    enum transfer transfer;
    void *data;
    uint32_t data_length;
    uint32_t timeout_ms;
    /* results */
    uint8_t status; /* enum scsi_status */
    uint16_t host_status;
    uint16_t driver_status;
    uint8_t sense[64];
    uint8_t sense_length;
    uint32_t received; /* bytes of data in */
    uint32_t unsent;   /* bytes of data out that stayed here, where that is told */
};

struct nvme_command {
    const char *name;
    uint8_t opcode;
    uint32_t nsid;
    uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
    enum transfer transfer;
    void *data;
    uint32_t data_length;
    uint32_t timeout_ms;
    /* results */
    uint16_t status; /* status code and type as in the completion, 0: success */
    uint32_t result; /* dword 0 of the completion */
};

struct io_request {
    bool write;
    unsigned area;
    uint64_t offset; /* bytes from the area's start, a multiple of its LBA size */
    void *buffer;    /* aligned to TRANSPORT_ALIGNMENT */
    uint32_t length; /* bytes, a multiple of the LBA size */
    void *owner;     /* the caller's */
    int32_t result;  /* bytes done, or negative errno */
};

enum { TRANSPORT_ALIGNMENT = 4096, TRANSPORT_DEPTH = 32 };

/*
 * All operations return 0 or negative errno; a command that reached the device and failed there is
 * 0 with the status set. -EOPNOTSUPP: the disk has no such command set.
 */
struct transport_ops {
    int (*scsi)(void *context, struct scsi_command *command);
    int (*nvme_admin)(void *context, struct nvme_command *command);
    /* Size of an area in bytes as the block layer has it now. */
    int (*area_size)(void *context, unsigned area, uint64_t *bytes);
    /* What the block layer reports of disks that take no commands: texts of TEXT_FIELD_SIZE, empty
     * if there is none. */
    int (*area_names)(void *context, unsigned area, char *serial, char *model);
    /* Opens the areas for writing, exclusively; -EBUSY if something uses one. */
    int (*arm)(void *context);
    void (*disarm)(void *context);
    /* Memory that many requests will use, so that the kernel need not map it for each; NULL: no
     * more, before it is freed. May be NULL, and does nothing where the kernel refuses. */
    void (*lend)(void *context, void *memory, size_t length);
    /* Starts a read or write; at most TRANSPORT_DEPTH at a time. */
    int (*submit)(void *context, struct io_request *request);
    /* Waits for any to end; -ETIME if none does in time, -ENOENT if none is under way. */
    int (*wait)(void *context, uint32_t timeout_ms, struct io_request **done);
    int (*flush)(void *context, unsigned area);
    /* Makes the block layer forget what it has cached and read the disk's layout anew. */
    int (*refresh)(void *context);
    /* Makes the kernel find the disk anew, as if it had been plugged in: what was open is dead
     * then. */
    int (*rediscover)(void *context);
    void (*close)(void *context);
};

#endif
