/*
 * quietus-oracle [--marker TEXT] MEDIA...
 * quietus-oracle --read REGION MEDIA
 *
 * Prints for each medium how many 4 KiB pages still hold planted data (or any other text). Exit
 * status: 0 nothing is recoverable; 1 usage, or a file cannot be read; 10 something is recoverable
 * from the medium but visible in no LBA; 11 something is visible. With --read: writes to standard
 * output what a host would read from a region (0, or an NVMe namespace's number) of that many bytes
 * as the medium has.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_NOTHING = 0, EXIT_USAGE = 1, EXIT_BENEATH = 10, EXIT_VISIBLE = 11 };

static void print_places(const struct oracle_findings *findings) {
    static const char *const states[] = {"erased", "live", "stale", "retired"};
    for (uint64_t i = 0; i < findings->recoverable && i < ORACLE_PLACES; i++) {
        const struct oracle_place *place = &findings->places[i];
        printf("  %s page %llu: region %u, bytes from %llu\n", states[place->page.state],
               (unsigned long long)place->physical_page, place->page.region,
               (unsigned long long)place->page.logical_page * MEDIA_PAGE);
    }
}

static int look(const char *path, const char *marker) {
    char problem[512];
    struct media *media = media_open_to_look(path, problem, sizeof problem);
    if (media == NULL) {
        (void)fprintf(stderr, "quietus-oracle: %s\n", problem);
        return EXIT_USAGE;
    }
    const struct oracle_findings findings = oracle_search(media, marker, strlen(marker));
    media_close(media);
    printf("%s visible=%llu recoverable=%llu raw=%llu live=%llu stale=%llu retired=%llu\n", path,
           (unsigned long long)findings.visible, (unsigned long long)findings.recoverable,
           (unsigned long long)findings.raw, (unsigned long long)findings.by_state[PAGE_LIVE],
           (unsigned long long)findings.by_state[PAGE_STALE],
           (unsigned long long)findings.by_state[PAGE_RETIRED]);
    print_places(&findings);
    if (findings.visible > 0)
        return EXIT_VISIBLE;
    return findings.recoverable > 0 ? EXIT_BENEATH : EXIT_NOTHING;
}

/* A medium that cannot be read is worse than any finding. */
static int worse(int one, int other) {
    if (one == EXIT_USAGE || other == EXIT_USAGE)
        return EXIT_USAGE;
    return one > other ? one : other;
}

static int copy_out(const char *path, unsigned region) {
    char problem[512];
    uint8_t page[MEDIA_PAGE];
    struct media *media = media_open_to_look(path, problem, sizeof problem);
    if (media == NULL || region >= MEDIA_REGIONS) {
        (void)fprintf(stderr, "quietus-oracle: %s\n", media == NULL ? problem : "no such region");
        media_close(media);
        return EXIT_USAGE;
    }
    bool good = true;
    const uint64_t bytes = media_geometry(media)->bytes;
    for (uint64_t at = 0; at < bytes && good; at += sizeof page)
        good = media_read(media, region, at, page, sizeof page) == MEDIA_OK &&
               fwrite(page, sizeof page, 1, stdout) == 1;
    media_close(media);
    return good ? EXIT_NOTHING : EXIT_USAGE;
}

int main(int argc, char **argv) {
    const char *marker = "QPLANT";
    int first = 1, worst = EXIT_NOTHING;
    if (argc == 4 && strcmp(argv[1], "--read") == 0)
        return copy_out(argv[3], (unsigned)strtoul(argv[2], NULL, 10));
    if (argc > 2 && strcmp(argv[1], "--marker") == 0) {
        marker = argv[2];
        first = 3;
    }
    if (first >= argc || argv[first][0] == '-' || *marker == '\0') {
        (void)fprintf(stderr,
                      "usage: quietus-oracle [--marker TEXT] MEDIA... | --read REGION MEDIA\n");
        return EXIT_USAGE;
    }
    for (int i = first; i < argc; i++)
        worst = worse(worst, look(argv[i], marker));
    return worst;
}
