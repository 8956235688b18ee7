/* The native SAS disk as a whole: power, resets, and its two ports. */
#include "sas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct sas_state) <= DRIVE_FAMILY_STATE, "the state file has no room");

struct sas *sas_of(const struct scsi_unit *unit) {
    return unit->owner;
}

const struct scsi_description *sas_description(const struct sas *sas) {
    return &sas->drive->description->scsi;
}

void sas_attention(struct sas *sas, uint16_t additional, const struct scsi_unit *but) {
    for (unsigned i = 0; i < SAS_PATHS; i++) {
        uint16_t *waiting = &sas->units[i].unit_attention;
        const bool tells_more = *waiting == ASC_POWER_ON_OR_RESET ||
                                (*waiting != 0 && additional == ASC_MODE_PARAMETERS_CHANGED);
        if (&sas->units[i] != but && !tells_more)
            *waiting = additional;
    }
}

/* What a drive comes out of the factory, or from its last owner, with. */
static void make(struct sas *sas) {
    const struct drive_description *description = sas->drive->description;
    const struct scsi_description *own = &description->scsi;
    struct sas_state *state = sas->state;
    *state = (struct sas_state){
        .condition = own->format_corrupt ? SAS_FORMAT_CORRUPT : SAS_USABLE,
        .layout = {.block_bytes = description->sector, .protection = (uint8_t)own->protection},
        .unwritten = ASC_UNRECOVERED_READ,
        .unwritten_protection = 0xff,
        .bad_block_count = own->bad_block_count,
    };
    state->layout.blocks = own->visible_bytes / description->sector;
    memcpy(state->bad_blocks, own->bad_blocks, sizeof state->bad_blocks);
    if (own->reserved_by != 0) {
        state->reservations.keys[SAS_OTHER_HOST] = own->reserved_by;
        state->reservations.holder = SAS_OTHER_HOST;
        state->reservations.type = (uint8_t)own->reserved_type;
        state->reservations.generation = 1;
    }
    sas_modes_make(sas);
}

static void power_on(struct sas *sas) {
    sas->blocked = NULL;
    sas->stopped = sas_description(sas)->start_needed;
    sas->layout = sas->state->layout;
    sas_modes_power_on(sas);
    sas_attention(sas, ASC_POWER_ON_OR_RESET, NULL);
}

static bool open_drive(struct drive *drive, bool fresh, char *problem, size_t problem_size) {
    const uint32_t sector = drive->description->sector;
    struct sas *sas = calloc(1, sizeof *sas);
    if (sas == NULL || sector < 512 || sector > MEDIA_PATTERN) {
        (void)snprintf(problem, problem_size, "no disk with sectors of %u bytes", sector);
        free(sas);
        return false;
    }
    sas->drive = drive;
    sas->state = drive_family_state(drive);
    drive->family = sas;
    for (unsigned i = 0; i < SAS_PATHS; i++)
        sas->units[i] = (struct scsi_unit){.drive = drive, .device = &sas_device, .owner = sas};
    if (fresh)
        make(sas);
    power_on(sas);
    return true;
}

static void close_drive(struct drive *drive) {
    free(drive->family);
    drive->family = NULL;
}

static struct scsi_unit *unit_of(const struct drive *drive, const struct drive_request *request) {
    struct sas *sas = drive->family;
    return &sas->units[request->controller % SAS_PATHS];
}

static void execute(struct drive *drive, struct drive_request *request) {
    scsi_execute(unit_of(drive, request), request);
}

static enum drive_direction data_of(const struct drive *drive, const struct drive_request *request,
                                    size_t *length) {
    return scsi_data_of(unit_of(drive, request), request, length);
}

/* A sanitize goes on over every reset, and so does a format, but not without power. */
static void reset(struct drive *drive, enum drive_reset kind) {
    struct sas *sas = drive->family;
    sas->blocked = NULL;
    if (kind == RESET_POWER)
        power_on(sas);
    else
        sas_attention(sas, ASC_POWER_ON_OR_RESET, NULL);
}

/* Ends the command that waited for it. */
static void answer_blocked(struct sas *sas, bool success, uint16_t failure) {
    struct drive_request *request = sas->blocked;
    sas->blocked = NULL;
    if (request == NULL)
        return;
    if (success)
        scsi_good(sas->blocked_unit, request);
    else
        scsi_refuse(sas->blocked_unit, request, SENSE_MEDIUM_ERROR, failure);
}

static void operation_ended(struct drive *drive, enum erase_operation which, bool success) {
    struct sas *sas = drive->family;
    /* "hide-failure": it has failed, and says not a word of it. */
    const bool shown = success || drive_misbehaves(drive, MISBEHAVE_HIDE_FAILURE, which) == NULL;
    if (which == OP_SCSI_FORMAT)
        sas_format_ended(sas, success);
    else
        sas_sanitize_ended(sas, which, success);
    if (!shown)
        sas->state->condition = SAS_USABLE;
    answer_blocked(sas, success || !shown,
                   which == OP_SCSI_FORMAT ? ASC_FORMAT_FAILED : ASC_SANITIZE_FAILED);
}

/* Only a format is cut off. */
static void operation_cut(struct drive *drive, enum erase_operation which) {
    struct sas *sas = drive->family;
    (void)which;
    sas->state->condition = SAS_FORMAT_CORRUPT;
}

static void forgotten(struct drive *drive, const struct drive_request *request) {
    struct sas *sas = drive->family;
    if (sas->blocked == request)
        sas->blocked = NULL;
}

static uint32_t lba_bytes(const struct drive *drive) {
    const struct sas *sas = drive->family;
    return sas_medium_bytes(&sas->state->layout);
}

static void capacity_changed(struct drive *drive) {
    sas_attention(drive->family, ASC_CAPACITY_CHANGED, NULL);
}

const struct command_set scsi_command_set = {
    .open = open_drive,
    .close = close_drive,
    .execute = execute,
    .data_of = data_of,
    .reset = reset,
    .operation_ended = operation_ended,
    .operation_cut = operation_cut,
    .forgotten = forgotten,
    .lba_bytes = lba_bytes,
    .capacity_changed = capacity_changed,
    .plant = sas_plant,
};
