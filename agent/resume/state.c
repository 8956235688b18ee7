/* What is kept of an interrupted overwrite: pure decoding and comparing. */
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/overwrite_state.h"

#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char resume_state_type[] = "application/vnd.quietus.progress+json";
const char resume_state_schema[] = "quietus.progress/1";

static int decode_pattern(const json_t *document, const struct passes *passes,
                          struct overwrite_state *out, struct reason *reason) {
    const char *generator = json_text(document, "generator");
    out->pattern = (struct pattern){.pass = passes->list[out->pass - 1]};
    if (!out->pattern.pass.random)
        return 0;
    if (strcmp(generator, PATTERN_GENERATOR) == 0 &&
        hex_decode(out->pattern.key, PATTERN_KEY_SIZE, json_text(document, "key")) == 0)
        return 0;
    reason_set(reason, "the saved state has no key of %s", PATTERN_GENERATOR);
    return -EINVAL;
}

int overwrite_state_decode(const json_t *document, struct overwrite_state *out,
                           struct reason *reason) {
    struct passes passes;
    *out = (struct overwrite_state){
        .run_id = json_text(document, "run_id"),
        .begun_digest = json_text(document, "begun_digest"),
        .order_digest = json_text(json_object_get(document, "order"), "digest"),
        .position = json_count(document, "position"),
    };
    const uint64_t pass = json_count(document, "pass");
    if (strcmp(json_text(document, "schema"), resume_state_schema) != 0) {
        reason_set(reason, "the saved state is not of the schema %s", resume_state_schema);
        return -EINVAL;
    }
    if (passes_parse(json_text(document, "passes"), &passes, reason))
        return -EINVAL;
    if (pass < 1 || pass > passes.count) {
        reason_set(reason, "the saved state names a pass that there is not");
        return -EINVAL;
    }
    out->pass = (unsigned)pass;
    if (json_array_size(json_object_get(document, "done")) != pass - 1) {
        reason_set(reason, "the saved state does not show the passes before its own");
        return -EINVAL;
    }
    return decode_pattern(document, &passes, out, reason);
}

static bool same_identity(const json_t *identity, const struct disk_identity *disk) {
    return strcmp(json_text(identity, "serial"), disk->serial) == 0 &&
           strcmp(json_text(identity, "wwn"), disk->wwn) == 0 &&
           strcmp(json_text(identity, "model"), disk->model) == 0 &&
           json_count(identity, "capacity") == disk->capacity;
}

json_t *resume_areas_json(const struct disk_area *areas, unsigned count) {
    json_t *list = json_new_array();
    for (unsigned i = 0; i < count; i++) {
        json_t *area = json_new_object();
        json_put_count(area, "namespace", areas[i].nsid);
        json_put_count(area, "sector", areas[i].lba_size);
        json_put_count(area, "sectors", areas[i].lba_count);
        json_add(list, area);
    }
    return list;
}

static bool same_areas(const json_t *document, const struct disk *disk) {
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (disk->areas[i].lba_size == 0)
            return false;
    }
    json_t *now = resume_areas_json(disk->areas, disk->area_count);
    const bool same =
        disk->area_count > 0 && json_equal(now, json_object_get(document, "areas")) == 1;
    json_decref(now);
    return same;
}

static bool is_position_on(const struct disk *disk, uint64_t position) {
    struct layout layout;
    layout_make(disk->areas, disk->area_count, &layout);
    if (position < OVERWRITE_FIRST_POINT && position != layout.bytes)
        return false;
    for (unsigned i = 0; i < layout.area_count; i++) {
        const struct layout_area *area = &layout.areas[i];
        if (position <= area->bytes)
            return position > 0 && position % area->lba_size == 0;
        position -= area->bytes;
    }
    return false;
}

