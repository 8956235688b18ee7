/* The answer of an NTP server; the first eight bytes are what was asked. */
#include "quietus/sntp.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sntp_answer out;
    if (size < 8)
        return 0;
    const struct bytes packet = fuzz_copy(data + 8, size - 8);
    if (sntp_decode(packet, get_be64(data), &out) == 0) {
        REQUIRE(out.stratum >= 1 && out.stratum <= 15);
        /* From 1968 to 2104: what 32 bits and two eras hold. */
        REQUIRE(out.sent_ms > INT64_C(-63000000000) && out.sent_ms < INT64_C(4240000000000));
        REQUIRE(out.error_ms >= 0 && out.error_ms < 100000000);
    } else {
        REQUIRE(out.stratum == 0);
    }
    free((void *)packet.data);
    return 0;
}
