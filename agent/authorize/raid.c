/*
 * Volumes of RAID controllers and the disks that they are made of. Which volume is made of which
 * disk is not known here, so all of a controller's volumes and members count as belonging together.
 */
#include "quietus/memory.h"

#include "internal.h"

#include <stdlib.h>

/* What of one controller may be erased, and what must be kept. */
struct group {
    unsigned members;
    unsigned members_named;
    unsigned volumes_named;
    /* A volume that is in use, booted from, to be retained, or refused for what it holds. */
    const struct disk *kept;
    const struct disk *member_kept; /* to be retained */
};

static bool same_controller(const struct raid_place *a, const struct raid_place *b) {
    return a->address.driver == b->address.driver && a->address.host == b->address.host;
}

static struct group group_of(const struct scan *scan, const struct authorization *authorization,
                             const struct raid_place *controller) {
    struct group group = {0};
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *disk = scan->disks[i];
        const struct decision *decision = &authorization->decisions[i];
        if (!same_controller(&disk->raid, controller))
            continue;
        if (disk->raid.role == RAID_MEMBER) {
            group.members++;
            group.members_named += decision->warrant != NULL;
            if (decision->retained)
                group.member_kept = disk;
        } else if (disk->raid.role == RAID_VOLUME) {
            group.volumes_named += decision->warrant != NULL;
            const bool refused =
                !decision->warrant && (decision->disposition == DISPOSITION_REFUSED ||
                                       decision->disposition == DISPOSITION_HELD);
            if (disk->in_use || disk->boot_medium || decision->retained || refused)
                group.kept = disk;
        }
    }
    return group;
}

static void take_back(struct decision *decision, enum disposition disposition) {
    warrant_free(decision->warrant);
    decision->warrant = NULL;
    decision->disposition = disposition;
}

static void decide_member(const struct group *group, struct decision *decision) {
    if (group->kept) {
        take_back(decision, DISPOSITION_REFUSED);
        reason_set(&decision->reason,
                   "its RAID controller may have made of it the volume %s, which is in use, to be "
                   "kept, or refused itself",
                   disk_node(group->kept));
    } else if (group->volumes_named > 0 && group->members_named < group->members) {
        take_back(decision, DISPOSITION_REFUSED);
        reason_set(&decision->reason,
                   "a volume of its RAID controller is named too, and only %u of the %u disks that "
                   "volumes may be made of: name all of these, or the volume alone",
                   group->members_named, group->members);
    }
}

static void decide_volume(const struct group *group, struct decision *decision) {
    if (group->member_kept) {
        take_back(decision, DISPOSITION_REFUSED);
        reason_set(&decision->reason, "it may be made of %s, which is to be retained",
                   disk_node(group->member_kept));
        return;
    }
    if (group->kept || group->members_named == 0 || group->members_named < group->members)
        return;
    take_back(decision, DISPOSITION_EXCLUDED);
    reason_set(&decision->reason, "a volume of a RAID controller: the disks that it is made of are "
                                  "named too, and erased themselves");
}

void authorize_raid(const struct scan *scan, struct authorization *authorization) {
    struct group *groups = memory_new(scan->disk_count, sizeof *groups);
    for (size_t i = 0; i < scan->disk_count; i++)
        groups[i] = group_of(scan, authorization, &scan->disks[i]->raid);
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct decision *decision = &authorization->decisions[i];
        if (!decision->warrant)
            continue;
        if (scan->disks[i]->raid.role == RAID_MEMBER)
            decide_member(&groups[i], decision);
        else if (scan->disks[i]->raid.role == RAID_VOLUME)
            decide_volume(&groups[i], decision);
    }
    free(groups);
}
