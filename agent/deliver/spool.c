#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/deliver.h"
#include "quietus/file.h"
#include "quietus/http.h"
#include "quietus/stick.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void marker_path(const char *folder, const char *run_id, char path[PATH_MAX]) {
    path_format(path, folder, "/incomplete-%s", run_id);
}

int spool_begin(const char *folder, const char *run_id) {
    char path[PATH_MAX];
    const int error = file_make_folders(folder, 0700);
    if (error)
        return error;
    marker_path(folder, run_id, path);
    return file_write(path, "", 0, 0600);
}

void spool_complete(const char *folder, const char *run_id) {
    char path[PATH_MAX];
    marker_path(folder, run_id, path);
    (void)unlink(path);
}

int spool_put(const char *folder, const struct document *document) {
    char path[PATH_MAX];
    const int error = file_make_folders(folder, 0700);
    if (error)
        return error;
    path_format(path, folder, "/%s", document->file);
    return file_write_new(path, document->text, strlen(document->text), 0644);
}

static void on_stick_path(const char *folder, const char *name, char path[PATH_MAX]) {
    path_format(path, folder, "/on-stick/%s", name);
}

static int put_on_stick(const char *folder, const char *stick, const char *name, const char *text,
                        size_t length) {
    char path[PATH_MAX];
    int error = stick_put(stick, "certificates", name, text, length);
    if (error)
        return error;
    path_format(path, folder, "/on-stick");
    error = file_make_folders(path, 0700);
    if (error)
        return error;
    on_stick_path(folder, name, path);
    return file_write(path, "", 0, 0600);
}

static bool is_document(const char *name) {
    static const char ending[] = ".json";
    const size_t length = strlen(name);
    return length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

/* The documents' names. A folder that is not there has none; one that cannot be read may have any.
 */
static int list_documents(const char *folder, char ***names, size_t *count) {
    const int error = folder_list(folder, names, count);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (is_document((*names)[i]))
            (*names)[kept++] = (*names)[i];
        else
            free((*names)[i]);
    }
    *count = kept;
    return error == -ENOENT ? 0 : error;
}

/* Documents on their way to a stick. */
struct copying {
    const char *folder; /* the spool */
    const char *stick;
    bool again;                    /* those that are on a stick already too */
    atomic_int_fast64_t *heard_ms; /* when the stick was done with one last, or NULL */
    size_t left;
    struct reason *reason; /* of the last failure */
};

static void copy_one(struct copying *copying, const char *from, const char *name) {
    char path[PATH_MAX];
    AUTO_FREE char *text = NULL;
    size_t length;
    path_format(path, from, "/%s", name);
    int error = file_read(path, ENVELOPE_LIMIT, &text, &length);
    if (error == -ENOENT) /* it was acknowledged meanwhile */
        return;
    if (error == 0)
        error = put_on_stick(copying->folder, copying->stick, name, text, length);
    if (copying->heard_ms)
        atomic_store(copying->heard_ms, clock_monotonic_ms());
    if (error)
        reason_set(copying->reason, "%.200s: %s", name, strerror(-error));
    copying->left += error != 0;
}

static bool is_on_stick(const char *folder, const char *name) {
    char path[PATH_MAX];
    on_stick_path(folder, name, path);
    return access(path, F_OK) == 0;
}

/* Those of one folder of the spool. */
static void copy_folder(struct copying *copying, const char *from) {
    char **names;
    size_t count;
    const int error = list_documents(from, &names, &count);
    for (size_t i = 0; i < count; i++) {
        if (copying->again || !is_on_stick(copying->folder, names[i]))
            copy_one(copying, from, names[i]);
    }
    folder_free_names(names, count);
    if (error)
        reason_set(copying->reason, "%.200s: %s", from, strerror(-error));
    copying->left += error != 0;
}

