/*
 * What a read that failed after a firmware erase is worth. A SCSI disk may announce that erased
 * sectors do not read until they are written (VPD B1h: WABEREQ, WACEREQ), and sectors with
 * protection information may fail its check (DEVICE-FACTS B.1, B.2). Every sector of the place is
 * asked again by a command, for its sense data.
 */
#ifndef QUIETUS_VERIFY_READ_AGAIN_H
#define QUIETUS_VERIFY_READ_AGAIN_H

#include "quietus/verify.h"

enum again {
    AGAIN_UNREADABLE, /* a sector fails in a way that was not announced */
    AGAIN_READ,       /* data has what the place holds; sectors that fail as announced are zeros */
    AGAIN_ANNOUNCED,  /* all sectors fail as announced */
};

/* Whether a disk can be asked for sectors without a check of their protection information. */
bool read_may_skip_protection(const struct read_rule *rule);

/* data: room for the place. */
enum again read_again(struct device *device, const struct read_rule *rule,
                      const struct layout *layout, const struct place_unit *place, uint8_t *data);

#endif
