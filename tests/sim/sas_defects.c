/* READ DEFECT DATA and REASSIGN BLOCKS (DEVICE-FACTS B.6). A retired page of the medium is a defect
 * that has grown. */
#include "fields.h"
#include "sas.h"

#include <stdlib.h>

enum { PRIMARY = 0x10, GROWN = 0x08, FORMAT = 0x07 };
enum { FORMAT_SHORT_BLOCK = 0, FORMAT_LONG_BLOCK = 3, FORMAT_INDEX = 4, FORMAT_SECTOR = 5 };

/* A defect's place: an LBA, or 3 bytes of cylinder, head, and bytes from the index or sector. */
static size_t put_defect(uint8_t *out, uint8_t format, const struct sas *sas, uint64_t lba) {
    enum { SECTORS = 256, HEADS = 4 };
    if (format == FORMAT_SHORT_BLOCK) {
        store_be(out, 4, lba);
        return 4;
    }
    if (format == FORMAT_LONG_BLOCK) {
        store_be(out, 8, lba);
        return 8;
    }
    const uint64_t sector = lba % SECTORS;
    store_be(out, 3, lba / SECTORS / HEADS);
    out[3] = (uint8_t)(lba / SECTORS % HEADS);
    store_be(out + 4, 4,
             format == FORMAT_INDEX ? sector * sas_medium_bytes(&sas->state->layout) : sector);
    return 8;
}

/* Where the blocks were made badly: anywhere. */
static size_t put_primary(uint8_t *out, uint8_t format, const struct sas *sas) {
    enum { APART = 997 };
    size_t length = 0;
    for (uint32_t i = 0; i < sas_description(sas)->primary_defects; i++)
        length += put_defect(out + length, format, sas, (uint64_t)i * APART);
    return length;
}

static size_t put_grown(uint8_t *out, uint8_t format, const struct sas *sas) {
    const struct media *media = sas->drive->media;
    const uint32_t bytes = sas_medium_bytes(&sas->state->layout);
    size_t length = 0;
    for (uint64_t i = 0; i < media_physical_pages(media); i++) {
        const struct media_page page = media_page(media, i);
        if (page.state == PAGE_RETIRED)
            length += put_defect(out + length, format, sas, page.logical_page * MEDIA_PAGE / bytes);
    }
    return length;
}

void sas_run_read_defects(struct scsi_unit *unit, struct drive_request *request) {
    enum { LARGEST = 8, SHORT_HEADER = 4, LONG_HEADER = 8 };
    const struct sas *sas = sas_of(unit);
    const bool is_long = request->cdb[0] == 0xb7;
    const uint8_t asked = request->cdb[is_long ? 1 : 2];
    const uint8_t format = asked & FORMAT;
    const size_t header = is_long ? LONG_HEADER : SHORT_HEADER;
    const size_t room = header + LARGEST * (sas_description(sas)->primary_defects +
                                            media_retired_pages(sas->drive->media));
    if (format != FORMAT_SHORT_BLOCK && (format < FORMAT_LONG_BLOCK || format > FORMAT_SECTOR)) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    uint8_t *out = calloc(1, room);
    if (out == NULL) {
        scsi_refuse(unit, request, SENSE_HARDWARE_ERROR, ASC_INTERNAL_FAILURE);
        return;
    }
    size_t length = header;
    out[1] = asked & (PRIMARY | GROWN | FORMAT);
    if (asked & PRIMARY)
        length += put_primary(out + length, format, sas);
    if (asked & GROWN)
        length += put_grown(out + length, format, sas);
    store_be(out + (is_long ? 4 : 2), is_long ? 4 : 2, length - header);
    scsi_reply(unit, request, out, length);
    free(out);
}

/* "grow-defects OPERATION": it finds bad blocks when it begins. */
void sas_grow_defects(struct sas *sas, enum erase_operation which) {
    enum { FOUND = 3, APART = 100 };
    if (drive_misbehaves(sas->drive, MISBEHAVE_GROW_DEFECTS, which) == NULL)
        return;
    for (uint64_t i = 0; i < FOUND; i++)
        (void)sas_remap(sas, i * APART);
}

/* --- REASSIGN BLOCKS: CDB byte 1, LONGLBA 1, LONGLIST 0; 4 bytes of header --- */

enum { LONG_LBA = 0x02, LONG_LIST = 0x01, REASSIGN_HEADER = 4 };

/* The list tells how long it is. */
enum drive_direction sas_reassign_length(const struct scsi_unit *unit,
                                         const struct drive_request *request, size_t *length) {
    (void)unit;
    *length = request->data_size > REASSIGN_HEADER ? request->data_size : REASSIGN_HEADER;
    return DATA_TO_DRIVE;
}

static uint16_t reassign(struct sas *sas, uint64_t lba) {
    if (lba >= sas_visible_blocks(sas))
        return ASC_LBA_OUT_OF_RANGE;
    if (!sas_remap(sas, lba))
        return ASC_NO_SPARE_LOCATION;
    sas_forget_bad(sas, lba, 1);
    return 0;
}

void sas_run_reassign(struct scsi_unit *unit, struct drive_request *request) {
    struct sas *sas = sas_of(unit);
    const uint8_t *list = request->data;
    const bool long_list = request->cdb[1] & LONG_LIST;
    const unsigned bytes = request->cdb[1] & LONG_LBA ? 8 : 4;
    const uint64_t length = long_list ? load_be(list, 4) : load_be(list + 2, 2);
    uint16_t wrong = 0;
    if (length > request->data_size - REASSIGN_HEADER || length % bytes != 0)
        wrong = ASC_PARAMETER_LIST_LENGTH;
    for (uint64_t at = 0; wrong == 0 && at < length; at += bytes)
        wrong = reassign(sas, load_be(list + REASSIGN_HEADER + at, bytes));
    if (wrong == 0)
        scsi_good(unit, request);
    else
        scsi_refuse(unit, request,
                    wrong == ASC_NO_SPARE_LOCATION ? SENSE_HARDWARE_ERROR : SENSE_ILLEGAL_REQUEST,
                    wrong);
}
