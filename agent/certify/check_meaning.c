/* Whether what a document says follows from what it shows. */
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/plan.h"
#include "quietus/stats.h"

#include "internal.h"

#include <string.h>

static bool same_text(const json_t *a, const json_t *b, const char *key) {
    return strcmp(json_text(a, key), json_text(b, key)) == 0;
}

/* Whether the bound follows from the counts beside it. */
static bool is_bound_earned(const json_t *shown) {
    const json_t *bound = json_object_get(shown, "bound");
    const char *formula = json_text(bound, "formula");
    const double residue = json_number_value(json_object_get(bound, "residue"));
    const double confidence = json_number_value(json_object_get(bound, "confidence"));
    const uint64_t units = json_count(shown, "units");
    const uint64_t strata = json_count(shown, "strata");
    const uint64_t informative = json_count(shown, "informative_strata");
    if (!bound)
        return true;
    if (strcmp(formula, STATS_FULL) == 0)
        return json_flag(shown, "every_unit");
    if (strcmp(formula, STATS_FORMULA) != 0)
        return strcmp(formula, STATS_FORMULA_EVEN) == 0;
    return strata > 0 && strata <= units && informative <= strata && confidence > 0 &&
           confidence < 1 &&
           residue >= stats_bound(informative, confidence, stats_evenness(units, strata));
}

/* The counts in the facts are those of the verification that the certificate shows. */
static void check_samples(const json_t *attempt, json_t *problems) {
    static const char *const counts[] = {"planned", "read", "mismatched", "unreadable"};
    const json_t *samples = json_object_get(json_object_get(attempt, "facts"), "samples");
    const json_t *shown = json_object_get(attempt, "verification");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (!json_equal(json_object_get(samples, counts[i]), json_object_get(shown, counts[i])))
            json_add_text(problems, "the verification and the facts give different counts");
    }
    if (json_count(samples, "announced") != json_count(shown, "announced"))
        json_add_text(problems, "the verification and the facts give different counts");
    if (!json_equal(json_object_get(samples, "informative"),
                    json_object_get(shown, "informative_strata")))
        json_add_text(problems,
                      "the verification and the facts give different informative samples");
    if (!is_bound_earned(shown))
        json_add_text(problems, "it claims that its samples find more than they do");
}

/* The claim is the table's for this method and medium. */
static void check_claim(const json_t *certificate, const struct method *method, json_t *problems) {
    const char *medium = json_text(json_object_get(certificate, "disk"), "medium");
    const json_t *claim = json_object_get(json_object_get(certificate, "method"), "claim");
    for (int i = MEDIUM_UNKNOWN; i <= MEDIUM_FLASH; i++) {
        if (strcmp(medium, disk_medium_name((enum disk_medium)i)) != 0)
            continue;
        const struct claim *right = &method->claims[i];
        if (strcmp(json_text(claim, "category"), category_name(right->category)) == 0 &&
            strcmp(json_text(claim, "rev1_category"), category_name(right->rev1_category)) == 0)
            return;
    }
    json_add_text(problems, "it claims another category than its method has on this medium");
}

/* The capacity that the disk has to have at the end: hidden areas may have been opened first. */
static uint64_t opened_capacity(const json_t *certificate, uint64_t before) {
    const json_t *hidden = json_object_get(certificate, "hidden_areas");
    if (json_count(hidden, "capacity_before") != before ||
        json_count(hidden, "capacity_opened") < before)
        return before;
    return json_count(hidden, "capacity_opened");
}

static void check_erased(const json_t *certificate, json_t *problems);

static enum category claimed(const json_t *certificate) {
    enum category category = CATEGORY_NONE;
    const json_t *claim = json_object_get(json_object_get(certificate, "method"), "claim");
    (void)category_parse(json_text(claim, "category"), &category);
    return category;
}

/* A part's members are those of a certificate; the policy and the authority are the whole's. */
static json_t *certificate_of_part(const json_t *certificate, const json_t *part) {
    json_t *own = json_copy((json_t *)part);
    json_put(own, "policy", json_deep_copy(json_object_get(certificate, "policy")));
    json_put(own, "authority", json_deep_copy(json_object_get(certificate, "authority")));
    return own;
}

/* Each part of the disk is there, is the one that was found, and was erased by itself. */
static void check_parts(const json_t *certificate, json_t *problems) {
    const json_t *parts = json_object_get(certificate, "parts");
    const json_t *found = json_object_get(json_object_get(certificate, "disk"), "parts");
    uint64_t capacity = 0;
    enum category least = CATEGORY_PURGE;
    size_t i;
    json_t *part;
    if (json_array_size(parts) < 2 || json_array_size(parts) != json_array_size(found)) {
        json_add_text(problems, "it does not show what became of every part of the disk");
        return;
    }
    json_array_foreach((json_t *)parts, i, part) {
        json_t *own = certificate_of_part(certificate, part);
        const json_t *disk = json_object_get(part, "disk");
        if (!json_equal(disk, json_array_get(found, i)) || json_object_get(disk, "parts"))
            json_add_text(problems, "a part is not the one that the disk was found to have");
        if (strcmp(json_text(part, "disposition"), "erased") != 0)
            json_add_text(problems, "it says erased, and a part of the disk is not");
        check_erased(own, problems);
        least = claimed(part) < least ? claimed(part) : least;
        capacity += json_count(disk, "capacity");
        json_decref(own);
    }
    if (claimed(certificate) != least)
        json_add_text(problems, "it claims another category than the least of its parts");
    if (capacity != json_count(json_object_get(certificate, "disk"), "capacity"))
        json_add_text(problems, "the parts are not as large as the disk");
}

