#include "oracle.h"

#include <string.h>

static bool is_zero(const uint8_t *page) {
    return page[0] == 0 && memcmp(page, page + 1, MEDIA_PAGE - 1) == 0;
}

static bool holds(const uint8_t *page, const void *marker, size_t length) {
    return memmem(page, MEDIA_PAGE, marker, length) != NULL;
}

static bool holds_under(const struct media *media, uint64_t page, unsigned region,
                        const void *marker, size_t length) {
    uint8_t plain[MEDIA_PAGE];
    media_decrypt(media, page, region, plain);
    return holds(plain, marker, length);
}

/* With each key that the drive has, whichever the page was written with. */
static bool recoverable(const struct media *media, uint64_t page, const void *marker,
                        size_t length) {
    const struct media_geometry *geometry = media_geometry(media);
    const unsigned keys = geometry->encrypts && geometry->key_per_region ? MEDIA_REGIONS : 1;
    for (unsigned region = 0; region < keys; region++)
        if (holds_under(media, page, region, marker, length))
            return true;
    return false;
}

static void note(struct oracle_findings *findings, const struct media *media, uint64_t page) {
    const struct media_page record = media_page(media, page);
    if (findings->recoverable < ORACLE_PLACES)
        findings->places[findings->recoverable] = (struct oracle_place){record, page};
    findings->recoverable++;
    findings->by_state[record.state]++;
}

struct oracle_findings oracle_search(const struct media *media, const void *marker, size_t length) {
    struct oracle_findings findings = {0};
    for (uint64_t page = 0; page < media_physical_pages(media); page++) {
        const struct media_page record = media_page(media, page);
        if (is_zero(media_raw(media, page)))
            continue;
        findings.raw += holds(media_raw(media, page), marker, length);
        if (recoverable(media, page, marker, length))
            note(&findings, media, page);
        findings.visible +=
            record.state == PAGE_LIVE && holds_under(media, page, record.region, marker, length);
    }
    return findings;
}
