/* The tables of keywords behind descriptions; for description*.c only. */
#ifndef SIM_KEYWORDS_H
#define SIM_KEYWORDS_H

#include "description.h"

enum value_type {
    VALUE_TEXT,    /* char[size]; may be quoted, with \xHH, \\ and \" */
    VALUE_SIZE,    /* uint64_t */
    VALUE_NUMBER,  /* uint32_t or uint64_t, by size */
    VALUE_TIME,    /* uint64_t */
    VALUE_FLAG,    /* bool */
    VALUE_SPECIAL, /* by the function */
};

struct keyword {
    const char *name;
    enum value_type type;
    size_t offset; /* in struct drive_description */
    size_t size;
    /* The value may be taken apart in place. False with a message. */
    bool (*special)(struct drive_description *drive, char *value, char *problem,
                    size_t problem_size);
};

#define KEYWORD(name, type, field)                                                                 \
    {                                                                                              \
        name, type, offsetof(struct drive_description, field),                                     \
            sizeof(((struct drive_description *)0)->field), NULL                                   \
    }
#define SPECIAL(name, function)                                                                    \
    { name, VALUE_SPECIAL, 0, 0, function }

struct family_keywords {
    const char *name; /* of the family, as "family =" has it */
    const struct keyword *keywords;
    unsigned count;
    void (*defaults)(struct drive_description *drive);
};

extern const struct family_keywords nvme_keywords;
extern const struct family_keywords ata_keywords;
extern const struct family_keywords scsi_keywords;

/* "NAME=VALUE" and flags of a list are common to specials; a message that can be returned. */
bool description_wrong(char *problem, size_t problem_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
