#include "remote.h"

#include "quietus/file.h"

#include "internal.h"

#include <fnmatch.h>
#include <unistd.h>

enum disk_bus network_of_host(const char *root, const char *address) {
    /* The kernel's transport classes; SRP is SCSI over RDMA, and is treated as a SAN is. */
    static const struct {
        const char *class;
        enum disk_bus bus;
    } classes[] = {
        {"fc_host", BUS_FIBRE_CHANNEL},
        {"iscsi_host", BUS_ISCSI},
        {"srp_host", BUS_FIBRE_CHANNEL},
    };
    const unsigned host = scsi_address_number(address, 0);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char path[PATH_MAX];
        path_format(path, root, "/sys/class/%s/host%u", classes[i].class, host);
        if (access(path, F_OK) == 0)
            return classes[i].bus;
    }
    return BUS_UNKNOWN;
}

bool is_bmc_medium(const struct disk_identity *identity) {
    /* As BMCs of AMI (and those built on it), Dell, HPE, ATEN (Supermicro), Lenovo and OpenBMC name
     * what they redirect. iLO's internal SD card and Dell's vFlash are storage in the server, but
     * the BMC's own. */
    static const struct {
        const char *vendor;
        const char *model;
    } names[] = {
        {"*", "Virtual CD*"},    {"*", "Virtual Floppy*"},
        {"*", "Virtual HDisk*"}, {"*", "Virtual Media*"},
        {"*", "Virtual DVD*"},   {"*", "Virtual HD*"},
        {"iDRAC*", "*"},         {"iLO*", "*"},
        {"HP*iLO*", "*"},        {"HP*", "iLO*"},
        {"OpenBMC*", "*"},       {"AMI", "Virtual*"},
        {"ATEN", "Virtual*"},    {"IMM*", "*"},
        {"XCC*", "*"},           {"Linux", "File-*Gadget"},
        {"*", "*Remote*Media*"}, {"Dell*", "Virtual*"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (fnmatch(names[i].vendor, identity->vendor, FNM_CASEFOLD) == 0 &&
            fnmatch(names[i].model, identity->model, FNM_CASEFOLD) == 0)
            return true;
    }
    return false;
}
