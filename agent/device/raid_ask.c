/* What RAID controllers are asked of their disks. */
#include "quietus/cleanup.h"
#include "quietus/memory.h"

#include "passage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int megaraid_list(const struct passage *passage, struct raid_entry *out, size_t *count) {
    AUTO_FREE uint8_t *data = memory_new(MEGARAID_LIST_SIZE, 1);
    const struct megaraid_question question = {
        .opcode = MEGARAID_QUESTION_PD_LIST, .data = data, .length = MEGARAID_LIST_SIZE};
    const int error = megaraid_ask(passage, &question);
    return error ? error
                 : megaraid_decode_list((struct bytes){data, MEGARAID_LIST_SIZE}, out, count);
}

/* REPORT PHYSICAL LUNS goes to the controller itself: a LUN of zeros. */
static int cciss_list(const struct passage *passage, struct raid_entry *out, size_t *count) {
    enum { REPORT_PHYSICAL_LUNS = 0xc3, TIMEOUT_MS = 60000 };
    AUTO_FREE uint8_t *data = memory_new(CCISS_LIST_SIZE, 1);
    struct scsi_command command = {
        .name = "REPORT PHYSICAL LUNS",
        .cdb = {REPORT_PHYSICAL_LUNS},
        .cdb_length = 12,
        .transfer = TRANSFER_IN,
        .data = data,
        .data_length = CCISS_LIST_SIZE,
        .timeout_ms = TIMEOUT_MS,
    };
    put_be32(command.cdb + 6, CCISS_LIST_SIZE);
    const int error = passage_scsi(passage, &command);
    if (error)
        return error;
    if (command.host_status != 0 || command.status != SCSI_GOOD)
        return -EIO;
    return cciss_decode_list((struct bytes){data, command.received}, out, count);
}

int raid_list(const struct raid_address *controller, struct raid_entry out[RAID_ENTRIES],
              size_t *count) {
    struct passage passage;
    *count = 0;
    int error = passage_open(controller, &passage);
    if (error)
        return error;
    error = controller->driver == RAID_MEGARAID ? megaraid_list(&passage, out, count)
                                                : cciss_list(&passage, out, count);
    passage_close(&passage);
    return error;
}

static int megaraid_state(const struct raid_address *disk, struct raid_place *out) {
    uint8_t data[MEGARAID_PD_INFO_SIZE] = {0};
    struct passage passage;
    const struct megaraid_question question = {.opcode = MEGARAID_QUESTION_PD_INFO,
                                               .parameter = disk->device_id,
                                               .data = data,
                                               .length = sizeof data};
    int error = passage_open(disk, &passage);
    if (error)
        return error;
    error = megaraid_ask(&passage, &question);
    passage_close(&passage);
    return error ? error
                 : megaraid_decode_info((struct bytes){data, sizeof data}, disk->device_id, out);
}

int raid_ask_state(const struct raid_address *disk, const struct raid_entry *entry,
                   struct raid_place *out) {
    out->role = RAID_MEMBER;
    text_copy(out->state, sizeof out->state, "not reported");
    if (disk->driver == RAID_MEGARAID)
        return megaraid_state(disk, out);
    /* Which of the masked disks volumes are made of is not asked: all count as members. */
    if (entry->exposed) {
        out->role = RAID_EXPOSED;
        text_copy(out->state, sizeof out->state, "exposed to the host");
    }
    return 0;
}

/* The driver registers its number and leaves the making of the node to others. */
static int driver_major(const char *name, unsigned *out) {
    char line[128];
    AUTO_STREAM stream = fopen("/proc/devices", "re");
    while (stream && fgets(line, sizeof line, stream)) {
        char *rest;
        *out = (unsigned)strtoul(line, &rest, 10);
        rest += strspn(rest, " ");
        rest[strcspn(rest, "\n")] = '\0';
        if (strcmp(rest, name) == 0)
            return 0;
    }
    return -ENODEV;
}

int raid_megaraid_node(char *out, size_t size) {
    static const char node[] = "/dev/megaraid_sas_ioctl_node";
    unsigned major_number;
    struct stat status;
    text_copy(out, size, node);
    if (stat(node, &status) == 0)
        return S_ISCHR(status.st_mode) ? 0 : -ENODEV;
    const int error = driver_major("megaraid_sas_ioctl", &major_number);
    if (error)
        return error;
    return mknod(node, S_IFCHR | 0600, makedev(major_number, 0)) == 0 ? 0 : -errno;
}
