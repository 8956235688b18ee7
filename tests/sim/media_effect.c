#include "media.h"
#include "media_file.h"

#include <string.h>

static bool in_scope(const struct media_effect *effect, const struct page_record *record) {
    if (record->state == PAGE_STALE && !effect->spare)
        return false;
    if (record->state == PAGE_RETIRED && !effect->retired)
        return false;
    return (effect->regions >> record->region & 1) != 0 &&
           record->logical_page >= effect->from_page && record->logical_page <= effect->to_page;
}

static bool all_pages(const struct media_effect *effect) {
    return effect->from_page == 0 && effect->to_page == UINT64_MAX;
}

uint64_t media_effect_steps(const struct media *media, const struct media_effect *effect) {
    const uint64_t passes = effect->kind == EFFECT_OVERWRITE ? effect->passes : 1;
    return media->header->physical_pages * passes;
}

/*
 * Pages are taken in erase blocks, and these in an order that goes back and forth over the whole
 * medium: what is written fills a medium from its beginning, and half way through an operation half
 * of it should be gone, wherever it lies.
 */
enum { BLOCK_PAGES = 16 };

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* About 0.618 of the blocks, and coprime to their number, so that every block has its turn. */
static uint64_t stride_of(uint64_t blocks) {
    uint64_t stride = blocks * 618 / 1000 + 1;
    while (common_divisor(stride, blocks) != 1)
        stride++;
    return stride;
}

struct order {
    uint64_t blocks, stride;
};

static struct order order_of(const struct media *media) {
    const uint64_t blocks = media->header->physical_pages / BLOCK_PAGES;
    return (struct order){blocks, stride_of(blocks)};
}

/* Behind the last whole block the order is the plain one. */
static uint64_t page_of(struct order order, uint64_t step) {
    const uint64_t block = step / BLOCK_PAGES;
    if (block >= order.blocks)
        return step;
    return block * order.stride % order.blocks * BLOCK_PAGES + step % BLOCK_PAGES;
}

/* Erases runs of neighbours at once. */
static void erase_pages(struct media *media, const struct media_effect *effect, uint64_t from,
                        uint64_t to) {
    const struct order order = order_of(media);
    uint64_t first = 0, end = 0; /* of the run */
    for (uint64_t step = from; step < to; step++) {
        const uint64_t page = page_of(order, step);
        if (media->pages[page].state == PAGE_ERASED || !in_scope(effect, &media->pages[page]))
            continue;
        if (page != end) {
            media_erase(media, first, end);
            first = page;
        }
        end = page + 1;
    }
    media_erase(media, first, end);
}

static uint8_t pattern_byte(const struct media_effect *effect, uint64_t offset) {
    if (effect->block_bytes == 0)
        return (uint8_t)(effect->pattern >> (8 * (offset % 4)));
    const uint64_t in_block = offset % effect->block_bytes;
    if (in_block >= effect->block_bytes - effect->protection_bytes)
        return 0xff;
    return effect->pattern_bytes[in_block % effect->pattern_length];
}

static void fill_pattern(uint8_t page[MEDIA_PAGE], const struct media_effect *effect,
                         uint64_t logical_page, bool inverted) {
    for (unsigned i = 0; i < MEDIA_PAGE; i++)
        page[i] = pattern_byte(effect, logical_page * MEDIA_PAGE + i) ^ (inverted ? 0xff : 0);
}

/* Where an overwrite leaves the pattern; elsewhere it erases. An erased page of a magnetic disk
 * that a logical page leads to gets it as well. */
static bool gets_pattern(const struct media *media, uint64_t page) {
    const struct page_record *record = &media->pages[page];
    if (record->state == PAGE_LIVE)
        return true;
    return media->header->geometry.kind == MEDIA_MAGNETIC && record->state == PAGE_ERASED &&
           page < media->header->logical_pages;
}

