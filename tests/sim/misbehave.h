/*
 * What a drive does wrong: lines "misbehave = KIND [OPERATION] [NAME=VALUE | WORD]..." of its
 * description, looked up by the command sets and by operations at the points where they matter.
 */
#ifndef SIM_MISBEHAVE_H
#define SIM_MISBEHAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Operations that erase, as descriptions name them; see misbehave.c for the names. */
enum erase_operation {
    OP_NONE,
    OP_NVME_SANITIZE_CRYPTO,
    OP_NVME_SANITIZE_BLOCK,
    OP_NVME_SANITIZE_OVERWRITE,
    OP_NVME_FORMAT,
    OP_NVME_FORMAT_USER_DATA,
    OP_NVME_FORMAT_CRYPTO,
    OP_SECURITY_ERASE,
    OP_SECURITY_ERASE_ENHANCED,
    OP_ATA_SANITIZE_CRYPTO,
    OP_ATA_SANITIZE_BLOCK,
    OP_ATA_SANITIZE_OVERWRITE,
    OP_SCSI_SANITIZE_CRYPTO,
    OP_SCSI_SANITIZE_BLOCK,
    OP_SCSI_SANITIZE_OVERWRITE,
    OP_SCSI_FORMAT,
    OP_OVERWRITE, /* the host's writes */
    OP_COUNT
};

const char *erase_operation_name(enum erase_operation operation);
/* OP_NONE: there is none of that name. */
enum erase_operation erase_operation_by_name(const char *name);

enum misbehaviour_kind {
    MISBEHAVE_LIE,
    MISBEHAVE_IGNORE,
    MISBEHAVE_PARTIAL,
    MISBEHAVE_KEEP_REMAPPED,
    MISBEHAVE_KEEP_SPARE,
    MISBEHAVE_MAP_ONLY,
    MISBEHAVE_STUCK,
    MISBEHAVE_BACKWARDS,
    MISBEHAVE_FAIL,
    MISBEHAVE_GONE,
    MISBEHAVE_RETURN,
    MISBEHAVE_POWER_CUT,
    MISBEHAVE_REFUSE,
    MISBEHAVE_HIDDEN,
    MISBEHAVE_HANG,
    MISBEHAVE_SLOW,
    MISBEHAVE_READ_ERRORS,
    MISBEHAVE_CAPACITY_CHANGE,
    MISBEHAVE_IDENTITY_CHANGE,
    MISBEHAVE_SENSE,
    MISBEHAVE_REGISTERS,
    MISBEHAVE_UNIT_ATTENTION,
    MISBEHAVE_WRITE_ERROR,
    MISBEHAVE_READ_ERROR,
    MISBEHAVE_WRITE_IGNORED,
    MISBEHAVE_WRITE_PROTECTED,
    MISBEHAVE_LOG_GARBAGE,
    MISBEHAVE_LOG_ZERO,
    MISBEHAVE_LOG_SHORT,
    MISBEHAVE_STATUS_4,
    MISBEHAVE_HIDE_FAILURE,
    MISBEHAVE_NO_PROGRESS,
    MISBEHAVE_GROW_DEFECTS,
    MISBEHAVE_DISTURB,
    MISBEHAVE_KINDS
};

enum { MISBEHAVIOURS = 40, WHOLE_PROGRESS = 10000 /* at: hundredths of a percent */ };

/* One line; what a kind does not use is zero. */
struct misbehaviour {
    enum misbehaviour_kind kind;
    enum erase_operation operation; /* also the one of after=OPERATION */
    uint32_t at;                    /* progress at which it happens; 10000 is the end */
    uint64_t after_ms;              /* how long it stays away */
    uint32_t factor;                /* slow */
    uint64_t from, to;              /* LBAs, both included */
    uint32_t regions;               /* bit mask of namespaces; 0: not said */
    uint64_t size;                  /* bytes */
    bool announced;
    char word[16]; /* refuse: opcode, field, abort; sense and registers: the form; read-errors: how
                    */
    char serial[48];
};

struct misbehaviours {
    struct misbehaviour list[MISBEHAVIOURS];
    unsigned count;
};

/* Adds a line's value. False with a message. */
bool misbehaviour_parse(struct misbehaviours *all, const char *value, char *problem,
                        size_t problem_size);

/* The first line of this kind for this operation (OP_NONE: for kinds that have none), or NULL. */
const struct misbehaviour *misbehaves(const struct misbehaviours *all, enum misbehaviour_kind kind,
                                      enum erase_operation operation);

#endif
