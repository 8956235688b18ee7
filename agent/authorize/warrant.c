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
    struct warrant *parts[DISK_PARTS]; /* of a disk that has any; NULL: taken */
    unsigned part_count;
};

static struct warrant *issue_one(const struct disk *disk, const json_t *authority) {
    struct warrant *warrant = memory_new(1, sizeof *warrant);
    warrant->identity = disk->identity;
    warrant->authority = json_deep_copy(authority);
    memory_require(warrant->authority != NULL);
    return warrant;
}

struct warrant *warrant_issue(const struct disk *disk, const json_t *authority) {
    struct warrant *warrant = issue_one(disk, authority);
    for (unsigned i = 0; i < disk->part_count; i++)
        warrant->parts[warrant->part_count++] = issue_one(disk->parts[i], authority);
    return warrant;
}

void warrant_expires(struct warrant *warrant, int64_t time) {
    warrant->expires = time;
    for (unsigned i = 0; i < warrant->part_count; i++) {
        if (warrant->parts[i])
            warrant->parts[i]->expires = time;
    }
}

struct warrant *warrant_take_part(struct warrant *warrant, unsigned part) {
    struct warrant *taken = part < warrant->part_count ? warrant->parts[part] : NULL;
    if (taken)
        warrant->parts[part] = NULL;
    return taken;
}

void warrant_free(struct warrant *warrant) {
    if (!warrant)
        return;
    for (unsigned i = 0; i < warrant->part_count; i++)
        warrant_free(warrant->parts[i]);
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
    if (warrant->used || warrant->part_count > 0) {
        reason_set(reason, warrant->used ? "the warrant for this disk has been used"
                                         : "it is armed part by part");
        return -EPERM;
    }
    if (warrant->expires > 0 && clock_now() >= warrant->expires) {
        reason_set(reason, "the order expired before it was this disk's turn");
        return -EKEYEXPIRED;
    }
    warrant->used = true;
    return armed_open(device, &warrant->identity, out, reason);
}
