/*
 * An erase that runs in a drive, for the tests of all command sets: what the drive of a test does,
 * what it was sent, and checks of both. Its commands and answers are each test's own.
 */
#ifndef QUIETUS_FIRMWARE_H
#define QUIETUS_FIRMWARE_H

#include "whole_erase.h"

enum { FIRMWARE_SENT = 256 };

/* As SSTAT of NVMe has them; the other command sets know the same. */
enum firmware_state {
    FIRMWARE_NEVER,
    FIRMWARE_DONE,
    FIRMWARE_AT_WORK,
    FIRMWARE_FAILED,
};

/* What goes wrong; all zero: nothing. */
struct firmware_fault {
    bool keeps_data; /* and says that it has erased */
    bool ignores;    /* good status, and nothing happens */
    bool fails;      /* in the end */
    bool refuses;
    bool stuck; /* at work for ever */
};

struct firmware {
    struct firmware_fault fault;
    unsigned polls_at_work; /* answers "at work" that follow a command: 3 */
    unsigned left;
    enum firmware_state state;
    char sent[FIRMWARE_SENT][96]; /* what is no question, as text */
    unsigned count;
};

/* The drive of the test that runs. */
extern struct firmware firmware;

/* Takes down what was sent. */
void firmware_say(const char *format, ...);
/* It has taken an erase: at work from now on, and the medium is erased, but for its faults. */
void firmware_begin(struct fake_disk *fake);
/* It is asked how far it is: the state of this answer. */
enum firmware_state firmware_asked(void);

/* A drive of 4 MiB that is not scanned yet, in a time that stands still; the policy allows no
 * fallback, and this method alone unless it is NULL. */
void firmware_make(struct erase *erase, enum command_set commands, const char *method);

/* firmware_make, the drive of a command set, and its scan. */
typedef void (*firmware_prepare)(struct erase *erase, const char *method);

/* Good runs of methods, each seen at work: what is sent, in this order and nothing else. */
struct firmware_bytes {
    const char *method;
    const char *sent[3];
};
void firmware_check_bytes(firmware_prepare prepare, const struct firmware_bytes *cases,
                          size_t count);

/* Runs of methods on drives with a fault, how they end, and a part of the reason. */
struct firmware_end {
    const char *method;
    struct firmware_fault fault;
    enum disposition expected;
    const char *because; /* NULL: not compared */
};
void firmware_check_ends(firmware_prepare prepare, const struct firmware_end *cases, size_t count);

/* What the last attempt has seen. */
const struct erase_facts *firmware_facts(const struct erase *erase);

#endif
