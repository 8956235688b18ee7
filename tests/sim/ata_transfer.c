/* How much data a command moves, and which way; the ranges of reads and writes. */
#include "ata.h"

/* SMART and DEVICE CONFIGURATION move data for some of their subcommands. */
static const struct {
    uint8_t command;
    uint8_t feature;
    enum ata_transfer transfer;
} by_feature[] = {
    {ATA_SMART, ATA_SMART_READ_DATA, TRANSFER_IN_BLOCK},
    {ATA_SMART, ATA_SMART_READ_THRESHOLDS, TRANSFER_IN_BLOCK},
    {ATA_SMART, ATA_SMART_READ_LOG, TRANSFER_IN_BLOCKS_EXT},
    {ATA_DEVICE_CONFIGURATION, ATA_DCO_IDENTIFY, TRANSFER_IN_BLOCK},
    {ATA_DEVICE_CONFIGURATION, ATA_DCO_SET, TRANSFER_OUT_BLOCK},
};

static enum ata_transfer transfer_of(const struct ata_registers_in *in) {
    const struct ata_command_row *row = ata_find_command(in->command);
    if (row == NULL)
        return TRANSFER_NONE;
    if (row->transfer != TRANSFER_BY_FEATURE)
        return row->transfer;
    for (unsigned i = 0; i < sizeof by_feature / sizeof *by_feature; i++)
        if (by_feature[i].command == in->command && by_feature[i].feature == (uint8_t)in->features)
            return by_feature[i].transfer;
    return TRANSFER_NONE;
}

struct ata_range ata_range_of(const struct ata_registers_in *in, bool extended) {
    if (extended)
        return (struct ata_range){in->lba, in->count ? in->count : 0x10000};
    const uint8_t count = (uint8_t)in->count;
    return (struct ata_range){(in->lba & 0xffffff) | (uint64_t)(in->device & 0x0f) << 24,
                              count ? count : 0x100};
}

enum drive_direction ata_data_of(const struct drive *drive, const struct ata_registers_in *in,
                                 size_t *length) {
    const size_t sector = drive->description->sector;
    const enum ata_transfer transfer = transfer_of(in);
    *length = 0;
    switch (transfer) {
    case TRANSFER_NONE:
    case TRANSFER_BY_FEATURE:
        return DATA_NONE;
    case TRANSFER_IN_BLOCK:
    case TRANSFER_OUT_BLOCK:
        *length = ATA_BLOCK;
        return transfer == TRANSFER_IN_BLOCK ? DATA_FROM_DRIVE : DATA_TO_DRIVE;
    case TRANSFER_IN_SECTORS:
    case TRANSFER_OUT_SECTORS:
        *length = ata_range_of(in, false).sectors * sector;
        return transfer == TRANSFER_IN_SECTORS ? DATA_FROM_DRIVE : DATA_TO_DRIVE;
    case TRANSFER_IN_SECTORS_EXT:
    case TRANSFER_OUT_SECTORS_EXT:
        *length = ata_range_of(in, true).sectors * sector;
        return transfer == TRANSFER_IN_SECTORS_EXT ? DATA_FROM_DRIVE : DATA_TO_DRIVE;
    case TRANSFER_IN_TRUSTED:
    case TRANSFER_OUT_TRUSTED:
        *length = ata_trusted_length(in);
        if (*length == 0)
            return DATA_NONE;
        return transfer == TRANSFER_IN_TRUSTED ? DATA_FROM_DRIVE : DATA_TO_DRIVE;
    case TRANSFER_IN_BLOCKS_EXT:
    case TRANSFER_OUT_BLOCKS_EXT:
        *length = (size_t)in->count * ATA_BLOCK;
        if (*length == 0)
            return DATA_NONE;
        return transfer == TRANSFER_IN_BLOCKS_EXT ? DATA_FROM_DRIVE : DATA_TO_DRIVE;
    }
    return DATA_NONE;
}
