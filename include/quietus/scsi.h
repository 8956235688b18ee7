/*
 * SCSI: decoding of sense data, INQUIRY, vital product data, capacity, mode and log pages.
 * Pure: bytes in, structs out. Sources: DEVICE-FACTS A.3, B.1 to B.6 (SPC and SBC as in sg3_utils).
 */
#ifndef QUIETUS_SCSI_H
#define QUIETUS_SCSI_H

#include "quietus/ata.h"
#include "quietus/bytes.h"
#include "quietus/text.h"

enum scsi_opcode {
    SCSI_TEST_UNIT_READY = 0x00,
    SCSI_REQUEST_SENSE = 0x03,
    SCSI_FORMAT_UNIT = 0x04,
    SCSI_INQUIRY = 0x12,
    SCSI_MODE_SENSE_6 = 0x1a,
    SCSI_READ_CAPACITY_10 = 0x25,
    SCSI_SANITIZE = 0x48,
    SCSI_MODE_SELECT_10 = 0x55,
    SCSI_LOG_SENSE = 0x4d,
    SCSI_MODE_SENSE_10 = 0x5a,
    SCSI_ATA_PASS_THROUGH_16 = 0x85,
    SCSI_SERVICE_ACTION_IN_16 = 0x9e,
    SCSI_REPORT_LUNS = 0xa0,
    SCSI_SECURITY_PROTOCOL_IN = 0xa2,
    SCSI_MAINTENANCE_IN = 0xa3,
    SCSI_SECURITY_PROTOCOL_OUT = 0xb5,
};

enum {
    SCSI_SA_READ_CAPACITY_16 = 0x10,
    SCSI_SA_REPORT_SUPPORTED_OPERATION_CODES = 0x0c,
};

/* SANITIZE (DEVICE-FACTS B.3): service actions, and bits of byte 1. */
enum {
    SCSI_SANITIZE_OVERWRITE = 0x01,
    SCSI_SANITIZE_BLOCK_ERASE = 0x02,
    SCSI_SANITIZE_CRYPTO_ERASE = 0x03,
    SCSI_SANITIZE_IMMED = 0x80,
};

/* FORMAT UNIT (B.5): bits of the CDB's byte 1 and of the parameter list's byte 1. */
enum {
    SCSI_FORMAT_DATA = 0x10,
    SCSI_FORMAT_PROTECTION_SHIFT = 6,
    SCSI_FORMAT_IMMED = 0x02,
};

/* What sense data says of an operation in the background: ASC and ASCQ as one number. */
enum {
    SCSI_FORMAT_IN_PROGRESS = 0x0404,
    SCSI_SANITIZE_IN_PROGRESS = 0x041b,
    SCSI_FORMAT_CORRUPTED = 0x3100,
    SCSI_FORMAT_FAILED = 0x3101,
    SCSI_SANITIZE_FAILED = 0x3103,
};

enum scsi_status {
    SCSI_GOOD = 0x00,
    SCSI_CHECK_CONDITION = 0x02,
    SCSI_BUSY = 0x08,
    SCSI_RESERVATION_CONFLICT = 0x18,
};

/* The kernel's host status (scsi_host.h, DID_*); 0 is good. */
enum scsi_host_status {
    SCSI_HOST_TIMED_OUT = 3,
    SCSI_HOST_ERROR = 7,
};

enum scsi_sense_key {
    SENSE_NO_SENSE = 0x0,
    SENSE_RECOVERED_ERROR = 0x1,
    SENSE_NOT_READY = 0x2,
    SENSE_MEDIUM_ERROR = 0x3,
    SENSE_HARDWARE_ERROR = 0x4,
    SENSE_ILLEGAL_REQUEST = 0x5,
    SENSE_UNIT_ATTENTION = 0x6,
    SENSE_DATA_PROTECT = 0x7,
    SENSE_ABORTED_COMMAND = 0xb,
};

struct scsi_sense {
    bool valid; /* a known response code and enough bytes for key and codes */
    bool deferred;
    bool descriptor_format;
    uint8_t key;
    uint8_t asc;
    uint8_t ascq;
    bool progress_valid;
    uint16_t progress; /* of 65536 */
    bool information_valid;
    uint64_t information;
    struct ata_registers ata; /* .valid if the sense carries an ATA status return */
};

/* Decodes either format; whatever is not there or does not fit stays not valid. Never fails. */
void scsi_decode_sense(struct bytes data, struct scsi_sense *out);

/*
 * The registers of a pass-through that failed, in the form that Linux (6.11 and later) gives them
 * in while D_SENSE is 0: SAT's fixed format, but with the error's own code instead of 00/1D. Only
 * for the sense data of a pass-through: of any other command these bytes are an LBA. False: there
 * are none.
 */
bool scsi_decode_pass_through_failure(struct bytes data, struct ata_registers *out);

