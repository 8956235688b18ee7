/* LOG SENSE of the native disk (DEVICE-FACTS B.6). A parameter: code, control byte, length, value.
 */
#include "fields.h"
#include "sas.h"

enum { PAGE_HEADER = 4, PARAMETER_HEADER = 4, FORMAT_AND_LINK = 0x03, REPLY_SIZE = 256 };

static size_t put_parameter(uint8_t *out, uint16_t code, uint8_t bytes, uint64_t value) {
    store_be(out, 2, code);
    out[2] = FORMAT_AND_LINK;
    out[3] = bytes;
    store_be(out + PARAMETER_HEADER, bytes, value);
    return PARAMETER_HEADER + (size_t)bytes;
}

/* Error counter pages: corrected in the three ways and in sum, bytes, uncorrected. */
static size_t put_counters(uint8_t *out, uint64_t bytes, uint64_t uncorrected) {
    enum { CODES = 7, PROCESSED = 5, UNCORRECTED = 6 };
    size_t length = 0;
    for (unsigned code = 0; code < CODES; code++) {
        const uint64_t value = code == PROCESSED ? bytes : code == UNCORRECTED ? uncorrected : 0;
        length += put_parameter(out + length, (uint16_t)code, 8, value);
    }
    return length;
}

static size_t put_write_errors(const struct sas *sas, uint8_t *out) {
    return put_counters(out, sas->state->bytes_written, sas->state->write_errors);
}

static size_t put_read_errors(const struct sas *sas, uint8_t *out) {
    return put_counters(out, sas->state->bytes_read, sas->state->read_errors);
}

static size_t put_verify_errors(const struct sas *sas, uint8_t *out) {
    (void)sas;
    return put_counters(out, 0, 0);
}

/* The second byte is degrees Celsius: now, and the highest for which it was made. */
static size_t put_temperature(const struct sas *sas, uint8_t *out) {
    const size_t length = put_parameter(out, 0, 2, 34);
    (void)sas;
    return length + put_parameter(out + length, 1, 2, 60);
}

/* Start-stop cycles: as many as it may have, and those that it has had. */
static size_t put_starts(const struct sas *sas, uint8_t *out) {
    const size_t length = put_parameter(out, 3, 4, 50000);
    return length + put_parameter(out + length, 4, 4, sas->drive->state->powered_on);
}

static size_t put_endurance(const struct sas *sas, uint8_t *out) {
    return put_parameter(out, 1, 4, sas_description(sas)->percentage_used);
}

/* ASC 5Dh: a failure is predicted. */
static size_t put_exceptions(const struct sas *sas, uint8_t *out) {
    const uint32_t asc = sas->drive->description->smart_failing ? 0x5d10 : 0;
    return put_parameter(out, 0, 4, asc << 16 | 34U << 8);
}

static bool is_flash(const struct drive_description *description) {
    return description->flash;
}

static bool counts_starts(const struct drive_description *description) {
    return !description->flash && description->counts_power;
}

static const struct log_page {
    uint8_t code;
    bool (*is_there)(const struct drive_description *description); /* NULL: always */
    size_t (*put)(const struct sas *sas, uint8_t *out);
} pages[] = {
    {0x02, NULL, put_write_errors},    {0x03, NULL, put_read_errors},
    {0x05, NULL, put_verify_errors},   {0x0d, NULL, put_temperature},
    {0x0e, counts_starts, put_starts}, {0x11, is_flash, put_endurance},
    {0x2f, NULL, put_exceptions},
};
enum { PAGES = sizeof pages / sizeof *pages };

static bool has_page(const struct sas *sas, const struct log_page *page) {
    return page->is_there == NULL || page->is_there(sas->drive->description);
}

static size_t put_list(const struct sas *sas, uint8_t *out) {
    size_t length = 1; /* itself, 00h */
    for (unsigned i = 0; i < PAGES; i++)
        if (has_page(sas, &pages[i]))
            out[length++] = pages[i].code;
    return length;
}

void sas_run_log_sense(struct scsi_unit *unit, struct drive_request *request) {
    const struct sas *sas = sas_of(unit);
    const uint8_t code = request->cdb[2] & 0x3f;
    uint8_t out[REPLY_SIZE] = {code};
    size_t length = code == 0 ? put_list(sas, out + PAGE_HEADER) : 0;
    for (unsigned i = 0; i < PAGES; i++)
        if (pages[i].code == code && has_page(sas, &pages[i]))
            length = pages[i].put(sas, out + PAGE_HEADER);
    if (length == 0 || request->cdb[3] != 0) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    store_be(out + 2, 2, length);
    scsi_reply(unit, request, out, PAGE_HEADER + length);
}
