#include "quietus/cleanup.h"
#include "quietus/stick.h"
#include "quietus/sysfs.h"
#include "quietus/text.h"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *value_of(blkid_probe probe, const char *name) {
    const char *value;
    return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 ? value : "";
}

/* The whole stick's folder in sysfs, of a partition too. */
static void find_folder(const char *root, const char *device, char folder[PATH_MAX]) {
    char partition[PATH_MAX];
    const char *slash = strrchr(device, '/');
    const char *node = slash ? slash + 1 : device;
    path_format(partition, root, "/sys/class/block/%s/partition", node);
    const bool is_part = access(partition, F_OK) == 0;
    path_format(folder, root, "/sys/class/block/%s%s", node, is_part ? "/.." : "");
}

static void add(char name[STICK_NAME_SIZE], const char *before, const char *text) {
    const size_t used = strlen(name);
    if (text[0] != '\0')
        (void)snprintf(name + used, STICK_NAME_SIZE - used, "%s%s", before, text);
}

static void make_name(const char *root, const char *device, const char *volume,
                      char name[STICK_NAME_SIZE]) {
    char folder[PATH_MAX];
    char vendor[TEXT_FIELD_SIZE];
    char model[TEXT_FIELD_SIZE];
    char size[32] = "";
    find_folder(root, device, folder);
    (void)sysfs_field(folder, "device/vendor", vendor, sizeof vendor);
    (void)sysfs_field(folder, "device/model", model, sizeof model);
    const int64_t sectors = sysfs_number(folder, "size", 0); /* of 512 bytes, whatever it has */
    if (sectors > 0)
        (void)text_size(size, sizeof size, (uint64_t)sectors * 512);
    if (strncmp(model, vendor, strlen(vendor)) == 0)
        vendor[0] = '\0';          /* the model has it already */
    vendor[24] = model[48] = '\0'; /* SCSI's have 8 and 16 characters; room for escapes */
    (void)snprintf(name, STICK_NAME_SIZE, "%.40s (", device);
    add(name, "", vendor);
    add(name, vendor[0] ? " " : "", model);
    add(name, vendor[0] || model[0] ? ", " : "", size);
    add(name, name[strlen(name) - 1] == '(' ? "volume " : ", volume ", volume);
    add(name, "", ")");
}

bool stick_is_on(const char *root, const char *device, char name[STICK_NAME_SIZE]) {
    const AUTO_FD fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    blkid_probe probe = fd < 0 ? NULL : blkid_new_probe();
    name[0] = '\0';
    if (!probe)
        return false;
    (void)blkid_probe_enable_superblocks(probe, 1);
    (void)blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
                                                       BLKID_SUBLKS_UUID);
    const bool found = blkid_probe_set_device(probe, fd, 0, 0) == 0 &&
                       blkid_do_safeprobe(probe) == 0 &&
                       strcmp(value_of(probe, "TYPE"), "vfat") == 0 &&
                       strcmp(value_of(probe, "LABEL"), STICK_LABEL) == 0;
    if (found)
        make_name(root, device, value_of(probe, "UUID"), name);
    blkid_free_probe(probe);
    return found;
}
