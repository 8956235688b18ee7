#include "quietus/cleanup.h"
#include "quietus/stick.h"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <string.h>

static bool value_is(blkid_probe probe, const char *name, const char *expected) {
    const char *value;
    return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 && strcmp(value, expected) == 0;
}

bool stick_is_on(const char *device) {
    const AUTO_FD fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    blkid_probe probe = fd < 0 ? NULL : blkid_new_probe();
    if (!probe)
        return false;
    (void)blkid_probe_enable_superblocks(probe, 1);
    (void)blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
    const bool found = blkid_probe_set_device(probe, fd, 0, 0) == 0 &&
                       blkid_do_safeprobe(probe) == 0 && value_is(probe, "TYPE", "vfat") &&
                       value_is(probe, "LABEL", STICK_LABEL);
    blkid_free_probe(probe);
    return found;
}
