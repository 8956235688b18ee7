#include "sas_host.h"

#include "oracle.h"
#include "test.h"

static void take_attentions(struct sas_host *host) {
    static const uint8_t ready[6];
    for (host->path = 2; host->path-- > 0;)
        sas_expect(sas_send(host, ready, sizeof ready), SENSE_UNIT_ATTENTION,
                   ASC_POWER_ON_OR_RESET);
    host->path = 0;
}

void sas_begin(struct sas_host *host, const char *lines) {
    host->drive = test_drive(lines);
    take_attentions(host);
}

void sas_power_cut(struct sas_host *host, const char *lines) {
    host->drive = test_power_cut(host->drive, lines);
    take_attentions(host);
}

static const struct drive_request *execute(struct sas_host *host, const uint8_t *cdb,
                                           uint8_t length, size_t list_length) {
    size_t size;
    host->request = (struct drive_request){.protocol = PROTOCOL_SCSI,
                                           .cdb_length = length,
                                           .controller = host->path,
                                           .data = host->data,
                                           .data_size = list_length};
    memcpy(host->request.cdb, cdb, length);
    (void)drive_data_of(host->drive, &host->request, &size);
    if (size > sizeof host->data)
        fail_msg("the command moves %zu bytes", size);
    host->request.data_size = size;
    drive_execute(host->drive, &host->request);
    return &host->request;
}

const struct drive_request *sas_send(struct sas_host *host, const uint8_t *cdb, uint8_t length) {
    return execute(host, cdb, length, 0);
}

const struct drive_request *sas_send_list(struct sas_host *host, const uint8_t *cdb, uint8_t length,
                                          const uint8_t *list, size_t list_length) {
    memcpy(host->data, list, list_length);
    return execute(host, cdb, length, list_length);
}

static const struct drive_request *transfer(struct sas_host *host, uint8_t opcode, uint64_t lba,
                                            uint32_t blocks, uint8_t protect) {
    uint8_t cdb[16] = {opcode, (uint8_t)(protect << 5)};
    store_be(cdb + 2, 8, lba);
    store_be(cdb + 10, 4, blocks);
    return sas_send(host, cdb, sizeof cdb);
}

const struct drive_request *sas_read_16(struct sas_host *host, uint64_t lba, uint32_t blocks,
                                        uint8_t protect) {
    return transfer(host, 0x88, lba, blocks, protect);
}

const struct drive_request *sas_write_16(struct sas_host *host, uint64_t lba, uint32_t blocks,
                                         uint8_t protect) {
    return transfer(host, 0x8a, lba, blocks, protect);
}

const struct drive_request *sas_sanitize(struct sas_host *host, uint8_t byte_1) {
    const uint8_t cdb[10] = {0x48, byte_1};
    return sas_send(host, cdb, sizeof cdb);
}

const struct drive_request *sas_overwrite(struct sas_host *host, uint8_t flags, uint8_t list_0,
                                          const uint8_t *pattern, uint16_t pattern_length) {
    uint8_t cdb[10] = {0x48, (uint8_t)(flags | 0x01)};
    store_be(cdb + 7, 2, 4 + (uint64_t)pattern_length);
    memset(host->data, 0, 4);
    host->data[0] = list_0;
    store_be(host->data + 2, 2, pattern_length);
    memcpy(host->data + 4, pattern, pattern_length);
    return sas_send(host, cdb, sizeof cdb);
}

const struct drive_request *sas_format(struct sas_host *host, uint8_t info, uint8_t usage) {
    const uint8_t cdb[6] = {0x04, (uint8_t)(info << 6 | 0x10)};
    const uint8_t list[4] = {usage, 0x82};
    return sas_send_list(host, cdb, sizeof cdb, list, sizeof list);
}

const struct drive_request *sas_select_blocks(struct sas_host *host, uint64_t blocks,
                                              uint32_t block_bytes) {
    enum { LENGTH = 24 };
    const uint8_t cdb[10] = {0x55, 0x11, 0, 0, 0, 0, 0, 0, LENGTH};
    memset(host->data, 0, LENGTH);
    host->data[4] = 1;
    host->data[7] = 16;
    store_be(host->data + 8, 8, blocks);
    store_be(host->data + 20, 4, block_bytes);
    return sas_send(host, cdb, sizeof cdb);
}

uint32_t sas_request_sense(struct sas_host *host, uint32_t *progress) {
    static const uint8_t cdb[6] = {0x03, 0, 0, 0, 252};
    sas_expect_good(sas_send(host, cdb, sizeof cdb));
    assert_int_equal(host->data[0] & 0x7f, 0x70);
    if (progress != NULL)
        *progress = host->data[15] & 0x80 ? (uint32_t)load_be(host->data + 16, 2) : 0x10000;
    return (uint32_t)(host->data[2] & 0xf) << 16 | (uint32_t)load_be(host->data + 12, 2);
}

uint64_t sas_capacity(struct sas_host *host, uint32_t *block_bytes) {
    static const uint8_t cdb[16] = {0x9e, 0x10, [13] = 32};
    sas_expect_good(sas_send(host, cdb, sizeof cdb));
    if (block_bytes != NULL)
        *block_bytes = (uint32_t)load_be(host->data + 8, 4);
    return load_be(host->data, 8) + 1;
}

uint64_t sas_planted(const struct drive *drive) {
    return oracle_search(drive->media, "QPLANT ", 7).recoverable;
}

uint64_t sas_planted_in(const struct drive *drive, int state) {
    return oracle_search(drive->media, "QPLANT ", 7).by_state[state];
}

void sas_expect_good(const struct drive_request *request) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->scsi_status, SCSI_GOOD);
}

void sas_expect(const struct drive_request *request, uint8_t key, uint16_t additional) {
    assert_int_equal(request->state, REQUEST_DONE);
    assert_int_equal(request->scsi_status, SCSI_CHECK_CONDITION);
    assert_int_equal(request->sense[0] & 0x7f, 0x70);
    assert_int_equal(request->sense[2], key);
    assert_int_equal(load_be(request->sense + 12, 2), additional);
}
