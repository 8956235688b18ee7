/* The admin commands that are the controller's own affair: queues, abort, events, some features. */
#include "pci_nvme_internal.h"

#include <string.h>

enum {
    DELETE_SUBMISSION_QUEUE = 0x00,
    CREATE_SUBMISSION_QUEUE = 0x01,
    DELETE_COMPLETION_QUEUE = 0x04,
    CREATE_COMPLETION_QUEUE = 0x05,
    ABORT = 0x08,
    SET_FEATURES = 0x09,
    GET_FEATURES = 0x0a,
    ASYNCHRONOUS_EVENT_REQUEST = 0x0c,
};

enum {
    FEATURE_ARBITRATION = 0x01,
    FEATURE_NUMBER_OF_QUEUES = 0x07,
    FEATURE_INTERRUPT_COALESCING = 0x08,
    FEATURE_INTERRUPT_VECTOR = 0x09,
};

#define PHYSICALLY_CONTIGUOUS 1
#define INTERRUPTS_ENABLED    2

static uint32_t dword(const struct nvme_command *command, unsigned index) {
    uint32_t value;
    memcpy(&value, command->request.sqe + sizeof value * index, sizeof value);
    return value;
}

static uint64_t first_prp(const struct nvme_command *command) {
    return dword(command, 6) | (uint64_t)dword(command, 7) << 32;
}

/* Handlers return a status. */

static uint16_t create_completion_queue(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t id = dword(command, 10) & 0xffff;
    uint32_t entries = (dword(command, 10) >> 16) + 1;
    uint32_t flags = dword(command, 11);
    if (id == 0 || id >= NVME_QUEUES || nvme->completion[id].live) {
        return NVME_INVALID_QUEUE_ID;
    }
    if (entries < 2 || entries > NVME_ENTRIES) {
        return NVME_INVALID_QUEUE_SIZE;
    }
    if (flags >> 16 >= NVME_QUEUES) {
        return NVME_INVALID_VECTOR;
    }
    if (!(flags & PHYSICALLY_CONTIGUOUS)) {
        return NVME_INVALID_FIELD; /* CAP.CQR */
    }
    if (first_prp(command) % NVME_PAGE != 0) {
        return NVME_INVALID_PRP_OFFSET;
    }
    nvme->completion[id] = (struct nvme_completion_queue){
        .live = true,
        .base = first_prp(command),
        .entries = entries,
        .phase = true,
        .interrupts = flags & INTERRUPTS_ENABLED,
        .vector = (uint16_t)(flags >> 16),
    };
    return NVME_SUCCESS;
}

static uint16_t create_submission_queue(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t id = dword(command, 10) & 0xffff;
    uint32_t entries = (dword(command, 10) >> 16) + 1;
    uint32_t flags = dword(command, 11);
    uint32_t completion_queue = flags >> 16;
    if (id == 0 || id >= NVME_QUEUES || nvme->submission[id].live) {
        return NVME_INVALID_QUEUE_ID;
    }
    if (entries < 2 || entries > NVME_ENTRIES) {
        return NVME_INVALID_QUEUE_SIZE;
    }
    if (completion_queue == 0 || completion_queue >= NVME_QUEUES ||
        !nvme->completion[completion_queue].live) {
        return NVME_COMPLETION_QUEUE_INVALID;
    }
    if (!(flags & PHYSICALLY_CONTIGUOUS)) {
        return NVME_INVALID_FIELD;
    }
    if (first_prp(command) % NVME_PAGE != 0) {
        return NVME_INVALID_PRP_OFFSET;
    }
    nvme->submission[id] = (struct nvme_submission_queue){
        .live = true,
        .base = first_prp(command),
        .entries = entries,
        .completion_queue = (uint16_t)completion_queue,
    };
    return NVME_SUCCESS;
}

/* Commands of the queue that have not ended are aborted, without a word on each of them. */
static uint16_t delete_submission_queue(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t id = dword(command, 10) & 0xffff;
    if (id == 0 || id >= NVME_QUEUES || !nvme->submission[id].live) {
        return NVME_INVALID_QUEUE_ID;
    }
    nvme_drop_commands(nvme, id);
    nvme->submission[id] = (struct nvme_submission_queue){0};
    return NVME_SUCCESS;
}

static uint16_t delete_completion_queue(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t id = dword(command, 10) & 0xffff;
    if (id == 0 || id >= NVME_QUEUES || !nvme->completion[id].live) {
        return NVME_INVALID_QUEUE_ID;
    }
    for (unsigned i = 0; i < NVME_QUEUES; i++) {
        if (nvme->submission[i].live && nvme->submission[i].completion_queue == id) {
            return NVME_INVALID_QUEUE_DELETION;
        }
    }
    nvme->completion[id] = (struct nvme_completion_queue){0};
    nvme_update_pin(nvme);
    return NVME_SUCCESS;
}

