#include "quietus/sntp.h"

#include <errno.h>

/* RFC 5905, section 7.3: LI (2 bits), version (3), mode (3); times are 32.32 fixed point. */
enum {
    VERSION = 4,
    MODE_CLIENT = 3,
    MODE_SERVER = 4,
    LEAP_UNKNOWN = 3,
    LEAST_VERSION = 3,
    HIGHEST_STRATUM = 15,
    STRATUM_AT = 1,
    ROOT_DELAY_AT = 4,
    ROOT_DISPERSION_AT = 8,
    ORIGINATE_AT = 24,
    RECEIVE_AT = 32,
    TRANSMIT_AT = 40,
};

void sntp_question(uint8_t out[SNTP_PACKET_SIZE], uint64_t cookie) {
    memset(out, 0, SNTP_PACKET_SIZE);
    out[0] = VERSION << 3 | MODE_CLIENT;
    put_be64(out + TRANSMIT_AT, cookie);
}

/* RFC 4330, section 3: if the highest bit is not set, the time is after 2036-02-07T06:28:16Z. */
static int64_t unix_ms(const uint8_t *timestamp) {
    static const int64_t seconds_1900_to_1970 = 2208988800;
    const uint32_t seconds = get_be32(timestamp);
    const int64_t era = seconds & 0x80000000U ? 0 : INT64_C(1) << 32;
    const uint64_t fraction = get_be32(timestamp + 4);
    return (era + seconds - seconds_1900_to_1970) * 1000 + (int64_t)(fraction * 1000 >> 32);
}

/* 16.16 fixed point, in milliseconds. */
static int64_t short_ms(const uint8_t *p) {
    return (int64_t)((uint64_t)get_be32(p) * 1000 >> 16);
}

int sntp_decode(struct bytes packet, uint64_t cookie, struct sntp_answer *out) {
    *out = (struct sntp_answer){0};
    if (packet.length < SNTP_PACKET_SIZE)
        return -EINVAL;
    const uint8_t *p = packet.data;
    const unsigned version = p[0] >> 3 & 7;
    if ((p[0] & 7) != MODE_SERVER || version < LEAST_VERSION || version > VERSION ||
        get_be64(p + ORIGINATE_AT) != cookie)
        return -EINVAL;
    if (p[0] >> 6 == LEAP_UNKNOWN || p[STRATUM_AT] == 0 || p[STRATUM_AT] > HIGHEST_STRATUM ||
        get_be64(p + TRANSMIT_AT) == 0 || get_be64(p + RECEIVE_AT) == 0)
        return -EAGAIN;
    out->stratum = p[STRATUM_AT];
    out->received_ms = unix_ms(p + RECEIVE_AT);
    out->sent_ms = unix_ms(p + TRANSMIT_AT);
    out->error_ms = short_ms(p + ROOT_DISPERSION_AT) + short_ms(p + ROOT_DELAY_AT) / 2;
    return 0;
}
