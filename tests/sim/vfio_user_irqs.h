/* The interrupts of a vfio-user device: which eventfd the machine wants to be told by. */
#ifndef SIM_VFIO_USER_IRQS_H
#define SIM_VFIO_USER_IRQS_H

#include "vfio_user.h"
#include "vfio_user_protocol.h"

#include <stdint.h>

void vfio_user_irqs_init(struct vfio_user *vfio);

/* The machine is gone: closes its descriptors. */
void vfio_user_irqs_clear(struct vfio_user *vfio);

/* How many there are of the kind index (VFIO_PCI_*_IRQ_INDEX). */
uint32_t vfio_user_irq_count(const struct vfio_user *vfio, uint32_t index);

/* Does what a SET_IRQS message asks, with the descriptors in vfio->fds, of which it keeps some (and
 * marks them -1). Returns 0 or an errno. */
int vfio_user_irqs_set(struct vfio_user *vfio, const struct vfio_user_set_irqs *set);

#endif
