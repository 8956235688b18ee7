#include "quietus/clock.h"
#include "quietus/json.h"

#include "internal.h"

static const char schema[] = "quietus.begun/1";

static json_t *disk_line(const struct disk *disk, const struct decision *decision) {
    json_t *line = json_new_object();
    json_put(line, "identity", disk_identity_json(&disk->identity));
    json_put_text(line, "node", disk_node(disk));
    json_put_text(line, "bus", disk_bus_name(disk->bus));
    json_put(line, "authority", json_deep_copy(warrant_authority(decision->warrant)));
    return line;
}

void begun_of_run(const struct session *session, const struct scan *scan,
                  const struct authorization *authorization, json_t *order, struct document *out) {
    char name[160];
    json_t *document = document_head(session, &scan->server, schema);
    json_t *lines = json_new_array();
    json_put_text(document, "says",
                  "the erase of these disks begins; without the record of this run, or with one "
                  "that does not name them, what became of them is unknown");
    json_put(document, "order", order ? json_incref(order) : json_null());
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (authorization->decisions[i].warrant)
            json_add(lines, disk_line(scan->disks[i], &authorization->decisions[i]));
    }
    json_put(document, "disks", lines);
    document_name(session, &scan->server, "begun", name, sizeof name);
    document_sign(session, envelope_type_begun, document, name, out);
}
