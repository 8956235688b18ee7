/*
 * What Quietus needs of JSON beyond jansson. Running out of memory while a document is built ends
 * the program with a message: half a certificate is worse than none.
 */
#ifndef QUIETUS_JSON_H
#define QUIETUS_JSON_H

#include "quietus/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Sets a member and takes over the value's reference. */
void json_put(json_t *object, const char *key, json_t *value);
/* A text that is not UTF-8 is cleaned as by text_printable. */
void json_put_text(json_t *object, const char *key, const char *text);
/* JSON as jansson has it ends at 2^63 - 1: a larger value becomes that. */
void json_put_count(json_t *object, const char *key, uint64_t value);
void json_put_flag(json_t *object, const char *key, bool value);
void json_put_hex(json_t *object, const char *key, const uint8_t *data, size_t length);
/* Only if the text is not empty. */
void json_put_text_if(json_t *object, const char *key, const char *text);

/* Appends and takes over the value's reference. */
void json_add(json_t *array, json_t *value);
void json_add_text(json_t *array, const char *text);

/* Of an array of texts: sorts it; whether it has this one. */
void json_sort_texts(json_t *array);
bool json_has_text(const json_t *array, const char *text);

/* New empty object or array. */
json_t *json_new_object(void);
json_t *json_new_array(void);

/* The member's value, or "" if it is absent or no string. Borrowed. */
const char *json_text(const json_t *object, const char *key);
/* The member's value, or 0 if it is absent, no integer or negative. */
uint64_t json_count(const json_t *object, const char *key);
bool json_flag(const json_t *object, const char *key);

enum { JSON_DIGITS = 6 }; /* of a number that is not whole, in a line */

/* One line, members in the order in which they were put, no spaces. The caller frees it. */
char *json_line(const json_t *value);

/*
 * Parses a whole document strictly: UTF-8, no duplicate members, nothing behind it, NUL-free.
 * A new reference, or NULL with the reason.
 */
json_t *json_parse(const char *text, size_t length, struct reason *reason);

#endif
