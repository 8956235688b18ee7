#include "vhost_user_scsi.h"

#include "vhost_user.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_scsi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_CONTROL, QUEUE_EVENTS, QUEUE_REQUESTS };

enum { INQUIRY = 0x12, REPORT_LUNS = 0xa0 };

#define CHECK_CONDITION 0x02

/* Flat addressing of LUNs (SAM-5, 4.7.7.3), and the well-known one of REPORT LUNS, as the driver
 * puts them into the 8 bytes of virtio. */
#define LUN_FLAT       0x40
#define LUN_WELL_KNOWN 0xc1

#define LARGEST_TRANSFER (64U << 20)

/* A logical unit: drives of one target (drive_target) are its units, in their order. */
struct scsi_unit_slot {
    struct bay *bay;
    unsigned target;
    unsigned lun;
    bool present;
    unsigned generation;
};

/* A request that the drive has. */
struct scsi_command {
    struct drive_request request;
    struct scsi_command *next;
    struct virtqueue_chain chain;
    unsigned queue;
    unsigned unit; /* its slot */
    uint64_t tag;
    bool from_drive;
};

struct vhost_user_scsi {
    struct vhost_user vhost;
    struct vhost_user_device device;
    uint16_t path;
    unsigned count;
    struct scsi_unit_slot units[SCSI_TARGETS];
    struct scsi_command *commands;
};

static struct virtqueue *ring_of(struct vhost_user_scsi *scsi, unsigned queue) {
    return &scsi->vhost.queues[queue].ring;
}

static unsigned lun_of(const uint8_t lun[8]) {
    return (unsigned)(lun[2] & ~LUN_FLAT) << 8 | lun[3];
}

static void release(struct scsi_command *command) {
    virtqueue_release(&command->chain);
    free(command->request.data);
    free(command);
}

/* Gives the request back with a response. */
static void respond(struct vhost_user_scsi *scsi, struct scsi_command *command, uint8_t response) {
    const struct drive_request *request = &command->request;
    struct virtqueue *ring = ring_of(scsi, command->queue);
    struct virtio_scsi_cmd_resp head = {.response = response};
    size_t moved = command->from_drive ? request->transferred : request->data_size;
    if (response == VIRTIO_SCSI_S_OK) {
        head.status = request->scsi_status;
        head.sense_len = request->sense_length;
        head.resid = (uint32_t)(request->data_size - moved);
        memcpy(head.sense, request->sense, request->sense_length);
    }
    uint32_t written = sizeof head;
    virtqueue_write(ring, &command->chain, 0, &head, sizeof head);
    if (response == VIRTIO_SCSI_S_OK && command->from_drive && moved > 0) {
        virtqueue_write(ring, &command->chain, sizeof head, request->data, moved);
        written += (uint32_t)moved;
    }
    virtqueue_put(ring, &command->chain, written);
    release(command);
}

/* What the adapter itself answers for LUNs without a drive (SPC-5, 6.7.2 and 6.33). */

static void check_condition(struct drive_request *request, uint8_t key, uint8_t code) {
    request->scsi_status = CHECK_CONDITION;
    request->sense[0] = 0x70;
    request->sense[2] = key;
    request->sense[7] = 10;
    request->sense[12] = code;
    request->sense_length = 18;
}

static void answer(struct drive_request *request, const uint8_t *data, size_t size) {
    request->transferred = size < request->data_size ? size : request->data_size;
    if (request->transferred > 0) {
        memcpy(request->data, data, request->transferred);
    }
}

static void answer_no_lun(struct drive_request *request) {
    static const uint8_t inquiry[36] = {[0] = 0x7f, [2] = 6, [3] = 2, [4] = 31};
    if (request->cdb[0] == INQUIRY && !(request->cdb[1] & 1)) {
        answer(request, inquiry, sizeof inquiry);
    } else {
        check_condition(request, 5, 0x25); /* LOGICAL UNIT NOT SUPPORTED */
    }
}

