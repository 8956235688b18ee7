#include "ata_host.h"

#include "oracle.h"
#include "test.h"

static struct drive_request *send(struct ata_host *host) {
    size_t length;
    host->request.data = host->data;
    (void)drive_data_of(host->drive, &host->request, &length);
    if (length > sizeof host->data)
        fail_msg("the command moves %zu bytes", length);
    host->request.data_size = length;
    drive_execute(host->drive, &host->request);
    return &host->request;
}

struct drive_request *ata_send(struct ata_host *host, struct ata_registers_in in) {
    host->request = (struct drive_request){.protocol = PROTOCOL_ATA, .ata = in};
    return send(host);
}

struct drive_request *ata_lba(struct ata_host *host, uint8_t command, uint16_t feature,
                              uint16_t count, uint64_t lba) {
    return ata_send(host, (struct ata_registers_in){.command = command,
                                                    .features = feature,
                                                    .count = count,
                                                    .lba = lba,
                                                    .device = ATA_DEVICE_LBA});
}

struct drive_request *ata_simple(struct ata_host *host, uint8_t command, uint16_t feature,
                                 uint16_t count) {
    return ata_lba(host, command, feature, count, 0);
}

struct drive_request *ata_password(struct ata_host *host, uint8_t command, uint16_t flags,
                                   const char *password) {
    memset(host->data, 0, ATA_BLOCK);
    store_le(host->data, 2, flags);
    memcpy(host->data + 2, password, strlen(password));
    return ata_simple(host, command, 0, 1);
}

uint16_t ata_identify_word(struct ata_host *host, unsigned word) {
    assert_ata_good(ata_simple(host, ATA_IDENTIFY_DEVICE, 0, 0));
    return (uint16_t)load_le(host->data + 2 * (size_t)word, 2);
}

struct drive_request *scsi_send(struct ata_host *host, const uint8_t *cdb, uint8_t length) {
    host->request = (struct drive_request){.protocol = PROTOCOL_SCSI, .cdb_length = length};
    memcpy(host->request.cdb, cdb, length);
    return send(host);
}

struct drive_request *scsi_pass_through(struct ata_host *host, struct ata_registers_in in,
                                        uint8_t protocol, bool extend, uint8_t flags) {
    const uint8_t cdb[16] = {0x85,
                             (uint8_t)(protocol << 1 | extend),
                             flags,
                             (uint8_t)(in.features >> 8),
                             (uint8_t)in.features,
                             (uint8_t)(in.count >> 8),
                             (uint8_t)in.count,
                             (uint8_t)(in.lba >> 24),
                             (uint8_t)in.lba,
                             (uint8_t)(in.lba >> 32),
                             (uint8_t)(in.lba >> 8),
                             (uint8_t)(in.lba >> 40),
                             (uint8_t)(in.lba >> 16),
                             in.device,
                             in.command,
                             0};
    return scsi_send(host, cdb, sizeof cdb);
}

uint64_t planted_pages(const struct drive *drive, int state) {
    const struct oracle_findings found = oracle_search(drive->media, "QPLANT ", 7);
    return state < 0 ? found.recoverable : found.by_state[state];
}

void assert_ata_good(const struct drive_request *request) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->ata_out.status, 0x50);
    assert_int_equal(request->ata_out.error, 0);
}

void assert_ata_aborted(const struct drive_request *request) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->ata_out.status, 0x51);
    assert_int_equal(request->ata_out.error, 0x04);
}
