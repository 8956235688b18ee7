#include "quietus/pattern.h"

#include "quietus/bytes.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_pass(const char *text, struct pass *out) {
    static const struct {
        const char *name;
        struct pass pass;
    } names[] = {
        {"random", {.random = true}},
        {"zero", {.byte = 0x00}},
        {"ones", {.byte = 0xff}},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i].name) == 0) {
            *out = names[i].pass;
            return 0;
        }
    }
    *out = (struct pass){0};
    return strncmp(text, "0x", 2) == 0 ? hex_decode(&out->byte, 1, text + 2) : -EINVAL;
}

int passes_parse(const char *text, struct passes *out, struct reason *reason) {
    char copy[256];
    char *rest = copy;
    *out = (struct passes){0};
    if (strlen(text) >= sizeof copy) {
        reason_set(reason, "too long a list of passes");
        return -EINVAL;
    }
    text_copy(copy, sizeof copy, text);
    for (const char *word; (word = strsep(&rest, ","));) {
        if (out->count == PASSES_MOST) {
            reason_set(reason, "more than %d passes", PASSES_MOST);
            return -EINVAL;
        }
        if (parse_pass(word, &out->list[out->count++])) {
            reason_set(reason, "'%s' is no pass; use random, zero, ones or a byte such as 0x5a",
                       word);
            return -EINVAL;
        }
    }
    return 0;
}

char *passes_text(const struct passes *passes, char *out, size_t size) {
    out[0] = '\0';
    for (unsigned i = 0; i < passes->count; i++) {
        const struct pass *pass = &passes->list[i];
        const size_t used = strlen(out);
        const char *comma = i > 0 ? "," : "";
        if (pass->random)
            (void)snprintf(out + used, size - used, "%srandom", comma);
        else if (pass->byte == 0 || pass->byte == 0xff)
            (void)snprintf(out + used, size - used, "%s%s", comma, pass->byte ? "ones" : "zero");
        else
            (void)snprintf(out + used, size - used, "%s0x%02x", comma, pass->byte);
    }
    return out;
}

void pattern_start(struct pattern *pattern, const struct pass *pass) {
    *pattern = (struct pattern){.pass = *pass};
    if (pass->random)
        randombytes_buf(pattern->key, sizeof pattern->key);
}

static void fill_random(const struct pattern *pattern, unsigned area, uint64_t offset,
                        uint8_t *buffer, size_t length) {
    enum { CIPHER_BLOCK = 64 };
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    uint8_t first[CIPHER_BLOCK] = {0};
    const size_t skipped = offset % CIPHER_BLOCK;
    uint64_t block = offset / CIPHER_BLOCK;
    put_le64(nonce, area);
    /* Sectors of 520 and 528 bytes begin within a block of the cipher's. */
    if (skipped > 0) {
        const size_t rest = CIPHER_BLOCK - skipped < length ? CIPHER_BLOCK - skipped : length;
        (void)crypto_stream_chacha20_xor_ic(first, first, sizeof first, nonce, block++,
                                            pattern->key);
        memcpy(buffer, first + skipped, rest);
        buffer += rest;
        length -= rest;
    }
    memset(buffer, 0, length);
    (void)crypto_stream_chacha20_xor_ic(buffer, buffer, length, nonce, block, pattern->key);
}

/* Zeroes what of a range lies in [from, to). */
static void blank(uint64_t from, uint64_t to, uint64_t offset, uint8_t *buffer, size_t length) {
    const uint64_t end = offset + length;
    const uint64_t first = from > offset ? from : offset;
    const uint64_t last = to < end ? to : end;
    if (first < last)
        memset(buffer + (first - offset), 0, last - first);
}

void pattern_fill(const struct pattern *pattern, const struct layout *layout, unsigned area,
                  uint64_t offset, uint8_t *buffer, size_t length) {
    if (!pattern->pass.random) {
        memset(buffer, pattern->pass.byte, length);
        return;
    }
    const uint64_t size = layout->areas[area].bytes;
    const uint64_t tail = size > PATTERN_BLANK_ENDS ? size - PATTERN_BLANK_ENDS : 0;
    fill_random(pattern, area, offset, buffer, length);
    blank(0, PATTERN_BLANK_ENDS, offset, buffer, length);
    blank(tail, size, offset, buffer, length);
}
