/*
 * What is left of planted data, read from the medium itself and not through the drive.
 *
 * "Erased" as Clear is true if nothing is visible; as Purge, if nothing is recoverable.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "media.h"

enum { ORACLE_PLACES = 8 };

struct oracle_place {
    struct media_page page;
    uint64_t physical_page;
};

/* Counts of 4 KiB pages that hold the marker. */
struct oracle_findings {
    uint64_t visible;     /* where an LBA of any namespace leads, attached or not, or any LBA of a
                             disk, hidden areas included */
    uint64_t recoverable; /* anywhere on the medium, under any key that the drive still has; these
                             include the visible ones */
    uint64_t raw;         /* in the bytes of the medium as they are, without any key */
    uint64_t by_state[PAGE_RETIRED + 1];       /* the recoverable ones */
    struct oracle_place places[ORACLE_PLACES]; /* the first recoverable ones */
};

/* marker: bytes that planted data has and nothing else has. */
struct oracle_findings oracle_search(const struct media *media, const void *marker, size_t length);

#endif
