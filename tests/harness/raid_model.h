/*
 * A RAID controller as its driver's ioctl shows it: takes the packets apart byte by byte, holds
 * every field against what the driver and the firmware expect, and carries the CDB to a simulated
 * drive. Written from the drivers' rules (DEVICE-FACTS E.4), not from the agent's encoders.
 */
#ifndef QUIETUS_RAID_MODEL_H
#define QUIETUS_RAID_MODEL_H

#include "quietus/device.h"

#include "model_transport.h"

enum {
    RAID_MODEL_HOST = 3,
    RAID_MODEL_DEVICE = 12,    /* megaraid */
    RAID_MODEL_ENCLOSURE = 32, /* which is device 32 of the list, and no disk */
    RAID_MODEL_SLOT = 4,
};

/* What goes wrong between host and drive: the first command that it happens to (1: the first of
 * all), 0: never; and then every so many again (0: that once). */
enum raid_fault_kind {
    RAID_FAULT_NONE,
    RAID_FAULT_MISSING, /* the controller says that it has no such device */
    RAID_FAULT_TIMEOUT,
    RAID_FAULT_BUSY,        /* the drive's status is BUSY */
    RAID_FAULT_SHORT_DMA,   /* data in: half of it comes, and all is said to be well */
    RAID_FAULT_SHORT_READ,  /* READ(16): nothing comes */
    RAID_FAULT_SHORT_SENSE, /* of sense data four bytes come */
    RAID_FAULT_DRIVER,      /* the ioctl itself fails */
    RAID_FAULT_FIRMWARE,    /* an error that nobody has a name for */
    RAID_FAULT_NO_SECURITY, /* security commands are not passed on, ever */
};

struct raid_faults {
    enum raid_fault_kind kind;
    unsigned first;
    unsigned every;
    uint8_t after; /* not before a command with this opcode; 0: at once */
};

/*
 * Puts a controller with that drive behind it in the place of the kernel's, for one model at a
 * time; NULL: none. wrong: the first thing in a packet that no driver would take, or "".
 */
void raid_model_use(struct model *model, const struct raid_faults *faults);
const char *raid_model_wrong(void);
/* Reads of the medium that came short, since a model was last put there. */
unsigned raid_model_short_reads(void);
/* Commands to write down what is cached, likewise. */
unsigned raid_model_flushes(void);

/* What the controller has as its disk's state (MR_PD_STATE) and flags of membership. */
void raid_model_set_state(uint16_t state, uint16_t flags);

/* The disk as the scan finds it in the controller's list; NULL if it is not there. */
struct disk *raid_model_scan(enum raid_driver driver);

#endif
