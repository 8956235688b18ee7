/* Blocks on the medium: odd sizes, protection information behind the data, bad blocks. */
#include "fields.h"
#include "plant.h"
#include "sas.h"
#include "sas_protection.h"

#include <stdlib.h>
#include <string.h>

/* What RDPROTECT and WRPROTECT ask to be checked (SBC); 6 and 7 are reserved. */
static const uint8_t checks_of[6] = {PROTECTION_GUARD | PROTECTION_REFERENCE,
                                     PROTECTION_GUARD | PROTECTION_REFERENCE,
                                     PROTECTION_REFERENCE,
                                     0,
                                     PROTECTION_GUARD,
                                     PROTECTION_GUARD | PROTECTION_REFERENCE};

static const struct sas_layout *layout_of(const struct sas *sas) {
    return &sas->state->layout;
}

uint32_t sas_medium_bytes(const struct sas_layout *layout) {
    return layout->block_bytes + (layout->protection ? SAS_PROTECTION_BYTES : 0);
}

uint64_t sas_native_blocks(const struct sas *sas, const struct sas_layout *layout) {
    return drive_bytes(sas->drive) / sas_medium_bytes(layout);
}

uint64_t sas_visible_blocks(const struct sas *sas) {
    const uint64_t native = sas_native_blocks(sas, layout_of(sas));
    const uint64_t wanted = layout_of(sas)->blocks;
    return wanted != 0 && wanted < native ? wanted : native;
}

uint32_t sas_transfer_bytes(const struct scsi_unit *unit, uint8_t protect) {
    const struct sas_layout *layout = layout_of(sas_of(unit));
    return protect != 0 ? sas_medium_bytes(layout) : layout->block_bytes;
}

static bool fail(struct scsi_sense *sense, enum scsi_sense_key key, uint16_t additional) {
    *sense = (struct scsi_sense){.key = key, .additional = additional};
    return false;
}

static bool fail_at(struct scsi_sense *sense, enum scsi_sense_key key, uint16_t additional,
                    uint64_t lba) {
    *sense = (struct scsi_sense){
        .key = key, .additional = additional, .has_information = true, .information = lba};
    return false;
}

