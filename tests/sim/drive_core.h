/*
 * The inside of a drive: what its command sets share. Front ends see drive.h only.
 */
#ifndef SIM_DRIVE_CORE_H
#define SIM_DRIVE_CORE_H

#include "description.h"
#include "drive.h"
#include "media.h"
#include "misbehave.h"
#include "operation.h"
#include "tcg.h"

enum { DRIVE_FAMILY_STATE = 32768 };

/* In the state file: what every drive remembers, and room for its command set's own. */
struct drive_state {
    struct operation operation;
    uint64_t happened; /* misbehaviours, by number, that happen once */
    bool gone;         /* for good */
    bool serial_changed;
    bool shutdown_announced;            /* and nothing was asked of it since */
    bool tcg_reverted;                  /* to factory state */
    char serial[DESCRIPTION_TEXT];      /* once it has changed */
    uint64_t bytes;                     /* once the capacity has changed; else 0 */
    uint64_t powered_on;                /* times */
    uint64_t cut_off;                   /* of these, after power had gone without notice */
    uint8_t family[DRIVE_FAMILY_STATE]; /* the command set's struct; zero in a new drive */
};

/* A command set: NVMe, ATA, SCSI. Functions that it does not need may be NULL. */
struct command_set {
    /* The drive is there (fresh: newly made). Also after it has come back as another. */
    bool (*open)(struct drive *drive, bool fresh, char *problem, size_t problem_size);
    void (*close)(struct drive *drive);
    /* Executes; either request_done is called with the results in it, or the request stays pending
     * and the command set remembers it. */
    void (*execute)(struct drive *drive, struct drive_request *request);
    enum drive_direction (*data_of)(const struct drive *drive, const struct drive_request *request,
                                    size_t *length);
    void (*reset)(struct drive *drive, enum drive_reset reset);
    /* The operation has come to its end. */
    void (*operation_ended)(struct drive *drive, enum erase_operation which, bool success);
    /* It was cut off by a power cut or a reset. */
    void (*operation_cut)(struct drive *drive, enum erase_operation which);
    /* No answer to this pending request is wanted any more; it must not be touched again. */
    void (*forgotten)(struct drive *drive, const struct drive_request *request);
    /* Bytes of the LBAs that "partial" counts in. */
    uint32_t (*lba_bytes)(const struct drive *drive);
    /* The capacity has changed by misbehaviour; drive_bytes tells. */
    void (*capacity_changed)(struct drive *drive);
    /* Plants data in a new drive as its description says (plant.h). */
    void (*plant)(struct drive *drive);
};

struct drive {
    const struct drive_description
        *description;             /* as it is now: that of another after return as= */
    struct drive_description own; /* the drive's copy */
    const struct command_set *set;
    struct media *media;
    struct drive_state *state; /* within the media's state file */
    struct tcg_volatile tcg;
    void *family;                  /* the command set's volatile state; its own */
    struct drive_request *pending; /* all that have no answer yet */
    uint64_t clock;                /* simulated time up to which it has lived */
    uint64_t returns_at;           /* away until then; UINT64_MAX: not away */
    const struct misbehaviour *away_because;
    unsigned generation;
    uint64_t commands;
    uint64_t written; /* bytes, by the host, since it was opened */
};

extern const struct command_set nvme_command_set;
extern const struct command_set ata_command_set;
extern const struct command_set scsi_command_set;

/* Typed access to the command set's part of the state file. */
void *drive_family_state(struct drive *drive);

/* Ends a pending request; one that was lost meanwhile stays so. */
void request_done(struct drive *drive, struct drive_request *request);

/* Does the drive misbehave so? */
const struct misbehaviour *drive_misbehaves(const struct drive *drive, enum misbehaviour_kind kind,
                                            enum erase_operation operation);
/* For what happens only once, ever: remembered over power cuts. */
bool drive_has_happened(const struct drive *drive, const struct misbehaviour *misbehaviour);
void drive_mark_happened(struct drive *drive, const struct misbehaviour *misbehaviour);

/* An erase has succeeded (or the drive says so): what changes after it does so now. */
void drive_erased(struct drive *drive, enum erase_operation which);

/* As they are now (they may have changed by misbehaviour). */
const char *drive_serial(const struct drive *drive);
uint64_t drive_bytes(const struct drive *drive);

/* It vanishes: all requests are lost, power is gone. after_ms UINT64_MAX: for good. */
void drive_vanish(struct drive *drive, const struct misbehaviour *why, uint64_t after_ms);

enum drive_fault {
    FAULT_NONE,
    FAULT_READ,            /* unrecovered read error */
    FAULT_NOT_WRITTEN,     /* nothing was written here since the erase, and reads fail on that */
    FAULT_WRITE,           /* write fault */
    FAULT_WRITE_PROTECTED, /* the whole drive */
    FAULT_LOCKED,          /* by a TCG range */
};

/*
 * The host's reads and writes: bytes of a region, for the LBAs from lba on, under the misbehaviours
 * that concern them. A write may make the drive vanish. "hang overwrite" is the command set's to
 * look for.
 */
enum drive_fault drive_read(struct drive *drive, unsigned region, uint64_t lba, uint32_t lba_bytes,
                            uint64_t lbas, uint8_t *data);
enum drive_fault drive_write(struct drive *drive, unsigned region, uint64_t lba, uint32_t lba_bytes,
                             uint64_t lbas, const uint8_t *data);
enum drive_fault drive_discard(struct drive *drive, unsigned region, uint64_t lba,
                               uint32_t lba_bytes, uint64_t lbas);

/* An erase of everything, as an honest drive does it; the caller narrows it. */
struct media_effect drive_effect(const struct drive *drive, enum effect_kind kind);

#endif
