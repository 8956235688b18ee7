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

/* Runs one action, which is what the file of the method takes it for: the part'th of so many. */
typedef int (*erase_action)(struct erase_run *run, const void *action, unsigned part,
                            unsigned parts);

/* Runs one action, or two until one fails; second: NULL if there is none. 0 if all have ended in
 * success, and the facts say so. */
int run_actions(struct erase_run *run, erase_action one, const void *first, const void *second);

#define CLAIMS_CLEAR                                                                               \
    {                                                                                              \
        [MEDIUM_UNKNOWN] = {CATEGORY_CLEAR, CATEGORY_CLEAR},                                       \
        [MEDIUM_ROTATING] = {CATEGORY_CLEAR, CATEGORY_CLEAR},                                      \
        [MEDIUM_FLASH] = {CATEGORY_CLEAR, CATEGORY_CLEAR},                                         \
    }

#define CLAIMS_PURGE                                                                               \
    {                                                                                              \
        [MEDIUM_UNKNOWN] = {CATEGORY_PURGE, CATEGORY_PURGE},                                       \
        [MEDIUM_ROTATING] = {CATEGORY_PURGE, CATEGORY_PURGE},                                      \
        [MEDIUM_FLASH] = {CATEGORY_PURGE, CATEGORY_PURGE},                                         \
    }

/* The drive's own overwrite, over all that it has. */
#define CLAIMS_FIRMWARE_OVERWRITE                                                                  \
    {                                                                                              \
        [MEDIUM_UNKNOWN] = {CATEGORY_CLEAR, CATEGORY_CLEAR},                                       \
        [MEDIUM_ROTATING] = {CATEGORY_PURGE, CATEGORY_PURGE},                                      \
        [MEDIUM_FLASH] = {CATEGORY_PURGE, CATEGORY_CLEAR},                                         \
    }

#endif
