/* The controller's registers and its life: enabling, shutdown, resets, a drive that vanishes. */
#include "pci_nvme.h"

#include "pci_nvme_internal.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Registers (NVM Express 1.4, 3.1). */
enum {
    REGISTER_CAP = 0x00,
    REGISTER_VS = 0x08,
    REGISTER_INTMS = 0x0c,
    REGISTER_INTMC = 0x10,
    REGISTER_CC = 0x14,
    REGISTER_CSTS = 0x1c,
    REGISTER_AQA = 0x24,
    REGISTER_ASQ = 0x28,
    REGISTER_ACQ = 0x30,
    DOORBELLS = 0x1000,
};

/* The BAR: registers, doorbells, MSI-X table and pending bits. */
#define BAR_SIZE     0x4000
#define MSIX_TABLE   0x2000
#define MSIX_PENDING 0x3000

#define VERSION 0x00010400

/* Capabilities: queue entries, contiguous queues, 20 s until ready, the NVM command set. The page
 * is 4 KiB and doorbells are 4 bytes apart. */
#define CAPABILITIES                                                                               \
    ((uint64_t)(NVME_ENTRIES - 1) | UINT64_C(1) << 16 | UINT64_C(40) << 24 | UINT64_C(1) << 37)

#define CC_ENABLE           1U
#define CC_SHUTDOWN         (3U << 14)
#define CC_SHUTDOWN_NORMAL  (1U << 14)
#define CSTS_READY          1U
#define CSTS_FATAL          2U
#define CSTS_SHUTDOWN       (3U << 2)
#define CSTS_SHUTDOWN_ENDED (2U << 2)

static bool is_enabled(const struct pci_nvme *nvme) {
    return nvme->configuration & CC_ENABLE;
}

/* What a controller level reset does; the admin queue's registers stay (7.3.2). */
static void stop(struct pci_nvme *nvme) {
    nvme_drop_commands(nvme, NVME_QUEUES);
    memset(nvme->submission, 0, sizeof nvme->submission);
    memset(nvme->completion, 0, sizeof nvme->completion);
    nvme->event_count = 0;
    nvme->configuration = 0;
    nvme->status = 0;
    nvme->interrupt_mask = 0;
    nvme_reset_features(nvme);
    nvme_update_pin(nvme);
}

static void clear(struct pci_nvme *nvme) {
    stop(nvme);
    nvme->queue_sizes = 0;
    nvme->submission_base = 0;
    nvme->completion_base = 0;
}

/* Page size, arbitration and entry sizes that are not offered make it fail to start. */
static bool configuration_is_valid(uint32_t configuration) {
    bool nvm_command_set = (configuration >> 4 & 7) == 0;
    bool page_of_4k = (configuration >> 7 & 15) == 0;
    bool round_robin = (configuration >> 11 & 7) == 0;
    return nvm_command_set && page_of_4k && round_robin;
}

static void start(struct pci_nvme *nvme) {
    if (!configuration_is_valid(nvme->configuration)) {
        nvme->status |= CSTS_FATAL;
        return;
    }
    nvme->submission[0] = (struct nvme_submission_queue){
        .live = true,
        .base = nvme->submission_base,
        .entries = (nvme->queue_sizes & 0xfff) + 1,
    };
    nvme->completion[0] = (struct nvme_completion_queue){
        .live = true,
        .base = nvme->completion_base,
        .entries = (nvme->queue_sizes >> 16 & 0xfff) + 1,
        .phase = true,
        .interrupts = true,
    };
    nvme->status |= CSTS_READY;
}

static void write_configuration(struct pci_nvme *nvme, uint32_t value) {
    bool was_enabled = is_enabled(nvme);
    nvme->configuration = value;
    if (!is_enabled(nvme)) {
        nvme->status &= ~CSTS_FATAL;
    }
    if (!was_enabled && is_enabled(nvme)) {
        start(nvme);
    } else if (was_enabled && !is_enabled(nvme)) {
        stop(nvme);
        nvme->configuration = value;
        bay_reset(nvme->bay, RESET_CONTROLLER);
    }
    nvme->status &= ~CSTS_SHUTDOWN;
    if ((value & CC_SHUTDOWN) == CC_SHUTDOWN_NORMAL) {
        drive_shut_down(nvme->bay->drive);
    }
    if (value & CC_SHUTDOWN) {
        nvme->status |= CSTS_SHUTDOWN_ENDED;
    }
}

/* Registers of 64 bits may be read and written by halves; shift is that of the half. */
static uint64_t register_value(const struct pci_nvme *nvme, uint64_t offset) {
    switch (offset) {
    case REGISTER_CAP:
        return CAPABILITIES;
    case REGISTER_VS:
        return VERSION;
    case REGISTER_INTMS:
    case REGISTER_INTMC:
        return nvme->interrupt_mask;
    case REGISTER_CC:
        return nvme->configuration;
    case REGISTER_CSTS:
        return nvme->status;
    case REGISTER_AQA:
        return nvme->queue_sizes;
    case REGISTER_ASQ:
        return nvme->submission_base;
    case REGISTER_ACQ:
        return nvme->completion_base;
    default:
        return 0;
    }
}

/* The second half of a 64-bit register belongs to the offset before it. */
static bool is_second_half(uint64_t offset) {
    return offset == REGISTER_CAP + 4 || offset == REGISTER_ASQ + 4 || offset == REGISTER_ACQ + 4;
}

