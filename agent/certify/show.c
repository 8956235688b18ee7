/* Documents in words, for a person to read or print. */
#include "show.h"

#include "quietus/check.h"
#include "quietus/finding.h"
#include "quietus/json.h"
#include "quietus/stats.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

void show_line(FILE *stream, const char *name, const char *value) {
    char clean[1024];
    char clean_name[128]; /* a document may have chosen it too */
    if (value[0] != '\0')
        (void)fprintf(stream, "  %-16s %s\n", text_printable(clean_name, sizeof clean_name, name),
                      text_printable(clean, sizeof clean, value));
}

void show_list(const char *name, const json_t *list, FILE *stream) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) show_line(
        stream, i == 0 ? name : "", json_is_string(entry) ? json_string_value(entry) : "?");
}

static void upper_case(char *out, size_t size, const char *text) {
    text_copy(out, size, text);
    for (char *p = out; *p; p++)
        *p = (char)toupper((unsigned char)*p);
}

void show_server(const json_t *document, FILE *stream) {
    char text[512];
    const json_t *server = json_object_get(document, "server");
    (void)snprintf(text, sizeof text, "%s %s", json_text(server, "vendor"),
                   json_text(server, "product"));
    show_line(stream, "Server", strcmp(text, " ") == 0 ? "of this identity:" : text);
    show_line(stream, "  serial", json_text(server, "serial"));
    show_line(stream, "  UUID", json_text(server, "uuid"));
    show_line(stream, "  board serial", json_text(server, "board_serial"));
    show_list("  MACs", json_object_get(server, "macs"), stream);
}

