#include "quietus/json.h"
#include "quietus/memory.h"

#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The entries of a list that fit a disk so well: how many, and the first. */
static size_t find_entries(const json_t *list, const struct disk *disk, enum entry_fit wanted,
                           const json_t **first) {
    size_t i;
    size_t found = 0;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) {
        if (order_entry_fits(entry, disk) != wanted)
            continue;
        if (found++ == 0)
            *first = entry;
    }
    return found;
}

bool order_names(const struct order *order, const struct disk *disk) {
    const json_t *first;
    return find_entries(json_object_get(order->document, "disks"), disk, ENTRY_FITS, &first) > 0;
}

static size_t count_disks(const json_t *entry, const struct scan *scan) {
    size_t found = 0;
    for (size_t i = 0; i < scan->disk_count; i++)
        found += order_entry_fits(entry, scan->disks[i]) != ENTRY_OTHER;
    return found;
}

/* "ext4 UUID" of "ns2 p1@1048576 ext4 UUID": what lay in a partition may show as the disk's own
 * once the table is gone. */
static const char *without_place(const char *id) {
    const char *space = strncmp(id, "ns", 2) == 0 ? strchr(id, ' ') : NULL;
    space = strchr(space ? space + 1 : id, ' ');
    return space ? space + 1 : id;
}

static bool lists(const json_t *content, const char *id) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)content, i, entry) {
        if (strcmp(without_place(json_string_value(entry)), without_place(id)) == 0)
            return true;
    }
    return false;
}

/* Of a disk that this very order's run has overwritten a part of, which was read and is as it left
 * it, the rest may hold no more than the order says. */
static bool holds_nothing_new(const json_t *content, const struct disk *disk) {
    size_t i;
    json_t *id;
    json_array_foreach(disk->content_ids, i, id) {
        if (!lists(content, json_string_value(id)))
            return false;
    }
    return true;
}

/* What the disk holds must be what it held when the order was made. */
static bool content_agrees(const json_t *entry, const struct disk *disk, struct reason *reason) {
    const json_t *content = json_object_get(entry, "content");
    if (!json_is_array(content))
        return true; /* "not-checked": order_check_form lets nothing else pass */
    /* It is being erased already, or was: there is nothing left to compare, and no way back. */
    if (!disk->content_known && disk->erase_state != ERASE_STATE_NONE)
        return true;
    if (!disk->content_known) {
        reason_set(reason,
                   "what it holds could not be read, so it cannot be compared with the order; "
                   "an order with \"content\": \"not-checked\" does not compare it");
        return false;
    }
    if (disk->interrupted ? holds_nothing_new(content, disk)
                          : json_equal(content, disk->content_ids))
        return true;
    char holds[160];
    reason_set(reason,
               "it holds something else now than when the order was made (now: %s); make a new "
               "order if it is still to be erased",
               disk_content_text(disk, holds, sizeof holds));
    return false;
}

static void refuse(struct decision *decision, const char *reason) {
    decision->disposition = DISPOSITION_REFUSED;
    reason_set(&decision->reason, "%s", reason);
}

/* What every certificate repeats of the order that it was done by. */
static json_t *authority_json(const struct order *order) {
    json_t *authority = json_new_object();
    json_put_text(authority, "kind", "order");
    json_put_text(authority, "order_id", order->id);
    json_put_text(authority, "order_digest", order->digest);
    json_put_text(authority, "signed_by", order->signers);
    json_put(authority, "signed_by_keys", json_deep_copy(order->signer_keys));
    json_put_text_if(authority, "site", json_text(order->document, "site"));
    json_put_text_if(authority, "purpose", json_text(order->document, "purpose"));
    json_put_text(authority, "holds", json_text(order->document, "holds"));
    const json_t *notice = json_object_get(order->document, "notice");
    if (notice)
        json_put(authority, "notice", json_deep_copy(notice));
    return authority;
}

static void decide_named(const struct order *order, const char *doubt, const json_t *entry,
                         const struct scan *scan, const struct disk *disk,
                         struct decision *decision) {
    json_t *authority = authority_json(order);
    const bool checked = json_is_array(json_object_get(entry, "content"));
    const bool erasing = !disk->content_known && disk->erase_state != ERASE_STATE_NONE;
    json_put_text_if(authority, "time_doubt", doubt);
    if (disk_not_local(disk))
        json_put_text(authority, "not_local", disk_not_local(disk));
    json_put_text(authority, "content",
                  !checked            ? "not-checked"
                  : disk->interrupted ? "as an interrupted run by this order left it"
                  : erasing           ? "not readable: a sanitize was under way or had failed"
                                      : "as in the order");
    if (disk->in_use || disk->hidden_member)
        (void)decide_untouchable(disk, decision);
    else if (count_disks(entry, scan) > 1)
        refuse(decision, "more than one disk here fits the order's entry; name a WWN too");
    else if (!content_agrees(entry, disk, &decision->reason))
        decision->disposition = DISPOSITION_REFUSED;
    else {
        decision->warrant = warrant_issue(disk, authority);
        warrant_expires(decision->warrant, order->expires);
    }
    json_decref(authority);
}

