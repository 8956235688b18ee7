#include "pci.h"

#include "quietus/sysfs.h"

#include <stdlib.h>
#include <string.h>

/* "0000:3b:00.0"; a domain may have more digits (VMD counts from 10000h). */
static bool is_pci_address(const char *name, size_t length) {
    static const char end[] = ":xx:xx.x";
    enum { LEAST_DOMAIN = 4, MOST_DOMAIN = 8 };
    const size_t rest = sizeof end - 1;
    if (length < LEAST_DOMAIN + rest || length > MOST_DOMAIN + rest)
        return false;
    const char *tail = name + length - rest;
    return strspn(name, "0123456789abcdef") == length - rest && tail[0] == ':' && tail[3] == ':' &&
           tail[6] == '.';
}

void pci_controller_of(const char *folder, struct disk_controller *out) {
    char real[PATH_MAX];
    *out = (struct disk_controller){0};
    if (!realpath(folder, real))
        return;
    for (char *slash; (slash = strrchr(real, '/'));) {
        const char *name = slash + 1;
        if (is_pci_address(name, strlen(name))) {
            text_copy(out->address, sizeof out->address, name);
            sysfs_link_name(real, "driver", out->driver, sizeof out->driver);
            return;
        }
        *slash = '\0';
    }
}

void pci_slot(const char *root, const char *address, char *out, size_t size) {
    char folder[PATH_MAX];
    char slot[PATH_MAX];
    char **names;
    out[0] = '\0';
    path_format(folder, root, "/sys/bus/pci/slots");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        char text[64];
        path_format(slot, folder, "/%s", names[i]);
        /* Of all functions of the device in the slot: "0000:3b:00". */
        if (sysfs_text(slot, "address", text, sizeof text) == 0 && text[0] != '\0' &&
            strncmp(address, text, strlen(text)) == 0 && address[strlen(text)] == '.')
            text_copy(out, size, names[i]);
    }
    folder_free_names(names, count);
}
