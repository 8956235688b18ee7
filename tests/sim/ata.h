/*
 * Inside the simulated ATA drive: what its parts (ata_*.c) and the SCSI/ATA translation (sat_*.c)
 * share. The facts are in DEVICE-FACTS A; where it is silent, ACS from memory, and the code says
 * so.
 */
#ifndef SIM_ATA_H
#define SIM_ATA_H

#include "ata_codes.h"
#include "ata_sanitize.h"
#include "ata_security.h"
#include "drive_core.h"

/* What the drive remembers without power: the command set's part of the state file. */
struct ata_saved {
    struct ata_security security;
    struct ata_sanitize sanitize;
    uint64_t native_sectors;     /* less than the capacity: by DCO */
    uint64_t accessible_sectors; /* less than native: by SET MAX or SET ACCESSIBLE MAX */
    bool security_hidden;        /* by DCO: the feature set is not there */
    bool starts_in_standby;      /* PUIS */
};

enum ata_power { ATA_POWER_ACTIVE, ATA_POWER_IDLE, ATA_POWER_STANDBY, ATA_POWER_SLEEP };

struct sat;

/* One powered drive; what is in here, but for saved, is lost without power. */
struct ata {
    struct drive *drive;
    struct ata_saved *saved;
    struct sat *sat;               /* the SCSI/ATA translation in front of it */
    struct drive_request *erasing; /* the ERASE UNIT that is under way */
    enum ata_power power;
    uint8_t previous_command; /* some must immediately follow another */
    bool write_cache;
    bool read_ahead;
    bool smart;
    bool settings_preserved;  /* Software Settings Preservation is on */
    bool starting_in_standby; /* PUIS: not spun up yet */
    uint8_t multiple;         /* sectors of READ MULTIPLE */
    uint8_t transfer_mode;    /* UDMA */
    /* Hidden areas. */
    uint64_t accessible_sectors; /* now; SET MAX may change it until power is lost */
    bool max_was_set;            /* persistently, in this power cycle */
    bool max_frozen;
    bool amac_frozen;
    bool dco_frozen;
    bool disturbed; /* see MISBEHAVE_DISTURB */
};

enum ata_result {
    ATA_DONE,    /* the registers are those of a success, with what the command put there */
    ATA_ABORTED, /* ERR and ABRT; COUNT and LBA are what the command put there */
    ATA_ERROR,   /* the command has set STATUS and ERROR */
    ATA_LATER,   /* the answer comes later, or never */
};

typedef enum ata_result ata_run(struct ata *ata, struct drive_request *request);

/* What there is to know of a command before it is executed. */
enum ata_transfer {
    TRANSFER_NONE,
    TRANSFER_IN_BLOCK, /* 512 bytes */
    TRANSFER_OUT_BLOCK,
    TRANSFER_IN_SECTORS, /* COUNT logical sectors, 28-bit */
    TRANSFER_OUT_SECTORS,
    TRANSFER_IN_SECTORS_EXT,
    TRANSFER_OUT_SECTORS_EXT,
    TRANSFER_IN_BLOCKS_EXT, /* COUNT times 512 bytes */
    TRANSFER_OUT_BLOCKS_EXT,
    TRANSFER_IN_TRUSTED, /* see ata_trusted.c */
    TRANSFER_OUT_TRUSTED,
    TRANSFER_BY_FEATURE, /* SMART, DCO: see ata_transfer.c */
};

enum ata_when_locked { WHEN_LOCKED_ALLOWED, WHEN_LOCKED_ABORTS };

struct ata_command_row {
    uint8_t command;
    enum ata_transfer transfer;
    enum ata_when_locked when_locked;
    ata_run *run;
};

/* ata_commands.c: NULL for commands that the drive does not know. */
const struct ata_command_row *ata_find_command(uint8_t command);

/* ata_transfer.c */
enum drive_direction ata_data_of(const struct drive *drive, const struct ata_registers_in *in,
                                 size_t *length);
/* The range of a read, write or verify, from the registers of either form. */
struct ata_range {
    uint64_t lba;
    uint64_t sectors;
};
struct ata_range ata_range_of(const struct ata_registers_in *in, bool extended);

/* ata.c */
/* Executes; true if the answer is in request->ata_out, false if it comes later (ata_answer_later).
 */
bool ata_execute(struct ata *ata, struct drive_request *request);
uint64_t ata_capacity_sectors(const struct ata *ata); /* of the medium, hidden areas included */
uint64_t ata_native_sectors(const struct ata *ata);   /* as READ NATIVE MAX tells */
const struct drive_description *ata_description(const struct ata *ata);
struct ata *ata_of(const struct drive *drive);
uint32_t ata_physical_sector(const struct ata *ata); /* bytes */

/* ata_identify.c */
void ata_identify_data(const struct ata *ata, uint8_t out[ATA_BLOCK]);
/* Sets the last byte so that all sum up to zero. */
void ata_seal(uint8_t block[ATA_BLOCK]);
void ata_store_text(uint8_t *to, size_t size, const char *text); /* two bytes swapped */
bool ata_security_supported(const struct ata *ata);
bool ata_security_enhanced_supported(const struct ata *ata);
bool ata_security_enhanced_announced(const struct ata *ata);
/* Words 89 and 90. */
uint16_t ata_erase_time_word(uint64_t ms, bool extended_format);
/* What the drive can do, and what it tells that it can. */
struct ata_sanitize_abilities ata_sanitize_abilities(const struct ata *ata);
struct ata_sanitize_abilities ata_sanitize_announced(const struct ata *ata);

/* ata_erase.c: the commands of the two feature sets, and their operations. */
ata_run ata_run_security_set_password, ata_run_security_unlock, ata_run_security_prepare,
    ata_run_security_erase, ata_run_security_freeze, ata_run_security_disable, ata_run_sanitize;
void ata_operation_ended(struct drive *drive, enum erase_operation which, bool success);
void ata_operation_cut(struct drive *drive, enum erase_operation which);

/* ata_trusted.c */
ata_run ata_run_trusted_receive, ata_run_trusted_send;
size_t ata_trusted_length(const struct ata_registers_in *in);

/* ata_media.c */
ata_run ata_run_read, ata_run_write, ata_run_verify, ata_run_flush, ata_run_trim;

/* ata_settings.c */
ata_run ata_run_set_features, ata_run_set_multiple, ata_run_check_power, ata_run_idle,
    ata_run_standby, ata_run_sleep, ata_run_diagnostic, ata_run_identify;

/* ata_smart.c, ata_log.c */
ata_run ata_run_smart, ata_run_read_log;
struct ata_health {
    uint64_t reallocated; /* sectors */
    uint64_t pending;
    uint64_t uncorrectable;
    uint64_t power_on_hours;
};
struct ata_health ata_health_of(const struct ata *ata);

/* ata_hidden.c, ata_dco.c */
ata_run ata_run_read_native_max, ata_run_set_max, ata_run_accessible_max, ata_run_dco;
/* After the state has changed: what may be addressed now. */
void ata_hidden_power_on(struct ata *ata);

/* For results: LBA as the command's form gives it back (28-bit: 27:24 are in DEVICE). */
void ata_put_lba(struct drive_request *request, uint64_t lba, bool extended);

#endif
