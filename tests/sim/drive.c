#include "drive_core.h"
#include "plant.h"
#include "simtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command_set *const command_sets[] = {
    [DRIVE_NVME] = &nvme_command_set,
    [DRIVE_ATA] = &ata_command_set,
    [DRIVE_SCSI] = &scsi_command_set,
};

_Static_assert(sizeof(struct drive_state) <= MEDIA_DRIVE_STATE, "the state file has no room");

/* --- opening and closing --- */

static struct media_geometry geometry_of(const struct drive_description *description) {
    return (struct media_geometry){
        .kind = description->flash ? MEDIA_FLASH : MEDIA_MAGNETIC,
        .bytes = description->bytes,
        .spare_bytes = description->spare_bytes,
        .encrypts = description->encrypts,
        .key_per_region = description->key_per_namespace,
    };
}

static void count_power_on(struct drive_state *state) {
    state->cut_off += state->powered_on > 0 && !state->shutdown_announced;
    state->powered_on++;
    state->shutdown_announced = false;
}

static bool open_media(struct drive *drive, char *problem, size_t problem_size) {
    const struct media_geometry geometry = geometry_of(drive->description);
    bool fresh;
    drive->media = media_open(drive->description->media, &geometry, &fresh, problem, problem_size);
    if (drive->media == NULL)
        return false;
    drive->state = media_drive_state(drive->media);
    count_power_on(drive->state);
    if (drive->description->cache_bytes > 0 &&
        !media_set_cache(drive->media, drive->description->cache_bytes))
        return snprintf(problem, problem_size, "no memory for the cache") < 0;
    if (!drive->set->open(drive, fresh, problem, problem_size))
        return false;
    if (fresh && drive->description->plant[0] != '\0')
        plant_drive(drive);
    media_flush(drive->media);
    return true;
}

static void close_media(struct drive *drive) {
    if (drive->family != NULL && drive->set->close != NULL)
        drive->set->close(drive);
    drive->family = NULL;
    media_close(drive->media);
    drive->media = NULL;
}

struct drive *drive_open(const struct drive_description *description, char *problem,
                         size_t problem_size) {
    struct drive *drive = calloc(1, sizeof *drive);
    if (drive == NULL)
        return NULL;
    drive->own = *description;
    drive->description = &drive->own;
    drive->set = command_sets[description->family];
    drive->returns_at = UINT64_MAX;
    drive->clock = simtime_now();
    if (!open_media(drive, problem, problem_size)) {
        close_media(drive);
        free(drive);
        return NULL;
    }
    operation_interrupted(drive); /* by the power cut that closed it */
    return drive;
}

static void forgotten(struct drive *drive, const struct drive_request *request) {
    if (drive->set->forgotten != NULL)
        drive->set->forgotten(drive, request);
}

static void lose_requests(struct drive *drive) {
    while (drive->pending != NULL) {
        struct drive_request *request = drive->pending;
        drive->pending = request->next;
        request->next = NULL;
        request->state = REQUEST_LOST;
        forgotten(drive, request);
    }
}

void drive_close(struct drive *drive) {
    if (drive == NULL)
        return;
    lose_requests(drive);
    close_media(drive);
    free(drive);
}

void *drive_family_state(struct drive *drive) {
    return drive->state->family;
}

/* --- requests --- */

void drive_execute(struct drive *drive, struct drive_request *request) {
    drive_advance(drive);
    drive->commands++;
    drive->state->shutdown_announced = false;
    request->transferred = 0;
    request->next = NULL;
    if (!drive_present(drive)) {
        request->state = REQUEST_LOST;
        return;
    }
    request->state = REQUEST_PENDING;
    request->next = drive->pending;
    drive->pending = request;
    drive->set->execute(drive, request);
}

static void take_off(struct drive *drive, const struct drive_request *request) {
    for (struct drive_request **at = &drive->pending; *at != NULL; at = &(*at)->next)
        if (*at == request) {
            *at = request->next;
            return;
        }
}

