#include "raid_model.h"

#include "quietus/bytes.h"
#include "quietus/memory.h"

#include "../../agent/device/passage.h"
#include "../../agent/scan/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FD = 77, IOCTL_MEGARAID = 0xc1944d01, IOCTL_CCISS = 0xc058420b };

static struct {
    struct model *model;
    struct raid_faults faults;
    unsigned commands;
    bool after_seen;
    uint16_t state;
    uint16_t flags;
    char wrong[120];
} controller;

static unsigned short_reads;
static unsigned flushes;

static const uint8_t disk_lun[8] = {0, 0, 0, 0xc0, 0, 0, 4, 1};

unsigned raid_model_flushes(void) {
    return flushes;
}

unsigned raid_model_short_reads(void) {
    return short_reads;
}

const char *raid_model_wrong(void) {
    return controller.wrong;
}

void raid_model_set_state(uint16_t state, uint16_t flags) {
    controller.state = state;
    controller.flags = flags;
}

/* Remembers the first. */
static bool expect(bool good, const char *what) {
    if (!good && controller.wrong[0] == '\0')
        (void)snprintf(controller.wrong, sizeof controller.wrong, "%s", what);
    return good;
}

static bool all_zero(const uint8_t *p, size_t length) {
    return bytes_all(p, length, 0);
}

/* What a packet asks for, whoever brought it, and what came of it. */
struct errand {
    uint8_t cdb[16];
    uint8_t cdb_length;
    bool in;
    uint8_t *user;
    uint32_t length;
    uint32_t timeout_ms;
    /* results */
    int error; /* -ENODEV, -ETIMEDOUT, or another: as the firmware fails */
    uint8_t status;
    uint32_t delivered;
    uint8_t sense[96];
    uint8_t sense_length;
};

static bool is_due(void) {
    const struct raid_faults *faults = &controller.faults;
    const unsigned n = controller.commands;
    if (faults->kind == RAID_FAULT_NONE || faults->first == 0 || n < faults->first ||
        (faults->after != 0 && !controller.after_seen))
        return false;
    return n == faults->first || (faults->every != 0 && (n - faults->first) % faults->every == 0);
}

/* Registers do not come back through a RAID controller: of a pass-through that failed only that. */
static void strip_registers(struct errand *errand) {
    enum { PASS_THROUGH_16 = 0x85, UNIT_ATTENTION = 0x06, ABORTED_COMMAND = 0x0b };
    static const uint8_t plain[18] = {0x70, 0, ABORTED_COMMAND, 0, 0, 0, 0, 10};
    const bool descriptor = (errand->sense[0] & 0x7f) >= 0x72;
    const unsigned key = errand->sense[descriptor ? 1 : 2] & 0x0f;
    if (errand->cdb[0] != PASS_THROUGH_16 || errand->sense_length == 0 || key == UNIT_ATTENTION)
        return;
    memcpy(errand->sense, plain, sizeof plain);
    errand->sense_length = sizeof plain;
}

static void carry(struct errand *errand, uint8_t *kernel_buffer) {
    struct drive_request request = {
        .protocol = PROTOCOL_SCSI,
        .cdb_length = errand->cdb_length,
        .data = kernel_buffer,
        .data_size = errand->length,
    };
    memcpy(request.cdb, errand->cdb, sizeof errand->cdb);
    errand->error = model_carry(controller.model, &request, errand->timeout_ms);
    if (errand->error)
        return;
    errand->status = request.scsi_status;
    errand->delivered = errand->in ? (uint32_t)request.transferred : 0;
    errand->sense_length =
        request.sense_length < sizeof errand->sense ? request.sense_length : sizeof errand->sense;
    memcpy(errand->sense, request.sense, errand->sense_length);
    strip_registers(errand);
}

/* The fault, if this command is to meet one, in the place of the drive or after it. */
static bool spoil(struct errand *errand) {
    enum { SECURITY_IN = 0xa2, SECURITY_OUT = 0xb5 };
    if (controller.faults.kind == RAID_FAULT_NO_SECURITY) {
        errand->error = errand->cdb[0] == SECURITY_IN || errand->cdb[0] == SECURITY_OUT ? -EIO : 0;
        return errand->error != 0;
    }
    if (!is_due())
        return false;
    switch (controller.faults.kind) {
    case RAID_FAULT_MISSING:
        errand->error = -ENODEV;
        return true;
    case RAID_FAULT_TIMEOUT:
        errand->error = -ETIMEDOUT;
        return true;
    case RAID_FAULT_BUSY:
        errand->status = 0x08;
        return true;
    case RAID_FAULT_FIRMWARE:
        errand->error = -EIO;
        return true;
    default:
        return false;
    }
}