/* A few words for a person: "illegal request: invalid opcode (5/20/00)". Returns out. */
char *scsi_sense_text(const struct scsi_sense *sense, char *out, size_t size);

/* Peripheral device types that Quietus tells apart. */
enum {
    SCSI_TYPE_DISK = 0x00,
    SCSI_TYPE_OPTICAL_DRIVE = 0x05,
    SCSI_TYPE_OPTICAL_MEMORY = 0x07,
    SCSI_TYPE_SIMPLIFIED_DISK = 0x0e,
    SCSI_TYPE_HOST_MANAGED_ZONED = 0x14,
};

struct scsi_inquiry {
    uint8_t qualifier;
    uint8_t type;
    bool removable;
    bool protect;
    char vendor[TEXT_FIELD_SIZE];
    char product[TEXT_FIELD_SIZE];
    char revision[TEXT_FIELD_SIZE];
};

/* Standard INQUIRY data, at least 36 bytes; -EINVAL if shorter or its own length says so. */
int scsi_decode_inquiry(struct bytes data, struct scsi_inquiry *out);

/* VPD pages. All: -EINVAL if the page code is not theirs or the page does not fit in the data. */

/* Page 00h: pages[n] is true for each supported page. */
int scsi_decode_vpd_supported(struct bytes data, bool pages[256]);

/* Page 80h. */
int scsi_decode_vpd_serial(struct bytes data, char *out, size_t size);

/* Page 83h: the designators that name the logical unit, best first: NAA, EUI-64, SCSI name. */
struct scsi_designators {
    char logical_unit[TEXT_FIELD_SIZE]; /* "naa.5000c500...", "eui....", or "" */
    char target_device[TEXT_FIELD_SIZE];
    bool sas_port; /* the port that answered is one of a SAS disk */
};
int scsi_decode_vpd_identification(struct bytes data, struct scsi_designators *out);

/* Page 89h: the IDENTIFY data of an ATA device behind a SATL; borrowed from data. */
int scsi_decode_vpd_ata(struct bytes data, struct bytes *identify);

/* Page B1h. */
struct scsi_characteristics {
    uint16_t rotation_rate;     /* 0 not reported, 1 non-rotating, else rpm */
    uint8_t after_block_erase;  /* WABEREQ: 0 unspecified, 1 readable, 2 error, 3 error 11/15 */
    uint8_t after_crypto_erase; /* WACEREQ, likewise */
    uint8_t zoned;
};
int scsi_decode_vpd_characteristics(struct bytes data, struct scsi_characteristics *out);

/* READ CAPACITY(16), at least 12 bytes; protection is known only from 32. -EINVAL if shorter, or if
 * block size or capacity (2^63 bytes and more) cannot be. */
struct scsi_capacity {
    uint64_t blocks;
    uint32_t block_size;
    uint8_t protection_type; /* 0: none, else 1 to 3 */
    uint8_t physical_exponent;
    bool provisioned; /* LBPME */
};
int scsi_decode_capacity_16(struct bytes data, struct scsi_capacity *out);
int scsi_decode_capacity_10(struct bytes data, struct scsi_capacity *out);

/* The block descriptor in MODE SENSE(10) data. */
struct scsi_block_descriptor {
    bool is_long; /* 64 bits of blocks */
    uint64_t blocks;
    uint32_t block_size;
};
/* -EINVAL if there is none, or it does not fit in the data. */
int scsi_decode_block_descriptor(struct bytes data, struct scsi_block_descriptor *out);

/* The parameter list of a MODE SELECT(10) with this descriptor alone. Returns its length; room for
 * 24 bytes. */
size_t scsi_encode_block_descriptor(const struct scsi_block_descriptor *descriptor, uint8_t *list);

/* Write protection from a MODE SENSE(10) header. */
int scsi_decode_mode_write_protect(struct bytes data, bool *write_protected);

/* REPORT LUNS: how many there are, listed in the data or not. */
int scsi_decode_units(struct bytes data, unsigned *count);

/* Log page 2Fh: informational exceptions; asc is 5Dh when a failure is predicted. */
int scsi_decode_log_exceptions(struct bytes data, uint8_t *asc, uint8_t *ascq);

/* Log page 0Dh: degrees Celsius; 0: not known, or freezing. */
int scsi_decode_log_temperature(struct bytes data, int *degrees);

/* Log page 0Eh: how often the disk was started since it was made. -EINVAL if the data is not that
 * page; -ENODATA if it does not say. */
int scsi_decode_log_starts(struct bytes data, uint32_t *out);

/* REPORT SUPPORTED OPERATION CODES, one-command form. */
enum scsi_support {
    SCSI_SUPPORT_UNKNOWN,
    SCSI_NOT_SUPPORTED,
    SCSI_SUPPORTED,
};
int scsi_decode_one_command(struct bytes data, enum scsi_support *out);

#endif
