/* Thawing before an erase, by command-line option or kernel word. */
#include "cli.h"

#include <stdio.h>

bool cli_thaw(enum thaw how, struct scan *scan) {
    struct reason reason = {""};
    struct scan before;
    const unsigned frozen = thaw_wanted(scan);
    if (how == THAW_NO || frozen == 0)
        return false;
    (void)printf("quietus: ATA security of %u disks is frozen; %s\n", frozen,
                 how == THAW_SUSPEND ? "the machine sleeps for some seconds" : "resetting ports");
    (void)fflush(stdout);
    if (thaw_run(how, "", scan, &reason)) {
        (void)fprintf(stderr, "quietus: not thawed: %s\n", reason.text);
        thaw_note(how, scan, &reason, scan);
        return false;
    }
    before = *scan;
    scan_run(&(struct scan_options){.root = "", .answer_seconds = SCAN_ANSWER_SECONDS}, scan);
    thaw_note(how, &before, &reason, scan);
    scan_free(&before);
    (void)printf("quietus: %u are frozen now\n", thaw_wanted(scan));
    return true;
}
