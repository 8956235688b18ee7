/*
 * Capacity that a SAS disk hides by its mode page's block descriptor (DEVICE-FACTS B.2). What it
 * could have is not to be asked: so it is told to take all that it has, which changes nothing on a
 * disk that hides nothing.
 */
#include "quietus/ask.h"
#include "quietus/json.h"

#include "earlier.h"
#include "scsi_common.h"

#include <errno.h>

static bool select_all(const struct earlier *earlier, const struct scsi_block_descriptor *now,
                       bool save) {
    struct scsi_block_descriptor all = *now;
    all.blocks = now->is_long ? UINT64_MAX : UINT32_MAX;
    return scsi_select_blocks(earlier->armed,
                              save ? "MODE SELECT(10) (all blocks, saved)"
                                   : "MODE SELECT(10) (all blocks)",
                              &all, save, earlier->reason) == 0;
}

/*
 * What stays hidden, of a disk that refused or did not do what it said. That the block descriptor
 * of the default values shows more is no promise of the standard; but a disk that says so has more.
 */
static void look_for_the_rest(const struct earlier *earlier, struct disk *now) {
    struct scsi_block_descriptor normal;
    if (ask_scsi_block_descriptor(armed_device(earlier->armed), true, &normal) == 0 &&
        normal.block_size == now->areas[0].lba_size &&
        normal.blocks != (normal.is_long ? UINT64_MAX : UINT32_MAX))
        now->native_sectors = normal.blocks;
}

/* 0 also if the disk does not let itself be told: it may have nothing to show. */
static int show_all(const struct earlier *earlier, const struct scsi_block_descriptor *descriptor,
                    struct disk *now) {
    struct scsi_capacity capacity;
    if (!select_all(earlier, descriptor, true) && !select_all(earlier, descriptor, false)) {
        earlier->reason->text[0] = '\0';
        return 0;
    }
    if (ask_scsi_capacity(armed_device(earlier->armed), &capacity) ||
        capacity.block_size != now->areas[0].lba_size) {
        reason_set(earlier->reason,
                   "it has another sector size since it was told to show all blocks");
        return -EIO;
    }
    now->hidden_known = true;
    return capacity.blocks > now->areas[0].lba_count ? earlier_grown(earlier, capacity.blocks, now)
                                                     : 0;
}

int scsi_hidden_open(const struct earlier *earlier, struct disk *now) {
    struct scsi_block_descriptor descriptor;
    struct device *device = armed_device(earlier->armed);
    if (now->bus != BUS_SAS || now->area_count != 1 ||
        ask_scsi_block_descriptor(device, false, &descriptor) || descriptor.block_size == 0)
        return 0;
    const int error = show_all(earlier, &descriptor, now);
    if (error == 0)
        look_for_the_rest(earlier, now);
    return error;
}
