#include "quietus/ata.h"

#include <string.h>

enum {
    SAT_PASS_THROUGH_16 = 0x85,
    SAT_CK_COND = 0x20,
    SAT_FROM_DEVICE = 0x08,
    SAT_BLOCKS = 0x04,
    SAT_LENGTH_IN_COUNT = 0x02,
};

/*
 * DEVICE-FACTS A.2: byte 2 recipes. CK_COND is set wherever registers matter. For data in it is
 * not: the data is the answer, and with CK_COND libata takes the DRQ that some controllers (QEMU's
 * AHCI) leave in the PIO setup FIS for a failure (aborted command, status 58h).
 */
static uint8_t transfer_flags(enum ata_protocol protocol) {
    switch (protocol) {
    case ATA_PIO_IN:
    case ATA_DMA:
        return SAT_FROM_DEVICE | SAT_BLOCKS | SAT_LENGTH_IN_COUNT;
    case ATA_PIO_OUT:
        return SAT_CK_COND | SAT_BLOCKS | SAT_LENGTH_IN_COUNT;
    default:
        return SAT_CK_COND;
    }
}

void ata_encode_pass_through(const struct ata_taskfile *taskfile, uint8_t cdb[16]) {
    const uint64_t lba = taskfile->lba;
    const uint8_t bytes[16] = {
        [0] = SAT_PASS_THROUGH_16,
        [1] = (uint8_t)((unsigned)taskfile->protocol << 1 | (taskfile->extended ? 1 : 0)),
        [2] = transfer_flags(taskfile->protocol),
        [3] = (uint8_t)(taskfile->features >> 8),
        [4] = (uint8_t)taskfile->features,
        [5] = (uint8_t)(taskfile->count >> 8),
        [6] = (uint8_t)taskfile->count,
        [7] = (uint8_t)(lba >> 24),
        [8] = (uint8_t)lba,
        [9] = (uint8_t)(lba >> 32),
        [10] = (uint8_t)(lba >> 8),
        [11] = (uint8_t)(lba >> 40),
        [12] = (uint8_t)(lba >> 16),
        [13] = taskfile->device,
        [14] = taskfile->command,
    };
    memcpy(cdb, bytes, sizeof bytes);
}
