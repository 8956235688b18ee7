#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool disk_has_node(const struct disk *disk, const char *node) {
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (strcmp(disk->areas[i].node, node) == 0)
            return true;
    }
    for (unsigned i = 0; i < disk->path_count; i++) {
        if (strcmp(disk->paths[i].node, node) == 0)
            return true;
    }
    return false;
}

static bool is_named(const struct operator_request *request, const struct disk *disk) {
    for (size_t i = 0; i < request->node_count; i++) {
        if (disk_has_node(disk, request->nodes[i]))
            return true;
    }
    return false;
}

static int check_names(const struct operator_request *request, const struct scan *scan,
                       struct reason *reason) {
    for (size_t i = 0; i < request->node_count; i++) {
        bool found = false;
        for (size_t k = 0; k < scan->disk_count && !found; k++)
            found = disk_has_node(scan->disks[k], request->nodes[i]);
        if (found)
            continue;
        reason_set(reason,
                   "%.100s is no disk of this machine; 'quietus scan' lists them (whole disks, not "
                   "partitions)",
                   request->nodes[i]);
        return -ENODEV;
    }
    return 0;
}

static json_t *authority_json(const struct operator_request *request,
                              const struct disk *const *disks, size_t count, const char *typed) {
    char now[CLOCK_TEXT_SIZE];
    json_t *authority = json_new_object();
    json_put_text(authority, "kind", "operator");
    json_put_text_if(authority, "operator", request->name);
    json_put_text_if(authority, "ticket", request->ticket);
    json_put_text(authority, "confirmed_by_typing", typed);
    json_put_text(authority, "confirmed_at", clock_text(now, clock_now()));
    json_put_text(authority, "holds", "not-checked");
    if (count > 1) {
        json_t *shown = json_new_array();
        for (size_t i = 0; i < count; i++)
            json_add_text(shown, disks[i]->identity.serial[0] ? disks[i]->identity.serial
                                                              : disk_node(disks[i]));
        json_put(authority, "disks_shown", shown);
    }
    return authority;
}

char *operator_must_type(const struct disk *const *disks, size_t count, char *out, size_t size) {
    if (count > 1)
        return text_number(out, size, (unsigned)count);
    if (disks[0]->identity.serial[0] != '\0')
        return text_copy(out, size, disks[0]->identity.serial);
    (void)snprintf(out, size, "erase %s", disk_node(disks[0]));
    return out;
}

static bool decide_refused(const struct disk *disk, struct decision *decision) {
    const bool untouchable = decide_untouchable(disk, decision);
    if (disk_not_local(disk))
        reason_set(&decision->reason,
                   "it is %s, which only an order that names it by its serial number or WWN may "
                   "touch",
                   disk_not_local(disk));
    else if (disk->raid.role == RAID_MEMBER && disk->identity.serial[0] == '\0')
        reason_set(&decision->reason, "a RAID controller uses it, and it has no serial number that "
                                      "could be typed to confirm it");
    else if (!untouchable)
        return false;
    decision->disposition = DISPOSITION_REFUSED;
    return true;
}

bool operator_refused(const struct disk *disk, struct reason *reason) {
    struct decision decision = {0};
    const bool refused = decide_refused(disk, &decision);
    *reason = decision.reason;
    return refused;
}

/* Warrants for the disks (whose decisions these are) if the person types the right text; else all
 * are refused. */
static void ask_person(const struct operator_request *request, const struct disk *const *disks,
                       struct decision *const *decisions, size_t count) {
    char expected[OPERATOR_TEXT_SIZE];
    (void)operator_must_type(disks, count, expected, sizeof expected);
    char *typed = count > 1 ? request->confirm_all(request->user, disks, count, expected)
                            : request->confirm(request->user, disks[0], expected);
    const bool confirmed = typed && strcmp(typed, expected) == 0;
    json_t *authority = authority_json(request, disks, count, expected);
    for (size_t i = 0; i < count; i++) {
        if (confirmed) {
            decisions[i]->warrant = warrant_issue(disks[i], authority);
            continue;
        }
        decisions[i]->disposition = DISPOSITION_REFUSED;
        reason_set(&decisions[i]->reason, "it was not confirmed: '%s' had to be typed", expected);
    }
    json_decref(authority);
    free(typed);
}

int authorize_by_operator(const struct operator_request *request, const struct scan *scan,
                          struct authorization *out, struct reason *reason) {
    const int error = check_names(request, scan, reason);
    if (error)
        return error;
    const struct disk **disks = memory_new(scan->disk_count, sizeof *disks);
    struct decision **decisions = memory_new(scan->disk_count, sizeof *decisions);
    size_t count = 0;
    authorize_nothing(scan, DISPOSITION_EXCLUDED, "it was not named", out);
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (!is_named(request, scan->disks[i]) ||
            decide_refused(scan->disks[i], &out->decisions[i]))
            continue;
        disks[count] = scan->disks[i];
        decisions[count++] = &out->decisions[i];
    }
    const size_t at_once = request->confirm_all && count > 1 ? count : 1;
    for (size_t i = 0; i < count; i += at_once)
        ask_person(request, disks + i, decisions + i, at_once);
    free(disks);
    free(decisions);
    authorize_raid(scan, out);
    return 0;
}
