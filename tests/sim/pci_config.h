/* The configuration space of a PCI function: header and capabilities (PCI Local Bus 3.0, PCI
 * Express Base 3.0). The host is little-endian, as PCI is. */
#ifndef SIM_PCI_CONFIG_H
#define SIM_PCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_ROOM 4096

struct pci_config {
    uint8_t bytes[PCI_CONFIG_ROOM];
    uint8_t writable[PCI_CONFIG_ROOM]; /* which bits the host may change */
    unsigned size;                     /* 256, or 4096 with PCI Express */
    unsigned free;                     /* where the next capability goes */
    unsigned last;                     /* the pointer that links it */
    unsigned msi, msix, express;       /* where they are; 0: not there */
};

struct pci_identity {
    uint16_t vendor, device;
    uint16_t subsystem_vendor, subsystem;
    uint8_t revision;
    uint32_t class_code; /* class, subclass, interface */
};

/* With an INTA pin and no capability yet. */
void pci_config_init(struct pci_config *config, const struct pci_identity *identity);

/* A 32-bit memory BAR of a size that is a power of two. */
void pci_config_add_bar(struct pci_config *config, unsigned bar, uint32_t size);

void pci_config_add_power_management(struct pci_config *config);
void pci_config_add_msi(struct pci_config *config);
void pci_config_add_msix(struct pci_config *config, unsigned vectors, unsigned bar, uint32_t table,
                         uint32_t pending);

/* An endpoint that can do a function level reset. */
void pci_config_add_express(struct pci_config *config);

/* Ranges beyond the space read as zeros and are not written. */
void pci_config_read(const struct pci_config *config, size_t offset, void *data, size_t size);

/* True if this write asked for a function level reset. */
bool pci_config_write(struct pci_config *config, size_t offset, const void *data, size_t size);

bool pci_config_msi_enabled(const struct pci_config *config);
bool pci_config_msix_enabled(const struct pci_config *config);
bool pci_config_intx_enabled(const struct pci_config *config);

/* As after a reset: what the host may write is zero again. */
void pci_config_reset(struct pci_config *config);

#endif
