/* What a disk says of itself, asked over its own command set. */
#include "quietus/ask.h"
#include "quietus/models.h"

#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void take_rotation(struct disk *disk, uint16_t rate) {
    if (rate == 1)
        disk->medium = MEDIUM_FLASH;
    if (rate > 0x0400 && rate != 0xffff) {
        disk->medium = MEDIUM_ROTATING;
        disk->rotation_rate = rate;
    }
}

void disk_take_ata(struct disk *disk, const struct ata_identify *identify) {
    disk->has_ata = true;
    disk->ata = *identify;
    take_rotation(disk, identify->rotation_rate);
    if (identify->checksum_present && !identify->checksum_good)
        disk_finding(disk, "the checksum of its IDENTIFY data is wrong");
    const struct ata_security *security = &identify->security;
    if (security->locked)
        disk_finding(disk, "locked by an ATA password: reads and writes will fail");
    if (security->enabled && !security->locked)
        disk_finding(disk, "an ATA password is set; it will lock at the next power cycle");
    if (security->frozen)
        disk_finding(disk, "ATA security is frozen (usually by the BIOS); pulling the drive and "
                           "plugging it in again ends that, or a setting of the BIOS, or on some "
                           "machines a suspend to memory (quietus.thaw=s3)");
}

void disk_take_scsi_characteristics(struct disk *disk, const struct scsi_characteristics *page) {
    take_rotation(disk, page->rotation_rate);
    disk->after_block_erase = page->after_block_erase;
    disk->after_crypto_erase = page->after_crypto_erase;
    if (page->zoned)
        disk_finding(disk, "zoned medium (model %u)", page->zoned);
}

/* Many host adapters' drivers (RAID controllers that pass disks through, paravirtual ones) do not
 * tell the kernel what is behind them; the disk itself does. */
void disk_take_scsi_designators(struct disk *disk, const struct scsi_designators *page) {
    text_copy(disk->target_device, sizeof disk->target_device, page->target_device);
    if (disk->bus == BUS_SCSI && page->sas_port)
        disk->bus = BUS_SAS;
}

/* Sectors that the kernel does not take: it makes no block device, or one of no size. */
static bool is_odd(uint32_t block_size) {
    return (block_size & (block_size - 1)) != 0;
}

static void take_area_sizes(struct disk *disk, uint64_t blocks, uint32_t block_size) {
    if (disk->area_count == 0 ||
        (disk->area_count == 1 && disk->areas[0].lba_count == 0 && is_odd(block_size))) {
        disk->area_count = 1;
        disk->areas[0] = (struct disk_area){.lba_size = block_size, .lba_count = blocks};
        if (!raid_is_behind(&disk->raid))
            disk_finding(disk,
                         "sectors of %" PRIu32 " bytes: no block device to read or write it by",
                         block_size);
        return;
    }
    const struct disk_area *area = &disk->areas[0];
    if (area->lba_count * area->lba_size != blocks * block_size)
        disk_finding(disk,
                     "it reports %" PRIu64 " sectors of %" PRIu32 " bytes, the block layer "
                     "%" PRIu64 " of %" PRIu32,
                     blocks, block_size, area->lba_count, area->lba_size);
}

static void take_erase_state(struct disk *disk, bool under_way, bool failed) {
    if (under_way) {
        disk->erase_state = ERASE_STATE_UNDER_WAY;
        disk_finding(disk, "a sanitize is under way in the drive; it goes on by itself and nothing "
                           "can be read until it ends");
    } else if (failed) {
        disk->erase_state = ERASE_STATE_FAILED;
        disk_finding(disk, "the last sanitize failed: nothing can be read or written until one "
                           "succeeds");
    }
}

