#include "quietus/order.h"

#include "quietus/clock.h"
#include "quietus/expected.h"
#include "quietus/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* The kinds of value that a member may have, and what they are called in messages. */
enum kind { TEXT, TIME, COUNT, OBJECT, LIST, HOLDS };

static const char *const kind_names[] = {
    [TEXT] = "a text",           [TIME] = "a time such as \"2026-11-22T14:23:00Z\"",
    [COUNT] = "a number from 1", [OBJECT] = "an object",
    [LIST] = "a list",           [HOLDS] = "\"not-checked\", for now",
};

struct member {
    const char *name;
    enum kind kind;
    bool required;
};

static const struct member order_members[] = {
    {"schema", TEXT, true},       {"id", TEXT, true},        {"site", TEXT, false},
    {"purpose", TEXT, false},     {"nonce", TEXT, true},     {"issued", TIME, true},
    {"not_before", TIME, true},   {"expires", TIME, true},   {"server", OBJECT, true},
    {"disks", LIST, true},        {"retain", LIST, false},   {"unknown_disks", TEXT, false},
    {"policy", OBJECT, false},    {"holds", HOLDS, true},    {"notice", OBJECT, false},
    {"approvals", OBJECT, false}, {"expected", LIST, false}, {NULL, TEXT, false},
};

static const struct member server_members[] = {
    {"serial", TEXT, false}, {"uuid", TEXT, false}, {"board_serial", TEXT, false},
    {"macs", LIST, false},   {NULL, TEXT, false},
};

static const struct member approval_members[] = {
    {"needed", COUNT, true},
    {"roles", LIST, false},
    {NULL, TEXT, false},
};

static const struct member notice_members[] = {
    {"date", TEXT, false},     {"channel", TEXT, false},  {"digest", TEXT, false},
    {"deadline", TEXT, false}, {"response", TEXT, false}, {NULL, TEXT, false},
};

/* "content" is checked apart: a list of texts, or "not-checked". */
static const struct member disk_members[] = {
    {"serial", TEXT, false},    {"wwn", TEXT, false}, {"model", TEXT, false},
    {"capacity", COUNT, false}, {NULL, TEXT, false},
};

static bool is_kind(const json_t *value, enum kind kind) {
    int64_t time;
    switch (kind) {
    case TEXT:
        return json_is_string(value);
    case TIME:
        return json_is_string(value) && clock_parse(json_string_value(value), &time) == 0;
    case COUNT:
        return json_is_integer(value) && json_integer_value(value) > 0;
    case OBJECT:
        return json_is_object(value);
    case LIST:
        return json_is_array(value);
    case HOLDS:
        return json_is_string(value) && strcmp(json_string_value(value), "not-checked") == 0;
    }
    return false;
}

static const struct member *member_named(const struct member *members, const char *name) {
    for (; members->name; members++) {
        if (strcmp(members->name, name) == 0)
            return members;
    }
    return NULL;
}

static int check_members(const json_t *object, const struct member *members, const char *what,
                         struct reason *reason) {
    const char *name;
    json_t *value;
    if (!json_is_object(object)) {
        reason_set(reason, "%s is not an object", what);
        return -EINVAL;
    }
    json_object_foreach((json_t *)object, name, value) {
        const struct member *member = member_named(members, name);
        if (!member) {
            reason_set(reason, "%s: '%.60s' is not understood, so the order is not either", what,
                       name);
            return -EINVAL;
        }
        if (!is_kind(value, member->kind)) {
            reason_set(reason, "%s: '%s' must be %s", what, name, kind_names[member->kind]);
            return -EINVAL;
        }
    }
    for (; members->name; members++) {
        if (members->required && !json_object_get(object, members->name)) {
            reason_set(reason, "%s: '%s' is missing", what, members->name);
            return -EINVAL;
        }
    }
    return 0;
}

static bool is_list_of_texts(const json_t *value) {
    size_t i;
    json_t *entry;
    if (!json_is_array(value))
        return false;
    json_array_foreach((json_t *)value, i, entry) {
        if (!json_is_string(entry))
            return false;
    }
    return true;
}

/* A disk to erase says what it held when the order was made, or that nobody looked. */
static bool good_content(const json_t *disk) {
    const json_t *content = json_object_get(disk, "content");
    return is_list_of_texts(content) || strcmp(json_text(disk, "content"), "not-checked") == 0;
}

