#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/kernel_state.h"

#include "internal.h"

#include <string.h>

static const char schema[] = "quietus.certificate/1";

/* The node keeps disks with equal or no serial numbers apart; without a node, the number. */
static void name_file(const struct session *session, const struct server *server,
                      const struct disk *disk, char *out, size_t size) {
    char what[96];
    const char *slash = strrchr(disk_node(disk), '/');
    char where[32];
    if (slash)
        text_copy(where, sizeof where, slash + 1);
    else
        (void)snprintf(where, sizeof where, "disk%u", disk->number);
    (void)snprintf(what, sizeof what, "%.40s-%.24s-certificate",
                   disk->identity.serial[0] ? disk->identity.serial : "none", where);
    document_name(session, server, what, out, size);
}

static json_t *certificate_head(const struct session *session, const struct server *server,
                                const struct disk *disk, enum disposition disposition,
                                const char *reason, const json_t *authority) {
    json_t *object = document_head(session, server, schema);
    json_put_text(object, "disposition", disposition_name(disposition));
    json_put_text(object, "reason", reason);
    json_put(object, "disk", disk_json(disk));
    json_put(object, "authority", authority ? json_deep_copy(authority) : json_null());
    return object;
}

static json_t *attempt_json(const struct attempt *attempt) {
    char time[CLOCK_TEXT_SIZE];
    json_t *object = json_new_object();
    json_put_text(object, "method", attempt->method->name);
    json_put_text(object, "summary", attempt->method->summary);
    json_put_text(object, "started", clock_text(time, attempt->started));
    json_put_text(object, "ended", clock_text(time, attempt->ended));
    json_put_text(object, "judged", disposition_name(attempt->judged));
    json_put_text(object, "judgement", attempt->judgement.text);
    json_put_text_if(object, "problem", attempt->reason.text);
    json_put(object, "facts", erase_facts_json(&attempt->facts));
    json_put(object, "verification",
             attempt->verification ? json_incref(attempt->verification) : json_null());
    json_put(object, "exceptions", json_incref(attempt->exceptions));
    return object;
}

/* A claim is made only for what was judged erased, and is the method's for this medium. */
static json_t *method_json(const struct attempt *last) {
    if (!last || last->judged != DISPOSITION_ERASED)
        return json_null();
    json_t *object = json_new_object();
    json_put_text(object, "name", last->method->name);
    json_put_text(object, "summary", last->method->summary);
    json_put(object, "claim", claim_json(&last->claim));
    return object;
}

static json_t *exceptions_json(const struct disk_run *run, const struct attempt *last) {
    if (!last)
        return run->given_up ? json_new_array() : json_copy(run->exceptions);
    json_t *list = json_copy(last->exceptions);
    struct reason doubtful;
    if (kernel_is_doubtful("", &doubtful))
        json_add_text(list, doubtful.text);
    const char *doubt = json_text(warrant_authority(run->warrant), "time_doubt");
    if (doubt[0] != '\0')
        json_add_text(list, doubt);
    for (unsigned i = 0; i + 1 < run->attempt_count; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "weaker fallback: %s was tried first and %s: %s",
                       run->attempts[i].method->name, disposition_name(run->attempts[i].judged),
                       run->attempts[i].reason.text[0] ? run->attempts[i].reason.text
                                                       : run->attempts[i].judgement.text);
        json_add_text(list, text);
    }
    return list;
}

/* What was opened before the erase. */
static json_t *hidden_json(const struct disk_run *run) {
    json_t *object = json_new_object();
    json_put_count(object, "capacity_before", run->disk->identity.capacity);
    json_put_count(object, "capacity_opened", run->now.identity.capacity);
    return object;
}

static json_t *reformat_json(const struct reformat *reformat) {
    json_t *object = json_new_object();
    json_put_count(object, "sector_size_asked", reformat->asked);
    json_put_count(object, "sector_size_before", reformat->before);
    if (reformat->after) {
        json_put_count(object, "sector_size_after", reformat->after);
        json_put_count(object, "capacity_after", reformat->capacity_after);
    }
    json_put_text_if(object, "problem", reformat->problem.text);
    return object;
}

/* How far a run was that had no end of its own. */
static json_t *cut_off_json(const struct progress *progress) {
    const enum phase phase = (enum phase)atomic_load(&progress->phase);
    json_t *object = json_new_object();
    json_put_text(object, "phase", phase_name(phase));
    json_put_count(object, "part", atomic_load(&progress->part));
    json_put_count(object, "done", atomic_load(&progress->done));
    json_put_count(object, "total", atomic_load(&progress->total));
    if (phase == PHASE_WRITING)
        json_put_count(object, "flushed_below", atomic_load(&progress->flushed));
    return object;
}

