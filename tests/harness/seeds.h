/* Random trials: a seed makes a drive with its capabilities and misbehaviours, always the same. */
#ifndef QUIETUS_SEEDS_H
#define QUIETUS_SEEDS_H

#include "trial.h"

struct seeded {
    char description[2048];
    struct trial trial;   /* its description is the one above; the folder is the caller's */
    bool must_be_erased;  /* nothing about the drive excuses any other end */
    bool may_keep_unseen; /* one of its lies cannot be seen from the host */
};

void seed_make(uint64_t seed, struct seeded *out);

#endif
