/*
 * The server's side of vfio-user: a PCI device of ours in a virtual machine of QEMU 10.1 or newer.
 * Protocol: QEMU's docs/interop/vfio-user.rst, version 0.0.
 */
#ifndef SIM_VFIO_USER_H
#define SIM_VFIO_USER_H

#include "guest_memory.h"
#include "pci_config.h"
#include "unix_server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFIO_USER_BARS    6
#define VFIO_USER_VECTORS 64

/* What the device does. BAR accesses are of 1, 2, 4 or 8 bytes and lie within the BAR. */
struct vfio_user_device {
    uint64_t (*read)(void *context, unsigned bar, uint64_t offset, unsigned size);
    void (*write)(void *context, unsigned bar, uint64_t offset, unsigned size, uint64_t value);
    void (*reset)(void *context);        /* of the function: by the machine, or by the host's FLR */
    void (*connected)(void *context);    /* a machine is there */
    void (*disconnected)(void *context); /* it is gone, and its memory with it */
    void *context;
};

struct vfio_user_vector {
    int fd;
    bool pending; /* fired while it had no descriptor */
};

/* Interrupts of one kind (INTx, MSI, MSI-X). */
struct vfio_user_irqs {
    unsigned count;
    struct vfio_user_vector vectors[VFIO_USER_VECTORS];
};

struct vfio_user {
    struct unix_server server;
    const struct vfio_user_device *device;
    /* Set by the caller before vfio_user_open. */
    struct pci_config config;
    uint32_t bar_size[VFIO_USER_BARS];
    unsigned msix_vectors;
    /* The machine's. */
    struct guest_memory memory;
    struct vfio_user_irqs irqs[3];
    bool intx_level;
    bool intx_masked; /* fired, and not yet unmasked by the machine */
    /* The message that is being received. */
    uint8_t *message;
    size_t received;
    int fds[UNIX_SERVER_FDS];
    size_t fd_count;
};

/* Listens at the path. False with a message in problem. */
bool vfio_user_open(struct vfio_user *vfio, struct event_loop *loop, const char *path,
                    const struct vfio_user_device *device, char *problem, size_t problem_size);

/* A message-signalled interrupt: MSI-X or MSI, whichever the host has enabled. */
void vfio_user_signal(struct vfio_user *vfio, unsigned vector);

/* The level of the INTA pin. */
void vfio_user_set_intx(struct vfio_user *vfio, bool level);

void vfio_user_close(struct vfio_user *vfio);

#endif
