/* The few methods that a revert by PSID takes: Properties, StartSession, Revert. */
#include "drive_core.h"
#include "fields.h"
#include "tcg.h"

#include <string.h>

enum {
    COM_HEADER = 20,
    PACKET_HEADER = 24,
    SUB_HEADER = 12,
    HEADERS = COM_HEADER + PACKET_HEADER + SUB_HEADER,
    TPER_SESSION = 0x1234,
};

enum token {
    START_LIST = 0xf0,
    END_LIST = 0xf1,
    START_NAME = 0xf2,
    END_NAME = 0xf3,
    CALL = 0xf8,
    END_OF_DATA = 0xf9,
    END_OF_SESSION = 0xfa,
};

enum status {
    STATUS_SUCCESS = 0x00,
    STATUS_NOT_AUTHORIZED = 0x01,
    STATUS_INVALID_PARAMETER = 0x0c,
};

#define SESSION_MANAGER 0x00000000000000ffULL
#define PROPERTIES      0x000000000000ff01ULL
#define START_SESSION   0x000000000000ff02ULL
#define SYNC_SESSION    0x000000000000ff03ULL
#define ADMIN_SP        0x0000020500000001ULL
#define AUTHORITY_PSID  0x000000090001ff01ULL
#define REVERT          0x0000000600000202ULL
#define THIS_SP         0x0000000000000001ULL
#define AUTHENTICATE    0x000000060000000cULL

/* --- what came --- */

struct cursor {
    const uint8_t *at, *end;
};

struct atom {
    const uint8_t *data;
    size_t length;
    uint64_t number; /* of an integer */
    bool is_bytes;
};

static bool next_is(struct cursor *cursor, enum token token) {
    if (cursor->at == cursor->end || *cursor->at != token)
        return false;
    cursor->at++;
    return true;
}

/* Tiny 0xxxxxxx, short 10bsllll, medium 110bslll llllllll. */
static bool next_atom(struct cursor *cursor, struct atom *out) {
    const size_t left = (size_t)(cursor->end - cursor->at);
    if (left == 0)
        return false;
    const uint8_t first = *cursor->at;
    size_t header = 1;
    *out = (struct atom){.number = first & 0x3f};
    if (first < 0x80) {
        cursor->at++;
        return true;
    }
    if (first < 0xc0) {
        out->length = first & 0x0f;
        out->is_bytes = first & 0x20;
    } else if (first < 0xe0 && left >= 2) {
        header = 2;
        out->length = (size_t)(first & 7) << 8 | cursor->at[1];
        out->is_bytes = first & 0x10;
    } else {
        return false;
    }
    if (out->length > left - header)
        return false;
    out->data = cursor->at + header;
    out->number = 0;
    for (size_t i = 0; !out->is_bytes && i < out->length; i++)
        out->number = out->number << 8 | out->data[i];
    cursor->at += header + out->length;
    return true;
}

static bool next_uid(struct cursor *cursor, uint64_t *out) {
    struct atom atom;
    if (!next_atom(cursor, &atom) || !atom.is_bytes || atom.length != 8)
        return false;
    *out = load_be(atom.data, 8);
    return true;
}

/* --- what goes --- */

static void put(struct drive *drive, uint8_t byte) {
    drive->tcg.response[drive->tcg.response_length++] = byte;
}

static void put_uid(struct drive *drive, uint64_t uid) {
    put(drive, 0xa8);
    for (int shift = 56; shift >= 0; shift -= 8)
        put(drive, (uint8_t)(uid >> shift));
}

static void put_number(struct drive *drive, uint32_t number) {
    put(drive, 0x84);
    for (int shift = 24; shift >= 0; shift -= 8)
        put(drive, (uint8_t)(number >> shift));
}

static void put_text(struct drive *drive, const char *text) {
    put(drive, (uint8_t)(0xd0 | strlen(text) >> 8)); /* medium atom, bytes */
    put(drive, (uint8_t)strlen(text));
    for (; *text; text++)
        put(drive, (uint8_t)*text);
}

static void begin(struct drive *drive) {
    memset(&drive->tcg.response, 0, sizeof drive->tcg.response);
    drive->tcg.response_length = HEADERS;
}

