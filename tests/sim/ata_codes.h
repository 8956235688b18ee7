/* Codes of the ATA command set (ACS): commands, subcommands, register bits, log addresses. */
#ifndef SIM_ATA_CODES_H
#define SIM_ATA_CODES_H

enum ata_command {
    ATA_NOP = 0x00,
    ATA_DATA_SET_MANAGEMENT = 0x06,
    ATA_DEVICE_RESET = 0x08,
    ATA_REQUEST_SENSE_DATA_EXT = 0x0b,
    ATA_READ_SECTORS = 0x20,
    ATA_READ_SECTORS_EXT = 0x24,
    ATA_READ_DMA_EXT = 0x25,
    ATA_READ_NATIVE_MAX_EXT = 0x27,
    ATA_READ_MULTIPLE_EXT = 0x29,
    ATA_READ_LOG_EXT = 0x2f,
    ATA_WRITE_SECTORS = 0x30,
    ATA_WRITE_SECTORS_EXT = 0x34,
    ATA_WRITE_DMA_EXT = 0x35,
    ATA_SET_MAX_EXT = 0x37,
    ATA_WRITE_MULTIPLE_EXT = 0x39,
    ATA_WRITE_DMA_FUA_EXT = 0x3d,
    ATA_READ_VERIFY = 0x40,
    ATA_READ_VERIFY_EXT = 0x42,
    ATA_READ_LOG_DMA_EXT = 0x47,
    ATA_READ_FPDMA_QUEUED = 0x60,
    ATA_WRITE_FPDMA_QUEUED = 0x61,
    ATA_ACCESSIBLE_MAX = 0x78,
    ATA_EXECUTE_DIAGNOSTIC = 0x90,
    ATA_SMART = 0xb0,
    ATA_DEVICE_CONFIGURATION = 0xb1,
    ATA_SANITIZE_DEVICE = 0xb4,
    ATA_READ_MULTIPLE = 0xc4,
    ATA_WRITE_MULTIPLE = 0xc5,
    ATA_SET_MULTIPLE = 0xc6,
    ATA_READ_DMA = 0xc8,
    ATA_WRITE_DMA = 0xca,
    ATA_WRITE_MULTIPLE_FUA_EXT = 0xce,
    ATA_STANDBY_IMMEDIATE = 0xe0,
    ATA_IDLE_IMMEDIATE = 0xe1,
    ATA_STANDBY = 0xe2,
    ATA_IDLE = 0xe3,
    ATA_CHECK_POWER_MODE = 0xe5,
    ATA_SLEEP = 0xe6,
    ATA_FLUSH_CACHE = 0xe7,
    ATA_FLUSH_CACHE_EXT = 0xea,
    ATA_TRUSTED_RECEIVE = 0x5c,
    ATA_TRUSTED_RECEIVE_DMA = 0x5d,
    ATA_TRUSTED_SEND = 0x5e,
    ATA_TRUSTED_SEND_DMA = 0x5f,
    ATA_IDENTIFY_DEVICE = 0xec,
    ATA_SET_FEATURES = 0xef,
    ATA_SECURITY_SET_PASSWORD = 0xf1,
    ATA_SECURITY_UNLOCK = 0xf2,
    ATA_SECURITY_ERASE_PREPARE = 0xf3,
    ATA_SECURITY_ERASE_UNIT = 0xf4,
    ATA_SECURITY_FREEZE_LOCK = 0xf5,
    ATA_SECURITY_DISABLE_PASSWORD = 0xf6,
    ATA_READ_NATIVE_MAX = 0xf8,
    ATA_SET_MAX = 0xf9,
};

enum ata_status {
    ATA_STATUS_GOOD = 0x50, /* DRDY, and DSC, which old habit keeps set */
    ATA_STATUS_DEVICE_FAULT = 0x20,
    ATA_STATUS_ERR = 0x01,
};

enum ata_error {
    ATA_ERROR_ABORTED = 0x04,
    ATA_ERROR_ID_NOT_FOUND = 0x10,
    ATA_ERROR_UNCORRECTABLE = 0x40,
};

enum ata_device { ATA_DEVICE_LBA = 0x40 };

enum ata_feature { /* of SET FEATURES */
                   ATA_FEATURE_ENABLE_WRITE_CACHE = 0x02,
                   ATA_FEATURE_TRANSFER_MODE = 0x03,
                   ATA_FEATURE_ENABLE_APM = 0x05,
                   ATA_FEATURE_ENABLE_PUIS = 0x06,
                   ATA_FEATURE_PUIS_SPIN_UP = 0x07,
                   ATA_FEATURE_ENABLE_SATA = 0x10,
                   ATA_FEATURE_DISABLE_READ_AHEAD = 0x55,
                   ATA_FEATURE_DISABLE_WRITE_CACHE = 0x82,
                   ATA_FEATURE_DISABLE_APM = 0x85,
                   ATA_FEATURE_DISABLE_PUIS = 0x86,
                   ATA_FEATURE_DISABLE_SATA = 0x90,
                   ATA_FEATURE_ENABLE_READ_AHEAD = 0xaa,
};

enum { ATA_SATA_FEATURE_SSP = 0x06 }; /* COUNT of 10h and 90h */

enum ata_smart_feature {
    ATA_SMART_READ_DATA = 0xd0,
    ATA_SMART_READ_THRESHOLDS = 0xd1,
    ATA_SMART_AUTOSAVE = 0xd2,
    ATA_SMART_OFFLINE_IMMEDIATE = 0xd4,
    ATA_SMART_READ_LOG = 0xd5,
    ATA_SMART_ENABLE = 0xd8,
    ATA_SMART_DISABLE = 0xd9,
    ATA_SMART_RETURN_STATUS = 0xda,
};

enum ata_log {
    ATA_LOG_DIRECTORY = 0x00,
    ATA_LOG_STATISTICS = 0x04,
    ATA_LOG_NCQ_ERROR = 0x10,
    ATA_LOG_IDENTIFY = 0x30,
    ATA_LOG_SCT_STATUS = 0xe0,
};

enum ata_dco_feature {
    ATA_DCO_RESTORE = 0xc0,
    ATA_DCO_FREEZE_LOCK = 0xc1,
    ATA_DCO_IDENTIFY = 0xc2,
    ATA_DCO_SET = 0xc3,
};

enum ata_amac_feature { ATA_AMAC_GET_NATIVE = 0, ATA_AMAC_SET = 1, ATA_AMAC_FREEZE_LOCK = 2 };

enum { ATA_BLOCK = 512 }; /* what PIO data and logs are counted in */

#endif
