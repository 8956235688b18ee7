/*
 * The physical disks behind RAID controllers that the kernel has no device for: reached by the
 * pass-through of the controllers' drivers (DEVICE-FACTS E.4).
 */
#ifndef QUIETUS_RAID_H
#define QUIETUS_RAID_H

#include "quietus/bytes.h"
#include "quietus/text.h"

enum raid_driver {
    RAID_DRIVER_NONE,
    RAID_MEGARAID, /* megaraid_sas: PERC, MegaRAID */
    RAID_CCISS,    /* hpsa, smartpqi: Smart Array */
};

/* "megaraid", "cciss". */
const char *raid_driver_name(enum raid_driver driver);

enum raid_role {
    RAID_ROLE_NONE,
    RAID_VOLUME,  /* what a controller makes of its disks: the kernel's /dev/sdX */
    RAID_SPARE,   /* a disk that no volume uses, and that the controller keeps its hands off */
    RAID_MEMBER,  /* a disk that a volume uses, or that the controller may use at any time */
    RAID_EXPOSED, /* a disk that the host sees directly too */
};

const char *raid_role_name(enum raid_role role);

/* What takes the commands of a disk behind a controller. */
struct raid_address {
    enum raid_driver driver;
    uint16_t host;      /* the number of the SCSI host */
    uint16_t device_id; /* megaraid */
    uint8_t lun[8];     /* cciss */
    char node[64];      /* what takes the ioctl */
};

/* What the scan knows of a disk's place in a controller; all zero for other disks. */
struct raid_place {
    struct raid_address address; /* volumes: driver and host alone */
    enum raid_role role;
    char state[48]; /* as the controller has it: "online" */
    bool has_slot;
    uint16_t enclosure;
    uint8_t slot;
    bool not_a_disk;   /* an enclosure, a tape, ... */
    bool no_registers; /* ATA: registers do not come back, so nothing that ends in them is known */
};

/* True for what is reached by a controller's pass-through. */
static inline bool raid_is_behind(const struct raid_place *place) {
    return place->role == RAID_SPARE || place->role == RAID_MEMBER || place->role == RAID_EXPOSED;
}

/* One line of a controller's list of its physical devices. */
struct raid_entry {
    uint16_t device_id;
    uint8_t lun[8];
    bool has_slot;
    uint16_t enclosure;
    uint8_t slot;
    bool exposed;    /* cciss: the host sees it too */
    bool not_a_disk; /* the list says so already */
};

enum { RAID_ENTRIES = 512, MEGARAID_PD_INFO_SIZE = 512 };

/*
 * MegaRAID: the answers to PD_GET_LIST and PD_GET_INFO (little-endian). 0; -EBADMSG if they are cut
 * short or say something impossible; -E2BIG for more than RAID_ENTRIES.
 */
int megaraid_decode_list(struct bytes data, struct raid_entry out[RAID_ENTRIES], size_t *count);
int megaraid_decode_info(struct bytes data, uint16_t device_id, struct raid_place *out);

/* CISS: the answer to REPORT PHYSICAL LUNS (big-endian). Likewise. */
int cciss_decode_list(struct bytes data, struct raid_entry out[RAID_ENTRIES], size_t *count);

/* Bytes that an answer with all entries has. */
enum { MEGARAID_LIST_SIZE = 8 + 24 * RAID_ENTRIES, CCISS_LIST_SIZE = 8 + 8 * RAID_ENTRIES };

/*
 * Asks a controller for its physical devices (only address.driver, host and node are used). 0 or
 * negative errno.
 */
int raid_list(const struct raid_address *controller, struct raid_entry out[RAID_ENTRIES],
              size_t *count);

/* Asks what a controller does with one of its disks: role and state. 0 or negative errno, and then
 * the disk counts as a member. */
int raid_ask_state(const struct raid_address *disk, const struct raid_entry *entry,
                   struct raid_place *out);

/* What takes the ioctls of megaraid_sas; made if the driver is there and its node is not. 0 or
 * negative errno. */
int raid_megaraid_node(char *out, size_t size);

#endif
