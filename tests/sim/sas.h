/*
 * A native SAS disk: what lies behind the commands of scsi.h when no translation is between.
 *
 *     sas.c           the drive as a whole: power, resets, paths
 *     sas_access.c    which command is executed now: conditions of the medium, reservations
 *     sas_device.c    identity, capacity, blocks, sense of what it is at
 *     sas_blocks.c    blocks on the medium: odd sizes, protection information, bad ones
 *     sas_sanitize.c  SANITIZE       sas_format.c   FORMAT UNIT
 *     sas_mode.c      MODE SENSE and MODE SELECT      sas_log.c  LOG SENSE
 *     sas_defects.c   READ DEFECT DATA, REASSIGN BLOCKS
 *     sas_reserve.c   PERSISTENT RESERVE IN and OUT
 *     sas_opcodes.c   its own commands and REPORT SUPPORTED OPERATION CODES
 */
#ifndef SIM_SAS_H
#define SIM_SAS_H

#include "scsi.h"

enum {
    SAS_PATHS = 2,
    SAS_MODE_PAGES = 4,
    SAS_MODE_PAGE_SIZE = 20,
    SAS_PROTECTION_BYTES = 8,
};

/* What the medium is in, over power cuts. */
enum sas_condition {
    SAS_USABLE,
    SAS_SANITIZING,
    SAS_SANITIZE_FAILED,
    SAS_FORMATTING,
    SAS_FORMAT_CORRUPT, /* a format was interrupted */
    SAS_FORMAT_FAILED,
    SAS_CONDITIONS
};

struct sas_layout {
    uint32_t block_bytes; /* of data */
    uint8_t protection;   /* type; 0: no protection information behind the data */
    uint64_t blocks;      /* number of blocks of the mode block descriptor; 0: all that there are */
};

/* Registrants of persistent reservations: the two paths, and a host elsewhere. */
enum { SAS_OTHER_HOST = SAS_PATHS, SAS_REGISTRANTS };

struct sas_reservations {
    uint32_t generation;
    uint64_t keys[SAS_REGISTRANTS]; /* 0: not registered */
    uint8_t type;                   /* 0: no reservation */
    uint8_t holder;
};

/* In the state file. */
struct sas_state {
    enum sas_condition condition;
    bool sanitize_unrestricted; /* AUSE */
    struct sas_layout layout;
    struct sas_layout formatting_to;
    uint16_t unwritten;           /* additional sense of reads of what was not written since */
    uint8_t unwritten_protection; /* what the protection information of such blocks is */
    uint64_t bad_blocks[SCSI_BAD_BLOCKS];
    uint32_t bad_block_count;
    uint8_t modes[SAS_MODE_PAGES][SAS_MODE_PAGE_SIZE]; /* saved values */
    struct sas_reservations reservations;
    uint64_t bytes_read, bytes_written, read_errors, write_errors;
};

struct sas {
    struct drive *drive;
    struct sas_state *state;
    struct scsi_unit units[SAS_PATHS];
    struct sas_layout layout; /* as MODE SELECT has left it: the next format's, if the block
                                 length is not that of the medium */
    uint8_t modes[SAS_MODE_PAGES][SAS_MODE_PAGE_SIZE]; /* current values */
    struct drive_request *blocked; /* waits for the end of a sanitize or format; NULL: none */
    struct scsi_unit *blocked_unit;
    bool stopped; /* by START STOP UNIT */
};

struct sas *sas_of(const struct scsi_unit *unit);
const struct scsi_description *sas_description(const struct sas *sas);
/* Raises a unit attention on every path but that of the unit (NULL: on every one). One that tells
 * more is not replaced. */
void sas_attention(struct sas *sas, uint16_t additional, const struct scsi_unit *but);

/* sas_opcodes.c, sas_device.c */
enum { SAS_ROWS = 20 };
/* sas_security.c */
void sas_run_security_in(struct scsi_unit *unit, struct drive_request *request);
void sas_run_security_out(struct scsi_unit *unit, struct drive_request *request);
enum drive_direction sas_security_length(const struct scsi_unit *unit,
                                         const struct drive_request *request, size_t *length);

extern const struct scsi_row sas_rows[SAS_ROWS];
extern const struct scsi_device sas_device;
/* What the condition of the medium is in sense; false: nothing to say. */
bool sas_condition_sense(const struct sas *sas, struct scsi_sense *sense);

/* sas_access.c */
bool sas_admits(struct scsi_unit *unit, struct drive_request *request);

/* sas_blocks.c */
uint32_t sas_medium_bytes(const struct sas_layout *layout); /* of a block, on the medium */
uint64_t sas_native_blocks(const struct sas *sas, const struct sas_layout *layout);
uint64_t sas_visible_blocks(const struct sas *sas);
bool sas_read(struct scsi_unit *unit, const struct scsi_access *access, struct scsi_sense *sense);
bool sas_write(struct scsi_unit *unit, const struct scsi_access *access, struct scsi_sense *sense);
bool sas_unmap(struct scsi_unit *unit, uint64_t lba, uint64_t blocks, struct scsi_sense *sense);
uint32_t sas_transfer_bytes(const struct scsi_unit *unit, uint8_t protect);
bool sas_is_write_protected(const struct sas *sas);
/* Takes the blocks' page out of use, with what it holds; false: no spare is left. */
bool sas_remap(struct sas *sas, uint64_t lba);
void sas_grow_defects(struct sas *sas, enum erase_operation which);
void sas_forget_bad(struct sas *sas, uint64_t lba, uint64_t blocks);
void sas_plant(struct drive *drive);

/* sas_sanitize.c, sas_format.c. A drive may refuse, hang or ignore an erase: true if it was
 * answered, or never will be. */
bool sas_misbehaves_at_once(struct scsi_unit *unit, struct drive_request *request,
                            enum erase_operation which);
/* Begun: it is answered now (immediate), or at the end. */
void sas_begun(struct scsi_unit *unit, struct drive_request *request, bool immediate);
void sas_sanitize_ended(struct sas *sas, enum erase_operation which, bool success);
void sas_format_ended(struct sas *sas, bool success);
bool sas_can_sanitize(const struct sas *sas, uint8_t action);
enum erase_operation sas_sanitize_operation(uint8_t action); /* OP_NONE: no such action */

/* sas_mode.c */
void sas_modes_make(struct sas *sas);     /* of a new drive */
void sas_modes_power_on(struct sas *sas); /* the saved values become the current ones */
bool sas_mode_write_protect(const struct sas *sas);
bool sas_mode_reallocates_writes(const struct sas *sas);

/* sas_reserve.c */
enum sas_use { SAS_USE_FREE, SAS_USE_READ, SAS_USE_WRITE };
bool sas_reservation_conflicts(const struct scsi_unit *unit, enum sas_use use);

/* Commands, by file. */
scsi_run sas_run_sanitize, sas_run_format, sas_run_mode_sense, sas_run_mode_select,
    sas_run_log_sense, sas_run_read_defects, sas_run_reassign, sas_run_reserve_in,
    sas_run_reserve_out, sas_run_write_same, sas_run_report_opcodes;
enum drive_direction sas_format_length(const struct scsi_unit *unit,
                                       const struct drive_request *request, size_t *length);
enum drive_direction sas_write_same_length(const struct scsi_unit *unit,
                                           const struct drive_request *request, size_t *length);
enum drive_direction sas_reassign_length(const struct scsi_unit *unit,
                                         const struct drive_request *request, size_t *length);

#endif
