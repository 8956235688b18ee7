#include "refusals.h"

#include "quietus/memory.h"
#include "quietus/outcome.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 3 };

struct refusal {
    char name[DISK_NODE_SIZE + TEXT_FIELD_SIZE]; /* "/dev/sda       SERIAL" */
    enum disposition disposition;
    struct reason reason;
};

struct refusals {
    struct refusal *list;
    size_t count;
};

struct refusals *refusals_new(void) {
    return memory_new(1, sizeof(struct refusals));
}

void refusals_free(struct refusals *refusals) {
    free(refusals->list);
    free(refusals);
}

void refusals_add(struct refusals *refusals, const struct disk *disk, enum disposition disposition,
                  const char *reason) {
    refusals->list = memory_grow(refusals->list, refusals->count + 1, sizeof *refusals->list);
    struct refusal *refusal = &refusals->list[refusals->count++];
    *refusal = (struct refusal){.disposition = disposition};
    (void)snprintf(refusal->name, sizeof refusal->name, "%-14s %s", disk_node(disk),
                   disk->identity.serial[0] ? disk->identity.serial : "(no serial)");
    reason_set(&refusal->reason, "%s", reason);
}

static bool alike(const struct refusal *a, const struct refusal *b) {
    return a->disposition == b->disposition && strcmp(a->reason.text, b->reason.text) == 0;
}

static bool is_first_of_its_kind(const struct refusals *refusals, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (alike(&refusals->list[i], &refusals->list[at]))
            return false;
    }
    return true;
}

static void print_kind(const struct refusals *refusals, size_t first, FILE *out) {
    const struct refusal *kind = &refusals->list[first];
    const char *what = disposition_name(kind->disposition);
    size_t count = 0;
    size_t shown = 0;
    for (size_t i = first; i < refusals->count; i++)
        count += alike(&refusals->list[i], kind);
    if (count > FEW)
        (void)fprintf(out, "%zu disks %s: %s\n", count, what, kind->reason.text);
    for (size_t i = first; i < refusals->count && shown < FEW; i++) {
        if (!alike(&refusals->list[i], kind))
            continue;
        shown++;
        if (count > FEW)
            (void)fprintf(out, "    %s\n", refusals->list[i].name);
        else
            (void)fprintf(out, "%-35s %s: %s\n", refusals->list[i].name, what, kind->reason.text);
    }
    if (count > FEW)
        (void)fprintf(out, "    and %zu more; the record names them all\n", count - FEW);
}

void refusals_print(const struct refusals *refusals, FILE *out) {
    for (size_t i = 0; i < refusals->count; i++) {
        if (is_first_of_its_kind(refusals, i))
            print_kind(refusals, i, out);
    }
}