void request_done(struct drive *drive, struct drive_request *request) {
    if (request->state != REQUEST_PENDING)
        return;
    take_off(drive, request);
    request->next = NULL;
    request->state = REQUEST_DONE;
}

void drive_forget(struct drive *drive, struct drive_request *request) {
    take_off(drive, request);
    request->next = NULL;
    if (request->state != REQUEST_PENDING)
        return;
    request->state = REQUEST_LOST;
    forgotten(drive, request);
}

enum drive_direction drive_data_of(const struct drive *drive, const struct drive_request *request,
                                   size_t *length) {
    *length = 0;
    if (!drive_present(drive))
        return DATA_NONE;
    return drive->set->data_of(drive, request, length);
}

/* --- time --- */

static void come_back(struct drive *drive);

static bool is_away(const struct drive *drive) {
    return drive->returns_at != UINT64_MAX;
}

/* Milliseconds from the drive's own clock. */
static uint64_t until_next_event(const struct drive *drive) {
    if (is_away(drive))
        return drive->returns_at <= drive->clock ? 0 : drive->returns_at - drive->clock;
    return drive_present(drive) ? operation_next_event(drive) : UINT64_MAX;
}

static void pass_time(struct drive *drive, uint64_t milliseconds) {
    drive->clock += milliseconds;
    if (is_away(drive) && drive->clock >= drive->returns_at)
        come_back(drive);
    else if (drive_present(drive)) /* without power nothing goes on */
        operation_pass_time(drive, milliseconds);
}

/* From event to event, so that one long jump of the time is the same as many short ones. */
void drive_advance(struct drive *drive) {
    const uint64_t now = simtime_now();
    do {
        const uint64_t event = until_next_event(drive), rest = now - drive->clock;
        pass_time(drive, event < rest ? event : rest);
    } while (drive->clock < now);
}

uint64_t drive_next_event(const struct drive *drive) {
    const uint64_t event = until_next_event(drive), passed = simtime_now() - drive->clock;
    if (event == UINT64_MAX)
        return event;
    return event <= passed ? 0 : event - passed;
}

/* --- resets and vanishing --- */

void drive_reset(struct drive *drive, enum drive_reset reset) {
    drive_advance(drive);
    if (!drive_present(drive))
        return;
    lose_requests(drive);
    if (reset == RESET_POWER) {
        media_lose_cache(drive->media);
        tcg_power_on(drive);
        count_power_on(drive->state);
        operation_interrupted(drive);
    }
    if (drive->set->reset != NULL)
        drive->set->reset(drive, reset);
}

void drive_vanish(struct drive *drive, const struct misbehaviour *why, uint64_t after_ms) {
    lose_requests(drive);
    media_lose_cache(drive->media);
    operation_interrupted(drive);
    drive->away_because = why;
    if (after_ms == UINT64_MAX)
        drive->state->gone = true;
    else
        drive->returns_at = drive->clock + after_ms;
}

/* Another drive's identity and contents: a drive of the same kind with other media. */
static void become_another(struct drive *drive, const char *serial) {
    char problem[256], path[DESCRIPTION_PATH];
    close_media(drive);
    (void)snprintf(path, sizeof path, "%.*s.as-%s", DESCRIPTION_PATH - 64, drive->own.media,
                   serial);
    (void)snprintf(drive->own.media, sizeof drive->own.media, "%s", path);
    (void)snprintf(drive->own.serial, sizeof drive->own.serial, "%s", serial);
    drive->own.wwn ^= 0x00ffffffffffffff;
    drive->own.misbehaviours.count = 0;
    if (!open_media(drive, problem, sizeof problem)) {
        (void)fprintf(stderr, "%s: %s\n", drive->own.name, problem);
        abort();
    }
}

