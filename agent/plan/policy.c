#include "quietus/policy.h"

#include "quietus/json.h"
#include "quietus/method.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const category_names[] = {"none", "clear", "purge"};

const char *category_name(enum category category) {
    return category_names[category];
}

int category_parse(const char *name, enum category *out) {
    for (int i = CATEGORY_CLEAR; i <= CATEGORY_PURGE; i++) {
        if (strcmp(name, category_names[i]) != 0)
            continue;
        *out = (enum category)i;
        return 0;
    }
    return -EINVAL;
}

int verify_level_parse(const char *text, struct verify_level *out, struct reason *reason) {
    char *end;
    *out = (struct verify_level){0};
    if (strcmp(text, "sample") == 0)
        return 0;
    if (strcmp(text, "full") == 0) {
        out->kind = VERIFY_FULL;
        return 0;
    }
    const double percent = strtod(text, &end);
    if (end != text && strcmp(end, "%") == 0 && isfinite(percent) && percent > 0 &&
        percent <= 100) {
        *out = (struct verify_level){VERIFY_PERCENT, percent};
        return 0;
    }
    reason_set(reason, "'%s' is no verification level; use sample, full or a share such as 10%%",
               text);
    return -EINVAL;
}

char *verify_level_text(const struct verify_level *level, char *out, size_t size) {
    enum { ALL_DIGITS = 17 }; /* so many tell every double from its neighbours */
    if (level->kind != VERIFY_PERCENT)
        return text_copy(out, size, level->kind == VERIFY_FULL ? "full" : "sample");
    for (int digits = 6; digits <= ALL_DIGITS; digits++) {
        (void)snprintf(out, size, "%.*g%%", digits, level->percent);
        if (strtod(out, NULL) == level->percent)
            break;
    }
    return out;
}

void policy_default(struct policy *out) {
    *out = (struct policy){
        .least = CATEGORY_CLEAR,
        .fallback = true,
        .passes = {.list = {{.random = true}}, .count = 1},
    };
}

static int take_methods(const json_t *value, struct policy *out, struct reason *reason) {
    size_t i;
    json_t *name;
    if (!json_is_array(value) || json_array_size(value) > POLICY_METHODS)
        return -EINVAL;
    if (json_array_size(value) == 0) { /* who wrote it did not mean all of them */
        reason_set(reason, "the policy's list of methods is empty: leave it out to allow all");
        return -EINVAL;
    }
    json_array_foreach(value, i, name) {
        const char *text = json_string_value(name);
        if (!text || !method_find(text)) {
            reason_set(reason, "the policy names a method that does not exist: '%.60s'",
                       text ? text : "");
            return -EINVAL;
        }
        text_copy(out->methods[out->method_count++], POLICY_NAME_SIZE, text);
    }
    return 0;
}

static int take_sector_size(const json_t *value, struct policy *out) {
    const json_int_t size = json_is_integer(value) ? json_integer_value(value) : 0;
    if (size != 512 && size != 4096)
        return -EINVAL;
    out->sector_size = (unsigned)size;
    return 0;
}

static int take_member(const char *key, const json_t *value, struct policy *out,
                       struct reason *reason) {
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (strcmp(key, "least_category") == 0)
        return category_parse(text, &out->least);
    if (strcmp(key, "passes") == 0)
        return passes_parse(text, &out->passes, reason);
    if (strcmp(key, "verify") == 0)
        return verify_level_parse(text, &out->verify, reason);
    if (strcmp(key, "stall_minutes") == 0 && json_is_integer(value) &&
        json_integer_value(value) > 0 && json_integer_value(value) <= POLICY_MOST_STALL_MINUTES) {
        out->stall_minutes = (unsigned)json_integer_value(value);
        return 0;
    }
    if (strcmp(key, "methods") == 0)
        return take_methods(value, out, reason);
    if (strcmp(key, "fallback") == 0 && json_is_boolean(value)) {
        out->fallback = json_is_true(value);
        return 0;
    }
    if (strcmp(key, "sector_size") == 0)
        return take_sector_size(value, out);
    if (strcmp(key, "clear_reservations") == 0 && json_is_boolean(value)) {
        out->clear_reservations = json_is_true(value);
        return 0;
    }
    return -EINVAL;
}

int policy_from_json(const json_t *object, struct policy *out, struct reason *reason) {
    const char *key;
    json_t *value;
    policy_default(out);
    if (!object)
        return 0;
    if (!json_is_object(object)) {
        reason_set(reason, "the policy is not an object");
        return -EINVAL;
    }
    json_object_foreach((json_t *)object, key, value) {
        reason_set(reason, "the policy's '%.60s' is not understood", key);
        if (take_member(key, value, out, reason))
            return -EINVAL;
    }
    return 0;
}

json_t *policy_json(const struct policy *policy) {
    char text[256];
    json_t *object = json_new_object();
    json_put_text(object, "least_category", category_name(policy->least));
    json_put_flag(object, "fallback", policy->fallback);
    if (policy->method_count > 0) {
        json_t *names = json_new_array();
        for (unsigned i = 0; i < policy->method_count; i++)
            json_add_text(names, policy->methods[i]);
        json_put(object, "methods", names);
    }
    if (policy->stall_minutes > 0)
        json_put_count(object, "stall_minutes", policy->stall_minutes);
    if (policy->sector_size > 0)
        json_put_count(object, "sector_size", policy->sector_size);
    if (policy->clear_reservations)
        json_put_flag(object, "clear_reservations", true);
    json_put_text(object, "passes", passes_text(&policy->passes, text, sizeof text));
    json_put_text(object, "verify", verify_level_text(&policy->verify, text, sizeof text));
    return object;
}

bool policy_allows_method(const struct policy *policy, const char *name) {
    for (unsigned i = 0; i < policy->method_count; i++) {
        if (strcmp(policy->methods[i], name) == 0)
            return true;
    }
    return policy->method_count == 0;
}