static int check_disk(const json_t *disk, bool to_erase, const char *what, struct reason *reason) {
    json_t *rest = json_copy((json_t *)disk);
    if (json_is_object(disk) && to_erase) {
        if (!good_content(disk)) {
            reason_set(reason, "%s: 'content' must list what the disk held, or be \"not-checked\"",
                       what);
            json_decref(rest);
            return -EINVAL;
        }
        (void)json_object_del(rest, "content");
    }
    const int error = check_members(rest, disk_members, what, reason);
    json_decref(rest);
    if (error)
        return error;
    if (json_text(disk, "serial")[0] != '\0' || json_text(disk, "wwn")[0] != '\0')
        return 0;
    reason_set(reason, "%s: neither serial number nor WWN", what);
    return -EINVAL;
}

static int check_disks(const json_t *list, bool to_erase, const char *what, struct reason *reason) {
    size_t i;
    json_t *disk;
    json_array_foreach((json_t *)list, i, disk) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s[%zu]", what, i);
        if (check_disk(disk, to_erase, name, reason))
            return -EINVAL;
    }
    return 0;
}

static int check_parts(const json_t *document, struct order *out, struct reason *reason) {
    static const struct {
        const char *name;
        const struct member *members;
    } parts[] = {
        {"server", server_members},
        {"approvals", approval_members},
        {"notice", notice_members},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const json_t *part = json_object_get(document, parts[i].name);
        if (part && check_members(part, parts[i].members, parts[i].name, reason))
            return -EINVAL;
    }
    const json_t *macs = json_object_get(json_object_get(document, "server"), "macs");
    const json_t *roles = json_object_get(json_object_get(document, "approvals"), "roles");
    if ((macs && !is_list_of_texts(macs)) || (roles && !is_list_of_texts(roles))) {
        reason_set(reason, "macs and roles must be lists of texts");
        return -EINVAL;
    }
    const char *unknown = json_text(document, "unknown_disks");
    if (unknown[0] != '\0' && strcmp(unknown, "refuse-server") != 0 &&
        strcmp(unknown, "leave") != 0) {
        reason_set(reason, "unknown_disks must be \"refuse-server\" or \"leave\"");
        return -EINVAL;
    }
    if (json_array_size(json_object_get(document, "disks")) == 0) {
        reason_set(reason, "disks: the list is empty");
        return -EINVAL;
    }
    if (check_disks(json_object_get(document, "disks"), true, "disks", reason) ||
        check_disks(json_object_get(document, "retain"), false, "retain", reason) ||
        expected_check_form(json_object_get(document, "expected"), reason))
        return -EINVAL;
    return policy_from_json(json_object_get(document, "policy"), &out->policy, reason);
}

int order_check_form(const json_t *document, struct order *out, struct reason *reason) {
    static const char schema[] = "quietus.order/1";
    if (check_members(document, order_members, "the order", reason))
        return -EINVAL;
    if (strcmp(json_text(document, "schema"), schema) != 0) {
        reason_set(reason, "the schema is '%.60s', not %s", json_text(document, "schema"), schema);
        return -EINVAL;
    }
    if (strlen(json_text(document, "id")) >= ORDER_ID_SIZE ||
        json_text(document, "id")[0] == '\0') {
        reason_set(reason, "the id must have 1 to %d characters", ORDER_ID_SIZE - 1);
        return -EINVAL;
    }
    text_copy(out->id, sizeof out->id, json_text(document, "id"));
    (void)clock_parse(json_text(document, "not_before"), &out->not_before);
    (void)clock_parse(json_text(document, "expires"), &out->expires);
    if (out->expires <= out->not_before) {
        reason_set(reason, "it expires before it begins");
        return -EINVAL;
    }
    return check_parts(document, out, reason);
}

static void add_signer(struct order *out, const struct trusted_key *key) {
    char id[KEY_ID_SIZE];
    const size_t used = strlen(out->signers);
    (void)snprintf(out->signers + used, sizeof out->signers - used, "%s%s%s%s", used ? ", " : "",
                   key->name, key->role[0] ? " as " : "", key->role);
    public_key_id(&key->key, id);
    json_add_text(out->signer_keys, id);
}

/* Nothing of what nobody trusted has signed is looked at, or gets into a message. */
static int check_signed_by_any(const struct envelope *envelope, const struct trust *trust,
                               struct reason *reason) {
    for (size_t i = 0; i < trust->count; i++) {
        if (envelope_signed_by(envelope, &trust->keys[i].key))
            return 0;
    }
    reason_set(reason, trust->count == 0 ? "no key is trusted here, so no order can be"
                                         : "it is not signed by a key that is trusted here");
    return -EACCES;
}

