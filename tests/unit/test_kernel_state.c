/* What the kernel says of itself: which flags put an erase in doubt. */
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/kernel_state.h"

#include "test.h"

#include <unistd.h>

static char root[] = "/tmp/quietus-kernel-XXXXXX";

static void set_taint(const char *text) {
    char path[PATH_MAX];
    path_format(path, root, "/proc/sys/kernel");
    assert_int_equal(file_make_folders(path, 0700), 0);
    path_format(path, root, "/proc/sys/kernel/tainted");
    assert_int_equal(file_write(path, text, strlen(text), 0600), 0);
}

static void test_flags(void **state) {
    (void)state;
    struct reason reason = {""};
    assert_non_null(mkdtemp(root));
    assert_false(kernel_is_doubtful(root, &reason)); /* no such file */
    /* Modules from elsewhere, unsigned, of a test: nothing of ours. */
    set_taint("266241\n");
    assert_false(kernel_is_doubtful(root, &reason));
    assert_null(kernel_trouble_json(root));
    /* A warning is for the record, no doubt for the certificates. */
    set_taint("512\n");
    assert_false(kernel_is_doubtful(root, &reason));
    json_t *trouble = kernel_trouble_json(root);
    assert_int_equal(json_count(trouble, "tainted"), 512);
    json_decref(trouble);
    static const char *const doubtful[] = {"16\n", "32\n", "128\n", "16384\n"};
    for (size_t i = 0; i < COUNT_OF(doubtful); i++) {
        set_taint(doubtful[i]);
        assert_true(kernel_is_doubtful(root, &reason));
    }
    set_taint("640\n");
    assert_true(kernel_is_doubtful(root, &reason));
    assert_non_null(strstr(reason.text, "oopsed"));
    assert_non_null(strstr(reason.text, "taint 640"));
    trouble = kernel_trouble_json(root);
    assert_int_equal(json_array_size(json_object_get(trouble, "means")), 2);
    assert_true(json_is_array(json_object_get(trouble, "log")));
    json_decref(trouble);
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_flags),
};
TEST_MAIN(tests)
