#include "sat.h"

#include <stdlib.h>

struct sat *sat_new(struct ata *ata) {
    struct sat *sat = calloc(1, sizeof *sat);
    if (sat == NULL)
        return NULL;
    sat->ata = ata;
    sat->unit.owner = sat;
    sat->unit.device = &sat_device;
    return sat;
}

void sat_free(struct sat *sat) {
    free(sat);
}

void sat_power_on(struct sat *sat) {
    sat->unit.drive = sat->ata->drive;
    sat->unit.descriptor_sense = ata_description(sat->ata)->ata.descriptor_sense;
    sat->unit.unit_attention = ASC_POWER_ON_OR_RESET;
    sat->outer = NULL;
}

void sat_reset(struct sat *sat, enum drive_reset kind) {
    sat->outer = NULL;
    sat->unit.unit_attention = ASC_POWER_ON_OR_RESET;
    if (kind == RESET_POWER)
        sat_power_on(sat);
}

/* While one pass-through is outstanding, controllers say busy to everything else
 * (DEVICE-FACTS B.6). */
void sat_execute(struct sat *sat, struct drive_request *request) {
    if (sat->outer == NULL) {
        scsi_execute(&sat->unit, request);
        return;
    }
    request->scsi_status = SCSI_BUSY;
    request->sense_length = 0;
    request_done(sat->ata->drive, request);
}

enum drive_direction sat_data_of(const struct drive *drive, const struct drive_request *request,
                                 size_t *length) {
    return scsi_data_of(&ata_of(drive)->sat->unit, request, length);
}

void sat_or_host_answer(struct sat *sat, struct drive_request *ata_request) {
    if (ata_request != &sat->inner)
        request_done(sat->ata->drive, ata_request);
    else if (sat->outer != NULL)
        sat_pass_through_end(sat);
}

void sat_forget(struct sat *sat, const struct drive_request *request) {
    if (sat->outer == request)
        sat->outer = NULL;
}
