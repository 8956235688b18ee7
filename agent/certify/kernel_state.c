#include "quietus/kernel_state.h"

#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include <inttypes.h>
#include <string.h>
#include <sys/klog.h>

/* Linux, Documentation/admin-guide/tainted-kernels.rst. Flags that say where modules came from, or
 * what somebody has set, are none of our business. */
static const struct {
    unsigned bit;
    bool doubtful;
    const char *means;
} flags[] = {
    {4, true, "the processor has reported a machine check"},
    {5, true, "a page of memory was in a state that cannot be"},
    {7, true, "it has oopsed or met a bug"},
    {9, false, "it has warned"},
    {14, true, "a processor was stuck in it"},
};
enum { FLAG_COUNT = sizeof flags / sizeof *flags };

static uint64_t read_taint(const char *root) {
    char path[PATH_MAX];
    char line[32];
    path_format(path, root, "/proc/sys/kernel/tainted");
    return file_read_line(path, line, sizeof line) == 0 ? strtoull(line, NULL, 10) : 0;
}

bool kernel_is_doubtful(const char *root, struct reason *reason) {
    const uint64_t taint = read_taint(root);
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (!flags[i].doubtful || !(taint >> flags[i].bit & 1))
            continue;
        reason_set(reason,
                   "the kernel was in doubt when this was issued: %s (taint %" PRIu64
                   "); what it passed on of this disk may be wrong",
                   flags[i].means, taint);
        return true;
    }
    return false;
}

/* The last lines of the kernel's log: what led to the taint is among them, or has been pushed out.
 */
static json_t *log_json(void) {
    enum { READ_ALL = 3, SIZE = 16384, LINES = 120 }; /* syslog(2) */
    AUTO_FREE char *text = memory_new(1, SIZE + 1);
    json_t *lines = json_new_array();
    if (klogctl(READ_ALL, text, SIZE) <= 0)
        return lines;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (*line == '\0')
            continue;
        json_add_text(lines, line);
        if (json_array_size(lines) > LINES)
            (void)json_array_remove(lines, 0);
    }
    return lines;
}

json_t *kernel_trouble_json(const char *root) {
    const uint64_t taint = read_taint(root);
    json_t *means = json_new_array();
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (taint >> flags[i].bit & 1)
            json_add_text(means, flags[i].means);
    }
    if (json_array_size(means) == 0) {
        json_decref(means);
        return NULL;
    }
    json_t *object = json_new_object();
    json_put_count(object, "tainted", taint);
    json_put(object, "means", means);
    json_put(object, "log", log_json());
    return object;
}
