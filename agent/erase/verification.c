#include "verification.h"

#include "quietus/json.h"
#include "quietus/stats.h"

#include <inttypes.h>
#include <stdio.h>

static struct sample_facts facts_of(const struct verify_report *report,
                                    const struct sample_places *places) {
    return (struct sample_facts){
        .complete = report->complete,
        .planned = report->planned,
        .read = report->read,
        .strata = places->strata,
        .informative = report->informative,
        .mismatched = report->mismatched,
        .unreadable = report->unreadable,
        .announced = report->announced,
    };
}

static json_t *bad_places_json(const struct verify_report *report) {
    json_t *list = json_new_array();
    for (unsigned i = 0; i < report->bad_count; i++) {
        json_t *place = json_new_object();
        json_put_count(place, "area", report->bad[i].area);
        json_put_count(place, "lba", report->bad[i].lba);
        json_put_text(place, "what", report->bad[i].what);
        json_add(list, place);
    }
    return list;
}

static json_t *blind_json(const struct verify_report *report) {
    json_t *list = json_new_array();
    for (uint64_t i = 0; i < report->blind_count && i < VERIFY_RANGES_KEPT; i++) {
        json_t *range = json_new_object();
        json_put_count(range, "first_unit", report->blind[i].first);
        json_put_count(range, "last_unit", report->blind[i].last);
        json_add(list, range);
    }
    return list;
}

static void put_sampled_bound(json_t *bound, uint64_t informative,
                              const struct sample_places *places) {
    const uint64_t strata = places->strata ? places->strata : 1;
    const double residue =
        stats_bound(informative, STATS_CONFIDENCE, stats_evenness(places->units, strata));
    json_put(bound, "residue", json_real(stats_round_up(residue, JSON_DIGITS)));
    json_put(bound, "confidence", json_real(STATS_CONFIDENCE));
    json_put_text(bound, "formula", STATS_FORMULA);
    json_put_text(bound, "terms",
                  "n: informative strata; s, l: units of the shortest and the longest stratum");
    json_put_count(bound, "s", stats_shortest(places->units, strata));
    json_put_count(bound, "l", stats_longest(places->units, strata));
}

/* What the samples say, in numbers and with what they take for granted. Where all was to be read
 * and was not, every unit is a stratum. */
static json_t *bound_json(const struct verify_report *report, const struct sample_places *places) {
    const bool full = places->full && report->complete && report->read == report->planned;
    json_t *bound = json_new_object();
    if (full) {
        json_put(bound, "residue", json_real(0));
        json_put(bound, "confidence", json_real(1));
        json_put_text(bound, "formula", STATS_FULL);
    } else {
        put_sampled_bound(bound, report->informative, places);
    }
    json_put(bound, "informative_share",
             json_real(places->strata ? (double)report->informative / (double)places->strata : 0));
    json_put_text(bound, "of", "the informative strata");
    json_put_text(bound, "assumes",
                  "that the drive reads from the medium what it returns; only what the host can "
                  "address is meant");
    return bound;
}

static json_t *report_json(const struct verification *verification,
                           const struct sample_places *places, const struct verify_report *report) {
    char text[32];
    json_t *object = json_new_object();
    json_put_text(object, "level", verify_level_text(verification->level, text, sizeof text));
    json_put_count(object, "unit", verification->layout->areas[0].unit);
    json_put_count(object, "units", verification->layout->units);
    json_put_flag(object, "every_unit", places->full);
    if (!places->full)
        json_put_hex(object, "seed", places->seed, sizeof places->seed);
    json_put_count(object, "strata", places->strata);
    json_put_count(object, "informative_strata", report->informative);
    json_put_count(object, "planned", report->planned);
    json_put_count(object, "read", report->read);
    json_put_count(object, "mismatched", report->mismatched);
    json_put_count(object, "unreadable", report->unreadable);
    json_put_count(object, "announced", report->announced);
    if (report->unchecked > 0)
        json_put_count(object, "unchecked", report->unchecked);
    json_put_count(object, "uniform", report->uniform);
    json_put(object, "bad_places", bad_places_json(report));
    json_put(object, "bound", bound_json(report, places));
    return object;
}

