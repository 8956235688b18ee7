#include "place.h"

#include "quietus/json.h"
#include "quietus/sysfs.h"

#include "pci.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char enclosures[] = "/sys/class/enclosure";

/* An attribute of an enclosure's component, for the LED, if it is there: without the root. */
static void note_led(const char *root, const char *folder, const char *attribute,
                     struct disk_place *place) {
    char path[PATH_MAX];
    path_format(path, folder, "/%s", attribute);
    if (place->led[0] == '\0' && access(path, F_OK) == 0)
        text_copy(place->led, sizeof place->led, path + strlen(root));
}

/* The enclosure's logical identifier (SES-3, enclosure descriptor) without "0x"; else its address.
 */
static void enclosure_name(const char *folder, const char *address, char *out, size_t size) {
    if (sysfs_field(folder, "id", out, size) || out[0] == '\0')
        text_copy(out, size, address);
    else if (strncmp(out, "0x", 2) == 0)
        memmove(out, out + 2, strlen(out + 2) + 1);
}

/* A bay is a component that holds disks: "device slot" or "array device slot" (the ses driver's
 * names for the element types 01h and 17h); older kernels have no type. */
static bool is_bay(const char *folder) {
    char type[32];
    return sysfs_text(folder, "type", type, sizeof type) != 0 || strcmp(type, "device") == 0 ||
           strcmp(type, "array device") == 0;
}

/* Called for each bay of each enclosure, with the folders of both. */
typedef void (*bay_visitor)(void *user, const char *enclosure, const char *bay);

static void visit_enclosure(const char *folder, bay_visitor visitor, void *user) {
    char bay[PATH_MAX];
    char status[PATH_MAX];
    char **names;
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(bay, folder, "/%s", names[i]);
        path_format(status, bay, "/status");
        if (access(status, F_OK) == 0 && is_bay(bay))
            visitor(user, folder, bay);
    }
    folder_free_names(names, count);
}

static void visit_bays(const char *root, bay_visitor visitor, void *user) {
    char folder[PATH_MAX];
    char enclosure[PATH_MAX];
    char **names;
    path_format(folder, root, "%s", enclosures);
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(enclosure, folder, "/%s", names[i]);
        visit_enclosure(enclosure, visitor, user);
    }
    folder_free_names(names, count);
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The number that the enclosure gives the bay; else how the component calls itself. */
static void bay_name(const char *bay, char *out, size_t size) {
    if (sysfs_field(bay, "slot", out, size) || out[0] == '\0')
        text_from_field(out, size, (const uint8_t *)last_part(bay), strlen(last_part(bay)));
}

struct search {
    const char *root;
    const char *address;
    struct disk_place *place;
};

static void match_bay(void *user, const char *enclosure, const char *bay) {
    const struct search *search = user;
    struct disk_place *place = search->place;
    char device[64];
    sysfs_link_name(bay, "device", device, sizeof device);
    if (strcmp(device, search->address) != 0)
        return;
    if (place->bay[0] == '\0') {
        enclosure_name(enclosure, last_part(enclosure), place->enclosure, sizeof place->enclosure);
        bay_name(bay, place->bay, sizeof place->bay);
        text_from_field(place->label, sizeof place->label, (const uint8_t *)last_part(bay),
                        strlen(last_part(bay)));
    }
    note_led(search->root, bay, "locate", place);
}

/* The part of a path that begins so: "end_device-0:0:3" of ".../end_device-0:0:3/target0:0:3/...".
 */
static bool part_of_path(const char *path, const char *start, char *out, size_t size) {
    const char *found = strstr(path, start);
    if (!found)
        return false;
    const size_t length = strcspn(found + 1, "/");
    (void)snprintf(out, size, "%.*s", (int)length, found + 1);
    return true;
}

/* What the SAS expander knows: without an SES process there may be a bay all the same. */
static void ask_sas_port(const char *root, const char *end_device, struct disk_place *place) {
    char folder[PATH_MAX];
    if (place->bay[0] != '\0')
        return;
    path_format(folder, root, "/sys/class/sas_device/%s", end_device);
    const int64_t bay = sysfs_number(folder, "bay_identifier", -1);
    if (bay < 0)
        return;
    (void)snprintf(place->bay, sizeof place->bay, "%lld", (long long)bay);
    (void)sysfs_field(folder, "enclosure_identifier", place->enclosure, sizeof place->enclosure);
    if (strncmp(place->enclosure, "0x", 2) == 0)
        memmove(place->enclosure, place->enclosure + 2, strlen(place->enclosure + 2) + 1);
}

static void find_scsi_place(const char *root, const char *address, struct disk_place *place) {
    char folder[PATH_MAX];
    char real[PATH_MAX];
    char part[64];
    struct search search = {root, address, place};
    visit_bays(root, match_bay, &search);
    path_format(folder, root, "/sys/class/scsi_device/%s/device", address);
    if (!realpath(folder, real))
        return;
    if (part_of_path(real, "/end_device-", part, sizeof part))
        ask_sas_port(root, part, place);
    if (part_of_path(real, "/ata", part, sizeof part))
        text_copy(place->port, sizeof place->port, part);
}

/* The slot's LED (PCI hot-plug, "attention"), if it has one. */
static void find_pci_place(const char *root, const char *address, struct disk_place *place) {
    char folder[PATH_MAX];
    pci_slot(root, address, place->slot, sizeof place->slot);
    if (place->slot[0] == '\0')
        return;
    path_format(folder, root, "/sys/bus/pci/slots/%s", place->slot);
    note_led(root, folder, "attention", place);
}

void place_find(const char *root, struct disk *disk) {
    for (unsigned i = 0; i < disk->path_count; i++) {
        if (disk->commands == COMMANDS_NVME)
            find_pci_place(root, disk->paths[i].address, &disk->place);
        else
            find_scsi_place(root, disk->paths[i].address, &disk->place);
    }
}

static void add_bay(void *user, const char *enclosure, const char *bay) {
    json_t *bays = user;
    char text[64];
    json_t *entry = json_new_object();
    enclosure_name(enclosure, last_part(enclosure), text, sizeof text);
    json_put_text(entry, "enclosure", text);
    bay_name(bay, text, sizeof text);
    json_put_text(entry, "bay", text);
    text_from_field(text, sizeof text, (const uint8_t *)last_part(bay), strlen(last_part(bay)));
    json_put_text(entry, "label", text);
    (void)sysfs_field(bay, "status", text, sizeof text);
    json_put_text(entry, "status", text);
    sysfs_link_name(bay, "device", text, sizeof text);
    json_put_flag(entry, "occupied", text[0] != '\0');
    json_add(bays, entry);
}

json_t *place_bays(const char *root) {
    json_t *bays = json_new_array();
    visit_bays(root, add_bay, bays);
    return bays;
}