static void ask_ata_hidden(struct device *device, struct disk *disk) {
    char size[32];
    uint64_t dco = 0;
    disk->hidden_known = ask_ata_native(device, &disk->ata, &disk->native_sectors) == 0;
    if (disk->hidden_known && disk->ata.dco_supported) {
        disk->hidden_known = ask_ata_dco(device, &dco) == 0;
        /* Equal: some drives give the number of sectors where the last LBA is due. */
        if (dco > disk->native_sectors + 1)
            disk->native_sectors = dco;
    }
    if (!disk->hidden_known)
        disk_finding(disk, "it does not say whether it hides capacity (HPA, AMAC, DCO)");
    else if (disk->native_sectors > disk->ata.sectors)
        disk_finding(
            disk, "%s are hidden from the host (HPA, AMAC or DCO); an erase opens them first",
            text_size(size, sizeof size,
                      (disk->native_sectors - disk->ata.sectors) * disk->ata.logical_sector_size));
}

static void ask_ata_sanitize(struct device *device, struct disk *disk) {
    struct ata_sanitize_status status;
    if (disk->bus == BUS_USB || !disk->ata.sanitize.supported ||
        ask_ata_sanitize_status(device, &status) || !status.known)
        return;
    if (status.frozen)
        disk_finding(disk, "the sanitize feature set is frozen until a power cycle of the drive");
    take_erase_state(disk, status.in_progress, status.failed);
}

/* Older drives may have some too, but a page that they do not know would go into their error log.
 */
static void ask_nvme_boot_partitions(struct device *device, struct disk *disk) {
    enum { VERSION_2_0 = 0x00020000 };
    char size[32];
    if (disk->nvme.version >= VERSION_2_0)
        (void)ask_nvme_boot_partition(device, &disk->boot_partition_bytes);
    if (disk->boot_partition_bytes > 0)
        disk_finding(disk, "it has two boot partitions of %s, which no erase reaches",
                     text_size(size, sizeof size, disk->boot_partition_bytes));
    if (disk->nvme.rpmb_units > 0)
        disk_finding(disk, "it has %u RPMB areas, which no erase reaches", disk->nvme.rpmb_units);
}

static void ask_nvme_sanitize(struct device *device, struct disk *disk) {
    struct nvme_sanitize_log log;
    const struct nvme_controller *nvme = &disk->nvme;
    if (!nvme->sanitize_crypto && !nvme->sanitize_block && !nvme->sanitize_overwrite)
        return;
    if (ask_nvme_sanitize_log(device, &log) == 0)
        take_erase_state(disk, log.state == NVME_SANITIZING, log.state == NVME_SANITIZE_FAILED);
}

static void ask_ata_health(struct device *device, struct disk *disk) {
    struct ata_smart smart;
    bool failing = false;
    char *detail = disk->health.detail;
    const size_t size = sizeof disk->health.detail;
    if (!disk->ata.smart_supported || ask_ata_failing(device, &failing))
        return;
    disk->health.state = failing ? HEALTH_FAILING : HEALTH_GOOD;
    text_copy(detail, size, failing ? "SMART: a threshold is exceeded" : "");
    if (ask_ata_smart(device, &smart))
        return;
    const struct {
        const char *what;
        uint64_t count;
    } bad[] = {
        {"reallocated", smart.reallocated},
        {"pending", smart.pending},
        {"uncorrectable", smart.offline_uncorrectable},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const size_t used = strlen(detail);
        if (bad[i].count != 0 && bad[i].count != UINT64_MAX)
            (void)snprintf(detail + used, size - used, "%s%" PRIu64 " %s sectors", used ? ", " : "",
                           bad[i].count, bad[i].what);
    }
}

/* What an encryption manager has left in force: ranges that are locked, a shadow over the start. */
static void note_tcg(struct disk *disk) {
    char text[96];
    const struct tcg_discovery *tcg = &disk->tcg;
    if (!tcg->classes && !tcg->locking)
        return;
    (void)tcg_classes_text(tcg, text, sizeof text);
    if (tcg->locking_enabled && tcg->locked)
        disk_finding(disk,
                     "TCG (%s): ranges are locked; parts of it may not be readable or erasable by "
                     "an overwrite, nor by other means of some vendors",
                     text);
    else if (tcg->locking_enabled)
        disk_finding(disk, "TCG (%s): locking is in use%s; ranges may lock at a power cycle", text,
                     tcg_always_enabled(tcg) ? ", as always in this class" : "");
    if (tcg->shadow_enabled && !tcg->shadow_done)
        disk_finding(disk, "TCG (%s): an MBR shadow covers its first sectors", text);
    if (tcg->locking && !tcg->media_encryption)
        disk_finding(
            disk, "TCG (%s): no media encryption; a revert to factory state erases nothing", text);
}

