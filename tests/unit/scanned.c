#include "scanned.h"

#include "test.h"

struct scan scan_tree(const char *root) {
    struct scan scan;
    scan_run(&(struct scan_options){.root = root}, &scan);
    return scan;
}

const struct disk *disk_at(const struct scan *scan, const char *node) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (strcmp(disk_node(scan->disks[i]), node) == 0)
            return scan->disks[i];
    }
    fail_msg("no disk at %s", node);
    return NULL;
}

bool any_has(const json_t *texts, const char *part) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)texts, i, entry) {
        if (strstr(json_string_value(entry), part))
            return true;
    }
    return false;
}
