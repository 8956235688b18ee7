/* SCSI: sense data, INQUIRY, vital product data, capacity, mode and log pages. */
#include "quietus/scsi.h"
#include "quietus/scsi_reservation.h"

#include "fuzz.h"

static void check_sense_fields(const struct scsi_sense *sense, size_t length) {
    char text[128];
    (void)scsi_sense_text(sense, text, sizeof text);
    REQUIRE_ASCII(text);
    REQUIRE(!sense->valid || length >= 4);
    REQUIRE(sense->valid || (!sense->ata.valid && !sense->progress_valid));
    REQUIRE(sense->key < 16 && sense->ata.lba <= 0xffffffffffff);
    if (!sense->ata.high_valid)
        REQUIRE(sense->ata.lba <= 0xffffff && sense->ata.count <= 0xff);
}

static bool same_registers(const struct ata_registers *a, const struct ata_registers *b) {
    return a->valid == b->valid && a->high_valid == b->high_valid &&
           a->count_high_set == b->count_high_set && a->status == b->status &&
           a->error == b->error && a->device == b->device && a->count == b->count &&
           a->lba == b->lba;
}

static bool same_sense(const struct scsi_sense *a, const struct scsi_sense *b) {
    return a->valid == b->valid && a->deferred == b->deferred &&
           a->descriptor_format == b->descriptor_format && a->key == b->key && a->asc == b->asc &&
           a->ascq == b->ascq && a->progress_valid == b->progress_valid &&
           a->progress == b->progress && a->information_valid == b->information_valid &&
           a->information == b->information && same_registers(&a->ata, &b->ata);
}

/* What lies beyond the length must not matter. */
static void check_sense(struct bytes data) {
    enum { MOST = 260 };
    const size_t length = data.length < MOST ? data.length : MOST;
    uint8_t room[MOST + 64];
    struct scsi_sense exact;
    struct scsi_sense padded;
    scsi_decode_sense(data, &exact);
    check_sense_fields(&exact, data.length);
    if (length < data.length)
        return;
    for (int filler = 0; filler <= 0xff; filler += 0xff) {
        memset(room, filler, sizeof room);
        if (length > 0)
            memcpy(room, data.data, length);
        scsi_decode_sense((struct bytes){room, length}, &padded);
        REQUIRE(same_sense(&exact, &padded));
    }
}

static void check_inquiry(struct bytes data) {
    struct scsi_inquiry out;
    if (scsi_decode_inquiry(data, &out))
        return;
    REQUIRE_ASCII(out.vendor);
    REQUIRE_ASCII(out.product);
    REQUIRE_ASCII(out.revision);
}

static void check_vital_product_data(struct bytes data) {
    bool pages[256];
    char serial[TEXT_FIELD_SIZE];
    struct scsi_designators names;
    struct scsi_characteristics characteristics;
    struct bytes identify;
    (void)scsi_decode_vpd_supported(data, pages);
    if (scsi_decode_vpd_serial(data, serial, sizeof serial) == 0)
        REQUIRE_ASCII(serial);
    if (scsi_decode_vpd_identification(data, &names) == 0) {
        REQUIRE_ASCII(names.logical_unit);
        REQUIRE_ASCII(names.target_device);
    }
    if (scsi_decode_vpd_ata(data, &identify) == 0)
        REQUIRE(identify.data >= data.data &&
                identify.data + identify.length <= data.data + data.length);
    if (scsi_decode_vpd_characteristics(data, &characteristics) == 0)
        REQUIRE(characteristics.after_block_erase < 4 && characteristics.after_crypto_erase < 4);
}

/* A capacity in bytes is what documents have: JSON's integers have 63 bits. */
static void check_capacity(struct bytes data) {
    struct scsi_capacity out;
    if (scsi_decode_capacity_16(data, &out) == 0)
        REQUIRE(out.block_size != 0 && out.blocks <= INT64_MAX / out.block_size &&
                out.protection_type <= 8);
    if (scsi_decode_capacity_10(data, &out) == 0)
        REQUIRE(out.block_size != 0 && out.blocks <= INT64_MAX / out.block_size);
}

static void check_others(struct bytes data) {
    bool write_protected;
    uint8_t asc;
    uint8_t ascq;
    enum scsi_support support;
    (void)scsi_decode_mode_write_protect(data, &write_protected);
    (void)scsi_decode_log_exceptions(data, &asc, &ascq);
    int degrees;
    if (scsi_decode_log_temperature(data, &degrees) == 0)
        REQUIRE(degrees >= 0 && degrees < 255);
    uint32_t starts;
    (void)scsi_decode_log_starts(data, &starts);
    (void)scsi_decode_one_command(data, &support);
    unsigned units;
    if (scsi_decode_units(data, &units) == 0)
        REQUIRE(units <= 65536);
}

static void check_reservations(struct bytes data) {
    struct scsi_registrations registrations;
    struct scsi_reservation reservation;
    uint64_t count;
    if (scsi_decode_registrations(data, &registrations) == 0)
        REQUIRE(registrations.key_count <= registrations.count &&
                8 + 8 * (size_t)registrations.key_count <= data.length);
    if (scsi_decode_reservation(data, &reservation) == 0 && reservation.held)
        REQUIRE(scsi_reservation_type_name(reservation.type)[0] != '\0');
    (void)scsi_decode_defect_count(data, true, &count);
    (void)scsi_decode_defect_count(data, false, &count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const size_t lengths[] = {size, size / 2, size > 0 ? size - 1 : 0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const struct bytes page = fuzz_copy(data, lengths[i]);
        check_sense(page);
        check_inquiry(page);
        check_vital_product_data(page);
        check_capacity(page);
        check_others(page);
        check_reservations(page);
        require_page_documents("scsi", page);
        free((void *)page.data);
    }
    return 0;
}
