#include "quietus/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_require(int condition) {
    if (condition)
        return;
    (void)fputs("quietus: out of memory, or text that is not UTF-8 in a document; giving up\n",
                stderr);
    abort();
}

void *memory_new(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size ? size : 1);
    memory_require(memory != NULL);
    return memory;
}

void *memory_grow(void *array, size_t count, size_t size) {
    void *memory = reallocarray(array, count ? count : 1, size);
    memory_require(memory != NULL);
    return memory;
}

char *memory_text(const char *text) {
    char *copy = strdup(text);
    memory_require(copy != NULL);
    return copy;
}
