/* What an order or an operator asks of an erase. */
#ifndef QUIETUS_POLICY_H
#define QUIETUS_POLICY_H

#include "quietus/pattern.h"

#include <jansson.h>

enum category {
    CATEGORY_NONE,
    CATEGORY_CLEAR,
    CATEGORY_PURGE,
};

const char *category_name(enum category category);
int category_parse(const char *name, enum category *out);

enum verify_kind {
    VERIFY_SAMPLE, /* the default number of samples, see stats.h */
    VERIFY_PERCENT,
    VERIFY_FULL,
};

struct verify_level {
    enum verify_kind kind;
    double percent;
};

/* "sample", "full" or "N%"; -EINVAL with the reason. */
int verify_level_parse(const char *text, struct verify_level *out, struct reason *reason);
/* The same level again, whatever its digits. Returns out. */
char *verify_level_text(const struct verify_level *level, char *out, size_t size);

enum {
    POLICY_METHODS = 16,
    POLICY_NAME_SIZE = 40,
    POLICY_MOST_STALL_MINUTES = 10080, /* a week */
};

struct policy {
    enum category least; /* a method that is worth less is not used */
    bool fallback;       /* after a failure the next method may be tried; the certificate says so */
    char methods[POLICY_METHODS][POLICY_NAME_SIZE]; /* only these, if any is named */
    unsigned method_count;
    unsigned stall_minutes; /* a firmware erase that does not move for so long is given up; 0: by
                               what the drive says that it takes */
    struct passes passes;   /* of an overwrite */
    struct verify_level verify;
    unsigned sector_size; /* bytes: a SAS disk with other sectors is reformatted once it is erased;
                             0: sectors stay as they are */
    bool clear_reservations; /* a SCSI disk that another host has reserved is taken from it; else it
                                is refused */
};

/* Clear, fallback allowed, every method, one random pass, sampled. */
void policy_default(struct policy *out);

/*
 * Reads {"least_category", "fallback", "methods", "passes", "stall_minutes", "verify",
 * "sector_size" (512 or 4096), "clear_reservations"}, all optional, over the defaults; -EINVAL with
 * the reason for anything else in it.
 */
int policy_from_json(const json_t *object, struct policy *out, struct reason *reason);
json_t *policy_json(const struct policy *policy);

/* True if the policy lets the method be used. */
bool policy_allows_method(const struct policy *policy, const char *name);

#endif
