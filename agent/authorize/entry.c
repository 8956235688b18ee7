/* Which disk an order's entry means: everything that it names has to agree. */
#include "quietus/json.h"

#include "internal.h"

#include <string.h>

static bool agrees(const json_t *entry, const char *key, const char *found) {
    const char *wanted = json_text(entry, key);
    return wanted[0] == '\0' || strcmp(wanted, found) == 0;
}

static bool is_named(const json_t *entry, const struct disk_identity *id, const char *wwn) {
    return agrees(entry, "serial", id->serial) && agrees(entry, "wwn", wwn) &&
           agrees(entry, "model", id->model);
}

static bool fits(const json_t *entry, const struct disk_identity *id, const char *wwn) {
    const uint64_t capacity = json_count(entry, "capacity");
    return is_named(entry, id, wwn) && (capacity == 0 || capacity == id->capacity);
}

enum entry_fit order_entry_fits(const json_t *entry, const struct disk *disk) {
    const struct disk_identity *id = &disk->identity;
    const char *device = disk->target_device;
    if (fits(entry, id, id->wwn) || (device[0] != '\0' && fits(entry, id, device)))
        return ENTRY_FITS;
    for (unsigned i = 0; i < disk->part_count; i++) {
        const struct disk_identity *part = &disk->parts[i]->identity;
        if (fits(entry, part, part->wwn))
            return ENTRY_FITS;
    }
    const bool is_less = id->capacity < json_count(entry, "capacity");
    return device[0] != '\0' && json_text(entry, "wwn")[0] != '\0' && is_named(entry, id, device) &&
                   is_less
               ? ENTRY_PART_MISSING
               : ENTRY_OTHER;
}
