/*
 * A volatile write cache: pages that a drive has taken and not put on its medium yet. They leave it
 * in no order that the host could rely on, and are gone when power is.
 */
#ifndef SIM_WRITE_CACHE_H
#define SIM_WRITE_CACHE_H

#include "media.h"

struct cached_page {
    unsigned region;
    uint64_t logical_page;
    uint8_t data[MEDIA_PAGE];
};

struct write_cache;

/* With room for so many pages, at least one; NULL: no memory. */
struct write_cache *write_cache_new(size_t pages);
void write_cache_free(struct write_cache *cache);

/* NULL if it does not hold the page. */
const struct cached_page *write_cache_find(const struct write_cache *cache, unsigned region,
                                           uint64_t logical_page);
/* Replaces the page, or takes it in; false if there is no room. */
bool write_cache_put(struct write_cache *cache, unsigned region, uint64_t logical_page,
                     const uint8_t data[MEDIA_PAGE]);
/* Any page of it; NULL if it is empty. It is gone from the cache by the next call of put or take.
 */
const struct cached_page *write_cache_take(struct write_cache *cache);
/* What it holds is lost. */
void write_cache_clear(struct write_cache *cache);

#endif
