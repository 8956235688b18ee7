/* TRUSTED RECEIVE and SEND: FEATURES is the protocol, LBA 23:8 the ComID, LBA 7:0 and COUNT the
 * length in blocks. */
#include "ata.h"

size_t ata_trusted_length(const struct ata_registers_in *in) {
    return ((size_t)(in->lba & 0xff) << 8 | (in->count & 0xff)) * ATA_BLOCK;
}

static uint16_t comid_of(const struct drive_request *request) {
    return (uint16_t)(request->ata.lba >> 8);
}

enum ata_result ata_run_trusted_receive(struct ata *ata, struct drive_request *request) {
    const size_t length = ata_trusted_length(&request->ata);
    if (!tcg_receive(ata->drive, (uint8_t)request->ata.features, comid_of(request), request->data,
                     length))
        return ATA_ABORTED;
    request->transferred = length;
    return ATA_DONE;
}

enum ata_result ata_run_trusted_send(struct ata *ata, struct drive_request *request) {
    const bool taken = tcg_send(ata->drive, (uint8_t)request->ata.features, comid_of(request),
                                request->data, ata_trusted_length(&request->ata));
    return taken ? ATA_DONE : ATA_ABORTED;
}
