/*
 * MODE SENSE and MODE SELECT of the native disk: pages 01h, 08h, 0Ah, 1Ch with saved values, and
 * the block descriptor, which can hide capacity and asks for another block length (DEVICE-FACTS
 * B.2, B.5).
 */
#include "fields.h"
#include "sas.h"

#include <string.h>

enum { PAGE_ERROR_RECOVERY, PAGE_CACHING, PAGE_CONTROL, PAGE_EXCEPTIONS };
enum {
    ALL_PAGES = 0x3f,
    WRITE_REALLOCATION = 0x80, /* AWRE, byte 2 of 01h */
    WRITE_CACHE = 0x04,        /* WCE, byte 2 of 08h */
    DESCRIPTOR_SENSE = 0x04,   /* D_SENSE, byte 2 of 0Ah */
    WRITE_PROTECT = 0x08,      /* SWP, byte 4 of 0Ah */
    NO_DESCRIPTORS = 0x08,     /* DBD, byte 1 of the CDB */
    LONG_DESCRIPTOR = 0x10,    /* LLBAA, the same; LONGLBA in the header is 01h */
    SAVE_PAGES = 0x01,         /* SP, byte 1 of the CDB */
};

enum page_control { CURRENT, CHANGEABLE, DEFAULT, SAVED };

static const struct mode_page {
    uint8_t code;
    uint8_t length; /* of the whole page */
    uint8_t defaults[SAS_MODE_PAGE_SIZE];
    uint8_t changeable[SAS_MODE_PAGE_SIZE];
} pages[SAS_MODE_PAGES] = {
    /* AWRE and ARRE, 20 retries */
    [PAGE_ERROR_RECOVERY] = {0x01,
                             12,
                             {0x01, 10, 0xc0, 20},
                             {0x01, 10, 0xff, 0xff, 0, 0, 0, 0, 0xff}},
    [PAGE_CACHING] = {0x08, 20, {0x08, 18}, {0x08, 18, WRITE_CACHE}},
    [PAGE_CONTROL] = {0x0a, 12, {0x0a, 10}, {0x0a, 10, DESCRIPTOR_SENSE, 0, WRITE_PROTECT}},
    /* MRIE 6: on request */
    [PAGE_EXCEPTIONS] = {0x1c, 12, {0x1c, 10, 0, 6}, {0x1c, 10, 0xff, 0x0f}},
};

/* --- the values --- */

/* The description may differ from the defaults of the pages. */
static void described(const struct sas *sas, unsigned page, uint8_t out[SAS_MODE_PAGE_SIZE]) {
    const struct scsi_description *description = sas_description(sas);
    memcpy(out, pages[page].defaults, SAS_MODE_PAGE_SIZE);
    if (page == PAGE_CACHING && description->write_cache)
        out[2] |= WRITE_CACHE;
    if (page == PAGE_CONTROL && description->descriptor_sense)
        out[2] |= DESCRIPTOR_SENSE;
}

void sas_modes_make(struct sas *sas) {
    for (unsigned i = 0; i < SAS_MODE_PAGES; i++)
        described(sas, i, sas->state->modes[i]);
    if (sas_description(sas)->write_protected)
        sas->state->modes[PAGE_CONTROL][4] |= WRITE_PROTECT;
}

static void apply(struct sas *sas) {
    for (unsigned i = 0; i < SAS_PATHS; i++)
        sas->units[i].descriptor_sense = sas->modes[PAGE_CONTROL][2] & DESCRIPTOR_SENSE;
}

void sas_modes_power_on(struct sas *sas) {
    memcpy(sas->modes, sas->state->modes, sizeof sas->modes);
    apply(sas);
}

bool sas_mode_write_protect(const struct sas *sas) {
    return sas->modes[PAGE_CONTROL][4] & WRITE_PROTECT;
}

bool sas_mode_reallocates_writes(const struct sas *sas) {
    return sas->modes[PAGE_ERROR_RECOVERY][2] & WRITE_REALLOCATION;
}

/* --- MODE SENSE --- */