/* Addressed to no target, the adapter has itself as unit 0. */
static void answer_report_luns(const struct vhost_user_scsi *scsi, bool well_known, unsigned target,
                               struct drive_request *request) {
    uint8_t list[8 + 8 * SCSI_TARGETS] = {0};
    size_t length = 8;
    for (unsigned i = 0; i < scsi->count && !well_known; i++) {
        const struct scsi_unit_slot *unit = &scsi->units[i];
        if (unit->target != target || !drive_present(unit->bay->drive)) {
            continue;
        }
        list[length + 1] = (uint8_t)unit->lun;
        length += 8;
    }
    if (well_known) {
        length += 8;
    }
    list[2] = (uint8_t)((length - 8) >> 8);
    list[3] = (uint8_t)(length - 8);
    answer(request, list, length);
}

/* Length of a CDB from its group code (SPC-5, 4.2.5.1); the rest of the room is not part of it. */
static uint8_t cdb_length(const uint8_t *cdb) {
    static const uint8_t lengths[8] = {6, 10, 10, 32, 16, 12, 32, 32};
    return lengths[cdb[0] >> 5];
}

/* Makes the drive's request of a chain; false if the chain is malformed. */
static bool prepare(struct vhost_user_scsi *scsi, struct scsi_command *command,
                    const struct virtio_scsi_cmd_req *head) {
    const struct virtqueue *ring = ring_of(scsi, command->queue);
    struct drive_request *request = &command->request;
    size_t out = command->chain.readable_bytes - sizeof *head;
    size_t in = command->chain.writable_bytes - sizeof(struct virtio_scsi_cmd_resp);
    command->tag = head->tag;
    command->from_drive = out == 0;
    request->protocol = PROTOCOL_SCSI;
    request->controller = scsi->path;
    memcpy(request->cdb, head->cdb, sizeof request->cdb);
    request->cdb_length = cdb_length(request->cdb);
    request->data_size = out ? out : in;
    if (request->data_size == 0) {
        return true;
    }
    request->data = request->data_size <= LARGEST_TRANSFER ? calloc(1, request->data_size) : NULL;
    return request->data &&
           (!out || virtqueue_read(ring, &command->chain, sizeof *head, request->data, out));
}

/* A target is there as long as one of its units is. */
static bool has_target(const struct vhost_user_scsi *scsi, const uint8_t lun[8]) {
    for (unsigned i = 0; lun[0] == 1 && i < scsi->count; i++) {
        if (scsi->units[i].target == lun[1] && drive_present(scsi->units[i].bay->drive)) {
            return true;
        }
    }
    return false;
}

static const struct scsi_unit_slot *unit_of(const struct vhost_user_scsi *scsi,
                                            const uint8_t lun[8]) {
    for (unsigned i = 0; lun[0] == 1 && i < scsi->count; i++) {
        const struct scsi_unit_slot *unit = &scsi->units[i];
        if (unit->target == lun[1] && unit->lun == lun_of(lun)) {
            return drive_present(unit->bay->drive) ? unit : NULL;
        }
    }
    return NULL;
}

static void append(struct vhost_user_scsi *scsi, struct scsi_command *command) {
    struct scsi_command **end = &scsi->commands;
    while (*end) {
        end = &(*end)->next;
    }
    *end = command;
}

/* A drive that has gone does not answer its selection. */
static void finish(struct vhost_user_scsi *scsi, struct scsi_command *command) {
    const struct bay *bay = scsi->units[command->unit].bay;
    bay_done(bay, &command->request);
    uint8_t response = VIRTIO_SCSI_S_OK;
    if (command->request.state == REQUEST_LOST) {
        response = drive_present(bay->drive) ? VIRTIO_SCSI_S_RESET : VIRTIO_SCSI_S_BAD_TARGET;
    }
    respond(scsi, command, response);
}

