/*
 * The questions that are put to disks, each one command: what the scan and the identity check
 * share. All return 0, or a negative errno if there was no usable answer (-EIO: the device
 * refused).
 */
#ifndef QUIETUS_ASK_H
#define QUIETUS_ASK_H

#include "quietus/device.h"
#include "quietus/scsi_reservation.h"
#include "quietus/tcg.h"

int ask_scsi_inquiry(struct device *device, struct scsi_inquiry *out);
/* Which vital product data pages there are; asking for others hangs some USB bridges. */
int ask_scsi_vpd_pages(struct device *device, bool pages[256]);
/* A vital product data page, raw; length in: room, out: bytes. */
int ask_scsi_vpd(struct device *device, uint8_t page, uint8_t *data, size_t *length);
int ask_scsi_capacity(struct device *device, struct scsi_capacity *out);
/* The mode pages' block descriptor: as it is, or as it would be by default. */
int ask_scsi_block_descriptor(struct device *device, bool by_default,
                              struct scsi_block_descriptor *out);
int ask_scsi_write_protect(struct device *device, bool *write_protected);
/* How many logical units the disk's device has, by its own account. */
int ask_scsi_units(struct device *device, unsigned *count);
int ask_scsi_log_exceptions(struct device *device, uint8_t *asc, uint8_t *ascq);
/* Degrees Celsius; 0: the disk does not know. */
int ask_scsi_temperature(struct device *device, int *degrees);
/* How often it was started since it was made: log page 0Eh. */
int ask_scsi_starts(struct device *device, uint32_t *out);
/* Whether opcode with service action is supported, by the device's own list. */
int ask_scsi_supports(struct device *device, uint8_t opcode, uint8_t service_action,
                      enum scsi_support *out);

/*
 * REQUEST SENSE: what the disk says of itself, in the data that comes back. Sense data that cannot
 * be read leaves out->valid false.
 */
int ask_scsi_sense(struct device *device, struct scsi_sense *out);
/* TEST UNIT READY: 0 if it is; -EAGAIN with the sense if it says why not. */
int ask_scsi_ready(struct device *device, struct scsi_sense *out);

/* Who has registered with the disk, and who has reserved it (-EIO: it knows no such thing). */
int ask_scsi_registrations(struct device *device, struct scsi_registrations *out);
int ask_scsi_reservation(struct device *device, struct scsi_reservation *out);
/* How many blocks the disk has retired since it was made: the grown defect list. */
int ask_scsi_grown_defects(struct device *device, uint64_t *out);

int ask_ata_identify(struct device *device, struct ata_identify *out);
int ask_ata_smart(struct device *device, struct ata_smart *out);
/* How often it was switched on, by its device statistics. -ENODATA: it does not count that. */
int ask_ata_power_on_resets(struct device *device, uint32_t *out);
/* SMART RETURN STATUS: whether a threshold is exceeded. */
int ask_ata_failing(struct device *device, bool *failing);

/*
 * The sectors that the drive has behind a host protected area or an accessible max address; those
 * of identify if it has neither feature. -EIO if it does not say, or the controller does not pass
 * it on.
 */
int ask_ata_native(struct device *device, const struct ata_identify *identify, uint64_t *sectors);
/* The sectors that it has behind a device configuration overlay. */
int ask_ata_dco(struct device *device, uint64_t *sectors);

/*
 * SANITIZE STATUS EXT. -EIO if the question got no answer; 0 does not mean that the registers say
 * anything, see out->known.
 */
int ask_ata_sanitize_status(struct device *device, struct ata_sanitize_status *out);

/* TCG level-0 discovery. -EIO if the drive or the way to it does not take the question; -EINVAL if
 * the answer makes no sense. */
int ask_tcg_discovery(struct device *device, struct tcg_discovery *out);

int ask_nvme_controller(struct device *device, struct nvme_controller *out);
int ask_nvme_namespace(struct device *device, uint32_t nsid, struct nvme_namespace *out);
/* Ids of the namespaces that are active, or (allocated) that exist; returns their number. */
int ask_nvme_namespaces(struct device *device, bool allocated, uint32_t ids[1024]);
int ask_nvme_health(struct device *device, struct nvme_health *out);
/* The sanitize status log, 81h. */
int ask_nvme_sanitize_log(struct device *device, struct nvme_sanitize_log *out);
int ask_nvme_boot_partition(struct device *device, uint64_t *size);

#endif