static void come_back(struct drive *drive) {
    const struct misbehaviour *why = drive->away_because;
    drive->returns_at = UINT64_MAX;
    drive->generation++;
    if (why != NULL && why->serial[0] != '\0') {
        const struct misbehaviour copy = *why;
        become_another(drive, copy.serial);
        return;
    }
    count_power_on(drive->state);
    if (drive->set->reset != NULL)
        drive->set->reset(drive, RESET_POWER);
}

void drive_shut_down(struct drive *drive) {
    if (!drive_present(drive))
        return;
    media_flush(drive->media);
    drive->state->shutdown_announced = true;
}

bool drive_present(const struct drive *drive) {
    return !is_away(drive) && !drive->state->gone;
}

unsigned drive_generation(const struct drive *drive) {
    return drive->generation;
}

/* --- what it is --- */

enum drive_family drive_family(const struct drive *drive) {
    return drive->description->family;
}

const char *drive_name(const struct drive *drive) {
    return drive->description->name;
}

unsigned drive_controllers(const struct drive *drive) {
    return drive->description->nvme.controllers;
}

uint64_t drive_target(const struct drive *drive) {
    return drive->description->scsi.target;
}

uint64_t drive_command_count(const struct drive *drive) {
    return drive->commands;
}

const char *drive_serial(const struct drive *drive) {
    return drive->state->serial_changed ? drive->state->serial : drive->description->serial;
}

uint64_t drive_bytes(const struct drive *drive) {
    return drive->state->bytes != 0 ? drive->state->bytes : drive->description->bytes;
}

/* --- misbehaviour --- */

const struct misbehaviour *drive_misbehaves(const struct drive *drive, enum misbehaviour_kind kind,
                                            enum erase_operation operation) {
    return misbehaves(&drive->description->misbehaviours, kind, operation);
}

static uint64_t bit_of(const struct drive *drive, const struct misbehaviour *misbehaviour) {
    return UINT64_C(1) << (misbehaviour - drive->description->misbehaviours.list);
}

bool drive_has_happened(const struct drive *drive, const struct misbehaviour *misbehaviour) {
    return (drive->state->happened & bit_of(drive, misbehaviour)) != 0;
}

void drive_mark_happened(struct drive *drive, const struct misbehaviour *misbehaviour) {
    drive->state->happened |= bit_of(drive, misbehaviour);
}

void drive_erased(struct drive *drive, enum erase_operation which) {
    const struct misbehaviour *line;
    if (drive_misbehaves(drive, MISBEHAVE_READ_ERRORS, which) != NULL)
        media_fail_unwritten(drive->media, true);
    if ((line = drive_misbehaves(drive, MISBEHAVE_IDENTITY_CHANGE, which)) != NULL) {
        (void)snprintf(drive->state->serial, sizeof drive->state->serial, "%s", line->serial);
        drive->state->serial_changed = true;
    }
    if ((line = drive_misbehaves(drive, MISBEHAVE_CAPACITY_CHANGE, which)) != NULL) {
        /* It can show less than it has, never more. */
        drive->state->bytes =
            line->size < drive->description->bytes ? line->size : drive->description->bytes;
        if (drive->set->capacity_changed != NULL)
            drive->set->capacity_changed(drive);
    }
}

struct media_effect drive_effect(const struct drive *drive, enum effect_kind kind) {
    return (struct media_effect){
        .kind = kind,
        .regions = UINT32_MAX,
        .spare = true,
        .retired = true,
        .unmap_at_end = kind == EFFECT_CRYPTO && drive->description->crypto_unmaps,
        .passes = 1,
        .to_page = UINT64_MAX,
    };
}

/* --- the host's reads and writes --- */

static const struct misbehaviour *hits(const struct drive *drive, enum misbehaviour_kind kind,
                                       uint64_t lba, uint64_t lbas) {
    const struct misbehaviours *all = &drive->description->misbehaviours;
    for (unsigned i = 0; i < all->count; i++) {
        const struct misbehaviour *line = &all->list[i];
        if (line->kind == kind && lba <= line->to && lba + lbas > line->from)
            return line;
    }
    return NULL;
}

