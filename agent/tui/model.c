#include "model.h"

#include "quietus/finding.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/version.h"

#include <stdarg.h>
#include <string.h>

static const char *health_word(enum disk_health_state state) {
    static const char *const words[] = {"unknown", "good", "FAILING"};
    return words[state];
}

const char *model_category(enum category category) {
    static const char *const words[] = {"-", "Clear", "Purge"};
    return words[category];
}

static void put_method(FILE *out, const char *when, const struct plan_step *step) {
    (void)fprintf(out, "%s %s, worth %s: %s.\n", when, step->method->name,
                  model_category(step->claim.category), step->method->summary);
}

static void put_plan(FILE *out, const struct disk *disk, const struct plan *plan) {
    if (plan->step_count == 0)
        (void)fputs("Nothing can be done to it.\n", out);
    for (unsigned i = 0; i < plan->step_count; i++)
        put_method(out, i == 0 ? "First" : "If that fails,", &plan->steps[i]);
    if (plan->step_count > 0) {
        size_t i;
        json_t *entry;
        json_t *exceptions = plan_exceptions(disk, plan->steps[0].method);
        json_array_foreach(exceptions, i, entry)(void)
            fprintf(out, "Not reached: %s.\n", json_string_value(entry));
        json_decref(exceptions);
    }
}

static char *plan_paragraphs(const struct disk *disk, const struct plan *plan) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    memory_require(out != NULL);
    put_plan(out, disk, plan);
    memory_require(fclose(out) == 0);
    return text;
}

static void put_if(FILE *out, const char *label, const char *text) {
    if (text[0] != '\0')
        (void)fprintf(out, "%s %s\n", label, text);
}

static char *about(const struct disk *disk, const struct plan *plan,
                   const struct screen_disk *known) {
    char text[1024];
    char *all = NULL;
    size_t length;
    size_t i;
    json_t *finding;
    FILE *out = open_memstream(&all, &length);
    memory_require(out != NULL);
    put_if(out, "CANNOT BE ERASED HERE:", known->why_not);
    if (known->locked[0] != '\0')
        (void)fprintf(out, "%s\n", known->locked);
    (void)fprintf(out, "Node     %s, %s, %s, %s\n", disk_node(disk), disk_bus_name(disk->bus),
                  disk_medium_name(disk->medium),
                  text_size(text, sizeof text, disk->identity.capacity));
    put_if(out, "Vendor  ", disk->identity.vendor);
    put_if(out, "Model   ", disk->identity.model);
    put_if(out, "Serial  ", disk->identity.serial);
    put_if(out, "WWN     ", disk->identity.wwn);
    put_if(out, "Firmware", disk->identity.firmware);
    put_if(out, "Place   ", disk_place_text(&disk->place, text, sizeof text));
    (void)fprintf(out, "Health   %s%s%s\n", health_word(disk->health.state),
                  disk->health.detail[0] ? ", " : "", disk->health.detail);
    (void)fprintf(out, "Holds    %s\n", disk_content_text(disk, text, sizeof text));
    (void)fprintf(out, "Offers   %s\n", disk_capabilities_text(disk, text, sizeof text));
    json_array_foreach(disk->findings, i, finding)(void)
        fprintf(out, "Note     %s\n", json_string_value(finding));
    (void)fputs("\nWhat would be done\n", out);
    put_plan(out, disk, plan);
    for (unsigned k = 0; k < plan->rejected_count; k++)
        (void)fprintf(out, "Not %s: %s.\n", plan->rejected[k].method->name,
                      plan->rejected[k].reason.text);
    memory_require(fclose(out) == 0);
    return all;
}

static void take_name(const struct disk *disk, struct screen_disk *out) {
    const char *slash = strrchr(disk_node(disk), '/');
    (void)screen_text(out->name, sizeof out->name, slash ? slash + 1 : disk_node(disk));
    text_copy(out->node, sizeof out->node, disk_node(disk));
}

static bool wants_password(const struct disk *disk) {
    return disk->has_ata && disk->ata.security.locked;
}

/* For whom it stands before: by what the disk is locked, and what opens it. */
static void take_lock(const struct disk *disk, struct screen_disk *out) {
    char classes[96];
    const struct ata_security *security = &disk->ata.security;
    const bool named = disk->identity.serial[0] != '\0'; /* a secret is for a serial number */
    out->wants_password = named && wants_password(disk);
    out->wants_psid = named && tcg_covers_media(&disk->tcg);
    if (wants_password(disk))
        (void)snprintf(out->locked, sizeof out->locked,
                       "LOCKED by an ATA password.%s Without its user or master password it cannot "
                       "be erased, unless an erase tool has left one of its own on it.%s",
                       security->count_expired || security->frozen
                           ? " It takes none before its power was off: switch the machine off."
                           : "",
                       out->wants_password ? " If you choose it you are asked." : "");
    else if (tcg_covers_media(&disk->tcg))
        (void)snprintf(out->locked, sizeof out->locked,
                       "LOCKED, in part or all of it, by TCG security (%.60s). The PSID that is "
                       "printed on its label opens it.%s",
                       tcg_classes_text(&disk->tcg, classes, sizeof classes),
                       out->wants_psid ? " If you choose it you are asked." : "");
}

