/*
 * The NVMe command set, inside. Fields and codes are those of the NVM Express Base and NVM Command
 * Set Specifications.
 */
#ifndef SIM_NVME_H
#define SIM_NVME_H

#include "drive_core.h"
#include "fields.h"

enum nvme_admin_opcode {
    NVME_DELETE_SQ = 0x00,
    NVME_CREATE_SQ = 0x01,
    NVME_GET_LOG_PAGE = 0x02,
    NVME_DELETE_CQ = 0x04,
    NVME_CREATE_CQ = 0x05,
    NVME_IDENTIFY = 0x06,
    NVME_ABORT = 0x08,
    NVME_SET_FEATURES = 0x09,
    NVME_GET_FEATURES = 0x0a,
    NVME_ASYNC_EVENT = 0x0c,
    NVME_NS_MANAGEMENT = 0x0d,
    NVME_FIRMWARE_COMMIT = 0x10,
    NVME_FIRMWARE_DOWNLOAD = 0x11,
    NVME_NS_ATTACHMENT = 0x15,
    NVME_KEEP_ALIVE = 0x18,
    NVME_FORMAT = 0x80,
    NVME_SECURITY_SEND = 0x81,
    NVME_SECURITY_RECEIVE = 0x82,
    NVME_SANITIZE = 0x84,
};

enum nvme_io_opcode {
    NVME_FLUSH = 0x00,
    NVME_WRITE = 0x01,
    NVME_READ = 0x02,
    NVME_COMPARE = 0x05,
    NVME_WRITE_ZEROES = 0x08,
    NVME_DSM = 0x09,
};

/* Status: SCT << 8 | SC; 4000h is Do Not Retry. */
enum nvme_status {
    NVME_OK = 0,
    NVME_DNR = 0x4000,
    NVME_INVALID_OPCODE = 0x4001,
    NVME_INVALID_FIELD = 0x4002,
    NVME_INTERNAL_ERROR = 0x0006,
    NVME_ABORTED = 0x0007,
    NVME_INVALID_NAMESPACE = 0x400b,
    NVME_SEQUENCE_ERROR = 0x000c,
    NVME_OPERATION_DENIED = 0x4015,
    NVME_SANITIZE_FAILED = 0x401c,
    NVME_SANITIZE_IN_PROGRESS = 0x001d,
    NVME_WRITE_PROTECTED = 0x4020,
    NVME_LBA_RANGE = 0x4080,
    NVME_FORMAT_IN_PROGRESS = 0x0084,
    /* command specific */
    NVME_INVALID_LOG_PAGE = 0x4109,
    NVME_INVALID_FORMAT = 0x410a,
    NVME_FEATURE_NOT_SAVEABLE = 0x410d,
    NVME_FEATURE_NOT_CHANGEABLE = 0x410e,
    NVME_INSUFFICIENT_CAPACITY = 0x4115,
    NVME_NSID_UNAVAILABLE = 0x4116,
    NVME_ALREADY_ATTACHED = 0x4118,
    NVME_PRIVATE = 0x4119,
    NVME_NOT_ATTACHED = 0x411a,
    NVME_INVALID_CONTROLLER_LIST = 0x411c,
    /* media and data integrity */
    NVME_WRITE_FAULT = 0x4280,
    NVME_UNRECOVERED_READ = 0x4281,
    NVME_COMPARE_FAILED = 0x4285,
    NVME_ACCESS_DENIED = 0x4286,
    NVME_NOT_WRITTEN = 0x4287,
};

enum {
    NVME_BROADCAST = 0xffffffff,
    NVME_NAMESPACES = DESCRIPTION_NAMESPACES,
    NVME_CONTROLLERS = 2,
    NVME_PAGE = 4096,
    NVME_MAX_TRANSFER = 1 << 20, /* MDTS 8 pages of 4 KiB, as a power of two */
    NVME_MDTS = 8,
    NVME_ERRORS = 64, /* entries of the error log */
};

enum nvme_sanitize_action {
    SANITIZE_EXIT_FAILURE = 1,
    SANITIZE_BLOCK = 2,
    SANITIZE_OVERWRITE = 3,
    SANITIZE_CRYPTO = 4,
};

/* SSTAT bits 2:0 */
enum nvme_sanitize_status {
    SANITIZED_NEVER,
    SANITIZED,
    SANITIZING,
    SANITIZE_FAILED,
    SANITIZED_DEALLOCATED /* in spite of No-Deallocate After Sanitize */
};

enum nvme_write_protection { WP_NONE, WP_UNTIL_CHANGED, WP_UNTIL_POWER_CYCLE, WP_PERMANENT };