enum drive_fault drive_read(struct drive *drive, unsigned region, uint64_t lba, uint32_t lba_bytes,
                            uint64_t lbas, uint8_t *data) {
    if (tcg_denies_media(drive, lba, lbas))
        return FAULT_LOCKED;
    if (hits(drive, MISBEHAVE_READ_ERROR, lba, lbas) != NULL)
        return FAULT_READ;
    return media_read(drive->media, region, lba * lba_bytes, data, lbas * lba_bytes) == MEDIA_OK
               ? FAULT_NONE
               : FAULT_NOT_WRITTEN;
}

/* A lie about overwriting is a write that is dropped; a partial one drops what is outside. */
static bool is_dropped(const struct drive *drive, unsigned region, uint64_t lba, uint64_t lbas) {
    const struct misbehaviour *partial = drive_misbehaves(drive, MISBEHAVE_PARTIAL, OP_OVERWRITE);
    if (hits(drive, MISBEHAVE_WRITE_IGNORED, lba, lbas) != NULL ||
        drive_misbehaves(drive, MISBEHAVE_LIE, OP_OVERWRITE) != NULL)
        return true;
    if (partial == NULL)
        return false;
    return lba > partial->to || lba + lbas <= partial->from ||
           (partial->regions != 0 && (partial->regions >> region & 1) == 0);
}

/* What an overwrite meets when the host has written so many hundredths of a percent of the
 * capacity: it fails from there on, or the drive vanishes. */
static enum drive_fault overwrite_event(struct drive *drive, uint64_t bytes) {
    static const enum misbehaviour_kind kinds[] = {MISBEHAVE_FAIL, MISBEHAVE_GONE, MISBEHAVE_RETURN,
                                                   MISBEHAVE_POWER_CUT};
    drive->written += bytes;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct misbehaviour *line = drive_misbehaves(drive, kinds[i], OP_OVERWRITE);
        if (line == NULL || drive_has_happened(drive, line) ||
            drive->written < drive_bytes(drive) / WHOLE_PROGRESS * line->at)
            continue;
        if (kinds[i] != MISBEHAVE_FAIL) {
            drive_mark_happened(drive, line);
            drive_vanish(drive, line, kinds[i] == MISBEHAVE_GONE ? UINT64_MAX : line->after_ms);
        }
        return FAULT_WRITE;
    }
    return FAULT_NONE;
}

static enum drive_fault write_fault(const struct drive *drive, uint64_t lba, uint64_t lbas) {
    if (tcg_denies_media(drive, lba, lbas))
        return FAULT_LOCKED;
    if (drive_misbehaves(drive, MISBEHAVE_WRITE_PROTECTED, OP_NONE) != NULL)
        return FAULT_WRITE_PROTECTED;
    return hits(drive, MISBEHAVE_WRITE_ERROR, lba, lbas) != NULL ? FAULT_WRITE : FAULT_NONE;
}

enum drive_fault drive_write(struct drive *drive, unsigned region, uint64_t lba, uint32_t lba_bytes,
                             uint64_t lbas, const uint8_t *data) {
    enum drive_fault fault = write_fault(drive, lba, lbas);
    if (fault == FAULT_NONE)
        fault = overwrite_event(drive, lbas * lba_bytes);
    if (fault != FAULT_NONE || is_dropped(drive, region, lba, lbas))
        return fault;
    media_write(drive->media, region, lba * lba_bytes, data, lbas * lba_bytes);
    return FAULT_NONE;
}

enum drive_fault drive_discard(struct drive *drive, unsigned region, uint64_t lba,
                               uint32_t lba_bytes, uint64_t lbas) {
    const enum drive_fault fault = write_fault(drive, lba, lbas);
    if (fault == FAULT_NONE && !is_dropped(drive, region, lba, lbas))
        media_discard(drive->media, region, lba * lba_bytes, lbas * lba_bytes);
    return fault;
}