static bool is_waiting(const struct nvme_command *command) {
    return !command->finished &&
           (!command->with_drive || command->request.state == REQUEST_PENDING);
}

static void give_up(struct pci_nvme *nvme, struct nvme_command *command) {
    if (command->with_drive) {
        bay_forget(nvme->bay, &command->request);
    } else {
        nvme->event_count--;
    }
    nvme_finish(command, NVME_ABORT_REQUESTED, 0);
}

/* Bit 0 of the result: not aborted. What the drive has begun goes on; only the answer comes now. */
static uint16_t abort_command(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t queue = dword(command, 10) & 0xffff;
    uint32_t id = dword(command, 10) >> 16;
    for (struct nvme_command *other = nvme->commands; other; other = other->next) {
        if (other != command && other->queue == queue && other->id == id && is_waiting(other)) {
            give_up(nvme, other);
            return NVME_SUCCESS;
        }
    }
    command->result = 1;
    return NVME_SUCCESS;
}

/* As many as there are queues, however many are asked for: both counts are zero-based. */
static uint16_t set_queue_count(const struct pci_nvme *nvme, uint32_t asked, uint32_t *result) {
    if ((asked & 0xffff) == 0xffff || asked >> 16 == 0xffff) {
        return NVME_INVALID_FIELD;
    }
    *result = nvme->features[FEATURE_NUMBER_OF_QUEUES];
    return NVME_SUCCESS;
}

static bool is_own_feature(uint32_t feature) {
    return feature == FEATURE_ARBITRATION || feature == FEATURE_NUMBER_OF_QUEUES ||
           feature == FEATURE_INTERRUPT_COALESCING || feature == FEATURE_INTERRUPT_VECTOR;
}

static uint16_t set_features(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t feature = dword(command, 10) & 0xff;
    uint32_t value = dword(command, 11);
    if (feature == FEATURE_NUMBER_OF_QUEUES) {
        return set_queue_count(nvme, value, &command->result);
    }
    if (feature == FEATURE_INTERRUPT_VECTOR) {
        return NVME_SUCCESS; /* coalescing is never done, so there is nothing to disable */
    }
    nvme->features[feature] = value;
    return NVME_SUCCESS;
}

static uint16_t get_features(struct pci_nvme *nvme, struct nvme_command *command) {
    uint32_t feature = dword(command, 10) & 0xff;
    command->result =
        feature == FEATURE_INTERRUPT_VECTOR ? dword(command, 11) & 0xffff : nvme->features[feature];
    return NVME_SUCCESS;
}

void nvme_reset_features(struct pci_nvme *nvme) {
    memset(nvme->features, 0, sizeof nvme->features);
    nvme->features[FEATURE_NUMBER_OF_QUEUES] = (NVME_QUEUES - 2) | (NVME_QUEUES - 2) << 16;
}

/* No event ever comes; the requests are held, as by a drive that has nothing to tell. */
static bool hold_event_request(struct pci_nvme *nvme, struct nvme_command *command) {
    if (nvme->event_count == NVME_EVENTS) {
        nvme_finish(command, NVME_EVENT_LIMIT, 0);
        return true;
    }
    nvme->event_count++;
    return true;
}

static uint16_t (*const handlers[])(struct pci_nvme *, struct nvme_command *) = {
    [DELETE_SUBMISSION_QUEUE] = delete_submission_queue,
    [CREATE_SUBMISSION_QUEUE] = create_submission_queue,
    [DELETE_COMPLETION_QUEUE] = delete_completion_queue,
    [CREATE_COMPLETION_QUEUE] = create_completion_queue,
    [ABORT] = abort_command,
    [SET_FEATURES] = set_features,
    [GET_FEATURES] = get_features,
};

bool nvme_admin(struct pci_nvme *nvme, struct nvme_command *command) {
    uint8_t opcode = command->request.sqe[0];
    if (opcode == ASYNCHRONOUS_EVENT_REQUEST) {
        return hold_event_request(nvme, command);
    }
    if (opcode >= sizeof handlers / sizeof handlers[0] || !handlers[opcode]) {
        return false;
    }
    bool features = opcode == SET_FEATURES || opcode == GET_FEATURES;
    if (features && !is_own_feature(dword(command, 10) & 0xff)) {
        return false;
    }
    uint16_t status = handlers[opcode](nvme, command);
    nvme_finish(command, status ? status | NVME_DO_NOT_RETRY : status, command->result);
    return true;
}