/* Where it is, or was: what of this the scan knew. */
static void show_place(const json_t *place, FILE *stream) {
    static const struct {
        const char *key;
        const char *name;
    } parts[] = {{"enclosure", "  enclosure"},
                 {"bay", "  bay"},
                 {"label", "  bay's label"},
                 {"slot", "  slot"},
                 {"port", "  port"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        show_line(stream, parts[i].name, json_text(place, parts[i].key));
}

static void show_disk(const json_t *disk, FILE *stream) {
    char text[512];
    char size[32];
    (void)snprintf(text, sizeof text, "%s %s, %s, %s, %s", json_text(disk, "vendor"),
                   json_text(disk, "model"),
                   text_size(size, sizeof size, json_count(disk, "capacity")),
                   json_text(disk, "bus"), json_text(disk, "medium"));
    show_line(stream, "Disk", text[0] == ' ' ? text + 1 : text);
    show_line(stream, "  serial", json_text(disk, "serial"));
    show_line(stream, "  WWN", json_text(disk, "wwn"));
    show_line(stream, "  firmware", json_text(disk, "firmware"));
    show_place(json_object_get(disk, "place"), stream);
}

static void show_method(const json_t *certificate, FILE *stream) {
    char text[512];
    char category[16];
    const json_t *method = json_object_get(certificate, "method");
    if (!json_is_object(method))
        return;
    const json_t *claim = json_object_get(method, "claim");
    show_line(stream, "Method", json_text(method, "summary"));
    if (strcmp(json_text(method, "name"), "overwrite") == 0)
        show_line(stream, "  passes", json_text(json_object_get(certificate, "policy"), "passes"));
    upper_case(category, sizeof category, json_text(claim, "category"));
    (void)snprintf(text, sizeof text, "%s under %s", category, json_text(claim, "standard"));
    show_line(stream, "Category", text);
    upper_case(category, sizeof category, json_text(claim, "rev1_category"));
    (void)snprintf(text, sizeof text, "%s under %s; mapping %s", category,
                   json_text(claim, "rev1_standard"), json_text(claim, "mapping"));
    show_line(stream, "", text);
}

static void show_verification(const json_t *attempt, FILE *stream) {
    char text[512];
    const json_t *verification = json_object_get(attempt, "verification");
    if (!json_is_object(verification))
        return;
    const json_t *bound = json_object_get(verification, "bound");
    char how[96];
    if (json_object_get(verification, "compared"))
        (void)snprintf(how, sizeof how,
                       "%" PRIu64 " places read as before the erase and %" PRIu64 " new ones,",
                       json_count(verification, "compared"), json_count(verification, "fresh"));
    else
        (void)snprintf(how, sizeof how, "%" PRIu64 " places read,",
                       json_count(verification, "read"));
    (void)snprintf(text, sizeof text,
                   "%s of %" PRIu64 " units of %" PRIu64 " bytes: %" PRIu64 " wrong, %" PRIu64
                   " unreadable",
                   how, json_count(verification, "units"), json_count(verification, "unit"),
                   json_count(verification, "mismatched"), json_count(verification, "unreadable"));
    show_line(stream, "Verified", text);
    show_line(stream, "  test", json_text(verification, "predicate"));
    if (json_is_true(json_object_get(verification, "every_unit")))
        return;
    (void)snprintf(text, sizeof text,
                   "residue of %.3g %% or more would have been found with %.2f %% (%" PRIu64
                   " informative strata)",
                   stats_round_up(json_number_value(json_object_get(bound, "residue")), 3) * 100,
                   json_number_value(json_object_get(bound, "confidence")) * 100,
                   json_count(verification, "informative_strata"));
    show_line(stream, "  bound", text);
    show_line(stream, "  assumes", json_text(bound, "assumes"));
}

/* A certificate of an erase repeats the order's facts; one of a refusal names the order, if there
 * was one, and what was wrong with it. */
static void show_order_authority(const json_t *authority, FILE *stream) {
    char text[512];
    const bool erase = json_text(authority, "order_id")[0] != '\0';
    const char *id = json_text(authority, erase ? "order_id" : "id");
    (void)snprintf(text, sizeof text, "order %s, signed by %s", id,
                   json_text(authority, "signed_by"));
    show_line(stream, "Authority", id[0] ? text : "none: there was no good order");
    show_line(stream, "  digest", json_text(authority, erase ? "order_digest" : "digest"));
    show_line(stream, "  site", json_text(authority, "site"));
    show_line(stream, "  purpose", json_text(authority, "purpose"));
    show_line(stream, "  problem", json_text(authority, "problem"));
}

static void show_authority(const json_t *certificate, FILE *stream) {
    const json_t *authority = json_object_get(certificate, "authority");
    if (strcmp(json_text(authority, "kind"), "order") == 0) {
        show_order_authority(authority, stream);
    } else if (json_is_object(authority)) {
        show_line(stream, "Authority",
                  "a person at the machine, by typing the disk's serial number");
        show_line(stream, "  operator", json_text(authority, "operator"));
        show_line(stream, "  ticket", json_text(authority, "ticket"));
    } else {
        show_line(stream, "Authority", "none");
    }
    show_line(stream, "  holds", json_text(authority, "holds"));
    show_line(stream, "  content", json_text(authority, "content"));
}

static void show_hidden(const json_t *hidden, FILE *stream) {
    char text[128];
    char before[32];
    char opened[32];
    if (!json_is_object(hidden))
        return;
    (void)snprintf(text, sizeof text, "opened before the erase: %s were shown, %s are there",
                   text_size(before, sizeof before, json_count(hidden, "capacity_before")),
                   text_size(opened, sizeof opened, json_count(hidden, "capacity_opened")));
    show_line(stream, "Hidden areas", text);
}

static void show_reformat(const json_t *reformat, FILE *stream) {
    char text[160];
    if (!json_is_object(reformat))
        return;
    const bool good = json_text(reformat, "problem")[0] == '\0';
    (void)snprintf(text, sizeof text,
                   "of %" PRIu64 " bytes when it was erased, %s %" PRIu64 " afterwards",
                   json_count(reformat, "sector_size_before"),
                   good ? "reformatted to" : "not reformatted as asked, to",
                   json_count(reformat, "sector_size_asked"));
    show_line(stream, "Sectors", text);
}

static void show_taken_up(const json_t *state, FILE *stream) {
    char text[192];
    if (!json_is_object(state))
        return;
    (void)snprintf(text, sizeof text,
                   "from run %.32s (%.20s), at byte %" PRIu64 " of pass %" PRIu64,
                   json_text(state, "run_id"), json_text(state, "run_started"),
                   json_count(state, "position"), json_count(state, "pass"));
    show_line(stream, "Taken up", text);
    show_line(stream, "  it had begun", json_text(state, "begun_digest"));
    show_line(stream, "  last heard of", json_text(state, "written"));
}

/* Verified, opened, reformatted: of the disk, or of a part of it. */
static void show_ends(const json_t *object, FILE *stream) {
    const json_t *attempts = json_object_get(object, "attempts");
    show_verification(json_array_get(attempts, json_array_size(attempts) - 1), stream);
    show_hidden(json_object_get(object, "hidden_areas"), stream);
    show_reformat(json_object_get(object, "reformat"), stream);
    show_taken_up(json_object_get(object, "taken_up"), stream);
}

static void show_parts(const json_t *certificate, FILE *stream) {
    size_t i;
    json_t *part;
    char text[1024];
    char size[32];
    char disposition[16];
    json_array_foreach(json_object_get(certificate, "parts"), i, part) {
        const json_t *disk = json_object_get(part, "disk");
        upper_case(disposition, sizeof disposition, json_text(part, "disposition"));
        (void)snprintf(text, sizeof text, "%s, %s, %s: %s", json_text(disk, "wwn"),
                       text_size(size, sizeof size, json_count(disk, "capacity")), disposition,
                       json_text(part, "reason"));
        show_line(stream, "Part", text);
        if (json_is_object(json_object_get(part, "method")))
            show_line(stream, "  method", json_text(json_object_get(part, "method"), "summary"));
        show_ends(part, stream);
    }
}

static size_t count_evidence(const json_t *certificate) {
    size_t count = json_array_size(json_object_get(certificate, "evidence"));
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(certificate, "parts"), i, part) count +=
        json_array_size(json_object_get(part, "evidence"));
    return count;
}

static void show_times(const json_t *document, FILE *stream) {
    char text[256];
    char duration[32];
    const json_t *clock = json_object_get(document, "clock");
    const bool synchronised = json_flag(clock, "synchronised");
    const bool learned = json_object_get(clock, "authenticated") != NULL;
    show_line(stream, "Started", json_text(document, "started"));
    show_line(stream, "Ended", json_text(document, "ended"));
    show_line(stream, "Issued", json_text(document, "issued"));
    (void)snprintf(text, sizeof text, "%s, %s", json_text(clock, "source"),
                   learned        ? json_flag(clock, "authenticated") ? "authenticated"
                                                                      : "for which nobody vouches"
                   : synchronised ? "synchronised"
                                  : "not synchronised");
    show_line(stream, "Clock", text);
    if (!learned)
        return;
    const json_int_t ahead =
        json_integer_value(json_object_get(clock, "machine_clock_corrected_seconds"));
    (void)snprintf(text, sizeof text, "%s%s this machine's own, give or take %" PRIu64 " ms",
                   ahead == 0 ? "the same as"
                              : text_duration(duration, sizeof duration, (uint64_t)llabs(ahead)),
                   ahead == 0  ? ""
                   : ahead > 0 ? " ahead of"
                               : " behind",
                   json_count(clock, "error_ms"));
    show_line(stream, "  it is", text);
}

static void show_maker(const json_t *document, FILE *stream) {
    char text[512];
    const json_t *agent = json_object_get(document, "agent");
    const json_t *assurance = json_object_get(document, "assurance");
    (void)snprintf(text, sizeof text, "Quietus %s (%s), Linux %s", json_text(agent, "version"),
                   json_text(agent, "commit"), json_text(agent, "kernel"));
    show_line(stream, "Made by", text);
    show_line(stream, "  image", json_text(agent, "image_digest"));
    show_line(stream, "  program", json_text(agent, "program_digest"));
    show_line(stream, "  run", json_text(document, "run_id"));
    show_line(stream, "Assurance", json_text(assurance, "level"));
    show_line(stream, "  key", json_text(assurance, "key_id"));
}

static void show_certificate(const json_t *certificate, FILE *stream) {
    char disposition[16];
    char clean[32];
    upper_case(disposition, sizeof disposition, json_text(certificate, "disposition"));
    (void)fprintf(stream, "ERASE CERTIFICATE: %s\n\n",
                  text_printable(clean, sizeof clean, disposition));
    show_line(stream, "Because", json_text(certificate, "reason"));
    show_disk(json_object_get(certificate, "disk"), stream);
    show_server(certificate, stream);
    show_authority(certificate, stream);
    show_method(certificate, stream);
    show_ends(certificate, stream);
    show_parts(certificate, stream);
    show_list("Exceptions", json_object_get(certificate, "exceptions"), stream);
    show_times(certificate, stream);
    show_maker(certificate, stream);
    (void)fprintf(stream, "  %-16s %zu entries, in the document itself\n", "Evidence",
                  count_evidence(certificate));
}

static void show_record_line(const json_t *entry, FILE *stream) {
    char size[32];
    char disposition[16];
    const json_t *identity = json_object_get(entry, "identity");
    char text[1024];
    char clean[1024];
    upper_case(disposition, sizeof disposition, json_text(entry, "disposition"));
    (void)snprintf(text, sizeof text, "%-9s %-20s %-24s %9s  %s", disposition,
                   json_text(identity, "serial"), json_text(identity, "model"),
                   text_size(size, sizeof size, json_count(identity, "capacity")),
                   json_text(entry, "reason"));
    (void)fprintf(stream, "  %s\n", text_printable(clean, sizeof clean, text));
}

static void show_findings(const json_t *findings, FILE *stream) {
    char text[1024];
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)findings, i, entry) {
        char label[32];
        (void)snprintf(label, sizeof label, "%s", finding_label(entry));
        for (char *p = label + 1; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        show_line(stream, label, finding_text(entry, text, sizeof text));
        show_line(stream, "  remedy", finding_remedy(entry));
    }
}

