/* Documents in words, for a person to read or print. */
#include "quietus/check.h"
#include "quietus/json.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static void line(FILE *stream, const char *name, const char *value) {
    char clean[1024];
    if (value[0] != '\0')
        (void)fprintf(stream, "  %-16s %s\n", name, text_printable(clean, sizeof clean, value));
}

static void upper_case(char *out, size_t size, const char *text) {
    text_copy(out, size, text);
    for (char *p = out; *p; p++)
        *p = (char)toupper((unsigned char)*p);
}

static void show_server(const json_t *document, FILE *stream) {
    char text[512];
    const json_t *server = json_object_get(document, "server");
    (void)snprintf(text, sizeof text, "%s %s", json_text(server, "vendor"),
                   json_text(server, "product"));
    line(stream, "Server", text);
    line(stream, "  serial", json_text(server, "serial"));
    line(stream, "  UUID", json_text(server, "uuid"));
    line(stream, "  board serial", json_text(server, "board_serial"));
}

static void show_disk(const json_t *disk, FILE *stream) {
    char text[512];
    char size[32];
    (void)snprintf(text, sizeof text, "%s %s, %s, %s, %s", json_text(disk, "vendor"),
                   json_text(disk, "model"),
                   text_size(size, sizeof size, json_count(disk, "capacity")),
                   json_text(disk, "bus"), json_text(disk, "medium"));
    line(stream, "Disk", text[0] == ' ' ? text + 1 : text);
    line(stream, "  serial", json_text(disk, "serial"));
    line(stream, "  WWN", json_text(disk, "wwn"));
    line(stream, "  firmware", json_text(disk, "firmware"));
}

static void show_method(const json_t *certificate, FILE *stream) {
    char text[512];
    char category[16];
    const json_t *method = json_object_get(certificate, "method");
    if (!json_is_object(method))
        return;
    const json_t *claim = json_object_get(method, "claim");
    line(stream, "Method", json_text(method, "summary"));
    if (strcmp(json_text(method, "name"), "overwrite") == 0)
        line(stream, "  passes", json_text(json_object_get(certificate, "policy"), "passes"));
    upper_case(category, sizeof category, json_text(claim, "category"));
    (void)snprintf(text, sizeof text, "%s under %s", category, json_text(claim, "standard"));
    line(stream, "Category", text);
    upper_case(category, sizeof category, json_text(claim, "rev1_category"));
    (void)snprintf(text, sizeof text, "%s under %s; mapping %s", category,
                   json_text(claim, "rev1_standard"), json_text(claim, "mapping"));
    line(stream, "", text);
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
    line(stream, "Verified", text);
    line(stream, "  test", json_text(verification, "predicate"));
    if (json_is_true(json_object_get(verification, "every_unit")))
        return;
    (void)snprintf(text, sizeof text,
                   "residue of %.3g %% or more would have been found with %.2f %% (%" PRIu64
                   " informative strata)",
                   json_number_value(json_object_get(bound, "residue")) * 100,
                   json_number_value(json_object_get(bound, "confidence")) * 100,
                   json_count(verification, "informative_strata"));
    line(stream, "  bound", text);
    line(stream, "  assumes", json_text(bound, "assumes"));
}

static void show_authority(const json_t *certificate, FILE *stream) {
    char text[512];
    const json_t *authority = json_object_get(certificate, "authority");
    if (strcmp(json_text(authority, "kind"), "order") == 0) {
        (void)snprintf(text, sizeof text, "order %s, signed by %s",
                       json_text(authority, "order_id"), json_text(authority, "signed_by"));
        line(stream, "Authority", text);
        line(stream, "  digest", json_text(authority, "order_digest"));
        line(stream, "  site", json_text(authority, "site"));
        line(stream, "  purpose", json_text(authority, "purpose"));
    } else if (json_is_object(authority)) {
        line(stream, "Authority", "a person at the machine, by typing the disk's serial number");
        line(stream, "  operator", json_text(authority, "operator"));
        line(stream, "  ticket", json_text(authority, "ticket"));
    }
    line(stream, "  holds", json_text(authority, "holds"));
    line(stream, "  content", json_text(authority, "content"));
}

