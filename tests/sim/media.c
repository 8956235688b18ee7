#include "media.h"

#include "media_file.h"
#include "write_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t round_up(size_t size) {
    return (size + MEDIA_PAGE - 1) / MEDIA_PAGE * MEDIA_PAGE;
}

static size_t offset_of_drive_state(void) {
    return round_up(sizeof(struct media_header));
}

static size_t offset_of_pages(void) {
    return offset_of_drive_state() + MEDIA_DRIVE_STATE;
}

static size_t offset_of_map(uint64_t physical_pages) {
    return offset_of_pages() + round_up(physical_pages * sizeof(struct page_record));
}

static size_t state_file_size(uint64_t logical_pages, uint64_t physical_pages) {
    return offset_of_map(physical_pages) + MEDIA_REGIONS * logical_pages * sizeof(uint32_t);
}

static __attribute__((format(printf, 3, 4))) struct media *failed(char *problem, size_t size,
                                                                  const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem, size, format, arguments);
    va_end(arguments);
    return NULL;
}

static uint8_t *map_file(int file, size_t size, bool shared) {
    const int flags = shared ? MAP_SHARED : MAP_PRIVATE;
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static struct media *new_media(void) {
    if (sodium_init() < 0)
        return NULL;
    struct media *media = calloc(1, sizeof *media);
    if (media != NULL)
        media->data_file = media->state_file = -1;
    return media;
}

static bool open_files(struct media *media, const char *path, int flags) {
    char state_path[4096];
    (void)snprintf(state_path, sizeof state_path, "%s.state", path);
    media->data_file = open(path, flags | O_CLOEXEC, 0644);
    media->state_file = open(state_path, flags | O_CLOEXEC, 0644);
    return media->data_file >= 0 && media->state_file >= 0;
}

/* Sizes are known: maps both files and finds the parts. */
static bool map_files(struct media *media, uint64_t logical_pages, uint64_t physical_pages,
                      bool shared) {
    media->data_size = physical_pages * MEDIA_PAGE;
    media->state_size = state_file_size(logical_pages, physical_pages);
    media->data = map_file(media->data_file, media->data_size, shared);
    media->mapped_state = map_file(media->state_file, media->state_size, shared);
    if (media->data == NULL || media->mapped_state == NULL)
        return false;
    media->header = (struct media_header *)(void *)media->mapped_state;
    media->drive_state = media->mapped_state + offset_of_drive_state();
    media->pages = (struct page_record *)(void *)(media->mapped_state + offset_of_pages());
    media->map = (uint32_t *)(void *)(media->mapped_state + offset_of_map(physical_pages));
    return true;
}

/* A power cut may have come between the stores of a write: a page that says it is live but that no
 * logical page leads to is stale. */
static void recount(struct media *media) {
    media->erased_left = 0;
    for (uint64_t page = 0; page < media->header->physical_pages; page++) {
        struct page_record *record = &media->pages[page];
        if (record->state == PAGE_LIVE &&
            media_lookup(media, record->region, record->logical_page) != page)
            record->state = PAGE_STALE;
        media->erased_left += record->state == PAGE_ERASED;
    }
}

void media_close(struct media *media) {
    if (media == NULL)
        return;
    write_cache_free(media->cache);
    if (media->data != NULL)
        (void)munmap(media->data, media->data_size);
    if (media->mapped_state != NULL)
        (void)munmap(media->mapped_state, media->state_size);
    if (media->data_file >= 0)
        (void)close(media->data_file);
    if (media->state_file >= 0)
        (void)close(media->state_file);
    free(media);
}

static struct media *open_existing(const char *path, bool shared, char *problem,
                                   size_t problem_size) {
    struct media *media = new_media();
    struct media_header header;
    if (media == NULL)
        return failed(problem, problem_size, "out of memory");
    if (!open_files(media, path, shared ? O_RDWR : O_RDONLY)) {
        media_close(media);
        return failed(problem, problem_size, "%s: %s", path, strerror(errno));
    }
    if (pread(media->state_file, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header.magic, MEDIA_MAGIC, sizeof header.magic) != 0) {
        media_close(media);
        return failed(problem, problem_size, "%s.state is no state file", path);
    }
    if (!map_files(media, header.logical_pages, header.physical_pages, shared)) {
        media_close(media);
        return failed(problem, problem_size, "%s: it cannot be mapped: %s", path, strerror(errno));
    }
    recount(media);
    return media;
}

struct media *media_open_to_look(const char *path, char *problem, size_t problem_size) {
    return open_existing(path, false, problem, problem_size);
}

static struct media *create(const char *path, const struct media_geometry *geometry, char *problem,
                            size_t problem_size) {
    const uint64_t logical = geometry->bytes / MEDIA_PAGE;
    const uint64_t physical = logical + geometry->spare_bytes / MEDIA_PAGE;
    struct media *media = new_media();
    if (media == NULL)
        return failed(problem, problem_size, "out of memory");
    if (!open_files(media, path, O_RDWR | O_CREAT | O_TRUNC) ||
        ftruncate(media->data_file, (off_t)(physical * MEDIA_PAGE)) != 0 ||
        ftruncate(media->state_file, (off_t)state_file_size(logical, physical)) != 0 ||
        !map_files(media, logical, physical, true)) {
        media_close(media);
        return failed(problem, problem_size, "%s: it cannot be made: %s", path, strerror(errno));
    }
    media->header->geometry = *geometry;
    media->header->logical_pages = logical;
    media->header->physical_pages = physical;
    for (unsigned region = 0; region < MEDIA_REGIONS; region++)
        media_new_key(media, region);
    media_order();
    memcpy(media->header->magic, MEDIA_MAGIC, sizeof media->header->magic);
    recount(media);
    return media;
}

struct media *media_open(const char *path, const struct media_geometry *geometry, bool *fresh,
                         char *problem, size_t problem_size) {
    *fresh = access(path, F_OK) != 0;
    if (!*fresh)
        return open_existing(path, true, problem, problem_size);
    if (geometry->bytes == 0 || geometry->bytes % MEDIA_PAGE != 0 ||
        geometry->spare_bytes % MEDIA_PAGE != 0)
        return failed(problem, problem_size, "%s: sizes have to be multiples of %d bytes", path,
                      MEDIA_PAGE);
    if (geometry->kind == MEDIA_FLASH && geometry->spare_bytes == 0)
        return failed(problem, problem_size, "%s: flash needs spare pages", path);
    if ((geometry->bytes + geometry->spare_bytes) / MEDIA_PAGE >= UINT32_MAX)
        return failed(problem, problem_size, "%s: too large", path);
    return create(path, geometry, problem, problem_size);
}

const struct media_geometry *media_geometry(const struct media *media) {
    return &media->header->geometry;
}

void *media_drive_state(struct media *media) {
    return media->drive_state;
}

/* --- mapping --- */

static uint32_t *map_entry(const struct media *media, unsigned region, uint64_t logical_page) {
    return &media->map[region * media->header->logical_pages + logical_page];
}

uint64_t media_lookup(const struct media *media, unsigned region, uint64_t logical_page) {
    const uint32_t entry = *map_entry(media, region, logical_page);
    if (entry != MAP_DEFAULT)
        return entry - MAP_FIRST;
    return media->header->geometry.kind == MEDIA_MAGNETIC && region == 0 ? logical_page : NO_PAGE;
}

void media_map(struct media *media, unsigned region, uint64_t logical_page,
               uint64_t physical_page) {
    *map_entry(media, region, logical_page) = (uint32_t)physical_page + MAP_FIRST;
}

void media_unmap(struct media *media, unsigned region, uint64_t logical_page) {
    const uint64_t page = media_lookup(media, region, logical_page);
    if (page == NO_PAGE || media->header->geometry.kind == MEDIA_MAGNETIC)
        return;
    *map_entry(media, region, logical_page) = MAP_DEFAULT;
    media_order();
    if (media->pages[page].state == PAGE_LIVE)
        media->pages[page].state = PAGE_STALE;
}

/* --- encryption: ChaCha20 under the region's key, the physical page's number as nonce --- */

static const uint8_t *key_of(const struct media *media, unsigned region) {
    return media->header->keys[media->header->geometry.key_per_region ? region : 0];
}

void media_new_key(struct media *media, unsigned region) {
    uint8_t key[MEDIA_KEY];
    randombytes_buf(key, sizeof key);
    memcpy(media->header->keys[region], key, sizeof key);
}

static void apply_key(const struct media *media, uint64_t page, unsigned region, const uint8_t *in,
                      uint8_t *out) {
    if (!media->header->geometry.encrypts) {
        memcpy(out, in, MEDIA_PAGE);
        return;
    }
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    memcpy(nonce, &page, sizeof nonce);
    (void)crypto_stream_chacha20_xor(out, in, MEDIA_PAGE, nonce, key_of(media, region));
}

void media_decrypt(const struct media *media, uint64_t physical_page, unsigned key_of_region,
                   uint8_t out[MEDIA_PAGE]) {
    apply_key(media, physical_page, key_of_region, media_raw(media, physical_page), out);
}

const uint8_t *media_raw(const struct media *media, uint64_t physical_page) {
    return media->data + physical_page * MEDIA_PAGE;
}

/* --- physical pages --- */

uint64_t media_physical_pages(const struct media *media) {
    return media->header->physical_pages;
}

struct media_page media_page(const struct media *media, uint64_t physical_page) {
    const struct page_record *record = &media->pages[physical_page];
    return (struct media_page){record->state, record->region, record->logical_page};
}

void media_program(struct media *media, uint64_t physical_page, unsigned region,
                   uint64_t logical_page, const uint8_t plain[MEDIA_PAGE]) {
    struct page_record *record = &media->pages[physical_page];
    apply_key(media, physical_page, region, plain, media->data + physical_page * MEDIA_PAGE);
    record->region = (uint8_t)region;
    record->logical_page = (uint32_t)logical_page;
    media_order();
    if (record->state == PAGE_ERASED)
        media->erased_left--;
    record->state = PAGE_LIVE;
}

/* Gives the room in the file back, too, so that large drives stay small on the host. */
static void clear_data(const struct media *media, uint64_t from, uint64_t to) {
    const off_t offset = (off_t)(from * MEDIA_PAGE), length = (off_t)((to - from) * MEDIA_PAGE);
    if (fallocate(media->data_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) !=
        0)
        memset(media->data + offset, 0, (size_t)length);
}

void media_erase(struct media *media, uint64_t from, uint64_t to) {
    if (from == to)
        return;
    clear_data(media, from, to);
    media_order();
    for (uint64_t page = from; page < to; page++) {
        struct page_record *record = &media->pages[page];
        if (record->state == PAGE_LIVE)
            media_unmap(media, record->region, record->logical_page);
        if (record->state == PAGE_RETIRED) /* erased, but still not to be used again */
            continue;
        media->erased_left += record->state != PAGE_ERASED;
        record->state = PAGE_ERASED;
    }
}

static uint64_t find_state(struct media *media, enum page_state state) {
    const uint64_t pages = media->header->physical_pages;
    for (uint64_t i = 0; i < pages; i++) {
        const uint64_t page = (media->header->cursor + i) % pages;
        if (media->pages[page].state != state)
            continue;
        media->header->cursor = (page + 1) % pages;
        return page;
    }
    return NO_PAGE;
}

/* A page to write to. Stale ones are taken only when no erased one is left, so that old data stays
 * as long as it can; the write then replaces all of it, so they need not be erased before. */
static uint64_t take_page(struct media *media) {
    return find_state(media, media->erased_left > 0 ? PAGE_ERASED : PAGE_STALE);
}

/* --- what the drive reads and writes --- */

static const struct cached_page *cached(const struct media *media, unsigned region,
                                        uint64_t logical_page) {
    return media->cache != NULL ? write_cache_find(media->cache, region, logical_page) : NULL;
}

static bool has_content(const struct media *media, uint64_t physical_page) {
    return physical_page != NO_PAGE && media->pages[physical_page].state != PAGE_ERASED;
}

static void read_page(const struct media *media, unsigned region, uint64_t logical_page,
                      uint8_t out[MEDIA_PAGE]) {
    const uint64_t page = media_lookup(media, region, logical_page);
    const struct cached_page *newer = cached(media, region, logical_page);
    if (newer != NULL)
        memcpy(out, newer->data, MEDIA_PAGE);
    else if (has_content(media, page))
        media_decrypt(media, page, region, out);
    else
        memset(out, media->header->fill, MEDIA_PAGE);
}

static void put_on_medium(struct media *media, unsigned region, uint64_t logical_page,
                          const uint8_t plain[MEDIA_PAGE]) {
    const uint64_t old = media_lookup(media, region, logical_page);
    if (media->header->geometry.kind == MEDIA_MAGNETIC) {
        media_program(media, old, region, logical_page, plain);
        return;
    }
    const uint64_t new_page = take_page(media);
    if (new_page == NO_PAGE)
        abort(); /* spare pages make this impossible */
    media_program(media, new_page, region, logical_page, plain);
    media_order();
    media_map(media, region, logical_page, new_page);
    media_order();
    if (old != NO_PAGE && media->pages[old].state == PAGE_LIVE)
        media->pages[old].state = PAGE_STALE;
}

static bool destage_one(struct media *media) {
    const struct cached_page *page = write_cache_take(media->cache);
    if (page == NULL)
        return false;
    put_on_medium(media, page->region, page->logical_page, page->data);
    return true;
}

static void write_page(struct media *media, unsigned region, uint64_t logical_page,
                       const uint8_t plain[MEDIA_PAGE]) {
    if (media->cache == NULL || media->writes_through) {
        put_on_medium(media, region, logical_page, plain);
        return;
    }
    while (!write_cache_put(media->cache, region, logical_page, plain))
        (void)destage_one(media);
}

bool media_set_cache(struct media *media, uint64_t bytes) {
    media->cache = write_cache_new(bytes / MEDIA_PAGE);
    return media->cache != NULL;
}

void media_use_cache(struct media *media, bool on) {
    if (!on)
        media_flush(media);
    media->writes_through = !on;
}

void media_flush(struct media *media) {
    while (media->cache != NULL && destage_one(media))
        continue;
}

void media_lose_cache(struct media *media) {
    if (media->cache != NULL)
        write_cache_clear(media->cache);
}

static bool is_written(const struct media *media, unsigned region, uint64_t logical_page) {
    return cached(media, region, logical_page) != NULL ||
           has_content(media, media_lookup(media, region, logical_page));
}

static size_t part_in_page(uint64_t offset, size_t length) {
    const size_t room = MEDIA_PAGE - offset % MEDIA_PAGE;
    return length < room ? length : room;
}

enum media_result media_read(const struct media *media, unsigned region, uint64_t offset,
                             void *data, size_t length) {
    uint8_t page[MEDIA_PAGE];
    uint8_t *out = data;
    if (media->header->fail_unwritten)
        for (uint64_t at = offset; at < offset + length; at += part_in_page(at, SIZE_MAX))
            if (!is_written(media, region, at / MEDIA_PAGE))
                return MEDIA_NOT_WRITTEN;
    while (length > 0) {
        const size_t part = part_in_page(offset, length);
        read_page(media, region, offset / MEDIA_PAGE, page);
        memcpy(out, page + offset % MEDIA_PAGE, part);
        out += part;
        offset += part;
        length -= part;
    }
    return MEDIA_OK;
}

void media_write(struct media *media, unsigned region, uint64_t offset, const void *data,
                 size_t length) {
    uint8_t page[MEDIA_PAGE];
    const uint8_t *in = data;
    while (length > 0) {
        const size_t part = part_in_page(offset, length);
        if (part < MEDIA_PAGE)
            read_page(media, region, offset / MEDIA_PAGE, page);
        memcpy(page + offset % MEDIA_PAGE, in, part);
        write_page(media, region, offset / MEDIA_PAGE, page);
        in += part;
        offset += part;
        length -= part;
    }
}

void media_discard(struct media *media, unsigned region, uint64_t offset, uint64_t length) {
    media_flush(media);
    const uint64_t first = (offset + MEDIA_PAGE - 1) / MEDIA_PAGE;
    const uint64_t end = (offset + length) / MEDIA_PAGE;
    for (uint64_t page = first; page < end; page++)
        media_unmap(media, region, page);
}

bool media_is_written(const struct media *media, unsigned region, uint64_t offset,
                      uint64_t length) {
    for (uint64_t at = offset / MEDIA_PAGE; at * MEDIA_PAGE < offset + length; at++)
        if (is_written(media, region, at))
            return true;
    return false;
}

uint64_t media_pages_in_use(const struct media *media, unsigned region) {
    uint64_t used = 0;
    for (uint64_t page = 0; page < media->header->physical_pages; page++)
        used += media->pages[page].state == PAGE_LIVE && media->pages[page].region == region;
    return used;
}

static bool is_mapped(const struct media *media, uint64_t page) {
    const struct page_record *record = &media->pages[page];
    return media_lookup(media, record->region, record->logical_page) == page;
}

/* On a magnetic disk spare pages lie behind the logical ones. One that is in use may have been
 * erased, so its state alone does not tell. */
static uint64_t take_spare(struct media *media) {
    if (media->header->geometry.kind == MEDIA_FLASH)
        return take_page(media);
    for (uint64_t page = media->header->logical_pages; page < media->header->physical_pages; page++)
        if (media->pages[page].state == PAGE_ERASED && !is_mapped(media, page))
            return page;
    return NO_PAGE;
}

bool media_remap(struct media *media, unsigned region, uint64_t logical_page) {
    media_flush(media);
    const uint64_t old = media_lookup(media, region, logical_page);
    const uint64_t spare = old == NO_PAGE ? NO_PAGE : take_spare(media);
    uint8_t plain[MEDIA_PAGE];
    if (spare == NO_PAGE)
        return false;
    read_page(media, region, logical_page, plain);
    media_program(media, spare, region, logical_page, plain);
    media_order();
    media_map(media, region, logical_page, spare);
    media_order();
    media->pages[old].state = PAGE_RETIRED;
    return true;
}

uint64_t media_retired_pages(const struct media *media) {
    uint64_t retired = 0;
    for (uint64_t page = 0; page < media->header->physical_pages; page++)
        retired += media->pages[page].state == PAGE_RETIRED;
    return retired;
}

void media_set_fill(struct media *media, uint8_t fill) {
    media->header->fill = fill;
}

void media_fail_unwritten(struct media *media, bool fail) {
    media->header->fail_unwritten = fail;
}