/* Protection information can move only if there is some; that of type 2 takes CDBs of 32 bytes. */
static bool check_protect(const struct sas *sas, uint8_t protect, struct scsi_sense *sense) {
    if (protect == 0)
        return true;
    if (layout_of(sas)->protection == 2)
        return fail(sense, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
    if (layout_of(sas)->protection == 0 || protect >= sizeof checks_of)
        return fail(sense, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
    return true;
}

/* --- bad blocks --- */

static bool is_bad(const struct sas *sas, uint64_t lba) {
    for (uint32_t i = 0; i < sas->state->bad_block_count; i++)
        if (sas->state->bad_blocks[i] == lba)
            return true;
    return false;
}

void sas_forget_bad(struct sas *sas, uint64_t lba, uint64_t blocks) {
    struct sas_state *state = sas->state;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->bad_block_count; i++)
        if (state->bad_blocks[i] < lba || state->bad_blocks[i] >= lba + blocks)
            state->bad_blocks[kept++] = state->bad_blocks[i];
    state->bad_block_count = kept;
}

bool sas_remap(struct sas *sas, uint64_t lba) {
    const uint64_t at = lba * sas_medium_bytes(layout_of(sas));
    return media_remap(sas->drive->media, 0, at / MEDIA_PAGE) ||
           !media_is_written(sas->drive->media, 0, at, 1); /* flash: nothing there to be retired */
}

/* A write to a bad block takes it out of use, and leaves in it what it held. */
static bool reallocate(struct sas *sas, const struct scsi_access *access,
                       struct scsi_sense *sense) {
    for (uint64_t lba = access->lba; lba < access->lba + access->blocks; lba++) {
        if (!is_bad(sas, lba))
            continue;
        if (!sas_mode_reallocates_writes(sas) || !sas_remap(sas, lba)) {
            sas->state->write_errors++;
            return fail_at(sense, SENSE_MEDIUM_ERROR, ASC_REASSIGNMENT_RECOMMENDED, lba);
        }
        sas_forget_bad(sas, lba, 1);
    }
    return true;
}

/* --- reading --- */

/* Blocks of which nothing was written have the protection information of the last erase or format:
 * all ones (do not check), or zeros. */
static void put_unwritten_protection(const struct sas *sas, uint8_t *block, uint64_t lba) {
    const struct sas_layout *layout = layout_of(sas);
    const uint64_t at = lba * sas_medium_bytes(layout) + layout->block_bytes;
    if (!media_is_written(sas->drive->media, 0, at, SAS_PROTECTION_BYTES))
        memset(block + layout->block_bytes, sas->state->unwritten_protection, SAS_PROTECTION_BYTES);
}

static bool read_one(struct sas *sas, uint64_t lba, uint8_t protect, uint8_t *block,
                     struct scsi_sense *sense) {
    const struct sas_layout *layout = layout_of(sas);
    const enum drive_fault fault =
        is_bad(sas, lba) ? FAULT_READ
                         : drive_read(sas->drive, 0, lba, sas_medium_bytes(layout), 1, block);
    if (fault == FAULT_NOT_WRITTEN)
        return fail_at(sense, SENSE_MEDIUM_ERROR, sas->state->unwritten, lba);
    if (fault != FAULT_NONE)
        return fail_at(sense, SENSE_MEDIUM_ERROR, ASC_UNRECOVERED_READ, lba);
    if (layout->protection == 0)
        return true;
    put_unwritten_protection(sas, block, lba);
    const uint16_t wrong =
        protection_check(block, layout->block_bytes, layout->protection, lba, checks_of[protect]);
    return wrong == 0 || fail_at(sense, SENSE_ABORTED_COMMAND, wrong, lba);
}

bool sas_read(struct scsi_unit *unit, const struct scsi_access *access, struct scsi_sense *sense) {
    struct sas *sas = sas_of(unit);
    const uint32_t moved = sas_transfer_bytes(unit, access->protect);
    uint8_t block[MEDIA_PATTERN + SAS_PROTECTION_BYTES];
    if (!check_protect(sas, access->protect, sense))
        return false;
    for (uint64_t i = 0; i < access->blocks; i++) {
        if (!read_one(sas, access->lba + i, access->protect, block, sense)) {
            sas->state->read_errors += sense->key == SENSE_MEDIUM_ERROR;
            return false;
        }
        memcpy(access->data + i * moved, block, moved);
    }
    sas->state->bytes_read += access->blocks * moved;
    return true;
}

/* --- writing --- */

bool sas_is_write_protected(const struct sas *sas) {
    return sas_mode_write_protect(sas) ||
           drive_misbehaves(sas->drive, MISBEHAVE_WRITE_PROTECTED, OP_NONE) != NULL;
}

static bool check_write_protected(const struct sas *sas, struct scsi_sense *sense) {
    if (!sas_is_write_protected(sas))
        return true;
    return fail(sense, SENSE_DATA_PROTECT,
                sas_mode_write_protect(sas) ? ASC_SOFTWARE_WRITE_PROTECTED : ASC_WRITE_PROTECTED);
}

/* The rest of a page that a write begins gets what blocks there read as, or their protection
 * information would be wrong from then on. */
static void fill_page(struct sas *sas, uint64_t page) {
    const struct sas_layout *layout = layout_of(sas);
    const uint32_t medium = sas_medium_bytes(layout);
    uint8_t plain[MEDIA_PAGE];
    if (media_is_written(sas->drive->media, 0, page * MEDIA_PAGE, 1))
        return;
    for (uint32_t i = 0; i < MEDIA_PAGE; i++) {
        const bool is_data = (page * MEDIA_PAGE + i) % medium < layout->block_bytes;
        plain[i] = is_data ? 0 : sas->state->unwritten_protection;
    }
    media_write(sas->drive->media, 0, page * MEDIA_PAGE, plain, sizeof plain);
}

static void fill_pages(struct sas *sas, const struct scsi_access *access) {
    const uint32_t medium = sas_medium_bytes(layout_of(sas));
    const uint64_t first = access->lba * medium, end = first + access->blocks * medium;
    if (layout_of(sas)->protection == 0)
        return;
    fill_page(sas, first / MEDIA_PAGE);
    fill_page(sas, (end - 1) / MEDIA_PAGE);
}

/* The block as it lies on the medium. */
static bool put_block(const struct sas *sas, const struct scsi_access *access, uint64_t index,
                      uint8_t *block, struct scsi_sense *sense) {
    const struct sas_layout *layout = layout_of(sas);
    const uint64_t lba = access->lba + index;
    if (access->protect == 0) {
        memcpy(block, access->data + index * layout->block_bytes, layout->block_bytes);
        if (layout->protection != 0)
            protection_put(block, layout->block_bytes, layout->protection, lba);
        return true;
    }
    const uint32_t medium = sas_medium_bytes(layout);
    memcpy(block, access->data + index * medium, medium);
    const uint16_t wrong = protection_check(block, layout->block_bytes, layout->protection, lba,
                                            checks_of[access->protect]);
    return wrong == 0 || fail_at(sense, SENSE_ABORTED_COMMAND, wrong, lba);
}

static bool write_blocks(struct sas *sas, const struct scsi_access *access, uint8_t *medium,
                         struct scsi_sense *sense) {
    const uint32_t bytes = sas_medium_bytes(layout_of(sas));
    for (uint64_t i = 0; i < access->blocks; i++)
        if (!put_block(sas, access, i, medium + i * bytes, sense))
            return false;
    if (!reallocate(sas, access, sense))
        return false;
    fill_pages(sas, access);
    if (drive_write(sas->drive, 0, access->lba, bytes, access->blocks, medium) == FAULT_NONE)
        return true;
    sas->state->write_errors++;
    return fail_at(sense, SENSE_MEDIUM_ERROR, ASC_WRITE_ERROR, access->lba);
}

bool sas_write(struct scsi_unit *unit, const struct scsi_access *access, struct scsi_sense *sense) {
    struct sas *sas = sas_of(unit);
    if (!check_protect(sas, access->protect, sense) || !check_write_protected(sas, sense))
        return false;
    uint8_t *medium = malloc(access->blocks * sas_medium_bytes(layout_of(sas)));
    if (medium == NULL)
        return fail(sense, SENSE_HARDWARE_ERROR, ASC_INTERNAL_FAILURE);
    const bool ok = write_blocks(sas, access, medium, sense);
    free(medium);
    if (ok)
        sas->state->bytes_written += access->blocks * sas_transfer_bytes(unit, access->protect);
    return ok;
}

bool sas_unmap(struct scsi_unit *unit, uint64_t lba, uint64_t blocks, struct scsi_sense *sense) {
    struct sas *sas = sas_of(unit);
    if (!check_write_protected(sas, sense))
        return false;
    if (drive_discard(sas->drive, 0, lba, sas_medium_bytes(layout_of(sas)), blocks) == FAULT_NONE)
        return true;
    return fail_at(sense, SENSE_MEDIUM_ERROR, ASC_WRITE_ERROR, lba);
}

/* --- WRITE SAME --- */

enum { WRITE_SAME_NO_DATA = 0x01, WRITE_SAME_UNMAP = 0x08 };

static bool has_no_data(const uint8_t *cdb) {
    return cdb[0] == 0x93 && (cdb[1] & WRITE_SAME_NO_DATA);
}

enum drive_direction sas_write_same_length(const struct scsi_unit *unit,
                                           const struct drive_request *request, size_t *length) {
    *length =
        has_no_data(request->cdb) ? 0 : sas_transfer_bytes(unit, scsi_access_of(request).protect);
    return *length == 0 ? DATA_NONE : DATA_TO_DRIVE;
}

/* One block at a time; what has to be repeated is data, not protection information. */
static bool repeat(struct scsi_unit *unit, struct scsi_access access, struct scsi_sense *sense) {
    static uint8_t zeros[MEDIA_PATTERN + SAS_PROTECTION_BYTES];
    const uint64_t end = access.lba + access.blocks;
    access.blocks = 1;
    access.protect = 0;
    if (access.data == NULL)
        access.data = zeros;
    for (; access.lba < end; access.lba++)
        if (!sas_write(unit, &access, sense))
            return false;
    return true;
}

void sas_run_write_same(struct scsi_unit *unit, struct drive_request *request) {
    const struct sas *sas = sas_of(unit);
    const bool unmap = request->cdb[1] & WRITE_SAME_UNMAP;
    struct scsi_access access = scsi_access_of(request);
    struct scsi_sense sense = {.key = SENSE_NO_SENSE};
    if (unmap && !sas_description(sas)->unmap) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    if (!scsi_may_access(unit, request, &access))
        return;
    if (access.blocks == 0) /* to the end (WSNZ is 0) */
        access.blocks = sas_visible_blocks(sas) - access.lba;
    if (has_no_data(request->cdb))
        access.data = NULL;
    scsi_end(unit, request,
             unmap ? sas_unmap(unit, access.lba, access.blocks, &sense)
                   : repeat(unit, access, &sense),
             &sense);
}

/* --- planted data --- */

static void protect_type_1(uint8_t *sector, uint32_t data_bytes, uint64_t lba) {
    protection_put(sector, data_bytes, 1, lba);
}

static void protect_type_3(uint8_t *sector, uint32_t data_bytes, uint64_t lba) {
    protection_put(sector, data_bytes, 3, lba);
}

/* Planted blocks begin and end within pages: the blocks beside them get protection information too.
 */
static void fill_planted_pages(struct sas *sas, uint32_t every) {
    const uint64_t pages = drive_bytes(sas->drive) / MEDIA_PAGE;
    for (uint64_t page = 0; page < pages; page += every) {
        fill_page(sas, page);
        if (page + 1 < pages)
            fill_page(sas, page + 1);
    }
}

/* All of the medium, what the mode block descriptor hides too. */
void sas_plant(struct drive *drive) {
    struct sas *sas = drive->family;
    const struct sas_layout *layout = layout_of(sas);
    const struct drive_description *description = drive->description;
    struct plant_order order = {
        .tag = description->plant,
        .lba_bytes = sas_medium_bytes(layout),
        .lbas = sas_native_blocks(sas, layout),
        .every = description->plant_every,
        .stale = description->plant_stale,
        .remapped = description->plant_remapped,
    };
    if (layout->protection != 0) {
        order.protection_bytes = SAS_PROTECTION_BYTES;
        order.protect = layout->protection == 3 ? protect_type_3 : protect_type_1;
        fill_planted_pages(sas, order.every);
    }
    plant_region(drive->media, &order);
}