static size_t copy_all(struct copying *copying) {
    char sent[PATH_MAX];
    /* In this order: what is acknowledged meanwhile is found at the second look. */
    copy_folder(copying, copying->folder);
    path_format(sent, copying->folder, "/sent");
    copy_folder(copying, sent);
    return copying->left;
}

size_t spool_copy_to_stick(const char *folder, const char *stick, struct reason *reason) {
    struct copying copying = {.folder = folder, .stick = stick, .again = true, .reason = reason};
    return copy_all(&copying);
}

size_t spool_save(const char *folder, const char *stick, atomic_int_fast64_t *heard_ms,
                  struct reason *reason) {
    struct copying copying = {
        .folder = folder, .stick = stick, .heard_ms = heard_ms, .reason = reason};
    return copy_all(&copying);
}

size_t spool_count(const char *folder) {
    char **names;
    size_t count;
    const int error = list_documents(folder, &names, &count);
    folder_free_names(names, count);
    return error && count == 0 ? 1 : count;
}

size_t spool_count_unsafe(const char *folder) {
    char **names;
    size_t count;
    const int error = list_documents(folder, &names, &count);
    size_t unsafe = error && count == 0 ? 1 : 0;
    for (size_t i = 0; i < count; i++)
        unsafe += !is_on_stick(folder, names[i]);
    folder_free_names(names, count);
    return unsafe;
}

/* Law 8: stored, and read back with the same bytes. */
static int send_file(const char *path, const char *url, const atomic_int_fast64_t *deadline_ms,
                     struct reason *reason) {
    AUTO_FREE char *data = NULL;
    AUTO_FREE char *back = NULL;
    size_t length;
    size_t back_length;
    int error = file_read(path, ENVELOPE_LIMIT, &data, &length);
    if (error) {
        reason_set(reason, "%.200s: %s", path, strerror(-error));
        return error;
    }
    error = http_put(url, data, length, deadline_ms, reason);
    if (error == 0)
        error = http_get(url, ENVELOPE_LIMIT, deadline_ms, &back, &back_length, reason);
    if (error)
        return error;
    if (length == back_length && memcmp(data, back, length) == 0)
        return 0;
    reason_set(reason, "%.160s: what can be read back is not what was stored", url);
    return -EIO;
}

/* The name below the URL. */
static void target_path(char target[PATH_MAX], const char *url, const char *name) {
    const size_t length = strlen(url);
    path_format(target, url, "%s%s", length > 0 && url[length - 1] == '/' ? "" : "/", name);
}

int deliver_file(const char *path, const char *url, const char *name,
                 const atomic_int_fast64_t *deadline_ms, struct reason *reason) {
    char target[PATH_MAX];
    target_path(target, url, name);
    return send_file(path, target, deadline_ms, reason);
}

static int move_to_sent(const char *folder, const char *name) {
    char from[PATH_MAX];
    char to[PATH_MAX];
    path_format(to, folder, "/sent");
    const int error = file_make_folders(to, 0700);
    if (error)
        return error;
    path_format(from, folder, "/%s", name);
    path_format(to, folder, "/sent/%s", name);
    return rename(from, to) == 0 ? 0 : -errno;
}

size_t deliver_once(const char *folder, const char *url, const atomic_int_fast64_t *deadline_ms,
                    struct reason *reason) {
    char path[PATH_MAX];
    char target[PATH_MAX];
    char **names;
    size_t left = 0;
    size_t count;
    const int list_error = list_documents(folder, &names, &count);
    for (size_t i = 0; i < count; i++) {
        path_format(path, folder, "/%s", names[i]);
        target_path(target, url, names[i]);
        int error = send_file(path, target, deadline_ms, reason);
        if (error == 0) {
            error = move_to_sent(folder, names[i]);
            if (error)
                reason_set(reason, "%.200s: %s", path, strerror(-error));
        }
        left += error != 0;
    }
    folder_free_names(names, count);
    if (list_error == 0 || left > 0)
        return left;
    reason_set(reason, "%.200s cannot be read: %s", folder, strerror(-list_error));
    return 1;
}
