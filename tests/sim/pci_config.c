#include "pci_config.h"

#include <linux/pci_regs.h>
#include <string.h>

#define FIRST_CAPABILITY 0x40

static void put(struct pci_config *config, unsigned offset, uint32_t value, unsigned size) {
    memcpy(config->bytes + offset, &value, size);
}

static void allow(struct pci_config *config, unsigned offset, uint32_t bits, unsigned size) {
    memcpy(config->writable + offset, &bits, size);
}

static uint16_t get16(const struct pci_config *config, unsigned offset) {
    uint16_t value;
    memcpy(&value, config->bytes + offset, sizeof value);
    return value;
}

void pci_config_init(struct pci_config *config, const struct pci_identity *identity) {
    memset(config, 0, sizeof *config);
    config->size = 256;
    config->free = FIRST_CAPABILITY;
    config->last = PCI_CAPABILITY_LIST;
    put(config, PCI_VENDOR_ID, identity->vendor, 2);
    put(config, PCI_DEVICE_ID, identity->device, 2);
    put(config, PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor, 2);
    put(config, PCI_SUBSYSTEM_ID, identity->subsystem, 2);
    put(config, PCI_CLASS_REVISION, identity->class_code << 8 | identity->revision, 4);
    put(config, PCI_INTERRUPT_PIN, 1, 1);
    allow(config, PCI_COMMAND,
          PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE, 2);
    allow(config, PCI_INTERRUPT_LINE, 0xff, 1);
    allow(config, PCI_CACHE_LINE_SIZE, 0xff, 1);
}

void pci_config_add_bar(struct pci_config *config, unsigned bar, uint32_t size) {
    allow(config, PCI_BASE_ADDRESS_0 + 4 * bar, ~(size - 1), 4);
}

static unsigned add_capability(struct pci_config *config, uint8_t id, unsigned size) {
    unsigned offset = config->free;
    put(config, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
    put(config, config->last, offset, 1);
    put(config, offset, id, 1);
    config->last = offset + PCI_CAP_LIST_NEXT;
    config->free = (offset + size + 3) & ~3U;
    return offset;
}

void pci_config_add_power_management(struct pci_config *config) {
    unsigned at = add_capability(config, PCI_CAP_ID_PM, PCI_PM_SIZEOF);
    put(config, at + PCI_PM_PMC, 3, 2); /* version 1.2 */
    put(config, at + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, 2);
    allow(config, at + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK, 2);
}

void pci_config_add_msi(struct pci_config *config) {
    config->msi = add_capability(config, PCI_CAP_ID_MSI, 14);
    put(config, config->msi + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT, 2);
    allow(config, config->msi + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);
    allow(config, config->msi + PCI_MSI_ADDRESS_LO, 0xfffffffc, 4);
    allow(config, config->msi + PCI_MSI_ADDRESS_HI, 0xffffffff, 4);
    allow(config, config->msi + PCI_MSI_DATA_64, 0xffff, 2);
}

void pci_config_add_msix(struct pci_config *config, unsigned vectors, unsigned bar, uint32_t table,
                         uint32_t pending) {
    config->msix = add_capability(config, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
    put(config, config->msix + PCI_MSIX_FLAGS, vectors - 1, 2);
    allow(config, config->msix + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
    put(config, config->msix + PCI_MSIX_TABLE, table | bar, 4);
    put(config, config->msix + PCI_MSIX_PBA, pending | bar, 4);
}

void pci_config_add_express(struct pci_config *config) {
    config->size = PCI_CONFIG_ROOM;
    config->express = add_capability(config, PCI_CAP_ID_EXP, 0x3c);
    put(config, config->express + PCI_EXP_FLAGS, PCI_EXP_TYPE_ENDPOINT << 4 | 2, 2);
    put(config, config->express + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER, 4);
    allow(config, config->express + PCI_EXP_DEVCTL, 0x7fff, 2);
    put(config, config->express + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_8_0GB | 4 << 4, 4);
    put(config, config->express + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_8_0GB | 4 << 4, 2);
}

void pci_config_read(const struct pci_config *config, size_t offset, void *data, size_t size) {
    memset(data, 0, size);
    if (offset < config->size && size <= config->size - offset) {
        memcpy(data, config->bytes + offset, size);
    }
}

static bool asks_for_reset(const struct pci_config *config, size_t offset, const uint8_t *data,
                           size_t size) {
    size_t high = config->express + PCI_EXP_DEVCTL + 1; /* the byte with the bit */
    return config->express && offset <= high && high < offset + size &&
           data[high - offset] & PCI_EXP_DEVCTL_BCR_FLR >> 8;
}

bool pci_config_write(struct pci_config *config, size_t offset, const void *data, size_t size) {
    const uint8_t *bytes = data;
    if (offset >= config->size || size > config->size - offset) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t bits = config->writable[offset + i];
        uint8_t *byte = &config->bytes[offset + i];
        *byte = (uint8_t)((*byte & ~bits) | (bytes[i] & bits));
    }
    return asks_for_reset(config, offset, bytes, size);
}

bool pci_config_msi_enabled(const struct pci_config *config) {
    return config->msi && get16(config, config->msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE;
}

bool pci_config_msix_enabled(const struct pci_config *config) {
    return config->msix && get16(config, config->msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE;
}

bool pci_config_intx_enabled(const struct pci_config *config) {
    return !pci_config_msi_enabled(config) && !pci_config_msix_enabled(config) &&
           !(get16(config, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

void pci_config_reset(struct pci_config *config) {
    for (unsigned i = 0; i < config->size; i++) {
        config->bytes[i] &= (uint8_t)~config->writable[i];
    }
}
