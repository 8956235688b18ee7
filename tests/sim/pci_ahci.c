/* The adapter's own registers, and its life. */
#include "pci_ahci.h"

#include "pci_ahci_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Generic host control (AHCI 1.3.1, 3.1), and where the ports' registers begin. */
enum {
    REGISTER_CAP = 0x00,
    REGISTER_GHC = 0x04,
    REGISTER_IS = 0x08,
    REGISTER_PI = 0x0c,
    REGISTER_VS = 0x10,
    PORTS = 0x100,
    PORT_SIZE = 0x80,
};

#define ABAR      5
#define ABAR_SIZE 0x2000

/* 64-bit addresses, NCQ, command list override, 6 Gb/s, AHCI only, PIO of many blocks, the slumber
 * and partial states (which are never entered), 32 slots. */
#define CAPABILITIES                                                                               \
    (1U << 31 | 1U << 30 | 1U << 24 | 3U << 20 | 1U << 18 | 7U << 13 | (AHCI_SLOTS - 1U) << 8)

#define VERSION 0x00010301

#define GHC_RESET  (1U << 0)
#define GHC_ENABLE (1U << 1)
#define GHC_AHCI   (1U << 31)

/* INTA is a level; a message goes out whenever a bit of IS is set anew, also right after the host
 * has cleared it. */
void ahci_update_interrupt(struct pci_ahci *ahci) {
    for (unsigned i = 0; i < ahci->count; i++) {
        const struct ahci_port *port = &ahci->ports[i];
        if (ahci_port_read(port, PX_IS) & port->registers[PX_IE]) {
            ahci->interrupt_status |= 1U << i;
        }
    }
    uint32_t wanted = ahci->global_control & GHC_ENABLE ? ahci->interrupt_status : 0;
    if (wanted & ~ahci->signalled) {
        vfio_user_signal(&ahci->vfio, 0);
    }
    ahci->signalled = wanted;
    vfio_user_set_intx(&ahci->vfio, wanted != 0);
}

static void reset_registers(struct pci_ahci *ahci) {
    ahci->global_control = GHC_AHCI;
    ahci->interrupt_status = 0;
    ahci->signalled = 0;
    for (unsigned i = 0; i < ahci->count; i++) {
        ahci_port_reset(&ahci->ports[i]);
    }
    ahci_update_interrupt(ahci);
}

/* An HBA reset sends COMRESET to every drive. */
static void reset_adapter(void *context) {
    struct pci_ahci *ahci = context;
    for (unsigned i = 0; i < ahci->count; i++) {
        ahci_port_forget(&ahci->ports[i]);
        if (ahci->ports[i].link) {
            bay_reset(ahci->ports[i].bay, RESET_HARD);
        }
    }
    reset_registers(ahci);
}

static uint32_t implemented_ports(const struct pci_ahci *ahci) {
    return (uint32_t)((UINT64_C(1) << ahci->count) - 1);
}

static uint32_t read_dword(const struct pci_ahci *ahci, uint64_t offset) {
    switch (offset) {
    case REGISTER_CAP:
        return CAPABILITIES | (ahci->count - 1);
    case REGISTER_GHC:
        return ahci->global_control;
    case REGISTER_IS:
        return ahci->interrupt_status;
    case REGISTER_PI:
        return implemented_ports(ahci);
    case REGISTER_VS:
        return VERSION;
    default:
        break;
    }
    unsigned port = (unsigned)(offset - PORTS) / PORT_SIZE;
    if (offset < PORTS || port >= ahci->count) {
        return 0;
    }
    return ahci_port_read(&ahci->ports[port], offset % PORT_SIZE / 4);
}

/* Smaller reads give the part of the dword; the registers are not written in parts. */
static uint64_t read_register(void *context, unsigned bar, uint64_t offset, unsigned size) {
    (void)bar;
    const struct pci_ahci *ahci = context;
    uint64_t value = read_dword(ahci, offset & ~UINT64_C(3));
    if (size == 8) {
        value |= (uint64_t)read_dword(ahci, offset + 4) << 32;
    }
    return value >> 8 * (offset & 3);
}

