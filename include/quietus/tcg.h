/*
 * TCG storage security (Opal, Enterprise, Pyrite, Ruby): what a drive says of itself in level-0
 * discovery. Pure: bytes in, struct out. Sources: DEVICE-FACTS D; feature codes and the bits of the
 * Locking feature also as in sedutil and in a copy of TCG's tables.
 */
#ifndef QUIETUS_TCG_H
#define QUIETUS_TCG_H

#include "quietus/bytes.h"

/* Security protocol, and the ComID that discovery is asked with. */
enum {
    TCG_PROTOCOL = 0x01,
    TCG_DISCOVERY_COMID = 0x0001,
    TCG_DISCOVERY_SIZE = 2048,
};

/* The security subsystem classes, as bits. */
enum {
    TCG_ENTERPRISE = 1 << 0,
    TCG_OPAL_1 = 1 << 1,
    TCG_OPAL_2 = 1 << 2,
    TCG_OPALITE = 1 << 3,
    TCG_PYRITE_1 = 1 << 4,
    TCG_PYRITE_2 = 1 << 5,
    TCG_RUBY = 1 << 6,
};

struct tcg_discovery {
    bool known; /* it was asked and answered; else nothing below counts */
    bool tper;
    unsigned classes;
    uint16_t comid; /* the first for sessions; 0: not reported */
    bool locking;   /* the feature is reported, and the rest of it means something */
    bool locking_supported;
    bool locking_enabled;
    bool locked; /* one range at least, for reading or writing */
    bool media_encryption;
    bool shadow_enabled; /* an MBR shadow is put over the first LBAs */
    bool shadow_done;    /* and is out of the way until the next power cycle */
    bool single_user;
    bool data_store;
    bool block_sid;
};

/*
 * Decodes the answer. 0; -EINVAL if it is shorter than its header, all zero, or says that it is
 * longer than what came. A feature that is cut short is passed over.
 */
int tcg_decode_discovery(struct bytes data, struct tcg_discovery *out);

/* "Opal 2", "Pyrite 1, Block SID": never empty. Returns out. */
char *tcg_classes_text(const struct tcg_discovery *tcg, char *out, size_t size);

/* Of the Enterprise class alone: its locking is in use from the factory on, and after a revert.
 * (From memory; so do drives of it report themselves.) */
static inline bool tcg_always_enabled(const struct tcg_discovery *tcg) {
    return tcg->classes == TCG_ENTERPRISE;
}

/* True if parts of the drive may not be read or written now, or read as something else. */
static inline bool tcg_covers_media(const struct tcg_discovery *tcg) {
    return tcg->known && tcg->locking &&
           ((tcg->locking_enabled && tcg->locked) || (tcg->shadow_enabled && !tcg->shadow_done));
}

#endif
