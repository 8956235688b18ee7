#include "quietus/stats.h"

#include <math.h>

uint64_t stats_samples_needed(double p, double confidence) {
    return (uint64_t)ceil(log1p(-confidence) / log1p(-p));
}

double stats_detection(uint64_t n, double p) {
    return -expm1((double)n * log1p(-p));
}

double stats_bound(uint64_t n, double confidence) {
    return n == 0 ? 1.0 : -expm1(log1p(-confidence) / (double)n);
}
