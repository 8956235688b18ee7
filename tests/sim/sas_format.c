/*
 * FORMAT UNIT (DEVICE-FACTS B.5). CDB byte 1: FMTPINFO 7:6, LONGLIST 5, FMTDATA 4, CMPLST 3; byte
 * 4: FFMT 1:0. The block length is what MODE SELECT has left for it.
 */
#include "fields.h"
#include "sas.h"

#include <string.h>

enum { LONG_LIST = 0x20, HAS_LIST = 0x10, FAST = 0x03 };
enum { SHORT_HEADER = 4, LONG_HEADER = 8 };
enum { OPTIONS_VALID = 0x80, OPTIONS = 0x7c, HAS_PATTERN = 0x08, IMMEDIATE = 0x02 };

struct format {
    struct sas_layout layout;
    bool immediate;
    bool fast;
    bool security; /* SI: reallocated blocks too */
    bool has_pattern;
    uint16_t pattern_length;
    const uint8_t *pattern;
};

/* The CDB does not say how much there is: the list does, itself. */
enum drive_direction sas_format_length(const struct scsi_unit *unit,
                                       const struct drive_request *request, size_t *length) {
    const size_t header = request->cdb[1] & LONG_LIST ? LONG_HEADER : SHORT_HEADER;
    (void)unit;
    *length = 0;
    if (!(request->cdb[1] & HAS_LIST))
        return DATA_NONE;
    *length = request->data_size > header ? request->data_size : header;
    return DATA_TO_DRIVE;
}

/* FMTPINFO and PROTECTION FIELD USAGE: 2 is type 1, 3 is type 2 or 3. */
static bool protection_of(uint8_t info, uint8_t usage, uint8_t *type) {
    static const struct {
        uint8_t info, usage, type;
    } types[] = {{0, 0, 0}, {2, 0, 1}, {3, 0, 2}, {3, 1, 3}};
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].info == info && types[i].usage == usage) {
            *type = types[i].type;
            return true;
        }
    return false;
}

/* Initialization pattern descriptor: byte 0 SI 5, byte 1 type, bytes 2-3 length. */
static bool parse_pattern(const uint8_t *at, size_t left, struct format *format) {
    enum { HEADER = 4, MODIFIER = 0xc0, SECURITY = 0x20, REPEAT = 1 };
    if (left < HEADER || (at[0] & MODIFIER) != 0 || at[1] > REPEAT)
        return false;
    format->security = at[0] & SECURITY;
    format->pattern_length = (uint16_t)load_be(at + 2, 2);
    format->pattern = at + HEADER;
    format->has_pattern = at[1] == REPEAT;
    if (!format->has_pattern)
        return format->pattern_length == 0;
    return format->pattern_length > 0 && format->pattern_length <= left - HEADER &&
           format->pattern_length <= format->layout.block_bytes;
}

static uint16_t parse_list(const struct drive_request *request, struct format *format) {
    const bool long_list = request->cdb[1] & LONG_LIST;
    const size_t header = long_list ? LONG_HEADER : SHORT_HEADER;
    const uint8_t *list = request->data;
    const uint64_t defects = long_list ? load_be(list + 4, 4) : load_be(list + 2, 2);
    if (!protection_of(request->cdb[1] >> 6, list[0] & 7, &format->layout.protection))
        return ASC_INVALID_FIELD_IN_LIST;
    if (!(list[1] & OPTIONS_VALID) && (list[1] & OPTIONS))
        return ASC_INVALID_FIELD_IN_LIST;
    format->immediate = list[1] & IMMEDIATE;
    if ((list[1] & HAS_PATTERN) &&
        !parse_pattern(list + header, request->data_size - header, format))
        return ASC_INVALID_FIELD_IN_LIST;
    return defects == 0 ? 0 : ASC_INVALID_FIELD_IN_LIST; /* it takes no list of defects */
}

static bool is_same(const struct sas_layout *a, const struct sas_layout *b) {
    return a->block_bytes == b->block_bytes && a->protection == b->protection;
}

