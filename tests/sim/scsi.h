/*
 * A SCSI disk, without what is behind it: what the native disk and the SCSI/ATA translation share.
 * Commands, sense, INQUIRY and mode pages are here; the device behind is a struct scsi_device.
 */
#ifndef SIM_SCSI_H
#define SIM_SCSI_H

#include "drive_core.h"
#include "scsi_sense.h"

struct scsi_unit;

enum { SCSI_BUSY = 0x08, SCSI_RESERVATION_CONFLICT = 0x18 };

/* How long the data of a command is: a number in the CDB. */
enum scsi_data {
    SCSI_DATA_NONE,
    SCSI_DATA_IN,        /* allocation length, bytes */
    SCSI_DATA_OUT,       /* parameter list length, bytes */
    SCSI_DATA_BLOCKS_IN, /* transfer length, blocks */
    SCSI_DATA_BLOCKS_OUT,
    SCSI_DATA_SPECIAL, /* row->length tells */
};

enum {
    SCSI_ANY_ACTION = -1,
    SCSI_SPARED = 1 << 0, /* flags: a pending unit attention does not stop it */
};

struct scsi_row {
    uint8_t opcode;
    int action; /* service action (byte 1, bits 4:0), or SCSI_ANY_ACTION */
    uint8_t cdb_length;
    uint8_t flags;
    enum scsi_data data;
    uint8_t length_at, length_bytes; /* of the number in the CDB */
    /* Ends in scsi_good, scsi_reply or scsi_check, or leaves the request pending. */
    void (*run)(struct scsi_unit *unit, struct drive_request *request);
    enum drive_direction (*length)(const struct scsi_unit *unit,
                                   const struct drive_request *request, size_t *length);
};

/* What INQUIRY tells. Texts are cut and padded by what they go into. */
struct scsi_identity {
    char vendor[9];
    char product[17];
    char revision[5];
    char serial[21];
    uint8_t serial_field; /* its field's width, right-aligned (SAT); 0: as long as it is */
    uint64_t naa;         /* of the logical unit */
    uint64_t target;      /* what the names of ports and target device are counted from */
    char designator[69];  /* T10 vendor identification descriptor, or "" */
    bool names_target;    /* the ports are numbered, and the target device has a name */
    uint16_t rotation;    /* 1: does not rotate */
    uint32_t block_bytes;
    uint32_t physical_bytes;
    bool unmaps;
    bool reads_zero_after_unmap;
    bool writes_same;
    bool protects;              /* PROTECT: protection information can be formatted */
    uint8_t protection;         /* type that it is formatted with; 0: none */
    uint8_t after_block_erase;  /* WABEREQ: what reads do then (DEVICE-FACTS B.1) */
    uint8_t after_crypto_erase; /* WACEREQ */
};

/* Blocks to be read or written. */
struct scsi_access {
    uint64_t lba;
    uint64_t blocks;
    uint8_t *data;   /* blocks × transfer_bytes */
    uint8_t protect; /* RDPROTECT, WRPROTECT, VRPROTECT; 0: no protection information moves */
};

/* What is behind. Functions that may fail say why in sense and return false. */
struct scsi_device {
    const struct scsi_row *rows; /* besides the common ones, and before them */
    unsigned row_count;
    struct scsi_identity (*identity)(struct scsi_unit *unit);
    uint64_t (*blocks)(const struct scsi_unit *unit);
    /* What moves for each block. */
    uint32_t (*transfer_bytes)(const struct scsi_unit *unit, uint8_t protect);
    /* May this command be executed now, on this path? Otherwise it is answered. NULL: any may. */
    bool (*admits)(struct scsi_unit *unit, struct drive_request *request);
    /* May the medium be accessed? */
    bool (*ready)(struct scsi_unit *unit, struct scsi_sense *sense);
    bool (*read)(struct scsi_unit *unit, const struct scsi_access *access,
                 struct scsi_sense *sense);
    bool (*write)(struct scsi_unit *unit, const struct scsi_access *access,
                  struct scsi_sense *sense);
    bool (*unmap)(struct scsi_unit *unit, uint64_t lba, uint64_t blocks, struct scsi_sense *sense);
    bool (*flush)(struct scsi_unit *unit, struct scsi_sense *sense);
    bool (*start)(struct scsi_unit *unit, bool start, struct scsi_sense *sense);
    /* For the common mode pages; NULL in a device that has its own. */
    bool (*write_cache)(const struct scsi_unit *unit);
    bool (*set_write_cache)(struct scsi_unit *unit, bool on);
    /* A VPD page of its own; 0: there is none of this number. */
    size_t (*vital_page)(struct scsi_unit *unit, uint8_t page, uint8_t *out, size_t size);
    const uint8_t *vital_pages; /* their numbers, ascending */
    uint8_t vital_page_count;
};

struct scsi_unit {
    struct drive *drive;
    const struct scsi_device *device;
    void *owner;             /* the device's */
    bool descriptor_sense;   /* D_SENSE of the control mode page */
    uint16_t unit_attention; /* additional sense that waits to be told; 0: none */
    bool attention_was_told; /* for the misbehaviour that tells one ever again */
};

/* Executes; the request is done, or pending if a row left it so. */
void scsi_execute(struct scsi_unit *unit, struct drive_request *request);
enum drive_direction scsi_data_of(const struct scsi_unit *unit, const struct drive_request *request,
                                  size_t *length);
const struct scsi_row *scsi_find_row(const struct scsi_unit *unit, const uint8_t *cdb);

/* The ends of a command. */
void scsi_good(struct scsi_unit *unit, struct drive_request *request);
void scsi_check(struct scsi_unit *unit, struct drive_request *request,
                const struct scsi_sense *sense);
void scsi_refuse(struct scsi_unit *unit, struct drive_request *request, enum scsi_sense_key key,
                 uint16_t additional);
/* GOOD with data, no more than was allowed. */
void scsi_reply(struct scsi_unit *unit, struct drive_request *request, const uint8_t *data,
                size_t length);
/* Does so if ok, and ends with the sense if not. */
void scsi_end(struct scsi_unit *unit, struct drive_request *request, bool ok,
              const struct scsi_sense *sense);

/* READ, WRITE, VERIFY and WRITE SAME: the blocks that the CDB names. */
struct scsi_access scsi_access_of(const struct drive_request *request);
/* May they be accessed? Otherwise the request is answered. */
bool scsi_may_access(struct scsi_unit *unit, struct drive_request *request,
                     const struct scsi_access *access);

/* scsi_inquiry.c, scsi_mode.c, scsi_block.c: commands that every disk has. */
typedef void scsi_run(struct scsi_unit *unit, struct drive_request *request);
scsi_run scsi_run_inquiry, scsi_run_mode_sense, scsi_run_mode_select, scsi_run_read, scsi_run_write,
    scsi_run_verify, scsi_run_read_capacity_10, scsi_run_read_capacity_16, scsi_run_unmap,
    scsi_run_flush, scsi_run_start_stop, scsi_run_test_unit_ready, scsi_run_request_sense,
    scsi_run_report_luns, scsi_run_log_sense, scsi_run_report_opcodes;

#endif
