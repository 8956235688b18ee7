#include "misbehave.h"

#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const operation_names[OP_COUNT + 1] = {
    [OP_NONE] = "none",
    [OP_NVME_SANITIZE_CRYPTO] = "nvme-sanitize-crypto",
    [OP_NVME_SANITIZE_BLOCK] = "nvme-sanitize-block",
    [OP_NVME_SANITIZE_OVERWRITE] = "nvme-sanitize-overwrite",
    [OP_NVME_FORMAT] = "nvme-format",
    [OP_NVME_FORMAT_USER_DATA] = "nvme-format-user-data",
    [OP_NVME_FORMAT_CRYPTO] = "nvme-format-crypto",
    [OP_SECURITY_ERASE] = "security-erase",
    [OP_SECURITY_ERASE_ENHANCED] = "security-erase-enhanced",
    [OP_ATA_SANITIZE_CRYPTO] = "ata-sanitize-crypto",
    [OP_ATA_SANITIZE_BLOCK] = "ata-sanitize-block",
    [OP_ATA_SANITIZE_OVERWRITE] = "ata-sanitize-overwrite",
    [OP_SCSI_SANITIZE_CRYPTO] = "scsi-sanitize-crypto",
    [OP_SCSI_SANITIZE_BLOCK] = "scsi-sanitize-block",
    [OP_SCSI_SANITIZE_OVERWRITE] = "scsi-sanitize-overwrite",
    [OP_SCSI_FORMAT] = "scsi-format",
    [OP_OVERWRITE] = "overwrite",
};

/* What a line of a kind may say, and must. */
enum {
    TAKES_OPERATION = 1 << 0, /* an operation's name */
    TAKES_AT = 1 << 1,
    TAKES_AWAY = 1 << 2,  /* after=TIME */
    TAKES_AFTER = 1 << 3, /* after=OPERATION */
    TAKES_RANGE = 1 << 4, /* from=, to= */
    TAKES_REGIONS = 1 << 5,
    TAKES_FACTOR = 1 << 6,
    TAKES_SIZE = 1 << 7,   /* to=SIZE */
    TAKES_SERIAL = 1 << 8, /* serial= or as= */
    TAKES_WORD = 1 << 9,
    TAKES_ANNOUNCED = 1 << 10,
};

struct kind {
    const char *name;
    unsigned takes;
    unsigned needs;
    const char *words[8]; /* that TAKES_WORD allows */
};

