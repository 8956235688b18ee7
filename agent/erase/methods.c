#include "methods.h"

#include <string.h>

/*
 * Best first. What the drive erases itself, everywhere, with two means together where it has them;
 * then with one, the quick ones first; then what reaches less; then what is written over it from
 * outside.
 */
const struct method *const methods[] = {
    &method_nvme_sanitize_crypto_block,
    &method_nvme_sanitize_block,
    &method_nvme_sanitize_crypto,
    &method_nvme_sanitize_overwrite,
    &method_ata_sanitize_crypto_block,
    &method_ata_sanitize_block,
    &method_ata_sanitize_crypto,
    &method_ata_sanitize_overwrite,
    &method_ata_security_enhanced,
    &method_ata_security_normal,
    &method_scsi_sanitize_crypto_block,
    &method_scsi_sanitize_block,
    &method_scsi_sanitize_crypto,
    &method_scsi_sanitize_overwrite,
    &method_tcg_psid_revert,
    &method_nvme_format_crypto,
    &method_nvme_format_user_data,
    &method_overwrite,
    &method_scsi_format, /* after an overwrite, which is read back to the byte */
    NULL,
};

const struct method *method_find(const char *name) {
    for (const struct method *const *method = methods; *method; method++) {
        if (strcmp((*method)->name, name) == 0)
            return *method;
    }
    return NULL;
}

int run_actions(struct erase_run *run, erase_action one, const void *first, const void *second) {
    const unsigned parts = second ? 2 : 1;
    int error = one(run, first, 1, parts);
    if (error == 0 && second)
        error = one(run, second, 2, parts);
    if (error)
        return error;
    run->facts->ended_in_success = true;
    run->reason->text[0] = '\0';
    return 0;
}
