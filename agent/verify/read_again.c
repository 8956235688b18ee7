#include "read_again.h"

#include <string.h>

static bool is_announced(const struct read_rule *rule, const struct scsi_sense *sense) {
    enum { ASC_UNRECOVERED_READ = 0x11, WRITE_AFTER_SANITIZE_REQUIRED = 0x15 };
    if (!sense->valid || sense->key != SENSE_MEDIUM_ERROR)
        return false;
    const bool write_required =
        sense->asc == ASC_UNRECOVERED_READ && sense->ascq == WRITE_AFTER_SANITIZE_REQUIRED;
    return rule->announced == READS_WRITE_REQUIRED
               ? write_required
               : rule->announced == READS_ERROR && !write_required;
}

/* Of type 2 only CDBs of 32 bytes may ask for protection information. */
bool read_may_skip_protection(const struct read_rule *rule) {
    return rule->protection_type == 1 || rule->protection_type == 3;
}

static bool read_sector(struct device *device, const struct read_rule *rule,
                        const struct sector_read *sector, uint8_t *data, bool *announced) {
    struct scsi_sense sense;
    if (device_read_by_command(device, sector, data, &sense) == 0)
        return true;
    if (is_announced(rule, &sense)) {
        *announced = true;
        return true;
    }
    return false;
}

enum again read_again(struct device *device, const struct read_rule *rule,
                      const struct layout *layout, const struct place_unit *place, uint8_t *data) {
    const uint32_t size = layout->areas[place->area].lba_size;
    const uint32_t count = place->length / size;
    uint32_t as_announced = 0;
    /* Where nothing was announced and nothing can be left out, a failure is a failure. */
    if (rule->announced < READS_ERROR && !read_may_skip_protection(rule))
        return AGAIN_UNREADABLE;
    memset(data, 0, place->length);
    for (uint32_t i = 0; i < count; i++) {
        const struct sector_read sector = {.area = place->area,
                                           .lba = place->offset / size + i,
                                           .count = 1,
                                           .unchecked = read_may_skip_protection(rule)};
        bool announced = false;
        if (!read_sector(device, rule, &sector, data + (size_t)i * size, &announced))
            return AGAIN_UNREADABLE;
        as_announced += announced;
    }
    return as_announced == count ? AGAIN_ANNOUNCED : AGAIN_READ;
}
