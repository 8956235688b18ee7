/*
 * The packets and tokens of TCG sessions, as far as a revert by PSID takes them (DEVICE-FACTS D).
 * Pure: bytes in, struct out, and back.
 */
#ifndef QUIETUS_TCG_MESSAGE_H
#define QUIETUS_TCG_MESSAGE_H

#include "quietus/bytes.h"

enum { TCG_MESSAGE_SIZE = 2048 };

enum tcg_token {
    TCG_START_LIST = 0xf0,
    TCG_END_LIST = 0xf1,
    TCG_START_NAME = 0xf2,
    TCG_END_NAME = 0xf3,
    TCG_CALL = 0xf8,
    TCG_END_OF_DATA = 0xf9,
    TCG_END_OF_SESSION = 0xfa,
};

/* Objects, methods, authorities. */
#define TCG_UID_SESSION_MANAGER 0x00000000000000ffULL
#define TCG_UID_PROPERTIES      0x000000000000ff01ULL
#define TCG_UID_START_SESSION   0x000000000000ff02ULL
#define TCG_UID_SYNC_SESSION    0x000000000000ff03ULL
#define TCG_UID_ADMIN_SP        0x0000020500000001ULL
#define TCG_UID_PSID            0x000000090001ff01ULL
#define TCG_UID_REVERT          0x0000000600000202ULL
/* Of the Enterprise class: the SP of the session, and its way to prove an authority. */
#define TCG_UID_THIS_SP      0x0000000000000001ULL
#define TCG_UID_AUTHENTICATE 0x000000060000000cULL

/* Statuses of methods. */
enum { TCG_SUCCESS = 0x00, TCG_NOT_AUTHORIZED = 0x01, TCG_AUTHORITY_LOCKED_OUT = 0x12 };

/* A message while it is put together. What does not fit sets `overflowed`. */
struct tcg_message {
    uint8_t bytes[TCG_MESSAGE_SIZE];
    size_t length;
    bool overflowed;
};

void tcg_message_begin(struct tcg_message *message);
void tcg_put_token(struct tcg_message *message, enum tcg_token token);
void tcg_put_number(struct tcg_message *message, uint64_t number);
void tcg_put_bytes(struct tcg_message *message, const void *data, size_t length);
void tcg_put_uid(struct tcg_message *message, uint64_t uid);
/* CALL, the object, the method. */
void tcg_put_call(struct tcg_message *message, uint64_t object, uint64_t method);
/* END OF DATA, the status list, the headers. 0, or -ENOSPC. The length is a multiple of 512 then.
 */
int tcg_message_finish(struct tcg_message *message, uint16_t comid, uint32_t tper_session,
                       uint32_t host_session);

/*
 * The tokens in an answer, of its first packet. 0; -EAGAIN: there is no answer yet; -EINVAL: the
 * lengths in its headers do not fit into each other.
 */
int tcg_answer_payload(struct bytes answer, struct bytes *payload);

/* One token, or one atom. */
struct tcg_item {
    bool is_token;
    uint8_t token;
    bool is_bytes;
    uint64_t number;   /* of an integer atom of up to 8 bytes */
    struct bytes data; /* of a byte atom */
};
/* Takes the next from the front of payload; false at its end, or at what is no item. */
bool tcg_next_item(struct bytes *payload, struct tcg_item *out);

/* The status of the method that the payload answers. 0, or -EINVAL if there is none. */
int tcg_answer_status(struct bytes payload, uint8_t *status);

/* The drive's number of a session, from SyncSession with this host's number. 0, or -EINVAL. */
int tcg_answer_session(struct bytes payload, uint32_t host_session, uint32_t *tper_session);

/* The first value of the list that a method gives back, a number or a truth. 0, or -EINVAL. */
int tcg_answer_number(struct bytes payload, uint64_t *number);

#endif
