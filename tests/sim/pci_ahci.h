/* An AHCI host bus adapter (AHCI 1.3.1) over vfio-user, with a simulated ATA drive at each port. */
#ifndef SIM_PCI_AHCI_H
#define SIM_PCI_AHCI_H

#include "bay.h"
#include "event_loop.h"

#include <stddef.h>

#define AHCI_PORTS 32

struct pci_ahci;

/* NULL with a message in problem. */
struct pci_ahci *pci_ahci_open(struct event_loop *loop, const char *socket,
                               struct bay *const bays[], unsigned count, char *problem,
                               size_t problem_size);

/* Time has passed, and drive_advance was called: completes what has ended, notices drives that have
 * gone or come. */
void pci_ahci_advance(struct pci_ahci *ahci);

void pci_ahci_close(struct pci_ahci *ahci);

#endif
