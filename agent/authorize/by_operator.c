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

static json_t *authority_json(const struct operator_request *request, const char *typed) {
    char now[CLOCK_TEXT_SIZE];
    json_t *authority = json_new_object();
    json_put_text(authority, "kind", "operator");
    json_put_text_if(authority, "operator", request->name);
    json_put_text_if(authority, "ticket", request->ticket);
    json_put_text(authority, "confirmed_by_typing", typed);
    json_put_text(authority, "confirmed_at", clock_text(now, clock_now()));
    json_put_text(authority, "holds", "not-checked");
    return authority;
}

static void ask_person(const struct operator_request *request, const struct disk *disk,
                       struct decision *decision) {
    char expected[TEXT_FIELD_SIZE + 16];
    if (disk->identity.serial[0] != '\0')
        text_copy(expected, sizeof expected, disk->identity.serial);
    else
        (void)snprintf(expected, sizeof expected, "erase %s", disk_node(disk));
    char *typed = request->confirm(request->user, disk, expected);
    if (typed && strcmp(typed, expected) == 0) {
        json_t *authority = authority_json(request, expected);
        decision->warrant = warrant_issue(disk, authority);
        json_decref(authority);
    } else {
        decision->disposition = DISPOSITION_REFUSED;
        reason_set(&decision->reason, "it was not confirmed: '%s' had to be typed", expected);
    }
    free(typed);
}

int authorize_by_operator(const struct operator_request *request, const struct scan *scan,
                          struct authorization *out, struct reason *reason) {
    const int error = check_names(request, scan, reason);
    if (error)
        return error;
    authorize_nothing(scan, DISPOSITION_EXCLUDED, "it was not named", out);
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *disk = scan->disks[i];
        struct decision *decision = &out->decisions[i];
        if (!is_named(request, disk))
            continue;
        if (disk_not_local(disk)) {
            decision->disposition = DISPOSITION_REFUSED;
            reason_set(&decision->reason,
                       "it is %s, which only an order that names it by its serial number or WWN "
                       "may touch",
                       disk_not_local(disk));
        } else if (disk->raid.role == RAID_MEMBER && disk->identity.serial[0] == '\0') {
            decision->disposition = DISPOSITION_REFUSED;
            reason_set(&decision->reason, "a RAID controller uses it, and it has no serial number "
                                          "that could be typed to confirm it");
        } else if (!decide_untouchable(disk, decision))
            ask_person(request, disk, decision);
        else
            decision->disposition = DISPOSITION_REFUSED;
    }
    authorize_raid(scan, out);
    return 0;
}
