#include "quietus/tcg_message.h"

#include <errno.h>
#include <string.h>

enum {
    COM_HEADER = 20,
    PACKET_HEADER = 24,
    SUB_HEADER = 12,
    HEADERS = COM_HEADER + PACKET_HEADER + SUB_HEADER,
    COM_LENGTH = 16, /* where the lengths are */
    PACKET_LENGTH = COM_HEADER + 20,
    SUB_LENGTH = COM_HEADER + PACKET_HEADER + 8,
    BLOCK = 512,
    STATUS_SIZE = 6, /* END OF DATA, a list of three numbers */
};

/* --- encoding --- */

void tcg_message_begin(struct tcg_message *message) {
    *message = (struct tcg_message){.length = HEADERS};
}

static void put(struct tcg_message *message, const uint8_t *data, size_t length) {
    if (length > sizeof message->bytes - message->length) {
        message->overflowed = true;
        return;
    }
    memcpy(message->bytes + message->length, data, length);
    message->length += length;
}

void tcg_put_token(struct tcg_message *message, enum tcg_token token) {
    const uint8_t byte = (uint8_t)token;
    put(message, &byte, 1);
}

/* A tiny atom up to 63, else a short one of as few bytes as it takes. */
void tcg_put_number(struct tcg_message *message, uint64_t number) {
    uint8_t atom[9];
    size_t length = 0;
    if (number < 64) {
        atom[0] = (uint8_t)number;
        put(message, atom, 1);
        return;
    }
    for (uint64_t rest = number; rest; rest >>= 8)
        length++;
    atom[0] = (uint8_t)(0x80 | length);
    for (size_t i = 0; i < length; i++)
        atom[1 + i] = (uint8_t)(number >> (8 * (length - 1 - i)));
    put(message, atom, 1 + length);
}

/* A short atom up to 15 bytes, else a medium one, up to 2047. */
void tcg_put_bytes(struct tcg_message *message, const void *data, size_t length) {
    const uint8_t header[2] = {(uint8_t)(0xd0 | (length >> 8 & 7)), (uint8_t)length};
    const uint8_t short_header = (uint8_t)(0xa0 | (length & 15));
    if (length > 2047)
        message->overflowed = true;
    else if (length < 16)
        put(message, &short_header, 1);
    else
        put(message, header, sizeof header);
    if (!message->overflowed)
        put(message, data, length);
}

void tcg_put_uid(struct tcg_message *message, uint64_t uid) {
    uint8_t bytes[8];
    put_be64(bytes, uid);
    tcg_put_bytes(message, bytes, sizeof bytes);
}

void tcg_put_call(struct tcg_message *message, uint64_t object, uint64_t method) {
    tcg_put_token(message, TCG_CALL);
    tcg_put_uid(message, object);
    tcg_put_uid(message, method);
}

int tcg_message_finish(struct tcg_message *message, uint16_t comid, uint32_t tper_session,
                       uint32_t host_session) {
    static const uint8_t end[STATUS_SIZE] = {TCG_END_OF_DATA, TCG_START_LIST, 0, 0, 0,
                                             TCG_END_LIST};
    put(message, end, sizeof end);
    if (message->overflowed)
        return -ENOSPC;
    uint8_t *bytes = message->bytes;
    const uint32_t payload = (uint32_t)message->length - HEADERS;
    const uint32_t padded = (payload + 3) & ~3U;
    put_be16(bytes + 4, comid);
    put_be32(bytes + COM_LENGTH, PACKET_HEADER + SUB_HEADER + padded);
    put_be32(bytes + COM_HEADER, tper_session);
    put_be32(bytes + COM_HEADER + 4, host_session);
    put_be32(bytes + PACKET_LENGTH, SUB_HEADER + padded);
    put_be32(bytes + SUB_LENGTH, payload);
    message->length = (message->length + BLOCK - 1) / BLOCK * BLOCK;
    return 0;
}

/* --- decoding --- */

