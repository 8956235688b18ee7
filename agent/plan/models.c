#include "quietus/models.h"

#include "quietus/cleanup.h"
#include "quietus/file.h"
#include "quietus/json.h"

#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Made of models.json by the build. */
extern const char models_built_in[];

enum { FILE_LIMIT = 1 << 20 };

static json_t *entries;
static char digest[2 * crypto_hash_sha256_BYTES + 1];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_text(const json_t *entry, const char *key, bool needed) {
    const json_t *value = json_object_get(entry, key);
    return value ? json_is_string(value) : !needed;
}

static bool is_good_entry(const json_t *entry) {
    static const char *const known[] = {"model", "firmware", "firmware_below",
                                        "does",  "avoid",    "source"};
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)entry, key, value) {
        bool found = false;
        for (i = 0; i < sizeof known / sizeof *known; i++)
            found = found || strcmp(key, known[i]) == 0;
        if (!found)
            return false;
    }
    const json_t *avoid = json_object_get(entry, "avoid");
    json_array_foreach(avoid, i, value) {
        if (!json_is_string(value))
            return false;
    }
    return json_is_object(entry) && json_is_array(avoid) && is_text(entry, "model", true) &&
           is_text(entry, "does", true) && is_text(entry, "source", true) &&
           is_text(entry, "firmware", false) && is_text(entry, "firmware_below", false);
}

static int take(const char *text, size_t length, struct reason *reason) {
    uint8_t hash[crypto_hash_sha256_BYTES];
    size_t i;
    json_t *entry;
    json_t *list = json_parse(text, length, reason);
    if (!list)
        return -EINVAL;
    bool good = json_is_array(list);
    json_array_foreach(list, i, entry) {
        if (good && !is_good_entry(entry)) {
            good = false;
            reason_set(reason, "entry %zu is not as it must be", i + 1);
        }
    }
    if (!good) {
        if (!json_is_array(list))
            reason_set(reason, "it is not a list");
        json_decref(list);
        return -EINVAL;
    }
    json_decref(entries);
    entries = list;
    (void)crypto_hash_sha256(hash, (const uint8_t *)text, length);
    (void)sodium_bin2hex(digest, sizeof digest, hash, sizeof hash);
    return 0;
}

static void take_built_in(void) {
    struct reason reason;
    if (!entries && take(models_built_in, strlen(models_built_in), &reason) != 0)
        abort(); /* a unit test parses it: it cannot be bad */
}

int models_load(const char *file, struct reason *reason) {
    AUTO_FREE char *text = NULL;
    size_t length;
    const int error = file_read(file, FILE_LIMIT, &text, &length);
    if (error) {
        reason_set(reason, "%s: %s", file, strerror(-error));
        return error;
    }
    return take(text, length, reason);
}

/*
 * "VDV10170" is below "VDV10184"; firmware of another scheme (other letters in front, another
 * length) is not compared, but taken for below: an update is no harm, a wrong claim is.
 */
static bool is_below(const char *firmware, const char *floor) {
    const size_t letters = strcspn(floor, "0123456789");
    if (strlen(firmware) != strlen(floor) || strncmp(firmware, floor, letters) != 0)
        return true;
    return strcmp(firmware, floor) < 0;
}

static bool fits(const json_t *entry, const struct disk *disk) {
    const char *firmware = json_text(entry, "firmware");
    const char *floor = json_text(entry, "firmware_below");
    if (fnmatch(json_text(entry, "model"), disk->identity.model, 0) != 0)
        return false;
    if (firmware[0] != '\0' && fnmatch(firmware, disk->identity.firmware, 0) != 0)
        return false;
    return floor[0] == '\0' || is_below(disk->identity.firmware, floor);
}

bool models_avoid(const struct disk *disk, const char *method, struct reason *reason) {
    size_t i;
    size_t k;
    json_t *entry;
    json_t *pattern;
    (void)pthread_once(&once, take_built_in);
    json_array_foreach(entries, i, entry) {
        if (!fits(entry, disk))
            continue;
        json_array_foreach(json_object_get(entry, "avoid"), k, pattern) {
            if (fnmatch(json_string_value(pattern), method, 0) != 0)
                continue;
            reason_set(reason, "not on this model: %s (%s)", json_text(entry, "does"),
                       json_text(entry, "source"));
            return true;
        }
    }
    return false;
}

void models_note(struct disk *disk) {
    size_t i;
    json_t *entry;
    (void)pthread_once(&once, take_built_in);
    json_array_foreach(entries, i, entry) {
        if (fits(entry, disk))
            disk_finding(disk, "known of this model: %s (%s)", json_text(entry, "does"),
                         json_text(entry, "source"));
    }
}

const char *models_digest(void) {
    (void)pthread_once(&once, take_built_in);
    return digest;
}
