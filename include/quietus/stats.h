/*
 * What a number of samples says (DEVICE-FACTS G). One random unit is read in each of n informative
 * strata, of which the shortest has s units and the longest l. Residue of m units, r_i of them in
 * stratum i, is missed with probability
 *
 *     prod (1 - r_i / length_i)  <=  prod (1 - r_i / l)  <=  (1 - m / (n l))^n,
 *
 * the last since a geometric mean is no more than the arithmetic one. A share p of the units of
 * these strata is m >= p n s of them, so wherever it lies it is found with probability
 *
 *     1 - (1 - p s / l)^n   at least.
 *
 * s / l is called the evenness. Strata of large disks are as good as even; with few units in each,
 * residue may lie in the longer ones alone, and 1 - (1 - p)^n would be too much.
 */
#ifndef QUIETUS_STATS_H
#define QUIETUS_STATS_H

#include <stdint.h>

/* The default promise: 0.1 % of residue is found with 99.99 %. */
#define STATS_RESIDUE    0.001
#define STATS_CONFIDENCE 0.9999

/* As certificates say it. */
#define STATS_FORMULA "1 - (1 - p s / l)^n"
#define STATS_FULL    "every unit was read"
/* Of certificates from before strata were known to be uneven. */
#define STATS_FORMULA_EVEN "1 - (1 - p)^n"

/* s and l of n strata of [0, units), see sampling.h; 0 < n <= units. */
uint64_t stats_shortest(uint64_t units, uint64_t n);
uint64_t stats_longest(uint64_t units, uint64_t n);
double stats_evenness(uint64_t units, uint64_t n);

/* The least n that finds residue of share p with that confidence; all in (0, 1), evenness also 1.
 */
uint64_t stats_samples_needed(double p, double confidence, double evenness);

/* The least probability with which n samples hit residue of share p. */
double stats_detection(uint64_t n, double p, double evenness);

/* The least p that n samples find with that confidence; 1 for n = 0. */
double stats_bound(uint64_t n, double confidence, double evenness);

/* So many digits of a bound, and never less than it. */
double stats_round_up(double bound, int digits);

#endif