/* What does not come leaves in the kernel's buffer what was in it before. */
static void shorten_data(struct errand *errand, const uint8_t *before, uint8_t *kernel_buffer) {
    enum { READ_16 = 0x88 };
    const bool reads = errand->cdb[0] == READ_16;
    const bool half = controller.faults.kind == RAID_FAULT_SHORT_DMA && errand->in;
    const bool all = controller.faults.kind == RAID_FAULT_SHORT_READ && reads;
    if (!half && !all)
        return;
    errand->delivered = all ? 0 : errand->delivered / 2;
    memcpy(kernel_buffer + errand->delivered, before + errand->delivered,
           errand->length - errand->delivered);
    short_reads += reads;
}

static void shorten_sense(struct errand *errand) {
    enum { LEFT = 4 };
    if (controller.faults.kind != RAID_FAULT_SHORT_SENSE || errand->sense_length <= LEFT)
        return;
    errand->sense_length = LEFT;
    memset(errand->sense + LEFT, 0, sizeof errand->sense - LEFT);
}

/* As the drivers do it: a buffer of the kernel's is filled from the host's, whatever the direction
 * (copy_in), used, and copied back whole. */
static void run(struct errand *errand, bool copy_in) {
    enum { SYNCHRONIZE_CACHE_10 = 0x35 };
    const size_t room = errand->length ? errand->length : 1;
    uint8_t *buffer = memory_new(room, 1);
    uint8_t *before = memory_new(room, 1);
    if (errand->length > 0 && (copy_in || !errand->in))
        memcpy(buffer, errand->user, errand->length);
    controller.after_seen |= errand->cdb[0] == controller.faults.after;
    flushes += errand->cdb[0] == SYNCHRONIZE_CACHE_10;
    memcpy(before, buffer, room);
    if (!spoil(errand)) {
        carry(errand, buffer);
        if (is_due()) {
            shorten_data(errand, before, buffer);
            shorten_sense(errand);
        }
    }
    if (errand->length > 0 && errand->in)
        memcpy(errand->user, buffer, errand->length);
    free(before);
    free(buffer);
}

/* ---- megaraid_sas: struct megasas_iocpacket ---- */

static bool check_header(const uint8_t *p, uint32_t sgl_offset) {
    const uint8_t *frame = p + 20;
    const uint32_t count = get_le32(p + 8);
    bool good = expect(get_le16(p) == RAID_MODEL_HOST, "host_no");
    good &= expect(get_le16(p + 2) == 0, "pad");
    good &= expect(frame[2] == 0xff, "command status is to be FFh before");
    good &= expect(count <= 1 && frame[7] == count, "sge_count");
    good &= expect(count == 0 || get_le32(p + 4) == sgl_offset, "sgl_off");
    good &= expect(all_zero(frame + 8, 8), "context and pad");
    good &= expect(get_le16(frame + 0x12) != 0, "timeout");
    good &=
        expect(all_zero(frame + sgl_offset, 128 - sgl_offset), "the frame's SGL is the driver's");
    good &= expect(get_le32(frame + 0x14) == (count ? get_le64(p + 148 + 8) : 0), "lengths");
    good &= expect(all_zero(p + 148 + (count ? 16 : 0), count ? 240 : 256), "unused iovecs");
    return good;
}

static bool check_scsi_frame(const uint8_t *p) {
    const uint8_t *frame = p + 20;
    const uint32_t sense_length = get_le32(p + 16);
    const uint16_t flags = get_le16(frame + 0x10);
    bool good = check_header(p, 0x30);
    good &= expect(frame[5] == 0, "lun");
    good &= expect(frame[6] >= 6 && frame[6] <= 16, "cdb_len");
    good &= expect(all_zero(frame + 0x20 + frame[6], 16 - frame[6]), "CDB beyond its length");
    good &= expect(get_le32(p + 12) == 0x18, "sense_off");
    good &= expect(sense_length > 0 && sense_length <= 96 && frame[1] == sense_length, "sense_len");
    good &= expect(get_le64(frame + 0x18) != 0, "sense pointer");
    good &= expect(flags == (frame[7] ? flags & 0x18 : 0) && flags != 0x18, "flags");
    good &= expect(!frame[7] || flags != 0, "data without a direction");
    good &= expect(frame[0x20] != 0x85 || !(frame[0x20 + 2] & 0x20),
                   "asks for registers, which do not come back");
    return good;
}

