#include "quietus/layout.h"

static uint32_t unit_of(uint32_t lba_size) {
    return lba_size >= LAYOUT_UNIT ? lba_size : LAYOUT_UNIT / lba_size * lba_size;
}

void layout_make(const struct disk_area *areas, unsigned count, struct layout *out) {
    *out = (struct layout){.area_count = count};
    for (unsigned i = 0; i < count; i++) {
        struct layout_area *area = &out->areas[i];
        area->lba_size = areas[i].lba_size;
        area->bytes = areas[i].lba_count * areas[i].lba_size;
        area->unit = unit_of(areas[i].lba_size);
        area->units = (area->bytes + area->unit - 1) / area->unit;
        area->reachable = areas[i].node[0] != '\0';
        out->units += area->units;
        out->bytes += area->bytes;
    }
}

uint32_t layout_largest_unit(const struct layout *layout) {
    uint32_t largest = 0;
    for (unsigned i = 0; i < layout->area_count; i++) {
        if (layout->areas[i].unit > largest)
            largest = layout->areas[i].unit;
    }
    return largest;
}

struct place_unit layout_unit(const struct layout *layout, uint64_t index) {
    unsigned i = 0;
    while (i + 1 < layout->area_count && index >= layout->areas[i].units) {
        index -= layout->areas[i].units;
        i++;
    }
    const struct layout_area *area = &layout->areas[i];
    const uint64_t offset = index * area->unit;
    const uint64_t left = area->bytes - offset;
    return (struct place_unit){i, offset, left < area->unit ? (uint32_t)left : area->unit};
}

uint64_t layout_index(const struct layout *layout, unsigned area, uint64_t offset) {
    uint64_t index = offset / layout->areas[area].unit;
    for (unsigned i = 0; i < area; i++)
        index += layout->areas[i].units;
    return index;
}
