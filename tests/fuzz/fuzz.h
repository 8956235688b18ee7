/* What every fuzz target includes. */
#ifndef QUIETUS_FUZZ_H
#define QUIETUS_FUZZ_H

#include "quietus/bytes.h"
#include "quietus/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls these; the first once, if a target has it. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input; ends the program with a message if it does not. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_failed(__FILE__, __LINE__, #condition);                                           \
    } while (0)
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/* A copy on the heap of exactly that size, so that ASan sees every read beyond it. */
struct bytes fuzz_copy(const uint8_t *data, size_t size);
/* The same as a text: cut at the first NUL, and terminated. The caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* A text as text_from_field leaves it: ends within its room and is printable ASCII. */
void require_ascii(const char *text, size_t room);
#define REQUIRE_ASCII(array) require_ascii((array), sizeof(array))

/* A text that may go to a terminal and into a document: UTF-8 without control characters. */
void require_printable(const char *text);

/* A reason that was given for a refusal: not empty, and printable. */
void require_reason(const struct reason *reason);

/* A document of the agent's: can be written, and reads back as the same. Takes over the reference.
 */
void require_document(json_t *document);

/*
 * Decodes the page with every decoder of `quietus inspect` for one family ("ata", "scsi", "nvme")
 * and requires that what comes out is a document.
 */
void require_page_documents(const char *family, struct bytes page);

/* A file in memory with these contents, and its path; the caller closes. */
int fuzz_file(const uint8_t *data, size_t size, char path[32]);

#endif
