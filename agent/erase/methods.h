/* The rows, each defined in the file of its method. */
#ifndef QUIETUS_ERASE_METHODS_H
#define QUIETUS_ERASE_METHODS_H

#include "quietus/method.h"

extern const struct method method_nvme_sanitize_crypto_block;
extern const struct method method_nvme_sanitize_block;
extern const struct method method_nvme_sanitize_crypto;
extern const struct method method_nvme_sanitize_overwrite;
extern const struct method method_nvme_format_crypto;
extern const struct method method_nvme_format_user_data;
extern const struct method method_ata_sanitize_crypto_block;
extern const struct method method_ata_sanitize_block;
extern const struct method method_ata_sanitize_crypto;
extern const struct method method_ata_sanitize_overwrite;
extern const struct method method_ata_security_enhanced;
extern const struct method method_ata_security_normal;
extern const struct method method_scsi_sanitize_crypto_block;
extern const struct method method_scsi_sanitize_block;
extern const struct method method_scsi_sanitize_crypto;
extern const struct method method_scsi_sanitize_overwrite;
extern const struct method method_tcg_psid_revert;
extern const struct method method_scsi_format;
extern const struct method method_overwrite;

#endif