/* Not yet written pages of a magnetic disk belong to themselves. */
static struct page_record owner(const struct media *media, uint64_t page) {
    struct page_record record = media->pages[page];
    if (record.state == PAGE_ERASED && media->header->geometry.kind == MEDIA_MAGNETIC) {
        record.region = 0;
        record.logical_page = (uint32_t)page;
    }
    return record;
}

static void overwrite_page(struct media *media, const struct media_effect *effect, uint64_t page,
                           bool inverted) {
    const struct page_record record = owner(media, page);
    uint8_t plain[MEDIA_PAGE];
    if (!in_scope(effect, &record))
        return;
    if (!gets_pattern(media, page)) {
        if (record.state != PAGE_ERASED)
            media_erase(media, page, page + 1);
        return;
    }
    fill_pattern(plain, effect, record.logical_page, inverted);
    media_program(media, page, record.region, record.logical_page, plain);
}

static void overwrite_pages(struct media *media, const struct media_effect *effect, uint64_t from,
                            uint64_t to) {
    const uint64_t pages = media->header->physical_pages;
    const struct order order = order_of(media);
    for (uint64_t step = from; step < to; step++) {
        const uint64_t pass = step / pages;
        /* Passes in the middle change nothing that anyone could see; they are left out. */
        if (pass != 0 && pass != effect->passes - 1) {
            step = (pass + 1) * pages - 1;
            continue;
        }
        const bool inverted = effect->invert && (effect->passes - 1 - pass) % 2 == 1;
        overwrite_page(media, effect, page_of(order, step % pages), inverted);
    }
}

void media_effect_run(struct media *media, const struct media_effect *effect, uint64_t from,
                      uint64_t to) {
    media_flush(media); /* what was written before it is erased by it too */
    if (effect->kind == EFFECT_ERASE)
        erase_pages(media, effect, from, to);
    else if (effect->kind == EFFECT_OVERWRITE)
        overwrite_pages(media, effect, from, to);
}

static void unmap_regions(struct media *media, const struct media_effect *effect) {
    for (uint64_t page = 0; page < media->header->physical_pages; page++) {
        const struct page_record *record = &media->pages[page];
        if (record->state == PAGE_LIVE && in_scope(effect, record))
            media_unmap(media, record->region, record->logical_page);
    }
}

/* What the host can address and nothing is mapped to (flash). */
static void fill_unmapped(struct media *media, const struct media_effect *effect) {
    const uint64_t pages = media->header->logical_pages;
    uint8_t plain[MEDIA_PAGE];
    for (uint64_t page = effect->from_page; page < pages && page <= effect->to_page; page++) {
        if (media_lookup(media, 0, page) != NO_PAGE)
            continue;
        fill_pattern(plain, effect, page, false);
        media_write(media, 0, page * MEDIA_PAGE, plain, sizeof plain);
    }
}

/* With one key for the drive, replacing it takes everything. */
static void replace_keys(struct media *media, const struct media_effect *effect) {
    for (unsigned region = 0; region < MEDIA_REGIONS; region++)
        if ((effect->regions >> region & 1) != 0 || !media->header->geometry.key_per_region)
            media_new_key(media, region);
}

/* There is a key for a region or for the drive, but none for a part of one: to lose just that part
 * it is erased. */
static bool has_key_of_its_own(const struct media *media, const struct media_effect *effect) {
    return all_pages(effect) &&
           (media->header->geometry.key_per_region || effect->regions == UINT32_MAX);
}

void media_effect_end(struct media *media, const struct media_effect *effect) {
    media_flush(media); /* what was written before it is erased by it too */
    if (effect->kind == EFFECT_CRYPTO && has_key_of_its_own(media, effect))
        replace_keys(media, effect);
    else if (effect->kind == EFFECT_CRYPTO)
        erase_pages(media, effect, 0, media->header->physical_pages);
    if (effect->kind == EFFECT_OVERWRITE && effect->fill_unmapped)
        fill_unmapped(media, effect);
    if (effect->kind == EFFECT_UNMAP || effect->unmap_at_end)
        unmap_regions(media, effect);
}