/* says_so: the disk has said that it has commands for this. */
static void ask_tcg(struct device *device, struct disk *disk, bool says_so) {
    if (disk->bus == BUS_USB) {
        disk->tcg_unknown = says_so;
        return;
    }
    const int error = ask_tcg_discovery(device, &disk->tcg);
    disk->tcg_unknown = error != 0 && says_so;
    if (disk->tcg_unknown && raid_is_behind(&disk->raid))
        disk_finding(disk, "it has security commands, and its RAID controller does not pass them "
                           "on: whether ranges are locked could not be asked");
    else if (disk->tcg_unknown && disk->has_ata)
        disk_finding(disk, "it has trusted computing, and whether ranges are locked could not be "
                           "asked (the kernel wants libata.allow_tpm=1 for that)");
    note_tcg(disk);
}

static int interrogate_ata(struct device *device, struct disk *disk) {
    struct ata_identify identify;
    const int error = ask_ata_identify(device, &identify);
    if (error)
        return error;
    disk_take_ata(disk, &identify);
    take_area_sizes(disk, identify.sectors, identify.logical_sector_size);
    ask_ata_health(device, disk);
    ask_ata_sanitize(device, disk);
    ask_ata_hidden(device, disk);
    disk->raid.no_registers =
        raid_is_behind(&disk->raid) && !raid_registers_come_back(device, disk);
    if (disk->ata.trusted_computing)
        ask_tcg(device, disk, true);
    return 0;
}

static void ask_scsi_health(struct device *device, struct disk *disk) {
    enum { ASC_FAILURE_PREDICTED = 0x5d };
    uint8_t asc;
    uint8_t ascq;
    if (ask_scsi_log_exceptions(device, &asc, &ascq))
        return;
    disk->health.state = asc == ASC_FAILURE_PREDICTED ? HEALTH_FAILING : HEALTH_GOOD;
    if (asc != 0)
        (void)snprintf(disk->health.detail, sizeof disk->health.detail,
                       "informational exception %02x/%02x", asc, ascq);
}

static void ask_sanitize_support(struct device *device, struct disk *disk) {
    enum { OVERWRITE = 1, BLOCK_ERASE = 2, CRYPTO_ERASE = 3 };
    (void)ask_scsi_supports(device, SCSI_SANITIZE, OVERWRITE, &disk->scsi_sanitize_overwrite);
    (void)ask_scsi_supports(device, SCSI_SANITIZE, BLOCK_ERASE, &disk->scsi_sanitize_block);
    (void)ask_scsi_supports(device, SCSI_SANITIZE, CRYPTO_ERASE, &disk->scsi_sanitize_crypto);
}

static void ask_reservation(struct device *device, struct disk *disk) {
    struct scsi_reservation reservation;
    if (ask_scsi_reservation(device, &reservation) == 0 && reservation.held)
        disk_finding(disk,
                     "reserved by another host (%s, key 0x%016" PRIx64
                     "): it is refused unless the "
                     "policy says clear_reservations",
                     scsi_reservation_type_name(reservation.type), reservation.key);
}

