/*
 * What a random pass could be made by, held beside each other: for scripts/bench pattern.
 *   quietus-generators              the names of all
 *   quietus-generators NAME MIB     makes so many MiB in chunks as the writer does; prints CPU
 *                                   seconds
 *   quietus-generators NAME MIB -   writes them to standard output instead
 * The first is the agent's own. Each can be recomputed for any LBA alone and is bound to it.
 */
#include "quietus/bytes.h"
#include "quietus/keys.h"
#include "quietus/memory.h"
#include "quietus/pattern.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 512 << 10, TILE = 1 << 20, SECTOR = 512, BLOCK = 4096, CIPHER_BLOCK = 16 };

static const uint8_t key[32] = "a key that anyone may know.....";

static struct pattern agent_pattern = {.pass = {.random = true}};
static struct layout agent_layout;
static uint8_t tile[TILE];

static void encrypt(const EVP_CIPHER *cipher, const uint8_t *counter, uint8_t *buffer,
                    size_t length) {
    static const uint8_t zeroes[16 << 10];
    int done;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    memory_require(context != NULL && EVP_EncryptInit_ex(context, cipher, NULL, key, counter) == 1);
    for (size_t at = 0; at < length; at += sizeof zeroes)
        memory_require(EVP_EncryptUpdate(
                           context, buffer + at, &done, zeroes,
                           (int)(length - at < sizeof zeroes ? length - at : sizeof zeroes)) == 1);
    EVP_CIPHER_CTX_free(context);
}

static void agent(uint64_t offset, uint8_t *buffer) {
    pattern_fill(&agent_pattern, &agent_layout, 0, offset, buffer, CHUNK);
}

static void aes_128(uint64_t offset, uint8_t *buffer) {
    uint8_t counter[CIPHER_BLOCK] = {0};
    put_be64(counter + 8, offset / CIPHER_BLOCK);
    encrypt(EVP_aes_128_ctr(), counter, buffer, CHUNK);
}

/* OpenSSL's: a 32-bit block counter, little-endian, and the nonce behind it. */
static void chacha20(uint64_t offset, uint8_t *buffer) {
    uint8_t counter[CIPHER_BLOCK] = {0};
    for (unsigned i = 0; i < 8; i++)
        counter[i] = (uint8_t)(offset / 64 >> 8 * i);
    encrypt(EVP_chacha20(), counter, buffer, CHUNK);
}

static void chacha20_libsodium(uint64_t offset, uint8_t *buffer) {
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    static const uint8_t zeroes[CHUNK];
    (void)crypto_stream_chacha20_xor_ic(buffer, zeroes, CHUNK, nonce, offset / 64, key);
}

/* The tile again and again; each sector's first bytes are a cipher block that depends on its LBA.
 */
static void stamped_tile(uint64_t offset, uint8_t *buffer) {
    uint8_t stamps[CHUNK / SECTOR * CIPHER_BLOCK];
    uint8_t counter[CIPHER_BLOCK] = {1};
    put_be64(counter + 8, offset / SECTOR);
    encrypt(EVP_aes_256_ctr(), counter, stamps, sizeof stamps);
    memcpy(buffer, tile + offset % TILE, CHUNK);
    for (size_t i = 0; i < CHUNK / SECTOR; i++)
        memcpy(buffer + i * SECTOR, stamps + i * CIPHER_BLOCK, CIPHER_BLOCK);
}

/* The tile, each 4 KiB of it exclusive-ored with a cipher block that depends on where it lies. */
static void masked_tile(uint64_t offset, uint8_t *buffer) {
    uint64_t masks[CHUNK / BLOCK][2];
    uint8_t counter[CIPHER_BLOCK] = {1};
    put_be64(counter + 8, offset / BLOCK);
    encrypt(EVP_aes_256_ctr(), counter, (uint8_t *)masks, sizeof masks);
    for (size_t i = 0; i < CHUNK / BLOCK; i++) {
        uint64_t words[BLOCK / 8];
        memcpy(words, tile + (offset + i * BLOCK) % TILE, BLOCK);
        for (size_t k = 0; k < BLOCK / 8; k += 2) {
            words[k] ^= masks[i][0];
            words[k + 1] ^= masks[i][1];
        }
        memcpy(buffer + i * BLOCK, words, BLOCK);
    }
}

static const struct generator {
    const char *name;
    void (*fill)(uint64_t offset, uint8_t *buffer);
} generators[] = {
    {PATTERN_GENERATOR, agent},     {"aes-128-ctr", aes_128},
    {"chacha20", chacha20},         {"chacha20-libsodium", chacha20_libsodium},
    {"stamped-tile", stamped_tile}, {"masked-tile", masked_tile},
};

static int run(const struct generator *generator, uint64_t mebibytes, bool output) {
    static uint8_t buffer[CHUNK];
    const clock_t began = clock();
    /* Behind the part of a disk that is blank. */
    for (uint64_t at = 0; at < mebibytes << 20; at += CHUNK) {
        generator->fill(PATTERN_BLANK_ENDS + at, buffer);
        if (output && write(STDOUT_FILENO, buffer, CHUNK) != CHUNK)
            return 1;
    }
    if (!output)
        (void)printf("%.4f\n", (double)(clock() - began) / CLOCKS_PER_SEC);
    return 0;
}

int main(int argc, char **argv) {
    const size_t count = sizeof generators / sizeof *generators;
    keys_start();
    memcpy(agent_pattern.key, key, sizeof agent_pattern.key);
    agent_layout.area_count = 1;
    agent_layout.areas[0].bytes = (uint64_t)1 << 50;
    encrypt(EVP_aes_256_ctr(), (const uint8_t[CIPHER_BLOCK]){2}, tile, sizeof tile);
    for (size_t i = 0; i < count; i++) {
        if (argc == 1)
            (void)puts(generators[i].name);
        else if (argc > 2 && strcmp(argv[1], generators[i].name) == 0)
            return run(&generators[i], strtoull(argv[2], NULL, 10), argc > 3);
    }
    return argc == 1 ? 0 : 1;
}
