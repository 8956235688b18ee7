/*
 * SANITIZE (DEVICE-FACTS B.3). CDB byte 1: IMMED 7, ZNR 6, AUSE 5, service action 4:0.
 */
#include "fields.h"
#include "sas.h"

#include <string.h>

enum { ACTION_OVERWRITE = 0x01, ACTION_BLOCK = 0x02, ACTION_CRYPTO = 0x03, ACTION_EXIT = 0x1f };
enum { IMMEDIATE = 0x80, UNRESTRICTED = 0x20 };

static const struct {
    uint8_t action;
    enum erase_operation which;
    enum effect_kind effect;
} actions[] = {
    {ACTION_OVERWRITE, OP_SCSI_SANITIZE_OVERWRITE, EFFECT_OVERWRITE},
    {ACTION_BLOCK, OP_SCSI_SANITIZE_BLOCK, EFFECT_ERASE},
    {ACTION_CRYPTO, OP_SCSI_SANITIZE_CRYPTO, EFFECT_CRYPTO},
};
enum { ACTIONS = sizeof actions / sizeof *actions };

enum erase_operation sas_sanitize_operation(uint8_t action) {
    for (unsigned i = 0; i < ACTIONS; i++)
        if (actions[i].action == action)
            return actions[i].which;
    return OP_NONE;
}

bool sas_can_sanitize(const struct sas *sas, uint8_t action) {
    const struct drive_description *description = sas->drive->description;
    switch (action) {
    case ACTION_OVERWRITE:
        return description->sanitize_overwrite;
    case ACTION_BLOCK:
        return description->sanitize_block;
    case ACTION_CRYPTO:
        return description->sanitize_crypto;
    default:
        return description->sanitize_overwrite || description->sanitize_block ||
               description->sanitize_crypto;
    }
}

bool sas_misbehaves_at_once(struct scsi_unit *unit, struct drive_request *request,
                            enum erase_operation which) {
    const struct misbehaviour *refuse = drive_misbehaves(unit->drive, MISBEHAVE_REFUSE, which);
    if (refuse != NULL && strcmp(refuse->word, "field") == 0)
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
    else if (refuse != NULL && strcmp(refuse->word, "abort") == 0)
        scsi_refuse(unit, request, SENSE_ABORTED_COMMAND, ASC_INTERNAL_FAILURE);
    else if (refuse != NULL)
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
    else if (drive_misbehaves(unit->drive, MISBEHAVE_HANG, which) != NULL)
        return true;
    else if (drive_misbehaves(unit->drive, MISBEHAVE_IGNORE, which) != NULL)
        scsi_good(unit, request);
    else
        return false;
    return true;
}

void sas_begun(struct scsi_unit *unit, struct drive_request *request, bool immediate) {
    struct sas *sas = sas_of(unit);
    if (immediate) {
        scsi_good(unit, request);
        return;
    }
    sas->blocked = request;
    sas->blocked_unit = unit;
}

/* --- the parameter list of OVERWRITE --- */

struct overwrite {
    bool invert;
    uint8_t passes;
    uint16_t length; /* of the pattern */
    const uint8_t *pattern;
};

/* 0, or the additional sense of what is wrong with it. */
static uint16_t parse_overwrite(const struct sas *sas, const struct drive_request *request,
                                struct overwrite *out) {
    enum { HEADER = 4, INVERT = 0x80, COUNT = 0x1f };
    const size_t length = load_be(request->cdb + 7, 2);
    const uint32_t block = sas->state->layout.block_bytes;
    const uint8_t *list = request->data;
    if (length <= HEADER || length > HEADER + (size_t)block)
        return ASC_PARAMETER_LIST_LENGTH;
    *out = (struct overwrite){.invert = list[0] & INVERT,
                              .passes = list[0] & COUNT,
                              .length = (uint16_t)load_be(list + 2, 2),
                              .pattern = list + HEADER};
    if (out->passes == 0 || out->length == 0 || out->length != length - HEADER)
        return ASC_INVALID_FIELD_IN_LIST;
    return 0;
}

static void apply_overwrite(const struct sas *sas, const struct overwrite *overwrite,
                            struct media_effect *effect) {
    const struct sas_layout *layout = &sas->state->layout;
    effect->passes = overwrite->passes;
    effect->invert = overwrite->invert;
    effect->block_bytes = sas_medium_bytes(layout);
    effect->protection_bytes = effect->block_bytes - layout->block_bytes;
    effect->pattern_length = overwrite->length;
    if (overwrite->pattern != NULL)
        memcpy(effect->pattern_bytes, overwrite->pattern, overwrite->length);
    effect->fill_unmapped = !sas_description(sas)->unmap;
}

/* --- the command --- */

