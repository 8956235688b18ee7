/* What is on a disk: partition tables and file systems, RAID, LVM and LUKS members (libblkid). */
#include "quietus/cleanup.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/sysfs.h"

#include "internal.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

static void cleanup_probe(blkid_probe *probe) {
    if (*probe)
        blkid_free_probe(*probe);
}
#define AUTO_PROBE __attribute__((cleanup(cleanup_probe))) blkid_probe

/* A value that libblkid found, cleaned like what a device reports; "" if it found none. */
static void probed_text(blkid_probe probe, const char *name, char *out, size_t size) {
    const char *value;
    out[0] = '\0';
    if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0)
        text_from_field(out, size, (const uint8_t *)value, strlen(value));
}

/* Where something is, for the ids that an order compares: "disk", "ns2", "p1@1048576". */
struct place {
    const struct disk_area *area;
    int partition; /* 0: the whole area */
    uint64_t offset;
};

static void put_id(struct disk *disk, const struct place *place, const char *type,
                   const char *uuid) {
    char where[64] = "disk";
    char text[512];
    if (place->partition > 0)
        (void)snprintf(where, sizeof where, "p%d@%" PRIu64, place->partition, place->offset);
    if (place->area->nsid != 0)
        (void)snprintf(text, sizeof text, "ns%" PRIu32 " %s %s %s", place->area->nsid, where, type,
                       uuid);
    else
        (void)snprintf(text, sizeof text, "%s %s %s", where, type, uuid);
    json_add_text(disk->content_ids, text);
}

/* Every signature in a range, not only the one that wins: left-overs are content too. */
static json_t *probe_signatures(int fd, const struct place *place, uint64_t size,
                                struct disk *disk) {
    json_t *found = json_new_array();
    AUTO_PROBE probe = blkid_new_probe();
    if (!probe ||
        blkid_probe_set_device(probe, fd, (blkid_loff_t)place->offset, (blkid_loff_t)size) != 0) {
        disk->content_known = false;
        return found;
    }
    (void)blkid_probe_enable_superblocks(probe, 1);
    (void)blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
                                                       BLKID_SUBLKS_LABEL | BLKID_SUBLKS_USAGE);
    int result;
    while ((result = blkid_do_probe(probe)) == 0) {
        char type[64];
        char uuid[128];
        char label[256];
        probed_text(probe, "TYPE", type, sizeof type);
        probed_text(probe, "UUID", uuid, sizeof uuid);
        probed_text(probe, "LABEL", label, sizeof label);
        if (type[0] == '\0')
            continue;
        json_t *entry = json_new_object();
        json_put_text(entry, "type", type);
        json_put_text_if(entry, "uuid", uuid);
        json_put_text_if(entry, "label", label);
        json_add(found, entry);
        put_id(disk, place, type, uuid);
    }
    if (result < 0)
        disk->content_known = false;
    return found;
}

static json_t *probe_partition(int fd, const struct disk_area *area, blkid_partition partition,
                               struct disk *disk) {
    enum { BLKID_SECTOR = 512 };
    const struct place place = {
        .area = area,
        .partition = blkid_partition_get_partno(partition),
        .offset = (uint64_t)blkid_partition_get_start(partition) * BLKID_SECTOR,
    };
    const uint64_t size = (uint64_t)blkid_partition_get_size(partition) * BLKID_SECTOR;
    json_t *entry = json_new_object();
    json_put_count(entry, "number", (uint64_t)place.partition);
    json_put_count(entry, "offset", place.offset);
    json_put_count(entry, "size", size);
    const char *name = blkid_partition_get_name(partition);
    if (name) {
        char clean[256];
        text_from_field(clean, sizeof clean, (const uint8_t *)name, strlen(name));
        json_put_text_if(entry, "name", clean);
    }
    json_put(entry, "signatures", probe_signatures(fd, &place, size, disk));
    return entry;
}

static void probe_table(int fd, const struct disk_area *area, json_t *entry, struct disk *disk) {
    AUTO_PROBE probe = blkid_new_probe();
    if (!probe || blkid_probe_set_device(probe, fd, 0, 0) != 0) {
        disk->content_known = false;
        return;
    }
    (void)blkid_probe_enable_superblocks(probe, 0);
    (void)blkid_probe_enable_partitions(probe, 1);
    blkid_partlist list = blkid_probe_get_partitions(probe);
    if (!list)
        return;
    blkid_parttable table = blkid_partlist_get_table(list);
    if (!table)
        return;
    const char *type = blkid_parttable_get_type(table);
    const char *id = blkid_parttable_get_id(table);
    json_t *object = json_new_object();
    json_put_text(object, "type", type ? type : "");
    json_put_text_if(object, "uuid", id ? id : "");
    json_t *partitions = json_new_array();
    put_id(disk, &(struct place){.area = area}, type ? type : "", id ? id : "");
    for (int i = 0; i < blkid_partlist_numof_partitions(list); i++)
        json_add(partitions,
                 probe_partition(fd, area, blkid_partlist_get_partition(list, i), disk));
    json_put(object, "partitions", partitions);
    json_put(entry, "table", object);
}

/* libblkid does not tell a place that it cannot read from one where nothing is. Tables and
 * signatures lie at the ends. */
static bool can_be_read(int fd, uint64_t offset) {
    enum { LENGTH = 4096 };
    uint8_t data[LENGTH];
    return pread(fd, data, sizeof data, (off_t)offset) == LENGTH;
}

static void check_ends(int fd, const struct disk_area *area, struct disk *disk) {
    enum { AT_THE_ENDS = 4096 };
    const uint64_t bytes = area->lba_count * area->lba_size;
    if (bytes >= AT_THE_ENDS && can_be_read(fd, 0) && can_be_read(fd, bytes - AT_THE_ENDS))
        return;
    disk->content_known = false;
    disk_finding(disk, "%s cannot be read, so what it holds is not known", area->node);
}

static void read_area(const char *root, const struct disk_area *area, struct disk *disk) {
    char path[PATH_MAX];
    path_format(path, root, "%s", area->node);
    const AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    json_t *entry = json_new_object();
    json_put_text(entry, "node", area->node);
    if (fd < 0) {
        disk->content_known = false;
        disk_finding(disk, "its content cannot be read: %s", strerror(errno));
    } else {
        const struct place whole = {.area = area};
        check_ends(fd, area, disk);
        json_put(entry, "signatures",
                 probe_signatures(fd, &whole, area->lba_count * area->lba_size, disk));
        probe_table(fd, area, entry, disk);
    }
    json_add(disk->content, entry);
}

void content_read(const char *root, struct disk *disk) {
    disk->content_known = disk->area_count > 0;
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (disk->areas[i].node[0] != '\0' && disk->areas[i].lba_count > 0)
            read_area(root, &disk->areas[i], disk);
        else
            disk->content_known = false;
    }
    json_sort_texts(disk->content_ids);
}
