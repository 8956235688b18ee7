#include "quietus/verify.h"

#include <string.h>

static bool has_period(const uint8_t *data, size_t length, size_t period) {
    return length > period && memcmp(data, data + period, length - period) == 0;
}

/*
 * Pearson's test of the bytes' frequencies: for random bytes the sum is 255 on average with a
 * deviation of 22.6; 460 is nine deviations off, far beyond what a fleet's samples reach by chance.
 */
static bool looks_random(const uint8_t *data, size_t length) {
    enum { LIMIT = 460, SHORTEST = 2048 };
    unsigned counts[256] = {0};
    if (length < SHORTEST) /* too few bytes to tell, so no residue is claimed */
        return true;
    for (size_t i = 0; i < length; i++)
        counts[data[i]]++;
    const double expected = (double)length / 256;
    double sum = 0;
    for (int i = 0; i < 256; i++) {
        const double difference = counts[i] - expected;
        sum += difference * difference / expected;
    }
    return sum < LIMIT;
}

enum content_class content_classify(const uint8_t *data, size_t length) {
    if (length == 0 || bytes_all(data, length, data[0]))
        return CONTENT_UNIFORM;
    for (size_t period = 2; period <= 16; period++) {
        if (has_period(data, length, period))
            return CONTENT_PERIODIC;
    }
    return looks_random(data, length) ? CONTENT_RANDOM : CONTENT_STRUCTURED;
}
