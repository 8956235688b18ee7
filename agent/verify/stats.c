#include "quietus/stats.h"

#include <math.h>

uint64_t stats_shortest(uint64_t units, uint64_t n) {
    return units / n;
}

uint64_t stats_longest(uint64_t units, uint64_t n) {
    return units / n + (units % n != 0);
}

double stats_evenness(uint64_t units, uint64_t n) {
    return (double)stats_shortest(units, n) / (double)stats_longest(units, n);
}

uint64_t stats_samples_needed(double p, double confidence, double evenness) {
    return (uint64_t)ceil(log1p(-confidence) / log1p(-p * evenness));
}

double stats_detection(uint64_t n, double p, double evenness) {
    return -expm1((double)n * log1p(-p * evenness));
}

/* Solved for p; where strata are so uneven that this is more than all, nothing is promised. */
double stats_bound(uint64_t n, double confidence, double evenness) {
    return n == 0 ? 1.0 : fmin(1.0, -expm1(log1p(-confidence) / (double)n) / evenness);
}

double stats_round_up(double bound, int digits) {
    if (bound <= 0)
        return 0;
    const double scale = pow(10, digits - 1 - floor(log10(bound)));
    return ceil(bound * scale) / scale;
}
