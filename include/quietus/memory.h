/*
 * Memory that is there. Running out of it ends the program with a message, at once: a disk left out
 * of a list, or half a certificate, would be worse. init then says so on the console, and what has
 * been spooled stays.
 */
#ifndef QUIETUS_MEMORY_H
#define QUIETUS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* count zeroed elements; the caller frees. */
__attribute__((returns_nonnull)) void *memory_new(size_t count, size_t size);

/* The same array with room for count elements; new ones are not zeroed. */
__attribute__((returns_nonnull)) void *memory_grow(void *array, size_t count, size_t size);

/*
 * Whole pages, for buffers of megabytes that every disk has for a while: they go back to the
 * machine at once, which what free takes does not.
 */
__attribute__((returns_nonnull)) void *memory_pages(size_t length);
void memory_pages_free(void *pages, size_t length);

__attribute__((returns_nonnull)) char *memory_text(const char *text);

/*
 * Gives memory up for good: the kernel may still read or write it, because a disk has never
 * answered a request. It is never reused and never freed.
 */
void memory_abandon(void *memory);

/* Ends the program with the message. */
_Noreturn void memory_exhausted(void);

/* The same unless the condition holds. */
static inline void memory_require(bool condition) {
    if (!condition)
        memory_exhausted();
}

#endif