static void page_values(const struct sas *sas, unsigned page, enum page_control control,
                        uint8_t out[SAS_MODE_PAGE_SIZE]) {
    switch (control) {
    case CURRENT:
        memcpy(out, sas->modes[page], SAS_MODE_PAGE_SIZE);
        break;
    case CHANGEABLE:
        memcpy(out, pages[page].changeable, SAS_MODE_PAGE_SIZE);
        break;
    case DEFAULT:
        described(sas, page, out);
        break;
    case SAVED:
        memcpy(out, sas->state->modes[page], SAS_MODE_PAGE_SIZE);
        break;
    }
}

static size_t put_pages(const struct sas *sas, uint8_t code, enum page_control control,
                        uint8_t *out) {
    size_t length = 0;
    for (unsigned i = 0; i < SAS_MODE_PAGES; i++) {
        uint8_t values[SAS_MODE_PAGE_SIZE];
        if (code != ALL_PAGES && code != pages[i].code)
            continue;
        page_values(sas, i, control, values);
        memcpy(out + length, values, pages[i].length);
        length += pages[i].length;
    }
    return length;
}

/* The blocks that the medium shows, or those that the next format would make. None of a corrupt
 * format. By default: all that there are. */
static uint64_t described_blocks(const struct sas *sas, enum page_control control) {
    const uint64_t native = sas_native_blocks(sas, &sas->layout);
    const uint64_t wanted = sas->layout.blocks;
    if (sas->state->condition == SAS_FORMAT_CORRUPT || sas->state->condition == SAS_FORMAT_FAILED)
        return 0;
    return control == DEFAULT || wanted == 0 || wanted > native ? native : wanted;
}

static size_t put_descriptor(const struct sas *sas, enum page_control control, bool is_long,
                             uint8_t *out) {
    enum { SHORT = 8, LONG = 16 };
    const uint64_t blocks = described_blocks(sas, control);
    if (is_long) {
        store_be(out, 8, blocks);
        store_be(out + 12, 4, sas->layout.block_bytes);
        return LONG;
    }
    store_be(out, 4, blocks > UINT32_MAX ? UINT32_MAX : blocks);
    store_be(out + 5, 3, sas->layout.block_bytes);
    return SHORT;
}

void sas_run_mode_sense(struct scsi_unit *unit, struct drive_request *request) {
    enum { FORCED_UNIT_ACCESS = 0x10, PROTECTED = 0x80, LONG_LBA = 1, ALL_SUBPAGES = 0xff };
    const struct sas *sas = sas_of(unit);
    const uint8_t *cdb = request->cdb;
    const bool ten = cdb[0] == 0x5a, is_long = ten && (cdb[1] & LONG_DESCRIPTOR);
    const enum page_control control = (enum page_control)(cdb[2] >> 6);
    const size_t header = ten ? 8 : 4;
    uint8_t out[8 + 16 + SAS_MODE_PAGES * SAS_MODE_PAGE_SIZE] = {0};
    size_t length = header;
    if (!(cdb[1] & NO_DESCRIPTORS))
        length += put_descriptor(sas, control, is_long, out + length);
    const size_t descriptors = length - header;
    const size_t found = put_pages(sas, cdb[2] & 0x3f, control, out + length);
    if (found == 0 || (cdb[3] != 0 && cdb[3] != ALL_SUBPAGES)) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    length += found;
    store_be(out, ten ? 2 : 1, length - (ten ? 2 : 1));
    out[ten ? 3 : 2] = FORCED_UNIT_ACCESS | (sas_is_write_protected(sas) ? PROTECTED : 0);
    if (ten)
        out[4] = is_long ? LONG_LBA : 0;
    store_be(out + header - (ten ? 2 : 1), ten ? 2 : 1, descriptors);
    scsi_reply(unit, request, out, length);
}

/* --- MODE SELECT --- */

static bool is_format_size(const struct sas *sas, uint32_t bytes) {
    const uint32_t *sizes = sas_description(sas)->format_sizes;
    if (bytes == sas->state->layout.block_bytes)
        return true;
    for (unsigned i = 0; i < SCSI_BLOCK_SIZES; i++)
        if (sizes[i] == bytes && bytes != 0)
            return true;
    return false;
}

