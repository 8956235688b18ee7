#include "report.h"

#include <stddef.h>

static void report_bad(struct verify_report *report, const struct layout *layout,
                       const struct place_unit *place, const char *what) {
    if (report->bad_count == VERIFY_PLACES_KEPT)
        return;
    report->bad[report->bad_count++] = (struct bad_place){
        .area = place->area,
        .lba = place->offset / layout->areas[place->area].lba_size,
        .what = what,
    };
}

void report_unreadable(struct verify_report *report, const struct layout *layout,
                       const struct place_unit *place) {
    report->unreadable++;
    report->given_up = report->unreadable >= VERIFY_MOST_UNREADABLE;
    report_bad(report, layout, place, "cannot be read");
}

void report_mismatch(struct verify_report *report, const struct layout *layout,
                     const struct place_unit *place, const char *what) {
    report->mismatched++;
    report_bad(report, layout, place, what);
}

void report_blind(struct verify_report *report, uint64_t first, uint64_t last) {
    struct blind_range *kept = report->blind;
    const uint64_t count = report->blind_count;
    if (count > 0 && count <= VERIFY_RANGES_KEPT && kept[count - 1].last + 1 == first) {
        kept[count - 1].last = last;
        return;
    }
    if (count < VERIFY_RANGES_KEPT)
        kept[count] = (struct blind_range){first, last};
    report->blind_count++;
}
