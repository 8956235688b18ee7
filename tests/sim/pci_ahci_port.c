/* A port: its registers, its link, resets and hot plug (AHCI 1.3.1, 3.3 and chapters 7 and 10). */
#include "pci_ahci_internal.h"

#include <string.h>

/* PxSSTS: device present, generation 3, interface active. */
#define SSTS_LINK 0x133

/* What PxCMD always has: spun up, with power, and hot plug. */
#define PX_CMD_FIXED (CMD_SUD | CMD_POD | CMD_HPCP)

#define TFD_NO_DRIVE 0x7f
#define SIG_NO_DRIVE 0xffffffff

#define SCTL_DET       0xfU
#define DET_INITIALIZE 1

static bool drive_is_there(const struct ahci_port *port) {
    return port->bay && drive_present(port->bay->drive);
}

void ahci_port_signature(struct ahci_port *port) {
    struct ata_registers_out out = {0};
    drive_ata_signature(port->bay->drive, &out);
    port->registers[PX_SIG] = (uint32_t)(out.lba << 8) | (out.count & 0xff);
    port->signature_waits = !(port->registers[PX_CMD] & CMD_FRE);
    ahci_send_registers(port, &out, false);
}

static void link_up(struct ahci_port *port) {
    port->link = true;
    port->generation = drive_generation(port->bay->drive);
    port->registers[PX_SSTS] = SSTS_LINK;
    port->registers[PX_SERR] |= SERR_X | SERR_N;
    ahci_port_signature(port);
}

static void link_down(struct ahci_port *port) {
    ahci_port_forget(port);
    port->link = false;
    port->registers[PX_SSTS] = 0;
    port->registers[PX_SERR] |= SERR_N;
    port->registers[PX_TFD] = TFD_NO_DRIVE;
    port->registers[PX_SIG] = SIG_NO_DRIVE;
}

void ahci_port_reset(struct ahci_port *port) {
    ahci_port_forget(port);
    memset(port->registers, 0, sizeof port->registers);
    port->registers[PX_CMD] = PX_CMD_FIXED;
    port->registers[PX_TFD] = TFD_NO_DRIVE;
    port->registers[PX_SIG] = SIG_NO_DRIVE;
    port->link = false;
    port->stopped = false;
    port->error.valid = false;
    if (drive_is_there(port)) {
        link_up(port);
    }
}

void ahci_port_init(struct ahci_port *port, struct pci_ahci *ahci, unsigned number,
                    struct bay *bay) {
    port->ahci = ahci;
    port->number = number;
    port->bay = bay;
    ahci_port_reset(port);
}

void ahci_port_advance(struct ahci_port *port) {
    if (!port->bay) {
        return;
    }
    bool present = drive_is_there(port);
    bool another = drive_generation(port->bay->drive) != port->generation;
    if (port->link && (!present || another)) {
        link_down(port);
    }
    if (!port->link && present && (port->registers[PX_SCTL] & SCTL_DET) == 0) {
        link_up(port);
    }
    ahci_port_complete(port);
}

/* PCS and PRCS show bits of PxSERR. */
static uint32_t interrupt_status(const struct ahci_port *port) {
    uint32_t status = port->registers[PX_IS];
    status |= port->registers[PX_SERR] & SERR_X ? IS_PCS : 0;
    status |= port->registers[PX_SERR] & SERR_N ? IS_PRCS : 0;
    return status;
}

uint32_t ahci_port_read(const struct ahci_port *port, enum ahci_port_register index) {
    return index == PX_IS ? interrupt_status(port) : port->registers[index];
}

/* Stopping the engine clears the lists; what the drive has begun leaves it busy. */
static void stop_engine(struct ahci_port *port) {
    bool busy = port->busy != AHCI_SLOTS;
    ahci_port_forget(port);
    port->registers[PX_CI] = 0;
    port->registers[PX_SACT] = 0;
    port->stopped = busy && port->registers[PX_TFD] & ATA_BSY;
}

static void write_command(struct ahci_port *port, uint32_t value) {
    uint32_t old = port->registers[PX_CMD];
    uint32_t now = (value & (CMD_ST | CMD_FRE)) | (old & CMD_CCS) | PX_CMD_FIXED;
    now |= now & CMD_ST ? CMD_CR : 0;
    now |= now & CMD_FRE ? CMD_FR : 0;
    port->registers[PX_CMD] = now;
    if (old & CMD_ST && !(now & CMD_ST)) {
        stop_engine(port);
    }
    if (value & CMD_CLO) {
        port->registers[PX_TFD] &= ~(uint32_t)(ATA_BSY | ATA_DRQ);
        port->stopped = false;
    }
    if (now & CMD_FRE && port->signature_waits && port->link) {
        ahci_port_signature(port);
    }
    ahci_port_run(port);
}

/* COMRESET goes out while DET is 1, and the link is made when it is 0 again. */
static void write_control(struct ahci_port *port, uint32_t value) {
    bool was_resetting = (port->registers[PX_SCTL] & SCTL_DET) == DET_INITIALIZE;
    bool resetting = (value & SCTL_DET) == DET_INITIALIZE;
    port->registers[PX_SCTL] = value;
    if (resetting && !was_resetting && port->bay) {
        bool there = drive_is_there(port);
        link_down(port);
        if (there) {
            bay_reset(port->bay, RESET_HARD);
        }
    }
    if (was_resetting && (value & SCTL_DET) == 0) {
        port->stopped = false;
        port->error.valid = false;
        if (drive_is_there(port)) {
            link_up(port);
        }
    }
}

static void write_issue(struct ahci_port *port, uint32_t value) {
    if (port->registers[PX_CMD] & CMD_ST) {
        port->registers[PX_CI] |= value;
        ahci_port_run(port);
    }
}

static void write_active(struct ahci_port *port, uint32_t value) {
    if (port->registers[PX_CMD] & CMD_ST) {
        port->registers[PX_SACT] |= value;
    }
}

static void clear_interrupts(struct ahci_port *port, uint32_t value) {
    port->registers[PX_IS] &= ~value;
}

static void clear_errors(struct ahci_port *port, uint32_t value) {
    port->registers[PX_SERR] &= ~value;
}

/* Registers with an effect; those of the second table just hold what they are given. */
static void (*const writers[PX_REGISTERS])(struct ahci_port *port, uint32_t value) = {
    [PX_IS] = clear_interrupts, [PX_CMD] = write_command, [PX_SCTL] = write_control,
    [PX_SERR] = clear_errors,   [PX_SACT] = write_active, [PX_CI] = write_issue,
};

static const uint32_t writable[PX_REGISTERS] = {
    [PX_CLB] = 0xfffffc00, [PX_CLBU] = 0xffffffff, [PX_FB] = 0xffffff00,
    [PX_FBU] = 0xffffffff, [PX_IE] = 0xfdc000ff,
};

void ahci_port_write(struct ahci_port *port, enum ahci_port_register index, uint32_t value) {
    if (writers[index]) {
        writers[index](port, value);
    } else if (writable[index]) {
        port->registers[index] = value & writable[index];
    }
    ahci_update_interrupt(port->ahci);
}