static void begin(struct vhost_user_scsi *scsi, struct scsi_command *command) {
    struct virtio_scsi_cmd_req head;
    if (command->chain.writable_bytes < sizeof(struct virtio_scsi_cmd_resp) ||
        !virtqueue_read(ring_of(scsi, command->queue), &command->chain, 0, &head, sizeof head)) {
        virtqueue_put(ring_of(scsi, command->queue), &command->chain, 0);
        release(command);
        return;
    }
    bool well_known = head.lun[0] == LUN_WELL_KNOWN;
    const struct scsi_unit_slot *unit = unit_of(scsi, head.lun);
    if (!has_target(scsi, head.lun) && !well_known) {
        respond(scsi, command, VIRTIO_SCSI_S_BAD_TARGET);
        return;
    }
    if (!prepare(scsi, command, &head)) {
        respond(scsi, command, VIRTIO_SCSI_S_FAILURE);
        return;
    }
    if (command->request.cdb[0] == REPORT_LUNS) {
        answer_report_luns(scsi, well_known, head.lun[1], &command->request);
        respond(scsi, command, VIRTIO_SCSI_S_OK);
        return;
    }
    if (well_known) {
        respond(scsi, command, VIRTIO_SCSI_S_BAD_TARGET);
        return;
    }
    if (!unit) {
        answer_no_lun(&command->request);
        respond(scsi, command, VIRTIO_SCSI_S_OK);
        return;
    }
    command->unit = (unsigned)(unit - scsi->units);
    bay_execute(unit->bay, &command->request);
    if (command->request.state == REQUEST_PENDING) {
        append(scsi, command);
    } else {
        finish(scsi, command);
    }
}

static void take_requests(struct vhost_user_scsi *scsi, unsigned queue) {
    struct virtqueue_chain chain;
    while (virtqueue_take(ring_of(scsi, queue), &chain)) {
        struct scsi_command *command = calloc(1, sizeof *command);
        if (!command) {
            virtqueue_put(ring_of(scsi, queue), &chain, 0);
            virtqueue_release(&chain);
            return;
        }
        command->chain = chain;
        command->queue = queue;
        begin(scsi, command);
    }
}

static void complete(struct vhost_user_scsi *scsi) {
    struct scsi_command **link = &scsi->commands;
    while (*link) {
        struct scsi_command *command = *link;
        if (command->request.state == REQUEST_PENDING) {
            link = &command->next;
        } else {
            *link = command->next;
            finish(scsi, command);
        }
    }
}

/* Task management. */

/* Ends the pending requests of a unit (with a certain tag, if one is given) with a response;
 * returns how many there were. */
static unsigned end_requests(struct vhost_user_scsi *scsi, unsigned unit, const uint64_t *tag,
                             uint8_t response) {
    unsigned ended = 0;
    struct scsi_command **link = &scsi->commands;
    while (*link) {
        struct scsi_command *command = *link;
        if (command->unit != unit || (tag && command->tag != *tag)) {
            link = &command->next;
            continue;
        }
        if (command->request.state == REQUEST_PENDING) {
            bay_forget(scsi->units[unit].bay, &command->request);
        }
        *link = command->next;
        respond(scsi, command, response);
        ended++;
    }
    return ended;
}

static bool is_pending(const struct vhost_user_scsi *scsi, unsigned unit, const uint64_t *tag) {
    for (const struct scsi_command *command = scsi->commands; command; command = command->next) {
        if (command->unit == unit && (!tag || command->tag == *tag)) {
            return true;
        }
    }
    return false;
}