static void ask_scsi_pages(struct device *device, struct disk *disk) {
    bool pages[256] = {false};
    uint8_t data[512];
    size_t length = sizeof data;
    struct scsi_designators designators;
    struct scsi_characteristics characteristics;
    if (ask_scsi_vpd_pages(device, pages))
        return;
    if (pages[0x83] && ask_scsi_vpd(device, 0x83, data, &length) == 0 &&
        scsi_decode_vpd_identification((struct bytes){data, length}, &designators) == 0)
        disk_take_scsi_designators(disk, &designators);
    length = sizeof data;
    if (pages[0xb1] && ask_scsi_vpd(device, 0xb1, data, &length) == 0 &&
        scsi_decode_vpd_characteristics((struct bytes){data, length}, &characteristics) == 0)
        disk_take_scsi_characteristics(disk, &characteristics);
}

static int interrogate_scsi(struct device *device, struct disk *disk) {
    struct scsi_inquiry inquiry;
    struct scsi_capacity capacity;
    int error = ask_scsi_inquiry(device, &inquiry);
    if (error)
        return error;
    disk->removable = inquiry.removable;
    ask_scsi_pages(device, disk);
    error = ask_scsi_capacity(device, &capacity);
    if (error)
        return error;
    take_area_sizes(disk, capacity.blocks, capacity.block_size);
    disk->protection_type = capacity.protection_type;
    bool write_protected = false;
    if (ask_scsi_write_protect(device, &write_protected) == 0 && write_protected)
        disk->areas[0].read_only = true;
    if (disk->bus == BUS_USB)
        return 0; /* bridges: nothing beyond what every one of them answers */
    if (disk->bus == BUS_SAS && !raid_is_behind(&disk->raid) && !disk_is_volume(disk))
        (void)ask_scsi_units(device, &disk->units_reported);
    ask_scsi_health(device, disk);
    ask_sanitize_support(device, disk);
    enum scsi_support security = SCSI_SUPPORT_UNKNOWN;
    (void)ask_scsi_supports(device, SCSI_SECURITY_PROTOCOL_IN, 0, &security);
    if (security == SCSI_SUPPORTED || (disk->bus == BUS_SAS && security == SCSI_SUPPORT_UNKNOWN))
        ask_tcg(device, disk, security == SCSI_SUPPORTED);
    ask_reservation(device, disk);
    return 0;
}

static void ask_nvme_health_into(struct device *device, struct disk *disk) {
    struct nvme_health health;
    if (ask_nvme_health(device, &health))
        return;
    disk->health.state = health.critical_warning ? HEALTH_FAILING : HEALTH_GOOD;
    char *detail = disk->health.detail;
    (void)snprintf(detail, sizeof disk->health.detail, "%u %% used, %" PRIu64 " media errors%s",
                   health.used_percent, health.media_errors,
                   health.critical_warning & 8 ? ", read-only: writes may be ignored" : "");
}

/* True if the kernel offers the namespace, with any capacity at all. */
static bool has_area(const struct disk *disk, uint32_t nsid) {
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (disk->areas[i].nsid == nsid)
            return disk->areas[i].lba_count > 0 && disk->areas[i].node[0] != '\0';
    }
    return false;
}

static int interrogate_namespaces(struct device *device, struct disk *disk) {
    static const uint32_t none = 0;
    uint32_t ids[1024] = {none};
    for (unsigned i = 0; i < disk->area_count; i++) {
        struct disk_area *area = &disk->areas[i];
        const int error = ask_nvme_namespace(device, area->nsid, &area->ns);
        if (error)
            return error;
        if (area->ns.write_protected)
            area->read_only = true;
        if (area->ns.size != area->lba_count || area->ns.lba_size != area->lba_size)
            disk_finding(disk,
                         "namespace %" PRIu32 " reports %" PRIu64 " LBAs of %" PRIu32
                         " bytes, the block layer %" PRIu64 " of %" PRIu32,
                         area->nsid, area->ns.size, area->ns.lba_size, area->lba_count,
                         area->lba_size);
    }
    int count = ask_nvme_namespaces(device, disk->nvme.namespace_management, ids);
    if (count < 0 && disk->nvme.namespace_management)
        count = ask_nvme_namespaces(device, false, ids);
    if (count < 0)
        disk_finding(disk, "it does not say which namespaces exist: some may be detached");
    for (int i = 0; i < count; i++)
        disk->unreached_namespaces += !has_area(disk, ids[i]);
    return 0;
}