static void show_list(const char *name, const json_t *list, FILE *stream) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry)
        line(stream, i == 0 ? name : "", json_is_string(entry) ? json_string_value(entry) : "?");
}

static void show_times(const json_t *document, FILE *stream) {
    char text[256];
    const bool synchronised =
        json_is_true(json_object_get(json_object_get(document, "clock"), "synchronised"));
    line(stream, "Started", json_text(document, "started"));
    line(stream, "Ended", json_text(document, "ended"));
    line(stream, "Issued", json_text(document, "issued"));
    (void)snprintf(text, sizeof text, "%s, %s",
                   json_text(json_object_get(document, "clock"), "source"),
                   synchronised ? "synchronised" : "not synchronised");
    line(stream, "Clock", text);
}

static void show_maker(const json_t *document, FILE *stream) {
    char text[512];
    const json_t *agent = json_object_get(document, "agent");
    const json_t *assurance = json_object_get(document, "assurance");
    (void)snprintf(text, sizeof text, "Quietus %s (%s), Linux %s", json_text(agent, "version"),
                   json_text(agent, "commit"), json_text(agent, "kernel"));
    line(stream, "Made by", text);
    line(stream, "  image", json_text(agent, "image_digest"));
    line(stream, "  program", json_text(agent, "program_digest"));
    line(stream, "  run", json_text(document, "run_id"));
    line(stream, "Assurance", json_text(assurance, "level"));
    line(stream, "  key", json_text(assurance, "key_id"));
}

static void show_certificate(const json_t *certificate, FILE *stream) {
    char disposition[16];
    char clean[32];
    const json_t *attempts = json_object_get(certificate, "attempts");
    upper_case(disposition, sizeof disposition, json_text(certificate, "disposition"));
    (void)fprintf(stream, "ERASE CERTIFICATE: %s\n\n",
                  text_printable(clean, sizeof clean, disposition));
    line(stream, "Because", json_text(certificate, "reason"));
    show_disk(json_object_get(certificate, "disk"), stream);
    show_server(certificate, stream);
    show_authority(certificate, stream);
    show_method(certificate, stream);
    show_verification(json_array_get(attempts, json_array_size(attempts) - 1), stream);
    show_list("Exceptions", json_object_get(certificate, "exceptions"), stream);
    show_times(certificate, stream);
    show_maker(certificate, stream);
    (void)fprintf(stream, "  %-16s %zu entries, in the document itself\n", "Evidence",
                  json_array_size(json_object_get(certificate, "evidence")));
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
    line(stream, "Order", json_text(order, "id"));
    line(stream, "  problem", json_text(order, "problem"));
    (void)fputs("\n", stream);
    json_array_foreach(json_object_get(record, "disks"), i, entry) show_record_line(entry, stream);
    show_list("Not reached", json_object_get(record, "findings"), stream);
}

static void show_order(const json_t *order, FILE *stream) {
    size_t i;
    json_t *disk;
    (void)fputs("ERASE ORDER\n\n", stream);
    line(stream, "Id", json_text(order, "id"));
    line(stream, "Site", json_text(order, "site"));
    line(stream, "Purpose", json_text(order, "purpose"));
    line(stream, "Valid from", json_text(order, "not_before"));
    line(stream, "Expires", json_text(order, "expires"));
    line(stream, "Holds", json_text(order, "holds"));
    show_server(order, stream);
    json_array_foreach(json_object_get(order, "disks"), i, disk)
        line(stream, "Erase", json_text(disk, json_text(disk, "serial")[0] ? "serial" : "wwn"));
    json_array_foreach(json_object_get(order, "retain"), i, disk)
        line(stream, "Retain", json_text(disk, json_text(disk, "serial")[0] ? "serial" : "wwn"));
}

void show_document(const json_t *document, FILE *stream) {
    const char *schema = json_text(document, "schema");
    char clean[64];
    if (strcmp(schema, "quietus.certificate/1") == 0)
        show_certificate(document, stream);
    else if (strcmp(schema, "quietus.record/1") == 0)
        show_record(document, stream);
    else if (strcmp(schema, "quietus.order/1") == 0)
        show_order(document, stream);
    else
        (void)fprintf(stream, "a document of the schema '%s', which Quietus does not know\n",
                      text_printable(clean, sizeof clean, schema));
}
