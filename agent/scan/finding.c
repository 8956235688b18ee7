#include "quietus/finding.h"

#include "quietus/json.h"

#include <string.h>

void finding_add(json_t *findings, const struct finding *finding) {
    json_t *entry = json_new_object();
    json_put_text(entry, "kind", finding->kind);
    json_put_text(entry, "controller", finding->controller);
    json_put_text_if(entry, "address", finding->address ? finding->address : "");
    json_put_text_if(entry, "slot", finding->slot ? finding->slot : "");
    json_put_text(entry, "reason", finding->reason);
    json_put_text(entry, "remedy", finding->remedy);
    json_add(findings, entry);
}

char *finding_text(const json_t *entry, char *out, size_t size) {
    if (json_is_string(entry))
        return text_copy(out, size, json_string_value(entry));
    const char *address = json_text(entry, "address");
    const char *slot = json_text(entry, "slot");
    (void)snprintf(out, size, "%s%s%s%s%s: %s", json_text(entry, "controller"),
                   address[0] ? " at " : "", address, slot[0] ? ", slot " : "", slot,
                   json_text(entry, "reason"));
    return out;
}

const char *finding_label(const json_t *entry) {
    static const struct {
        const char *kind;
        const char *label;
    } labels[] = {
        {"absent", "ABSENT"},
        {"unexpected", "NOT EXPECTED"},
        {"expected", "NOT COMPARED"},
        {"stick", "STICK"},
    };
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(json_text(entry, "kind"), labels[i].kind) == 0)
            return labels[i].label;
    }
    return "NOT REACHED";
}

const char *finding_remedy(const json_t *entry) {
    return json_text(entry, "remedy");
}
