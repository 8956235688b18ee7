#include "volumes.h"

#include "quietus/cleanup.h"
#include "quietus/finding.h"
#include "quietus/sysfs.h"

#include "internal.h"
#include "pci.h"

#include <fnmatch.h>
#include <string.h>

/* How a driver's volumes are told from the physical disks that it shows beside them. */
enum volumes {
    VOLUMES_ALL,          /* it shows nothing else */
    VOLUMES_FROM_CHANNEL, /* the SCSI channel, from this one on */
    VOLUMES_ON_CHANNEL,   /* this one alone */
    VOLUMES_WITH_LEVEL,   /* sysfs has a RAID level for them, and "N/A" for disks */
    VOLUMES_WITHOUT_PORT, /* physical disks hang on a SAS port */
};

/*
 * By kernel driver. The channels are those of the drivers' own sources: megaraid_sas keeps 0 and 1
 * for physical disks, mptsas and mpt3sas put volumes on 1, aacraid its containers on 0. hides:
 * disks may be there of which the kernel shows nothing at all. DEVICE-FACTS E.4.
 */
static const struct controller_kind {
    const char *driver;
    enum volumes volumes;
    unsigned channel;
    bool hides;
    bool cache; /* has or may have a cache that outlives a power cut */
    const char *tool;
} drivers[] = {
    {"megaraid_sas", VOLUMES_FROM_CHANNEL, 2, true, true, "storcli or perccli"},
    {"megaraid_legacy", VOLUMES_ALL, 0, true, true, "the controller's BIOS"},
    {"megaraid", VOLUMES_ALL, 0, true, true, "the controller's BIOS"},
    {"hpsa", VOLUMES_WITH_LEVEL, 0, false, true, "ssacli"},
    {"smartpqi", VOLUMES_WITH_LEVEL, 0, true, true, "ssacli or arcconf"},
    {"aacraid", VOLUMES_ON_CHANNEL, 0, false, true, "arcconf"},
    {"mpt3sas", VOLUMES_ON_CHANNEL, 1, false, false, "sas3ircu or lsiutil"},
    {"mptsas", VOLUMES_ON_CHANNEL, 1, false, false, "lsiutil"},
    {"mptspi", VOLUMES_ON_CHANNEL, 1, false, false, "lsiutil"},
    {"mpi3mr", VOLUMES_WITHOUT_PORT, 0, true, true, "storcli2"},
    {"3w-xxxx", VOLUMES_ALL, 0, true, true, "tw_cli"},
    {"3w-9xxx", VOLUMES_ALL, 0, true, true, "tw_cli"},
    {"3w-sas", VOLUMES_ALL, 0, true, true, "tw_cli"},
    {"arcmsr", VOLUMES_ALL, 0, true, true, "cli64 (Areca)"},
    {"esas2r", VOLUMES_ALL, 0, true, true, "the controller's own tool (ATTO)"},
    {"hptiop", VOLUMES_ALL, 0, true, true, "hptraidconf"},
    {"stex", VOLUMES_ALL, 0, true, true, "the controller's own tool (Promise)"},
    {"mvumi", VOLUMES_ALL, 0, true, false, "the controller's own tool (Marvell)"},
    {"myrb", VOLUMES_WITH_LEVEL, 0, false, true, "the controller's BIOS"},
    {"myrs", VOLUMES_WITH_LEVEL, 0, false, true, "the controller's BIOS"},
    {"ips", VOLUMES_ALL, 0, true, true, "the controller's BIOS"},
};

/* What volumes call themselves in INQUIRY or IDENTIFY, whatever the driver: a boot card such as
 * Dell's BOSS is an ordinary AHCI controller. */
static const struct {
    const char *vendor;
    const char *model;
} volume_names[] = {
    {"*", "DELLBOSS*"},
    {"*", "*Logical Volume*"},
    {"*", "*Virtual Disk*RAID*"},
    {"DELL", "PERC *"},
    {"DELL*", "BOSS*"},
    {"LSI", "MR*"},
    {"AVAGO", "MR*"},
    {"BROADCOM", "MR*"},
    {"HPE", "MR*"},
    {"Lenovo", "RAID*"},
    {"IBM", "ServeRAID*"},
    {"Intel", "RMS*"},
    {"*", "Marvell*Raid*VD*"},
    {"Areca", "*"},
    {"AMCC", "*"},
    {"3ware", "*"},
    {"MegaRAID", "*"},
    {"*", "*RAID*Volume*"},
};

static const struct controller_kind *kind_of_driver(const char *name) {
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (strcmp(drivers[i].driver, name) == 0)
            return &drivers[i];
    }
    return NULL;
}

static bool is_named_like_a_volume(const struct disk_identity *identity) {
    for (size_t i = 0; i < sizeof volume_names / sizeof *volume_names; i++) {
        if (fnmatch(volume_names[i].vendor, identity->vendor, FNM_CASEFOLD) == 0 &&
            fnmatch(volume_names[i].model, identity->model, FNM_CASEFOLD) == 0)
            return true;
    }
    return false;
}

