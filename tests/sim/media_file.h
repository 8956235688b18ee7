/* The layout of the state file; for media.c and media_effect.c only. */
#ifndef SIM_MEDIA_FILE_H
#define SIM_MEDIA_FILE_H

#include "media.h"

#include <stdatomic.h>

struct write_cache;

#define MEDIA_MAGIC "QSIMMED1"

/* In the map: 0 is what a new medium has (nothing on flash, the page itself on a magnetic disk). */
enum { MAP_DEFAULT = 0, MAP_FIRST = 1 };

struct media_header {
    char magic[8];
    struct media_geometry geometry;
    uint64_t logical_pages; /* of each region: the whole capacity */
    uint64_t physical_pages;
    uint64_t cursor; /* where the search for a free page begins */
    uint8_t fill;
    bool fail_unwritten;
    uint8_t keys[MEDIA_REGIONS][MEDIA_KEY];
};

struct page_record {
    uint8_t state;
    uint8_t region;
    uint8_t unused[2];
    uint32_t logical_page;
};

struct media {
    int data_file;
    int state_file;
    uint8_t *data;
    size_t data_size;
    uint8_t *mapped_state;
    size_t state_size;
    struct media_header *header;
    void *drive_state;
    struct page_record *pages;
    uint32_t *map;             /* regions × logical_pages */
    uint64_t erased_left;      /* pages in PAGE_ERASED, counted at the start */
    struct write_cache *cache; /* NULL: none */
    bool writes_through;       /* it is switched off */
};

/* The stores before are in the file before those after it, should the process be killed between. */
static inline void media_order(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

#define NO_PAGE UINT64_MAX

/* The physical page behind a logical one, or NO_PAGE. */
uint64_t media_lookup(const struct media *media, unsigned region, uint64_t logical_page);
void media_map(struct media *media, unsigned region, uint64_t logical_page, uint64_t physical_page);
void media_unmap(struct media *media, unsigned region, uint64_t logical_page);

/* Programs a physical page with plain content under the key of the region. */
void media_program(struct media *media, uint64_t physical_page, unsigned region,
                   uint64_t logical_page, const uint8_t plain[MEDIA_PAGE]);
/* Really erases physical pages; what maps to them no longer does (flash). */
void media_erase(struct media *media, uint64_t from, uint64_t to);

void media_new_key(struct media *media, unsigned region);

#endif
