/*
 * SCSI: who has a disk for themselves, and which blocks it has retired. Decoding of PERSISTENT
 * RESERVE IN, making of PERSISTENT RESERVE OUT, and READ DEFECT DATA (SPC and SBC; DEVICE-FACTS
 * B.6). Pure: bytes in, structs out.
 */
#ifndef QUIETUS_SCSI_RESERVATION_H
#define QUIETUS_SCSI_RESERVATION_H

#include "quietus/bytes.h"

#include <stddef.h>

enum {
    SCSI_READ_DEFECT_DATA_10 = 0x37,
    SCSI_PERSISTENT_RESERVE_IN = 0x5e,
    SCSI_PERSISTENT_RESERVE_OUT = 0x5f,
    SCSI_READ_DEFECT_DATA_12 = 0xb7,
};

/* Service actions. */
enum { SCSI_RESERVE_IN_KEYS = 0x00, SCSI_RESERVE_IN_RESERVATION = 0x01 };
enum {
    SCSI_RESERVE_OUT_REGISTER = 0x00,
    SCSI_RESERVE_OUT_RELEASE = 0x02,
    SCSI_RESERVE_OUT_CLEAR = 0x03,
    SCSI_RESERVE_OUT_PREEMPT = 0x04,
    SCSI_RESERVE_OUT_REGISTER_AND_IGNORE = 0x06,
};

/* The type that keeps everybody else from reading and writing (SPC-4, 5.12.4). */
enum { SCSI_RESERVATION_EXCLUSIVE_ACCESS = 0x03 };

/* READ KEYS: every path of every host that has registered, each with a key of its choice. */
struct scsi_registrations {
    uint64_t count;     /* all, also those beyond keys */
    uint64_t keys[16];  /* the first */
    unsigned key_count; /* in keys */
};
/* -EINVAL if the header is not all there. */
int scsi_decode_registrations(struct bytes data, struct scsi_registrations *out);

/* READ RESERVATION. */
struct scsi_reservation {
    bool held;
    uint64_t key; /* 0 with the types that all registrants hold together */
    uint8_t type;
};
/* -EINVAL if it is shorter than it says. */
int scsi_decode_reservation(struct bytes data, struct scsi_reservation *out);

/* "exclusive access", ...; for a type that there is not, "of an unknown type". */
const char *scsi_reservation_type_name(uint8_t type);

/* The parameter list of PERSISTENT RESERVE OUT. */
enum { SCSI_RESERVE_OUT_LIST = 24 };
void scsi_encode_reserve_out(uint64_t key, uint64_t action_key,
                             uint8_t list[SCSI_RESERVE_OUT_LIST]);

/* How many entries a READ DEFECT DATA(10) or (12) answer is about, from its header alone. -EINVAL
 * if it is not all there, or of a format whose entries have no known size. */
int scsi_decode_defect_count(struct bytes data, bool is_12, uint64_t *out);

#endif