/* The RAID level as the driver (hpsa, smartpqi: raid_level; aacraid: level) or the kernel's RAID
 * class (mpt3sas) has it; "" if nobody says. */
static void read_level(const char *root, const char *folder, const char *address, char *out,
                       size_t size) {
    static const char *const attributes[] = {"raid_level", "level"};
    char class[PATH_MAX];
    path_format(class, root, "/sys/class/raid_devices/%s", address);
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (sysfs_field(folder, attributes[i], out, size) == 0 && out[0] != '\0')
            return;
    }
    (void)sysfs_field(class, "level", out, size);
}

static bool says_physical(const char *level) {
    return level[0] == '\0' || strcasecmp(level, "N/A") == 0 || strcasecmp(level, "JBOD") == 0 ||
           strcasecmp(level, "Hidden") == 0;
}

static bool is_volume(const struct controller_kind *driver, const struct disk *disk,
                      const char *level) {
    const char *address = disk->path_count > 0 ? disk->paths[0].address : "";
    const unsigned channel = scsi_address_number(address, 1);
    switch (driver->volumes) {
    case VOLUMES_ALL:
        return true;
    case VOLUMES_FROM_CHANNEL:
        return channel >= driver->channel;
    case VOLUMES_ON_CHANNEL:
        return channel == driver->channel;
    case VOLUMES_WITH_LEVEL:
        return !says_physical(level);
    case VOLUMES_WITHOUT_PORT:
        return disk->bus != BUS_SAS && disk->bus != BUS_SATA;
    }
    return true;
}

static void note_volume(struct disk *disk, const char *level) {
    disk->volume = true;
    disk->medium = MEDIUM_UNKNOWN; /* what the volume says is the controller's guess */
    (void)snprintf(disk->volume_kind, sizeof disk->volume_kind, "%s%s%s",
                   says_physical(level) ? "RAID volume" : level,
                   disk->controller.driver[0] ? " of " : "", disk->controller.driver);
    disk_finding(disk,
                 "it is no disk but a volume (%s): the disks behind it are not seen through it, "
                 "and no firmware erase reaches them",
                 disk->volume_kind);
}

void volume_note(const char *root, const char *folder, struct disk *disk) {
    char level[48];
    const struct controller_kind *driver = kind_of_driver(disk->controller.driver);
    read_level(root, folder, disk->path_count > 0 ? disk->paths[0].address : "", level,
               sizeof level);
    if ((driver && is_volume(driver, disk, level)) || is_named_like_a_volume(&disk->identity)) {
        note_volume(disk, level);
    } else if (driver && disk->area_count == 0) {
        disk->hidden_member = true;
        disk_finding(disk,
                     "the controller (%s) hides it as a member or a spare of a RAID volume: delete "
                     "the volume or make the disk JBOD (%s), then it can be erased as a disk",
                     driver->driver, driver->tool);
    }
}

/* What the scan has behind one controller. */
struct behind {
    unsigned volumes;
    unsigned members;
};

static struct behind count_behind(const struct scan *scan, const char *address) {
    struct behind found = {0};
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *disk = scan->disks[i];
        if (strcmp(disk->controller.address, address) != 0)
            continue;
        found.volumes += disk->volume;
        found.members += disk->hidden_member;
    }
    return found;
}

static void add_raid_finding(const char *root, const char *address,
                             const struct controller_kind *driver, struct scan *scan) {
    char slot[64];
    char reason[512];
    char remedy[256];
    const struct behind behind = count_behind(scan, address);
    if (!driver->hides && behind.volumes + behind.members == 0)
        return;
    pci_slot(root, address, slot, sizeof slot);
    (void)snprintf(
        reason, sizeof reason,
        "RAID controller, with %u volumes and %u hidden members in this scan; %s%s", behind.volumes,
        behind.members,
        driver->hides ? "disks in volumes, spares and unconfigured ones may be there unseen"
                      : "the members of its volumes are not erased as disks",
        driver->cache ? "; its cache may keep data by battery or flash, which no erase of a disk "
                        "reaches"
                      : "");
    (void)snprintf(remedy, sizeof remedy,
                   "delete the volumes and make every disk JBOD (HBA mode) with %s%s, then boot "
                   "again",
                   driver->tool, driver->cache ? ", discard its preserved cache" : "");
    finding_add(scan->findings, &(struct finding){.kind = "raid",
                                                  .controller = driver->driver,
                                                  .address = address,
                                                  .slot = slot,
                                                  .reason = reason,
                                                  .remedy = remedy});
}

void scan_find_controllers(const char *root, struct scan *scan) {
    char folder[PATH_MAX];
    char device[PATH_MAX];
    char name[64];
    char **names;
    path_format(folder, root, "/sys/bus/pci/devices");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(device, folder, "/%s", names[i]);
        sysfs_link_name(device, "driver", name, sizeof name);
        const struct controller_kind *driver = kind_of_driver(name);
        if (driver)
            add_raid_finding(root, names[i], driver, scan);
    }
    folder_free_names(names, count);
}