static uint8_t manage(struct vhost_user_scsi *scsi, const struct virtio_scsi_ctrl_tmf_req *task) {
    const struct scsi_unit_slot *unit = unit_of(scsi, task->lun);
    if (!unit) {
        return VIRTIO_SCSI_S_BAD_TARGET;
    }
    unsigned number = (unsigned)(unit - scsi->units);
    uint64_t tag = task->tag;
    switch (task->subtype) {
    case VIRTIO_SCSI_T_TMF_ABORT_TASK:
        end_requests(scsi, number, &tag, VIRTIO_SCSI_S_ABORTED);
        return VIRTIO_SCSI_S_OK;
    case VIRTIO_SCSI_T_TMF_ABORT_TASK_SET:
    case VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET:
        end_requests(scsi, number, NULL, VIRTIO_SCSI_S_ABORTED);
        return VIRTIO_SCSI_S_OK;
    case VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET:
    case VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET:
        end_requests(scsi, number, NULL, VIRTIO_SCSI_S_RESET);
        bay_reset(unit->bay, RESET_HARD);
        return VIRTIO_SCSI_S_OK;
    case VIRTIO_SCSI_T_TMF_QUERY_TASK:
        return is_pending(scsi, number, &tag) ? VIRTIO_SCSI_S_FUNCTION_SUCCEEDED : VIRTIO_SCSI_S_OK;
    case VIRTIO_SCSI_T_TMF_QUERY_TASK_SET:
        return is_pending(scsi, number, NULL) ? VIRTIO_SCSI_S_FUNCTION_SUCCEEDED : VIRTIO_SCSI_S_OK;
    default:
        return VIRTIO_SCSI_S_FUNCTION_REJECTED;
    }
}

/* Events that a driver asks for or subscribes to: none is offered. */
static uint32_t answer_control(struct vhost_user_scsi *scsi, const struct virtqueue_chain *chain) {
    struct virtqueue *ring = ring_of(scsi, QUEUE_CONTROL);
    struct virtio_scsi_ctrl_tmf_req task;
    uint32_t type = 0;
    if (!virtqueue_read(ring, chain, 0, &type, sizeof type)) {
        return 0;
    }
    if (type != VIRTIO_SCSI_T_TMF) {
        const struct virtio_scsi_ctrl_an_resp none = {.response = VIRTIO_SCSI_S_OK};
        return virtqueue_write(ring, chain, 0, &none, sizeof none) ? sizeof none : 0;
    }
    if (!virtqueue_read(ring, chain, 0, &task, sizeof task)) {
        return 0;
    }
    const struct virtio_scsi_ctrl_tmf_resp response = {.response = manage(scsi, &task)};
    return virtqueue_write(ring, chain, 0, &response, sizeof response) ? sizeof response : 0;
}

static void take_control(struct vhost_user_scsi *scsi) {
    struct virtqueue_chain chain;
    while (virtqueue_take(ring_of(scsi, QUEUE_CONTROL), &chain)) {
        uint32_t written = answer_control(scsi, &chain);
        virtqueue_put(ring_of(scsi, QUEUE_CONTROL), &chain, written);
        virtqueue_release(&chain);
    }
}

/* Hot plug. False if the driver has left no room for an event now. */
static bool send_event(struct vhost_user_scsi *scsi, const struct scsi_unit_slot *unit,
                       uint32_t reason) {
    struct virtqueue_chain chain;
    if (!virtqueue_take(ring_of(scsi, QUEUE_EVENTS), &chain)) {
        return false;
    }
    const struct virtio_scsi_event event = {
        .event = VIRTIO_SCSI_T_TRANSPORT_RESET,
        .lun = {1, (uint8_t)unit->target, 0, (uint8_t)unit->lun},
        .reason = reason,
    };
    virtqueue_write(ring_of(scsi, QUEUE_EVENTS), &chain, 0, &event, sizeof event);
    virtqueue_put(ring_of(scsi, QUEUE_EVENTS), &chain, sizeof event);
    virtqueue_release(&chain);
    return true;
}

static void watch_unit(struct vhost_user_scsi *scsi, unsigned number) {
    struct scsi_unit_slot *unit = &scsi->units[number];
    bool present = drive_present(unit->bay->drive);
    unsigned generation = drive_generation(unit->bay->drive);
    bool another = present && generation != unit->generation;
    if (unit->present && (!present || another) &&
        send_event(scsi, unit, VIRTIO_SCSI_EVT_RESET_REMOVED)) {
        unit->present = false;
    }
    if (!unit->present && present && send_event(scsi, unit, VIRTIO_SCSI_EVT_RESET_RESCAN)) {
        unit->present = true;
        unit->generation = generation;
    }
}