static const struct kind kinds[MISBEHAVE_KINDS] = {
    [MISBEHAVE_LIE] = {"lie", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_IGNORE] = {"ignore", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_PARTIAL] = {"partial",
                           TAKES_OPERATION | TAKES_RANGE | TAKES_REGIONS,
                           TAKES_OPERATION,
                           {NULL}},
    [MISBEHAVE_KEEP_REMAPPED] = {"keep-remapped", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_KEEP_SPARE] = {"keep-spare", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_MAP_ONLY] = {"map-only", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_STUCK] = {"stuck", TAKES_OPERATION | TAKES_AT, TAKES_OPERATION | TAKES_AT, {NULL}},
    [MISBEHAVE_BACKWARDS] = {"backwards", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_FAIL] = {"fail", TAKES_OPERATION | TAKES_AT, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_GONE] = {"gone", TAKES_OPERATION | TAKES_AT, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_RETURN] = {"return",
                          TAKES_OPERATION | TAKES_AT | TAKES_AWAY | TAKES_SERIAL,
                          TAKES_OPERATION | TAKES_AWAY,
                          {NULL}},
    [MISBEHAVE_POWER_CUT] = {"power-cut",
                             TAKES_OPERATION | TAKES_AT | TAKES_AWAY,
                             TAKES_OPERATION,
                             {NULL}},
    [MISBEHAVE_REFUSE] = {"refuse",
                          TAKES_OPERATION | TAKES_WORD,
                          TAKES_OPERATION,
                          {"opcode", "field", "abort", NULL}},
    [MISBEHAVE_HIDDEN] = {"hidden", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_HANG] = {"hang", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_SLOW] = {"slow",
                        TAKES_OPERATION | TAKES_FACTOR,
                        TAKES_OPERATION | TAKES_FACTOR,
                        {NULL}},
    [MISBEHAVE_READ_ERRORS] = {"read-errors",
                               TAKES_AFTER | TAKES_ANNOUNCED | TAKES_WORD,
                               TAKES_AFTER,
                               {"unrecovered", "deallocated", NULL}},
    [MISBEHAVE_CAPACITY_CHANGE] = {"capacity-change",
                                   TAKES_AFTER | TAKES_SIZE,
                                   TAKES_AFTER | TAKES_SIZE,
                                   {NULL}},
    [MISBEHAVE_IDENTITY_CHANGE] = {"identity-change",
                                   TAKES_AFTER | TAKES_SERIAL,
                                   TAKES_AFTER | TAKES_SERIAL,
                                   {NULL}},
    [MISBEHAVE_SENSE] = {"sense",
                         TAKES_WORD,
                         TAKES_WORD,
                         {"fixed", "descriptor", "truncated", "empty", "garbage", NULL}},
    [MISBEHAVE_REGISTERS] = {"registers", TAKES_WORD, TAKES_WORD, {"zero", "garbage", NULL}},
    [MISBEHAVE_UNIT_ATTENTION] = {"unit-attention", TAKES_WORD, 0, {"every", NULL}},
    [MISBEHAVE_WRITE_ERROR] = {"write-error", TAKES_RANGE, TAKES_RANGE, {NULL}},
    [MISBEHAVE_READ_ERROR] = {"read-error", TAKES_RANGE, TAKES_RANGE, {NULL}},
    [MISBEHAVE_WRITE_IGNORED] = {"write-ignored", TAKES_RANGE, 0, {NULL}},
    [MISBEHAVE_WRITE_PROTECTED] = {"write-protected", 0, 0, {NULL}},
    [MISBEHAVE_LOG_GARBAGE] = {"log-garbage", 0, 0, {NULL}},
    [MISBEHAVE_LOG_ZERO] = {"log-zero", 0, 0, {NULL}},
    [MISBEHAVE_LOG_SHORT] = {"log-short", 0, 0, {NULL}},
    [MISBEHAVE_STATUS_4] = {"status-4", TAKES_OPERATION, 0, {NULL}},
    [MISBEHAVE_HIDE_FAILURE] = {"hide-failure", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_NO_PROGRESS] = {"no-progress", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_DISTURB] = {"disturb", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
    [MISBEHAVE_GROW_DEFECTS] = {"grow-defects", TAKES_OPERATION, TAKES_OPERATION, {NULL}},
};

const char *erase_operation_name(enum erase_operation operation) {
    return operation_names[operation];
}

enum erase_operation erase_operation_by_name(const char *name) {
    const int place = place_in(operation_names, name);
    return place > 0 ? (enum erase_operation)place : OP_NONE;
}

static bool parse_regions(const char *text, uint32_t *regions) {
    while (*text != '\0') {
        char *end;
        const unsigned long region = strtoul(text, &end, 10);
        if (end == text || region == 0 || region > 31 || (*end != '\0' && *end != ','))
            return false;
        *regions |= 1U << region;
        text = *end == ',' ? end + 1 : end;
    }
    return true;
}

static bool parse_operation(const char *text, enum erase_operation *operation) {
    const enum erase_operation found = erase_operation_by_name(text);
    if (found != OP_NONE)
        *operation = found;
    return found != OP_NONE;
}

static bool parse_serial(const char *text, struct misbehaviour *line) {
    (void)snprintf(line->serial, sizeof line->serial, "%s", text);
    return true;
}

/* One "NAME=VALUE"; what it was is added to seen. */
static bool parse_option(const struct kind *kind, const char *word, struct misbehaviour *line,
                         unsigned *seen) {
    const char *value;
    unsigned found = 0;
    bool good = false;
    if ((value = value_of(word, "at")) != NULL)
        found = TAKES_AT, good = parse_percent(value, &line->at);
    else if ((value = value_of(word, "after")) != NULL && (kind->takes & TAKES_AWAY) != 0)
        found = TAKES_AWAY, good = parse_time(value, &line->after_ms);
    else if ((value = value_of(word, "after")) != NULL)
        found = TAKES_AFTER, good = parse_operation(value, &line->operation);
    else if ((value = value_of(word, "to")) != NULL && (kind->takes & TAKES_SIZE) != 0)
        found = TAKES_SIZE, good = parse_bytes(value, &line->size);
    else if ((value = value_of(word, "from")) != NULL)
        found = TAKES_RANGE, good = parse_number(value, &line->from);
    else if ((value = value_of(word, "to")) != NULL)
        found = TAKES_RANGE, good = parse_number(value, &line->to);
    else if ((value = value_of(word, "namespaces")) != NULL)
        found = TAKES_REGIONS, good = parse_regions(value, &line->regions);
    else if ((value = value_of(word, "serial")) != NULL || (value = value_of(word, "as")) != NULL)
        found = TAKES_SERIAL, good = parse_serial(value, line);
    else if ((value = value_of(word, "factor")) != NULL) {
        uint64_t factor = 0;
        found = TAKES_FACTOR;
        good = parse_number(value, &factor) && factor >= 1 && factor <= 1000000;
        line->factor = (uint32_t)factor;
    }
    *seen |= found;
    return good && (kind->takes & found) != 0;
}

static bool parse_word(const struct kind *kind, const char *word, struct misbehaviour *line,
                       unsigned *seen) {
    if (strchr(word, '=') != NULL)
        return parse_option(kind, word, line, seen);
    if ((kind->takes & TAKES_OPERATION) != 0 && parse_operation(word, &line->operation)) {
        *seen |= TAKES_OPERATION;
        return true;
    }
    if ((kind->takes & TAKES_ANNOUNCED) != 0 && strcmp(word, "announced") == 0) {
        line->announced = true;
        return true;
    }
    if ((kind->takes & TAKES_WORD) == 0 || place_in(kind->words, word) < 0)
        return false;
    (void)snprintf(line->word, sizeof line->word, "%s", word);
    *seen |= TAKES_WORD;
    return true;
}

static const struct kind *find_kind(const char *name) {
    for (unsigned i = 0; i < MISBEHAVE_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static __attribute__((format(printf, 3, 4))) bool wrong(char *problem, size_t size,
                                                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem, size, format, arguments);
    va_end(arguments);
    return false;
}

bool misbehaviour_parse(struct misbehaviours *all, const char *value, char *problem,
                        size_t problem_size) {
    char text[256];
    char *rest = text, *word;
    unsigned seen = 0;
    (void)snprintf(text, sizeof text, "%s", value);
    word = next_word(&rest);
    const struct kind *kind = word == NULL ? NULL : find_kind(word);
    if (kind == NULL)
        return wrong(problem, problem_size, "no misbehaviour %s", word == NULL ? "named" : word);
    if (all->count == MISBEHAVIOURS)
        return wrong(problem, problem_size, "more than %d misbehaviours", MISBEHAVIOURS);
    struct misbehaviour line = {.kind = (enum misbehaviour_kind)(kind - kinds), .to = UINT64_MAX};
    while ((word = next_word(&rest)) != NULL)
        if (!parse_word(kind, word, &line, &seen))
            return wrong(problem, problem_size, "%s does not take %s", kind->name, word);
    if ((kind->needs & ~seen) != 0)
        return wrong(problem, problem_size, "%s needs more: see misbehave.c", kind->name);
    all->list[all->count++] = line;
    return true;
}

const struct misbehaviour *misbehaves(const struct misbehaviours *all, enum misbehaviour_kind kind,
                                      enum erase_operation operation) {
    for (unsigned i = 0; i < all->count; i++) {
        const struct misbehaviour *line = &all->list[i];
        if (line->kind == kind && (line->operation == operation || line->operation == OP_NONE))
            return line;
    }
    return NULL;
}
