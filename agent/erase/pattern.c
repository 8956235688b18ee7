#include "quietus/pattern.h"

#include "quietus/bytes.h"
#include "quietus/memory.h"

#include <errno.h>
#include <openssl/evp.h>
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

bool pattern_is_constant(const struct pattern *pattern) {
    return !pattern->pass.random;
}

/* AES-256 in counter mode: the keystream is what zeroes are encrypted to. They come from a small
 * buffer that stays in the nearest cache: clearing all of the output first would cost a tenth more,
 * and in an emulator a third. */
static void fill_random(const struct pattern *pattern, unsigned area, uint64_t offset,
                        uint8_t *buffer, size_t length) {
    enum { CIPHER_BLOCK = 16, ZEROES = 8 << 10 };
    static const uint8_t zeroes[ZEROES];
    uint8_t counter[CIPHER_BLOCK];
    uint8_t skipped[CIPHER_BLOCK] = {0};
    int done;
    put_be64(counter, area);
    put_be64(counter + 8, offset / CIPHER_BLOCK);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    memory_require(cipher != NULL &&
                   EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), NULL, pattern->key, counter) == 1);
    memory_require(
        EVP_EncryptUpdate(cipher, skipped, &done, skipped, (int)(offset % CIPHER_BLOCK)) == 1);
    for (size_t at = 0; at < length; at += (size_t)done) {
        const int now = length - at < ZEROES ? (int)(length - at) : ZEROES;
        memory_require(EVP_EncryptUpdate(cipher, buffer + at, &done, zeroes, now) == 1 &&
                       done == now);
    }
    EVP_CIPHER_CTX_free(cipher);
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
