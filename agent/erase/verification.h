/* The two ways of reading back after an erase, with the document that the certificate gets. */
#ifndef QUIETUS_ERASE_VERIFICATION_H
#define QUIETUS_ERASE_VERIFICATION_H

#include "quietus/outcome.h"
#include "quietus/verify.h"

struct verification {
    struct device *device;
    const struct layout *layout;
    const struct verify_level *level;
    const json_t *content; /* what the disk held before */
    struct progress *progress;
    const struct read_rule *rule; /* what reads may do after an erase; NULL: succeed */
    json_t *exceptions;           /* array of strings, to add to */
};

/* Both: 0, or negative errno if reading could not go on; samples and document are set either way.
 */
int verification_of_pattern(const struct verification *verification, const struct pattern *pattern,
                            struct sample_facts *samples, json_t **document);
int verification_of_erase(const struct verification *verification, struct snapshot *snapshot,
                          struct sample_facts *samples, json_t **document);

#endif
