/* Reading, writing, verifying, flushing, trimming. */
#include "ata.h"
#include "fields.h"

#include <stdlib.h>

/* The commands of this file that have 48-bit registers. */
static bool is_extended(uint8_t command) {
    switch (command) {
    case ATA_READ_SECTORS_EXT:
    case ATA_READ_DMA_EXT:
    case ATA_READ_MULTIPLE_EXT:
    case ATA_WRITE_SECTORS_EXT:
    case ATA_WRITE_DMA_EXT:
    case ATA_WRITE_DMA_FUA_EXT:
    case ATA_WRITE_MULTIPLE_EXT:
    case ATA_WRITE_MULTIPLE_FUA_EXT:
    case ATA_READ_VERIFY_EXT:
        return true;
    default:
        return false;
    }
}

static bool forces_unit_access(uint8_t command) {
    return command == ATA_WRITE_DMA_FUA_EXT || command == ATA_WRITE_MULTIPLE_FUA_EXT;
}

static enum ata_result fails(struct drive_request *request, uint8_t status, uint8_t error,
                             uint64_t lba) {
    request->ata_out.status = ATA_STATUS_GOOD | ATA_STATUS_ERR | status;
    request->ata_out.error = error;
    ata_put_lba(request, lba, is_extended(request->ata.command));
    return ATA_ERROR;
}

static bool is_within(const struct ata *ata, struct ata_range range) {
    return range.lba < ata->accessible_sectors &&
           range.sectors <= ata->accessible_sectors - range.lba;
}

static enum ata_result fault_of(struct drive_request *request, enum drive_fault fault,
                                uint64_t lba) {
    switch (fault) {
    case FAULT_READ:
    case FAULT_NOT_WRITTEN:
        return fails(request, 0, ATA_ERROR_UNCORRECTABLE, lba);
    case FAULT_WRITE:
        return fails(request, ATA_STATUS_DEVICE_FAULT, ATA_ERROR_ABORTED, lba);
    case FAULT_WRITE_PROTECTED:
    case FAULT_LOCKED:
        return ATA_ABORTED;
    case FAULT_NONE:
        break;
    }
    return ATA_DONE;
}

/* Common to reads, writes and verifies: wakes the drive and checks the range. */
static enum ata_result begin(struct ata *ata, struct drive_request *request,
                             struct ata_range *range) {
    *range = ata_range_of(&request->ata, is_extended(request->ata.command));
    if (ata->starting_in_standby)
        return ATA_ABORTED;
    ata->power = ATA_POWER_ACTIVE;
    if (!is_within(ata, *range))
        return fails(request, 0, ATA_ERROR_ID_NOT_FOUND, range->lba);
    return ATA_DONE;
}

/* Reads; where that fails, the sectors one by one, to tell the first that does. */
static enum ata_result read_range(struct ata *ata, struct drive_request *request,
                                  struct ata_range range, uint8_t *data) {
    const uint32_t sector = ata_description(ata)->sector;
    if (drive_read(ata->drive, 0, range.lba, sector, range.sectors, data) == FAULT_NONE)
        return ATA_DONE;
    for (uint64_t i = 0; i < range.sectors; i++) {
        const enum drive_fault fault =
            drive_read(ata->drive, 0, range.lba + i, sector, 1, data + i * sector);
        if (fault != FAULT_NONE)
            return fault_of(request, fault, range.lba + i);
    }
    return ATA_DONE;
}

enum ata_result ata_run_read(struct ata *ata, struct drive_request *request) {
    struct ata_range range;
    enum ata_result result = begin(ata, request, &range);
    if (result != ATA_DONE)
        return result;
    result = read_range(ata, request, range, request->data);
    if (result == ATA_DONE)
        request->transferred = range.sectors * ata_description(ata)->sector;
    return result;
}

enum ata_result ata_run_verify(struct ata *ata, struct drive_request *request) {
    struct ata_range range;
    enum ata_result result = begin(ata, request, &range);
    if (result != ATA_DONE)
        return result;
    uint8_t *data = malloc(range.sectors * ata_description(ata)->sector);
    if (data == NULL)
        return ATA_ABORTED;
    result = read_range(ata, request, range, data);
    free(data);
    return result;
}

enum ata_result ata_run_write(struct ata *ata, struct drive_request *request) {
    struct ata_range range;
    const enum ata_result result = begin(ata, request, &range);
    if (result != ATA_DONE)
        return result;
    const enum drive_fault fault = drive_write(
        ata->drive, 0, range.lba, ata_description(ata)->sector, range.sectors, request->data);
    if (forces_unit_access(request->ata.command))
        media_flush(ata->drive->media);
    return fault_of(request, fault, range.lba);
}

enum ata_result ata_run_flush(struct ata *ata, struct drive_request *request) {
    media_flush(ata->drive->media);
    (void)request;
    return ATA_DONE;
}

/* DATA SET MANAGEMENT with TRIM: 8-byte entries, LBA 47:0 and length 63:48 (DEVICE-FACTS A.9). */
enum ata_result ata_run_trim(struct ata *ata, struct drive_request *request) {
    enum { FEATURE_TRIM = 1, ENTRY = 8 };
    const size_t length = (size_t)request->ata.count * ATA_BLOCK;
    if (!ata_description(ata)->ata.trim || request->ata.features != FEATURE_TRIM || length == 0)
        return ATA_ABORTED;
    for (size_t at = 0; at < length; at += ENTRY) {
        const uint64_t entry = load_le(request->data + at, ENTRY);
        const struct ata_range range = {entry & 0xffffffffffff, entry >> 48};
        if (range.sectors == 0)
            continue;
        if (!is_within(ata, range))
            return ATA_ABORTED;
        if (drive_discard(ata->drive, 0, range.lba, ata_description(ata)->sector, range.sectors) !=
            FAULT_NONE)
            return ATA_ABORTED;
    }
    return ATA_DONE;
}
