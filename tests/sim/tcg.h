/*
 * TCG storage security of a simulated drive: level-0 discovery, locked ranges, and the one session
 * that matters to an erase, the revert by PSID. Command sets carry its bytes and know nothing of
 * them. Facts: DEVICE-FACTS D; what it does not say is from memory and marked so.
 */
#ifndef SIM_TCG_H
#define SIM_TCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drive;

enum { TCG_PSID_SIZE = 32, TCG_RESPONSE_SIZE = 2048 };

/* tcg = CLASS [enabled] [locked] [shadow] [clear] [from=LBA] [psid=TEXT] [erases] [LIE] */
struct tcg_description {
    bool present;
    uint16_t class; /* feature code of the class */
    bool enabled;   /* the Locking SP is active: somebody owns it */
    bool locked;    /* and its range is locked */
    bool shadow;    /* MBR shadow enabled, and not done */
    bool clear;     /* no media encryption; Pyrite has none in any case */
    uint64_t from;  /* the first LBA that is locked */
    char psid[TCG_PSID_SIZE + 1];
    bool erases;     /* firmware erases are allowed though ranges are locked */
    bool ignores;    /* a revert reports success and changes nothing */
    bool keeps_keys; /* a revert opens the drive and erases nothing */
};

/* Lost without power. */
struct tcg_volatile {
    bool in_session;
    bool proven; /* that the session is the PSID's */
    uint32_t host_session;
    uint8_t response[TCG_RESPONSE_SIZE]; /* waits to be fetched */
    size_t response_length;
};

/* Is the Locking SP active: does somebody own the drive? */
bool tcg_is_active(const struct drive *drive);
/* Does a session prove its authority by a method of its own (Enterprise)? */
bool tcg_has_authenticate(const struct drive *drive);
/* Are the LBAs under a locked range (of region 0, or of any namespace)? */
bool tcg_denies_media(const struct drive *drive, uint64_t lba, uint64_t lbas);
/* Are sanitize and format refused? */
bool tcg_denies_erase(const struct drive *drive);

/* IF-RECV and IF-SEND. False: invalid protocol or ComID. out is filled to its size. */
bool tcg_receive(struct drive *drive, uint8_t protocol, uint16_t comid, uint8_t *out, size_t size);
bool tcg_send(struct drive *drive, uint8_t protocol, uint16_t comid, const uint8_t *data,
              size_t size);

/* Power goes: sessions end. */
void tcg_power_on(struct drive *drive);

/* tcg_session.c: an answer to a ComPacket, put into the drive's response. */
void tcg_answer(struct drive *drive, const uint8_t *packet, size_t size);

/* The revert is authorized: keys, state. */
void tcg_revert(struct drive *drive);

#endif