static void take_disk(const struct disk *disk, const struct policy *policy,
                      struct screen_disk *out) {
    struct plan plan;
    struct reason reason = {""};
    char text[1024];
    plan_make(disk, policy, &plan);
    *out = (struct screen_disk){0};
    take_name(disk, out);
    (void)snprintf(out->kind, sizeof out->kind, "%s %s", disk_bus_name(disk->bus),
                   disk->medium == MEDIUM_UNKNOWN ? "" : disk_medium_name(disk->medium));
    (void)text_size(out->size, sizeof out->size, disk->identity.capacity);
    text_copy(out->health, sizeof out->health, health_word(disk->health.state));
    text_copy(out->worth, sizeof out->worth,
              model_category(plan.step_count ? plan.steps[0].claim.category : CATEGORY_NONE));
    text_copy(out->model, sizeof out->model, disk->identity.model);
    text_copy(out->serial, sizeof out->serial, disk->identity.serial);
    text_copy(out->wwn, sizeof out->wwn, disk->identity.wwn);
    text_copy(out->holds, sizeof out->holds, disk_content_text(disk, text, sizeof text));
    if (operator_refused(disk, &reason))
        text_copy(out->why_not, sizeof out->why_not, reason.text);
    else if (plan.step_count == 0)
        text_copy(out->why_not, sizeof out->why_not, "there is no method that could be used on it");
    (void)operator_must_type(&disk, 1, out->must_type, sizeof out->must_type);
    take_lock(disk, out);
    out->about = about(disk, &plan, out);
    out->plan = plan_paragraphs(disk, &plan);
}

static char *findings_paragraphs(const struct scan *scan) {
    char *all = NULL;
    size_t length;
    size_t i;
    json_t *finding;
    FILE *out = open_memstream(&all, &length);
    memory_require(out != NULL);
    json_array_foreach(scan->findings, i, finding) {
        char text[1024];
        (void)fprintf(out, "%s%s: %s\n", i ? "\n" : "", finding_label(finding),
                      finding_text(finding, text, sizeof text));
        if (finding_remedy(finding)[0] != '\0')
            (void)fprintf(out, "What helps: %s\n", finding_remedy(finding));
    }
    memory_require(fclose(out) == 0);
    return all;
}

static void take_server(struct screen *screen, const struct server *server) {
    (void)snprintf(
        screen->server, sizeof screen->server, "%s%s%s, serial %s, UUID %s", server->vendor,
        server->vendor[0] ? " " : "", server->product[0] ? server->product : "(unnamed)",
        server->serial[0] ? server->serial : "none", server->uuid[0] ? server->uuid : "none");
}

static bool same_disk(const struct screen_disk *a, const struct screen_disk *b) {
    return strcmp(a->serial, b->serial) == 0 && strcmp(a->wwn, b->wwn) == 0 &&
           strcmp(a->model, b->model) == 0 &&
           (a->serial[0] != '\0' || strcmp(a->node, b->node) == 0);
}

/* What was chosen before the scan; not if two could be meant. */
static void keep_choice(struct screen *screen, const struct screen_disk *before) {
    struct screen_disk *found = NULL;
    size_t matches = 0;
    for (size_t i = 0; i < screen->disk_count; i++) {
        if (!same_disk(&screen->disks[i], before))
            continue;
        found = &screen->disks[i];
        matches++;
    }
    if (!before->chosen)
        return;
    if (matches == 1)
        found->chosen = found->why_not[0] == '\0';
    else
        screen_say(screen, "%s, which was chosen, %s",
                   before->serial[0] ? before->serial : before->name,
                   matches ? "cannot be told from another disk" : "is gone");
}

void model_take(struct screen *screen, const struct scan *scan, const struct policy *policy) {
    struct screen_disk *before = screen->disks;
    const size_t count = screen->disk_count;
    screen->disks = memory_new(scan->disk_count, sizeof *screen->disks);
    screen->disk_count = scan->disk_count;
    for (size_t i = 0; i < scan->disk_count; i++)
        take_disk(scan->disks[i], policy, &screen->disks[i]);
    free(screen->findings);
    screen->findings = findings_paragraphs(scan);
    screen->finding_count = json_array_size(scan->findings);
    take_server(screen, &scan->server);
    (void)snprintf(screen->version, sizeof screen->version, "Quietus %s", quietus_version);
    for (size_t i = 0; i < count; i++) {
        keep_choice(screen, &before[i]);
        free(before[i].about);
        free(before[i].plan);
    }
    free(before);
    if (screen->cursor >= screen->disk_count)
        screen->cursor = screen->disk_count ? screen->disk_count - 1 : 0;
}
