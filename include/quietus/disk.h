/*
 * A disk as the scan found it: one physical device, whatever the number of paths to it and of block
 * devices on it.
 */
#ifndef QUIETUS_DISK_H
#define QUIETUS_DISK_H

#include "quietus/ata.h"
#include "quietus/nvme_data.h"
#include "quietus/raid.h"
#include "quietus/scsi.h"
#include "quietus/tcg.h"

#include <jansson.h>

#define DISK_NODE_SIZE 64

enum disk_bus {
    BUS_UNKNOWN,
    BUS_SATA,
    BUS_SAS,
    BUS_NVME,
    BUS_USB,
    BUS_SCSI, /* neither the kernel nor the disk tells; parallel SCSI, virtual disks */
    BUS_VIRTIO,
    BUS_MMC,
    BUS_FIBRE_CHANNEL,
    BUS_ISCSI,
    BUS_NVME_FABRICS,
};

/* "sata", "sas", ... */
const char *disk_bus_name(enum disk_bus bus);

/* True for what is plugged into this machine, false for what a network brings. */
bool disk_bus_is_local(enum disk_bus bus);

/* What a disk hangs on: the PCI function and its driver; empty if there is none. */
struct disk_controller {
    char address[24];
    char driver[32];
};

enum disk_medium {
    MEDIUM_UNKNOWN,
    MEDIUM_ROTATING,
    MEDIUM_FLASH,
};

const char *disk_medium_name(enum disk_medium medium);

/* How the disk is spoken to besides reading and writing. */
enum command_set {
    COMMANDS_NONE,
    COMMANDS_SCSI,
    COMMANDS_ATA, /* through SAT, over SG_IO */
    COMMANDS_NVME,
};

/*
 * What makes a disk this disk. Read when the disk is found and again right before each destructive
 * command; texts are as text_from_field leaves them, empty if not reported.
 */
struct disk_identity {
    char vendor[TEXT_FIELD_SIZE];
    char model[TEXT_FIELD_SIZE];
    char serial[TEXT_FIELD_SIZE];
    char firmware[TEXT_FIELD_SIZE];
    char wwn[TEXT_FIELD_SIZE]; /* "naa.…", "eui.…" */
    uint64_t capacity;         /* bytes, all areas together */
};

/* True if model, serial, WWN and capacity agree; else the reason says what differs. */
bool disk_identity_same(const struct disk_identity *expected, const struct disk_identity *found,
                        struct reason *reason);

/* LBAs under one actuator, of an area that has several (VPD page B9h, ATA log 47h; as the kernel
 * reads them). In sectors of 512 bytes. */
struct actuator_range {
    uint64_t first;
    uint64_t count;
};
enum { AREA_ACTUATORS = 8 };

/* A range of LBAs that can be addressed: the disk itself, or an NVMe namespace. */
struct disk_area {
    char node[DISK_NODE_SIZE]; /* "/dev/sda"; empty: no block device (unattached, or odd sectors) */
    uint32_t nsid;             /* NVMe, else 0 */
    uint32_t lba_size;         /* data bytes */
    uint64_t lba_count;
    bool read_only;
    struct nvme_namespace ns; /* meaningful if nsid != 0 */
    struct actuator_range actuators[AREA_ACTUATORS];
    unsigned actuator_count; /* 0: one, or not told */
};

/* What the disk does with commands that come by a path. */
enum path_state {
    PATH_ANSWERS,
    PATH_STANDBY, /* it says who it is and nothing more (ALUA: SPC, asymmetric access) */
    PATH_SILENT,  /* nothing; who it is, the kernel knows from before */
};

/* "answers", ... */
const char *path_state_name(enum path_state state);

struct disk_path {
    char node[DISK_NODE_SIZE];    /* what takes commands: "/dev/sg0", "/dev/nvme0" */
    char address[DISK_NODE_SIZE]; /* "0:0:1:0" or the PCI address */
    enum path_state state;
};

enum disk_health_state { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_FAILING };

struct disk_health {
    enum disk_health_state state;
    char detail[160];
};

/* A firmware erase from before that the drive still works on, or that failed: either way nothing on
 * the disk can be read until a sanitize has succeeded. */
enum disk_erase_state { ERASE_STATE_NONE, ERASE_STATE_UNDER_WAY, ERASE_STATE_FAILED };

/* Fixed limits: more areas, paths or parts than any disk has; beyond them the scan reports a
 * finding. */
enum { DISK_AREAS = 64, DISK_PATHS = 8, DISK_PARTS = 8 };

/* Where a person finds it; each empty if it is not known. */
struct disk_place {
    char enclosure[64]; /* its logical identifier */
    char bay[64];       /* the enclosure's number for it */
    char label[64];     /* and name: "Slot 05" */
    char slot[64];      /* PCI Express */
    char port[32];      /* of an ATA controller: "ata3" */
    char led[192];      /* the attribute below /sys that switches its light */
};

