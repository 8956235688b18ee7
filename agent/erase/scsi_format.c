/*
 * SCSI FORMAT UNIT (DEVICE-FACTS B.5), with the sector size and protection that the disk has; never
 * the fast form, which leaves the medium as it is. Some disks say GOOD and do nothing: the samples
 * tell.
 */
#include "methods.h"
#include "scsi_common.h"

static int run_format(struct erase_run *run) {
    /* By protection type: FMTPINFO, and the list's PROTECTION FIELD USAGE. */
    static const struct {
        uint8_t fmtpinfo;
        uint8_t usage;
    } protection[] = {{0, 0}, {2, 0}, {3, 0}, {3, 1}};
    const uint8_t type = run->disk->protection_type < 4 ? run->disk->protection_type : 0;
    uint8_t list[4] = {protection[type].usage, SCSI_FORMAT_IMMED, 0, 0};
    const struct scsi_operation operation = {
        .name = "FORMAT UNIT",
        .cdb = {SCSI_FORMAT_UNIT,
                (uint8_t)(protection[type].fmtpinfo << SCSI_FORMAT_PROTECTION_SHIFT |
                          SCSI_FORMAT_DATA)},
        .cdb_length = 6,
        .data = list,
        .data_length = sizeof list,
        .at_work = SCSI_FORMAT_IN_PROGRESS,
        .failed = SCSI_FORMAT_FAILED,
        .estimate_s = scsi_seconds_to_write(run),
    };
    const int error = scsi_run_operation(run, &operation, 1, 1);
    if (error)
        return error;
    run->facts->ended_in_success = true;
    run->reason->text[0] = '\0';
    return 0;
}

/* Virtual machines' disks take the command and do nothing; it is for SAS. */
static bool offered(const struct disk *disk, struct reason *reason) {
    if (disk->bus == BUS_SAS)
        return true;
    reason_set(reason, "it is no SAS disk");
    return false;
}

const struct method method_scsi_format = {
    .name = "scsi-format",
    .summary = "SCSI FORMAT UNIT",
    .commands = COMMANDS_SCSI,
    .never_reaches =
        "sectors that the disk has retired are beyond a format; the state of the media "
        "is attested by the drive alone",
    .claims = CLAIMS_CLEAR,
    .offered = offered,
    .run = run_format,
    .read_back = scsi_unchanged,
};
