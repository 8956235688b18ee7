/* Queues: fetching commands, handing them to the drive, completing them (NVM
 * Express 1.4, 4.1, 4.6). */
#include "pci_nvme_internal.h"

#include <stdlib.h>
#include <string.h>

#define SQE_SIZE 64
#define CQE_SIZE 16

/* More data than any drive here accepts in a command; a larger claim is answered without memory for
 * it. */
#define LARGEST_TRANSFER (8U << 20)

static void free_command(struct nvme_command *command) {
    free(command->request.data);
    free(command);
}

void nvme_finish(struct nvme_command *command, uint16_t status, uint32_t result) {
    command->finished = true;
    command->status = status;
    command->result = result;
}

/* The drive has answered. */
static void take_answer(struct pci_nvme *nvme, struct nvme_command *command) {
    struct drive_request *request = &command->request;
    bay_done(nvme->bay, request);
    uint16_t status = request->nvme_status;
    if (status == NVME_SUCCESS && command->direction == DATA_FROM_DRIVE) {
        status = nvme_scatter(&nvme->vfio.memory, request->sqe, request->data, request->transferred,
                              request->data_size);
    }
    nvme_finish(command, status, request->nvme_result);
}

/* Gets the command's data buffer ready. */
static uint16_t prepare_data(struct pci_nvme *nvme, struct nvme_command *command) {
    struct drive_request *request = &command->request;
    size_t length = 0;
    command->direction = drive_data_of(nvme->bay->drive, request, &length);
    if (command->direction == DATA_NONE || length == 0) {
        command->direction = DATA_NONE;
        return NVME_SUCCESS;
    }
    if (length > LARGEST_TRANSFER) {
        return NVME_INVALID_FIELD | NVME_DO_NOT_RETRY;
    }
    request->data = calloc(1, length);
    if (!request->data) {
        return NVME_INTERNAL_ERROR;
    }
    request->data_size = length;
    return command->direction == DATA_TO_DRIVE
               ? nvme_gather(&nvme->vfio.memory, request->sqe, request->data, length)
               : NVME_SUCCESS;
}

static void begin_command(struct pci_nvme *nvme, struct nvme_command *command) {
    bool sgl = command->request.sqe[1] & 0xc0; /* PSDT; SGLs are not offered */
    if (sgl) {
        nvme_finish(command, NVME_INVALID_FIELD | NVME_DO_NOT_RETRY, 0);
        return;
    }
    if (command->queue == 0 && nvme_admin(nvme, command)) {
        return;
    }
    uint16_t status = prepare_data(nvme, command);
    if (status != NVME_SUCCESS) {
        nvme_finish(command, status, 0);
        return;
    }
    command->with_drive = true;
    bay_execute(nvme->bay, &command->request);
}

/* Takes the next command out of a queue. NULL if there is none, or none can be had. */
static struct nvme_command *fetch(struct pci_nvme *nvme, unsigned id) {
    struct nvme_submission_queue *queue = &nvme->submission[id];
    if (!queue->live || queue->head == queue->tail) {
        return NULL;
    }
    struct nvme_command *command = calloc(1, sizeof *command);
    if (!command) {
        return NULL;
    }
    struct drive_request *request = &command->request;
    if (!guest_memory_read(&nvme->vfio.memory, queue->base + (uint64_t)SQE_SIZE * queue->head,
                           request->sqe, sizeof request->sqe)) {
        nvme->status |= 2; /* CSTS.CFS: a queue that is not in memory is fatal */
        free(command);
        return NULL;
    }
    queue->head = (queue->head + 1) % queue->entries;
    request->protocol = id == 0 ? PROTOCOL_NVME_ADMIN : PROTOCOL_NVME_IO;
    request->controller = nvme->number;
    command->queue = (uint16_t)id;
    memcpy(&command->id, request->sqe + 2, sizeof command->id);
    return command;
}

static void append(struct pci_nvme *nvme, struct nvme_command *command) {
    struct nvme_command **end = &nvme->commands;
    while (*end) {
        end = &(*end)->next;
    }
    *end = command;
}

