/* Which commands are executed now: what the medium is in, and whose it is (SBC, SPC). */
#include "sas.h"

enum {
    DURING = 1 << 0,         /* a sanitize or a format is under way */
    AFTER_SANITIZE = 1 << 1, /* one has failed */
    AFTER_FORMAT = 1 << 2,   /* one has failed or was interrupted */
    WRITES_BLOCKS = 1 << 3,
};
#define WHEN_FAILED (AFTER_SANITIZE | AFTER_FORMAT)

/* What is not here is executed on a usable medium alone, and is a write to reservations. */
static const struct {
    uint8_t opcode;
    uint8_t flags;
    enum sas_use use;
} rules[] = {
    {0x00, 0, SAS_USE_FREE},                    /* TEST UNIT READY */
    {0x03, DURING | WHEN_FAILED, SAS_USE_FREE}, /* REQUEST SENSE */
    {0x04, AFTER_FORMAT, SAS_USE_WRITE},        /* FORMAT UNIT */
    {0x08, 0, SAS_USE_READ},                    /* READ(6) */
    {0x0a, WRITES_BLOCKS, SAS_USE_WRITE},       /* WRITE(6) */
    {0x12, DURING | WHEN_FAILED, SAS_USE_FREE}, /* INQUIRY */
    {0x15, AFTER_FORMAT, SAS_USE_WRITE},        /* MODE SELECT(6) */
    {0x1a, WHEN_FAILED, SAS_USE_READ},          /* MODE SENSE(6) */
    {0x1b, AFTER_FORMAT, SAS_USE_FREE},         /* START STOP UNIT */
    {0x25, AFTER_SANITIZE, SAS_USE_FREE},       /* READ CAPACITY(10) */
    {0x28, 0, SAS_USE_READ},                    /* READ(10) */
    {0x2a, WRITES_BLOCKS, SAS_USE_WRITE},       /* WRITE(10) */
    {0x2f, 0, SAS_USE_READ},                    /* VERIFY(10) */
    {0x37, WHEN_FAILED, SAS_USE_READ},          /* READ DEFECT DATA(10) */
    {0x41, WRITES_BLOCKS, SAS_USE_WRITE},       /* WRITE SAME(10) */
    {0x48, WHEN_FAILED, SAS_USE_WRITE},         /* SANITIZE */
    {0x4d, WHEN_FAILED, SAS_USE_FREE},          /* LOG SENSE */
    {0x55, AFTER_FORMAT, SAS_USE_WRITE},        /* MODE SELECT(10) */
    {0x5a, WHEN_FAILED, SAS_USE_READ},          /* MODE SENSE(10) */
    {0x5e, WHEN_FAILED, SAS_USE_FREE},          /* PERSISTENT RESERVE IN */
    {0x5f, WHEN_FAILED, SAS_USE_FREE},          /* PERSISTENT RESERVE OUT: has its own rules */
    {0x88, 0, SAS_USE_READ},                    /* READ(16) */
    {0x8a, WRITES_BLOCKS, SAS_USE_WRITE},       /* WRITE(16) */
    {0x8f, 0, SAS_USE_READ},                    /* VERIFY(16) */
    {0x93, WRITES_BLOCKS, SAS_USE_WRITE},       /* WRITE SAME(16) */
    {0x9e, AFTER_SANITIZE, SAS_USE_FREE},       /* READ CAPACITY(16) */
    {0xa0, DURING | WHEN_FAILED, SAS_USE_FREE}, /* REPORT LUNS */
    {0xa2, DURING | WHEN_FAILED, SAS_USE_FREE}, /* SECURITY PROTOCOL IN */
    {0xa3, WHEN_FAILED, SAS_USE_FREE},          /* REPORT SUPPORTED OPERATION CODES */
    {0xb5, DURING | WHEN_FAILED, SAS_USE_FREE}, /* SECURITY PROTOCOL OUT */
    {0xb7, WHEN_FAILED, SAS_USE_READ},          /* READ DEFECT DATA(12) */
};

static const uint8_t needed_flag[SAS_CONDITIONS] = {
    [SAS_SANITIZING] = DURING,
    [SAS_FORMATTING] = DURING,
    [SAS_SANITIZE_FAILED] = AFTER_SANITIZE,
    [SAS_FORMAT_CORRUPT] = AFTER_FORMAT,
    [SAS_FORMAT_FAILED] = AFTER_FORMAT,
};

static void end_with_status(struct scsi_unit *unit, struct drive_request *request, uint8_t status) {
    request->scsi_status = status;
    request->sense_length = 0;
    request_done(unit->drive, request);
}

/* A path in standby (asymmetric access): commands about the drive, none about its blocks (SPC). */
static bool standby_answers(const struct scsi_unit *unit, uint8_t opcode) {
    static const uint8_t answered[] = {0x03, 0x12, 0x4d, 0x5e, 0x5f, 0xa0, 0xa3};
    const struct sas *sas = sas_of(unit);
    if (sas_description(sas)->standby_port != 1 + (uint32_t)(unit - sas->units))
        return true;
    for (unsigned i = 0; i < sizeof answered; i++)
        if (answered[i] == opcode)
            return true;
    return false;
}

bool sas_admits(struct scsi_unit *unit, struct drive_request *request) {
    const struct sas *sas = sas_of(unit);
    uint8_t flags = 0;
    enum sas_use use = SAS_USE_WRITE;
    struct scsi_sense sense;
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].opcode == request->cdb[0]) {
            flags = rules[i].flags;
            use = rules[i].use;
        }
    if (sas_reservation_conflicts(unit, use)) {
        end_with_status(unit, request, SCSI_RESERVATION_CONFLICT);
        return false;
    }
    if (!standby_answers(unit, request->cdb[0])) {
        sense = (struct scsi_sense){.key = SENSE_NOT_READY, .additional = ASC_PORT_IN_STANDBY};
        scsi_check(unit, request, &sense);
        return false;
    }
    const uint8_t needed = needed_flag[sas->state->condition];
    if ((flags & needed) != needed && sas_condition_sense(sas, &sense)) {
        scsi_check(unit, request, &sense);
        return false;
    }
    /* "hang overwrite": it never answers. */
    return !(flags & WRITES_BLOCKS) ||
           drive_misbehaves(unit->drive, MISBEHAVE_HANG, OP_OVERWRITE) == NULL;
}
