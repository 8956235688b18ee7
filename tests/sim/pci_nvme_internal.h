/* What the parts of the NVMe controller share; pci_nvme.h is for others. */
#ifndef SIM_PCI_NVME_INTERNAL_H
#define SIM_PCI_NVME_INTERNAL_H

#include "bay.h"
#include "vfio_user.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    NVME_QUEUES = 33,    /* with the admin queue */
    NVME_ENTRIES = 1024, /* most in a queue */
    NVME_PAGE = 4096,
    NVME_EVENTS = 4,    /* asynchronous event requests that are held */
    NVME_FEATURES = 10, /* feature identifiers that the front end knows are below this */
};

/* Status codes (NVM Express 1.4, figures 128 to 130): type << 8 | code. */
enum {
    NVME_SUCCESS = 0x000,
    NVME_INVALID_OPCODE = 0x001,
    NVME_INVALID_FIELD = 0x002,
    NVME_DATA_TRANSFER_ERROR = 0x004,
    NVME_INTERNAL_ERROR = 0x006,
    NVME_ABORT_REQUESTED = 0x007,
    NVME_INVALID_PRP_OFFSET = 0x013,
    NVME_COMPLETION_QUEUE_INVALID = 0x100,
    NVME_INVALID_QUEUE_ID = 0x101,
    NVME_INVALID_QUEUE_SIZE = 0x102,
    NVME_EVENT_LIMIT = 0x105,
    NVME_INVALID_VECTOR = 0x108,
    NVME_INVALID_QUEUE_DELETION = 0x10c,
    NVME_DO_NOT_RETRY = 0x4000,
};

struct nvme_submission_queue {
    bool live;
    uint64_t base;
    uint32_t entries, head, tail;
    uint16_t completion_queue;
};

struct nvme_completion_queue {
    bool live;
    uint64_t base;
    uint32_t entries, head, tail;
    bool phase;
    bool interrupts;
    uint16_t vector;
};

/* A command from its fetching to its completion. */
struct nvme_command {
    struct drive_request request;
    struct nvme_command *next;
    uint16_t queue;
    uint16_t id;
    bool with_drive; /* the drive has it, or had it */
    bool finished;   /* status and result are set; waits for room in the completion queue */
    enum drive_direction direction;
    uint16_t status;
    uint32_t result;
};

struct pci_nvme {
    struct vfio_user vfio;
    struct vfio_user_device device;
    struct bay *bay;
    uint16_t number;  /* of the controller in its subsystem */
    bool gone;        /* the drive was seen to be absent */
    bool was_cut_off; /* while it was enabled, and the host has not been told */
    unsigned generation;
    /* Registers. */
    uint32_t configuration, status, queue_sizes, interrupt_mask;
    uint64_t submission_base, completion_base;
    struct nvme_submission_queue submission[NVME_QUEUES];
    struct nvme_completion_queue completion[NVME_QUEUES];
    struct nvme_command *commands; /* oldest first */
    unsigned event_count;          /* asynchronous event requests among them */
    uint32_t features[NVME_FEATURES];
};

/* pci_nvme_queue.c */

/* The host has put commands up to this tail into a submission queue, or has taken completions up to
 * this head. */
void nvme_submission_doorbell(struct pci_nvme *nvme, unsigned queue, uint32_t tail);
void nvme_completion_doorbell(struct pci_nvme *nvme, unsigned queue, uint32_t head);

/* Completes what is finished as far as there is room. */
void nvme_complete_finished(struct pci_nvme *nvme);

/* Sets a command's outcome; nvme_complete_finished tells the host. */
void nvme_finish(struct nvme_command *command, uint16_t status, uint32_t result);

/* Gives up commands without completions: those of one submission queue, or all (NVME_QUEUES). */
void nvme_drop_commands(struct pci_nvme *nvme, unsigned queue);

/* The level of INTA, from the queues. */
void nvme_update_pin(struct pci_nvme *nvme);

/* pci_nvme_admin.c: executes an admin command that is the controller's own affair (queues, abort,
 * events, some features). False if it is the drive's. */
bool nvme_admin(struct pci_nvme *nvme, struct nvme_command *command);
void nvme_reset_features(struct pci_nvme *nvme);

/* pci_nvme_prp.c: copies size bytes to or from the places that the command's PRP entries name;
 * total is the length of the command's data, of which size bytes are there. Returns a status. */
uint16_t nvme_gather(const struct guest_memory *memory, const uint8_t *sqe, uint8_t *data,
                     size_t size);
uint16_t nvme_scatter(const struct guest_memory *memory, const uint8_t *sqe, const uint8_t *data,
                      size_t size, size_t total);

#endif