static uint8_t megaraid_status(const struct errand *errand) {
    switch (errand->error) {
    case 0:
        break;
    case -ENODEV:
        return 0x0c;
    case -ETIMEDOUT:
        return 0xff;
    default:
        return 0x2e;
    }
    return errand->status == 0x00 ? 0x00 : errand->status == 0x18 ? 0x2f : 0x2d;
}

static int megaraid_scsi_io(uint8_t *p) {
    uint8_t *frame = p + 20;
    if (!check_scsi_frame(p))
        return -EINVAL;
    struct errand errand = {
        .cdb_length = frame[6],
        .in = get_le16(frame + 0x10) == 0x10,
        .user = (uint8_t *)(uintptr_t)get_le64(p + 148),
        .length = get_le32(frame + 0x14),
        .timeout_ms = 1000U * get_le16(frame + 0x12),
    };
    uint8_t *sense = (uint8_t *)(uintptr_t)get_le64(frame + 0x18);
    memcpy(errand.cdb, frame + 0x20, 16);
    if (frame[4] == RAID_MODEL_DEVICE)
        run(&errand, true);
    else
        errand.error = -ENODEV;
    memset(sense, 0, get_le32(p + 16));
    memcpy(sense, errand.sense, errand.sense_length < frame[1] ? errand.sense_length : frame[1]);
    frame[2] = megaraid_status(&errand); /* and nothing else of the frame */
    return 0;
}

static void pd_list(uint8_t *data) {
    memset(data, 0, 8 + 2 * 24);
    put_le32(data, 8 + 2 * 24);
    put_le32(data + 4, 2);
    put_le16(data + 8, RAID_MODEL_ENCLOSURE);
    put_le16(data + 10, RAID_MODEL_ENCLOSURE);
    data[14] = 0x0d; /* an enclosure */
    put_le16(data + 32, RAID_MODEL_DEVICE);
    put_le16(data + 34, RAID_MODEL_ENCLOSURE);
    data[36] = 1;
    data[37] = RAID_MODEL_SLOT;
}

static void pd_info(uint8_t *data, uint16_t device) {
    memset(data, 0, 512);
    put_le16(data, device);
    put_le16(data + 184, controller.state);
    put_le16(data + 188, controller.flags);
}

static int megaraid_dcmd(uint8_t *p) {
    uint8_t *frame = p + 20;
    const uint32_t opcode = get_le32(frame + 0x18);
    const uint16_t device = get_le16(frame + 0x1c);
    uint8_t *data = (uint8_t *)(uintptr_t)get_le64(p + 148);
    const uint32_t length = get_le32(frame + 0x14);
    bool good = check_header(p, 0x28);
    good &= expect(get_le32(p + 16) == 0 && frame[1] == 0 && frame[6] == 0, "sense or CDB in DCMD");
    good &= expect(get_le16(frame + 0x10) == 0x10, "DCMD flags");
    good &= expect(all_zero(frame + 0x1e, 10), "mailbox");
    if (!good)
        return -EINVAL;
    frame[2] = 0;
    if (opcode == 0x02010000 && length >= 8 + 2 * 24)
        pd_list(data);
    else if (opcode == 0x02020000 && length == 512 && device == RAID_MODEL_DEVICE)
        pd_info(data, device);
    else
        frame[2] = opcode == 0x02020000 ? 0x0c : 0x02;
    return 0;
}

static int megaraid(void *argument) {
    uint8_t *p = argument;
    switch (p[20]) {
    case 0x04:
        return megaraid_scsi_io(p);
    case 0x05:
        return megaraid_dcmd(p);
    default:
        expect(false, "frame command");
        return -EINVAL;
    }
}

/* ---- hpsa: IOCTL_Command_struct, by its offsets: LUN 0, request 8 (CDB length, type, time-out,
 * CDB 12), error 28 (status, sense length, command status, residue, ..., sense 44), size 76, and
 * the pointer at 80 ---- */

static void report_physical_luns(struct errand *errand) {
    uint8_t list[8 + 16] = {[3] = 16};
    expect(get_be32(errand->cdb + 6) == errand->length && errand->cdb_length == 12, "C3h length");
    memcpy(list + 8, disk_lun, 8);
    list[16 + 3] = 0xc0; /* the processor of an enclosure */
    list[16 + 6] = 0x20;
    errand->delivered = errand->length < sizeof list ? errand->length : sizeof list;
    memcpy(errand->user, list, errand->delivered);
}

