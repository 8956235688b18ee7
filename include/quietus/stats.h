/*
 * What a number of samples says (DEVICE-FACTS G). With a share p of the units holding residue and n
 * informative samples, at least one is hit with probability 1 - (1 - p)^n; one random position in
 * each of n equal strata does no worse.
 */
#ifndef QUIETUS_STATS_H
#define QUIETUS_STATS_H

#include <stdint.h>

/* The default promise: 0.1 % of residue is found with 99.99 %. */
#define STATS_RESIDUE    0.001
#define STATS_CONFIDENCE 0.9999

/* The least n that finds residue of share p with that confidence; both in (0, 1). */
uint64_t stats_samples_needed(double p, double confidence);

/* The probability that n samples hit residue of share p. */
double stats_detection(uint64_t n, double p);

/* The least p that n samples find with that confidence; 1 for n = 0. */
double stats_bound(uint64_t n, double confidence);

#endif
