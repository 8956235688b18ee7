#include "quietus/plan.h"

#include "quietus/json.h"
#include "quietus/models.h"

#include <inttypes.h>

/* True if the method is one for this kind of drive at all. */
static bool concerns(const struct disk *disk, const struct method *method) {
    return (method->commands == COMMANDS_NONE || method->commands == disk->commands) &&
           (!method->concerns || method->concerns(disk));
}

/* What goes through block devices reaches no more than they show. */
static bool is_all_shown(const struct disk *disk, struct reason *reason) {
    char shown[32];
    char whole[32];
    uint64_t bytes = 0;
    if (disk->unreached_namespaces > 0) {
        reason_set(reason,
                   "%u namespaces are not attached or have no block device, and it would not reach "
                   "them; attach or delete them first",
                   disk->unreached_namespaces);
        return false;
    }
    for (unsigned i = 0; i < disk->area_count; i++)
        bytes += disk->areas[i].lba_count * disk->areas[i].lba_size;
    if (bytes == disk->identity.capacity)
        return true;
    reason_set(reason, "the kernel shows %s of its %s, and it would not reach the rest",
               text_size(shown, sizeof shown, bytes),
               text_size(whole, sizeof whole, disk->identity.capacity));
    return false;
}

/* A command for a drive would go to what stands before the drives, which may do anything with it.
 */
static bool is_for_drives_only(const struct disk *disk, struct reason *reason) {
    const char *what = disk_not_local(disk);
    if (!what && !disk_is_volume(disk))
        return false;
    reason_set(reason, "it is %s%s%s: a firmware erase is for disks, and there is none to be seen",
               what ? what : "a volume (", what ? "" : disk->volume_kind, what ? "" : ")");
    return true;
}

/* True if the method may be used; else why not. */
static bool usable(const struct disk *disk, const struct policy *policy,
                   const struct method *method, struct reason *reason) {
    const struct claim *claim = &method->claims[disk->medium];
    if (!policy_allows_method(policy, method->name)) {
        reason_set(reason, "the policy does not name it");
        return false;
    }
    if (!method->leaves_pattern && is_for_drives_only(disk, reason))
        return false;
    if (method->commands == COMMANDS_ATA && disk->raid.no_registers) {
        reason_set(reason, "its RAID controller does not return ATA registers, so neither its "
                           "progress nor its end could be known");
        return false;
    }
    if (!method->offered(disk, reason) || models_avoid(disk, method->name, reason))
        return false;
    if (!method->whole_drive && !is_all_shown(disk, reason))
        return false;
    if (claim->category >= policy->least)
        return true;
    reason_set(reason, "it is worth %s, and the policy asks for %s", category_name(claim->category),
               category_name(policy->least));
    return false;
}

void plan_make(const struct disk *disk, const struct policy *policy, struct plan *out) {
    *out = (struct plan){0};
    for (const struct method *const *method = methods; *method; method++) {
        struct reason reason = {""};
        if (!concerns(disk, *method))
            continue;
        if (!usable(disk, policy, *method, &reason)) {
            out->rejected[out->rejected_count++] = (struct plan_rejection){*method, reason};
        } else if (out->step_count > 0 && !policy->fallback) {
            reason_set(&reason, "the policy allows no fallback");
            out->rejected[out->rejected_count++] = (struct plan_rejection){*method, reason};
        } else {
            out->steps[out->step_count++] =
                (struct plan_step){*method, (*method)->claims[disk->medium]};
        }
    }
}

/* Where no disk but what stands before the disks was written to. */
static void add_what_stands_before(const struct disk *disk, json_t *list) {
    char text[384];
    if (disk->volume) {
        (void)snprintf(text, sizeof text,
                       "it is a volume (%s): of the disks behind it, what does not belong to the "
                       "volume was not reached (spares, replaced or unused members and parts of "
                       "them, the controller's metadata and its cache)",
                       disk->volume_kind);
        json_add_text(list, text);
    }
    if (disk_not_local(disk)) {
        (void)snprintf(text, sizeof text,
                       "it is %s: copies, snapshots, caches and replaced parts on the other side "
                       "were not reached",
                       disk_not_local(disk));
        json_add_text(list, text);
    }
}