static void note_units(struct vhost_user_scsi *scsi) {
    for (unsigned i = 0; i < scsi->count; i++) {
        const struct drive *drive = scsi->units[i].bay->drive;
        scsi->units[i].present = drive_present(drive);
        scsi->units[i].generation = drive_generation(drive);
    }
}

/* The front end's life. */

static void queue_ready(void *context, unsigned queue) {
    if (queue == QUEUE_CONTROL) {
        take_control(context);
    } else if (queue >= QUEUE_REQUESTS) {
        take_requests(context, queue);
    }
}

/* The chains go back when the driver sets the queue up anew; nothing is written to it any more. */
static void queue_stopping(void *context, unsigned queue) {
    struct vhost_user_scsi *scsi = context;
    struct scsi_command **link = &scsi->commands;
    while (*link) {
        struct scsi_command *command = *link;
        if (command->queue != queue) {
            link = &command->next;
            continue;
        }
        if (command->request.state == REQUEST_PENDING) {
            bay_forget(scsi->units[command->unit].bay, &command->request);
        }
        *link = command->next;
        release(command);
    }
}

static void connected(void *context) {
    struct vhost_user_scsi *scsi = context;
    for (unsigned i = 0; i < scsi->count; i++) {
        bay_connect(scsi->units[i].bay);
    }
    note_units(scsi);
}

static void disconnected(void *context) {
    struct vhost_user_scsi *scsi = context;
    for (unsigned i = 0; i < scsi->count; i++) {
        bay_disconnect(scsi->units[i].bay);
    }
}

/* The place of a drive: the next unit of its target, or the next target. */
static void place_unit(struct vhost_user_scsi *scsi, unsigned number, struct bay *bay,
                       unsigned *targets) {
    struct scsi_unit_slot *slot = &scsi->units[number];
    const uint64_t name = drive_target(bay->drive);
    slot->bay = bay;
    slot->target = *targets;
    for (unsigned i = 0; i < number && name != 0; i++) {
        if (drive_target(scsi->units[i].bay->drive) == name) {
            slot->target = scsi->units[i].target;
            slot->lun = scsi->units[i].lun + 1;
        }
    }
    if (slot->lun == 0) {
        ++*targets;
    }
}

struct vhost_user_scsi *vhost_user_scsi_open(struct event_loop *loop, const char *socket,
                                             struct bay *const bays[], unsigned count,
                                             uint16_t path, char *problem, size_t problem_size) {
    if (count == 0 || count > SCSI_TARGETS) {
        snprintf(problem, problem_size, "a SCSI adapter has 1 to %d units", SCSI_TARGETS);
        return NULL;
    }
    struct vhost_user_scsi *scsi = calloc(1, sizeof *scsi);
    if (!scsi) {
        snprintf(problem, problem_size, "out of memory");
        return NULL;
    }
    scsi->path = path;
    scsi->count = count;
    for (unsigned i = 0, targets = 0; i < count; i++) {
        place_unit(scsi, i, bays[i], &targets);
    }
    scsi->device = (struct vhost_user_device){
        .features = UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC |
                    UINT64_C(1) << VIRTIO_SCSI_F_HOTPLUG,
        .ready = queue_ready,
        .stopping = queue_stopping,
        .connected = connected,
        .disconnected = disconnected,
        .context = scsi,
    };
    if (!vhost_user_open(&scsi->vhost, loop, socket, &scsi->device, problem, problem_size)) {
        free(scsi);
        return NULL;
    }
    return scsi;
}

void vhost_user_scsi_advance(struct vhost_user_scsi *scsi) {
    complete(scsi);
    for (unsigned i = 0; i < scsi->count; i++) {
        watch_unit(scsi, i);
    }
}

void vhost_user_scsi_close(struct vhost_user_scsi *scsi) {
    vhost_user_close(&scsi->vhost);
    free(scsi);
}
