/* What every test of the simulated drives includes. */
#ifndef SIM_TEST_H
#define SIM_TEST_H

#include "drive_core.h"
#include "fields.h"
#include "simtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off: cmocka.h needs the headers above */
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* All tests without arguments, their names with --list (that is how ctest finds them), and only the
 * named one with its name. */
#define TEST_MAIN(tests)                                                                           \
    int main(int argc, char **argv) {                                                              \
        if (argc > 1 && strcmp(argv[1], "--list") == 0) {                                          \
            for (size_t i = 0; i < COUNT_OF(tests); i++)                                           \
                puts((tests)[i].name);                                                             \
            return 0;                                                                              \
        }                                                                                          \
        if (argc > 1)                                                                              \
            cmocka_set_test_filter(argv[1]);                                                       \
        simtime_start(0);                                                                          \
        return cmocka_run_group_tests((tests), NULL, NULL);                                        \
    }

/* A folder for the files of one test, removed with all in it by the second. */
const char *test_folder(void);
void test_folder_remove(void);

/* A drive that is described by the lines of one [drive one] section, in the test's folder. */
struct drive *test_drive(const char *lines);
/* Closes it as a power cut would and opens it again. */
struct drive *test_power_cut(struct drive *drive, const char *lines);
/* Closes it and removes the folder. */
void test_end(struct drive *drive);

/* Lets simulated time pass in steps, with the drive acting on it. */
void test_pass(struct drive *drive, uint64_t milliseconds);

#endif
