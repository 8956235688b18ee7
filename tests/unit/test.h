/* What every unit test includes. */
#ifndef QUIETUS_TEST_H
#define QUIETUS_TEST_H

#include "quietus/bytes.h"
#include "quietus/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off: cmocka.h needs the headers above */
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/*
 * A test program's main: all tests without arguments, their names with --list (that is how ctest
 * finds them), and only the named one with its name.
 */
#define TEST_MAIN(tests)                                                                           \
    int main(int argc, char **argv) {                                                              \
        if (argc > 1 && strcmp(argv[1], "--list") == 0) {                                          \
            for (size_t i = 0; i < COUNT_OF(tests); i++)                                           \
                puts((tests)[i].name);                                                             \
            return 0;                                                                              \
        }                                                                                          \
        if (argc > 1)                                                                              \
            cmocka_set_test_filter(argv[1]);                                                       \
        return cmocka_run_group_tests((tests), NULL, NULL);                                        \
    }

/* A file of tests/unit/fixtures; its contents, which are the caller frees. */
struct bytes fixture(const char *name);
/* The page in a fixture, in whatever form the file has it. */
struct bytes fixture_page(const char *name);

/* Writes a text field padded with blanks, as SCSI and NVMe have them. */
void put_padded(uint8_t *out, size_t size, const char *text);

/* IDENTIFY DEVICE data with plausible values and a good checksum; tests change words and seal
 * again. */
void make_identify(uint8_t out[512], const char *model, const char *serial, uint64_t sectors);
void set_word(uint8_t identify[512], unsigned word, uint16_t value);
void seal_identify(uint8_t identify[512]);

#endif
