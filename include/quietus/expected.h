/*
 * The disks that a server is expected to have, from an order or from its BMC's inventory, compared
 * with those that were found: a slot too few is a line in the record.
 */
#ifndef QUIETUS_EXPECTED_H
#define QUIETUS_EXPECTED_H

#include "quietus/authorize.h"

enum { EXPECTED_LIMIT = 4 << 20, EXPECTED_MOST = 4096 };

/*
 * The list in a document: {"disks": [{"serial", "wwn", "model", "capacity", "place"}, ...]}, of
 * which an earlier scan is one (its boot medium and what was no disk of the machine are left out);
 * or what a BMC says in Redfish, however its collections were put together: every Drive resource in
 * it counts that is not in the state "Absent". A new array of such entries, each with a serial
 * number or a WWN, or NULL with the reason; a drive that has neither is a reason too.
 */
json_t *expected_from_json(const json_t *document, struct reason *reason);

/* 0 if every entry of an order's list has its form, else -EINVAL with the reason. */
int expected_check_form(const json_t *list, struct reason *reason);

/*
 * Appends what is on the list and not in the scan to missing, unless an entry of the arrays known
 * (may be NULL) has the same serial number and WWN; and a finding for each disk of this machine
 * that is not on the list to the scan's findings.
 */
void expected_compare(const json_t *list, struct scan *scan, const json_t *const known[2],
                      json_t *missing);

/* Why such an entry is absent, with where it was expected and what the enclosure says of that bay.
 * Returns out. */
char *expected_reason(const json_t *entry, const struct scan *scan, char *out, size_t size);

#endif