/* The approvals: that many different trusted keys, and one of each role that is named. */
static int check_approvals(const struct envelope *envelope, const struct trust *trust,
                           struct order *out, struct reason *reason) {
    const json_t *approvals = json_object_get(out->document, "approvals");
    const uint64_t needed = approvals ? json_count(approvals, "needed") : 1;
    json_t *missing = json_new_object(); /* roles, as a set */
    size_t i;
    json_t *role;
    json_array_foreach(json_object_get(approvals, "roles"), i, role)
        json_put_flag(missing, json_string_value(role), true);
    uint64_t good = 0;
    for (size_t k = 0; k < trust->count; k++) {
        if (!envelope_signed_by(envelope, &trust->keys[k].key))
            continue;
        /* One key under two names or roles is one approval. */
        bool counted = false;
        for (size_t m = 0; m < k && !counted; m++)
            counted =
                memcmp(&trust->keys[m].key, &trust->keys[k].key, sizeof trust->keys[k].key) == 0;
        good += counted ? 0 : 1;
        (void)json_object_del(missing, trust->keys[k].role);
        add_signer(out, &trust->keys[k]);
    }
    const size_t roles_left = json_object_size(missing);
    json_decref(missing);
    if (good >= needed && roles_left == 0)
        return 0;
    reason_set(reason, "it has %" PRIu64 " of %" PRIu64 " approvals, and %zu roles are missing",
               good, needed, roles_left);
    return -EACCES;
}

static int open_envelope(const struct envelope *envelope, const struct trust *trust,
                         struct order *out, struct reason *reason) {
    int error = check_signed_by_any(envelope, trust, reason);
    if (error)
        return error;
    if (strcmp(envelope->type, envelope_type_order) != 0) {
        reason_set(reason, "it is a '%.80s', not an order", envelope->type);
        return -EINVAL;
    }
    out->document = json_parse(envelope->payload, envelope->payload_length, reason);
    if (!out->document)
        return -EINVAL;
    out->signer_keys = json_new_array();
    error = order_check_form(out->document, out, reason);
    if (error == 0)
        error = check_approvals(envelope, trust, out, reason);
    if (error == 0)
        envelope_digest(envelope->payload, envelope->payload_length, out->digest);
    return error;
}

int order_open(const char *text, size_t length, const struct trust *trust, struct order *out,
               struct reason *reason) {
    struct envelope envelope;
    *out = (struct order){0};
    if (envelope_parse(text, length, &envelope, reason))
        return -EINVAL;
    const int error = open_envelope(&envelope, trust, out, reason);
    envelope_free(&envelope);
    if (error)
        order_free(out);
    return error;
}

void order_free(struct order *order) {
    json_decref(order->document);
    json_decref(order->signer_keys);
    order->document = NULL;
    order->signer_keys = NULL;
}

/* One factor: 1 if it is named and agrees, 0 if it is not named, -EXDEV if it differs. */
static int compare_factor(const json_t *wanted, const char *name, const char *found,
                          struct reason *reason) {
    const char *value = json_text(wanted, name);
    if (server_value_is_placeholder(value))
        return 0;
    if (strcasecmp(value, found) == 0)
        return 1;
    reason_set(reason, "it is for another server: %s '%.60s', and here it is '%.60s'", name, value,
               found);
    return -EXDEV;
}

static bool server_has_mac(const struct server *server, const char *mac) {
    for (size_t i = 0; i < server->mac_count; i++) {
        if (strcasecmp(server->macs[i], mac) == 0)
            return true;
    }
    return false;
}

static int compare_macs(const json_t *wanted, const struct server *server, struct reason *reason) {
    size_t i;
    json_t *mac;
    int named = 0;
    json_array_foreach(json_object_get(wanted, "macs"), i, mac) {
        if (server_value_is_placeholder(json_string_value(mac)))
            continue;
        named = 1;
        if (server_has_mac(server, json_string_value(mac)))
            continue;
        reason_set(reason, "it is for another server: no interface here has the MAC '%.30s'",
                   json_string_value(mac));
        return -EXDEV;
    }
    return named;
}

int order_check_server(const struct order *order, const struct server *server,
                       struct reason *reason) {
    enum { LEAST_FACTORS = 2 };
    const json_t *wanted = json_object_get(order->document, "server");
    const int factors[] = {
        compare_factor(wanted, "serial", server->serial, reason),
        compare_factor(wanted, "uuid", server->uuid, reason),
        compare_factor(wanted, "board_serial", server->board_serial, reason),
        compare_macs(wanted, server, reason),
    };
    int named = 0;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        if (factors[i] < 0)
            return -EXDEV;
        named += factors[i];
    }
    if (named >= LEAST_FACTORS)
        return 0;
    reason_set(reason,
               "it names %d usable factors of the server's identity; at least %d are needed", named,
               LEAST_FACTORS);
    return -EXDEV;
}