static void finish(struct drive *drive, enum status status, bool in_session) {
    struct tcg_volatile *now = &drive->tcg;
    put(drive, END_OF_DATA);
    put(drive, START_LIST);
    put(drive, (uint8_t)status);
    put(drive, 0);
    put(drive, 0);
    put(drive, END_LIST);
    const size_t payload = now->response_length - HEADERS;
    const size_t padded = (payload + 3) & ~(size_t)3;
    uint8_t *packet = now->response + COM_HEADER;
    store_be(now->response + 4, 2, 0x07fe);
    store_be(now->response + 16, 4, PACKET_HEADER + SUB_HEADER + padded);
    store_be(packet, 4, in_session ? TPER_SESSION : 0);
    store_be(packet + 4, 4, in_session ? now->host_session : 0);
    store_be(packet + 20, 4, SUB_HEADER + padded);
    store_be(packet + PACKET_HEADER + 8, 4, payload);
    now->response_length = HEADERS + padded;
}

/* --- methods --- */

static void answer_properties(struct drive *drive) {
    static const char *const names[] = {"MaxComPacketSize", "MaxPacketSize", "MaxIndTokenSize"};
    begin(drive);
    put(drive, CALL);
    put_uid(drive, SESSION_MANAGER);
    put_uid(drive, PROPERTIES);
    put(drive, START_LIST);
    put(drive, START_LIST);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        put(drive, START_NAME);
        put_text(drive, names[i]);
        put_number(drive, TCG_RESPONSE_SIZE - 28 * i);
        put(drive, END_NAME);
    }
    put(drive, END_LIST);
    put(drive, END_LIST);
    finish(drive, STATUS_SUCCESS, false);
}

static bool is_psid(const struct drive *drive, const struct atom *challenge) {
    const char *psid = drive->description->tcg.psid;
    return challenge->is_bytes && psid[0] != '\0' && challenge->length == strlen(psid) &&
           memcmp(challenge->data, psid, challenge->length) == 0;
}

static bool is_text(const struct atom *atom, const char *text) {
    return atom->is_bytes && atom->length == strlen(text) &&
           memcmp(atom->data, text, atom->length) == 0;
}

/* Enterprise: [ HSN, SP, write, "SessionTimeout" = ms ], and no authority; names are texts. */
static enum status check_plain_start(struct cursor *cursor, uint32_t *host) {
    struct atom atom;
    uint64_t provider = 0;
    if (!next_is(cursor, START_LIST) || !next_atom(cursor, &atom) || atom.is_bytes)
        return STATUS_INVALID_PARAMETER;
    *host = (uint32_t)atom.number;
    if (!next_uid(cursor, &provider) || !next_atom(cursor, &atom) || atom.number != 1)
        return STATUS_INVALID_PARAMETER;
    while (next_is(cursor, START_NAME)) {
        if (!next_atom(cursor, &atom) || !is_text(&atom, "SessionTimeout") ||
            !next_atom(cursor, &atom) || atom.is_bytes || !next_is(cursor, END_NAME))
            return STATUS_INVALID_PARAMETER;
    }
    return provider == ADMIN_SP && next_is(cursor, END_LIST) ? STATUS_SUCCESS
                                                             : STATUS_INVALID_PARAMETER;
}

/* [ HSN, SP, write, HostChallenge = PIN, HostSigningAuthority = UID ]; names are numbers 0 and 3.
 */
static enum status check_start(const struct drive *drive, struct cursor *cursor, uint32_t *host) {
    struct atom atom;
    struct atom challenge = {0};
    uint64_t provider = 0, authority = 0;
    if (!next_is(cursor, START_LIST) || !next_atom(cursor, &atom) || atom.is_bytes)
        return STATUS_INVALID_PARAMETER;
    *host = (uint32_t)atom.number;
    if (!next_uid(cursor, &provider) || !next_atom(cursor, &atom) || atom.number != 1)
        return STATUS_INVALID_PARAMETER;
    while (next_is(cursor, START_NAME)) {
        const bool named = next_atom(cursor, &atom) && !atom.is_bytes;
        const bool good = named && atom.number == 0   ? next_atom(cursor, &challenge)
                          : named && atom.number == 3 ? next_uid(cursor, &authority)
                                                      : false;
        if (!good || !next_is(cursor, END_NAME))
            return STATUS_INVALID_PARAMETER;
    }
    if (provider != ADMIN_SP || !next_is(cursor, END_LIST))
        return STATUS_INVALID_PARAMETER;
    const bool fits = authority == AUTHORITY_PSID && is_psid(drive, &challenge);
    return fits ? STATUS_SUCCESS : STATUS_NOT_AUTHORIZED;
}

