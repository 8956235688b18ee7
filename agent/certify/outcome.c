#include "quietus/outcome.h"

#include "quietus/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char *const disposition_names[DISPOSITION_COUNT] = {
    [DISPOSITION_UNKNOWN] = "unknown",   [DISPOSITION_ERASED] = "erased",
    [DISPOSITION_HELD] = "held",         [DISPOSITION_REFUSED] = "refused",
    [DISPOSITION_FAILED] = "failed",     [DISPOSITION_ABSENT] = "absent",
    [DISPOSITION_EXCLUDED] = "excluded",
};

static const char *const binding_names[] = {
    [BINDING_NONE] = "none",
    [BINDING_SEEN_AT_WORK] = "seen-at-work",
    [BINDING_LOG_NAMES_IT] = "log-names-command",
    [BINDING_STATE_CHANGED] = "state-changed",
    [BINDING_STATUS_AND_MEDIUM] = "good-status-and-medium",
};

enum { BINDING_COUNT = sizeof binding_names / sizeof *binding_names };

const char *disposition_name(enum disposition disposition) {
    return disposition_names[disposition];
}

int disposition_parse(const char *name, enum disposition *out) {
    for (int i = 0; i < DISPOSITION_COUNT; i++) {
        if (strcmp(name, disposition_names[i]) != 0)
            continue;
        *out = (enum disposition)i;
        return 0;
    }
    return -EINVAL;
}

json_t *erase_facts_json(const struct erase_facts *facts) {
    json_t *samples = json_new_object();
    json_put_flag(samples, "complete", facts->samples.complete);
    json_put_count(samples, "planned", facts->samples.planned);
    json_put_count(samples, "read", facts->samples.read);
    json_put_count(samples, "strata", facts->samples.strata);
    json_put_count(samples, "informative", facts->samples.informative);
    json_put_count(samples, "mismatched", facts->samples.mismatched);
    json_put_count(samples, "unreadable", facts->samples.unreadable);
    json_put_count(samples, "announced", facts->samples.announced);
    json_t *object = json_new_object();
    json_put_flag(object, "accepted", facts->accepted);
    json_put_text(object, "bound_by", binding_names[facts->binding]);
    json_put_flag(object, "ended_in_success", facts->ended_in_success);
    json_put_flag(object, "state_read_back", facts->state_read_back);
    json_put_flag(object, "reached_all", facts->reached_all);
    json_put_flag(object, "refuted", facts->refuted);
    json_put(object, "samples", samples);
    return object;
}

static bool take_flag(const json_t *object, const char *key, bool *out) {
    const json_t *value = json_object_get(object, key);
    *out = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_count(const json_t *object, const char *key, uint64_t *out) {
    const json_t *value = json_object_get(object, key);
    *out = json_count(object, key);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool take_binding(const json_t *object, enum binding *out) {
    const char *text = json_text(object, "bound_by");
    for (int i = 0; i < BINDING_COUNT; i++) {
        if (strcmp(text, binding_names[i]) != 0)
            continue;
        *out = (enum binding)i;
        return true;
    }
    return false;
}

int erase_facts_from_json(const json_t *object, struct erase_facts *out) {
    const json_t *samples = json_object_get(object, "samples");
    *out = (struct erase_facts){0};
    const bool good = take_flag(object, "accepted", &out->accepted) &&
                      take_binding(object, &out->binding) &&
                      take_flag(object, "ended_in_success", &out->ended_in_success) &&
                      take_flag(object, "state_read_back", &out->state_read_back) &&
                      take_flag(object, "reached_all", &out->reached_all) &&
                      take_flag(object, "refuted", &out->refuted) &&
                      take_flag(samples, "complete", &out->samples.complete) &&
                      take_count(samples, "planned", &out->samples.planned) &&
                      take_count(samples, "read", &out->samples.read) &&
                      take_count(samples, "strata", &out->samples.strata) &&
                      take_count(samples, "informative", &out->samples.informative) &&
                      take_count(samples, "mismatched", &out->samples.mismatched) &&
                      take_count(samples, "unreadable", &out->samples.unreadable);
    /* Certificates from before it was counted do not have it. */
    const bool announced = !json_object_get(samples, "announced") ||
                           take_count(samples, "announced", &out->samples.announced);
    return good && announced ? 0 : -EINVAL;
}

enum disposition outcome_of_parts(const enum disposition *parts, unsigned count, unsigned *which) {
    static const enum disposition worst_first[] = {DISPOSITION_UNKNOWN, DISPOSITION_FAILED,
                                                   DISPOSITION_REFUSED};
    bool all_same = count > 0;
    *which = 0;
    for (unsigned i = 1; i < count; i++)
        all_same = all_same && parts[i] == parts[0];
    if (all_same)
        return parts[0];
    for (size_t k = 0; k < sizeof worst_first / sizeof *worst_first; k++) {
        for (unsigned i = 0; i < count; i++) {
            if (parts[i] != worst_first[k])
                continue;
            *which = i;
            /* What was refused and has another part that was not is no disk left alone. */
            return worst_first[k] == DISPOSITION_UNKNOWN ? DISPOSITION_UNKNOWN : DISPOSITION_FAILED;
        }
    }
    return DISPOSITION_UNKNOWN;
}

enum disposition outcome_judge(const struct erase_facts *facts, struct reason *reason) {
    const struct sample_facts *samples = &facts->samples;
    if (facts->refuted) {
        reason_set(reason, "the erase did not end well");
        return DISPOSITION_FAILED;
    }
    if (samples->mismatched > 0) {
        reason_set(reason, "%" PRIu64 " samples show content that the erase cannot have left",
                   samples->mismatched);
        return DISPOSITION_FAILED;
    }
    if (samples->unreadable > 0) {
        reason_set(reason, "%" PRIu64 " samples could not be read back%s", samples->unreadable,
                   samples->complete ? "" : ", and not all of the rest were tried");
        return DISPOSITION_FAILED;
    }
    const struct {
        bool there;
        const char *missing;
    } needed[] = {
        {facts->accepted, "the disk was not seen to accept the erase"},
        {facts->binding != BINDING_NONE, "its end could not be tied to this command"},
        {facts->ended_in_success, "it was not seen to end in success"},
        {facts->reached_all, "a part of the disk was not reached"},
        {facts->state_read_back, "the disk's state was not read back"},
        {samples->complete && samples->read <= samples->planned &&
             samples->announced == samples->planned - samples->read,
         "the samples were not all read"},
        {samples->informative > 0, "no sample could have told residue from a good erase"},
        {samples->informative >= samples->strata - samples->strata / OUTCOME_BLIND_ONE_IN,
         "too few samples could have told residue from a good erase"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (needed[i].there)
            continue;
        reason_set(reason, "%s", needed[i].missing);
        return DISPOSITION_UNKNOWN;
    }
    reason_set(reason, "accepted, ended in success, read back, and the samples agree");
    return DISPOSITION_ERASED;
}
