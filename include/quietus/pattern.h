/*
 * What an overwrite pass writes. A random pass is the keystream of AES-256 in counter mode (NIST SP
 * 800-38A): the counter block of a byte is its area's number and its offset / 16, each as 64 bits,
 * big-endian. So any LBA can be recomputed without its neighbours, an address alias shows, and
 * nothing compresses; the key is in the certificate. The first and last MiB of an area are zero
 * even then: random bytes there would now and then look like a partition table to whoever gets the
 * disk next.
 *
 * Chosen by `scripts/bench pattern`; MB/s of one processor of a recent Xeon, of the same without
 * its AES instructions, and of one that QEMU emulates (the best of several runs of each):
 *
 *   AES-256 (this)                        8,000     480    430
 *   AES-128                              11,000     670    510
 *   ChaCha20, OpenSSL                     6,900   1,700     60
 *   ChaCha20, libsodium                   3,000   3,000     40
 *   1 MiB repeated, masked for each LBA  24,000  18,000    890
 *   1 MiB repeated, stamped              34,000  11,000  1,000  compresses to a twentieth
 *
 * Xeons have had the instructions since 2010, and with them one processor makes enough for
 * two drives of 4,000 MB/s. A tile with a mask would be three times as fast and compresses no
 * better in zstd -19 --long, but who knows one MiB of it knows all: a drive that saves what is
 * equal but for a mask could keep most of it from the medium, and nothing here could show that none
 * does. A cipher needs no such argument.
 */
#ifndef QUIETUS_PATTERN_H
#define QUIETUS_PATTERN_H

#include "quietus/layout.h"

/* As certificates name it. */
#define PATTERN_GENERATOR "aes-256-ctr"

enum { PATTERN_KEY_SIZE = 32, PATTERN_BLANK_ENDS = 1 << 20, PASSES_MOST = 16 };

/* What a person asks for: "random", "zero", "ones" or "0x5a". */
struct pass {
    bool random;
    uint8_t byte; /* unless random */
};

struct passes {
    struct pass list[PASSES_MOST];
    unsigned count;
};

/* Parses "random,zero,0x5a"; -EINVAL with the reason. */
int passes_parse(const char *text, struct passes *out, struct reason *reason);
/* The same text again. Returns out. */
char *passes_text(const struct passes *passes, char *out, size_t size);

struct pattern {
    struct pass pass;
    uint8_t key[PATTERN_KEY_SIZE]; /* if random */
};

/* A pass made concrete: with a fresh key if it is random. */
void pattern_start(struct pattern *pattern, const struct pass *pass);

/*
 * Fills buffer with what the pattern has at an area's offset; the range lies within the area.
 */
void pattern_fill(const struct pattern *pattern, const struct layout *layout, unsigned area,
                  uint64_t offset, uint8_t *buffer, size_t length);

/* True if it has the same byte everywhere, so that a buffer need be filled but once. */
bool pattern_is_constant(const struct pattern *pattern);

#endif