static void answer_start(struct drive *drive, struct cursor *cursor) {
    uint32_t host = 0;
    const bool later = tcg_has_authenticate(drive);
    const enum status status =
        later ? check_plain_start(cursor, &host) : check_start(drive, cursor, &host);
    drive->tcg.proven = status == STATUS_SUCCESS && !later;
    begin(drive);
    put(drive, CALL);
    put_uid(drive, SESSION_MANAGER);
    put_uid(drive, SYNC_SESSION);
    put(drive, START_LIST);
    if (status == STATUS_SUCCESS) {
        put_number(drive, host);
        put_number(drive, TPER_SESSION);
        drive->tcg.in_session = true;
        drive->tcg.host_session = host;
    }
    put(drive, END_LIST);
    finish(drive, status, false);
}

/* [ UID, "Challenge" = PIN ]: true or false. */
static void answer_authenticate(struct drive *drive, struct cursor *cursor) {
    struct atom name, challenge;
    uint64_t authority = 0;
    const bool good = next_is(cursor, START_LIST) && next_uid(cursor, &authority) &&
                      next_is(cursor, START_NAME) && next_atom(cursor, &name) &&
                      is_text(&name, "Challenge") && next_atom(cursor, &challenge) &&
                      next_is(cursor, END_NAME) && next_is(cursor, END_LIST);
    drive->tcg.proven = good && authority == AUTHORITY_PSID && is_psid(drive, &challenge);
    begin(drive);
    put(drive, START_LIST);
    put(drive, drive->tcg.proven);
    put(drive, END_LIST);
    finish(drive, good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER, true);
}

/* It ends the session by itself. */
static void answer_revert(struct drive *drive, uint64_t object) {
    const bool allowed = object == ADMIN_SP && drive->tcg.proven;
    begin(drive);
    put(drive, START_LIST);
    put(drive, END_LIST);
    if (allowed)
        tcg_revert(drive);
    finish(drive, allowed ? STATUS_SUCCESS : STATUS_NOT_AUTHORIZED, true);
    drive->tcg.in_session = false;
}

/* The payload of the only subpacket; false if the lengths do not fit into each other. */
static bool unpack(const uint8_t *packet, size_t size, struct cursor *out) {
    if (size < HEADERS)
        return false;
    const uint64_t outer = load_be(packet + 16, 4);
    const uint64_t middle = load_be(packet + COM_HEADER + 20, 4);
    const uint64_t inner = load_be(packet + COM_HEADER + PACKET_HEADER + 8, 4);
    if (outer + COM_HEADER > size || middle + PACKET_HEADER > outer || inner + SUB_HEADER > middle)
        return false;
    *out = (struct cursor){packet + HEADERS, packet + HEADERS + inner};
    return true;
}

void tcg_answer(struct drive *drive, const uint8_t *packet, size_t size) {
    struct cursor cursor;
    uint64_t object, method;
    drive->tcg.response_length = 0;
    if (!unpack(packet, size, &cursor))
        return;
    const bool in_session = load_be(packet + COM_HEADER, 4) == TPER_SESSION &&
                            load_be(packet + COM_HEADER + 4, 4) == drive->tcg.host_session &&
                            drive->tcg.in_session;
    if (next_is(&cursor, END_OF_SESSION)) {
        drive->tcg.in_session = false;
        return;
    }
    if (!next_is(&cursor, CALL) || !next_uid(&cursor, &object) || !next_uid(&cursor, &method))
        return;
    if (object == SESSION_MANAGER && method == PROPERTIES)
        answer_properties(drive);
    else if (object == SESSION_MANAGER && method == START_SESSION)
        answer_start(drive, &cursor);
    else if (in_session && method == AUTHENTICATE && object == THIS_SP &&
             tcg_has_authenticate(drive))
        answer_authenticate(drive, &cursor);
    else if (in_session && method == REVERT)
        answer_revert(drive, object);
}
