/*
 * What an overwrite pass writes. A random pass is ChaCha20's keystream at the byte's own position,
 * so any LBA can be recomputed without its neighbours, an address alias shows, and nothing
 * compresses. Its key is in the certificate. The first and last MiB of an area are zero even then:
 * random bytes there would now and then look like a partition table to whoever gets the disk next.
 */
#ifndef QUIETUS_PATTERN_H
#define QUIETUS_PATTERN_H

#include "quietus/layout.h"

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
 * Fills buffer with what the pattern has at an area's offset. offset is a multiple of 512; the
 * range lies within the area.
 */
void pattern_fill(const struct pattern *pattern, const struct layout *layout, unsigned area,
                  uint64_t offset, uint8_t *buffer, size_t length);

#endif
