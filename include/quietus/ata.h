/*
 * ATA: decoding of IDENTIFY DEVICE and SMART data, and the SAT translation of ATA commands.
 * Pure: bytes in, structs out. Sources: DEVICE-FACTS A.2 to A.4 and A.9 (product manuals that
 * reproduce ACS, SAT as in libata and smartmontools).
 */
#ifndef QUIETUS_ATA_H
#define QUIETUS_ATA_H

#include "quietus/bytes.h"
#include "quietus/text.h"

#define ATA_IDENTIFY_SIZE 512

/* ATA commands that Quietus sends (ACS). */
enum ata_opcode {
    ATA_SMART = 0xb0,
    ATA_SANITIZE_DEVICE = 0xb4,
    ATA_READ_LOG_EXT = 0x2f,
    ATA_IDENTIFY_DEVICE = 0xec,
    ATA_TRUSTED_RECEIVE = 0x5c,
    ATA_TRUSTED_SEND = 0x5e,
    ATA_SECURITY_SET_PASSWORD = 0xf1,
    ATA_SECURITY_UNLOCK = 0xf2,
    ATA_SECURITY_ERASE_PREPARE = 0xf3,
    ATA_SECURITY_ERASE_UNIT = 0xf4,
    ATA_SECURITY_FREEZE_LOCK = 0xf5,
    ATA_SECURITY_DISABLE_PASSWORD = 0xf6,
    ATA_FLUSH_CACHE_EXT = 0xea,
    ATA_READ_NATIVE_MAX = 0xf8,
    ATA_READ_NATIVE_MAX_EXT = 0x27,
    ATA_SET_MAX = 0xf9,
    ATA_SET_MAX_EXT = 0x37,
    ATA_ACCESSIBLE_MAX = 0x78,
    ATA_DCO = 0xb1,
};

/* What hides capacity from the host (DEVICE-FACTS A.8): features, and COUNT of a persistent SET
 * MAX. */
enum {
    ATA_AMAC_GET_NATIVE = 0x0000,
    ATA_AMAC_SET = 0x0001,
    ATA_DCO_RESTORE = 0xc0,
    ATA_DCO_IDENTIFY = 0xc2,
    ATA_SET_MAX_PERSISTENT = 1,
};

/* SMART subcommands (FEATURES) and the signature that every one carries in LBA 23:8. */
enum {
    ATA_SMART_READ_DATA = 0xd0,
    ATA_SMART_RETURN_STATUS = 0xda,
    ATA_SMART_LBA = 0xc24f00,
    ATA_SMART_LBA_FAILING = 0x2cf400,
};

/* READ LOG EXT: logs, by LBA 7:0; the page is in LBA 15:8 (A.9). */
enum {
    ATA_LOG_DIRECTORY = 0x00,
    ATA_LOG_STATISTICS = 0x04,
    ATA_STATISTICS_GENERAL = 1, /* page */
};

/* SANITIZE DEVICE: FEATURES, and the signatures in LBA that guard against accidents (A.7). */
enum {
    ATA_SANITIZE_STATUS_EXT = 0x0000,
    ATA_SANITIZE_CRYPTO_SCRAMBLE = 0x0011,
    ATA_SANITIZE_BLOCK_ERASE = 0x0012,
    ATA_SANITIZE_OVERWRITE = 0x0014,
};
#define ATA_SANITIZE_CRYPTO_SIGNATURE    0x000043727970ULL
#define ATA_SANITIZE_BLOCK_SIGNATURE     0x0000426b4572ULL
#define ATA_SANITIZE_OVERWRITE_SIGNATURE 0x4f5700000000ULL /* the pattern below it */

/* The data of the SECURITY commands: a word of flags and a password (A.5). */
enum {
    ATA_SECURITY_DATA_SIZE = 512,
    ATA_PASSWORD_OFFSET = 2,
    ATA_PASSWORD_SIZE = 32,
    ATA_SECURITY_IS_MASTER = 0x01, /* byte 0 */
    ATA_SECURITY_ENHANCED = 0x02,  /* byte 0, of ERASE UNIT */
};

/* True for the commands whose data carries a password. */
bool ata_command_has_password(uint8_t command);

/* Word 128 and its neighbours: the security feature set. */
struct ata_security {
    bool supported;
    bool enabled;
    bool locked;
    bool frozen;
    bool count_expired;
    bool enhanced_erase;
    bool master_maximum;
    uint16_t master_id;      /* word 92; 0 and FFFFh: not supported */
    uint32_t normal_minutes; /* 0: not reported */
    uint32_t enhanced_minutes;
};

/* Word 59: the sanitize feature set. */
struct ata_sanitize {
    bool supported;
    bool crypto_scramble;
    bool block_erase;
    bool overwrite;
    bool antifreeze_lock;
};