static void show_record(const json_t *record, FILE *stream) {
    size_t i;
    json_t *entry;
    char mode[32];
    (void)fprintf(stream, "SERVER RECORD (%s), exit status %" PRIu64 "\n\n",
                  text_printable(mode, sizeof mode, json_text(record, "mode")),
                  json_count(record, "exit_status"));
    show_server(record, stream);
    show_times(record, stream);
    show_maker(record, stream);
    const json_t *order = json_object_get(record, "order");
    show_line(stream, "Order",
              json_is_object(order) && json_text(order, "id")[0] == '\0' ? "none that is good"
                                                                         : json_text(order, "id"));
    show_line(stream, "  problem", json_text(order, "problem"));
    (void)fputs("\n", stream);
    json_array_foreach(json_object_get(record, "disks"), i, entry) show_record_line(entry, stream);
    show_findings(json_object_get(record, "findings"), stream);
}

static void show_begun(const json_t *begun, FILE *stream) {
    size_t i;
    json_t *entry;
    (void)fputs("ERASE BEGUN\n\n", stream);
    show_line(stream, "Says", json_text(begun, "says"));
    show_server(begun, stream);
    show_line(stream, "Order", json_text(json_object_get(begun, "order"), "id"));
    show_times(begun, stream);
    show_maker(begun, stream);
    (void)fputs("\n", stream);
    json_array_foreach(json_object_get(begun, "disks"), i, entry) show_record_line(entry, stream);
}

void show_signers(const json_t *document, const json_t *key_ids, FILE *stream) {
    const char *own = json_text(json_object_get(document, "assurance"), "key_id");
    size_t i;
    json_t *id;
    json_array_foreach((json_t *)key_ids, i, id) {
        if (strcmp(json_string_value(id), own) != 0)
            show_line(stream, "Signed by key", json_string_value(id));
    }
}

void show_document(const json_t *document, FILE *stream) {
    const char *schema = json_text(document, "schema");
    char clean[64];
    if (strcmp(schema, "quietus.certificate/1") == 0)
        show_certificate(document, stream);
    else if (strcmp(schema, "quietus.record/1") == 0)
        show_record(document, stream);
    else if (strcmp(schema, "quietus.begun/1") == 0)
        show_begun(document, stream);
    else if (strcmp(schema, "quietus.order/1") == 0)
        show_order(document, stream);
    else
        (void)fprintf(stream, "a document of the schema '%s', which Quietus does not know\n",
                      text_printable(clean, sizeof clean, schema));
}
