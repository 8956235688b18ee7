/* The ATA drive as a whole: power, resets, and the way of a command from registers to registers. */
#include "ata.h"

#include "plant.h"
#include "sat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct ata_saved) <= DRIVE_FAMILY_STATE, "the state file has room for it");

struct ata *ata_of(const struct drive *drive) {
    return drive->family;
}

const struct drive_description *ata_description(const struct ata *ata) {
    return ata->drive->description;
}

uint64_t ata_capacity_sectors(const struct ata *ata) {
    return drive_bytes(ata->drive) / ata_description(ata)->sector;
}

uint64_t ata_native_sectors(const struct ata *ata) {
    const uint64_t capacity = ata_capacity_sectors(ata);
    const uint64_t limited = ata->saved->native_sectors;
    return limited != 0 && limited < capacity ? limited : capacity;
}

uint32_t ata_physical_sector(const struct ata *ata) {
    const struct drive_description *description = ata_description(ata);
    const uint32_t physical = description->ata.physical_sector;
    return physical > description->sector ? physical : description->sector;
}

static void set_initial_password(struct ata_security *security, uint8_t *to, const char *text) {
    memset(to, 0, ATA_PASSWORD_SIZE);
    memcpy(to, text, strnlen(text, ATA_PASSWORD_SIZE));
    if (to == security->user_password)
        security->enabled = true;
}

/* What a drive comes out of the factory, or from its last owner, with. */
static void make(struct ata *ata) {
    const struct drive_description *description = ata_description(ata);
    const struct ata_description *own = &description->ata;
    struct ata_saved *saved = ata->saved;
    *saved = (struct ata_saved){.starts_in_standby = own->starts_in_standby,
                                .security_hidden = own->dco_hides_security,
                                .native_sectors = own->dco_bytes / description->sector};
    saved->accessible_sectors =
        (own->hpa_bytes ? own->hpa_bytes : own->amac_bytes) / description->sector;
    ata_security_make(&saved->security);
    saved->security.master_maximum = own->master_maximum;
    if (own->user_password[0])
        set_initial_password(&saved->security, saved->security.user_password, own->user_password);
    if (own->master_password[0])
        set_initial_password(&saved->security, saved->security.master_password,
                             own->master_password);
    saved->sanitize.completed = own->sanitize_completed;
}

/* Everything that power-on sets, and nothing of what a boot does (freezing). */
static void power_on(struct ata *ata) {
    struct ata_saved *saved = ata->saved;
    ata_security_power_on(&saved->security);
    ata_sanitize_power_on(&saved->sanitize);
    ata->power = ATA_POWER_IDLE;
    ata->write_cache = ata_description(ata)->ata.write_cache;
    media_use_cache(ata->drive->media, ata->write_cache);
    ata->read_ahead = true;
    ata->smart = true;
    ata->settings_preserved = ata_description(ata)->ata.settings_preservation;
    ata->starting_in_standby = saved->starts_in_standby;
    if (ata->starting_in_standby)
        ata->power = ATA_POWER_STANDBY;
    operation_suspend(ata->drive, ata->starting_in_standby);
    ata->multiple = 16;
    ata->transfer_mode = 6;
    ata->max_was_set = ata->max_frozen = false;
    ata->amac_frozen = ata->dco_frozen = false;
    ata_hidden_power_on(ata);
}

/* What firmware does to the drives at boot, on many machines (DEVICE-FACTS A.6). A drive that is
 * plugged in later is spared. */
static void boot(struct ata *ata) {
    const struct ata_description *own = &ata_description(ata)->ata;
    if (own->frozen)
        (void)ata_security_freeze(&ata->saved->security);
    if (own->attempts_used_up)
        ata->saved->security.attempts_left = 0;
    if (own->sanitize_frozen && ata->saved->sanitize.state == SD0_IDLE)
        ata->saved->sanitize.state = SD1_FROZEN;
    if (own->hidden_frozen)
        ata->max_frozen = ata->amac_frozen = ata->dco_frozen = true;
}

static bool open_drive(struct drive *drive, bool fresh, char *problem, size_t problem_size) {
    const bool boots = drive->generation == 0;
    struct ata *ata = drive->family;
    if (ata == NULL)
        ata = calloc(1, sizeof *ata);
    if (ata != NULL && ata->sat == NULL)
        ata->sat = sat_new(ata);
    if (ata == NULL || ata->sat == NULL) {
        (void)snprintf(problem, problem_size, "no memory");
        free(ata);
        return false;
    }
    ata->drive = drive;
    ata->saved = drive_family_state(drive);
    ata->erasing = NULL;
    drive->family = ata;
    if (fresh)
        make(ata);
    power_on(ata);
    sat_power_on(ata->sat);
    if (boots)
        boot(ata);
    return true;
}

static void close_drive(struct drive *drive) {
    struct ata *ata = ata_of(drive);
    if (ata != NULL)
        sat_free(ata->sat);
    free(ata);
    drive->family = NULL;
}

/* COMRESET. What SET MAX and AMAC froze or set for this power cycle only, it leaves alone. */
static void hard_reset(struct ata *ata) {
    ata_security_hard_reset(&ata->saved->security, ata->settings_preserved);
    ata_sanitize_hard_reset(&ata->saved->sanitize);
    ata->max_was_set = false;
    if (!ata->settings_preserved) {
        ata->write_cache = ata_description(ata)->ata.write_cache;
        media_use_cache(ata->drive->media, ata->write_cache);
        ata->read_ahead = true;
        ata->multiple = 16;
    }
}

