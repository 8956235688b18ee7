#include "quietus/warrant.h"

#include "quietus/clock.h"
#include "quietus/memory.h"

#include "../device/internal.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

struct warrant {
    struct disk_identity identity;
    json_t *authority;
    int64_t expires; /* 0: never */
    bool used;
};

struct warrant *warrant_issue(const struct disk_identity *identity, const json_t *authority) {
    struct warrant *warrant = memory_new(1, sizeof *warrant);
    warrant->identity = *identity;
    warrant->authority = json_deep_copy(authority);
    memory_require(warrant->authority != NULL);
    return warrant;
}

void warrant_expires(struct warrant *warrant, int64_t time) {
    warrant->expires = time;
}

void warrant_free(struct warrant *warrant) {
    if (!warrant)
        return;
    json_decref(warrant->authority);
    free(warrant);
}

const struct disk_identity *warrant_identity(const struct warrant *warrant) {
    return &warrant->identity;
}

const json_t *warrant_authority(const struct warrant *warrant) {
    return warrant->authority;
}

int warrant_arm(struct warrant *warrant, struct device *device, struct armed **out,
                struct reason *reason) {
    if (warrant->used) {
        reason_set(reason, "the warrant for this disk has been used");
        return -EPERM;
    }
    if (warrant->expires > 0 && clock_now() >= warrant->expires) {
        reason_set(reason, "the order expired before it was this disk's turn");
        return -EKEYEXPIRED;
    }
    warrant->used = true;
    return armed_open(device, &warrant->identity, out, reason);
}
