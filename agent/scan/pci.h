/* PCI functions as sysfs has them. */
#ifndef QUIETUS_SCAN_PCI_H
#define QUIETUS_SCAN_PCI_H

#include "quietus/disk.h"

/* The PCI function nearest to a device of the kernel's tree, with its driver; all empty if there is
 * none above it. folder may be a link. */
void pci_controller_of(const char *folder, struct disk_controller *out);

/* The name of the slot that a function is in (/sys/bus/pci/slots); "" if none is known. */
void pci_slot(const char *root, const char *address, char *out, size_t size);

#endif
