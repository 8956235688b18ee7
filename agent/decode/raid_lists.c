/*
 * What RAID controllers say of their physical disks. MegaRAID: structures of the Linux driver
 * (megaraid_sas.h, BSD mfi and mrsas agree); CISS: REPORT PHYSICAL LUNS as hpsa reads it.
 */
#include "quietus/raid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_disk_type(uint8_t type) {
    enum { DISK = 0x00, HOST_MANAGED_ZONED = 0x14 };
    return (type & 0x1f) == DISK || (type & 0x1f) == HOST_MANAGED_ZONED;
}

const char *raid_driver_name(enum raid_driver driver) {
    static const char *const names[] = {"", "megaraid", "cciss"};
    return names[driver];
}

const char *raid_role_name(enum raid_role role) {
    static const char *const names[] = {"", "volume", "spare", "member", "exposed"};
    return names[role];
}

/* MR_PD_LIST: size, count, then 24 bytes for each device. */
int megaraid_decode_list(struct bytes data, struct raid_entry out[RAID_ENTRIES], size_t *count) {
    enum { HEADER = 8, ENTRY = 24, NO_ENCLOSURE = 0xffff };
    if (data.length < HEADER)
        return -EBADMSG;
    const uint32_t wanted = get_le32(data.data + 4);
    if (wanted > RAID_ENTRIES)
        return -E2BIG;
    if (data.length < HEADER + (size_t)wanted * ENTRY)
        return -EBADMSG;
    for (size_t i = 0; i < wanted; i++) {
        const uint8_t *p = data.data + HEADER + i * ENTRY;
        out[i] = (struct raid_entry){
            .device_id = get_le16(p),
            .has_slot = get_le16(p + 2) != NO_ENCLOSURE,
            .enclosure = get_le16(p + 2),
            .slot = p[5],
            .not_a_disk = !is_disk_type(p[6]),
        };
    }
    *count = wanted;
    return 0;
}

/* MR_PD_STATE. What the firmware may read or write by itself is a member. */
static const struct {
    uint16_t code;
    enum raid_role role;
    const char *name;
} states[] = {
    {0x00, RAID_SPARE, "unconfigured good"},
    {0x01, RAID_SPARE, "unconfigured bad"},
    {0x02, RAID_MEMBER, "hot spare"},
    {0x10, RAID_MEMBER, "offline"},
    {0x11, RAID_MEMBER, "failed"},
    {0x14, RAID_MEMBER, "rebuild"},
    {0x18, RAID_MEMBER, "online"},
    {0x20, RAID_MEMBER, "copyback"},
    {0x40, RAID_EXPOSED, "JBOD"},
};

static void take_state(uint16_t code, struct raid_place *out) {
    out->role = RAID_MEMBER;
    (void)snprintf(out->state, sizeof out->state, "unknown (%02xh)", code);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (states[i].code != code)
            continue;
        out->role = states[i].role;
        text_copy(out->state, sizeof out->state, states[i].name);
    }
}

/* MR_PD_INFO: the state at 184, flags of membership at 188. */
int megaraid_decode_info(struct bytes data, uint16_t device_id, struct raid_place *out) {
    enum { STATE = 184, FLAGS = 188, IN_VOLUME = 1, GLOBAL_SPARE = 2, IS_SPARE = 3, FOREIGN = 4 };
    if (data.length < FLAGS + 2 || get_le16(data.data) != device_id)
        return -EBADMSG;
    const uint16_t flags = get_le16(data.data + FLAGS);
    take_state(get_le16(data.data + STATE), out);
    if (bit(flags, FOREIGN)) {
        const size_t used = strlen(out->state);
        (void)snprintf(out->state + used, sizeof out->state - used, ", foreign configuration");
    }
    if (out->role == RAID_SPARE &&
        (bit(flags, IN_VOLUME) || bit(flags, GLOBAL_SPARE) || bit(flags, IS_SPARE)))
        out->role = RAID_MEMBER;
    return 0;
}

/* The length of the list, the form of its entries (0: 8 bytes each), and the entries. The two upper
 * bits of byte 3 are set where the controller keeps the device from the host. */
int cciss_decode_list(struct bytes data, struct raid_entry out[RAID_ENTRIES], size_t *count) {
    enum { HEADER = 8, ENTRY = 8, MASKED = 0xc0 };
    if (data.length < HEADER || data.data[4] != 0)
        return -EBADMSG;
    const uint32_t length = get_be32(data.data);
    if (length % ENTRY != 0)
        return -EBADMSG;
    if (length / ENTRY > RAID_ENTRIES)
        return -E2BIG;
    if (data.length - HEADER < length)
        return -EBADMSG;
    for (size_t i = 0; i < length / ENTRY; i++) {
        const uint8_t *p = data.data + HEADER + i * ENTRY;
        out[i] = (struct raid_entry){.exposed = (p[3] & MASKED) == 0};
        memcpy(out[i].lun, p, ENTRY);
    }
    *count = length / ENTRY;
    return 0;
}
