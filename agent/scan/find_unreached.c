/* Storage that no disk of the scan stands for: controllers without a driver, what a chipset hides,
 * persistent memory. */
#include "quietus/finding.h"
#include "quietus/sysfs.h"
#include "quietus/text.h"

#include "internal.h"
#include "pci.h"

#include <inttypes.h>
#include <string.h>

/* Intel's Volume Management Device, by the kernel's own table (drivers/pci/controller/vmd.c). */
static const uint16_t vmd_ids[] = {0x201d, 0x28c0, 0x467f, 0x4c3d, 0xa77f,
                                   0x7d0b, 0xad0b, 0x9a0b, 0xb60b, 0xb06f};
enum { VENDOR_INTEL = 0x8086 };

static bool is_vmd(int64_t vendor, int64_t device) {
    for (size_t i = 0; i < sizeof vmd_ids / sizeof *vmd_ids; i++) {
        if (vendor == VENDOR_INTEL && device == vmd_ids[i])
            return true;
    }
    return false;
}

/* PCI class codes: base class and subclass (PCI Code and ID Assignment Specification). */
enum { CLASS_STORAGE = 0x01, CLASS_RAID = 0x0104, CLASS_NVME = 0x0108 };

static void add(const char *root, const char *address, const char *kind, const char *controller,
                const char *reason, const char *remedy, struct scan *scan) {
    char slot[64];
    pci_slot(root, address, slot, sizeof slot);
    finding_add(scan->findings, &(struct finding){.kind = kind,
                                                  .controller = controller,
                                                  .address = address,
                                                  .slot = slot,
                                                  .reason = reason,
                                                  .remedy = remedy});
}

/* IDE functions without ports bind no driver on some boards, which is worth a line all the same. */
static void note_no_driver(const char *root, const char *address, const char *folder,
                           struct scan *scan) {
    char name[64];
    const int64_t class = sysfs_number(folder, "class", 0);
    const int64_t vendor = sysfs_number(folder, "vendor", 0);
    const int64_t device = sysfs_number(folder, "device", 0);
    (void)snprintf(name, sizeof name, "PCI %04llx:%04llx (class %06llx)",
                   (unsigned long long)vendor, (unsigned long long)device,
                   (unsigned long long)class);
    if (is_vmd(vendor, device)) {
        add(root, address, "vmd", name,
            "Intel VMD without its driver: NVMe disks behind it are not seen",
            "switch VMD off in the BIOS, or boot an image with the kernel's vmd driver", scan);
        return;
    }
    if (class >> 16 != CLASS_STORAGE)
        return;
    add(root, address, "no-driver", name,
        class >> 8 == CLASS_NVME
            ? "NVMe controller without a driver: none took it, or the drive did not start"
            : "storage controller without a driver: disks behind it are not seen",
        class >> 8 == CLASS_NVME
            ? "power the server off and on; if the drive stays silent, take it out"
            : "move the disks to another controller, or use an image with a driver for this one; "
              "if nothing is connected to it, nothing is missed",
        scan);
}

/* The ahci driver counts what Intel RST keeps behind its own registers (remapped_nvme). */
static void note_remapped(const char *root, const char *address, const char *folder,
                          struct scan *scan) {
    char reason[160];
    const int64_t remapped = sysfs_number(folder, "remapped_nvme", -1);
    const bool raid_mode = sysfs_number(folder, "class", 0) >> 8 == CLASS_RAID &&
                           sysfs_number(folder, "vendor", 0) == VENDOR_INTEL;
    if (remapped > 0)
        (void)snprintf(reason, sizeof reason,
                       "Intel RST keeps %" PRId64 " NVMe disks behind it, which cannot be reached",
                       remapped);
    else if (raid_mode && remapped < 0)
        text_copy(reason, sizeof reason,
                  "it is in RAID mode, and the driver does not say whether NVMe disks are "
                  "remapped behind it");
    else
        return;
    add(root, address, "remapped-nvme", "ahci", reason,
        "switch the BIOS from RAID (RST, Optane) to AHCI, and boot again", scan);
}

