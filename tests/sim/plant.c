#include "plant.h"

#include "drive_core.h"

#include <stdio.h>
#include <string.h>

void plant_fill(uint8_t *sector, size_t bytes, const char *tag, unsigned region, uint64_t lba) {
    char record[PLANT_RECORD + 1];
    (void)snprintf(record, sizeof record, "QPLANT %-11.11s%02x%012llx", tag, region & 0xff,
                   (unsigned long long)lba & 0xffffffffffff);
    for (size_t at = 0; at < bytes; at += PLANT_RECORD)
        memcpy(sector + at, record, bytes - at < PLANT_RECORD ? bytes - at : PLANT_RECORD);
}

/* Every LBA that begins in the page, in one write. */
static void plant_page(struct media *media, const struct plant_order *order, uint64_t page) {
    uint8_t sectors[3 * MEDIA_PAGE];
    const uint64_t first = (page * MEDIA_PAGE + order->lba_bytes - 1) / order->lba_bytes;
    uint64_t lba = first;
    size_t length = 0;
    for (; lba < order->lbas && lba * order->lba_bytes < (page + 1) * MEDIA_PAGE; lba++) {
        const uint32_t data_bytes = order->lba_bytes - order->protection_bytes;
        plant_fill(sectors + length, data_bytes, order->tag, order->region, lba);
        if (order->protect != NULL)
            order->protect(sectors + length, data_bytes, lba);
        length += order->lba_bytes;
    }
    media_write(media, order->region, first * order->lba_bytes, sectors, length);
}

void plant_region(struct media *media, const struct plant_order *order) {
    const uint64_t pages = order->lbas * order->lba_bytes / MEDIA_PAGE;
    uint32_t stale = order->stale, remapped = order->remapped;
    for (uint64_t page = 0; page < pages; page += order->every) {
        plant_page(media, order, page);
        if (stale > 0) {
            plant_page(media, order, page);
            stale--;
        } else if (remapped > 0 && media_remap(media, order->region, page)) {
            remapped--;
        }
    }
}

void plant_drive(struct drive *drive) {
    drive->set->plant(drive);
}
