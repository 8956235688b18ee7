#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/models.h"

#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char schema[] = "quietus.record/1";

struct record {
    const struct scan *scan;
    json_t *document;
    json_t *lines;
    unsigned *lines_of_disk; /* how many lines each disk of the scan has */
    uint64_t counts[DISPOSITION_COUNT];
};

/* Law 3, enforced: a record that would leave a disk out, or list it twice, is not made. */
static void must_hold(bool condition) {
    if (condition)
        return;
    (void)fputs("quietus: the record does not have exactly one line for every disk; giving up\n",
                stderr);
    abort();
}

struct record *record_new(const struct session *session, const struct scan *scan,
                          const char *mode) {
    struct record *record = memory_new(1, sizeof *record);
    record->scan = scan;
    record->document = document_head(session, &scan->server, schema);
    record->lines = json_new_array();
    record->lines_of_disk = memory_new(scan->disk_count, sizeof *record->lines_of_disk);
    json_put_text(record->document, "mode", mode);
    json_put_text(record->document, "models_digest", models_digest());
    return record;
}

void record_free(struct record *record) {
    json_decref(record->document);
    json_decref(record->lines);
    free(record->lines_of_disk);
    free(record);
}

void record_put(struct record *record, const char *key, json_t *value) {
    json_put(record->document, key, value);
}

uint64_t record_count(const struct record *record, enum disposition disposition) {
    return record->counts[disposition];
}

static void add_line(struct record *record, json_t *line, enum disposition disposition,
                     const char *reason) {
    json_put_text(line, "disposition", disposition_name(disposition));
    json_put_text(line, "reason", reason);
    record->counts[disposition]++;
}

void record_disk(struct record *record, const struct disk *disk, enum disposition disposition,
                 const char *reason, const struct document *certificate) {
    json_t *line = json_new_object();
    for (size_t i = 0; i < record->scan->disk_count; i++) {
        if (record->scan->disks[i] == disk)
            record->lines_of_disk[i]++;
    }
    json_put(line, "identity", disk_identity_json(&disk->identity));
    json_put_text(line, "node", disk_node(disk));
    json_put_text(line, "bus", disk_bus_name(disk->bus));
    json_t *place = disk_place_json(&disk->place);
    if (place)
        json_put(line, "place", place);
    add_line(record, line, disposition, reason);
    if (certificate) {
        json_t *reference = json_new_object();
        json_put_text(reference, "file", certificate->file);
        json_put_text(reference, "digest", certificate->digest);
        json_put(line, "certificate", reference);
    }
    json_add(record->lines, line);
}

void record_absent(struct record *record, const json_t *entry, const char *reason) {
    json_t *line = json_new_object();
    json_put(line, "identity", json_deep_copy(entry));
    add_line(record, line, DISPOSITION_ABSENT, reason);
    json_add(record->lines, line);
}

static json_t *summary_json(const struct record *record) {
    json_t *summary = json_new_object();
    uint64_t total = 0;
    for (int i = 0; i < DISPOSITION_COUNT; i++) {
        json_put_count(summary, disposition_name((enum disposition)i), record->counts[i]);
        total += record->counts[i];
    }
    must_hold(total == json_array_size(record->lines));
    must_hold(total == record->scan->disk_count + record->counts[DISPOSITION_ABSENT]);
    json_put_count(summary, "found", record->scan->disk_count);
    json_put_count(summary, "lines", total);
    return summary;
}

void record_close(struct record *record, const struct session *session, int exit_status,
                  struct document *out) {
    char time[CLOCK_TEXT_SIZE];
    char name[160];
    for (size_t i = 0; i < record->scan->disk_count; i++)
        must_hold(record->lines_of_disk[i] == 1);
    json_put_text(record->document, "ended", clock_text(time, clock_now()));
    json_put(record->document, "disks", json_incref(record->lines));
    json_put(record->document, "summary", summary_json(record));
    json_put(record->document, "findings", json_deep_copy(record->scan->findings));
    json_put_count(record->document, "exit_status", (uint64_t)exit_status);
    document_name(session, &record->scan->server, "record", name, sizeof name);
    document_sign(session, envelope_type_record, json_incref(record->document), name, out);
}