int tcg_answer_payload(struct bytes answer, struct bytes *payload) {
    if (answer.length < COM_HEADER)
        return -EINVAL;
    const uint64_t outer = get_be32(answer.data + COM_LENGTH);
    if (outer == 0)
        return -EAGAIN;
    if (answer.length < HEADERS || outer > answer.length - COM_HEADER)
        return -EINVAL;
    const uint64_t middle = get_be32(answer.data + PACKET_LENGTH);
    const uint64_t inner = get_be32(answer.data + SUB_LENGTH);
    if (middle + PACKET_HEADER > outer || inner + SUB_HEADER > middle)
        return -EINVAL;
    *payload = (struct bytes){answer.data + HEADERS, (size_t)inner};
    return 0;
}

static void drop(struct bytes *payload, size_t count) {
    payload->data += count;
    payload->length -= count;
}

/* The header of an atom of one form: which bits tell it, where its length is. */
static bool atom_header(const struct bytes *payload, size_t *header, size_t *length,
                        bool *is_bytes) {
    const uint8_t *p = payload->data;
    if (p[0] < 0xc0) { /* short: 10bs llll */
        *header = 1;
        *length = p[0] & 0x0f;
        *is_bytes = bit(p[0], 5);
    } else if (p[0] < 0xe0 && payload->length >= 2) { /* medium: 110b slll llllllll */
        *header = 2;
        *length = (size_t)(p[0] & 7) << 8 | p[1];
        *is_bytes = bit(p[0], 4);
    } else if (p[0] < 0xe4 && payload->length >= 4) { /* long: 1110 00bs and three of length */
        *header = 4;
        *length = (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        *is_bytes = bit(p[0], 1);
    } else {
        return false;
    }
    return *length <= payload->length - *header;
}

bool tcg_next_item(struct bytes *payload, struct tcg_item *out) {
    size_t header;
    size_t length;
    *out = (struct tcg_item){0};
    if (payload->length == 0)
        return false;
    const uint8_t first = payload->data[0];
    if (first < 0x80 || first >= 0xf0) {
        out->is_token = first >= 0xf0;
        out->token = out->is_token ? first : 0;
        out->number = first & 0x3f;
        drop(payload, 1);
        return true;
    }
    if (!atom_header(payload, &header, &length, &out->is_bytes))
        return false;
    out->data = (struct bytes){payload->data + header, length};
    if (!out->is_bytes && length > sizeof out->number)
        return false;
    for (size_t i = 0; !out->is_bytes && i < length; i++)
        out->number = out->number << 8 | out->data.data[i];
    drop(payload, header + length);
    return true;
}

static bool takes_token(struct bytes *payload, enum tcg_token token) {
    struct tcg_item item;
    return tcg_next_item(payload, &item) && item.is_token && item.token == token;
}

static bool takes_number(struct bytes *payload, uint64_t *number) {
    struct tcg_item item;
    if (!tcg_next_item(payload, &item) || item.is_token || item.is_bytes)
        return false;
    *number = item.number;
    return true;
}

static bool takes_uid(struct bytes *payload, uint64_t uid) {
    struct tcg_item item;
    return tcg_next_item(payload, &item) && item.is_bytes && item.data.length == 8 &&
           get_be64(item.data.data) == uid;
}

int tcg_answer_status(struct bytes payload, uint8_t *status) {
    struct tcg_item item;
    uint64_t number;
    while (tcg_next_item(&payload, &item)) {
        if (!item.is_token || item.token != TCG_END_OF_DATA)
            continue;
        if (!takes_token(&payload, TCG_START_LIST) || !takes_number(&payload, &number) ||
            number > UINT8_MAX)
            return -EINVAL;
        *status = (uint8_t)number;
        return 0;
    }
    return -EINVAL;
}

int tcg_answer_session(struct bytes payload, uint32_t host_session, uint32_t *tper_session) {
    uint64_t host;
    uint64_t tper;
    if (!takes_token(&payload, TCG_CALL) || !takes_uid(&payload, TCG_UID_SESSION_MANAGER) ||
        !takes_uid(&payload, TCG_UID_SYNC_SESSION) || !takes_token(&payload, TCG_START_LIST) ||
        !takes_number(&payload, &host) || !takes_number(&payload, &tper) || host != host_session ||
        tper > UINT32_MAX)
        return -EINVAL;
    *tper_session = (uint32_t)tper;
    return 0;
}

int tcg_answer_number(struct bytes payload, uint64_t *number) {
    return takes_token(&payload, TCG_START_LIST) && takes_number(&payload, number) ? 0 : -EINVAL;
}
