/*
 * Storage that was seen and cannot be reached, or not all of it: a line of its own in the scan and
 * in the record, with what a person can do about it.
 */
#ifndef QUIETUS_FINDING_H
#define QUIETUS_FINDING_H

#include <jansson.h>
#include <stdio.h>

struct finding {
    const char *kind;       /* "no-driver", "raid", "vmd", "remapped-nvme", "nvdimm", "absent",
                               "unexpected", "expected", "stick" */
    const char *controller; /* its driver, or how it names itself */
    const char *address;    /* PCI address or node; NULL or "": none */
    const char *slot;       /* where a person finds it; NULL or "": not known */
    const char *reason;
    const char *remedy;
};

/* Appends it to an array of findings. */
void finding_add(json_t *findings, const struct finding *finding);

/* "megaraid_sas at 0000:03:00.0, slot 4: reason": one entry of such an array. An entry that is only
 * a text (documents from before) is given as it is. Returns out. */
char *finding_text(const json_t *entry, char *out, size_t size);

/* "NOT REACHED", "ABSENT", "NOT EXPECTED": what comes before it. */
const char *finding_label(const json_t *entry);

/* What a person can do; "" if the entry does not say. Borrowed. */
const char *finding_remedy(const json_t *entry);

#endif