bool overwrite_state_fits(const json_t *document, const struct disk *disk, const char *order_digest,
                          const struct policy *policy, struct reason *reason) {
    struct overwrite_state state;
    char passes[128];
    if (overwrite_state_decode(document, &state, reason))
        return false;
    const bool named = disk->identity.serial[0] != '\0' || disk->identity.wwn[0] != '\0';
    const bool divided = same_areas(document, disk);
    const struct {
        bool good;
        const char *wrong;
    } checks[] = {
        {strcmp(state.order_digest, order_digest) == 0, "it was kept under another order"},
        {strcmp(json_text(document, "passes"),
                passes_text(&policy->passes, passes, sizeof passes)) == 0,
         "it is of other passes than the order's"},
        {named && same_identity(json_object_get(document, "identity"), &disk->identity),
         "it is of another disk"},
        {divided, "the disk is divided otherwise now"},
        {divided && is_position_on(disk, state.position), "its position is none on this disk"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (checks[i].good)
            continue;
        reason_set(reason, "%s", checks[i].wrong);
        return false;
    }
    return true;
}

void overwrite_state_name(const struct disk_identity *identity, char out[80]) {
    char digest[ENVELOPE_DIGEST_SIZE];
    char text[3 * TEXT_FIELD_SIZE];
    (void)snprintf(text, sizeof text, "%s\n%s\n%s", identity->serial, identity->wwn,
                   identity->model);
    envelope_digest(text, strlen(text), digest);
    (void)snprintf(out, 80, "%.40s-%.12s", identity->serial, digest + strlen("sha256:"));
    for (char *p = out; *p; p++)
        *p = isalnum((unsigned char)*p) || *p == '-' ? *p : '_';
    (void)snprintf(out + strlen(out), 80 - strlen(out), ".json");
}

/* The line that the statement has for the state's disk. */
static bool statement_names_disk(const json_t *begun, const json_t *document,
                                 const char *order_digest) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(begun, "disks"), i, line) {
        const json_t *authority = json_object_get(line, "authority");
        if (json_equal(json_object_get(line, "identity"), json_object_get(document, "identity")) ==
                1 &&
            strcmp(json_text(authority, "order_digest"), order_digest) == 0)
            return true;
    }
    return false;
}

static bool belong_together(const struct check_result *begun, const json_t *document,
                            struct reason *reason) {
    struct overwrite_state state;
    if (overwrite_state_decode(document, &state, reason))
        return false;
    if (strcmp(state.begun_digest, begun->digest) == 0 &&
        strcmp(state.run_id, json_text(begun->document, "run_id")) == 0 &&
        statement_names_disk(begun->document, document, state.order_digest))
        return true;
    reason_set(reason, "the statement beside it is not that its run has begun on this disk");
    return false;
}

/* Signed by the key of the run that the statement is of. */
static json_t *open_signed(const char *text, size_t length, const struct check_result *begun,
                           struct reason *reason) {
    struct envelope envelope;
    struct public_key key;
    json_t *document = NULL;
    if (envelope_parse(text, length, &envelope, reason))
        return NULL;
    if (strcmp(envelope.type, resume_state_type) == 0 &&
        check_own_key(begun->document, &key) == 0 && envelope_signed_by(&envelope, &key))
        document = json_parse(envelope.payload, envelope.payload_length, reason);
    else
        reason_set(reason, "the saved state was altered, or is not of the run beside it");
    envelope_free(&envelope);
    return document;
}

json_t *overwrite_state_open(const char *text, size_t length, const char *begun,
                             size_t begun_length, struct reason *reason) {
    static const struct trust nobody = {0};
    struct check_result statement;
    json_t *document = NULL;
    check_envelope(begun, begun_length, &nobody, &statement);
    if (statement.status != CHECK_NOT_INTACT && strcmp(statement.type, envelope_type_begun) == 0)
        document = open_signed(text, length, &statement, reason);
    else
        reason_set(reason, "the statement that its run has begun is not intact");
    if (document && !belong_together(&statement, document, reason)) {
        json_decref(document);
        document = NULL;
    }
    check_result_free(&statement);
    return document;
}
