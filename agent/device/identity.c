#include "quietus/ask.h"

#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int ata_identity(struct device *device, struct disk_identity *out) {
    struct ata_identify identify;
    const int error = ask_ata_identify(device, &identify);
    if (error)
        return error;
    text_copy(out->model, sizeof out->model, identify.model);
    text_copy(out->serial, sizeof out->serial, identify.serial);
    text_copy(out->firmware, sizeof out->firmware, identify.firmware);
    if (identify.wwn != 0)
        (void)snprintf(out->wwn, sizeof out->wwn, "naa.%016" PRIx64, identify.wwn);
    out->capacity = identify.sectors * identify.logical_sector_size;
    return 0;
}

static void scsi_names(struct device *device, struct disk_identity *out) {
    bool pages[256] = {false};
    uint8_t data[512];
    if (ask_scsi_vpd_pages(device, pages))
        return;
    size_t length = sizeof data;
    if (pages[0x80] && ask_scsi_vpd(device, 0x80, data, &length) == 0)
        (void)scsi_decode_vpd_serial((struct bytes){data, length}, out->serial, sizeof out->serial);
    struct scsi_designators designators;
    length = sizeof data;
    if (pages[0x83] && ask_scsi_vpd(device, 0x83, data, &length) == 0 &&
        scsi_decode_vpd_identification((struct bytes){data, length}, &designators) == 0)
        text_copy(out->wwn, sizeof out->wwn, designators.logical_unit);
}

static int scsi_identity(struct device *device, struct disk_identity *out) {
    struct scsi_inquiry inquiry;
    int error = ask_scsi_inquiry(device, &inquiry);
    if (error)
        return error;
    text_copy(out->vendor, sizeof out->vendor, inquiry.vendor);
    text_copy(out->model, sizeof out->model, inquiry.product);
    text_copy(out->firmware, sizeof out->firmware, inquiry.revision);
    scsi_names(device, out);
    struct scsi_capacity capacity;
    error = ask_scsi_capacity(device, &capacity);
    if (error)
        return error;
    out->capacity = capacity.blocks * capacity.block_size;
    return 0;
}

static int nvme_identity(struct device *device, struct disk_identity *out) {
    struct nvme_controller controller;
    int error = ask_nvme_controller(device, &controller);
    if (error)
        return error;
    text_copy(out->model, sizeof out->model, controller.model);
    text_copy(out->serial, sizeof out->serial, controller.serial);
    text_copy(out->firmware, sizeof out->firmware, controller.firmware);
    for (unsigned i = 0; i < device->area_count; i++) {
        struct nvme_namespace ns;
        error = ask_nvme_namespace(device, device->areas[i].nsid, &ns);
        if (error)
            return error;
        if (ns.size * ns.lba_size > INT64_MAX - out->capacity)
            return -ERANGE;
        out->capacity += ns.size * ns.lba_size;
        if (i == 0)
            text_copy(out->wwn, sizeof out->wwn, ns.name);
    }
    return 0;
}

static int block_identity(struct device *device, struct disk_identity *out) {
    for (unsigned i = 0; i < device->area_count; i++) {
        uint64_t bytes;
        const int error = device->ops->area_size(device->context, i, &bytes);
        if (error)
            return error;
        out->capacity += bytes;
    }
    if (device->area_count == 0)
        return -ENODEV;
    return device->ops->area_names(device->context, 0, out->serial, out->model);
}

/* In the order of enum command_set. */
static int (*const readers[])(struct device *, struct disk_identity *) = {
    [COMMANDS_NONE] = block_identity,
    [COMMANDS_SCSI] = scsi_identity,
    [COMMANDS_ATA] = ata_identity,
    [COMMANDS_NVME] = nvme_identity,
};

int device_identity(struct device *device, struct disk_identity *out, struct reason *reason) {
    *out = (struct disk_identity){0};
    const int error = readers[device->commands](device, out);
    if (error)
        reason_set(reason, "the disk does not say who it is: %s", strerror(-error));
    return error;
}
