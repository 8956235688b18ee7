/* What the drive says of its security, and what that does to reads, writes and erases. */
#include "tcg.h"

#include "drive_core.h"
#include "fields.h"

#include <string.h>

enum {
    PROTOCOL_INFORMATION = 0x00,
    PROTOCOL_TCG = 0x01,
    COMID_DISCOVERY = 0x0001,
    COMID_SESSIONS = 0x07fe,
    HEADER = 48,
};

static const struct tcg_description *own(const struct drive *drive) {
    return &drive->description->tcg;
}

/* From memory: the Locking SP of an Enterprise drive is active in the factory, and after a revert.
 */
static bool is_enterprise(const struct drive *drive) {
    enum { ENTERPRISE = 0x0100 };
    return own(drive)->class == ENTERPRISE;
}

bool tcg_is_active(const struct drive *drive) {
    return own(drive)->present && own(drive)->enabled && !drive->state->tcg_reverted;
}

bool tcg_has_authenticate(const struct drive *drive) {
    return is_enterprise(drive);
}

bool tcg_denies_media(const struct drive *drive, uint64_t lba, uint64_t lbas) {
    return tcg_is_active(drive) && own(drive)->locked && lba + lbas > own(drive)->from;
}

bool tcg_denies_erase(const struct drive *drive) {
    return tcg_is_active(drive) && own(drive)->locked && !own(drive)->erases;
}

static uint8_t *feature(uint8_t *at, uint16_t code, uint8_t length) {
    store_be(at, 2, code);
    at[2] = 0x10; /* version 1 */
    at[3] = length;
    return at + 4;
}

static bool encrypts(const struct drive *drive) {
    enum { PYRITE_1 = 0x0302, PYRITE_2 = 0x0303 };
    return !own(drive)->clear && own(drive)->class != PYRITE_1 && own(drive)->class != PYRITE_2;
}

static size_t discovery(const struct drive *drive, uint8_t *out) {
    enum { TPER = 0x0001, LOCKING = 0x0002, GEOMETRY = 0x0003, BLOCK_SID = 0x0402 };
    const bool active = tcg_is_active(drive);
    uint8_t *at = out + HEADER;
    store_be(out + 4, 4, 1); /* revision */
    uint8_t *data = feature(at, TPER, 12);
    data[0] = 0x11; /* streaming, synchronous protocol */
    at = data + 12;
    data = feature(at, LOCKING, 12);
    data[0] =
        (uint8_t)(1 | (active || is_enterprise(drive)) << 1 | (active && own(drive)->locked) << 2 |
                  encrypts(drive) << 3 | (active && own(drive)->shadow) << 4);
    at = data + 12;
    at = feature(at, GEOMETRY, 28) + 28;
    data = feature(at, own(drive)->class, 16);
    store_be(data, 2, COMID_SESSIONS);
    store_be(data + 2, 2, 1);
    at = data + 16;
    at = feature(at, BLOCK_SID, 12) + 12;
    const size_t length = (size_t)(at - out);
    store_be(out, 4, length - 4);
    return length;
}

/* Nothing to fetch (yet): an empty ComPacket. */
static void fetch_response(struct drive *drive, uint8_t *out, size_t size) {
    enum { EMPTY = 20 };
    struct tcg_volatile *now = &drive->tcg;
    uint8_t empty[EMPTY] = {0};
    const uint8_t *from = now->response_length ? now->response : empty;
    const size_t length = now->response_length ? now->response_length : sizeof empty;
    store_be(empty + 4, 2, COMID_SESSIONS);
    memcpy(out, from, length < size ? length : size);
    now->response_length = 0;
}

bool tcg_receive(struct drive *drive, uint8_t protocol, uint16_t comid, uint8_t *out, size_t size) {
    uint8_t data[512] = {0};
    if (!own(drive)->present || size == 0)
        return false;
    memset(out, 0, size);
    if (protocol == PROTOCOL_INFORMATION && comid == 0) {
        store_be(data + 6, 2, 2); /* of protocols: 00h and 01h */
        data[9] = PROTOCOL_TCG;
        memcpy(out, data, size < 10 ? size : 10);
        return true;
    }
    if (protocol != PROTOCOL_TCG)
        return false;
    if (comid == COMID_DISCOVERY) {
        const size_t length = discovery(drive, data);
        memcpy(out, data, length < size ? length : size);
        return true;
    }
    if (comid != COMID_SESSIONS)
        return false;
    fetch_response(drive, out, size);
    return true;
}

bool tcg_send(struct drive *drive, uint8_t protocol, uint16_t comid, const uint8_t *data,
              size_t size) {
    if (!own(drive)->present || protocol != PROTOCOL_TCG || comid != COMID_SESSIONS)
        return false;
    tcg_answer(drive, data, size);
    return true;
}

void tcg_power_on(struct drive *drive) {
    memset(&drive->tcg, 0, sizeof drive->tcg);
}

/* From memory: of a Locking SP that is not active, a revert leaves the keys alone. */
void tcg_revert(struct drive *drive) {
    if (own(drive)->ignores)
        return;
    const bool active = tcg_is_active(drive) || is_enterprise(drive);
    if (active && encrypts(drive) && !own(drive)->keeps_keys) {
        struct media_effect effect = drive_effect(drive, EFFECT_CRYPTO);
        effect.unmap_at_end = drive->description->crypto_unmaps;
        media_effect_run(drive->media, &effect, 0, media_effect_steps(drive->media, &effect));
        media_effect_end(drive->media, &effect);
    }
    drive->state->tcg_reverted = true;
}
