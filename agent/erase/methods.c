#include "methods.h"

#include <string.h>

/*
 * Best first: what destroys the keys, then what the drive erases itself, then what is written over
 * it from outside.
 */
const struct method *const methods[] = {
    &method_nvme_format_crypto,
    &method_nvme_format_user_data,
    &method_overwrite,
    NULL,
};

const struct method *method_find(const char *name) {
    for (const struct method *const *method = methods; *method; method++) {
        if (strcmp((*method)->name, name) == 0)
            return *method;
    }
    return NULL;
}