/* Where every read fails, slowly, trying all of them would take days. */
static void note_given_up(const struct verification *verification,
                          const struct verify_report *report) {
    char text[160];
    if (report->complete || !report->given_up)
        return;
    (void)snprintf(text, sizeof text,
                   "reading back was given up after %" PRIu64 " units that could not be read: "
                   "%" PRIu64 " of %" PRIu64 " had been read",
                   report->unreadable, report->read, report->planned);
    json_add_text(verification->exceptions, text);
}

int verification_of_pattern(const struct verification *verification, const struct pattern *pattern,
                            struct sample_facts *samples, json_t **document) {
    struct sample_places places;
    struct verify_report report;
    sample_places_choose(verification->layout, verification->level, verification->content, &places);
    const int error = verify_pattern(verification->device, verification->layout, pattern, &places,
                                     verification->progress, &report);
    *samples = facts_of(&report, &places);
    note_given_up(verification, &report);
    *document = report_json(verification, &places, &report);
    json_put_text(*document, "predicate", "every byte read equals the last pass's pattern");
    sample_places_free(&places);
    return error;
}

static void note_blind(const struct verification *verification,
                       const struct sample_facts *samples) {
    char text[192];
    if (samples->informative >= samples->strata)
        return;
    (void)snprintf(text, sizeof text,
                   "%" PRIu64 " of %" PRIu64
                   " strata held nothing to compare with, or could not be "
                   "read: the samples say nothing about them",
                   samples->strata - samples->informative, samples->strata);
    json_add_text(verification->exceptions, text);
}

/* Reads that the host cannot do, or only by leaving something out. */
static void note_odd_reads(const struct verification *verification,
                           const struct verify_report *report) {
    char text[256];
    if (report->announced > 0) {
        (void)snprintf(text, sizeof text,
                       "%" PRIu64 " of %" PRIu64
                       " samples cannot be read until they are written, as the disk announces of "
                       "this erase (VPD B1h): what is there is attested by the drive alone",
                       report->announced, report->planned);
        json_add_text(verification->exceptions, text);
    }
    if (report->unchecked > 0) {
        (void)snprintf(text, sizeof text,
                       "%" PRIu64 " of %" PRIu64
                       " samples could be read only by a command of their own, without a check of "
                       "their protection information: hosts get errors there until they write",
                       report->unchecked, report->planned);
        json_add_text(verification->exceptions, text);
    }
}

int verification_of_erase(const struct verification *verification, struct snapshot *snapshot,
                          struct sample_facts *samples, json_t **document) {
    struct sample_places fresh;
    struct verify_report report;
    int error = snapshot_compare(snapshot, verification->device, verification->rule,
                                 verification->progress, &report);
    const uint64_t compared = report.read;
    sample_places_choose(verification->layout, verification->level, verification->content, &fresh);
    if (error == 0)
        error = verify_fresh(verification->device, verification->layout, &fresh, verification->rule,
                             verification->progress, &report);
    *samples = facts_of(&report, snapshot_places(snapshot));
    note_blind(verification, samples);
    note_odd_reads(verification, &report);
    note_given_up(verification, &report);
    *document = report_json(verification, snapshot_places(snapshot), &report);
    json_put_text(
        *document, "predicate",
        "no eighth of a sampled unit is as it was before (keyed hashes, markers where the "
        "old content said nothing), and no unit read for the first time is structured");
    json_put_count(*document, "compared", compared);
    json_put_count(*document, "fresh", report.read - compared);
    json_put_count(*document, "markers", snapshot_markers(snapshot));
    json_put(*document, "blind_ranges", blind_json(&report));
    json_put_count(*document, "blind_range_count", report.blind_count);
    if (!fresh.full)
        json_put_hex(*document, "fresh_seed", fresh.seed, sizeof fresh.seed);
    json_put_count(*document, "fresh_strata", fresh.strata);
    sample_places_free(&fresh);
    return error;
}