static void look_at_pci(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/bus/pci/devices");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        char driver[64];
        path_format(device, folder, "/%s", names[i]);
        sysfs_link_name(device, "driver", driver, sizeof driver);
        if (driver[0] == '\0')
            note_no_driver(root, names[i], device, scan);
        else if (strcmp(driver, "ahci") == 0)
            note_remapped(root, names[i], device, scan);
    }
    folder_free_names(names, count);
}

/* A module's line says what to do with the whole of it; what of it has a block device is a disk of
 * the scan. */
static void note_memory_module(const char *name, const char *folder, struct scan *scan) {
    char reason[192];
    char security[32];
    (void)sysfs_text(folder, "security", security, sizeof security);
    (void)snprintf(reason, sizeof reason,
                   "persistent memory module%s%s: only namespaces with a block device can be "
                   "overwritten here, not what is reserved, unallocated or in a label area",
                   security[0] ? ", security " : "", security);
    finding_add(scan->findings,
                &(struct finding){.kind = "nvdimm",
                                  .controller = name,
                                  .reason = reason,
                                  .remedy = "secure erase of persistent memory in the BIOS, or "
                                            "ndctl sanitize-dimm"});
}

static void note_memory_namespace(const char *name, const char *folder, struct scan *scan) {
    char block[PATH_MAX];
    char reason[192];
    char mode[32];
    char **names;
    path_format(block, folder, "/block");
    const size_t count = folder_names(block, &names);
    folder_free_names(names, count);
    const int64_t size = sysfs_number(folder, "size", 0);
    if (count > 0 || size <= 0)
        return;
    (void)sysfs_text(folder, "mode", mode, sizeof mode);
    (void)snprintf(reason, sizeof reason,
                   "persistent memory of %" PRId64 " bytes%s%s without a block device", size,
                   mode[0] ? ", mode " : "", mode);
    finding_add(scan->findings,
                &(struct finding){.kind = "nvdimm",
                                  .controller = name,
                                  .reason = reason,
                                  .remedy = "ndctl create-namespace with mode fsdax or raw, or "
                                            "secure erase of the module in the BIOS"});
}

/* The firmware's device for all NVDIMMs (ACPI: _HID ACPI0012, "NVDIMM root device"). */
static void note_memory_without_driver(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/bus/acpi/devices");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        char driver[64];
        if (strncmp(names[i], "ACPI0012:", 9) != 0)
            continue;
        path_format(device, folder, "/%s/physical_node", names[i]);
        sysfs_link_name(device, "driver", driver, sizeof driver);
        if (driver[0] != '\0')
            continue;
        path_format(device, folder, "/%s", names[i]);
        sysfs_link_name(device, "driver", driver, sizeof driver);
        if (driver[0] == '\0')
            finding_add(scan->findings,
                        &(struct finding){.kind = "nvdimm",
                                          .controller = names[i],
                                          .reason = "persistent memory may be there, and nothing "
                                                    "drives it: what it holds is not seen",
                                          .remedy = "secure erase of persistent memory in the "
                                                    "BIOS, if the server has any"});
    }
    folder_free_names(names, count);
}

static void look_at_nvdimms(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char **names;
    path_format(folder, root, "/sys/bus/nd/devices");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(device, folder, "/%s", names[i]);
        if (strncmp(names[i], "nmem", 4) == 0)
            note_memory_module(names[i], device, scan);
        else if (strncmp(names[i], "namespace", 9) == 0)
            note_memory_namespace(names[i], device, scan);
    }
    folder_free_names(names, count);
}

void scan_find_unreached(const char *root, struct scan *scan) {
    look_at_pci(root, scan);
    look_at_nvdimms(root, scan);
    note_memory_without_driver(root, scan);
}
