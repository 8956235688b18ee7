#include "quietus/json.h"

#include "quietus/memory.h"

#include <stdlib.h>
#include <string.h>

json_t *json_new_object(void) {
    json_t *object = json_object();
    memory_require(object != NULL);
    return object;
}

json_t *json_new_array(void) {
    json_t *array = json_array();
    memory_require(array != NULL);
    return array;
}

void json_put(json_t *object, const char *key, json_t *value) {
    memory_require(json_object_set_new(object, key, value) == 0);
}

/* Bytes that are not UTF-8 become '?': they are no reason to be left without the document. */
static json_t *text_value(const char *text) {
    json_t *value = json_string(text);
    if (value)
        return value;
    const size_t size = strlen(text) + 1;
    char *clean = memory_new(size, 1);
    value = json_string(text_printable(clean, size, text));
    free(clean);
    return value;
}

void json_put_text(json_t *object, const char *key, const char *text) {
    json_put(object, key, text_value(text));
}

void json_put_text_if(json_t *object, const char *key, const char *text) {
    if (text[0] != '\0')
        json_put_text(object, key, text);
}

void json_put_count(json_t *object, const char *key, uint64_t value) {
    json_put(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void json_put_flag(json_t *object, const char *key, bool value) {
    json_put(object, key, json_boolean(value));
}

void json_put_hex(json_t *object, const char *key, const uint8_t *data, size_t length) {
    char *hex = memory_new(2 * length + 1, 1);
    hex_encode(hex, data, length);
    json_put_text(object, key, hex);
    free(hex);
}

void json_add(json_t *array, json_t *value) {
    memory_require(json_array_append_new(array, value) == 0);
}

void json_add_text(json_t *array, const char *text) {
    json_add(array, text_value(text));
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

void json_sort_texts(json_t *array) {
    const size_t count = json_array_size(array);
    if (count < 2)
        return;
    json_t **items = memory_new(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        items[i] = json_incref(json_array_get(array, i));
    qsort(items, count, sizeof(json_t *), compare_texts);
    (void)json_array_clear(array);
    for (size_t i = 0; i < count; i++)
        json_add(array, items[i]);
    free(items);
}

bool json_has_text(const json_t *array, const char *text) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)array, i, entry) {
        if (json_is_string(entry) && strcmp(json_string_value(entry), text) == 0)
            return true;
    }
    return false;
}

const char *json_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

uint64_t json_count(const json_t *object, const char *key) {
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value < 0 ? 0 : (uint64_t)value;
}

bool json_flag(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

char *json_line(const json_t *value) {
    char *text =
        json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(JSON_DIGITS));
    memory_require(text != NULL);
    return text;
}

json_t *json_parse(const char *text, size_t length, struct reason *reason) {
    json_error_t error;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        reason_set(reason, "not valid JSON: %s (line %d)", error.text, error.line);
    return value;
}