static void begin(struct scsi_unit *unit, struct drive_request *request, unsigned index,
                  const struct overwrite *overwrite) {
    struct sas *sas = sas_of(unit);
    const enum erase_operation which = actions[index].which;
    struct media_effect effect = drive_effect(unit->drive, actions[index].effect);
    uint64_t duration = unit->drive->description->duration[which];
    if (actions[index].effect == EFFECT_OVERWRITE) {
        apply_overwrite(sas, overwrite, &effect);
        duration *= overwrite->passes;
    }
    sas_grow_defects(sas, which);
    sas->state->condition = SAS_SANITIZING;
    sas->state->sanitize_unrestricted = request->cdb[1] & UNRESTRICTED;
    operation_start(unit->drive, which, &effect, duration, true);
    sas_begun(unit, request, request->cdb[1] & IMMEDIATE);
}

/* After a failure in restricted mode there is no way out but another restricted sanitize. */
static bool is_restricted(const struct sas *sas) {
    return sas->state->condition == SAS_SANITIZE_FAILED && !sas->state->sanitize_unrestricted;
}

static uint16_t exit_failure(struct sas *sas) {
    if (is_restricted(sas))
        return ASC_INVALID_FIELD_IN_CDB;
    if (sas->state->condition == SAS_SANITIZE_FAILED)
        sas->state->condition = SAS_USABLE;
    return 0;
}

/* 0, or the additional sense of an illegal request. */
static uint16_t check(struct sas *sas, const struct drive_request *request,
                      struct overwrite *overwrite) {
    const uint8_t action = request->cdb[1] & 0x1f;
    if (!sas_can_sanitize(sas, 0))
        return ASC_INVALID_OPCODE;
    if (!sas_can_sanitize(sas, action) ||
        (is_restricted(sas) && (request->cdb[1] & UNRESTRICTED) && action != ACTION_EXIT))
        return ASC_INVALID_FIELD_IN_CDB;
    if (action == ACTION_OVERWRITE)
        return parse_overwrite(sas, request, overwrite);
    if (load_be(request->cdb + 7, 2) != 0)
        return ASC_INVALID_FIELD_IN_CDB;
    return action == ACTION_EXIT ? exit_failure(sas) : 0;
}

void sas_run_sanitize(struct scsi_unit *unit, struct drive_request *request) {
    struct sas *sas = sas_of(unit);
    struct overwrite overwrite = {0};
    const uint16_t wrong = check(sas, request, &overwrite);
    unsigned index = 0;
    if (wrong != 0) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, wrong);
        return;
    }
    while (index < ACTIONS && actions[index].action != (request->cdb[1] & 0x1f))
        index++;
    if (index == ACTIONS) /* EXIT FAILURE MODE is done */
        scsi_good(unit, request);
    else if (tcg_denies_erase(sas->drive))
        scsi_refuse(unit, request, SENSE_DATA_PROTECT, ASC_ACCESS_DENIED);
    else if (sas_is_write_protected(sas))
        scsi_refuse(unit, request, SENSE_DATA_PROTECT, ASC_WRITE_PROTECTED);
    else if (!sas_misbehaves_at_once(unit, request, actions[index].which))
        begin(unit, request, index, &overwrite);
}

/* --- its end --- */

/*
 * What reads do from now on (WABEREQ, WACEREQ). After an overwrite all is readable. Where the drive
 * promises something of blocks that it has erased by their key, they count as not written.
 */
static void set_reads(struct sas *sas, enum erase_operation which) {
    enum { UNSPECIFIED, READABLE, ERROR, WRITE_REQUIRED };
    const struct scsi_description *description = sas_description(sas);
    struct media_effect effect = sas->drive->state->operation.effect;
    unsigned after = READABLE;
    if (which == OP_SCSI_SANITIZE_BLOCK)
        after = description->after_block_erase;
    if (which == OP_SCSI_SANITIZE_CRYPTO)
        after = description->after_crypto_erase;
    const bool promised = after >= ERROR || (after == READABLE && sas->state->layout.protection);
    if (effect.kind == EFFECT_CRYPTO && promised) {
        effect.kind = EFFECT_ERASE;
        media_effect_run(sas->drive->media, &effect, 0,
                         media_effect_steps(sas->drive->media, &effect));
    }
    const struct misbehaviour *errors = drive_misbehaves(sas->drive, MISBEHAVE_READ_ERRORS, which);
    const bool write_required =
        after == WRITE_REQUIRED || (errors != NULL && strcmp(errors->word, "deallocated") == 0);
    sas->state->unwritten =
        write_required ? ASC_WRITE_AFTER_SANITIZE_REQUIRED : ASC_UNRECOVERED_READ;
    sas->state->unwritten_protection = after == UNSPECIFIED && !description->unmap ? 0x00 : 0xff;
    media_fail_unwritten(sas->drive->media, after >= ERROR || errors != NULL);
}

void sas_sanitize_ended(struct sas *sas, enum erase_operation which, bool success) {
    sas->state->condition = success ? SAS_USABLE : SAS_SANITIZE_FAILED;
    if (success)
        set_reads(sas, which);
    sas_attention(sas, ASC_INTERNAL_RESET, NULL);
}
