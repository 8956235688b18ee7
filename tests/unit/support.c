#include "quietus/file.h"
#include "quietus/page_file.h"

#include "test.h"

struct bytes fixture(const char *name) {
    char path[512];
    char *data;
    size_t length;
    (void)snprintf(path, sizeof path, "%s/%s", TEST_FIXTURES, name);
    if (file_read(path, 1 << 20, &data, &length) != 0)
        fail_msg("no fixture %s", path);
    return (struct bytes){(uint8_t *)data, length};
}

struct bytes fixture_page(const char *name) {
    const struct bytes file = fixture(name);
    uint8_t *page = calloc(1, 8192);
    struct reason reason = {""};
    const int length = page_file_parse((const char *)file.data, file.length, page, 8192, &reason);
    free((void *)file.data);
    if (length < 0)
        fail_msg("%s: %s", name, reason.text);
    return (struct bytes){page, (size_t)length};
}

void put_padded(uint8_t *out, size_t size, const char *text) {
    memset(out, ' ', size);
    memcpy(out, text, strnlen(text, size));
}

void set_word(uint8_t identify[512], unsigned word, uint16_t value) {
    identify[2 * (size_t)word] = (uint8_t)value;
    identify[2 * (size_t)word + 1] = (uint8_t)(value >> 8);
}

void seal_identify(uint8_t identify[512]) {
    uint8_t sum = 0;
    identify[510] = 0xa5;
    for (int i = 0; i < 511; i++)
        sum = (uint8_t)(sum + identify[i]);
    identify[511] = (uint8_t)-sum;
}

static void put_ata_text(uint8_t *out, size_t size, const char *text) {
    uint8_t plain[64];
    put_padded(plain, size, text);
    for (size_t i = 0; i < size; i += 2) {
        out[i] = plain[i + 1];
        out[i + 1] = plain[i];
    }
}

void make_identify(uint8_t out[512], const char *model, const char *serial, uint64_t sectors) {
    memset(out, 0, 512);
    set_word(out, 0, 0x0040);
    put_ata_text(out + 20, 20, serial);
    put_ata_text(out + 46, 8, "FW01");
    put_ata_text(out + 54, 40, model);
    for (unsigned i = 0; i < 2; i++)
        set_word(out, 60 + i, (uint16_t)((sectors > 0xfffffff ? 0xfffffff : sectors) >> (16 * i)));
    set_word(out, 82, 0x0003); /* SMART, security */
    set_word(out, 83, 0x4400); /* 48-bit */
    set_word(out, 84, 0x4100); /* WWN */
    set_word(out, 85, 0x0001);
    set_word(out, 87, 0x4100);
    for (unsigned i = 0; i < 4; i++)
        set_word(out, 100 + i, (uint16_t)(sectors >> (16 * i)));
    set_word(out, 106, 0x4000);
    set_word(out, 108, 0x5000);
    set_word(out, 109, 0xc500);
    set_word(out, 110, 0x1234);
    set_word(out, 111, 0x5678);
    set_word(out, 217, 7200);
    seal_identify(out);
}
