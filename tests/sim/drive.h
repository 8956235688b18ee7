/*
 * A simulated drive, as the host sees it: what a front end (vfio-user NVMe and AHCI, vhost-user
 * SCSI, or a unit test) may do with it. Single-threaded; nothing here blocks.
 *
 * The drive lives in simulated time (simtime.h). A command that takes long is left pending and is
 * done when the simulated clock has come to its end: call drive_advance whenever time has passed.
 */
#ifndef SIM_DRIVE_H
#define SIM_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drive;
struct drive_description; /* description.h */

enum drive_family { DRIVE_NVME, DRIVE_ATA, DRIVE_SCSI };

/* The registers of an ATA command, all in the 48-bit form. A 28-bit command leaves the high parts
 * zero. */
struct ata_registers_in {
    uint16_t features;
    uint16_t count;
    uint64_t lba;
    uint8_t device;
    uint8_t command;
};

struct ata_registers_out {
    uint8_t status;
    uint8_t error;
    uint16_t count;
    uint64_t lba;
    uint8_t device;
};

enum drive_protocol { PROTOCOL_NVME_ADMIN, PROTOCOL_NVME_IO, PROTOCOL_ATA, PROTOCOL_SCSI };

enum drive_request_state {
    REQUEST_DONE,    /* the results are there */
    REQUEST_PENDING, /* not yet, perhaps never; see drive_advance */
    REQUEST_LOST     /* the drive is gone or was reset: no answer will ever come */
};

/*
 * One command. The caller fills in protocol, the command, the data for the drive, and the size of
 * the buffer; the request and its buffer must stay where they are until the state is no longer
 * PENDING (or drive_forget is called).
 */
struct drive_request {
    enum drive_protocol protocol;
    uint8_t sqe[64]; /* NVMe: submission queue entry; PRPs are the front end's concern */
    struct ata_registers_in ata; /* ATA */
    uint8_t cdb[32];             /* SCSI */
    uint8_t cdb_length;          /* SCSI */
    uint8_t *data;               /* host to drive: filled in; drive to host: room */
    size_t data_size;            /* bytes of data */
    uint8_t *metadata; /* NVMe: room behind the metadata pointer, for formats with metadata
                          that is not part of the blocks; else NULL */
    size_t metadata_size;
    uint16_t controller; /* NVMe: which controller of the subsystem it came through; else the
                            path, from 0 */
    /* results */
    enum drive_request_state state;
    size_t transferred;               /* drive to host: bytes put into data */
    uint16_t nvme_status;             /* status field without the phase bit: SCT << 8 | SC, with DNR
                                         (0x4000) and More (0x2000) */
    uint32_t nvme_result;             /* dword 0 of the completion */
    struct ata_registers_out ata_out; /* ATA */
    uint8_t scsi_status;              /* SCSI */
    uint8_t sense[96];
    uint8_t sense_length;
    void *owner;                /* the caller's */
    struct drive_request *next; /* the drive's */
};

/* Direction and length of the data of a command, from the command alone: what a front end needs to
 * gather or scatter. In bytes; 0 for none. */
enum drive_direction { DATA_NONE, DATA_FROM_DRIVE, DATA_TO_DRIVE };
enum drive_direction drive_data_of(const struct drive *drive, const struct drive_request *request,
                                   size_t *length);

/*
 * Opens the drive with its media and state as they were left; a new one is made as described. NULL
 * with a message in problem.
 */
struct drive *drive_open(const struct drive_description *description, char *problem,
                         size_t problem_size);

/* Closes it as a power cut would: what is volatile is lost, what the media and state hold stays. */
void drive_close(struct drive *drive);

/*
 * Executes or begins a command. NVMe: commands that create and delete queues, Abort and
 * Asynchronous Event Request are the front end's own business and do not come here.
 */
void drive_execute(struct drive *drive, struct drive_request *request);

/* Lets the drive act on the time that has passed: ends operations and pending requests, fires
 * misbehaviour. Call it often (each turn of the loop). */
void drive_advance(struct drive *drive);

/* Simulated milliseconds until drive_advance has something to do; UINT64_MAX: nothing is due. */
uint64_t drive_next_event(const struct drive *drive);

/* The front end no longer wants an answer to this request (abort, reset). What the drive has begun
 * goes on unless it is volatile. */
void drive_forget(struct drive *drive, struct drive_request *request);

enum drive_reset {
    RESET_POWER,      /* off and on: security goes to locked, freezes end, sanitize goes on */
    RESET_HARD,       /* COMRESET, PCIe function level reset, LOGICAL UNIT RESET of everything */
    RESET_SOFT,       /* SRST */
    RESET_CONTROLLER, /* NVMe CC.EN 1 to 0 */
};
void drive_reset(struct drive *drive, enum drive_reset reset);

/* The host says that power will go: what a volatile cache holds is written. */
void drive_shut_down(struct drive *drive);

/* False while misbehaviour has it vanished: a front end then shows an empty port (PxSSTS 0, all
 * ones from the BARs, selection time-outs). */
bool drive_present(const struct drive *drive);

/* Grows each time that the drive has come back (perhaps with another identity, or another drive's):
 * a front end then signals hot plug. */
unsigned drive_generation(const struct drive *drive);

/* What a controller in front of it shows. */
enum drive_family drive_family(const struct drive *drive);
const char *drive_name(const struct drive *drive);     /* of the description's section */
unsigned drive_controllers(const struct drive *drive); /* NVMe: controllers of the subsystem */
uint64_t drive_target(const struct drive *drive);      /* SCSI: units of one target have it; or 0 */
void drive_ata_signature(const struct drive *drive, struct ata_registers_out *out);

/* Commands that it was sent since it was opened (for tests that count them). */
uint64_t drive_command_count(const struct drive *drive);

#endif