/* A device that is no disk. */
static void ask_enclosure(struct errand *errand) {
    memset(errand->user, 0, errand->length);
    errand->user[0] = 0x0d;
    errand->user[4] = 31;
    errand->delivered = 36;
    expect(errand->cdb[0] == 0x12, "an enclosure is asked for more than INQUIRY");
}

static void cciss_results(uint8_t *p, const struct errand *errand) {
    uint8_t *info = p + 28;
    const uint32_t residue = errand->in ? errand->length - errand->delivered : 0;
    const uint8_t sense = errand->sense_length < 32 ? errand->sense_length : 32;
    memset(info, 0, 48);
    info[2] = errand->status != 0 ? 1 : residue != 0 ? 2 : 0;
    if (errand->error)
        info[2] = errand->error == -ENODEV ? 7 : errand->error == -ETIMEDOUT ? 11 : 6;
    info[0] = errand->status;
    info[1] = errand->sense_length; /* may say more than there is room for */
    put_le32(info + 4, residue);
    memcpy(info + 16, errand->sense, sense);
}

static int cciss(void *argument) {
    static const uint8_t processor[8] = {[3] = 0xc0, [6] = 0x20};
    uint8_t *p = argument;
    const uint8_t direction = p[9] >> 6;
    struct errand errand = {
        .cdb_length = p[8],
        .in = direction == 2,
        .user = (uint8_t *)(uintptr_t)get_le64(p + 80),
        .length = get_le16(p + 76),
        .timeout_ms = 1000U * get_le16(p + 10),
    };
    bool good = expect((p[9] & 7) == 0, "request type");
    good &= expect((p[9] >> 3 & 7) == 4, "attribute");
    good &= expect(direction < 3 && (direction != 0) == (errand.length != 0), "direction, length");
    good &= expect(errand.length == 0 || errand.user, "no buffer");
    good &= expect(p[8] >= 6 && p[8] <= 16, "CDB length");
    good &= expect(all_zero(p + 12 + p[8], 16 - p[8]), "CDB beyond its length");
    good &= expect(errand.timeout_ms != 0, "timeout");
    good &= expect(all_zero(p + 28, 48), "error info");
    if (!good)
        return -EINVAL;
    memcpy(errand.cdb, p + 12, 16);
    if (all_zero(p, 8) && errand.cdb[0] == 0xc3)
        report_physical_luns(&errand);
    else if (memcmp(p, processor, 8) == 0)
        ask_enclosure(&errand);
    else if (memcmp(p, disk_lun, 8) == 0)
        run(&errand, false);
    else
        errand.error = -EIO;
    cciss_results(p, &errand);
    return 0;
}

static int model_open_node(const char *node, int *fd) {
    expect(node[0] != '\0', "no node");
    *fd = FD;
    return 0;
}

static int model_ioctl(int fd, unsigned long request, void *argument) {
    expect(fd == FD, "file descriptor");
    controller.commands++;
    if (controller.faults.kind == RAID_FAULT_DRIVER && is_due())
        return -EBUSY;
    if (request == IOCTL_MEGARAID)
        return megaraid(argument);
    if (request == IOCTL_CCISS)
        return cciss(argument);
    expect(false, "ioctl number");
    return -ENOTTY;
}

static void model_close_node(int fd) {
    expect(fd == FD, "file descriptor at the end");
}

void raid_model_use(struct model *model, const struct raid_faults *faults) {
    static const struct passage_kernel kernel = {model_open_node, model_ioctl, model_close_node};
    memset(&controller, 0, sizeof controller);
    controller.model = model;
    controller.state = 0x18; /* online: a member */
    controller.flags = 0x2;
    if (faults)
        controller.faults = *faults;
    if (model)
        short_reads = flushes = 0;
    passage_use(model ? &kernel : NULL);
}

struct disk *raid_model_scan(enum raid_driver driver) {
    const struct raid_address address = {
        .driver = driver, .host = RAID_MODEL_HOST, .node = "/dev/model"};
    struct scan scan = {.findings = json_array()};
    struct disk *found = NULL;
    scan_list_raid(&address, "model", &scan);
    for (size_t i = 0; i < scan.disk_count; i++) {
        struct disk *disk = scan.disks[i];
        interrogate(disk);
        if (disk->raid.not_a_disk || found)
            disk_free(disk);
        else
            found = disk;
    }
    free(scan.disks);
    json_decref(scan.findings);
    return found;
}