static uint64_t read_register(void *context, unsigned bar, uint64_t offset, unsigned size) {
    (void)bar, (void)size;
    const struct pci_nvme *nvme = context;
    if (!drive_present(nvme->bay->drive)) {
        return UINT64_MAX;
    }
    return is_second_half(offset) ? register_value(nvme, offset - 4) >> 32
                                  : register_value(nvme, offset);
}

/* Changes one half, or with 8 bytes all, of a queue's base; its low 12 bits are reserved. */
static void set_base(uint64_t *base, uint64_t offset, unsigned size, uint64_t value) {
    if (size == 8) {
        *base = value;
    } else if (is_second_half(offset)) {
        *base = (uint32_t)*base | value << 32;
    } else {
        *base = (*base & ~UINT64_C(0xffffffff)) | (uint32_t)value;
    }
    *base &= ~UINT64_C(0xfff);
}

static void write_doorbell(struct pci_nvme *nvme, uint64_t offset, uint32_t value) {
    unsigned index = (unsigned)(offset - DOORBELLS) / 4;
    if (!(nvme->status & CSTS_READY) || offset >= MSIX_TABLE) {
        return;
    }
    if (index % 2 == 0) {
        nvme_submission_doorbell(nvme, index / 2, value);
    } else {
        nvme_completion_doorbell(nvme, index / 2, value);
    }
}

static void write_register(void *context, unsigned bar, uint64_t offset, unsigned size,
                           uint64_t value) {
    (void)bar;
    struct pci_nvme *nvme = context;
    if (!drive_present(nvme->bay->drive)) {
        return;
    }
    if (offset >= DOORBELLS) {
        write_doorbell(nvme, offset, (uint32_t)value);
        return;
    }
    switch (offset) {
    case REGISTER_INTMS:
        nvme->interrupt_mask |= (uint32_t)value;
        nvme_update_pin(nvme);
        break;
    case REGISTER_INTMC:
        nvme->interrupt_mask &= ~(uint32_t)value;
        nvme_update_pin(nvme);
        break;
    case REGISTER_CC:
        write_configuration(nvme, (uint32_t)value);
        break;
    case REGISTER_AQA:
        nvme->queue_sizes = (uint32_t)value;
        break;
    case REGISTER_ASQ:
    case REGISTER_ASQ + 4:
        set_base(&nvme->submission_base, offset, size, value);
        break;
    case REGISTER_ACQ:
    case REGISTER_ACQ + 4:
        set_base(&nvme->completion_base, offset, size, value);
        break;
    default:
        break;
    }
}

static void reset_function(void *context) {
    struct pci_nvme *nvme = context;
    clear(nvme);
    bay_reset(nvme->bay, RESET_HARD);
}

static void connected(void *context) {
    struct pci_nvme *nvme = context;
    bay_connect(nvme->bay);
}

static void disconnected(void *context) {
    struct pci_nvme *nvme = context;
    clear(nvme);
    bay_disconnect(nvme->bay);
}

static void configure_pci(struct pci_nvme *nvme) {
    /* No real controller's: the kernel knows many of these, QEMU's included, by their quirks. It
     * binds its driver by the class. */
    static const struct pci_identity identity = {
        .vendor = 0x1b36,
        .device = 0x00ff,
        .subsystem_vendor = 0x1af4,
        .subsystem = 0x1100,
        .revision = 2,
        .class_code = 0x010802,
    };
    struct pci_config *config = &nvme->vfio.config;
    pci_config_init(config, &identity);
    pci_config_add_bar(config, 0, BAR_SIZE);
    pci_config_add_power_management(config);
    pci_config_add_msi(config);
    pci_config_add_msix(config, NVME_QUEUES, 0, MSIX_TABLE, MSIX_PENDING);
    pci_config_add_express(config);
    nvme->vfio.bar_size[0] = BAR_SIZE;
    nvme->vfio.msix_vectors = NVME_QUEUES;
}

struct pci_nvme *pci_nvme_open(struct event_loop *loop, const char *socket, struct bay *bay,
                               uint16_t controller, char *problem, size_t problem_size) {
    struct pci_nvme *nvme = calloc(1, sizeof *nvme);
    if (!nvme) {
        snprintf(problem, problem_size, "out of memory");
        return NULL;
    }
    nvme->bay = bay;
    nvme->number = controller;
    nvme->generation = drive_generation(bay->drive);
    nvme->device = (struct vfio_user_device){
        .read = read_register,
        .write = write_register,
        .reset = reset_function,
        .connected = connected,
        .disconnected = disconnected,
        .context = nvme,
    };
    configure_pci(nvme);
    nvme_reset_features(nvme);
    if (!vfio_user_open(&nvme->vfio, loop, socket, &nvme->device, problem, problem_size)) {
        free(nvme);
        return NULL;
    }
    return nvme;
}

/* A drive that is back has lost its power on the way: its controller starts afresh. One that was
 * enabled before says that it is no good until it is reset. */
void pci_nvme_advance(struct pci_nvme *nvme) {
    const struct drive *drive = nvme->bay->drive;
    bool present = drive_present(drive);
    unsigned generation = drive_generation(drive);
    if (present && !nvme->gone && generation == nvme->generation) {
        nvme_complete_finished(nvme);
        return;
    }
    if (nvme->gone == present || generation != nvme->generation) {
        nvme->was_cut_off = nvme->was_cut_off || is_enabled(nvme);
        clear(nvme);
    }
    if (present && nvme->was_cut_off) {
        nvme->status = CSTS_FATAL;
        nvme->was_cut_off = false;
    }
    nvme->gone = !present;
    nvme->generation = generation;
}

void pci_nvme_close(struct pci_nvme *nvme) {
    vfio_user_close(&nvme->vfio);
    clear(nvme);
    free(nvme);
}