struct disk {
    unsigned number; /* in the scan, from 1 */
    struct disk_identity identity;
    enum disk_bus bus;
    struct disk_controller controller;
    struct disk_place place;
    bool virtual_medium; /* the BMC's: an image on somebody's desk, shown as a USB disk */
    bool volume;         /* made by a RAID controller out of disks that are behind it */
    char volume_kind[96];
    bool hidden_member; /* a RAID controller shows it for commands only (no_uld_attach) */
    enum disk_medium medium;
    uint16_t rotation_rate; /* rpm, if rotating and reported */
    bool removable;
    enum command_set commands;
    struct disk_path paths[DISK_PATHS]; /* all commands go by the first, the others stay quiet */
    unsigned path_count;
    struct disk_area areas[DISK_AREAS];
    unsigned area_count;
    struct disk_health health;
    struct raid_place raid; /* its place in a RAID controller, if it is in one */

    /* What the disk reported, if the flag says so. */
    bool has_ata;
    struct ata_identify ata;
    bool hidden_known;       /* whether anything hides capacity has been asked and answered */
    uint64_t native_sectors; /* with what HPA, AMAC and DCO hide; then at least ata.sectors. Of a
                                SAS disk what its mode page hides even so, or 0 */
    bool has_nvme;
    struct nvme_controller nvme;
    uint64_t boot_partition_bytes; /* of each of the two, as far as it says so */
    unsigned unreached_namespaces; /* not attached, or with no block device */
    enum disk_erase_state erase_state;
    enum scsi_support scsi_sanitize_overwrite;
    enum scsi_support scsi_sanitize_block;
    enum scsi_support scsi_sanitize_crypto;
    char target_device[TEXT_FIELD_SIZE]; /* of which this is a logical unit: "naa.…", or "" */
    /*
     * The logical units of one device (a SAS disk with two actuators has two). Each is a disk of
     * its own to commands, and is erased as one; what is said above is of all of them together, the
     * WWN is the device's. None: the disk is one unit. Owned.
     */
    struct disk *parts[DISK_PARTS];
    unsigned part_count;
    unsigned units; /* disks that name the same device, but may not be taken for its parts; or 0 */
    unsigned units_reported; /* how many its device says that it has (SAS); 0: not known */
    unsigned units_missing;  /* of these, no disks of the scan */
    uint8_t protection_type;
    struct tcg_discovery tcg;
    bool psid_given;            /* by the operator; known to the run alone */
    bool tcg_unknown;           /* it has trusted computing, and discovery could not be asked */
    uint8_t after_block_erase;  /* what reads do then, as it says: enum read_promise (verify.h) */
    uint8_t after_crypto_erase; /* likewise */

    /* What is on it (libblkid), if all of it could be read; as documents and as the sorted texts
     * that an order compares. */
    bool content_known;
    json_t *content;     /* array of objects */
    json_t *content_ids; /* array of strings */

    /* An overwrite that an earlier boot left half done under the order that is at hand, proven by
     * reading (resume.h); or NULL. */
    json_t *interrupted;

    /* Another disk of the scan says that it is this one: a cloned serial number, or none. */
    bool has_twin;
    /* The last that the kernel had numbered (diskseq of sysfs) when the scan began; 0: not known.
     */
    uint64_t newest_block_device;

    bool boot_medium;
    bool has_medium_uuid; /* it carries the file system that quietus.medium names */
    char boot_reason[160];
    bool in_use;
    char use_reason[160];

    json_t *findings; /* array of strings: what a person should know about this disk */
};

/* True for what a RAID controller makes of disks: what is for drives alone must not be sent to it.
 */
bool disk_is_volume(const struct disk *disk);

/*
 * True for a disk that its identity does not tell from every other: another disk of the scan
 * reports the same, or it reports neither serial number nor WWN. Once it is gone it must not be
 * looked for: the other would be found, and taken for it.
 */
bool disk_can_be_mistaken(const struct disk *disk);

/* A new, empty disk, and its end. */
struct disk *disk_new(void);
void disk_free(struct disk *disk);

/* NULL for a disk of this machine; else what it is instead, for people ("a disk of ..."). Such a
 * disk is sent nothing, not even a question, unless an order names it. */
const char *disk_not_local(const struct disk *disk);

/* "enclosure 500304801f, bay 5, labelled Slot 05", "slot 4", "port ata3"; "" if nothing is known.
 * Returns out. */
char *disk_place_text(const struct disk_place *place, char *out, size_t size);

/* "/dev/sdb (naa.…)": how messages name a part of a disk. Returns out. */
char *disk_part_name(const struct disk *part, char *out, size_t size);

/* "SERIAL (MODEL)" or, with no serial, the node: how messages name a disk. Returns out. */
char *disk_name(const struct disk *disk, char *out, size_t size);

/* The node that a person would type: the first area's, else the first path's. */
const char *disk_node(const struct disk *disk);

/* Adds a sentence to the findings, as text_printable leaves it. */
__attribute__((format(printf, 2, 3))) void disk_finding(struct disk *disk, const char *format, ...);

#endif