/* A disk with two actuators of which only one is there is not the disk that was meant. */
static void fail_for_missing_part(const struct disk *disk, const json_t *entry,
                                  struct decision *decision) {
    char here[32];
    char meant[32];
    decision->disposition = DISPOSITION_FAILED;
    reason_set(&decision->reason,
               "a part of it is missing: of the device %.80s the order means %s, and %s are here; "
               "nothing was done to it",
               disk->target_device, text_size(meant, sizeof meant, json_count(entry, "capacity")),
               text_size(here, sizeof here, disk->identity.capacity));
}

/* True if the order does not know the disk. */
static bool decide_disk(const struct order *order, const char *doubt, const struct scan *scan,
                        const struct disk *disk, struct decision *decision) {
    const json_t *entry = NULL;
    const json_t *disks = json_object_get(order->document, "disks");
    const json_t *retain = json_object_get(order->document, "retain");
    const size_t named = find_entries(disks, disk, ENTRY_FITS, &entry);
    if (disk->boot_medium) {
        (void)decide_untouchable(disk, decision);
        if (named > 0)
            decision->disposition = DISPOSITION_REFUSED;
        return false;
    }
    const json_t *kept = NULL;
    if (find_entries(retain, disk, ENTRY_FITS, &kept) > 0 ||
        find_entries(retain, disk, ENTRY_PART_MISSING, &kept) > 0) {
        decision->disposition = DISPOSITION_EXCLUDED;
        decision->retained = true;
        reason_set(&decision->reason, "the order retains it");
        return false;
    }
    if (named > 1) {
        refuse(decision, "more than one entry of the order fits it");
        return false;
    }
    if (named == 1) {
        decide_named(order, doubt, entry, scan, disk, decision);
        return false;
    }
    if (find_entries(disks, disk, ENTRY_PART_MISSING, &entry) > 0) {
        fail_for_missing_part(disk, entry, decision);
        return false;
    }
    decision->disposition = DISPOSITION_EXCLUDED;
    if (!disk_not_local(disk)) {
        reason_set(&decision->reason, "the order does not name it");
        return true;
    }
    reason_set(&decision->reason, "the order does not name it, and it is %s", disk_not_local(disk));
    return false;
}

/* The default for a disk that the order does not know: nobody looked at this server closely enough.
 */
static void refuse_server(const struct disk *unknown, struct authorization *out) {
    char name[TEXT_FIELD_SIZE * 2];
    for (size_t i = 0; i < out->count; i++) {
        struct decision *decision = &out->decisions[i];
        if (!decision->warrant)
            continue;
        warrant_free(decision->warrant);
        decision->warrant = NULL;
        decision->disposition = DISPOSITION_REFUSED;
        reason_set(&decision->reason,
                   "the server has a disk that the order does not know: %s; name it under disks or "
                   "retain, or set unknown_disks to \"leave\"",
                   disk_name(unknown, name, sizeof name));
    }
}

static void list_absent(const json_t *entries, const struct scan *scan, json_t *absent) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)entries, i, entry) {
        if (count_disks(entry, scan) == 0)
            json_add(absent, json_deep_copy(entry));
    }
}

/* Law 3: what the order expects and is not there, whether it may be acted on or not. */
static void list_all_absent(const struct order *order, const struct scan *scan,
                            struct authorization *out) {
    list_absent(json_object_get(order->document, "disks"), scan, out->absent);
    list_absent(json_object_get(order->document, "retain"), scan, out->absent_retained);
}

int authorize_by_order(const struct order *order, const struct scan *scan, int64_t now,
                       struct authorization *out, struct reason *reason) {
    struct reason doubt = {""};
    int error = order_check_server(order, &scan->server, reason);
    if (error == 0)
        error = order_judge_time(order, now, &doubt, reason);
    if (error) {
        struct reason why;
        reason_set(&why, "no good order: %s", reason->text);
        authorize_nothing(scan, DISPOSITION_REFUSED, why.text, out);
        list_all_absent(order, scan, out);
        return error;
    }
    *out = (struct authorization){
        .decisions = memory_new(scan->disk_count, sizeof *out->decisions),
        .count = scan->disk_count,
        .absent = json_new_array(),
        .absent_retained = json_new_array(),
    };
    const struct disk *unknown = NULL;
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (decide_disk(order, doubt.text, scan, scan->disks[i], &out->decisions[i]) && !unknown)
            unknown = scan->disks[i];
    }
    if (unknown && strcmp(json_text(order->document, "unknown_disks"), "leave") != 0)
        refuse_server(unknown, out);
    authorize_raid(scan, out);
    list_all_absent(order, scan, out);
    return 0;
}
