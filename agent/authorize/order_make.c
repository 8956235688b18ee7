#include "quietus/order_make.h"

#include "quietus/clock.h"
#include "quietus/json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { NONCE_SIZE = 16, DEFAULT_HOURS = 24 };

static void put_default_text(json_t *order, const char *key, const char *text) {
    if (!json_object_get(order, key))
        json_put_text(order, key, text);
}

static void put_random(json_t *order, const char *key, const char *prefix) {
    uint8_t bytes[NONCE_SIZE];
    char text[16 + 2 * NONCE_SIZE + 1];
    randombytes_buf(bytes, sizeof bytes);
    char *end = stpcpy(text, prefix);
    hex_encode(end, bytes, sizeof bytes);
    put_default_text(order, key, text);
}

static void put_times(json_t *order) {
    char text[CLOCK_TEXT_SIZE];
    int64_t start = clock_now();
    const uint64_t hours = json_count(order, "valid_hours");
    put_default_text(order, "issued", clock_text(text, start));
    put_default_text(order, "not_before", clock_text(text, start));
    (void)clock_parse(json_text(order, "not_before"), &start);
    put_default_text(order, "expires",
                     clock_text(text, start + (int64_t)(hours ? hours : DEFAULT_HOURS) * 3600));
    (void)json_object_del(order, "valid_hours");
}

/* The factors that an order compares, without placeholders. */
static void put_server(json_t *order, const json_t *inventory) {
    static const char *const factors[] = {"serial", "uuid", "board_serial"};
    const json_t *found = json_object_get(inventory, "server");
    if (json_object_get(order, "server") || !found)
        return;
    json_t *server = json_new_object();
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        const char *value = json_text(found, factors[i]);
        if (!server_value_is_placeholder(value))
            json_put_text(server, factors[i], value);
    }
    const json_t *macs = json_object_get(found, "macs");
    if (json_array_size(macs) > 0)
        json_put(server, "macs", json_deep_copy(macs));
    json_put(order, "server", server);
}

static bool inventory_disk_matches(const json_t *disk, const json_t *wanted) {
    const char *serial = json_text(wanted, "serial");
    const char *wwn = json_text(wanted, "wwn");
    const char *node = json_text(wanted, "node");
    if (serial[0] == '\0' && wwn[0] == '\0' && node[0] == '\0')
        return false;
    if (serial[0] != '\0' && strcmp(serial, json_text(disk, "serial")) != 0)
        return false;
    if (wwn[0] != '\0' && strcmp(wwn, json_text(disk, "wwn")) != 0)
        return false;
    if (node[0] == '\0')
        return true;
    size_t i;
    json_t *area;
    json_array_foreach(json_object_get(disk, "areas"), i, area) {
        if (strcmp(json_text(area, "node"), node) == 0)
            return true;
    }
    return false;
}

/* An order's entry for a disk of the inventory. */
static json_t *entry_of(const json_t *disk, bool to_erase) {
    json_t *entry = json_new_object();
    json_put_text_if(entry, "serial", json_text(disk, "serial"));
    json_put_text_if(entry, "wwn", json_text(disk, "wwn"));
    json_put_text_if(entry, "model", json_text(disk, "model"));
    if (json_count(disk, "capacity") > 0)
        json_put_count(entry, "capacity", json_count(disk, "capacity"));
    const json_t *content = json_object_get(disk, "content_ids");
    if (to_erase && content)
        json_put(entry, "content", json_deep_copy(content));
    return entry;
}

/* Completes one entry from the inventory; what the description says itself stays. */
static json_t *complete_entry(const json_t *wanted, const json_t *inventory, bool to_erase,
                              struct reason *reason) {
    json_t *found = NULL;
    size_t i;
    json_t *disk;
    size_t matches = 0;
    json_array_foreach(json_object_get(inventory, "disks"), i, disk) {
        if (!inventory_disk_matches(disk, wanted))
            continue;
        found = disk;
        matches++;
    }
    if (inventory && matches != 1) {
        reason_set(reason, "%zu disks of the inventory fit the entry %s%s%s", matches,
                   json_text(wanted, "serial"), json_text(wanted, "wwn"),
                   json_text(wanted, "node"));
        return NULL;
    }
    json_t *entry = found ? entry_of(found, to_erase) : json_new_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)wanted, key, value) {
        if (strcmp(key, "node") != 0)
            json_put(entry, key, json_deep_copy(value));
    }
    return entry;
}

static json_t *complete_list(const json_t *list, const json_t *inventory, bool to_erase,
                             struct reason *reason) {
    json_t *out = json_new_array();
    size_t i;
    json_t *wanted;
    json_array_foreach((json_t *)list, i, wanted) {
        json_t *by_serial = NULL;
        if (json_is_string(wanted)) { /* "SERIAL" is short for {"serial": "SERIAL"} */
            by_serial = json_new_object();
            json_put_text(by_serial, "serial", json_string_value(wanted));
        }
        json_t *entry = complete_entry(by_serial ? by_serial : wanted, inventory, to_erase, reason);
        json_decref(by_serial);
        if (!entry) {
            json_decref(out);
            return NULL;
        }
        json_add(out, entry);
    }
    return out;
}

static json_t *all_disks(const json_t *inventory) {
    json_t *out = json_new_array();
    size_t i;
    json_t *disk;
    json_array_foreach(json_object_get(inventory, "disks"), i, disk) {
        if (!json_flag(disk, "boot_medium"))
            json_add(out, entry_of(disk, true));
    }
    return out;
}

static int put_disks(json_t *order, const json_t *inventory, struct reason *reason) {
    const json_t *disks = json_object_get(order, "disks");
    json_t *complete;
    if (json_is_string(disks) && strcmp(json_string_value(disks), "all") == 0 && inventory)
        complete = all_disks(inventory);
    else if (json_is_array(disks))
        complete = complete_list(disks, inventory, true, reason);
    else {
        reason_set(reason, "'disks' must be a list, or \"all\" with an inventory");
        return -1;
    }
    if (!complete)
        return -1;
    json_put(order, "disks", complete);
    const json_t *retain = json_object_get(order, "retain");
    if (!retain)
        return 0;
    complete = complete_list(retain, inventory, false, reason);
    if (!complete)
        return -1;
    json_put(order, "retain", complete);
    return 0;
}

json_t *order_make(const json_t *description, const json_t *inventory, struct reason *reason) {
    struct order checked = {0};
    if (!json_is_object(description)) {
        reason_set(reason, "the description is not an object");
        return NULL;
    }
    json_t *order = json_deep_copy(description);
    put_default_text(order, "schema", "quietus.order/1");
    put_random(order, "id", "order-");
    put_random(order, "nonce", "");
    put_times(order);
    put_server(order, inventory);
    if (put_disks(order, inventory, reason) || order_check_form(order, &checked, reason)) {
        json_decref(order);
        return NULL;
    }
    return order;
}
