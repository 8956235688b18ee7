/* How the program ends; documented in the README and stable. */
#ifndef QUIETUS_EXIT_STATUS_H
#define QUIETUS_EXIT_STATUS_H

/* Where several apply, the first of 1, 11, 21, 20, 10, 30 is given; the record has them all. */
enum exit_status {
    EXIT_GOOD = 0,        /* everything erased, verified and delivered */
    EXIT_USAGE = 1,       /* bad arguments, or a file that cannot be read */
    EXIT_REFUSED = 10,    /* a disk was held or refused */
    EXIT_ORDER = 11,      /* the order is not valid, or could not be had */
    EXIT_FAILED = 20,     /* a disk failed */
    EXIT_UNKNOWN = 21,    /* what became of a disk is not known, or it is absent */
    EXIT_UNDELIVERED = 30 /* documents are still in the spool */
};

/* Of `quietus check` alone. */
enum check_status {
    CHECK_TRUSTED = 0,   /* intact, and signed by a key that is trusted */
    CHECK_UNPROVEN = 3,  /* intact, origin unproven */
    CHECK_NOT_INTACT = 4 /* or signed by nobody whose key is known, so that it cannot be told */
};

#endif