static int interrogate_nvme(struct device *device, struct disk *disk) {
    const int error = ask_nvme_controller(device, &disk->nvme);
    if (error)
        return error;
    disk->has_nvme = true;
    ask_nvme_health_into(device, disk);
    ask_nvme_sanitize(device, disk);
    ask_nvme_boot_partitions(device, disk);
    if (disk->nvme.security_commands)
        ask_tcg(device, disk, true);
    const int namespaces = interrogate_namespaces(device, disk);
    if (disk->unreached_namespaces > 0)
        disk_finding(disk,
                     "%u namespaces are not attached here or have no block device: they cannot be "
                     "read or overwritten",
                     disk->unreached_namespaces);
    if (disk->nvme.unallocated_capacity > 0) {
        char size[32];
        disk_finding(disk, "%s belong to no namespace; only a sanitize reaches them",
                     text_size(size, sizeof size, disk->nvme.unallocated_capacity));
    }
    return namespaces;
}

static int interrogate_block(struct device *device, struct disk *disk) {
    (void)device;
    (void)disk;
    return 0;
}

static int (*const interrogators[])(struct device *, struct disk *) = {
    [COMMANDS_NONE] = interrogate_block,
    [COMMANDS_SCSI] = interrogate_scsi,
    [COMMANDS_ATA] = interrogate_ata,
    [COMMANDS_NVME] = interrogate_nvme,
};

/* The rest of the identity: what the skeleton knew and the disk did not say stays. */
static void take_identity(struct device *device, struct disk *disk) {
    struct disk_identity identity;
    struct reason reason;
    if (device_identity(device, &identity, &reason)) {
        disk_finding(disk, "%s", reason.text);
        /* A disk whose format is corrupt, or that is at work on an erase, has names and no
         * capacity: by its names an order knows it, and it costs only itself. */
        if (identity.serial[0] == '\0' && identity.wwn[0] == '\0')
            return;
    }
    if (identity.model[0] == '\0')
        text_copy(identity.model, sizeof identity.model, disk->identity.model);
    disk->identity = identity;
}

/* 04/0A to 04/0C: asymmetric access, in transition, standby or unavailable (SPC). */
static enum path_state state_of_path(struct device *device) {
    enum { ASC_NOT_READY = 0x04, IN_TRANSITION = 0x0a, UNAVAILABLE = 0x0c };
    struct scsi_inquiry inquiry;
    struct scsi_sense sense;
    if (ask_scsi_inquiry(device, &inquiry) != 0)
        return PATH_SILENT;
    const bool is_standby = ask_scsi_ready(device, &sense) == -EAGAIN &&
                            sense.key == SENSE_NOT_READY && sense.asc == ASC_NOT_READY &&
                            sense.ascq >= IN_TRANSITION && sense.ascq <= UNAVAILABLE;
    return is_standby ? PATH_STANDBY : PATH_ANSWERS;
}

void interrogate_device(struct device *device, struct disk *disk) {
    const int error = interrogators[disk->commands](device, disk);
    if (error)
        disk_finding(disk, "it does not answer as it should: %s", strerror(-error));
    take_identity(device, disk);
    if (disk->commands == COMMANDS_SCSI && disk->path_count > 0 && !raid_is_behind(&disk->raid))
        disk->paths[0].state = state_of_path(device);
    disk_take_block_capacity(disk);
    models_note(disk);
}

void interrogate(struct disk *disk) {
    struct device *device;
    if (raid_is_behind(&disk->raid) && !raid_prepare(disk))
        return;
    const int error = device_open(disk, &device);
    if (error) {
        disk_finding(disk, "it cannot be opened: %s", strerror(-error));
        disk->paths[0].state = PATH_SILENT;
        interrogate_saved("", disk);
        return;
    }
    interrogate_device(device, disk);
    device_close(device);
    if (disk->paths[0].state == PATH_SILENT)
        interrogate_saved("", disk);
}