/* A namespace, in the state file. Its number is its region. */
struct nvme_namespace {
    bool allocated;
    bool extended;
    uint8_t format;     /* index of the LBA format */
    uint8_t protection; /* type 0 to 3 */
    uint8_t attached;   /* bit for each controller */
    bool shared;
    uint8_t write_protection;
    uint64_t lbas;
    uint64_t bytes; /* that it takes of the capacity, whole pages */
};

struct nvme_error {
    uint64_t count;
    uint64_t lba;
    uint32_t nsid;
    uint16_t status;
};

/* What an NVMe drive remembers. */
struct nvme_state {
    struct nvme_namespace namespaces[NVME_NAMESPACES + 1]; /* [0] is not used */
    enum nvme_sanitize_status sanitize_status;
    uint32_t sanitize_cdw10;
    uint32_t sanitize_passes; /* completed, of an overwrite */
    bool global_data_erased;
    bool no_deallocate_warning; /* feature 17h, NODRM */
    bool write_cache;           /* feature 06h */
    uint64_t blocks_written;    /* for SMART */
    uint64_t blocks_read;
    uint64_t errors;
    struct nvme_error error_log[NVME_ERRORS];
};

/* Lost with power. */
struct nvme_volatile {
    struct drive_request *blocked; /* the command that waits for the operation to end */
    uint32_t formatting;           /* bit mask of namespaces */
    struct nvme_namespace after_format;
    uint32_t features[256];
};

static inline struct nvme_state *nvme_state(const struct drive *drive) {
    return (struct nvme_state *)(void *)drive->state->family;
}

static inline struct nvme_volatile *nvme_volatile(const struct drive *drive) {
    return drive->family;
}

static inline uint32_t sqe_dword(const struct drive_request *request, unsigned number) {
    return (uint32_t)load_le(request->sqe + 4 * (size_t)number, 4);
}

static inline uint32_t sqe_nsid(const struct drive_request *request) {
    return sqe_dword(request, 1);
}

/* A command: returns its status; NVME_LATER leaves it pending. */
enum { NVME_LATER = 0xffff };
typedef uint16_t nvme_handler(struct drive *drive, struct drive_request *request);

nvme_handler nvme_serve_identify, nvme_serve_get_log_page, nvme_serve_set_features,
    nvme_serve_get_features, nvme_ns_management, nvme_ns_attachment, nvme_format, nvme_sanitize,
    nvme_serve_security_send, nvme_serve_security_receive;
nvme_handler nvme_read, nvme_write, nvme_compare, nvme_write_zeroes, nvme_dataset_management,
    nvme_flush;

/* Ends a command that was left pending. */
void nvme_complete(struct drive *drive, struct drive_request *request, uint16_t status);

/* nvme_namespace.c: the namespace if it is allocated (and attached to the controller), else NULL.
 */
struct nvme_namespace *nvme_allocated(const struct drive *drive, uint32_t nsid);
struct nvme_namespace *nvme_active(const struct drive *drive, uint32_t nsid, uint16_t controller);
void nvme_make_namespaces(struct drive *drive);
uint64_t nvme_unallocated_bytes(const struct drive *drive);
void nvme_plant(struct drive *drive);
void nvme_capacity_changed(struct drive *drive);

/* Data bytes and metadata bytes of its format; bytes that one LBA takes on the medium. */
uint32_t nvme_data_bytes(const struct drive *drive, const struct nvme_namespace *ns);
uint32_t nvme_metadata_bytes(const struct drive *drive, const struct nvme_namespace *ns);
uint32_t nvme_lba_bytes(const struct drive *drive, const struct nvme_namespace *ns);
/* Bytes of one LBA in the data of this read or write. */
uint32_t nvme_transfer_bytes(const struct drive *drive, const struct nvme_namespace *ns,
                             const struct drive_request *request);

/* Copies the part of a structure that the command asked for; zeros behind. */
void nvme_return(struct drive_request *request, const void *data, size_t length);

/* nvme_sanitize.c */
void nvme_sanitize_ended(struct drive *drive, bool success);
bool nvme_is_sanitize(enum erase_operation which);
bool nvme_can_sanitize(const struct drive *drive); /* in some way or other */
/* Sanitize capabilities as they are reported. */
uint32_t nvme_sanicap(const struct drive *drive);
void nvme_sanitize_log(const struct drive *drive, uint8_t log[512]);

/* nvme.c: what an erase is refused with, by security or by its misbehaviour; NVME_OK if it is not.
 */
uint16_t nvme_refusal(const struct drive *drive, enum erase_operation which);
void nvme_effects_log(const struct drive *drive, uint8_t log[NVME_PAGE]);

/* nvme_format.c */
void nvme_format_ended(struct drive *drive, bool success);

#endif
