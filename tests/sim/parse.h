/* Values of descriptions. Each returns false if the text is none. */
#ifndef SIM_PARSE_H
#define SIM_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "4096", "0x10", "512K", "256M", "1G": powers of two. */
bool parse_bytes(const char *text, uint64_t *value);
bool parse_number(const char *text, uint64_t *value);
/* "250ms", "5s", "10min", "2h", in milliseconds; "none": UINT64_MAX. */
bool parse_time(const char *text, uint64_t *milliseconds);
/* "40%", "12.5%": hundredths of a percent, at most 10000. */
bool parse_percent(const char *text, uint32_t *hundredths);
/* yes, no. */
bool parse_flag(const char *text, bool *value);

/* Takes the next word off the text, in place; NULL at its end. */
char *next_word(char **text);

/* If the word is "NAME=VALUE" with this name, the value; else NULL. */
const char *value_of(const char *word, const char *name);

/* The place of a word in a list that ends with NULL; -1: it is not there. */
int place_in(const char *const *list, const char *word);

#endif
