#include "quietus/order_make.h"

#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { NONCE_SIZE = 16, DEFAULT_HOURS = 24, MOST_HOURS = 100 * 366 * 24 };

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

static int put_times(json_t *order, struct reason *reason) {
    char text[CLOCK_TEXT_SIZE];
    int64_t start = clock_now();
    const json_t *valid = json_object_get(order, "valid_hours");
    const int64_t hours = valid ? json_integer_value(valid) : DEFAULT_HOURS;
    if (hours < 1 || hours > MOST_HOURS) {
        reason_set(reason, "valid_hours must be a number from 1 to %d", MOST_HOURS);
        return -1;
    }
    put_default_text(order, "issued", clock_text(text, start));
    put_default_text(order, "not_before", clock_text(text, start));
    (void)clock_parse(json_text(order, "not_before"), &start);
    put_default_text(order, "expires", clock_text(text, start + hours * 3600));
    (void)json_object_del(order, "valid_hours");
    return 0;
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

/* By the name of the disk, or of one of its parts (several logical units). */
static bool has_name(const json_t *disk, const char *key, const char *wanted) {
    size_t i;
    json_t *part;
    if (wanted[0] == '\0' || strcmp(wanted, json_text(disk, key)) == 0)
        return true;
    json_array_foreach(json_object_get(disk, "parts"), i, part) {
        if (strcmp(wanted, json_text(part, key)) == 0)
            return true;
    }
    return false;
}

static bool inventory_disk_matches(const json_t *disk, const json_t *wanted) {
    const char *serial = json_text(wanted, "serial");
    const char *wwn = json_text(wanted, "wwn");
    const char *node = json_text(wanted, "node");
    if (serial[0] == '\0' && wwn[0] == '\0' && node[0] == '\0')
        return false;
    if (!has_name(disk, "serial", serial) || !has_name(disk, "wwn", wwn))
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
        AUTO_FREE char *text = json_line(wanted);
        reason_set(reason, "%zu disks of the inventory fit the entry %.150s", matches, text);
        return NULL;
    }
    json_t *entry = found ? entry_of(found, to_erase) : json_new_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)wanted, key, value) {
        const bool names_part = found && strcmp(key, "wwn") == 0 &&
                                strcmp(json_text(wanted, key), json_text(found, key)) != 0;
        if (strcmp(key, "node") != 0 && !names_part)
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

/* Neither the boot medium nor what is no disk of the server: "all" does not mean them. */
static bool is_meant_by_all(const json_t *disk) {
    return !json_flag(disk, "boot_medium") && !json_is_false(json_object_get(disk, "local"));
}

static json_t *all_disks(const json_t *inventory) {
    json_t *out = json_new_array();
    size_t i;
    json_t *disk;
    json_array_foreach(json_object_get(inventory, "disks"), i, disk) {
        if (is_meant_by_all(disk))
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

/* An order with this server's identity has to have factors enough, and not contradict the
 * inventory. */
static int check_against_server(const struct order *order, const json_t *inventory,
                                struct reason *reason) {
    struct server server = {0};
    size_t i;
    json_t *mac;
    const json_t *wanted = json_object_get(order->document, "server");
    const json_t *found = inventory ? json_object_get(inventory, "server") : wanted;
    text_copy(server.serial, sizeof server.serial, json_text(found, "serial"));
    text_copy(server.uuid, sizeof server.uuid, json_text(found, "uuid"));
    text_copy(server.board_serial, sizeof server.board_serial, json_text(found, "board_serial"));
    json_array_foreach(json_object_get(found, "macs"), i, mac) {
        if (json_is_string(mac) && server.mac_count < SERVER_MACS)
            text_copy(server.macs[server.mac_count++], sizeof *server.macs, json_string_value(mac));
    }
    return order_check_server(order, &server, reason);
}

static bool list_names(const json_t *list, const json_t *disk) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) {
        if (inventory_disk_matches(disk, entry))
            return true;
    }
    return false;
}

/* By default a disk that the order does not know makes it refuse the server: then the inventory
 * must not have one. */
static int check_against_disks(const json_t *order, const json_t *inventory,
                               struct reason *reason) {
    size_t i;
    json_t *disk;
    if (strcmp(json_text(order, "unknown_disks"), "leave") == 0)
        return 0;
    json_array_foreach(json_object_get(inventory, "disks"), i, disk) {
        if (!is_meant_by_all(disk) || list_names(json_object_get(order, "disks"), disk) ||
            list_names(json_object_get(order, "retain"), disk))
            continue;
        reason_set(
            reason,
            "the inventory has a disk that the order does not name (%.60s), and it would refuse "
            "the server for it: name it under disks or retain, or set unknown_disks to "
            "\"leave\"",
            json_text(disk, json_text(disk, "serial")[0] ? "serial" : "model"));
        return -1;
    }
    return 0;
}

/* What would be refused wherever it is used is not signed. */
static int check_usable(const struct order *order, const json_t *inventory, struct reason *reason) {
    if (order->expires <= clock_now()) {
        reason_set(reason, "it would have expired already (%s)",
                   json_text(order->document, "expires"));
        return -1;
    }
    if (check_against_server(order, inventory, reason))
        return -1;
    return inventory ? check_against_disks(order->document, inventory, reason) : 0;
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
    put_server(order, inventory);
    checked.document = order;
    if (put_times(order, reason) || put_disks(order, inventory, reason) ||
        order_check_form(order, &checked, reason) || check_usable(&checked, inventory, reason)) {
        json_decref(order);
        return NULL;
    }
    return order;
}
