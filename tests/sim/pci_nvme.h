/* An NVMe controller on PCI Express (NVM Express 1.4) over vfio-user, in front of a simulated
 * drive. */
#ifndef SIM_PCI_NVME_H
#define SIM_PCI_NVME_H

#include "bay.h"
#include "event_loop.h"

#include <stddef.h>
#include <stdint.h>

struct pci_nvme;

/* The controller of that number of the drive's subsystem, at a socket. NULL with a message in
 * problem. */
struct pci_nvme *pci_nvme_open(struct event_loop *loop, const char *socket, struct bay *bay,
                               uint16_t controller, char *problem, size_t problem_size);

/* Time has passed, and drive_advance was called: completes what has ended, notices a drive that has
 * gone. */
void pci_nvme_advance(struct pci_nvme *nvme);

void pci_nvme_close(struct pci_nvme *nvme);

#endif