static void check_erased(const json_t *certificate, json_t *problems) {
    const json_t *attempts = json_object_get(certificate, "attempts");
    const json_t *last = json_array_get(attempts, json_array_size(attempts) - 1);
    const json_t *method = json_object_get(certificate, "method");
    struct erase_facts facts;
    struct reason reason;
    if (json_object_get(json_object_get(certificate, "disk"), "parts")) {
        check_parts(certificate, problems);
        return;
    }
    if (!last || erase_facts_from_json(json_object_get(last, "facts"), &facts)) {
        json_add_text(problems, "it says erased and has no attempt with facts");
        return;
    }
    if (outcome_judge(&facts, &reason) != DISPOSITION_ERASED)
        json_add_text(problems, "it says erased, and its facts do not bear that out");
    const struct method *known = method_find(json_text(method, "name"));
    if (!known || strcmp(json_text(last, "method"), known->name) != 0) {
        json_add_text(problems, "it names a method that is not the one that was run last");
        return;
    }
    check_samples(last, problems);
    if (facts.samples.announced > 0 && !known->announced)
        json_add_text(problems, "samples that could not be read are said to be as announced, and "
                                "its method announces nothing");
    check_claim(certificate, known, problems);
    check_evidence(certificate, known->name, problems);
    const json_t *before = json_object_get(certificate, "disk");
    const json_t *after = json_object_get(certificate, "identity_after");
    if (!after || !same_text(before, after, "serial") || !same_text(before, after, "model") ||
        !same_text(before, after, "wwn") ||
        opened_capacity(certificate, json_count(before, "capacity")) !=
            json_count(after, "capacity"))
        json_add_text(problems, "the disk after the erase is not shown to be the disk before");
    if (!json_is_object(json_object_get(certificate, "authority")))
        json_add_text(problems, "it does not say on whose authority the disk was erased");
}

void check_certificate_meaning(const json_t *certificate, json_t *problems) {
    enum disposition disposition;
    if (strcmp(json_text(certificate, "schema"), "quietus.certificate/1") != 0) {
        json_add_text(problems, "it is not of the schema quietus.certificate/1");
        return;
    }
    if (disposition_parse(json_text(certificate, "disposition"), &disposition)) {
        json_add_text(problems, "its disposition is none that there is");
        return;
    }
    if (!json_is_object(json_object_get(certificate, "disk")))
        json_add_text(problems, "it names no disk");
    if (disposition == DISPOSITION_ERASED)
        check_erased(certificate, problems);
    else if (json_is_object(json_object_get(certificate, "method")))
        json_add_text(problems, "it claims a category for a disk that is not erased");
}

void check_record_meaning(const json_t *record, json_t *problems) {
    const json_t *lines = json_object_get(record, "disks");
    const json_t *summary = json_object_get(record, "summary");
    uint64_t counts[DISPOSITION_COUNT] = {0};
    size_t i;
    json_t *line;
    if (strcmp(json_text(record, "schema"), "quietus.record/1") != 0) {
        json_add_text(problems, "it is not of the schema quietus.record/1");
        return;
    }
    json_array_foreach((json_t *)lines, i, line) {
        enum disposition disposition;
        if (disposition_parse(json_text(line, "disposition"), &disposition))
            json_add_text(problems, "a line has a disposition that does not exist");
        else
            counts[disposition]++;
        if (strcmp(json_text(line, "disposition"), "erased") == 0 &&
            !json_object_get(line, "certificate"))
            json_add_text(problems, "a disk is said to be erased and has no certificate");
    }
    for (int k = 0; k < DISPOSITION_COUNT; k++) {
        if (json_count(summary, disposition_name((enum disposition)k)) != counts[k])
            json_add_text(problems, "the sum does not agree with the lines");
    }
    if (json_count(summary, "lines") != json_array_size(lines) ||
        json_count(summary, "found") + counts[DISPOSITION_ABSENT] != json_array_size(lines))
        json_add_text(problems, "not every disk that was found has its line");
}

void check_begun_meaning(const json_t *begun, json_t *problems) {
    if (strcmp(json_text(begun, "schema"), "quietus.begun/1") != 0)
        json_add_text(problems, "it is not of the schema quietus.begun/1");
    else if (json_array_size(json_object_get(begun, "disks")) == 0)
        json_add_text(problems, "it names no disk");
}