static void write_global_control(struct pci_ahci *ahci, uint32_t value) {
    if (value & GHC_RESET) {
        reset_adapter(ahci);
        return;
    }
    ahci->global_control = GHC_AHCI | (value & GHC_ENABLE);
    ahci_update_interrupt(ahci);
}

static void write_dword(struct pci_ahci *ahci, uint64_t offset, uint32_t value) {
    unsigned port = (unsigned)(offset - PORTS) / PORT_SIZE;
    if (offset == REGISTER_GHC) {
        write_global_control(ahci, value);
    } else if (offset == REGISTER_IS) {
        ahci->interrupt_status &= ~value;
        ahci->signalled &= ~value;
        ahci_update_interrupt(ahci);
    } else if (offset >= PORTS && port < ahci->count) {
        ahci_port_write(&ahci->ports[port], offset % PORT_SIZE / 4, value);
    }
}

static void write_register(void *context, unsigned bar, uint64_t offset, unsigned size,
                           uint64_t value) {
    (void)bar;
    if (offset % 4 != 0 || size < 4) {
        return;
    }
    write_dword(context, offset, (uint32_t)value);
    if (size == 8) {
        write_dword(context, offset + 4, (uint32_t)(value >> 32));
    }
}

static void connected(void *context) {
    struct pci_ahci *ahci = context;
    for (unsigned i = 0; i < ahci->count; i++) {
        bay_connect(ahci->ports[i].bay);
    }
}

static void disconnected(void *context) {
    struct pci_ahci *ahci = context;
    for (unsigned i = 0; i < ahci->count; i++) {
        ahci_port_forget(&ahci->ports[i]);
        bay_disconnect(ahci->ports[i].bay);
    }
    reset_registers(ahci);
}

static void configure_pci(struct pci_ahci *ahci) {
    /* Intel's ICH9, as QEMU's own AHCI: the kernel applies no quirks to it. */
    static const struct pci_identity identity = {
        .vendor = 0x8086,
        .device = 0x2922,
        .subsystem_vendor = 0x1af4,
        .subsystem = 0x1100,
        .revision = 2,
        .class_code = 0x010601,
    };
    pci_config_init(&ahci->vfio.config, &identity);
    pci_config_add_bar(&ahci->vfio.config, ABAR, ABAR_SIZE);
    pci_config_add_msi(&ahci->vfio.config);
    pci_config_add_power_management(&ahci->vfio.config);
    ahci->vfio.bar_size[ABAR] = ABAR_SIZE;
}

struct pci_ahci *pci_ahci_open(struct event_loop *loop, const char *socket,
                               struct bay *const bays[], unsigned count, char *problem,
                               size_t problem_size) {
    if (count == 0 || count > AHCI_PORTS) {
        snprintf(problem, problem_size, "an AHCI adapter has 1 to %d ports", AHCI_PORTS);
        return NULL;
    }
    struct pci_ahci *ahci = calloc(1, sizeof *ahci);
    if (!ahci) {
        snprintf(problem, problem_size, "out of memory");
        return NULL;
    }
    ahci->count = count;
    ahci->device = (struct vfio_user_device){
        .read = read_register,
        .write = write_register,
        .reset = reset_adapter,
        .connected = connected,
        .disconnected = disconnected,
        .context = ahci,
    };
    configure_pci(ahci);
    for (unsigned i = 0; i < count; i++) {
        ahci_port_init(&ahci->ports[i], ahci, i, bays[i]);
    }
    ahci->global_control = GHC_AHCI;
    if (!vfio_user_open(&ahci->vfio, loop, socket, &ahci->device, problem, problem_size)) {
        free(ahci);
        return NULL;
    }
    return ahci;
}

void pci_ahci_advance(struct pci_ahci *ahci) {
    for (unsigned i = 0; i < ahci->count; i++) {
        ahci_port_advance(&ahci->ports[i]);
    }
    ahci_update_interrupt(ahci);
}

void pci_ahci_close(struct pci_ahci *ahci) {
    vfio_user_close(&ahci->vfio);
    for (unsigned i = 0; i < ahci->count; i++) {
        ahci_port_forget(&ahci->ports[i]);
    }
    free(ahci);
}