/* Fewer blocks than there are hide the rest, at once and for good; all ones, or 0 with a new
 * length, mean all. Another block length takes effect with the next format. */
static bool select_descriptor(struct scsi_unit *unit, const uint8_t *at, bool is_long) {
    struct sas *sas = sas_of(unit);
    const uint64_t all_ones = is_long ? UINT64_MAX : UINT32_MAX;
    const uint64_t wanted = load_be(at, is_long ? 8 : 4);
    const uint32_t bytes = (uint32_t)(is_long ? load_be(at + 12, 4) : load_be(at + 5, 3));
    struct sas_layout layout = sas->layout;
    const bool new_length = bytes != layout.block_bytes;
    layout.block_bytes = bytes;
    if (!is_format_size(sas, bytes))
        return false;
    if (wanted == all_ones || (wanted == 0 && new_length))
        layout.blocks = 0;
    else if (wanted != 0)
        layout.blocks = wanted;
    if (layout.blocks > sas_native_blocks(sas, &layout))
        return false;
    if (sas_description(sas)->visible_fixed && layout.blocks != sas->layout.blocks)
        return false;
    sas->layout = layout;
    if (bytes != sas->state->layout.block_bytes || layout.blocks == sas->state->layout.blocks)
        return true;
    sas->state->layout.blocks = layout.blocks;
    sas_attention(sas, ASC_CAPACITY_CHANGED, unit);
    return true;
}

/* Nothing but changeable bits may differ. */
static bool select_page(struct sas *sas, const uint8_t *values, bool save) {
    for (unsigned i = 0; i < SAS_MODE_PAGES; i++) {
        if (pages[i].code != (values[0] & 0x3f))
            continue;
        if (values[1] != pages[i].length - 2)
            return false;
        for (unsigned k = 2; k < pages[i].length; k++)
            if ((values[k] ^ sas->modes[i][k]) & ~pages[i].changeable[k])
                return false;
        memcpy(sas->modes[i] + 2, values + 2, pages[i].length - 2U);
        if (save)
            memcpy(sas->state->modes[i], sas->modes[i], SAS_MODE_PAGE_SIZE);
        return true;
    }
    return false;
}

static uint16_t select_list(struct scsi_unit *unit, const struct drive_request *request,
                            size_t length) {
    const bool ten = request->cdb[0] == 0x55, save = request->cdb[1] & SAVE_PAGES;
    const size_t header = ten ? 8 : 4;
    const uint8_t *list = request->data;
    if (length < header)
        return ASC_PARAMETER_LIST_LENGTH;
    const bool is_long = ten && (list[4] & 1);
    const size_t descriptors = load_be(list + header - (ten ? 2 : 1), ten ? 2 : 1);
    size_t at = header + descriptors;
    if (at > length)
        return ASC_PARAMETER_LIST_LENGTH;
    if (descriptors != 0 &&
        (descriptors != (is_long ? 16 : 8) || !select_descriptor(unit, list + header, is_long)))
        return ASC_INVALID_FIELD_IN_LIST;
    while (at + 2 <= length) {
        const size_t page_length = 2 + (size_t)list[at + 1];
        if (at + page_length > length)
            return ASC_PARAMETER_LIST_LENGTH;
        if (!select_page(sas_of(unit), list + at, save))
            return ASC_INVALID_FIELD_IN_LIST;
        at += page_length;
    }
    return 0;
}

void sas_run_mode_select(struct scsi_unit *unit, struct drive_request *request) {
    struct sas *sas = sas_of(unit);
    size_t length;
    (void)scsi_data_of(unit, request, &length);
    uint16_t wrong = 0;
    if ((request->cdb[1] & SAVE_PAGES) && !sas_description(sas)->mode_saves)
        wrong = ASC_INVALID_FIELD_IN_CDB;
    else if (length != 0)
        wrong = select_list(unit, request, length);
    if (wrong != 0) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, wrong);
        return;
    }
    apply(sas);
    if (length != 0)
        sas_attention(sas, ASC_MODE_PARAMETERS_CHANGED, unit);
    scsi_good(unit, request);
}
