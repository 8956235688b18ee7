/* What the parts of the AHCI adapter share; pci_ahci.h is for others. Names of registers and bits
 * are those of AHCI 1.3.1, chapter 3. */
#ifndef SIM_PCI_AHCI_INTERNAL_H
#define SIM_PCI_AHCI_INTERNAL_H

#include "bay.h"
#include "pci_ahci.h"
#include "vfio_user.h"

#include <stdbool.h>
#include <stdint.h>

#define AHCI_SLOTS 32

/* A port's registers, by dword. */
enum ahci_port_register {
    PX_CLB = 0x00 / 4,
    PX_CLBU = 0x04 / 4,
    PX_FB = 0x08 / 4,
    PX_FBU = 0x0c / 4,
    PX_IS = 0x10 / 4,
    PX_IE = 0x14 / 4,
    PX_CMD = 0x18 / 4,
    PX_TFD = 0x20 / 4,
    PX_SIG = 0x24 / 4,
    PX_SSTS = 0x28 / 4,
    PX_SCTL = 0x2c / 4,
    PX_SERR = 0x30 / 4,
    PX_SACT = 0x34 / 4,
    PX_CI = 0x38 / 4,
    PX_REGISTERS = 0x80 / 4
};

/* PxIS and PxIE */
#define IS_DHRS (1U << 0)  /* device to host register FIS */
#define IS_PSS  (1U << 1)  /* PIO setup FIS */
#define IS_SDBS (1U << 3)  /* set device bits FIS */
#define IS_PCS  (1U << 6)  /* PxSERR.DIAG.X */
#define IS_PRCS (1U << 22) /* PxSERR.DIAG.N */
#define IS_OFS  (1U << 24) /* more data than the table has room for */
#define IS_HBFS (1U << 29) /* host bus fatal error */
#define IS_TFES (1U << 30) /* the drive reports an error */

/* PxCMD */
#define CMD_ST   (1U << 0)
#define CMD_SUD  (1U << 1)
#define CMD_POD  (1U << 2)
#define CMD_CLO  (1U << 3)
#define CMD_FRE  (1U << 4)
#define CMD_CCS  (0x1fU << 8)
#define CMD_FR   (1U << 14)
#define CMD_CR   (1U << 15)
#define CMD_HPCP (1U << 18) /* hot plug capable: no link power management */

/* PxSERR */
#define SERR_N (1U << 16)
#define SERR_X (1U << 26)

/* ATA status */
#define ATA_ERR  0x01
#define ATA_DRQ  0x08
#define ATA_DF   0x20
#define ATA_DRDY 0x40
#define ATA_BSY  0x80

/* A command that the drive has. */
struct ahci_command {
    struct drive_request request;
    bool active;
    bool queued;      /* NCQ */
    unsigned entries; /* of the scatter list */
    enum drive_direction direction;
};

/* What NCQ command error log (10h) says of the command that failed. */
struct ahci_queued_error {
    bool valid;
    uint8_t slot;
    struct ata_registers_out registers;
};

struct ahci_port {
    struct pci_ahci *ahci;
    unsigned number;
    struct bay *bay; /* NULL: nothing is connected */
    uint32_t registers[PX_REGISTERS];
    bool link;            /* the drive was there when we last looked */
    bool signature_waits; /* for FIS reception to be enabled */
    bool stopped;         /* an error was reported and ST has not been cleared since */
    unsigned generation;
    unsigned busy; /* slot of the command that is not queued, or AHCI_SLOTS */
    struct ahci_command commands[AHCI_SLOTS];
    struct ahci_queued_error error;
};

struct pci_ahci {
    struct vfio_user vfio;
    struct vfio_user_device device;
    uint32_t global_control;   /* GHC */
    uint32_t interrupt_status; /* IS */
    uint32_t signalled;        /* bits of IS that the host was interrupted for */
    unsigned count;
    struct ahci_port ports[AHCI_PORTS];
};

/* pci_ahci.c: brings IS and the interrupt up to date with the ports. */
void ahci_update_interrupt(struct pci_ahci *ahci);

/* pci_ahci_port.c */
void ahci_port_init(struct ahci_port *port, struct pci_ahci *ahci, unsigned number,
                    struct bay *bay);
uint32_t ahci_port_read(const struct ahci_port *port, enum ahci_port_register index);
void ahci_port_write(struct ahci_port *port, enum ahci_port_register index, uint32_t value);

/* As after an HBA reset or with new power: registers, link and signature. The drive's own reset is
 * the caller's affair. */
void ahci_port_reset(struct ahci_port *port);
void ahci_port_advance(struct ahci_port *port);

/* Sends the drive's signature to the host. */
void ahci_port_signature(struct ahci_port *port);

/* pci_ahci_command.c: executes what PxCI has. */
void ahci_port_run(struct ahci_port *port);

/* Completes what the drive has ended. */
void ahci_port_complete(struct ahci_port *port);

/* Gives up what the drive has. */
void ahci_port_forget(struct ahci_port *port);

/* pci_ahci_fis.c: received FISes, as they are put into the host's memory, and the registers that
 * they change. */
void ahci_send_registers(struct ahci_port *port, const struct ata_registers_out *out,
                         bool interrupt);
void ahci_send_pio_setup(struct ahci_port *port, const struct ata_registers_out *out, size_t bytes);
void ahci_send_device_bits(struct ahci_port *port, const struct ata_registers_out *out,
                           uint32_t finished);

#endif