struct ata_identify {
    char serial[TEXT_FIELD_SIZE];
    char firmware[TEXT_FIELD_SIZE];
    char model[TEXT_FIELD_SIZE];
    uint64_t wwn;     /* NAA 5 or another; 0: none */
    uint64_t sectors; /* of all together less than 2^63 bytes, which documents can hold; else 0 */
    uint32_t logical_sector_size;
    uint32_t physical_sector_size;
    uint16_t rotation_rate; /* word 217: 0 not reported, 1 non-rotating, else rpm */
    bool checksum_present;
    bool checksum_good; /* meaningless unless checksum_present */
    bool lba48;
    bool smart_supported;
    bool smart_enabled;
    bool logs; /* words 84 and 87 b5: general purpose logging, READ LOG EXT */
    bool hpa_supported;
    bool dco_supported;
    bool amac_supported;
    bool trusted_computing;
    bool encrypts_all; /* word 69 b4 */
    bool trim;
    struct ata_security security;
    struct ata_sanitize sanitize;
};

/*
 * Decodes 512 bytes of IDENTIFY DEVICE. 0, or -EINVAL if the data is shorter, is all of one byte,
 * or is that of a packet device; a wrong checksum is reported, not refused.
 */
int ata_decode_identify(struct bytes data, struct ata_identify *out);

/* The sectors that DEVICE CONFIGURATION IDENTIFY says the drive could have. 0, or -EINVAL if the
 * data is shorter than 512 bytes or its checksum is wrong. */
int ata_decode_dco(struct bytes data, uint64_t *sectors);

/* SMART attributes that say how the medium is; UINT64_MAX: not reported. */
struct ata_smart {
    int temperature;                /* 194, else 190: degrees Celsius; 0: not reported */
    uint64_t reallocated;           /* attribute 5 */
    uint64_t pending;               /* 197 */
    uint64_t offline_uncorrectable; /* 198 */
    uint64_t power_on_hours;        /* 9 */
    uint64_t power_cycles;          /* 12 */
};

/* Decodes 512 bytes of SMART READ DATA. 0, or -EINVAL if shorter or the checksum is wrong. */
int ata_decode_smart(struct bytes data, struct ata_smart *out);

/* The pages that a log has, by the log directory (A.9); 0: there is no such log. 0, or -EINVAL if
 * the data is shorter than 512 bytes or no directory. */
int ata_decode_log_directory(struct bytes data, uint8_t log, uint16_t *pages);

/*
 * Device statistics, page 1: how often the drive has been switched on. -EINVAL if the data is
 * shorter than 512 bytes or another page's; -ENODATA if the drive does not count that.
 */
int ata_decode_power_on_resets(struct bytes data, uint32_t *out);

/* How data moves, as SAT's PROTOCOL field has it. */
enum ata_protocol {
    ATA_NON_DATA = 3,
    ATA_PIO_IN = 4,
    ATA_PIO_OUT = 5,
    ATA_DMA = 6,
};

struct ata_taskfile {
    enum ata_protocol protocol;
    bool extended; /* a 48-bit command */
    uint16_t features;
    uint16_t count;
    uint64_t lba;
    uint8_t device;
    uint8_t command;
};

/* What came back. Fields are meaningful only as far as `valid` and `high_valid` say. */
struct ata_registers {
    bool valid;
    bool high_valid;     /* COUNT 15:8 and LBA 47:24 are the drive's, not lost in fixed format */
    bool count_high_set; /* fixed format: something in COUNT 15:8 is set, though not what */
    bool lba_high_set;   /* likewise in LBA 47:24 */
    uint8_t status;
    uint8_t error;
    uint8_t device;
    uint16_t count;
    uint64_t lba;
};

/* What SANITIZE STATUS EXT says (DEVICE-FACTS A.7). */
struct ata_sanitize_status {
    bool known;     /* false: the registers say nothing, and nothing below counts */
    bool inferred;  /* fixed format: "completed" may also be "frozen" */
    bool failed;    /* the drive answers the question itself with an abort */
    uint8_t reason; /* of the failure: 1 sectors left, 2 unsupported, 3 frozen, 4 antifreeze */
    bool completed; /* the last sanitize ever run ended without error, perhaps years ago */
    bool in_progress;
    bool frozen;
    uint16_t progress; /* of 65536, if in progress */
};
void ata_decode_sanitize_status(const struct ata_registers *registers,
                                struct ata_sanitize_status *out);

/*
 * Encodes ATA PASS-THROUGH(16), with CK_COND set unless data comes in. Data is counted in 512-byte
 * blocks by COUNT. cdb has 16 bytes.
 */
void ata_encode_pass_through(const struct ata_taskfile *taskfile, uint8_t cdb[16]);

#endif
