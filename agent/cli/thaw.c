/* Thawing before an erase, by command-line option or kernel word. */
#include "quietus/memory.h"

#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int run(enum thaw how, const struct scan *scan, const struct authorization *authorization,
               struct reason *reason) {
    bool *to_erase = memory_new(scan->disk_count + 1, sizeof *to_erase);
    for (size_t i = 0; i < scan->disk_count; i++)
        to_erase[i] = authorization->decisions[i].warrant != NULL;
    const unsigned frozen = thaw_wanted(scan, to_erase);
    int error = -ENOENT;
    if (frozen > 0) {
        (void)printf("quietus: ATA security of %u disks to be erased is frozen; %s\n", frozen,
                     how == THAW_SUSPEND ? "the machine sleeps for some seconds"
                                         : "resetting ports");
        (void)fflush(stdout);
        error = thaw_run(how, "", scan, to_erase, reason);
    }
    free(to_erase);
    return error;
}

bool cli_thaw(enum thaw how, struct scan *scan, const struct authorization *authorization) {
    struct reason reason = {""};
    struct scan before;
    if (how == THAW_NO)
        return false;
    if (run(how, scan, authorization, &reason)) {
        if (reason.text[0] == '\0')
            return false; /* nothing to be thawed */
        (void)fprintf(stderr, "quietus: not thawed: %s\n", reason.text);
        thaw_note(how, scan, &reason, scan);
        return false;
    }
    before = *scan;
    scan_run(&(struct scan_options){.root = "", .answer_seconds = SCAN_ANSWER_SECONDS}, scan);
    thaw_note(how, &before, &reason, scan);
    scan_free(&before);
    (void)printf("quietus: %u are frozen now\n", thaw_wanted(scan, NULL));
    return true;
}
