#include "quietus/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void memory_exhausted(void) {
    (void)fputs("quietus: out of memory; giving up\n", stderr);
    abort();
}

/* A list, so that nobody takes what is in it for lost by mistake. */
struct abandoned {
    void *memory;
    struct abandoned *next;
};

static _Atomic(struct abandoned *) first_abandoned;

void *memory_pages(size_t length) {
    void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        memory_exhausted();
    return pages;
}

void memory_pages_free(void *pages, size_t length) {
    (void)munmap(pages, length);
}

void memory_abandon(void *memory) {
    struct abandoned *entry = memory_new(1, sizeof *entry);
    entry->memory = memory;
    entry->next = atomic_load(&first_abandoned);
    while (!atomic_compare_exchange_weak(&first_abandoned, &entry->next, entry))
        continue;
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
