#include "quietus/server.h"

#include "quietus/json.h"
#include "quietus/sysfs.h"
#include "quietus/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Seen in SMBIOS tables where nobody filled in a value; compared without case. */
static const char *const placeholders[] = {
    "to be filled by o.e.m.",
    "default string",
    "system serial number",
    "not specified",
    "none",
    "n/a",
    "0123456789",
    "1234567890",
    "unknown",
    "empty",
    "not applicable",
    "chassis serial number",
    "base board serial number",
};

bool server_value_is_placeholder(const char *value) {
    if (value[0] == '\0')
        return true;
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
        if (strcasecmp(value, placeholders[i]) == 0)
            return true;
    }
    /* One character over and over: zeros, dots, x, F; dashes and colons do not count. */
    char first = '\0';
    for (const char *p = value; *p; p++) {
        if (*p == '-' || *p == ':' || *p == ' ')
            continue;
        if (first == '\0')
            first = *p;
        else if (*p != first)
            return false;
    }
    return true;
}

static void lower_case(char *text) {
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* Interfaces with a device behind them; bridges, bonds and the loopback have none. */
static void read_macs(const char *root, struct server *out) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/class/net");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count && out->mac_count < SERVER_MACS; i++) {
        char link[64];
        char mac[32];
        path_format(device, folder, "/%s", names[i]);
        sysfs_link_name(device, "device", link, sizeof link);
        if (link[0] == '\0' || sysfs_text(device, "address", mac, sizeof mac) || strlen(mac) != 17)
            continue;
        lower_case(mac);
        if (!server_value_is_placeholder(mac))
            text_copy(out->macs[out->mac_count++], sizeof *out->macs, mac);
    }
    folder_free_names(names, count);
}

void server_read(const char *root, struct server *out) {
    char folder[PATH_MAX];
    *out = (struct server){0};
    path_format(folder, root, "/sys/class/dmi/id");
    (void)sysfs_field(folder, "sys_vendor", out->vendor, sizeof out->vendor);
    (void)sysfs_field(folder, "product_name", out->product, sizeof out->product);
    (void)sysfs_field(folder, "product_serial", out->serial, sizeof out->serial);
    (void)sysfs_field(folder, "product_uuid", out->uuid, sizeof out->uuid);
    (void)sysfs_field(folder, "board_serial", out->board_serial, sizeof out->board_serial);
    lower_case(out->uuid);
    read_macs(root, out);
}

json_t *server_json(const struct server *server) {
    json_t *object = json_new_object();
    json_put_text(object, "vendor", server->vendor);
    json_put_text(object, "product", server->product);
    json_put_text(object, "serial", server->serial);
    json_put_text(object, "uuid", server->uuid);
    json_put_text(object, "board_serial", server->board_serial);
    json_t *macs = json_new_array();
    for (size_t i = 0; i < server->mac_count; i++)
        json_add_text(macs, server->macs[i]);
    json_put(object, "macs", macs);
    return object;
}