/* 0, or the additional sense of an illegal request. */
static uint16_t parse(const struct sas *sas, const struct drive_request *request,
                      struct format *format) {
    const struct scsi_description *description = sas_description(sas);
    uint16_t wrong = 0;
    *format = (struct format){.layout = sas->layout, .fast = request->cdb[4] & FAST};
    if (description->format_picks != 0 && sas->layout.block_bytes != sas->state->layout.block_bytes)
        format->layout.block_bytes = description->format_picks;
    if (request->cdb[1] & HAS_LIST)
        wrong = parse_list(request, format);
    else if (!protection_of(request->cdb[1] >> 6, 0, &format->layout.protection))
        wrong = ASC_INVALID_FIELD_IN_CDB;
    if (wrong != 0)
        return wrong;
    if (format->layout.protection != 0 && !description->protects)
        return ASC_INVALID_FIELD_IN_CDB;
    /* A fast format leaves the blocks where they are. */
    if (format->fast && (!description->fast_format || (request->cdb[4] & FAST) == FAST ||
                         !is_same(&format->layout, &sas->state->layout)))
        return ASC_INVALID_FIELD_IN_CDB;
    return 0;
}

/* A fast one changes nothing on the medium; others write every block that is in use. */
static struct media_effect effect_of(const struct sas *sas, const struct format *format) {
    const struct drive *drive = sas->drive;
    struct media_effect effect = drive_effect(drive, EFFECT_OVERWRITE);
    if (format->fast)
        return (struct media_effect){.kind = EFFECT_NONE, .passes = 1};
    effect.retired = format->security;
    effect.block_bytes = sas_medium_bytes(&format->layout);
    effect.protection_bytes = effect.block_bytes - format->layout.block_bytes;
    effect.pattern_length = 1;
    if (format->has_pattern) {
        effect.pattern_length = format->pattern_length;
        memcpy(effect.pattern_bytes, format->pattern, format->pattern_length);
    }
    effect.fill_unmapped = format->has_pattern && !sas_description(sas)->unmap;
    if (drive->description->flash && !format->has_pattern)
        effect.kind = EFFECT_ERASE;
    return effect;
}

static void begin(struct scsi_unit *unit, struct drive_request *request,
                  const struct format *format) {
    enum { FAST_MS = 1000 };
    struct sas *sas = sas_of(unit);
    sas_grow_defects(sas, OP_SCSI_FORMAT);
    const struct media_effect effect = effect_of(sas, format);
    sas->state->condition = SAS_FORMATTING;
    sas->state->formatting_to = format->layout;
    operation_start(unit->drive, OP_SCSI_FORMAT, &effect, format->fast ? FAST_MS : 0, false);
    sas_begun(unit, request, format->immediate);
}

void sas_run_format(struct scsi_unit *unit, struct drive_request *request) {
    struct sas *sas = sas_of(unit);
    struct format format;
    const uint16_t wrong = parse(sas, request, &format);
    if (wrong != 0)
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, wrong);
    else if (tcg_denies_erase(sas->drive))
        scsi_refuse(unit, request, SENSE_DATA_PROTECT, ASC_ACCESS_DENIED);
    else if (sas_is_write_protected(sas))
        scsi_refuse(unit, request, SENSE_DATA_PROTECT, ASC_WRITE_PROTECTED);
    else if (!sas_misbehaves_at_once(unit, request, OP_SCSI_FORMAT))
        begin(unit, request, &format);
}

void sas_format_ended(struct sas *sas, bool success) {
    struct sas_state *state = sas->state;
    state->condition = success ? SAS_USABLE : SAS_FORMAT_FAILED;
    if (!success)
        return;
    state->layout = sas->layout = state->formatting_to;
    state->unwritten = ASC_UNRECOVERED_READ;
    state->unwritten_protection = 0xff;
    media_fail_unwritten(sas->drive->media, drive_misbehaves(sas->drive, MISBEHAVE_READ_ERRORS,
                                                             OP_SCSI_FORMAT) != NULL);
    sas_attention(sas, ASC_CAPACITY_CHANGED, NULL);
}
