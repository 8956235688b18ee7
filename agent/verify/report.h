/* Filling a report. */
#ifndef QUIETUS_VERIFY_REPORT_H
#define QUIETUS_VERIFY_REPORT_H

#include "quietus/verify.h"

/* Counts a unit and keeps its place while there is room. given_up is for reader.enough. */
void report_unreadable(struct verify_report *report, const struct layout *layout,
                       const struct place_unit *place);
void report_mismatch(struct verify_report *report, const struct layout *layout,
                     const struct place_unit *place, const char *what);

/* Notes a range of units without information; one that follows the last is joined to it. */
void report_blind(struct verify_report *report, uint64_t first, uint64_t last);

#endif
