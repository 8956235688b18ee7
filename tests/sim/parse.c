#include "parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static bool number_with_unit(const char *text, const struct unit *units, uint64_t *value) {
    char *end;
    errno = 0;
    const uint64_t number = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *text == '-')
        return false;
    for (; units->name != NULL; units++)
        if (strcmp(end, units->name) == 0) {
            *value = number * units->factor;
            return number <= UINT64_MAX / units->factor;
        }
    return false;
}

bool parse_bytes(const char *text, uint64_t *value) {
    static const struct unit units[] = {
        {"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
    return number_with_unit(text, units, value);
}

bool parse_number(const char *text, uint64_t *value) {
    static const struct unit units[] = {{"", 1}, {NULL, 0}};
    return number_with_unit(text, units, value);
}

bool parse_time(const char *text, uint64_t *milliseconds) {
    static const struct unit units[] = {
        {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {NULL, 0}};
    if (strcmp(text, "none") == 0) {
        *milliseconds = UINT64_MAX;
        return true;
    }
    return number_with_unit(text, units, milliseconds);
}

bool parse_percent(const char *text, uint32_t *hundredths) {
    char *end;
    const double value = strtod(text, &end);
    if (end == text || strcmp(end, "%") != 0 || !(value >= 0 && value <= 100))
        return false;
    *hundredths = (uint32_t)lround(value * 100);
    return true;
}

bool parse_flag(const char *text, bool *value) {
    *value = strcmp(text, "yes") == 0;
    return *value || strcmp(text, "no") == 0;
}

char *next_word(char **text) {
    char *word = *text + strspn(*text, " \t");
    if (*word == '\0')
        return NULL;
    char *end = word + strcspn(word, " \t");
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

const char *value_of(const char *word, const char *name) {
    const size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

int place_in(const char *const *list, const char *word) {
    for (int i = 0; list[i] != NULL; i++)
        if (strcmp(list[i], word) == 0)
            return i;
    return -1;
}