void nvme_submission_doorbell(struct pci_nvme *nvme, unsigned queue, uint32_t tail) {
    if (queue >= NVME_QUEUES || tail >= nvme->submission[queue].entries) {
        return;
    }
    nvme->submission[queue].tail = tail;
    struct nvme_command *command;
    while ((command = fetch(nvme, queue))) {
        append(nvme, command);
        begin_command(nvme, command);
    }
    nvme_complete_finished(nvme);
}

void nvme_completion_doorbell(struct pci_nvme *nvme, unsigned queue, uint32_t head) {
    if (queue >= NVME_QUEUES || head >= nvme->completion[queue].entries) {
        return;
    }
    nvme->completion[queue].head = head;
    nvme_complete_finished(nvme);
    nvme_update_pin(nvme);
}

void nvme_update_pin(struct pci_nvme *nvme) {
    bool level = false;
    for (unsigned i = 0; i < NVME_QUEUES; i++) {
        const struct nvme_completion_queue *queue = &nvme->completion[i];
        bool masked = queue->vector < 32 && nvme->interrupt_mask >> queue->vector & 1;
        level |= queue->live && queue->interrupts && !masked && queue->head != queue->tail;
    }
    vfio_user_set_intx(&nvme->vfio, level);
}

static void interrupt(struct pci_nvme *nvme, const struct nvme_completion_queue *queue) {
    if (queue->interrupts) {
        vfio_user_signal(&nvme->vfio, queue->vector);
        nvme_update_pin(nvme);
    }
}

/* Writes the completion queue entry; the word with the phase last. False if there is no room. */
static bool post(struct pci_nvme *nvme, const struct nvme_command *command) {
    const struct nvme_submission_queue *from = &nvme->submission[command->queue];
    struct nvme_completion_queue *queue = &nvme->completion[from->completion_queue];
    uint32_t next = (queue->tail + 1) % queue->entries;
    if (next == queue->head) {
        return false;
    }
    uint64_t place = queue->base + (uint64_t)CQE_SIZE * queue->tail;
    uint32_t *entry = guest_memory_at(&nvme->vfio.memory, place, CQE_SIZE);
    if (!entry) {
        nvme->status |= 2;
        return true;
    }
    entry[0] = command->result;
    entry[1] = 0;
    entry[2] = from->head | (uint32_t)command->queue << 16;
    uint32_t last = command->id | (uint32_t)queue->phase << 16 | (uint32_t)command->status << 17;
    __atomic_store_n(&entry[3], last, __ATOMIC_RELEASE);
    queue->phase ^= next == 0;
    queue->tail = next;
    interrupt(nvme, queue);
    return true;
}

/* Whether the command is over for good. */
static bool settle(struct pci_nvme *nvme, struct nvme_command *command) {
    if (command->with_drive && !command->finished) {
        if (command->request.state == REQUEST_PENDING) {
            return false;
        }
        if (command->request.state == REQUEST_LOST) {
            bay_done(nvme->bay, &command->request);
            return true; /* the host never hears of it */
        }
        take_answer(nvme, command);
    }
    return command->finished && post(nvme, command);
}

void nvme_complete_finished(struct pci_nvme *nvme) {
    struct nvme_command **link = &nvme->commands;
    while (*link) {
        struct nvme_command *command = *link;
        if (settle(nvme, command)) {
            *link = command->next;
            free_command(command);
        } else {
            link = &command->next;
        }
    }
}

void nvme_drop_commands(struct pci_nvme *nvme, unsigned queue) {
    struct nvme_command **link = &nvme->commands;
    while (*link) {
        struct nvme_command *command = *link;
        if (queue != NVME_QUEUES && command->queue != queue) {
            link = &command->next;
            continue;
        }
        if (command->with_drive && command->request.state == REQUEST_PENDING) {
            bay_forget(nvme->bay, &command->request);
        }
        *link = command->next;
        free_command(command);
    }
}
