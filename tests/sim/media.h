/*
 * The physical medium behind a drive's logical addresses: a file of 4 KiB pages, and beside it a
 * state file (NAME.state) that holds the mapping, the keys, and whatever the drive itself
 * remembers. Both are mapped shared, so a process that is killed at any moment leaves them as a
 * power cut would.
 *
 * Logical addresses are bytes within a region: a disk has region 0; an NVMe drive has one for each
 * namespace identifier. Every logical page maps to a physical one:
 * - flash: never overwritten in place; what was there before stays in its old page, stale, until
 * the page is erased for reuse;
 * - a magnetic disk: written in place; a page that was remapped leaves its content in the retired
 * one.
 */
#ifndef SIM_MEDIA_H
#define SIM_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MEDIA_PAGE = 4096,
    MEDIA_REGIONS = 17,          /* region 0 and namespaces 1 to 16 */
    MEDIA_KEY = 32,              /* bytes of a media encryption key */
    MEDIA_DRIVE_STATE = 1 << 16, /* bytes that are the drive's own */
    MEDIA_PATTERN = 4224,        /* longest pattern of an overwrite: a block */
};

enum media_kind { MEDIA_FLASH, MEDIA_MAGNETIC };

enum page_state {
    PAGE_ERASED,  /* nothing was ever written here, or it was erased */
    PAGE_LIVE,    /* a logical page maps to it */
    PAGE_STALE,   /* content that no logical page leads to any more; will be reused (flash) */
    PAGE_RETIRED, /* the same, and never used again (a grown defect) */
};

struct media_geometry {
    enum media_kind kind;
    uint64_t bytes;       /* capacity: what the regions together may hold */
    uint64_t spare_bytes; /* physical pages beyond that; flash needs some */
    bool encrypts;        /* the file holds ciphertext */
    bool key_per_region;  /* otherwise one key (that of region 0) for all */
};

struct media;

/* Opens, or makes, the files. fresh tells which. NULL with a message in problem. */
struct media *media_open(const char *path, const struct media_geometry *geometry, bool *fresh,
                         char *problem, size_t problem_size);
/* Looks at what is there and changes nothing in the files, even while a drive has them open; for
 * the oracle. */
struct media *media_open_to_look(const char *path, char *problem, size_t problem_size);
void media_close(struct media *media);

const struct media_geometry *media_geometry(const struct media *media);
/* MEDIA_DRIVE_STATE bytes in the state file, zero in a new one, aligned for any type. */
void *media_drive_state(struct media *media);

enum media_result { MEDIA_OK, MEDIA_NOT_WRITTEN /* unwritten pages are set to fail reads */ };

/* The range has to be within the capacity. Pages that hold nothing read as the fill byte. */
enum media_result media_read(const struct media *media, unsigned region, uint64_t offset,
                             void *data, size_t length);
void media_write(struct media *media, unsigned region, uint64_t offset, const void *data,
                 size_t length);
/*
 * A volatile write cache of so many bytes; without it every write is on the medium at once. What is
 * in it is read from it, is put on the medium by media_flush, or one page or another when there is
 * no room, and is lost by media_lose_cache, media_close and the process's death. False: no memory.
 */
bool media_set_cache(struct media *media, uint64_t bytes);
/* Off: flushes it, and from now on every write is on the medium at once. */
void media_use_cache(struct media *media, bool on);
void media_flush(struct media *media);
void media_lose_cache(struct media *media);
/* Drops the mapping of the pages that lie wholly in the range (flash; a disk keeps its data). */
void media_discard(struct media *media, unsigned region, uint64_t offset, uint64_t length);
/* Is any page of the range mapped to something written? */
bool media_is_written(const struct media *media, unsigned region, uint64_t offset, uint64_t length);
/* Pages of a region that hold something on the medium. */
uint64_t media_pages_in_use(const struct media *media, unsigned region);

/* A grown defect: the logical page gets another physical one with the same content; the old one is
 * retired with what it holds. False when no spare page is left. */
bool media_remap(struct media *media, unsigned region, uint64_t logical_page);
uint64_t media_retired_pages(const struct media *media);

/* What pages without content read as. */
void media_set_fill(struct media *media, uint8_t fill);
/* From now on reads of such pages fail, until they are written; kept across power cuts. */
void media_fail_unwritten(struct media *media, bool fail);

/* What an erase does to the medium. Kept in the state file while an operation runs. */
enum effect_kind {
    EFFECT_NONE,      /* (a lie) */
    EFFECT_ERASE,     /* physical pages are erased; the mapping goes with them */
    EFFECT_OVERWRITE, /* pages that are mapped get the pattern, all others are erased (flash) or
                         get the pattern too (disk) */
    EFFECT_CRYPTO,    /* the keys are replaced, at the end and at once */
    EFFECT_UNMAP,     /* only the mapping is dropped, at the end */
};

struct media_effect {
    enum effect_kind kind;
    uint32_t regions;   /* bit mask */
    bool spare;         /* stale pages too */
    bool retired;       /* retired pages too */
    bool unmap_at_end;  /* what is still mapped is deallocated at the end */
    bool invert;        /* every second pass is inverted, so that the last is plain */
    bool fill_unmapped; /* overwrite: logical pages that nothing is mapped to get the pattern too */
    uint32_t pattern;   /* little-endian, repeated */
    uint32_t passes;    /* overwrite; at least 1 */
    uint64_t
        from_page;    /* only logical pages from .. to of each region (pages that are not mapped */
    uint64_t to_page; /* count by where they last belonged); to = UINT64_MAX for all */
    /* An overwrite whose pattern begins anew in each block, instead of pattern. */
    uint32_t block_bytes;      /* 0: none such */
    uint32_t protection_bytes; /* the last of each block: FFh, and 00h in inverted passes */
    uint32_t pattern_length;
    uint8_t pattern_bytes[MEDIA_PATTERN];
};

/* Steps that an effect has, and doing the steps from .. to - 1; then, once, its end. */
uint64_t media_effect_steps(const struct media *media, const struct media_effect *effect);
void media_effect_run(struct media *media, const struct media_effect *effect, uint64_t from,
                      uint64_t to);
void media_effect_end(struct media *media, const struct media_effect *effect);

/* For the oracle and for tests: physical pages by number. */
struct media_page {
    enum page_state state;
    unsigned region;       /* where it belongs or belonged */
    uint64_t logical_page; /* of that region */
};
uint64_t media_physical_pages(const struct media *media);
struct media_page media_page(const struct media *media, uint64_t physical_page);
/* Its bytes as they lie on the medium. */
const uint8_t *media_raw(const struct media *media, uint64_t physical_page);
/* Its bytes under the present key of a region (as they are, if the drive does not encrypt). */
void media_decrypt(const struct media *media, uint64_t physical_page, unsigned key_of_region,
                   uint8_t out[MEDIA_PAGE]);

#endif
