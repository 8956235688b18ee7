/* NVMe, by subsystem: one disk whatever the number of controllers, with all its namespaces. */
#include "quietus/json.h"
#include "quietus/sysfs.h"

#include "internal.h"
#include "pci.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_number(const char *text) {
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* "nvme3": a controller. */
static bool is_controller(const char *name) {
    return strncmp(name, "nvme", 4) == 0 && is_number(name + 4);
}

/* "nvme3n1": a namespace; not "nvme3c3n1" (one path of several) nor "nvme3n1p1". */
static bool is_namespace(const char *name) {
    if (strncmp(name, "nvme", 4) != 0)
        return false;
    const char *p = name + 4;
    const size_t digits = strspn(p, "0123456789");
    return digits > 0 && p[digits] == 'n' && is_number(p + digits + 1);
}

static void add_namespaces(const char *root, const char *folder, struct disk *disk) {
    char path[PATH_MAX];
    char **names;
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        if (!is_namespace(names[i]))
            continue;
        struct disk_area *area = scan_add_area(root, disk, names[i]);
        path_format(path, folder, "/%s", names[i]);
        if (area)
            area->nsid = (uint32_t)sysfs_number(path, "nsid", 0);
    }
    folder_free_names(names, count);
}

static int compare_areas(const void *a, const void *b) {
    const struct disk_area *one = a;
    const struct disk_area *other = b;
    return one->nsid < other->nsid ? -1 : one->nsid > other->nsid;
}

/* One that has been unplugged stays in its subsystem, as a link to nothing, as long as somebody has
 * its node open. */
static bool is_there(const char *root, const char *name) {
    char folder[PATH_MAX];
    path_format(folder, root, "/sys/class/nvme/%s", name);
    return access(folder, F_OK) == 0;
}

static bool is_live(const char *root, const char *name) {
    char folder[PATH_MAX];
    char text[64];
    path_format(folder, root, "/sys/class/nvme/%s", name);
    (void)sysfs_text(folder, "state", text, sizeof text);
    return strcmp(text, "live") == 0;
}

static void add_controller(const char *root, const char *name, struct disk *disk) {
    char folder[PATH_MAX];
    char text[64];
    path_format(folder, root, "/sys/class/nvme/%s", name);
    if (disk->path_count == DISK_PATHS) {
        disk_finding(disk, "more than %d controllers; %s is not used", DISK_PATHS, name);
        return;
    }
    struct disk_path *path = &disk->paths[disk->path_count++];
    (void)snprintf(path->node, sizeof path->node, "/dev/%.50s", name);
    (void)sysfs_text(folder, "address", path->address, sizeof path->address);
    (void)sysfs_text(folder, "transport", text, sizeof text);
    /* One controller over a network makes it a network's disk, whatever the others are. Apple's are
     * on the board. */
    if (strcmp(text, "pcie") != 0 && strcmp(text, "apple-nvme") != 0)
        disk->bus = BUS_NVME_FABRICS;
    if (disk->controller.address[0] == '\0')
        pci_controller_of(folder, &disk->controller);
    (void)sysfs_text(folder, "state", text, sizeof text);
    if (!is_live(root, name))
        disk_finding(disk, "controller %s is in state '%s'", name, text);
    add_namespaces(root, folder, disk);
}

static void read_names(const char *folder, struct disk_identity *id) {
    (void)sysfs_field(folder, "model", id->model, sizeof id->model);
    (void)sysfs_field(folder, "serial", id->serial, sizeof id->serial);
    (void)sysfs_field(folder, "firmware_rev", id->firmware, sizeof id->firmware);
}

static void find_subsystem(const char *root, const char *folder, struct scan *scan) {
    char **names;
    struct disk *disk = scan_add(scan, BUS_NVME);
    disk->commands = COMMANDS_NVME;
    disk->medium = MEDIUM_FLASH;
    read_names(folder, &disk->identity);
    const size_t count = folder_names(folder, &names);
    /* Those that work first: the first path is the one that is used. */
    for (int live = 1; live >= 0; live--) {
        for (size_t i = 0; i < count; i++) {
            if (is_controller(names[i]) && is_there(root, names[i]) &&
                is_live(root, names[i]) == live)
                add_controller(root, names[i], disk);
        }
    }
    folder_free_names(names, count);
    add_namespaces(root, folder, disk);
    /* The kernel's names follow the order in which its probes end, and the first namespace's name
     * is a part of the disk's identity. */
    qsort(disk->areas, disk->area_count, sizeof *disk->areas, compare_areas);
    if (disk->area_count == 0)
        disk_finding(disk, "no namespace is attached to a controller of this machine");
}

void scan_find_nvme(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char subsystem[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/class/nvme-subsystem");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(subsystem, folder, "/%s", names[i]);
        find_subsystem(root, subsystem, scan);
    }
    folder_free_names(names, count);
}
