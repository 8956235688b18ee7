/* FISes from the drive (Serial ATA 3.x, 10.5) in the port's receive area (AHCI 1.3.1, 4.2.1). */
#include "pci_ahci_internal.h"

#include <string.h>

enum { AREA_PIO_SETUP = 0x20, AREA_REGISTERS = 0x40, AREA_DEVICE_BITS = 0x58 };

enum { FIS_REGISTERS = 0x34, FIS_PIO_SETUP = 0x5f, FIS_DEVICE_BITS = 0xa1 };

#define FIS_INTERRUPT 0x40
#define FIS_TO_HOST   0x20

#define REGISTERS_SIZE   20
#define DEVICE_BITS_SIZE 8

static void receive(struct ahci_port *port, unsigned offset, const uint8_t *fis, size_t size) {
    if (!(port->registers[PX_CMD] & CMD_FRE)) {
        return;
    }
    uint64_t area = port->registers[PX_FB] | (uint64_t)port->registers[PX_FBU] << 32;
    if (!guest_memory_write(&port->ahci->vfio.memory, area + offset, fis, size)) {
        port->registers[PX_IS] |= IS_HBFS;
    }
}

/* The part that register FIS and PIO setup FIS have in common. */
static void fill_registers(uint8_t fis[REGISTERS_SIZE], const struct ata_registers_out *out) {
    fis[2] = out->status;
    fis[3] = out->error;
    fis[4] = (uint8_t)out->lba;
    fis[5] = (uint8_t)(out->lba >> 8);
    fis[6] = (uint8_t)(out->lba >> 16);
    fis[7] = out->device;
    fis[8] = (uint8_t)(out->lba >> 24);
    fis[9] = (uint8_t)(out->lba >> 32);
    fis[10] = (uint8_t)(out->lba >> 40);
    fis[12] = (uint8_t)out->count;
    fis[13] = (uint8_t)(out->count >> 8);
}

static void set_task_file(struct ahci_port *port, const struct ata_registers_out *out) {
    port->registers[PX_TFD] = out->status | (uint32_t)out->error << 8;
    if (out->status & ATA_ERR || out->status & ATA_DF) {
        port->registers[PX_IS] |= IS_TFES;
    }
}

void ahci_send_registers(struct ahci_port *port, const struct ata_registers_out *out,
                         bool interrupt) {
    uint8_t fis[REGISTERS_SIZE] = {FIS_REGISTERS, interrupt ? FIS_INTERRUPT : 0};
    fill_registers(fis, out);
    receive(port, AREA_REGISTERS, fis, sizeof fis);
    set_task_file(port, out);
    if (interrupt) {
        port->registers[PX_IS] |= IS_DHRS;
    }
}

/* The only FIS of a PIO data-in command: its status is that at the start, E_STATUS that at the end.
 */
void ahci_send_pio_setup(struct ahci_port *port, const struct ata_registers_out *out,
                         size_t bytes) {
    uint8_t fis[REGISTERS_SIZE] = {FIS_PIO_SETUP, FIS_INTERRUPT | FIS_TO_HOST};
    fill_registers(fis, out);
    fis[2] = ATA_DRDY | 0x10 | ATA_DRQ;
    fis[15] = out->status;
    fis[16] = (uint8_t)bytes;
    fis[17] = (uint8_t)(bytes >> 8);
    receive(port, AREA_PIO_SETUP, fis, sizeof fis);
    set_task_file(port, out);
    port->registers[PX_IS] |= IS_PSS;
}

/* Bits 7 and 3 of the status are not in this FIS. */
void ahci_send_device_bits(struct ahci_port *port, const struct ata_registers_out *out,
                           uint32_t finished) {
    uint8_t fis[DEVICE_BITS_SIZE] = {FIS_DEVICE_BITS, FIS_INTERRUPT, out->status & 0x77,
                                     out->error};
    memcpy(fis + 4, &finished, sizeof finished);
    receive(port, AREA_DEVICE_BITS, fis, sizeof fis);
    struct ata_registers_out task_file = *out;
    task_file.status = (uint8_t)((out->status & 0x77) | (port->registers[PX_TFD] & 0x88));
    set_task_file(port, &task_file);
    port->registers[PX_SACT] &= ~finished;
    port->registers[PX_IS] |= IS_SDBS;
}