static void reset(struct drive *drive, enum drive_reset kind) {
    struct ata *ata = ata_of(drive);
    if (kind == RESET_HARD && ata_description(ata)->ata.sleep_cuts_power &&
        ata->power == ATA_POWER_STANDBY)
        kind = RESET_POWER;
    operation_interrupted(drive); /* SANITIZE goes on; a security erase does not */
    operation_suspend(drive, false);
    ata->erasing = NULL;
    ata->previous_command = ATA_NOP;
    ata->saved->security.prepared = false;
    if (ata->power == ATA_POWER_SLEEP)
        ata->power = ATA_POWER_STANDBY;
    if (kind == RESET_POWER)
        power_on(ata);
    if (kind == RESET_HARD)
        hard_reset(ata);
    sat_reset(ata->sat, kind);
}

/* The state of the drive, before that of the command: who may do what. */
static bool is_denied(const struct ata *ata, const struct ata_command_row *row,
                      const struct ata_registers_in *in) {
    if (row == NULL || ata->erasing != NULL)
        return true;
    if (!ata_sanitize_permits(&ata->saved->sanitize, in))
        return true;
    return row->when_locked == WHEN_LOCKED_ABORTS &&
           ata_security_denies_media(&ata->saved->security);
}

static bool has_its_data(const struct ata *ata, const struct drive_request *request) {
    size_t length;
    (void)ata_data_of(ata->drive, &request->ata, &length);
    return request->data_size >= length;
}

/* A sanitize that stands still goes on with the next command; after a power-up in standby only with
 * one that accesses the medium, although that itself aborts (DEVICE-FACTS A.7). */
static void resume_sanitize(struct ata *ata, const struct ata_command_row *row) {
    const bool accesses_medium =
        row != NULL &&
        (row->run == ata_run_read || row->run == ata_run_write || row->run == ata_run_verify);
    if (!ata->starting_in_standby || accesses_medium)
        operation_suspend(ata->drive, false);
}

bool ata_execute(struct ata *ata, struct drive_request *request) {
    const struct ata_registers_in *in = &request->ata;
    struct ata_registers_out *out = &request->ata_out;
    const struct ata_command_row *row = ata_find_command(in->command);

    request->transferred = 0;
    *out = (struct ata_registers_out){.status = ATA_STATUS_GOOD, .device = in->device};
    if (ata->power == ATA_POWER_SLEEP) /* only a reset wakes it */
        return false;
    ata_security_next_command(&ata->saved->security, in->command);
    resume_sanitize(ata, row);
    const bool denied = is_denied(ata, row, in) || !has_its_data(ata, request);
    const enum ata_result result = denied ? ATA_ABORTED : row->run(ata, request);
    ata->previous_command = in->command;
    if (result == ATA_ABORTED) {
        out->status = ATA_STATUS_GOOD | ATA_STATUS_ERR;
        out->error = ATA_ERROR_ABORTED;
    }
    return result != ATA_LATER;
}

void ata_put_lba(struct drive_request *request, uint64_t lba, bool extended) {
    struct ata_registers_out *out = &request->ata_out;
    out->lba = extended ? lba : lba & 0xffffff;
    if (!extended)
        out->device = (uint8_t)((out->device & 0xf0) | (lba >> 24 & 0x0f));
}

/* The host gave up the command; what it began goes on. */
static void forgotten(struct drive *drive, const struct drive_request *request) {
    struct ata *ata = ata_of(drive);
    if (ata->erasing == request)
        ata->erasing = NULL;
    sat_forget(ata->sat, request);
}

static uint32_t lba_bytes(const struct drive *drive) {
    return drive->description->sector;
}

static void capacity_changed(struct drive *drive) {
    ata_hidden_power_on(ata_of(drive));
}

/* All of the medium, hidden areas too. */
static void plant(struct drive *drive) {
    const struct drive_description *description = drive->description;
    const struct plant_order order = {
        .tag = description->plant,
        .lba_bytes = description->sector,
        .lbas = ata_capacity_sectors(ata_of(drive)),
        .every = description->plant_every,
        .stale = description->plant_stale,
        .remapped = description->plant_remapped,
    };
    plant_region(drive->media, &order);
}

static void execute(struct drive *drive, struct drive_request *request) {
    struct ata *ata = ata_of(drive);
    if (request->protocol == PROTOCOL_SCSI)
        sat_execute(ata->sat, request);
    else if (ata_execute(ata, request))
        request_done(drive, request);
}

static enum drive_direction data_of(const struct drive *drive, const struct drive_request *request,
                                    size_t *length) {
    if (request->protocol == PROTOCOL_SCSI)
        return sat_data_of(drive, request, length);
    return ata_data_of(drive, &request->ata, length);
}

const struct command_set ata_command_set = {
    .open = open_drive,
    .close = close_drive,
    .execute = execute,
    .data_of = data_of,
    .reset = reset,
    .operation_ended = ata_operation_ended,
    .operation_cut = ata_operation_cut,
    .forgotten = forgotten,
    .lba_bytes = lba_bytes,
    .capacity_changed = capacity_changed,
    .plant = plant,
};

/* The signature after a reset (ACS): COUNT 1, LBA 1, DEVICE 0; ERROR 1 is "diagnostics passed". */
void drive_ata_signature(const struct drive *drive, struct ata_registers_out *out) {
    (void)drive;
    *out =
        (struct ata_registers_out){.status = ATA_STATUS_GOOD, .error = 0x01, .count = 1, .lba = 1};
}
