/* Which methods will be tried on a disk, in which order, and why not the others. Pure. */
#ifndef QUIETUS_PLAN_H
#define QUIETUS_PLAN_H

#include "quietus/method.h"

enum { PLAN_STEPS = 24 }; /* at least as many as there are methods */

struct plan_step {
    const struct method *method;
    struct claim claim;
};

struct plan_rejection {
    const struct method *method;
    struct reason reason;
};

struct plan {
    struct plan_step steps[PLAN_STEPS]; /* the first is run; the others only after a failure */
    unsigned step_count;
    struct plan_rejection rejected[PLAN_STEPS];
    unsigned rejected_count;
};

void plan_make(const struct disk *disk, const struct policy *policy, struct plan *out);

/* What lies outside of the method's reach on this disk: array of strings, a new reference. */
json_t *plan_exceptions(const struct disk *disk, const struct method *method);

json_t *plan_json(const struct plan *plan);
json_t *claim_json(const struct claim *claim);

#endif
