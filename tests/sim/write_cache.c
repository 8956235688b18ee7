#include "write_cache.h"

#include <stdlib.h>
#include <string.h>

struct write_cache {
    size_t room;
    size_t count;
    uint64_t chance;
    struct cached_page pages[];
};

struct write_cache *write_cache_new(size_t pages) {
    const size_t room = pages > 0 ? pages : 1;
    struct write_cache *cache = calloc(1, sizeof *cache + room * sizeof cache->pages[0]);
    if (cache != NULL)
        cache->room = room;
    return cache;
}

void write_cache_free(struct write_cache *cache) {
    free(cache);
}

static size_t place_of(const struct write_cache *cache, unsigned region, uint64_t logical_page) {
    size_t i = 0;
    while (i < cache->count &&
           (cache->pages[i].logical_page != logical_page || cache->pages[i].region != region))
        i++;
    return i;
}

const struct cached_page *write_cache_find(const struct write_cache *cache, unsigned region,
                                           uint64_t logical_page) {
    const size_t place = place_of(cache, region, logical_page);
    return place < cache->count ? &cache->pages[place] : NULL;
}

bool write_cache_put(struct write_cache *cache, unsigned region, uint64_t logical_page,
                     const uint8_t data[MEDIA_PAGE]) {
    const size_t place = place_of(cache, region, logical_page);
    if (place == cache->room)
        return false;
    struct cached_page *page = &cache->pages[place];
    page->region = region;
    page->logical_page = logical_page;
    memcpy(page->data, data, sizeof page->data);
    cache->count += place == cache->count;
    return true;
}

/* The same pages in every run: a linear congruential generator (Knuth's constants for 64 bits). */
static size_t any_place(struct write_cache *cache) {
    cache->chance = cache->chance * 6364136223846793005U + 1442695040888963407U;
    return (size_t)(cache->chance >> 33) % cache->count;
}

const struct cached_page *write_cache_take(struct write_cache *cache) {
    if (cache->count == 0)
        return NULL;
    struct cached_page *taken = &cache->pages[any_place(cache)];
    struct cached_page *last = &cache->pages[--cache->count];
    if (taken != last) {
        const struct cached_page copy = *taken;
        *taken = *last;
        *last = copy;
    }
    return last;
}

void write_cache_clear(struct write_cache *cache) {
    cache->count = 0;
}
