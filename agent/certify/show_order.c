/* An erase order in words. */
#include "quietus/json.h"
#include "quietus/text.h"

#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void show_disk(const char *what, const json_t *disk, FILE *stream) {
    static const char *const members[] = {"serial", "wwn", "model"};
    char text[512] = "";
    char size[32] = "";
    size_t used = 0;
    const uint64_t capacity = json_count(disk, "capacity");
    for (size_t i = 0; i < sizeof members / sizeof *members && used < sizeof text; i++) {
        const char *value = json_text(disk, members[i]);
        if (value[0] != '\0')
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", value);
    }
    if (capacity > 0 && used < sizeof text)
        (void)snprintf(text + used, sizeof text - used, ", %s",
                       text_size(size, sizeof size, capacity));
    show_line(stream, what, text);
}

/* What the disk has to hold to be erased. */
static void show_content(const json_t *disk, FILE *stream) {
    const json_t *content = json_object_get(disk, "content");
    if (json_array_size(content) > 0)
        show_list("  if it holds", content, stream);
    else
        show_line(stream, "  if it holds",
                  json_is_array(content) ? "nothing that is recognised"
                                         : "anything: its content is not compared");
}

static void show_disks(const json_t *order, FILE *stream) {
    size_t i;
    json_t *disk;
    json_array_foreach(json_object_get(order, "disks"), i, disk) {
        show_disk("Erase", disk, stream);
        show_content(disk, stream);
    }
    json_array_foreach(json_object_get(order, "retain"), i, disk) show_disk("Retain", disk, stream);
    json_array_foreach(json_object_get(order, "expected"), i, disk) {
        show_disk("Expected", disk, stream);
        show_line(stream, "  in", json_text(disk, "place"));
    }
    const bool leave = strcmp(json_text(order, "unknown_disks"), "leave") == 0;
    show_line(stream, "Unknown disks",
              leave ? "are left alone" : "if there is one, nothing of the server is erased");
}

/* Nothing if it is not set. */
static void show_number(FILE *stream, const char *name, uint64_t value, const char *of) {
    char text[128];
    (void)snprintf(text, sizeof text, "%" PRIu64 " %s", value, of);
    if (value > 0)
        show_line(stream, name, text);
}

/* Members that are left out have their defaults (policy_default). */
static void show_policy(const json_t *order, FILE *stream) {
    const json_t *policy = json_object_get(order, "policy");
    const json_t *methods = json_object_get(policy, "methods");
    const struct {
        const char *name;
        const char *key;
        const char *by_default;
    } texts[] = {
        {"Least category", "least_category", "clear"},
        {"Passes", "passes", "random"},
        {"Verify", "verify", "sample"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *value = json_text(policy, texts[i].key);
        show_line(stream, texts[i].name, value[0] ? value : texts[i].by_default);
    }
    if (json_array_size(methods) > 0)
        show_list("Methods", methods, stream);
    else
        show_line(stream, "Methods", "the best that each disk offers");
    show_line(stream, "Fallback",
              json_is_false(json_object_get(policy, "fallback")) ? "no" : "to the next method");
    show_number(stream, "Given up after", json_count(policy, "stall_minutes"),
                "minutes without progress");
    show_number(stream, "Sector size", json_count(policy, "sector_size"),
                "bytes, by a reformat of SAS disks that have others");
    if (json_is_true(json_object_get(policy, "clear_reservations")))
        show_line(stream, "Reservations", "of other hosts on SAS disks ARE CLEARED");
}

static void show_approvals(const json_t *order, FILE *stream) {
    char text[128];
    const json_t *approvals = json_object_get(order, "approvals");
    const uint64_t needed = json_is_object(approvals) ? json_count(approvals, "needed") : 1;
    (void)snprintf(text, sizeof text, "%" PRIu64 " trusted key%s must have signed", needed,
                   needed == 1 ? "" : "s");
    show_line(stream, "Approvals", text);
    show_list("  roles", json_object_get(approvals, "roles"), stream);
}

static void show_notice(const json_t *order, FILE *stream) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(order, "notice"), key, value) {
        char name[64];
        (void)snprintf(name, sizeof name, "Notice, %s", key);
        if (json_is_string(value))
            show_line(stream, name, json_string_value(value));
    }
}

void show_order(const json_t *order, FILE *stream) {
    (void)fputs("ERASE ORDER\n\n", stream);
    show_line(stream, "Id", json_text(order, "id"));
    show_line(stream, "Site", json_text(order, "site"));
    show_line(stream, "Purpose", json_text(order, "purpose"));
    show_line(stream, "Issued", json_text(order, "issued"));
    show_line(stream, "Valid from", json_text(order, "not_before"));
    show_line(stream, "Expires", json_text(order, "expires"));
    show_line(stream, "Holds", json_text(order, "holds"));
    show_notice(order, stream);
    show_approvals(order, stream);
    show_server(order, stream);
    show_disks(order, stream);
    show_policy(order, stream);
}
