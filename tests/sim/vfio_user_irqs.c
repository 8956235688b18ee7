#include "vfio_user_irqs.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <unistd.h>

#define KINDS (sizeof((struct vfio_user *)NULL)->irqs / sizeof(struct vfio_user_irqs))

void vfio_user_irqs_init(struct vfio_user *vfio) {
    vfio->irqs[VFIO_PCI_INTX_IRQ_INDEX].count = 1;
    vfio->irqs[VFIO_PCI_MSI_IRQ_INDEX].count = vfio->config.msi ? 1 : 0;
    vfio->irqs[VFIO_PCI_MSIX_IRQ_INDEX].count = vfio->msix_vectors;
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < VFIO_USER_VECTORS; i++) {
            vfio->irqs[kind].vectors[i] = (struct vfio_user_vector){.fd = -1};
        }
    }
}

static void fire(struct vfio_user_vector *vector) {
    const uint64_t one = 1;
    vector->pending = vector->fd < 0 || write(vector->fd, &one, sizeof one) != sizeof one;
}

/* An interrupt that came before its descriptor is delivered now. */
static void assign(struct vfio_user_vector *vector, int fd) {
    if (vector->fd >= 0) {
        close(vector->fd);
    }
    vector->fd = fd;
    if (vector->pending && fd >= 0) {
        fire(vector);
    }
}

static void disable(struct vfio_user_irqs *irqs) {
    for (unsigned i = 0; i < irqs->count; i++) {
        assign(&irqs->vectors[i], -1);
        irqs->vectors[i].pending = false;
    }
}

void vfio_user_irqs_clear(struct vfio_user *vfio) {
    for (size_t kind = 0; kind < KINDS; kind++) {
        disable(&vfio->irqs[kind]);
    }
    vfio->intx_level = false;
    vfio->intx_masked = false;
}

uint32_t vfio_user_irq_count(const struct vfio_user *vfio, uint32_t index) {
    return index < KINDS ? vfio->irqs[index].count : 0;
}

/* INTx is a level: it fires again at each unmasking while it is asserted. */
static void update_intx(struct vfio_user *vfio) {
    struct vfio_user_vector *pin = &vfio->irqs[VFIO_PCI_INTX_IRQ_INDEX].vectors[0];
    if (vfio->intx_level && !vfio->intx_masked && pin->fd >= 0 &&
        pci_config_intx_enabled(&vfio->config)) {
        vfio->intx_masked = true;
        fire(pin);
    }
}

static void set_intx_mask(struct vfio_user *vfio, const struct vfio_user_set_irqs *set) {
    if (set->index == VFIO_PCI_INTX_IRQ_INDEX) {
        vfio->intx_masked = (set->flags & VFIO_IRQ_SET_ACTION_MASK) != 0;
        update_intx(vfio);
    }
}

/* Descriptors for some vectors; with none, these vectors lose theirs. */
static void assign_all(struct vfio_user *vfio, const struct vfio_user_set_irqs *set) {
    struct vfio_user_irqs *irqs = &vfio->irqs[set->index];
    for (uint32_t i = 0; i < set->count; i++) {
        int fd = -1;
        if (i < vfio->fd_count) {
            fd = vfio->fds[i];
            vfio->fds[i] = -1;
        }
        assign(&irqs->vectors[set->start + i], fd);
    }
    if (set->index == VFIO_PCI_INTX_IRQ_INDEX) {
        vfio->intx_masked = false;
        update_intx(vfio);
    }
}

int vfio_user_irqs_set(struct vfio_user *vfio, const struct vfio_user_set_irqs *set) {
    uint32_t room = vfio_user_irq_count(vfio, set->index);
    if (set->index >= KINDS) {
        return set->count == 0 ? 0 : EINVAL;
    }
    if (set->start > room || set->count > room - set->start) {
        return EINVAL;
    }
    struct vfio_user_irqs *irqs = &vfio->irqs[set->index];
    if (set->flags & (VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK)) {
        if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
            set_intx_mask(vfio, set);
        }
    } else if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
        assign_all(vfio, set);
    } else if (set->count == 0) {
        disable(irqs);
    } else {
        for (uint32_t i = 0; i < set->count; i++) {
            fire(&irqs->vectors[set->start + i]);
        }
    }
    return 0;
}

void vfio_user_signal(struct vfio_user *vfio, unsigned vector) {
    if (pci_config_msix_enabled(&vfio->config)) {
        if (vector < vfio->msix_vectors) {
            fire(&vfio->irqs[VFIO_PCI_MSIX_IRQ_INDEX].vectors[vector]);
        }
    } else if (pci_config_msi_enabled(&vfio->config)) {
        fire(&vfio->irqs[VFIO_PCI_MSI_IRQ_INDEX].vectors[0]);
    }
}

void vfio_user_set_intx(struct vfio_user *vfio, bool level) {
    vfio->intx_level = level;
    update_intx(vfio);
}
