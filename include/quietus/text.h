/* Text for people and for JSON: cleaning of what devices report, hexadecimal, sizes, durations. */
#ifndef QUIETUS_TEXT_H
#define QUIETUS_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Room for the longest identity field (40 bytes) with every byte escaped, and the NUL. */
#define TEXT_FIELD_SIZE 168

/*
 * Why something was refused or failed, in words for the person who has to act on it. It may quote
 * what came from outside: it is as text_printable leaves it, whatever was put in.
 */
struct reason {
    char text[320];
};

__attribute__((format(printf, 2, 3))) void reason_set(struct reason *reason, const char *format,
                                                      ...);

/*
 * Copies a fixed-width field as a device reports it: spaces and NULs at both ends are dropped,
 * bytes that are not printable ASCII become \xNN and a backslash is doubled, so that different
 * fields stay different and nothing reaches a terminal or a file name as a control character.
 * Always terminates.
 */
void text_from_field(char *out, size_t size, const uint8_t *field, size_t length);

/* The same for ATA strings, whose bytes are swapped within each 16-bit word. length is even. */
void text_from_ata_field(char *out, size_t size, const uint8_t *field, size_t length);

/* Lower-case hexadecimal; out has room for 2 * length + 1. */
void hex_encode(char *out, const uint8_t *data, size_t length);

/* Exactly 2 * length hexadecimal digits and nothing else; -EINVAL otherwise. */
int hex_decode(uint8_t *out, size_t length, const char *hex);

/*
 * Copies UTF-8 from a document for a terminal: what could move the cursor or lie about what is
 * shown (control characters, marks that turn the direction around or cannot be seen) becomes '?',
 * and so does each byte that is not UTF-8. What does not fit is cut between two characters. Returns
 * out.
 */
char *text_printable(char *out, size_t size, const char *text);

/* "480.1 GB", decimal units as on a drive's label. Returns out. */
char *text_size(char *out, size_t size, uint64_t bytes);

/* "2 h 05 min", "3 min 10 s", "12 s". Returns out. */
char *text_duration(char *out, size_t size, uint64_t seconds);

/* "twenty-one", "one hundred and four": below a million, in words; else in digits. Returns out. */
char *text_number(char *out, size_t size, unsigned number);

/*
 * What a value is in names of files: everything but letters, digits and '-' becomes '_', and only
 * the first 40 characters count. Returns out.
 */
enum { TEXT_FILE_NAME_SIZE = 41 };
char *text_file_name(char out[TEXT_FILE_NAME_SIZE], const char *value);

/* Copies with truncation, between two characters of UTF-8; always terminates. Returns out. */
char *text_copy(char *out, size_t size, const char *text);

#endif
