/*
 * Sense data, built in either format (SPC, sense data; DEVICE-FACTS A.3 and B.3), for the native
 * SCSI disk and for the SCSI/ATA translation alike.
 */
#ifndef SIM_SCSI_SENSE_H
#define SIM_SCSI_SENSE_H

#include "drive.h"

enum scsi_sense_key {
    SENSE_NO_SENSE = 0x0,
    SENSE_RECOVERED = 0x1,
    SENSE_NOT_READY = 0x2,
    SENSE_MEDIUM_ERROR = 0x3,
    SENSE_HARDWARE_ERROR = 0x4,
    SENSE_ILLEGAL_REQUEST = 0x5,
    SENSE_UNIT_ATTENTION = 0x6,
    SENSE_DATA_PROTECT = 0x7,
    SENSE_ABORTED_COMMAND = 0xb,
};

enum { SCSI_GOOD = 0x00, SCSI_CHECK_CONDITION = 0x02 };

/* Additional sense code and qualifier, ASC << 8 | ASCQ (DEVICE-FACTS B.4). */
enum scsi_additional_sense {
    ASC_NONE = 0x0000,
    ASC_ATA_REGISTERS = 0x001d,
    ASC_START_NEEDED = 0x0402,
    ASC_PORT_IN_STANDBY = 0x040b,
    ASC_FORMAT_IN_PROGRESS = 0x0404,
    ASC_SANITIZE_IN_PROGRESS = 0x041b,
    ASC_WRITE_ERROR = 0x0c00,
    ASC_REASSIGNMENT_RECOMMENDED = 0x0c03,
    ASC_GUARD_CHECK = 0x1001,
    ASC_REFERENCE_TAG_CHECK = 0x1003,
    ASC_UNRECOVERED_READ = 0x1100,
    ASC_WRITE_AFTER_SANITIZE_REQUIRED = 0x1115,
    ASC_PARAMETER_LIST_LENGTH = 0x1a00,
    ASC_INVALID_OPCODE = 0x2000,
    ASC_LBA_OUT_OF_RANGE = 0x2100,
    ASC_INVALID_FIELD_IN_CDB = 0x2400,
    ASC_LUN_NOT_SUPPORTED = 0x2500,
    ASC_INVALID_FIELD_IN_LIST = 0x2600,
    ASC_WRITE_PROTECTED = 0x2700,
    ASC_SOFTWARE_WRITE_PROTECTED = 0x2702,
    ASC_POWER_ON_OR_RESET = 0x2900,
    ASC_INTERNAL_RESET = 0x2904,
    ASC_MODE_PARAMETERS_CHANGED = 0x2a01,
    ASC_RESERVATIONS_PREEMPTED = 0x2a03,
    ASC_CAPACITY_CHANGED = 0x2a09,
    ASC_FORMAT_CORRUPT = 0x3100,
    ASC_FORMAT_FAILED = 0x3101,
    ASC_SANITIZE_FAILED = 0x3103,
    ASC_NO_SPARE_LOCATION = 0x3200,
    ASC_INTERNAL_FAILURE = 0x4400,
    ASC_ACCESS_DENIED = 0x7471,
    ASC_SECURITY_CONFLICT = 0x7479,
};

/* What happened, before it is put into a format. */
struct scsi_sense {
    enum scsi_sense_key key;
    uint16_t additional;
    bool has_information; /* an LBA, as a rule */
    uint64_t information;
    bool has_progress;
    uint16_t progress;                         /* of 65536 */
    const struct ata_registers_out *registers; /* the ATA registers are given back; or NULL */
    bool extend;                               /* of the pass-through: a 48-bit command */
};

enum { SCSI_SENSE_SIZE = 96, SCSI_FIXED_SENSE_LENGTH = 18 };

/*
 * Writes it as descriptors or in the fixed format (into which the upper COUNT and LBA registers do
 * not fit) and returns its length.
 */
uint8_t scsi_sense_format(const struct scsi_sense *sense, bool descriptors,
                          uint8_t out[SCSI_SENSE_SIZE]);

#endif