json_t *plan_exceptions(const struct disk *disk, const struct method *method) {
    char text[256];
    char size[32];
    json_t *list = json_new_array();
    if (method->never_reaches)
        json_add_text(list, method->never_reaches);
    add_what_stands_before(disk, list);
    if (disk->units > 1) {
        (void)snprintf(text, sizeof text,
                       "this is one of %u logical units of one device (%.100s): the others have "
                       "certificates of their own",
                       disk->units, disk->target_device);
        json_add_text(list, text);
    }
    if (disk->units_missing > 0) {
        (void)snprintf(text, sizeof text,
                       "its device says that it has %u logical units, of which %u were not there: "
                       "what they hold was not reached",
                       disk->units_reported, disk->units_missing);
        json_add_text(list, text);
    }
    if (disk->has_nvme && disk->nvme.rpmb_units > 0)
        json_add_text(list, "the drive has RPMB areas, which are not erased");
    if (disk->boot_partition_bytes > 0)
        json_add_text(list, "the drive has boot partitions, which are not erased");
    if (disk->tcg_unknown)
        json_add_text(list, "whether ranges are locked by TCG security could not be found out");
    if (disk->raid.role == RAID_MEMBER)
        json_add_text(list, "a RAID controller counts it to its volumes and could have written to "
                            "it during the erase, or since");
    if (disk->raid.role == RAID_VOLUME && !disk->volume)
        json_add_text(list, "a volume of a RAID controller: what the controller does not show of "
                            "the disks behind it, and of its cache, was not reached");
    if (method->whole_drive) {
        if (disk->commands == COMMANDS_ATA && disk->native_sectors > disk->ata.sectors)
            json_add_text(list, "capacity is hidden (HPA, AMAC or DCO) and could not be opened: of "
                                "that part, the drive alone says that it is erased");
        return list;
    }
    if (disk->commands == COMMANDS_ATA && !disk->hidden_known)
        json_add_text(list, "whether hidden areas (HPA, AMAC, DCO) exist could not be found out");
    if (disk->commands == COMMANDS_ATA && disk->native_sectors > disk->ata.sectors) {
        (void)snprintf(
            text, sizeof text, "%s are hidden (HPA, AMAC or DCO) and could not be opened",
            text_size(size, sizeof size,
                      (disk->native_sectors - disk->ata.sectors) * disk->ata.logical_sector_size));
        json_add_text(list, text);
    }
    if (disk->commands == COMMANDS_SCSI && disk->area_count == 1 &&
        disk->native_sectors > disk->areas[0].lba_count) {
        (void)snprintf(
            text, sizeof text, "%s are hidden (mode page) and could not be opened",
            text_size(size, sizeof size,
                      (disk->native_sectors - disk->areas[0].lba_count) * disk->areas[0].lba_size));
        json_add_text(list, text);
    }
    if (disk->commands == COMMANDS_SCSI && disk->bus != BUS_USB && !disk->hidden_known)
        json_add_text(list, "capacity hidden by mode pages was not looked for");
    if (disk->bus == BUS_MMC)
        json_add_text(list, "areas of the eMMC besides the main one (boot, RPMB) are not erased");
    if (disk->bus == BUS_USB)
        json_add_text(list,
                      "behind a USB bridge: areas that the bridge or the drive hides were not "
                      "looked for");
    if (disk->has_nvme && disk->nvme.unallocated_capacity > 0) {
        (void)snprintf(text, sizeof text, "%s belong to no namespace and were not erased",
                       text_size(size, sizeof size, disk->nvme.unallocated_capacity));
        json_add_text(list, text);
    }
    return list;
}

json_t *claim_json(const struct claim *claim) {
    json_t *object = json_new_object();
    json_put_text(object, "category", category_name(claim->category));
    json_put_text(object, "standard",
                  "IEEE 2883-2022, as NIST SP 800-88 Rev. 2 (September 2025) refers to it");
    json_put_text(object, "rev1_category", category_name(claim->rev1_category));
    json_put_text(object, "rev1_standard", "NIST SP 800-88 Rev. 1 (December 2014, withdrawn)");
    json_put_text(object, "mapping", "from secondary sources");
    return object;
}

json_t *plan_json(const struct plan *plan) {
    json_t *object = json_new_object();
    json_t *steps = json_new_array();
    for (unsigned i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        json_t *entry = json_new_object();
        json_put_text(entry, "method", step->method->name);
        json_put_text(entry, "summary", step->method->summary);
        json_put_text(entry, "when", i == 0 ? "first" : "after a failure of those before");
        json_put(entry, "claim", claim_json(&step->claim));
        json_add(steps, entry);
    }
    json_put(object, "steps", steps);
    json_t *rejected = json_new_array();
    for (unsigned i = 0; i < plan->rejected_count; i++) {
        json_t *entry = json_new_object();
        json_put_text(entry, "method", plan->rejected[i].method->name);
        json_put_text(entry, "reason", plan->rejected[i].reason.text);
        json_add(rejected, entry);
    }
    json_put(object, "rejected", rejected);
    return object;
}
