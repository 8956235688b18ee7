/*
 * Whether a disk is erased. Success has to be earned (law 2): the zero value of everything here
 * means that nothing is known, and outcome_judge is the one function that can say "erased".
 */
#ifndef QUIETUS_OUTCOME_H
#define QUIETUS_OUTCOME_H

#include "quietus/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What a disk's line in the record says (law 3). */
enum disposition {
    DISPOSITION_UNKNOWN,
    DISPOSITION_ERASED,
    DISPOSITION_HELD,
    DISPOSITION_REFUSED,
    DISPOSITION_FAILED,
    DISPOSITION_ABSENT,   /* expected, not found */
    DISPOSITION_EXCLUDED, /* found, out of scope */
    DISPOSITION_COUNT,
};

const char *disposition_name(enum disposition disposition);
int disposition_parse(const char *name, enum disposition *out);

/* How the end of the operation is known to be the end of this command. */
enum binding {
    BINDING_NONE,
    BINDING_SEEN_AT_WORK,     /* the device was seen at work on it */
    BINDING_LOG_NAMES_IT,     /* the device's log names this command and changed state */
    BINDING_STATE_CHANGED,    /* a state changed that only the end of this command changes */
    BINDING_STATUS_AND_MEDIUM /* a valid good status, and the medium reads as it must */
};

/* The samples, as far as they bear on the outcome. */
struct sample_facts {
    bool complete;
    uint64_t planned;
    uint64_t read;
    uint64_t strata;
    uint64_t informative; /* strata whose sample could have told residue from a good erase */
    uint64_t mismatched;
    uint64_t unreadable;
    uint64_t announced; /* could not be read, as the disk had announced of this erase */
};

/* What is known of one run of one method. All zero: nothing. */
struct erase_facts {
    bool accepted; /* the device took every command or write */
    enum binding binding;
    bool ended_in_success;
    bool state_read_back; /* identity, capacity and state were read again and are as they must be */
    bool reached_all; /* the method covers the whole disk, not just what the kernel shows of it */
    bool refuted;     /* something spoke against it: an error, a refusal, a wrong state */
    struct sample_facts samples;
};

json_t *erase_facts_json(const struct erase_facts *facts);
/* Reads what erase_facts_json wrote; -EINVAL if a member is missing or of the wrong kind. */
int erase_facts_from_json(const json_t *object, struct erase_facts *out);

/* If more than one stratum in so many is not informative, the samples say too little for "erased".
 */
enum { OUTCOME_BLIND_ONE_IN = 10 };

/*
 * Erased: everything of law 2 is there and nothing speaks against it. Failed: something does, the
 * samples included. Unknown: the rest. The reason says in words what decided.
 */
enum disposition outcome_judge(const struct erase_facts *facts, struct reason *reason);

/*
 * A disk of several parts, from what became of each: erased only if every one is; refused if that
 * is all there is to say; else unknown if one is, and failed. which: the part that decided.
 */
enum disposition outcome_of_parts(const enum disposition *parts, unsigned count, unsigned *which);

#endif