/* What became of a disk that is one unit, or of one part of a disk. */
static void put_run(json_t *object, const struct disk_run *run) {
    char time[CLOCK_TEXT_SIZE];
    const struct attempt *last = disk_run_last_attempt(run);
    json_put(object, "plan", disk_run_plan_json(run));
    json_put(object, "method", method_json(last));
    json_put(object, "exceptions", exceptions_json(run, last));
    json_t *attempts = json_new_array();
    for (unsigned i = 0; last && i < run->attempt_count; i++)
        json_add(attempts, attempt_json(&run->attempts[i]));
    json_put(object, "attempts", attempts);
    if (run->given_up) {
        json_put(object, "cut_off", cut_off_json(&run->progress));
    } else {
        json_put_text(object, "started", clock_text(time, run->started));
        json_put_text(object, "ended", clock_text(time, run->ended));
        if (run->now.identity.capacity != run->disk->identity.capacity)
            json_put(object, "hidden_areas", hidden_json(run));
        if (run->reformat.asked)
            json_put(object, "reformat", reformat_json(&run->reformat));
        if (run->taken_up)
            json_put(object, "taken_up", json_deep_copy(run->disk->interrupted));
        if (run->identity_after_known)
            json_put(object, "identity_after", disk_identity_json(&run->identity_after));
    }
    json_put(object, "evidence", evidence_list(run->evidence));
}

static json_t *part_json(const struct disk_run *part) {
    struct reason reason;
    json_t *object = json_new_object();
    json_put_text(object, "disposition", disposition_name(disk_run_disposition(part, &reason)));
    json_put_text(object, "reason", reason.text);
    json_put(object, "disk", disk_json(part->disk));
    put_run(object, part);
    return object;
}

/* What every part says is said once. */
static json_t *exceptions_of_parts(const json_t *parts) {
    json_t *list = json_new_array();
    size_t i;
    size_t k;
    json_t *part;
    json_t *text;
    json_array_foreach(parts, i, part) {
        json_array_foreach(json_object_get(part, "exceptions"), k, text) {
            if (!json_has_text(list, json_string_value(text)))
                json_add(list, json_incref(text));
        }
    }
    return list;
}

/* The whole's method is the one of its parts' that claims least; the rest is told of each part. */
static void put_parts(json_t *object, const struct disk_run *run, enum disposition disposition) {
    char time[CLOCK_TEXT_SIZE];
    json_t *parts = json_new_array();
    for (unsigned i = 0; i < run->part_count; i++)
        json_add(parts, part_json(run->parts[i]));
    json_put(object, "method",
             disposition == DISPOSITION_ERASED ? method_json(disk_run_last_attempt(run))
                                               : json_null());
    json_put(object, "exceptions", exceptions_of_parts(parts));
    json_put(object, "attempts", json_new_array());
    json_put(object, "evidence", json_new_array());
    json_put(object, "parts", parts);
    if (run->given_up)
        return;
    json_put_text(object, "started", clock_text(time, run->started));
    json_put_text(object, "ended", clock_text(time, run->ended));
}

void certificate_of_run(const struct session *session, const struct server *server,
                        const struct disk_run *run, struct document *out) {
    char name[160];
    struct reason reason;
    const enum disposition disposition = disk_run_disposition(run, &reason);
    json_t *object = certificate_head(session, server, run->disk, disposition, reason.text,
                                      warrant_authority(run->warrant));
    json_put(object, "policy", policy_json(run->policy));
    if (run->part_count > 0)
        put_parts(object, run, disposition);
    else
        put_run(object, run);
    name_file(session, server, run->disk, name, sizeof name);
    document_sign(session, envelope_type_certificate, object, name, out);
}

void certificate_of_decision(const struct session *session, const struct server *server,
                             const struct disk *disk, const struct decision *decision,
                             const json_t *authority, struct document *out) {
    char name[160];
    json_t *object = certificate_head(session, server, disk, decision->disposition,
                                      decision->reason.text, authority);
    json_put(object, "method", json_null());
    json_put(object, "exceptions", json_new_array());
    json_put(object, "attempts", json_new_array());
    json_put(object, "evidence", json_new_array());
    name_file(session, server, disk, name, sizeof name);
    document_sign(session, envelope_type_certificate, object, name, out);
}
